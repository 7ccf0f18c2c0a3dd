"""Bars: where they start, how long they are, which beat a tick falls on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partimento.errors import ScoreError
from partimento.score.score import Score, TimeSignature

MOST_BARS = 1_000_000
"""Bars that are listed at most; a broken file may claim billions."""


def bar_ticks(signature: TimeSignature, ticks_per_quarter: int) -> int:
    """Return the length of one bar of `signature` in ticks (at least 1)."""
    return max(1, round(4 * ticks_per_quarter * signature.numerator / signature.denominator))


def signatures(score: Score) -> tuple[TimeSignature, ...]:
    """Return the time signatures in force, one a tick, the first at tick 0 (4/4 where none is written)."""
    at = {0: TimeSignature(0)}
    for signature in score.time_signatures:
        at[signature.tick] = signature
    return tuple(at[tick] for tick in sorted(at))


def bar_starts(score: Score, end_tick: int | None = None) -> NDArray[np.int64]:
    """Return the ticks at which bars start.

    A time signature starts a new bar wherever it stands. A pickup counts as a bar of its own, number 0 in
    print and index 0 here.

    Args:
        score: Any score.
        end_tick: List bars that start before this tick; the end of the last note where None.

    Returns:
        Ticks, shape (bars,), rising; empty for a score without notes.
    """
    end = score.end_tick if end_tick is None else end_tick
    starts: list[NDArray[np.int64]] = []
    changes = signatures(score)
    first = 0
    if score.pickup and end > 0:
        starts.append(np.zeros(1, np.int64))
        first = score.pickup
    room = MOST_BARS
    for index, signature in enumerate(changes):
        begin = max(signature.tick, first)
        stop = min(changes[index + 1].tick, end) if index + 1 < len(changes) else end
        length = bar_ticks(signature, score.ticks_per_quarter)
        bars = np.arange(begin, min(stop, begin + length * room), length, dtype=np.int64)
        starts.append(bars)
        room = max(room - bars.size, 0)
    return np.unique(np.concatenate(starts)) if starts else np.zeros(0, np.int64)


def bar_of(score: Score, ticks: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bar index and the offset in ticks within it of each of `ticks` (any shape)."""
    at = np.asarray(ticks, np.int64)
    starts = bar_starts(score, int(at.max(initial=0)) + 1)
    bar = np.searchsorted(starts, at, side="right") - 1
    return bar, at - starts[bar]


def tick_of(score: Score, bar: int, offset: int = 0) -> int:
    """Return the tick of `offset` ticks into bar `bar` (0 is the first, a pickup included).

    Raises:
        ScoreError: When `bar` is negative.
    """
    if bar < 0:
        raise ScoreError(f"bar {bar}: expected 0, the first, or later.")
    if score.pickup and bar == 0:
        return offset
    ahead = bar - bool(score.pickup)
    changes = signatures(score)
    for index, signature in enumerate(changes):
        begin = max(signature.tick, score.pickup)
        length = bar_ticks(signature, score.ticks_per_quarter)
        if index + 1 < len(changes):
            bars = max(-(-(changes[index + 1].tick - begin) // length), 0)  # a last, cut bar counts
            if ahead >= bars:
                ahead -= bars
                continue
        break
    return begin + ahead * length + offset


def bar_count(score: Score) -> int:
    """Return the number of bars begun before the last note ends, a pickup not counted."""
    return max(int(bar_starts(score).size) - bool(score.pickup), 0)
