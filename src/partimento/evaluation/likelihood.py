"""How surprised a model is by pieces it has not seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partimento.models.model import Logits, Reading, SequenceModel

CHUNK = 512
"""Ids that are read at once, where a model can."""


@dataclass(frozen=True)
class Likelihood:
    """Negative log-likelihood of pieces, every id but the given first one counted.

    Attributes:
        nats: Summed over all pieces.
        ids: Ids that were predicted.
        each: Nats of each piece, shape (pieces,).
        seen: How often each id was to be predicted, shape (vocabulary,).
        right: How often it was the likeliest of all, shape (vocabulary,).
    """

    nats: float
    ids: int
    each: NDArray[np.float64]
    seen: NDArray[np.int64]
    right: NDArray[np.int64]

    @property
    def nats_per_id(self) -> float:
        """Mean over all ids of all pieces (pooled, not a mean of means)."""
        return self.nats / max(self.ids, 1)

    def accuracy(self, first: int, count: int) -> float:
        """Return the share of predictions that were right, of those where one of `count` ids from `first` on was due."""
        group = slice(first, first + count)
        return float(self.right[group].sum() / self.seen[group].sum()) if self.seen[group].any() else math.nan


def likelihood(model: SequenceModel, pieces: Sequence[NDArray[np.integer]], *, rows: int = 64) -> Likelihood:
    """Return how likely `model` finds `pieces`, each read from its start with nothing remembered.

    Args:
        model: Any model; what is measured is the one that composes, quantisation included.
        pieces: Ids of each piece, shape (length,), the start id first.
        rows: Pieces read side by side, by a model that reads them id by id.
    """
    each = np.zeros(len(pieces))
    seen, right = np.zeros((2, model.vocabulary), np.int64)
    for predicting, logits, following in predictions(model, pieces, rows=rows):
        wide = logits.astype(np.float64)
        wide -= wide.max(axis=1, keepdims=True)
        np.add.at(seen, following, 1)
        np.add.at(right, following, wide.argmax(axis=1) == following)
        chosen = wide[np.arange(len(wide)), following]
        np.add.at(each, predicting, np.log(np.exp(wide).sum(axis=1)) - chosen)
    return Likelihood(float(each.sum()), sum(len(piece) - 1 for piece in pieces), each, seen, right)


class _Reader(SequenceModel, Reading, Protocol):
    """A model that reads many ids at once."""


Predictions = Iterator[tuple[NDArray[np.integer], Logits, NDArray[np.integer]]]
"""Pieces, shape (rows,), what a model says comes next in each, shape (rows, vocabulary), and what does, shape (rows,)."""


def predictions(model: SequenceModel, pieces: Sequence[NDArray[np.integer]], *, rows: int = 64) -> Predictions:
    """Yield what `model` says of `pieces`, each read from its start with nothing remembered, the ids of each in their order.

    Args:
        model: Any model.
        pieces: Ids of each piece, shape (length,), the start id first.
        rows: Pieces read side by side, by a model that reads them id by id.
    """
    return _whole(model, pieces) if isinstance(model, Reading) else _side_by_side(model, pieces, rows)


def _side_by_side(model: SequenceModel, pieces: Sequence[NDArray[np.integer]], rows: int) -> Predictions:
    """Several pieces at once, id by id."""
    order = sorted(range(len(pieces)), key=lambda piece: -len(pieces[piece]))
    for first in range(0, len(order), rows):
        alive = order[first : first + rows]
        state = model.start(len(alive))
        for place in range(len(pieces[alive[0]]) - 1):
            alive = [piece for piece in alive if place + 1 < len(pieces[piece])]
            state = tuple(part[: len(alive)] for part in state)
            logits, state = model.step(np.array([pieces[piece][place] for piece in alive]), state)
            yield np.array(alive), logits, np.array([pieces[piece][place + 1] for piece in alive])


def _whole(model: _Reader, pieces: Sequence[NDArray[np.integer]]) -> Predictions:
    """One piece after the other, many ids at once."""
    for number, piece in enumerate(pieces):
        state = model.start(1)
        for begin in range(0, len(piece) - 1, CHUNK):
            following = piece[begin + 1 : begin + CHUNK + 1]
            logits, state = model.read_many(piece[None, begin : begin + len(following)], state)
            yield np.full(len(following), number), logits[0], following
