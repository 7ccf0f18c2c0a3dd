"""Ticks to seconds and back, through every change of tempo; and the same music at another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partimento.errors import ScoreError
from partimento.score.score import DEFAULT_QUARTER_MICROSECONDS, Score, Tempo


def tempo_map(score: Score) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the tempo as a piecewise straight line from ticks to seconds.

    Args:
        score: Any score.

    Returns:
        Ticks, seconds and seconds per tick at each change, three arrays of shape (changes,), the first at tick 0.
        Where several tempos stand at one tick the last one holds.
    """
    changes = {0: DEFAULT_QUARTER_MICROSECONDS}
    for tempo in score.tempos:
        changes[tempo.tick] = tempo.quarter_microseconds
    ticks = np.array(sorted(changes), np.int64)
    per_tick = np.array([changes[int(tick)] for tick in ticks]) / (1e6 * score.ticks_per_quarter)
    seconds = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * per_tick[:-1])])
    return ticks, seconds, per_tick


def seconds_at(score: Score, ticks: ArrayLike) -> NDArray[np.float64]:
    """Return the time in seconds of each of `ticks` (any shape, 0 or later)."""
    at = np.asarray(ticks, np.int64)
    if not score.tempos or not score.tempos[-1].tick:  # one tempo throughout
        quarter = score.tempos[-1].quarter_microseconds if score.tempos else DEFAULT_QUARTER_MICROSECONDS
        return np.asarray(at * (quarter / (1e6 * score.ticks_per_quarter)))
    starts, seconds, per_tick = tempo_map(score)
    segment = np.searchsorted(starts, at, side="right") - 1
    return np.asarray(seconds[segment] + (at - starts[segment]) * per_tick[segment])


def ticks_at(score: Score, seconds: ArrayLike) -> NDArray[np.int64]:
    """Return the tick nearest to each of `seconds` (any shape, 0 or later)."""
    at = np.asarray(seconds, np.float64)
    starts, begins, per_tick = tempo_map(score)
    segment = np.maximum(np.searchsorted(begins, at, side="right") - 1, 0)
    return np.asarray(np.rint(starts[segment] + (at - begins[segment]) / per_tick[segment]), np.int64)


def duration_seconds(score: Score) -> float:
    """Return the time in seconds at which the last note ends."""
    return float(seconds_at(score, score.end_tick))


def with_tempo(score: Score, bpm: float) -> Score:
    """Return the score at one tempo throughout, `bpm` quarter notes a minute.

    Raises:
        ScoreError: When `bpm` is not above 0.
    """
    return replace(score, tempos=(Tempo.of_bpm(0, bpm),))


def stretch(score: Score, factor: float) -> Score:
    """Return the score played so many times as slowly, its tempos in the same proportion to each other.

    Args:
        score: Any score.
        factor: Of all durations in seconds, above 0; 1.05 is a little slower.

    Raises:
        ScoreError: When `factor` is not above 0, or a tempo becomes one that cannot be written.
    """
    if not factor > 0:
        raise ScoreError(f"stretching by {factor}: expected a factor above 0.")
    tempos = score.tempos if score.tempos and score.tempos[0].tick == 0 else (Tempo(0), *score.tempos)
    slower = (replace(tempo, quarter_microseconds=round(tempo.quarter_microseconds * factor)) for tempo in tempos)
    return replace(score, tempos=tuple(slower))
