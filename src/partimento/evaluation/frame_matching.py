"""In how many moments a transcription has the right keys: the frame-wise figure that transcribers are compared by.

Definition of mir_eval (Raffel et al. 2014), `multipitch`, after Bay, Ehmann and Downie 2009: every 10 ms, from 0 s on, the keys that sound
are compared with those that were played; precision and recall are over all moments of a piece together. A key sounds from its onset up to,
and without, its offset; where notes of one key overlap it sounds once. Differs: keys are equal or not, for a piano has no quarter tones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.evaluation.note_matching import Share
from partimento.score.timed_notes import TimedNotes

FRAMES_PER_SECOND = 100
KEYS = 128


def frame_share(played: TimedNotes, heard: TimedNotes) -> Share:
    """Return what share of the keys heard in all moments were played in them, and of the keys played was heard."""
    frames = int(_frames(np.concatenate([played.end, heard.end])).max(initial=0))
    mine, theirs = _sounding(played, frames), _sounding(heard, frames)
    both = int(np.count_nonzero(mine & theirs))
    precision, recall = (both / total if total else 0.0 for total in (int(np.count_nonzero(side)) for side in (theirs, mine)))
    return Share(precision, recall)


def _frames(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first moment that is not before a time; a millionth of a moment is taken for rounding."""
    return np.maximum(np.ceil(np.round(seconds * FRAMES_PER_SECOND, 6)), 0).astype(np.int64)


def _sounding(notes: TimedNotes, frames: int) -> NDArray[np.bool_]:
    """Which keys sound in each moment, shape (frames, keys)."""
    change = np.zeros((frames + 1, KEYS), np.int32)
    first, last = _frames(notes.start), _frames(notes.end)
    np.add.at(change, (first, notes.key), 1)
    np.add.at(change, (np.maximum(last, first), notes.key), -1)
    return np.asarray(np.cumsum(change, axis=0)[:frames] > 0)
