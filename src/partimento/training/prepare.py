"""A corpus into ids: read, encoded, transposed; what cannot be used is counted with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from partimento.corpus.augment import ranges, transpositions
from partimento.corpus.corpus import Corpus, Part, Piece
from partimento.encoding.catalog import ENCODINGS, build_encoding
from partimento.encoding.encoding import Encoding, fitted
from partimento.errors import CorpusError, PartimentoError
from partimento.score import Score

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Prepared:
    """A corpus as numbers.

    Attributes:
        train: Piece -> its transpositions, as written first.
        valid: Pieces to choose by, as written.
        test: Pieces to measure on, as written.
        scores: Part -> its pieces as they were read, with their names, in the order of their ids.
        repaired: Piece of any part -> what its reader had to repair.
        skipped: Piece -> why it could not be used.
        encoding: What the ids are in: the one asked for, fitted to the pieces learnt from (see `encoding.fitted`).
        moves: Piece -> semitones by which each of its transpositions is higher than as written, 0 first.
    """

    train: list[list[Ids]]
    valid: list[Ids]
    test: list[Ids]
    scores: Mapping[Part, list[tuple[str, Score]]] = field(repr=False)
    repaired: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]
    encoding: Encoding
    moves: list[list[int]]

    def notes(self, part: Part) -> int:
        """Return the notes in a part's pieces as they were read, whatever the encoding keeps of them."""
        return sum(score.note_count for _, score in self.scores[part])

    @property
    def checksum(self) -> str:
        """Hash of everything that is learnt from and chosen by."""
        digest = hashlib.sha256()
        for ids in [*(ids for variants in self.train for ids in variants), *self.valid]:
            digest.update(len(ids).to_bytes(8, "little") + np.asarray(ids, "<i4").tobytes())
        return digest.hexdigest()


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


def prepare(corpus: Corpus, encoding: Encoding, *, fit: bool = True) -> Prepared:
    """Return `corpus` in `encoding`.

    Args:
        corpus: Its pieces are read now.
        encoding: What the model is to speak; it says which transpositions are learnt from. Voices stay within the
            corpus's own ranges, save on a keyboard (see `Encoding.hints`).
        fit: Whether the encoding takes what it can, such as a dictionary, from the pieces learnt from; not where a bundle brought it.

    Raises:
        CorpusError: When no piece to learn from, or none to choose by, can be used.
    """
    if fit:
        encoding = fitted(encoding, (score for _, score in corpus.scores("train") if isinstance(score, Score)))
    skipped = dict(corpus.skipped)
    usable: dict[Part, list[tuple[Piece, Score, Ids]]] = {"train": [], "valid": [], "test": []}
    for part, found in usable.items():
        for piece, score in corpus.scores(part):
            try:
                if isinstance(score, PartimentoError):
                    raise score
                found.append((piece, score, encoding.encode(score)))
            except PartimentoError as error:
                skipped[piece.id] = str(error)
    for part, word in (("train", "learn from"), ("valid", "check on")):
        if not usable[part]:
            reason = next(iter(skipped.values()), "there are none")
            raise CorpusError(
                f"{corpus.name}: no piece to {word} can be used as '{encoding.name}' ({len(skipped)} left out; the first: {reason}) "
                f"{_remedy(corpus, encoding)}"
            )
    limits = () if encoding.hints.get("keyboard") else ranges(score for _, score, _ in usable["train"])
    train, moves = [], []
    for _, score, ids in usable["train"]:
        variants, by = [ids], [0]
        for moved in list(transpositions(score, limits, encoding.transpositions))[1:]:
            try:
                variants.append(encoding.encode(moved))
            except PartimentoError:
                continue  # a key the encoding cannot say
            by.append(_higher(score, moved))
        train.append(variants)
        moves.append(by)
    return Prepared(
        train,
        [ids for _, _, ids in usable["valid"]],
        [ids for _, _, ids in usable["test"]],
        {part: [(piece.id, score) for piece, score, _ in found] for part, found in usable.items()},
        {piece.id: score.warnings for found in usable.values() for piece, score, _ in found if score.warnings},
        skipped,
        encoding,
        moves,
    )


def _higher(score: Score, moved: Score) -> int:
    """Semitones by which a score was moved."""
    pairs = zip(score.tracks, moved.tracks, strict=True)
    return next((int(new.pitch[0] - old.pitch[0]) for old, new in pairs if len(old) and not old.is_drum), 0)
