"""Markov chain of any order: what came after these ids before comes after them again.

Source: I. Xenakis, Musiques formelles (1963), for the idea; I. Witten and T. Bell, "The zero-frequency problem"
(1991), method C, for the back-off: an order's counts are mixed with the next lower order's chances in the
proportion of how often its context led somewhere new. Differs: every order is always mixed in, down to equal
chances for all ids, so that every piece has a likelihood and the chain is an honest floor for the networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.models.model import Logits, State

Table = Mapping[bytes, tuple[NDArray[np.int32], NDArray[np.int32]]]
"""Context (int32 ids as bytes) -> the ids that followed it and how often."""

_NOTHING = -1
_ID_BYTES = 4
_MOST_KEPT = 2**23
"""Chances that are kept, over all contexts: 64 MB."""


class Markov:
    """Counts of what followed what (see the module's docstring).

    Args:
        tables: One a context length, 0 first.
        vocabulary: Number of ids.
    """

    def __init__(self, tables: list[Table], vocabulary: int) -> None:
        self._tables = tables
        self.vocabulary = vocabulary
        self._known: dict[bytes, NDArray[np.float64]] = {}  # contexts asked for lately

    @property
    def order(self) -> int:
        """Length of the longest context."""
        return len(self._tables) - 1

    @classmethod
    def fit(cls, pieces: Iterable[NDArray[np.integer]], *, order: int, vocabulary: int) -> Markov:
        """Return the chain that has read `pieces`.

        Args:
            pieces: Ids of each piece, shape (length,).
            order: Longest context, 0 to 64.
            vocabulary: Number of ids.

        Raises:
            ConfigError: When the order is out of range.
        """
        if not 0 <= order <= 64:
            raise ConfigError(f"markov: order {order}, expected 0 to 64; 3 to 6 are usual.")
        return cls(_count([np.asarray(piece, np.int32) for piece in pieces], order), vocabulary)

    def shortened(self, order: int) -> Markov:
        """Return the chain that looks back `order` ids at most, of the same counts."""
        return Markov(self._tables[: order + 1], self.vocabulary)

    def start(self, batch: int) -> State:
        """Return the state before the first id: the last ids, none yet."""
        return (np.full((batch, self.order), _NOTHING, np.int32),)

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return log probabilities (batch, vocabulary) and the next state."""
        seen = np.concatenate([state[0], np.asarray(ids, np.int32)[:, None]], axis=1)
        past = np.ascontiguousarray(seen[:, seen.shape[1] - self.order :], np.int32)
        return np.log(np.stack([self._chances(row.tobytes()) for row in past])).astype(np.float32), (past,)

    def _chances(self, context: bytes) -> NDArray[np.float64]:
        """Chance of each id after a context, shape (vocabulary,); the array is kept, and not to be changed."""
        known = self._known.get(context)
        if known is None:
            shorter = self._chances(context[_ID_BYTES:]) if context else np.full(self.vocabulary, 1 / self.vocabulary)
            found = self._tables[len(context) // _ID_BYTES].get(context)
            known = shorter if found is None else _mixed(shorter, *found)
            if len(self._known) * self.vocabulary >= _MOST_KEPT:
                self._known.clear()
            self._known[context] = known
        return known

    def seen(self, ids: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return how far back each id of a piece was seen to follow what stands before it.

        Args:
            ids: A piece, shape (length,).

        Returns:
            For each id the most ids before it, up to the order, after which it has been read; -1 where it has never been
            read at all. Shape (length,).
        """
        piece = np.ascontiguousarray(ids, np.int32)
        lengths = np.full(piece.size, -1, np.int64)
        for at, number in enumerate(piece.tolist()):
            for length in range(min(self.order, at) + 1):
                found = self._tables[length].get(piece[at - length : at].tobytes())
                if found is None or number not in found[0]:
                    break
                lengths[at] = length
        return lengths

    def transitions(self, most: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the commonest ids and how often each of them followed each, as read.

        Args:
            most: Ids at most.

        Returns:
            The ids, the commonest first, shape (n,), and the share of what followed an id that each of them makes, shape
            (n, n), a row an id; what else followed is missing from the row's sum.

        Raises:
            ConfigError: When the chain looks at no id before.
        """
        if self.order < 1:
            raise ConfigError("markov: a chain of order 0 knows no transitions. Train one with --order 1 or more.")
        numbers, counts = self._tables[0].get(b"", (np.zeros(0, np.int32), np.zeros(0, np.int32)))
        common = numbers[np.argsort(-counts, kind="stable")][:most].astype(np.int64)
        shares = np.zeros((common.size, common.size))
        for row, number in enumerate(common.astype(np.int32)):
            following, often = self._tables[1].get(number.tobytes(), (np.zeros(0, np.int32), np.zeros(0, np.int32)))
            every = np.bincount(following, often, self.vocabulary)
            shares[row] = every[common] / max(every.sum(), 1)
        return common, shares

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the counts as named arrays: for each length the rows of context and id, and how often each stood.

        Each array has the smallest type of whole numbers that holds it: ids below 256 take a byte.
        """
        result: dict[str, NDArray[np.generic]] = {"vocabulary": np.array([self.vocabulary], np.int64)}
        for length, table in enumerate(self._tables):
            rows = [
                np.column_stack([np.tile(np.frombuffer(c, np.int32), (f.size, 1)).reshape(f.size, length), f])
                for c, (f, _) in table.items()
            ]
            every = np.concatenate(rows) if rows else np.zeros((0, length + 1), np.int32)
            result[f"rows.{length}"] = smallest(every)
            result[f"counts.{length}"] = smallest(np.concatenate([n for _, n in table.values()] or [np.zeros(0, np.int32)]))
        return result

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Markov:
        """Return the chain that `tensors` made these arrays of.

        Raises:
            KeyError: When an array is missing.
            ValueError: When the arrays are no counts of ids.
        """
        lengths = sum(name.startswith("rows.") for name in tensors)
        size = np.asarray(tensors["vocabulary"])
        if not lengths or size.shape != (1,) or not 1 <= int(size[0]) <= 65536:
            raise ValueError(f"markov: {lengths} tables and a vocabulary of shape {size.shape}, expected at least one and one number")
        for length in range(lengths):
            rows, counts = np.asarray(tensors[f"rows.{length}"]), np.asarray(tensors[f"counts.{length}"])
            whole = rows.dtype.kind in "iu" and counts.dtype.kind in "iu" and rows.shape == (counts.size, length + 1)
            if not whole or np.any(counts < 1) or np.any(rows < 0) or np.any(rows >= size[0]):
                raise ValueError(f"markov: 'rows.{length}' and 'counts.{length}' are no counts of ids 0 to {int(size[0]) - 1}")
        tables = [
            _table(np.asarray(tensors[f"rows.{length}"], np.int32), np.asarray(tensors[f"counts.{length}"], np.int32))
            for length in range(lengths)
        ]
        return cls(tables, int(size[0]))


def _mixed(shorter: NDArray[np.float64], following: NDArray[np.int32], counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Counts mixed with the chances after the shorter context (method C)."""
    chances = shorter * following.size
    chances[following] += counts
    chances /= counts.sum() + following.size
    return chances


def smallest(values: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return whole numbers in the smallest type that holds them."""
    low, high = int(values.min(initial=0)), int(values.max(initial=0))
    for kind in (np.uint8, np.int8, np.uint16, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return values.astype(kind)
    return values.astype(np.int64)


def _count(pieces: list[NDArray[np.int32]], order: int) -> list[Table]:
    """Count what followed each context of 0 to `order` ids.

    A passage one id longer is the number of the passage, in order, and the id: so numbers are sorted and never rows.
    """
    ids = np.concatenate([*pieces, np.zeros(0, np.int32)])
    left = np.concatenate([np.arange(piece.size, 0, -1) for piece in pieces] or [np.zeros(0, np.int64)])  # ids up to the piece's end
    many = int(ids.max(initial=0)) + 1
    numbers = np.zeros(ids.size, np.int64)  # of the passage that begins at each place
    tables = []
    for length in range(order + 1):
        begins = np.flatnonzero(left > length)
        longer = numbers[begins] * many + ids[begins + length]
        _, first, numbers[begins], counts = np.unique(longer, return_index=True, return_inverse=True, return_counts=True)
        tables.append(_table(ids[begins[first, None] + np.arange(length + 1)], counts.astype(np.int32)))
    return tables


def _table(rows: NDArray[np.int32], counts: NDArray[np.int32]) -> Table:
    """Sorted rows of context and id, cut where the context changes."""
    if not rows.shape[0]:
        return {}
    contexts = rows[:, :-1]
    changes = np.flatnonzero(np.any(contexts[1:] != contexts[:-1], axis=1)) + 1
    bounds = [0, *(int(at) for at in changes), rows.shape[0]]
    return {
        np.ascontiguousarray(contexts[low]).tobytes(): (np.ascontiguousarray(rows[low:high, -1]), counts[low:high])
        for low, high in pairwise(bounds)
    }
