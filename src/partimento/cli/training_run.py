"""What `partimento train` does, step by step: read, fit or count, measure, pack."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.bundle import FINGERPRINTS, STEP, WEIGHTS, Bundle, Card, is_plain_name, save_bundle
from partimento.cli.goes_on import gone_on_card
from partimento.cli.measured import measured
from partimento.corpus.corpus import Corpus
from partimento.errors import ConfigError, MissingExtra, PartimentoError
from partimento.evaluation.fingerprints import Fingerprints
from partimento.evaluation.likelihood import likelihood
from partimento.files.tensors import tensor_bytes
from partimento.files.whole import make_folder, sweep, write_whole
from partimento.training import counted
from partimento.training.prepare import Prepared, prepare
from partimento.training.presets import preset
from partimento.version import __version__

if TYPE_CHECKING:
    from partimento.cli.train import Course, Network
    from partimento.training.loop import Progress

RUN, IDS = "run", "ids"
FILES = "files.json"
SAMPLE_SEED = 1
SAMPLE_BARS = 8  # of an encoding that counts seconds: left to itself, such a piece takes minutes of music to come to its end


class TrainingRun:
    """One run of `partimento train`; `make` does it.

    Args:
        network: What is trained.
        course: How long and how.
        out: The bundle's folder.
        name: The model's name.
        command: What the user typed, for the card.
        begun: The model that it goes on from, if any.
    """

    def __init__(self, network: Network, course: Course, *, out: Path, name: str, command: str, begun: Bundle | None = None) -> None:
        self.preset = preset(network.model)
        if not is_plain_name(name):
            raise ConfigError(f"--name '{name}': expected a plain file name, for pieces are named after their model. Give another.")
        if self.preset.network not in counted.COUNTED and importlib.util.find_spec("torch") is None:
            raise MissingExtra(
                f"training a {network.model} needs torch, which is not installed. Run: pip install 'partimento[train]' (or train a markov)."
            )
        self.network, self.course, self.out, self.name, self.command = network, course, out, name, command
        self.begun = begun
        self.encoding = begun.encoding() if begun else self.preset.speaks(network.encoding)
        self.run_folder = out / RUN
        self.rank = int(os.environ.get("RANK", "0"))  # torchrun's number of this process
        self.leads = self.rank == 0

    def make(self, corpus: Corpus, prepared: Prepared | None = None) -> dict[str, Any]:
        """Train, measure and pack; return the fields of the JSON object, none where another process leads.

        Args:
            corpus: What to learn from.
            prepared: The same in this run's encoding, where that has been made.
        """
        if self.leads:
            make_folder(self.run_folder)
            sweep(self.out)
            sweep(self.run_folder)
        ids = self.run_folder / f"{IDS}{self.rank or ''}"
        prepared = prepared or prepare(corpus, self.encoding, fit=self.begun is None, folder=ids)
        self.encoding = prepared.encoding
        if self.leads:
            write_whole(self.run_folder / FILES, _account(corpus, prepared).encode())
        began = time.monotonic()
        if self.preset.network in counted.COUNTED:
            weights, graph, model, training = self._count(prepared)
        else:
            weights, graph, model, training = self._fit(prepared)
        if not self.leads:
            return {}
        seconds = time.monotonic() - began
        read_now = training.pop("tokens_now")
        lasted = {"seconds": round(seconds, 1)} if read_now == training["tokens"] else {}  # of a run in parts only the last is known
        card = self._card(corpus, prepared, model, training | lasted | {"command": self.command})
        files = {WEIGHTS: weights, FINGERPRINTS: self._fingerprints(prepared)} | ({STEP: graph} if graph else {})
        figures = measured(Bundle(self.out, card, files), prepared)
        save_bundle(self.out, Card(**{**_shallow(card), "figures": figures}), files)
        valid = figures["valid"]
        return {
            "bundle": str(self.out),
            "steps": training["steps"],
            "tokens": training["tokens"],
            "train_nats_per_token": training["train_nats_per_token"],
            "valid_nats_per_token": valid["nats_per_token"],
            "valid_bits_per_note": valid["bits_per_note"],
            "markov_bits_per_note": figures.get("markov", valid)["bits_per_note"],
            "skipped_files": len(prepared.skipped),
            "notes_per_second": round(
                read_now / max(seconds, 1e-9) * prepared.notes("train") / max(sum(len(v[0]) for v in prepared.train), 1), 1
            ),
            "ended": training["ended"],
        }

    def _fingerprints(self, prepared: Prepared) -> bytes:
        """The pieces learnt from, and before, as the encoding says them, for so does what is composed: voices may have become one line."""
        names = [name for name, _ in prepared.scores["train"]]
        said = (self.encoding.decode(variants[0]) for variants in prepared.train)
        now, before = Fingerprints.of(zip(names, said, strict=True)), self.begun.fingerprints if self.begun else None
        return (now if before is None else Fingerprints.from_bytes(before, FINGERPRINTS).joined(now)).to_bytes()

    def _fit(self, prepared: Prepared) -> tuple[bytes, bytes, dict[str, Any], dict[str, Any]]:
        """Fit a network; return its files and what the card says of it."""
        from partimento.training.fit import Plan, fit  # noqa: PLC0415  # loads torch
        from partimento.training.networks import NETWORKS  # noqa: PLC0415
        from partimento.training.start import GENTLER, Start  # noqa: PLC0415

        course, made, start = self.course, self.preset, Start.of(self.begun) if self.begun else None
        asked = {name: value for name in ("cell", "dropout") if (value := getattr(self.network, name)) is not None}
        settings = {**(start.settings if start else made.sizes[self.network.size]), **asked}
        plan = Plan(
            len(self.encoding.vocabulary),
            made.network,
            {name: value for name, value in settings.items() if name != "vocabulary"},
            self.encoding.hints,
            course.steps,
            course.minutes,
            course.device,
            course.precision,
            course.learning_rate or made.learning_rate * (GENTLER if start else 1),
            course.threads,
            course.seed,
            made.rows if course.rows is None else course.rows,
            settings.get("window", made.time)
            * (self.encoding.hints.get("frame", 1) if {"frame", "groups"} & {*NETWORKS[made.network].hints} else 1),
            {"name": self.encoding.name, **self.encoding.options()},
            made.weight_decay,
            course.decay,
            course.accumulate,
            course.spread,
            made.optimizer,
            start,
        )
        fitted = fit(prepared, plan, self.run_folder, resume=course.resume, after_step=self._sample)
        halves = {name: value.astype(np.float16) for name, value in fitted.weights.items()}
        progress = fitted.progress
        training = {
            **fitted.settings,
            "steps": progress.step,
            "parameters": sum(value.size for value in fitted.weights.values()),
            "tokens": fitted.tokens,
            "tokens_now": fitted.tokens_now,
            "best_step": progress.best_step,
            "train_nats_per_token": None if math.isnan(progress.train) else round(progress.train, 5),
            "ended": progress.ended,
        }
        return tensor_bytes(halves), fitted.graph, {**self._name(), **fitted.config}, training

    def _name(self) -> dict[str, Any]:
        """What a card calls the model."""
        return {"name": self.preset.network, "preset": self.network.model, "size": self.network.size}

    def _count(self, prepared: Prepared) -> tuple[bytes, bytes, dict[str, Any], dict[str, Any]]:
        """Count tables; return their files and what the card says of it."""
        read = counted.read(prepared)
        model = counted.COUNTED[self.preset.network](prepared, self.encoding, self.network.order)
        training = {
            "steps": 1,
            "parameters": sum(array.size for array in model.tensors().values()),
            "tokens": sum(map(len, read)),
            "tokens_now": sum(map(len, read)),
            "train_nats_per_token": round(likelihood(model, [variants[0] for variants in prepared.train[:50]]).nats_per_id, 5),
            "ended": "counted once",
        }
        return tensor_bytes(model.tensors()), b"", {**self._name(), "order": self.network.order}, training

    def _card(self, corpus: Corpus, prepared: Prepared, model: Mapping[str, Any], training: Mapping[str, Any]) -> Card:
        """The card, its figures still open."""
        said = Card(
            name=self.name,
            summary=f"A {model['preset']} on encoding '{self.encoding.name}', trained on {corpus.name}.",
            version=__version__,
            model=model,
            encoding={"name": self.encoding.name, **self.encoding.options()},
            data={
                "corpus": corpus.name,
                "licence": corpus.licence,
                "citation": corpus.citation,
                "checksum": corpus.checksum,
                "pieces": {"train": len(prepared.train), "valid": len(prepared.valid), "test": len(prepared.test)},
                "notes": prepared.notes("train"),
                "skipped": len(prepared.skipped),
            },
            training=training,
            figures={},
            limits=(self.encoding.losses,),
            sampling=self.begun.card.sampling if self.begun else {"temperature": 1.0},
            permission=f"{corpus.weights} What it composes is yours, as far as it is not a copy.",
        )
        return gone_on_card(said, self.begun) if self.begun else said

    def _sample(self, progress: Progress, graph: Callable[[], bytes]) -> None:
        """Write a piece now and then, so that one can hear it learn."""
        every = self.course.sample_every
        if every < 1 or progress.step % every:
            return
        from partimento.generation.composer import Composer  # noqa: PLC0415
        from partimento.generation.wish import Wish  # noqa: PLC0415

        card = Card(
            f"{self.name}-step{progress.step}",
            "",
            __version__,
            {"name": self.preset.network},
            {"name": self.encoding.name, **self.encoding.options()},
            {},
            {},
            {},
            (),
            {
                "temperature": 1.0
            },  # as the finished model has it; to cut off rare ids would silence those who say what each key does in each step
            "",
        )
        composer = Composer(Bundle(self.out, card, {STEP: graph(), WEIGHTS: b""}))
        try:
            score = composer.write(Wish(bars=SAMPLE_BARS if self.encoding.hints.get("seconds") else None), seed=SAMPLE_SEED)
        except PartimentoError:
            return  # an untrained network may not find an end
        from partimento.cli.piece_files import write_piece  # noqa: PLC0415

        write_piece(score, self.run_folder / "samples", f"step-{progress.step:06d}", ["mid", "abc"])


def _account(corpus: Corpus, prepared: Prepared) -> str:
    """Every piece that was found, and what became of it."""
    used = {piece.id: piece.split for piece in corpus.pieces if piece.id not in prepared.skipped}
    account = {
        "found": len(corpus.pieces) + len(corpus.skipped),
        "used": len(used) - len(prepared.repaired),
        "repaired": len(prepared.repaired),
        "skipped": len(prepared.skipped),
        "pieces": used,
        "repairs": {name: list(warnings) for name, warnings in prepared.repaired.items()},
        "reasons": dict(prepared.skipped),
    }
    return json.dumps(account, indent=1, ensure_ascii=True) + "\n"


def _shallow(card: Card) -> dict[str, Any]:
    """A card's fields."""
    return {name: getattr(card, name) for name in asdict(card)}
