"""What an encoding keeps of a score: how many of its notes stand, after the way there and back, where they stood."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.score import Score
from partimento.score.tempo import seconds_at

TOLERANCE_QUARTERS = 1 / 8
"""A note that moved by less is in its place: half a sixteenth."""


def kept_share(score: Score, again: Score) -> float:
    """Return the share of `score`'s pitched notes that `again` has too: same key, onset less than half a 16th away.

    An encoding keeps written time or played time; onsets are compared in both, from the first note on, and the better counts. Each note is
    found once at most. How long notes sound, and how loud, is not asked.

    Args:
        score: What was encoded.
        again: What came back, in any resolution and tempo.

    Returns:
        0 to 1; 1 for a score without pitched notes.
    """
    whole, found = _onsets(score), _onsets(again)
    if not len(whole[0]):
        return 1.0
    return max(_matched(whole, found, column, tolerance) for column, tolerance in ((1, TOLERANCE_QUARTERS), (2, 0.05))) / len(whole[0])


def _onsets(score: Score) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Key, onset in quarters and onset in seconds of each pitched note."""
    tracks = [track for track in score.tracks if not track.is_drum]
    start = np.concatenate([np.zeros(0, np.int64), *(track.start for track in tracks)])
    keys = np.concatenate([np.zeros(0, np.int64), *(track.pitch for track in tracks)])
    begin = start.min(initial=start.max(initial=0))  # silence before the first note does not count
    return keys, (start - begin) / score.ticks_per_quarter, seconds_at(score, start) - float(seconds_at(score, begin))


def _matched(
    whole: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    found: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    column: int,
    tolerance: float,
) -> int:
    """Notes of `whole` that `found` has, key by key in time order, each used once."""
    count = 0
    for key in np.unique(whole[0]):
        here, there = (np.sort(np.asarray(side[column])[side[0] == key]) for side in (whole, found))
        at = 0
        for onset in here:
            while at < len(there) and there[at] < onset - tolerance:
                at += 1
            if at < len(there) and there[at] <= onset + tolerance:
                count += 1
                at += 1
    return count
