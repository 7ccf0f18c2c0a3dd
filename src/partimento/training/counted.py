"""Models that are counted and not trained. Add one here and in `models`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Encoding
from partimento.models.markov import Markov
from partimento.models.model import SequenceModel
from partimento.training.prepare import Prepared


class CountedModel(SequenceModel, Protocol):
    """A model that is nothing but tables."""

    def tensors(self) -> Mapping[str, NDArray[np.generic]]:
        """Return all it knows as named arrays."""


def _markov(prepared: Prepared, encoding: Encoding, order: int) -> CountedModel:
    """A Markov chain that has read every piece as it was written."""
    return Markov.fit([variants[0] for variants in prepared.train], order=order, vocabulary=len(encoding.vocabulary))


COUNTED: dict[str, Callable[[Prepared, Encoding, int], CountedModel]] = {"markov": _markov}
"""Name -> what counts it: the corpus, its encoding, and an order, which only a chain heeds."""
