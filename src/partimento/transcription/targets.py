"""What an ear should hear, frame by frame: onsets, sounding keys, offsets, loudness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.score.timed_notes import TimedNotes

SPREAD = 2.5
"""Frames to either side in which an onset or an offset is felt, where it is felt at all around."""


@dataclass(frozen=True)
class Targets:
    """Arrays of shape (frames, keys).

    Attributes:
        onset: 1 at an onset, falling to 0 in `SPREAD` frames; or 1 in the frame of an onset alone.
        frame: Whether the key sounds.
        offset: 1 at an offset, likewise.
        velocity: The velocity / 128 around an onset, 0 elsewhere.
    """

    onset: NDArray[np.float32]
    frame: NDArray[np.float32]
    offset: NDArray[np.float32]
    velocity: NDArray[np.float32]


def targets_of(notes: TimedNotes, *, frames: int, rate: float, spread: bool = True) -> Targets:
    """Return the targets of some notes.

    Args:
        notes: In seconds; also before 0.
        frames: Frames of the stretch.
        rate: Frames per second.
        spread: Whether onsets and offsets are felt around them, `SPREAD` frames; otherwise in the nearest frame alone.
    """
    onset, frame, offset, loud = (np.zeros((frames, KEYS), np.float32) for _ in range(4))
    columns = (notes.start * rate, notes.end * rate, (notes.key - FIRST_KEY).tolist(), notes.velocity.tolist())
    for begin, stop, place, strength in zip(*columns, strict=True):
        frame[max(round(begin), 0) : max(round(stop), 0), place] = 1
        for at, into in ((begin, onset), (stop, offset)):
            around, height = _felt(at, frames, spread=spread)
            into[around, place] = np.maximum(into[around, place], height)
            if into is onset:
                loud[around[height > 0], place] = strength / 128
    return Targets(onset, frame, offset, loud)


def _felt(at: float, frames: int, *, spread: bool) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The frames in which an edge is felt, and how strongly."""
    if not spread:
        nearest = np.array([number for number in (round(at),) if 0 <= number < frames], np.int64)
        return nearest, np.ones(nearest.size, np.float32)
    reach = int(np.ceil(SPREAD))
    around = np.arange(max(int(at) - reach, 0), max(min(int(at) + reach + 2, frames), 0))
    return around, np.maximum(0, 1 - np.abs(around - at) / SPREAD).astype(np.float32)
