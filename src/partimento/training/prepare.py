"""A corpus into ids: read, encoded, transposed; what cannot be used is counted with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from partimento.corpus.augment import ranges, transpositions
from partimento.corpus.corpus import Corpus, Part, Piece
from partimento.encoding.encoding import Encoding
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
        train_scores: The pieces learnt from, with their names.
        repaired: Piece of any part -> what its reader had to repair.
        skipped: Piece -> why it could not be used.
        notes: Part -> notes in its pieces as they were read, whatever the encoding keeps of them.
    """

    train: list[list[Ids]]
    valid: list[Ids]
    test: list[Ids]
    train_scores: list[tuple[str, Score]] = field(repr=False)
    repaired: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, str]
    notes: Mapping[Part, int]

    @property
    def checksum(self) -> str:
        """Hash of everything that is learnt from and chosen by."""
        digest = hashlib.sha256()
        for ids in [*(ids for variants in self.train for ids in variants), *self.valid]:
            digest.update(len(ids).to_bytes(8, "little") + np.asarray(ids, "<i4").tobytes())
        return digest.hexdigest()


def prepare(corpus: Corpus, encoding: Encoding) -> Prepared:
    """Return `corpus` in `encoding`.

    Args:
        corpus: Its pieces are read now.
        encoding: What the model is to speak; it says which transpositions are learnt from. Voices stay within the
            corpus's own ranges, save on a keyboard (see `Encoding.hints`).

    Raises:
        CorpusError: When no piece to learn from, or none to choose by, can be used.
    """
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
                "Give more pieces, or another --encoding."
            )
    limits = () if encoding.hints.get("keyboard") else ranges(score for _, score, _ in usable["train"])
    train = []
    for _, score, ids in usable["train"]:
        variants = [ids]
        for moved in list(transpositions(score, limits, encoding.transpositions))[1:]:
            try:
                variants.append(encoding.encode(moved))
            except PartimentoError:
                continue  # a key the encoding cannot say
        train.append(variants)
    return Prepared(
        train,
        [ids for _, _, ids in usable["valid"]],
        [ids for _, _, ids in usable["test"]],
        [(piece.id, score) for piece, score, _ in usable["train"]],
        {piece.id: score.warnings for found in usable.values() for piece, score, _ in found if score.warnings},
        skipped,
        {part: sum(score.note_count for _, score, _ in found) for part, found in usable.items()},
    )
