"""Telling that two files hold one work: by what is sung, not by how it is called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from partimento.score import Score

GRAM = 12
"""Intervals in a row that are compared."""


def melody_grams(score: Score) -> frozenset[Hashable]:
    """Return every run of `GRAM` intervals in the top voice, whatever its key and rhythm; a shorter voice is one run."""
    track = next((track for track in score.tracks if len(track) and not track.is_drum), None)
    if track is None:
        return frozenset()
    last = np.flatnonzero(np.append(np.diff(track.start) > 0, True))  # the highest note of each onset comes last
    intervals = np.diff(track.pitch[last])
    intervals = intervals[intervals != 0]
    if 0 < len(intervals) < GRAM:
        return frozenset([intervals.tobytes()])  # a short tune is told whole
    return frozenset(intervals[at : at + GRAM].tobytes() for at in range(len(intervals) - GRAM + 1))


def works(scores: Sequence[Score], *, share: float = 0.25) -> list[int]:
    """Return a work number for each score; scores that share melody get the same number.

    Args:
        scores: The pieces.
        share: Two pieces are one work when this share (0 to 1) of the shorter one's runs stands in the other.

    Returns:
        The index of the first score of each one's work, shape (scores,).
    """
    grams = [melody_grams(score) for score in scores]
    holders: dict[Hashable, list[int]] = defaultdict(list)
    for index, runs in enumerate(grams):
        for run in runs:
            holders[run].append(index)
    parent = list(range(len(scores)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for index, runs in enumerate(grams):
        shared: dict[int, int] = defaultdict(int)
        for run in runs:
            for other in holders[run]:
                if other < index:
                    shared[other] += 1
        for other, count in shared.items():
            shorter = min(len(runs), len(grams[other]))
            if count >= max(min(2, shorter), share * shorter):
                low, high = sorted((root(index), root(other)))
                parent[high] = low
    return [root(index) for index in range(len(scores))]
