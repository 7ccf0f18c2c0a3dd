"""Tempo marks that play a score back at the times at which it was performed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.score import Tempo

TOLERANCE_SECONDS = 0.05
"""Chords may be so early or late before another tempo is written."""

SLOWEST_BPM, FASTEST_BPM = 10, 600


def tempo_marks(ticks: NDArray[np.int64], seconds: NDArray[np.float64], *, beat: int, quarter: int) -> tuple[Tempo, ...]:
    """Return whole numbers of beats a minute that stand on beats, as few as keep every chord near its time.

    Args:
        ticks: Where chords stand, rising, the first at 0, shape (chords,).
        seconds: When they begin, rising, shape (chords,).
        beat: Ticks of a beat; marks stand on multiples of it, counted from the first chord.
        quarter: Ticks of a quarter note.

    A mark undoes what the one before it left over, so that nothing adds up.
    """
    first = np.flatnonzero(np.diff(ticks, prepend=-1) > 0)
    ticks, seconds = ticks[first], seconds[first] - seconds[0]
    knots = np.arange(0, int(ticks[-1]) + beat, beat)
    times = np.interp(knots, ticks, seconds)
    if ticks.size > 1:  # the last beat goes on as the one before it
        near = np.searchsorted(ticks, ticks[-1] - beat, side="left")
        near = min(int(near), ticks.size - 2)
        times[-1] = seconds[-1] + (knots[-1] - ticks[-1]) * (seconds[-1] - seconds[near]) / (ticks[-1] - ticks[near])
    marks: list[Tempo] = []
    at, now = 0, 0.0
    while at + 1 < knots.size:
        end = at + 1
        while end + 1 < knots.size and _holds(ticks, seconds, (knots[at], now), (knots[end + 1], times[end + 1])):
            end += 1
        bpm = round(60 * (knots[end] - knots[at]) / quarter / max(times[end] - now, 1e-3))
        bpm = min(max(bpm, SLOWEST_BPM), FASTEST_BPM)
        if not marks or round(marks[-1].bpm) != bpm:
            marks.append(Tempo.of_bpm(int(knots[at]), bpm))
        now += (knots[end] - knots[at]) / quarter * 60 / bpm
        at = end
    return tuple(marks)


def _holds(ticks: NDArray[np.int64], seconds: NDArray[np.float64], start: tuple[int, float], end: tuple[int, float]) -> bool:
    """Whether chords between two places are near their times where one tempo leads from the one to the other."""
    low, high = np.searchsorted(ticks, [start[0], end[0]])
    along = (ticks[low:high] - start[0]) / (end[0] - start[0])
    return bool(np.all(np.abs(start[1] + along * (end[1] - start[1]) - seconds[low:high]) <= TOLERANCE_SECONDS))
