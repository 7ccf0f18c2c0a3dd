"""The floor under a network: the best Markov chain on the same ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.evaluation.likelihood import Likelihood, likelihood
from partimento.models.markov import Markov

HIGHEST_ORDER = 8


class Floor(NamedTuple):
    """The chain of that order, and how likely it finds the pieces."""

    order: int
    likelihood: Likelihood


def best_chain(chain: Markov, pieces: Sequence[NDArray[np.integer]]) -> Floor:
    """Return the order, from 1 to that of `chain`, at which it finds `pieces` likeliest; two worse orders end the search.

    Args:
        chain: Of an order of 1 or more.
        pieces: Ids of each piece, shape (length,), the start id first.
    """
    best = Floor(1, likelihood(chain.shortened(1), pieces))
    for order in range(2, chain.order + 1):
        found = Floor(order, likelihood(chain.shortened(order), pieces))
        if found.likelihood.nats < best.likelihood.nats:
            best = found
        elif order >= best.order + 2:
            break
    return best
