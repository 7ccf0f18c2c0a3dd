"""What a WaveNet's sketch does for a stretch that has run away: it leads it back, until the network has forgotten.

With samples far too loud before it, a network says more of the kind: a roar that goes on by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.models.wavenet_shape import SAMPLES_PER_FRAME

Floats = NDArray[np.float32]

LOUDEST_SHARE, LOUDEST_REST = 2.2, 0.008
"""Root mean square, of that of a sketch and beside it, above which a sound has run away.

Of 12 performances, a minute of each on the piano that `piano-wavenet` learnt, not one window of 32 ms in ten thousand is.
"""

SKETCH_SHARE = 0.74
"""What has run away is led by the sketch, at the piano's loudness, for as long as the network looks back."""

LEADS = 3
"""Counts the rules that were: a sound that was begun under other ones is not gone on with."""

_KEPT = 0.75  # of the loudness of the frames before


class Lead:
    """Who of some stretches is led, frame by frame.

    Args:
        count: Stretches.
        reach: Samples that the network looks back.
    """

    def __init__(self, count: int, reach: int) -> None:
        self._frames = -(-reach // SAMPLES_PER_FRAME)
        self._left = np.zeros(count, np.int64)  # frames that each is led yet
        self._sound, self._sketch = np.zeros(count), np.zeros(count)  # powers
        self._rows = np.zeros(0, np.int64)

    def begin(self, sketch: Floats) -> None:
        """Before a frame: who is led, from its first sample on, or ever more where it begins."""
        self._rows = np.flatnonzero(self._left)
        if self._rows.size:
            rising = np.linspace(0, 1, SAMPLES_PER_FRAME, dtype=np.float32)
            share = np.where((self._left[self._rows] == self._frames)[:, None], rising, np.float32(1))
            self._own, self._led = 1 - share, share * np.float32(SKETCH_SHARE) * sketch[self._rows]

    def over(self, made: Floats, place: int) -> None:
        """Change a sample of all, shape (stretches, 1), in place."""
        if self._rows.size:
            made[self._rows, 0] = made[self._rows, 0] * self._own[:, place] + self._led[:, place]

    def end(self, sound: Floats, sketch: Floats) -> None:
        """After a frame: who has run away."""
        self._left = np.maximum(self._left - 1, 0)
        self._sound, self._sketch = (
            _KEPT * before + (1 - _KEPT) * np.square(now, dtype=np.float64).mean(axis=1)
            for before, now in ((self._sound, sound), (self._sketch, sketch))
        )
        self._sound[self._rows] = 0  # what the sketch says is not held against the network
        away = (self._left == 0) & (np.sqrt(self._sound) > LOUDEST_SHARE * np.sqrt(self._sketch) + LOUDEST_REST)
        self._left[away], self._sound[away] = self._frames, 0
