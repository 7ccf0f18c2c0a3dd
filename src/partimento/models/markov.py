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


class Markov:
    """Counts of what followed what (see the module's docstring).

    Args:
        tables: One a context length, 0 first.
        vocabulary: Number of ids.
    """

    def __init__(self, tables: list[Table], vocabulary: int) -> None:
        self._tables = tables
        self.vocabulary = vocabulary

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
        read = [np.asarray(piece, np.int32) for piece in pieces]
        return cls([_count(read, length) for length in range(order + 1)], vocabulary)

    def start(self, batch: int) -> State:
        """Return the state before the first id: the last ids, none yet."""
        return (np.full((batch, self.order), _NOTHING, np.int32),)

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return log probabilities (batch, vocabulary) and the next state."""
        seen = np.concatenate([state[0], np.asarray(ids, np.int32)[:, None]], axis=1)
        past = seen[:, seen.shape[1] - self.order :].astype(np.int32)
        return np.log(np.stack([self._chances(row) for row in past])).astype(np.float32), (past,)

    def _chances(self, past: NDArray[np.int32]) -> NDArray[np.float64]:
        """Chance of each id after `past`, shape (vocabulary,)."""
        chances = np.full(self.vocabulary, 1 / self.vocabulary)
        for length, table in enumerate(self._tables):
            context = past[past.size - length :]
            found = table.get(context.tobytes())
            if found is None:
                break
            following, counts = found
            new = following.size
            chances *= new
            chances[following] += counts
            chances /= counts.sum() + new
        return chances

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the counts as named arrays: for each length the rows of context and id, and how often each stood."""
        result: dict[str, NDArray[np.generic]] = {"vocabulary": np.array([self.vocabulary], np.int64)}
        for length, table in enumerate(self._tables):
            rows = [
                np.column_stack([np.tile(np.frombuffer(c, np.int32), (f.size, 1)).reshape(f.size, length), f])
                for c, (f, _) in table.items()
            ]
            result[f"rows.{length}"] = np.concatenate(rows).astype(np.int32) if rows else np.zeros((0, length + 1), np.int32)
            result[f"counts.{length}"] = np.concatenate([n for _, n in table.values()] or [np.zeros(0, np.int32)]).astype(np.int32)
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


def _count(pieces: list[NDArray[np.int32]], length: int) -> Table:
    """Count what followed each context of `length` ids."""
    windows = [np.lib.stride_tricks.sliding_window_view(piece, length + 1) for piece in pieces if piece.size > length]
    if not windows:
        return {}
    rows, counts = np.unique(np.concatenate(windows), axis=0, return_counts=True)
    return _table(rows, counts.astype(np.int32))


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
