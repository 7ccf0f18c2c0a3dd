"""Notes whose times are seconds: as they are played, or were heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TimedNotes:
    """Notes as arrays of shape (notes,).

    Attributes:
        start: Onsets, seconds; negative for notes that sound already when a stretch begins.
        end: When their strings are stilled, seconds, after `start`.
        key: MIDI keys.
        velocity: 1 to 127.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    key: NDArray[np.int64]
    velocity: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of notes."""
        return len(self.start)
