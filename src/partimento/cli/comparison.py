"""What `partimento compare` does: several composers on the same pieces, one after the other, one row each.

Bits per note: minus the log2 likelihood of whole held-out pieces, every id counted, divided by the notes of those
pieces as they were read. The pieces are those that every composer's encoding can say, so that rows may be compared; an
encoding that keeps less has less to guess, and `keeps` says how much it keeps.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.bundle import FINGERPRINTS, WEIGHTS, Bundle, bundle_folder, load_bundle, shipped
from partimento.cli.measured import bits_per_note
from partimento.cli.training_run import TrainingRun
from partimento.corpus.corpus import Corpus, Part
from partimento.encoding.encoding import Encoding
from partimento.errors import ConfigError, PartimentoError, ScoreError
from partimento.evaluation.copying import originality, self_borrowing
from partimento.evaluation.fingerprints import Fingerprints
from partimento.evaluation.kept import kept_share
from partimento.evaluation.likelihood import likelihood
from partimento.evaluation.structure import Structure, structure
from partimento.evaluation.structureness import Structureness, structureness
from partimento.files.tensors import read_tensors
from partimento.generation.composer import Composer
from partimento.generation.wish import Wish
from partimento.score import Score
from partimento.score.tempo import ticks_at
from partimento.score.transform import cut
from partimento.training.prepare import Prepared, fitting, prepare
from partimento.training.presets import PRESETS, preset

if TYPE_CHECKING:
    from partimento.cli.train import Course, Network

SEEN = 0.95
"""Copied share above which a held-out piece is among those that a model has learnt from."""

SCORES_TO_KEEP = 20
"""Held-out pieces that go through an encoding and back."""

STRUCTURE_SECONDS = 60.0
"""Of each piece, for its structureness: long pieces have more of it, and 60 s take a twelfth of a second."""


@dataclass(frozen=True)
class Contestant:
    """One composer of a comparison: a preset to train, or a bundle that stands.

    Attributes:
        label: How it is called in the table.
        network: What to train; None where `folder` holds a bundle.
        folder: Where its bundle stands, or will.
        encoding: What it speaks.
    """

    label: str
    network: Network | None
    folder: Path
    encoding: Encoding

    @property
    def name(self) -> str:
        """A plain file name for it."""
        return self.folder.resolve().name


class Comparison:
    """Composers on one corpus.

    Args:
        corpus: What they learn from and are measured on.
        course: How long each is trained.
        out: Folder of their bundles and pieces.
        bars: Bars of the pieces they compose.
        count: Pieces each composes.
        say: Told, in a line, what is going on.
    """

    def __init__(self, corpus: Corpus, course: Course, *, out: Path, bars: int, count: int, say: Callable[[str], None]) -> None:
        self.corpus, self.course, self.out, self.bars, self.count, self.say = corpus, course, out, bars, count, say
        self._prepared: dict[str, Prepared | PartimentoError] = {}
        self.heard: dict[str, Score] = {}
        """Label -> the first piece that was composed."""

    def run(self, words: Sequence[str], network: Network) -> dict[str, Any]:
        """Train, measure and compose with each of `words` (see `contestant`); return the fields of the JSON object."""
        contestants = [self.contestant(word, network) for word in dict.fromkeys(words)]
        common = self.common(contestants)
        rows = []
        for entry in contestants:
            self.say(f"{entry.label} ({entry.encoding.name}) ...")
            try:
                rows.append(self.row(entry, common))
            except PartimentoError as error:  # the others go on
                rows.append({"model": entry.label, "encoding": entry.encoding.name, "error": str(error)})
        return {
            "corpus": self.corpus.name,
            "checksum": self.corpus.checksum,
            **self._pieces(common),
            "rows": rows,
            "baseline": self.baseline(),
        }

    def contestant(self, word: str, network: Network) -> Contestant:
        """Return what a word of ``--models`` means: a preset, ``preset:encoding``, a shipped model or a bundle's folder.

        A preset that is wed to no encoding (a chain, dice) takes one that can say the corpus.

        Raises:
            ConfigError: When it means nothing.
        """
        name, _, wished = word.partition(":")
        if name not in PRESETS and not wished and (name in shipped() or Path(name).is_dir()):
            folder = bundle_folder(name)
            return Contestant(word, None, folder, load_bundle(folder).encoding())
        made = preset(name)
        encoding = wished or made.encoding or next(iter(fitting(self.corpus)), "")
        if not encoding:
            raise ConfigError(f"{self.corpus.name}: no encoding says any of its pieces, so '{name}' has nothing to learn from.")
        return Contestant(word, replace(network, model=name, encoding=encoding), self.out / word.replace(":", "-"), made.speaks(encoding))

    def _prepare(self, entry: Contestant) -> Prepared:
        """The corpus in a composer's encoding, made once for all that share it."""
        encoding, fit = entry.encoding, entry.network is not None
        key = f"{encoding.name} {dict(encoding.options())} {fit}"
        if key not in self._prepared:
            try:
                self._prepared[key] = prepare(self.corpus, encoding, fit=fit)
            except PartimentoError as error:
                self._prepared[key] = error
        found = self._prepared[key]
        if isinstance(found, PartimentoError):
            raise found
        return found

    def common(self, contestants: Sequence[Contestant]) -> list[str]:
        """Return the held-out pieces that every composer's encoding can say; those to choose by where there are none to measure on."""
        sets = []
        for entry in contestants:
            try:
                prepared = self._prepare(entry)
            except PartimentoError:
                continue  # its row will say so
            sets.append([name for name, _ in prepared.scores["test"] or prepared.scores["valid"]])
        return [name for name in sets[0] if all(name in other for other in sets[1:])] if sets else []

    def _pieces(self, common: Sequence[str]) -> dict[str, Any]:
        """What the rows are measured on, in words and numbers."""
        split = {part: len(self.corpus.part(part)) for part in ("train", "valid", "test")}
        return {
            "split": split,
            "scored_pieces": len(common),
            "definition": "bits per note: -log2 likelihood of whole held-out pieces, every id counted, over their notes as read; "
            "keeps: share of those notes that the encoding gives back in their place; composed pieces: means over "
            f"{self.count} of {self.bars} bars",
        }

    def row(self, entry: Contestant, common: Sequence[str]) -> dict[str, Any]:
        """Return one composer's row."""
        prepared = self._prepare(entry)
        trained: Mapping[str, Any] = {}
        seconds = None
        if entry.network is not None:
            began = time.monotonic()
            run = TrainingRun(entry.network, self.course, out=entry.folder, name=entry.name, command="partimento compare")
            trained = run.make(self.corpus, prepared)
            seconds = round(time.monotonic() - began, 1)
        bundle = load_bundle(entry.folder)
        composer = Composer(bundle)
        prints = Fingerprints.from_bytes(bundle.fingerprints or b"", FINGERPRINTS)
        return {
            "model": entry.label,
            "encoding": composer.encoding.name,
            "parameters": _parameters(bundle),
            **self._likelihood(composer, prepared, common),
            "learnt_before": 0 if entry.network is not None else self._learnt_before(prints, prepared),
            "accuracy": bundle.card.figures.get("valid", {}).get("accuracy") if entry.network is not None else None,
            "keeps": self._keeps(composer.encoding, prepared),
            "loses": composer.encoding.losses,
            "seconds_to_train": seconds,
            "steps": trained.get("steps"),
            "ended": trained.get("ended", "trained before"),
            **self._composed(composer, prints, entry),
        }

    def _likelihood(self, composer: Composer, prepared: Prepared, common: Sequence[str]) -> dict[str, Any]:
        """Bits per note on the common pieces, and where there are none, on the encoding's own."""
        part: Part = "test" if prepared.scores["test"] else "valid"
        ids = prepared.test if part == "test" else prepared.valid
        wanted = set(common) or {name for name, _ in prepared.scores[part]}
        chosen = [(piece, score) for piece, (name, score) in zip(ids, prepared.scores[part], strict=True) if name in wanted]
        began = time.monotonic()
        found = likelihood(composer.model, [piece for piece, _ in chosen])
        notes = sum(score.note_count for _, score in chosen)
        return {
            "bits_per_note": bits_per_note(found.nats, notes),
            "nats_per_token": round(found.nats_per_id, 5),
            "ids_per_note": round(found.ids / max(notes, 1), 2),
            "scored_on": {"part": part, "pieces": len(chosen), "notes": notes, "seconds": round(time.monotonic() - began, 1)},
        }

    def _learnt_before(self, prints: Fingerprints, prepared: Prepared) -> int:
        """Held-out pieces that stand among those a bundle was trained on elsewhere."""
        held_out = prepared.scores["test"] or prepared.scores["valid"]
        return sum(originality(score, prints).copied_share > SEEN for _, score in held_out)

    def _keeps(self, encoding: Encoding, prepared: Prepared) -> float:
        """Share of the notes of some held-out pieces that the encoding gives back."""
        scores = [score for _, score in (prepared.scores["test"] or prepared.scores["valid"])[:SCORES_TO_KEEP]]
        kept = [kept_share(score, encoding.decode(encoding.encode(score))) * score.note_count for score in scores]
        return round(sum(kept) / max(sum(score.note_count for score in scores), 1), 4)

    def _composed(self, composer: Composer, prints: Fingerprints, entry: Contestant) -> dict[str, Any]:
        """What it composes: speed, structure and originality, and the files of its pieces."""
        from partimento.cli.piece_files import write_piece  # noqa: PLC0415

        scores: list[Score] = []
        refused = ""
        began = time.perf_counter()
        for number in range(self.count):
            try:
                scores.append(composer.write(Wish(bars=self.bars), seed=self.course.seed, number=number))
            except PartimentoError as error:
                refused = str(error)
        seconds = max(time.perf_counter() - began, 1e-9)
        if not scores:
            return {"tokens_per_second": 0.0, "notes_per_second": 0.0, "structure": None, "originality": None, "composed": refused}
        self.heard[entry.label] = scores[0]
        folder = self.out / entry.name / "pieces"
        files = [write_piece(score, folder, f"piece-{number + 1}", ["mid"])["mid"] for number, score in enumerate(scores)]
        own = [originality(score, prints) for score in scores]
        return {
            "tokens_per_second": round(composer.ids_written / seconds, 1),
            "notes_per_second": round(sum(score.note_count for score in scores) / seconds, 1),
            "structure": form(scores),
            "originality": {
                "longest_copy_notes": max(found.longest_copy_notes for found in own),
                "copied_share": round(float(np.mean([found.copied_share for found in own])), 4),
            },
            "composed": f"{len(scores)} of {self.count}" + (f"; {refused}" if refused else ""),
            "pieces": [str(file) for file in files],
        }

    def baseline(self) -> dict[str, Any]:
        """Return the same numbers of the corpus itself: its held-out pieces, and how much its pieces borrow from each other."""
        found = next((entry for entry in self._prepared.values() if isinstance(entry, Prepared)), None)
        if found is None:
            return {}
        borrowed = self_borrowing(Fingerprints.of(found.scores["train"]))
        return {
            "structure": form([score for _, score in found.scores["test"] or found.scores["valid"]]),
            "originality": {"longest_copy_notes": int(borrowed.longest.max(initial=0)), "copied_share": round(borrowed.share.mean, 4)},
        }


def form(scores: Sequence[Score]) -> dict[str, float | None]:
    """Return the means of all that `Structure` and `Structureness` say of the pieces, the latter of their first minute."""
    returning = {f"structureness_{name}": value for name, value in _means(_returning(scores), Structureness).items()}
    return {**_means([structure(score) for score in scores], Structure), **returning}


def _returning(scores: Sequence[Score]) -> list[Structureness]:
    """The structureness of the pieces that begin with some harmony."""
    found = []
    for score in scores:
        with contextlib.suppress(ScoreError):  # drums alone, or a minute of silence
            found.append(structureness(cut(score, 0, max(int(ticks_at(score, STRUCTURE_SECONDS)), 1))))
    return found


def _means(found: Sequence[Structure] | Sequence[Structureness], kind: type[Structure] | type[Structureness]) -> dict[str, float | None]:
    """The mean of each number of `kind` over the pieces that have it; None where none has."""
    columns: dict[str, float | None] = {}
    for each in fields(kind):
        values = [float(value) for entry in found if (value := getattr(entry, each.name)) is not None and math.isfinite(value)]
        columns[each.name] = round(float(np.mean(values)), 4) if values else None
    return columns


def _parameters(bundle: Bundle) -> int:
    """Numbers in a model's weights; a bundle that comes without them has a card that says it."""
    if WEIGHTS not in bundle.files:
        return int(bundle.card.training.get("parameters", 0))
    return sum(int(array.size) for array in read_tensors(bundle.files[WEIGHTS], WEIGHTS).values())
