"""A network left to itself: no rules, so that one sees what it has learnt and what not."""

from __future__ import annotations

import numpy as np

from partimento.encoding.encoding import Mask

MOST_FREE_IDS = 2_000
"""Ids after which a text that has not ended is cut off; the labs write 1,000 characters."""

_BAR = 64
"""Ids that count as a bar, for a sampler that writes bar by bar."""


class NoRules:
    """Follows a piece and lets anything follow anything (see `encoding.Grammar`).

    Args:
        vocabulary: Number of ids.
        start_id: Never comes again.
        end_id: Ends the piece; None where the encoding has no end.
    """

    def __init__(self, vocabulary: int, *, start_id: int, end_id: int | None) -> None:
        self._may = np.arange(vocabulary) != start_id
        self._end_id = end_id
        self._written = 0
        self._ended = False

    @property
    def finished(self) -> bool:
        """True when the model has ended the piece, or it is too long."""
        return self._ended or self._written >= MOST_FREE_IDS

    @property
    def bars(self) -> int:
        """Stretches begun so far."""
        return self._written // _BAR

    def allowed(self) -> Mask:
        """Return that all but the start may come next, shape (vocabulary,)."""
        return self._may if not self.finished else np.zeros_like(self._may)

    def push(self, number: int) -> None:
        """Take the next id."""
        self._written += 1
        self._ended = number == self._end_id
