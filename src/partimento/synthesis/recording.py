"""One recording of a SoundFont."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]


class Sample:
    """A recording, decoded as far as it is needed.

    Args:
        decode: Returns so many of its values, -1 to 1, from the first on.
        frames: How many there are.
        rate: Hz.
        key: MIDI key at which it is played as it is.
        cents: What is to be added to its pitch.
        loop: First frame of its loop, and the one after the last.
    """

    def __init__(self, decode: Callable[[int], Frames], frames: int, *, rate: int, key: int, cents: int, loop: tuple[int, int]) -> None:
        self.frames = frames
        self.rate = rate
        self.key = key
        self.cents = cents
        self.loop = loop
        self._decode = decode
        self._decoded = np.zeros(0, np.float32)

    def beginning(self, frames: int) -> Frames:
        """Return at least so many of its values, or all.

        Raises:
            AudioError: When they cannot be decoded.
        """
        wanted = min(frames, self.frames)
        if self._decoded.size < wanted:
            found = self._decode(min(max(wanted, 2 * self._decoded.size, self.rate), self.frames))
            self._decoded = np.pad(found, (0, max(wanted - found.size, 0)))  # a broken stream may end before its time
        return self._decoded

    @property
    def values(self) -> Frames:
        """All its values, shape (frames,)."""
        return self.beginning(self.frames)
