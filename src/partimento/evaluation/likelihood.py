"""How surprised a model is by pieces it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.model import SequenceModel


@dataclass(frozen=True)
class Likelihood:
    """Negative log-likelihood of pieces, every id but the given first one counted.

    Attributes:
        nats: Summed over all pieces.
        ids: Ids that were predicted.
        each: Nats of each piece, shape (pieces,).
    """

    nats: float
    ids: int
    each: NDArray[np.float64]

    @property
    def nats_per_id(self) -> float:
        """Mean over all ids of all pieces (pooled, not a mean of means)."""
        return self.nats / max(self.ids, 1)


def likelihood(model: SequenceModel, pieces: Sequence[NDArray[np.integer]], *, rows: int = 64) -> Likelihood:
    """Return how likely `model` finds `pieces`, each read from its start with nothing remembered.

    Args:
        model: Any model; what is measured is the one that composes, quantisation included.
        pieces: Ids of each piece, shape (length,), the start id first.
        rows: Pieces read side by side.
    """
    each = np.zeros(len(pieces))
    order = sorted(range(len(pieces)), key=lambda piece: -len(pieces[piece]))
    for first in range(0, len(order), rows):
        group = order[first : first + rows]
        state = model.start(len(group))
        alive = group
        for place in range(len(pieces[group[0]]) - 1):
            alive = [piece for piece in alive if place + 1 < len(pieces[piece])]
            state = tuple(part[: len(alive)] for part in state)
            logits, state = model.step(np.array([pieces[piece][place] for piece in alive]), state)
            wide = logits.astype(np.float64)
            wide -= wide.max(axis=1, keepdims=True)
            following = [int(pieces[piece][place + 1]) for piece in alive]
            chosen = wide[np.arange(len(alive)), following]
            each[alive] += np.log(np.exp(wide).sum(axis=1)) - chosen
    return Likelihood(float(each.sum()), sum(len(piece) - 1 for piece in pieces), each)
