"""Models that are counted and not trained. Add one here and in `models`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Encoding
from partimento.models.dice import Dice
from partimento.models.markov import Markov
from partimento.models.model import SequenceModel
from partimento.training.dice_columns import dice_table
from partimento.training.prepare import Ids, Prepared

DICE_ORDER = 2
"""Longest context of the chain that speaks where dice have nothing to say."""

MOST_READ = 2**22
"""Ids above which a chain reads pieces as they were written and in no other key."""


class CountedModel(SequenceModel, Protocol):
    """A model that is nothing but tables."""

    def tensors(self) -> Mapping[str, NDArray[np.generic]]:
        """Return all it knows as named arrays."""


def chain(prepared: Prepared, encoding: Encoding, order: int) -> Markov:
    """Return the Markov chain that has read every piece in all its keys, as networks do, or as written where that is too much."""
    return Markov.fit(read(prepared), order=order, vocabulary=len(encoding.vocabulary))


def read(prepared: Prepared, *, most: int = MOST_READ) -> list[Ids]:
    """Return the pieces that a chain counts: in all their keys, or in their own alone where there are more than `most` ids."""
    if sum(len(copies) * len(copies[0]) for copies in prepared.train) > most:
        return [copies[0] for copies in prepared.train]
    return [ids for copies in prepared.train for ids in copies]


def _dice(prepared: Prepared, encoding: Encoding, order: int) -> CountedModel:  # dice look back to their bar's beginning
    """Dice that have read every piece in all its keys."""
    return Dice(dice_table(prepared, encoding), chain(prepared, encoding, DICE_ORDER))


COUNTED: dict[str, Callable[[Prepared, Encoding, int], CountedModel]] = {"dice": _dice, "markov": chain}
"""Name -> what counts it: the corpus, its encoding, and an order, which only a chain heeds."""
