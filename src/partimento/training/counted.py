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
from partimento.training.prepare import Prepared

DICE_ORDER = 2
"""Longest context of the chain that speaks where dice have nothing to say."""


class CountedModel(SequenceModel, Protocol):
    """A model that is nothing but tables."""

    def tensors(self) -> Mapping[str, NDArray[np.generic]]:
        """Return all it knows as named arrays."""


def _markov(prepared: Prepared, encoding: Encoding, order: int) -> CountedModel:
    """A Markov chain that has read every piece as it was written."""
    return Markov.fit([variants[0] for variants in prepared.train], order=order, vocabulary=len(encoding.vocabulary))


def _dice(prepared: Prepared, encoding: Encoding, order: int) -> CountedModel:  # dice look back to their bar's beginning
    """Dice that have read every piece in all its keys."""
    chain = Markov.fit([variants[0] for variants in prepared.train], order=DICE_ORDER, vocabulary=len(encoding.vocabulary))
    return Dice(dice_table(prepared, encoding), chain)


COUNTED: dict[str, Callable[[Prepared, Encoding, int], CountedModel]] = {"dice": _dice, "markov": _markov}
"""Name -> what counts it: the corpus, its encoding, and an order, which only a chain heeds."""
