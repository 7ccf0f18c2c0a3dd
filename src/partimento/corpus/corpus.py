"""Many pieces with their licence, their source and the part of the split each belongs to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from partimento.errors import CorpusError, PartimentoError, nearest
from partimento.score import Score

Part = Literal["train", "valid", "test"]
"""A part of a split: to learn from, to choose by, to measure on."""


@dataclass(frozen=True)
class Piece:
    """One work of a corpus; nothing is opened before `read` is called.

    Attributes:
        id: Its name, unique in the corpus.
        read: Returns the score; raises `ReadError` when the file is broken.
        licence: The licence as its source states it.
        source: Where it comes from: a file name within the corpus, or a catalogue number.
        split: The part it belongs to.
        checksum: Hash of the bytes it is read from.
    """

    id: str
    read: Callable[[], Score] = field(repr=False, compare=False)
    licence: str
    source: str
    split: Part
    checksum: str = ""


@dataclass(frozen=True)
class Corpus:
    """Pieces and what is to be said of them.

    Attributes:
        name: Its name on the command line, or the folder it was read from.
        pieces: Every piece, in a fixed order.
        licence: One sentence.
        citation: What to name when it is used.
        weights: What may be done with weights trained on it, one sentence.
        skipped: Source -> why a file could not be used.
        has_own_split: Whether its parts are those that were published with it, and stay as they are.
    """

    name: str
    pieces: tuple[Piece, ...]
    licence: str
    citation: str
    weights: str
    skipped: Mapping[str, str] = field(default_factory=dict)
    has_own_split: bool = False

    def part(self, split: Part) -> tuple[Piece, ...]:
        """Return the pieces of one part."""
        return tuple(piece for piece in self.pieces if piece.split == split)

    @property
    def checksum(self) -> str:
        """Hash over every piece's name, part and bytes: the same data, the same hash."""
        digest = hashlib.sha256()
        for piece in self.pieces:
            digest.update(json.dumps([piece.id, piece.split, piece.checksum]).encode())
        return digest.hexdigest()

    def scores(self, split: Part) -> Iterator[tuple[Piece, Score | PartimentoError]]:
        """Yield each piece of one part with its score, or with the error that kept it from being read."""
        for piece in self.part(split):
            try:
                yield piece, piece.read()
            except PartimentoError as error:
                yield piece, error

    def __add__(self, other: Corpus) -> Corpus:
        """Return both corpora as one; names of pieces get their corpus in front."""
        pieces = [
            Piece(f"{corpus.name}/{piece.id}", piece.read, piece.licence, piece.source, piece.split, piece.checksum)
            for corpus in (self, other)
            for piece in corpus.pieces
        ]
        skipped = {f"{corpus.name}/{source}": why for corpus in (self, other) for source, why in corpus.skipped.items()}
        licence, citation, weights = (f"{a} {b}" if a != b else a for a, b in zip(_words(self), _words(other), strict=True))
        return Corpus(f"{self.name}+{other.name}", tuple(pieces), licence, citation, weights, skipped)


def _words(corpus: Corpus) -> tuple[str, str, str]:
    """What is to be said of a corpus."""
    return corpus.licence, corpus.citation, corpus.weights


def check_split(corpus: Corpus) -> Corpus:
    """Return `corpus` when it can be trained on.

    Raises:
        CorpusError: When it has no piece to learn from or none to choose by.
    """
    counts = {part: len(corpus.part(part)) for part in ("train", "valid", "test")}
    if not counts["train"] or not counts["valid"]:
        raise CorpusError(
            f"{corpus.name}: {counts['train']} pieces to learn from and {counts['valid']} to check on, expected at least one of each. "
            "Give a folder with more pieces (10 or more make a fair split)."
        )
    return corpus


def known(name: str, valid: Mapping[str, object]) -> str:
    """Return `name` when `valid` has it.

    Raises:
        CorpusError: Otherwise; names the nearest.
    """
    if name not in valid:
        raise CorpusError(f"corpus '{name}': neither a folder nor a named data set{nearest(name, valid)}")
    return name
