"""Whether a model wrote anything but what it has read, id by id.

A Markov chain of order k that never backs off writes nothing but runs of k + 1 ids that stand in what it read; dice throw
nothing but bars that stand there. A grammar that insists, a chance left to the unseen, or a beginning given by hand may
each force a step that was never read. `seen` finds those steps with what the model itself remembers, and needs no corpus.

Ids are compared as they stand, so that the same music in another key is other music; `copying` compares melodies in any
key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.dice import Dice
from partimento.models.markov import Markov
from partimento.models.model import SequenceModel


@dataclass(frozen=True)
class Seen:
    """How much of a piece its model has read.

    Attributes:
        unit: What was looked for, such as ``runs of 6 ids`` or ``bars``.
        total: How many of them the piece has.
        unseen: Ids of the piece, from 0, at which one ends that was never read (of runs), or begins (of bars).
        known: How far back what was read reaches at each of `unseen`: ids before it; for bars 0.
    """

    unit: str
    total: int
    unseen: tuple[int, ...]
    known: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether all of the piece was read before."""
        return not self.unseen


def seen(model: SequenceModel, ids: NDArray[np.integer]) -> Seen | None:
    """Return how much of a piece stands in what its model has read; None for a model that does not remember it.

    Args:
        model: What wrote it.
        ids: The piece, shape (length,).
    """
    if isinstance(model, Markov):
        lengths = model.seen(ids)
        wanted = np.minimum(model.order, np.arange(lengths.size))
        unseen = np.flatnonzero(lengths < wanted)
        return Seen(f"runs of {model.order + 1} ids", max(lengths.size - 1, 0), tuple(unseen.tolist()), tuple(lengths[unseen].tolist()))
    if isinstance(model, Dice):
        bars = model.read(ids)
        unseen = np.array([begin for begin, stands in bars if not stands], np.int64)
        return Seen("bars", len(bars), tuple(unseen.tolist()), (0,) * unseen.size)
    return None
