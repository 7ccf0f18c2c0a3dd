"""What an ear should hear, frame by frame: onsets, sounding keys, offsets, loudness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.key_net_shape import FIRST_KEY, KEYS

SPREAD = 2.5
"""Frames to either side in which an onset or an offset is felt."""


@dataclass(frozen=True)
class Targets:
    """Arrays of shape (frames, keys).

    Attributes:
        onset: 1 at an onset, falling to 0 in `SPREAD` frames.
        frame: Whether the key sounds.
        offset: 1 at an offset, likewise.
        velocity: The velocity / 128 around an onset, 0 elsewhere.
    """

    onset: NDArray[np.float32]
    frame: NDArray[np.float32]
    offset: NDArray[np.float32]
    velocity: NDArray[np.float32]


def targets_of(
    start: NDArray[np.float64], end: NDArray[np.float64], key: NDArray[np.int64], velocity: NDArray[np.int64], *, frames: int, rate: float
) -> Targets:
    """Return the targets of some notes.

    Args:
        start: Seconds, shape (notes,); also before 0.
        end: Seconds.
        key: MIDI keys.
        velocity: 1 to 127.
        frames: Frames of the stretch.
        rate: Frames per second.
    """
    onset, frame, offset, loud = (np.zeros((frames, KEYS), np.float32) for _ in range(4))
    reach = int(np.ceil(SPREAD))
    for begin, stop, place, strength in zip(start * rate, end * rate, (key - FIRST_KEY).tolist(), velocity.tolist(), strict=True):
        frame[max(round(begin), 0) : max(round(stop), 0), place] = 1
        for at, into in ((begin, onset), (stop, offset)):
            around = np.arange(max(int(at) - reach, 0), min(int(at) + reach + 2, frames))
            if around.size:
                height = np.maximum(0, 1 - np.abs(around - at) / SPREAD).astype(np.float32)
                into[around, place] = np.maximum(into[around, place], height)
                if into is onset:
                    loud[around[height > 0], place] = strength / 128
    return Targets(onset, frame, offset, loud)
