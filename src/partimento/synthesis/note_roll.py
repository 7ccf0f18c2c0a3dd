"""What the keys of a piano do, 250 times a second: what a voice that learnt is told.

Source: Hawthorne et al. 2019, section 5: velocities while keys sound, the pedal told as longer notes. Differs: strikes stand by
themselves, so that a key that is struck again is told from one that goes on, and so does the pedal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.models.wavenet_shape import ROLL, SAMPLE_RATE, SAMPLES_PER_FRAME
from partimento.score.timed_notes import Performance

FRAMES_PER_SECOND = SAMPLE_RATE // SAMPLES_PER_FRAME


def note_roll(performance: Performance, frames: int, *, first: int = 0) -> NDArray[np.float32]:
    """Return the roll of a performance, shape (frames, ROLL), as `models.wavenet_shape` says.

    Args:
        performance: Notes may begin before the first frame; those outside the piano's keys are left out.
        frames: So many.
        first: The first frame; 0 begins at 0 s, and before it the keys are still.
    """
    roll, notes = np.zeros((frames, ROLL), np.float32), performance.notes
    begins = np.floor(notes.start * FRAMES_PER_SECOND).astype(np.int64) - first
    ends = np.maximum(np.floor(notes.end * FRAMES_PER_SECOND).astype(np.int64) - first, begins + 1)
    for begin, end, key, velocity in zip(
        begins.tolist(), ends.tolist(), (notes.key - FIRST_KEY).tolist(), notes.velocity.tolist(), strict=True
    ):
        if end <= 0 or begin >= frames or not 0 <= key < KEYS:
            continue
        if begin >= 0:
            roll[begin, key] = velocity / 127
        roll[max(begin, 0) : end, KEYS + key] = velocity / 127
    at = (first + np.arange(frames)) / FRAMES_PER_SECOND
    roll[:, -1] = np.searchsorted(performance.pedal, at, side="right") % 2
    return roll
