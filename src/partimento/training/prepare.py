"""A corpus into ids: read, encoded, transposed; what cannot be used is counted with its reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from partimento.corpus.augment import Ranges, ranges, transpositions
from partimento.corpus.corpus import Corpus, Part, Piece
from partimento.encoding.catalog import ENCODINGS, build_encoding
from partimento.encoding.encoding import Encoding, Moving, fitted
from partimento.errors import CorpusError, PartimentoError
from partimento.score import Score
from partimento.score.tempo import stretch
from partimento.training.id_files import IdFiles

Ids = NDArray[np.int32]

_Thing_co = TypeVar("_Thing_co", covariant=True)


class Lazy(Protocol[_Thing_co]):
    """Things that are made when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> _Thing_co: ...


@dataclass(frozen=True)
class View(Sequence[_Thing_co]):
    """Some of `source`'s things, in an order, as a sequence.

    Attributes:
        source: Where they are.
        numbers: Their numbers there.
    """

    source: Lazy[_Thing_co]
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, number: int) -> _Thing_co: ...

    @overload
    def __getitem__(self, number: slice) -> View[_Thing_co]: ...

    def __getitem__(self, number: int | slice) -> _Thing_co | View[_Thing_co]:
        """Return one of them, or a view of several."""
        return View(self.source, self.numbers[number]) if isinstance(number, slice) else self.source[self.numbers[number]]


@dataclass(frozen=True)
class Prepared:
    """A corpus as numbers.

    Attributes:
        train: Piece -> its copies in other keys and, of some encodings, at other speeds, as written first.
        valid: Pieces to choose by, as written.
        test: Pieces to measure on, as written.
        scores: Part -> its pieces as they are read, with their names, in the order of their ids.
        note_counts: Part -> notes of each of its pieces as they were read, whatever the encoding keeps of them.
        repaired: Piece of any part -> what its reader had to repair.
        skipped: Piece -> why it could not be used.
        encoding: What the ids are in: the one asked for, fitted to the pieces learnt from (see `encoding.fitted`).
        moves: Piece -> semitones by which each of its copies is higher than as written, 0 first.
        checksum: Hash of everything that is learnt from and chosen by.
    """

    train: Sequence[Sequence[Ids]]
    valid: Sequence[Ids]
    test: Sequence[Ids]
    scores: Mapping[Part, Sequence[tuple[str, Score]]] = field(repr=False)
    note_counts: Mapping[Part, Sequence[int]] = field(repr=False)
    repaired: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]
    encoding: Encoding
    moves: Sequence[Sequence[int]]
    checksum: str

    def notes(self, part: Part) -> int:
        """Return the notes in a part's pieces."""
        return sum(self.note_counts[part])


_LOOKED_AT = 20
"""Pieces that other encodings are tried on where one can say none."""


def fitting(corpus: Corpus) -> list[str]:
    """Return the encodings that can say the corpus's first pieces, that which says most of them first."""
    scores = [score for part in ("train", "valid") for _, score in islice(corpus.scores(part), _LOOKED_AT)]
    said = {}
    for name in ENCODINGS:
        encoding = build_encoding(name)
        said[name] = sum(_can_say(encoding, score) for score in scores if isinstance(score, Score))
    return [name for name in sorted(said, key=lambda name: -said[name]) if said[name]]


def _can_say(encoding: Encoding, score: Score) -> bool:
    """Whether an encoding takes a score."""
    try:
        encoding.encode(score)
    except PartimentoError:
        return False
    return True


def _remedy(corpus: Corpus, encoding: Encoding) -> str:
    """What to do where an encoding cannot say a corpus."""
    others = [name for name in fitting(corpus) if name != encoding.name]
    return (
        f"Give more pieces, or one of these as --encoding: {', '.join(others)}." if others else "Give more pieces; no encoding says these."
    )


def prepare(corpus: Corpus, encoding: Encoding, *, fit: bool = True, folder: Path | None = None) -> Prepared:
    """Return `corpus` in `encoding`.

    Args:
        corpus: Its pieces are read now, one by one.
        encoding: What the model is to speak; it says which transpositions are learnt from. Voices stay within the
            corpus's own ranges, save on a keyboard (see `Encoding.hints`).
        fit: Whether the encoding takes what it can, such as a dictionary, from the pieces learnt from; not where a bundle brought it.
        folder: Where the ids are kept, and read from as they are needed; in memory where None.

    Raises:
        CorpusError: When no piece to learn from, or none to choose by, can be used.
        WriteError: When the ids cannot be written.
    """
    if fit:
        encoding = fitted(encoding, (score for _, score in corpus.scores("train") if isinstance(score, Score)))
    return _Preparing(corpus, encoding, folder).prepared()


class _Preparing:
    """A corpus on its way to numbers."""

    def __init__(self, corpus: Corpus, encoding: Encoding, folder: Path | None) -> None:
        self.corpus, self.encoding = corpus, encoding
        self.kept: list[Ids] | IdFiles = [] if folder is None else IdFiles(folder, len(encoding.vocabulary))
        self.digest = hashlib.sha256()
        self.skipped = dict(corpus.skipped)
        self.used: dict[Part, list[Piece]] = {"train": [], "valid": [], "test": []}
        self.counts: dict[Part, list[int]] = {"train": [], "valid": [], "test": []}
        self.repaired: dict[str, tuple[str, ...]] = {}
        self.limits: Ranges = ()

    def prepared(self) -> Prepared:
        """Read everything once, and what is learnt from once more for its copies."""
        numbers = {part: self._part(part) for part in self.used}
        for part, word in (("train", "learn from"), ("valid", "check on")):
            if not self.used[part]:  # type: ignore[index]  # the two are parts
                reason = next(iter(self.skipped.values()), "there are none")
                raise CorpusError(
                    f"{self.corpus.name}: no piece to {word} can be used as '{self.encoding.name}' ({len(self.skipped)} left out; the "
                    f"first: {reason}) {_remedy(self.corpus, self.encoding)}"
                )
        if not self.encoding.hints.get("keyboard"):
            self.limits = ranges(piece.read() for piece in self.used["train"])
        copies = [list(self._copies(piece, number)) for piece, number in zip(self.used["train"], numbers["train"], strict=True)]
        moves = [[copy.moved + copy.still for copy in each] for each in copies]
        self.digest.update(json.dumps(moves).encode())
        return Prepared(
            View(_Copies(self.kept, self.encoding, copies), range(len(copies))),
            View(self.kept, numbers["valid"]),
            View(self.kept, numbers["test"]),
            {part: View(_Read(pieces), range(len(pieces))) for part, pieces in self.used.items()},
            self.counts,
            self.repaired,
            self.skipped,
            self.encoding,
            moves,
            self.digest.hexdigest(),
        )

    def _part(self, part: Part) -> list[int]:
        """Keep the pieces of one part as written; return their numbers."""
        numbers = []
        for piece, score in self.corpus.scores(part):
            try:
                if isinstance(score, PartimentoError):
                    raise score
                numbers.append(self._keep(self.encoding.encode(score), counts=part != "test"))
            except PartimentoError as error:
                self.skipped[piece.id] = str(error)
                continue
            self.used[part].append(piece)
            self.counts[part].append(score.note_count)
            if score.warnings:
                self.repaired[piece.id] = score.warnings
        return numbers

    def _keep(self, ids: Ids, *, counts: bool) -> int:
        """Keep ids; return their number. Those that count are in the checksum."""
        if counts:
            self.digest.update(len(ids).to_bytes(8, "little") + np.asarray(ids, "<i4").tobytes())
        self.kept.append(ids)
        return len(self.kept) - 1

    def _copies(self, piece: Piece, number: int) -> Iterator[_Copy]:
        """The copies of a piece of which `number` is as written."""
        score, encoding = piece.read(), self.encoding
        yield _Copy(number)
        if isinstance(encoding, Moving):
            shifts = [shift for shift in encoding.transpositions if encoding.moved(self.kept[number], shift) is not None]
            yield from (_Copy(number, still=shift) for shift in shifts if shift)
            for factor in encoding.stretches[1:]:
                slower = self._keep(encoding.encode(stretch(score, factor)), counts=True)
                yield from (_Copy(slower, still=shift) for shift in shifts)
            return
        for moved in list(transpositions(score, self.limits, encoding.transpositions))[1:]:
            try:
                yield _Copy(self._keep(encoding.encode(moved), counts=True), _higher(score, moved))
            except PartimentoError:
                continue  # a key the encoding cannot say


class _Copy(NamedTuple):
    """A piece in some key and at some speed.

    Attributes:
        number: Of the ids that are kept of it.
        moved: Semitones by which these are higher than as written.
        still: Semitones by which they are yet to be moved.
    """

    number: int
    moved: int = 0
    still: int = 0


@dataclass(frozen=True)
class _Copies:
    """Piece -> its copies."""

    kept: Lazy[Ids]
    encoding: Encoding
    of: Sequence[Sequence[_Copy]]

    def __len__(self) -> int:
        return len(self.of)

    def __getitem__(self, piece: int) -> Sequence[Ids]:
        copies = self.of[piece]
        return View(_Moved(self.kept, self.encoding, copies), range(len(copies)))


@dataclass(frozen=True)
class _Moved:
    """Copy of a piece -> its ids, moved now."""

    kept: Lazy[Ids]
    encoding: Encoding
    copies: Sequence[_Copy]

    def __len__(self) -> int:
        return len(self.copies)

    def __getitem__(self, number: int) -> Ids:
        copy = self.copies[number]
        ids = self.kept[copy.number]
        if copy.still and isinstance(self.encoding, Moving):
            moved = self.encoding.moved(ids, copy.still)
            return ids if moved is None else moved  # it could be moved when the copies were counted
        return ids


@dataclass(frozen=True)
class _Read:
    """Number of a piece -> its name and its score, read now."""

    pieces: Sequence[Piece]

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, number: int) -> tuple[str, Score]:
        return self.pieces[number].id, self.pieces[number].read()


def _higher(score: Score, moved: Score) -> int:
    """Semitones by which a score was moved."""
    pairs = zip(score.tracks, moved.tracks, strict=True)
    return next((int(new.pitch[0] - old.pitch[0]) for old, new in pairs if len(old) and not old.is_drum), 0)
