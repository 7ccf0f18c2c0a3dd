"""The floor under a network: the best Markov chain on the same ids, without its tables.

The chances are those of `models.markov.Markov`, order by order and of all places at once: passages are numbered, each by
the number of the passage that is one id shorter and its last id, so that a corpus of tens of millions of ids is a few sorts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HIGHEST_ORDER = 8


class Floor(NamedTuple):
    """The order of the best chain, and how surprised it is.

    Attributes:
        order: Ids it looks back.
        nats: Negative log-likelihood of all pieces, every id but the given first one counted.
        ids: Ids that were predicted.
    """

    order: int
    nats: float
    ids: int


def best_chain(
    read: Sequence[NDArray[np.integer]], pieces: Sequence[NDArray[np.integer]], vocabulary: int, *, highest: int = HIGHEST_ORDER
) -> Floor:
    """Return the order, from 1 on, of the chain that has read `read` and finds `pieces` likeliest; two worse orders end the search.

    Args:
        read: Ids of each piece that was learnt from, shape (length,).
        pieces: Ids of each piece to be found likely, the start id first, shape (length,).
        vocabulary: Number of ids.
        highest: Longest context, 1 or more.
    """
    every = [np.asarray(piece, np.int64) for piece in (*read, *pieces)]
    ids = np.concatenate(every)
    left = np.concatenate([np.arange(piece.size, 0, -1) for piece in every])  # ids up to the piece's end
    new = np.arange(ids.size) >= sum(piece.size for piece in every[: len(read)])
    given = np.zeros(ids.size, np.bool_)
    given[np.cumsum([0, *(piece.size for piece in every[:-1])])] = True
    asked = new & ~given
    chances = np.full(ids.size, 1 / vocabulary)
    numbers = np.zeros(ids.size, np.int64)  # of the passage that begins at each place
    best = Floor(0, np.inf, int(asked.sum()))
    for order in range(highest + 1):
        begins = np.flatnonzero(left > order)
        contexts = numbers[begins]
        kinds, passages = np.unique(contexts * vocabulary + ids[begins + order], return_inverse=True)
        often = np.bincount(passages[~new[begins]], minlength=kinds.size)
        follow = np.bincount(kinds // vocabulary, often)
        different = np.bincount(kinds // vocabulary, often > 0)
        wanted = asked[begins + order] & (follow[contexts] > 0)
        at, context = begins[wanted] + order, contexts[wanted]
        chances[at] = (often[passages[wanted]] + different[context] * chances[at]) / (follow[context] + different[context])
        numbers[begins] = passages
        nats = -float(np.log(chances[asked]).sum())
        if order and nats < best.nats:
            best = Floor(order, nats, best.ids)
        elif order >= best.order + 2 > 2:
            break
    return best
