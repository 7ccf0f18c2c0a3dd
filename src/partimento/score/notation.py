"""Music that was played, where it can be written: notes on the grid that each quarter note is nearest to.

Files of MIDI hold every tick: a programme that strikes a tick late, or a pianist, has lengths such as 239/480 that no reader wants to see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.score.note import Track
from partimento.score.score import Score
from partimento.score.transform import MOST_TICKS_PER_QUARTER, rescale, without_doubles

_PLAIN = {1: 32, 3: 8, 5: 4, 7: 4, 9: 4, 11: 2, 13: 2}
"""Odd part of a division of the quarter note -> the largest power of two beside it that counts as written music."""

_MOST_UNUSUAL = 0.05
_BINARY, _TRIPLE = 8, 6  # 32nds and sextuplets of a quarter

GRID = math.lcm(_BINARY, _TRIPLE)
"""Resolution of which a score's has to be a multiple, so that both grids are whole ticks."""

FINE = 96
"""The same, for 128ths and triplet 64ths."""

Ticks = NDArray[np.int64]


def is_played(tracks: Sequence[Track], ticks_per_quarter: int) -> bool:
    """Return whether more than one time in twenty is no usual division of a quarter note: music that was played."""
    times = [column for track in tracks for column in (track.start, track.end)]
    all_times = np.concatenate(times) if times else np.zeros(0, np.int64)
    if not all_times.size:
        return False
    return bool(np.mean(~usual(all_times, ticks_per_quarter)) > _MOST_UNUSUAL)


def is_notated(score: Score) -> bool:
    """Return whether nearly all notes begin on usual divisions of a quarter note, however long they are: whether staves can show them."""
    starts = np.concatenate([track.start for track in score.tracks]) if score.tracks else np.zeros(0, np.int64)
    return bool(starts.size) and float(np.mean(usual(starts, score.ticks_per_quarter))) >= 1 - _MOST_UNUSUAL


def usual(times: Ticks, ticks_per_quarter: int) -> NDArray[np.bool_]:
    """Return which times are a usual division of a quarter note."""
    below = ticks_per_quarter // np.gcd(times % ticks_per_quarter, ticks_per_quarter)
    found = np.zeros(times.size, np.bool_)
    for odd, two in _PLAIN.items():
        found |= (odd * two) % below == 0
    return found


def on_grid(start: Ticks, end: Ticks, ticks_per_quarter: int) -> tuple[Ticks, Ticks]:
    """Return onsets and ends of notes on the nearer of two grids in each quarter note: 32nds or sextuplets.

    Args:
        start: Onsets in ticks, shape (notes,).
        end: Ends, shape (notes,).
        ticks_per_quarter: A multiple of `GRID`.
    """
    quarters = np.concatenate([start, end]) // ticks_per_quarter
    offsets = np.concatenate([start, end]) % ticks_per_quarter
    binary, triple = (
        np.rint(offsets * steps / ticks_per_quarter).astype(np.int64) * (ticks_per_quarter // steps) for steps in (_BINARY, _TRIPLE)
    )
    known, inverse = np.unique(quarters, return_inverse=True)
    onset = np.arange(offsets.size) < start.size  # onsets choose the grid: ends are vague
    cost = [np.bincount(inverse[onset], weights=np.abs(grid - offsets)[onset], minlength=known.size) for grid in (binary, triple)]
    snapped = quarters * ticks_per_quarter + np.where((cost[1] < 0.5 * cost[0])[inverse], triple, binary)
    begin, stop = np.split(snapped, [start.size])
    return begin, np.maximum(stop, begin + _shortest(begin, ticks_per_quarter))


def _shortest(start: Ticks, ticks_per_quarter: int) -> Ticks:
    """The shortest note that may begin at each of `start`: one step of the grid that it is on."""
    is_binary = start % (ticks_per_quarter // _BINARY) == 0
    return np.where(is_binary, ticks_per_quarter // _BINARY, ticks_per_quarter // _TRIPLE)


def mended(times: Ticks, ticks_per_quarter: int) -> Ticks:
    """Return times that are no usual division of a quarter note on the nearest 128th or triplet 64th, the others as they are.

    What a file rounds, as 341 of 1024 ticks are a third, is what it was again.

    Args:
        times: In ticks, of any shape.
        ticks_per_quarter: A multiple of `FINE`.
    """
    nearest = [np.rint(times / step).astype(np.int64) * step for step in (ticks_per_quarter // 32, ticks_per_quarter // 24)]
    binary_is_nearer = np.abs(nearest[0] - times) <= np.abs(nearest[1] - times)
    return np.where(usual(times, ticks_per_quarter), times, np.where(binary_is_nearer, *nearest))


def legible(score: Score) -> Score:
    """Return a score that was played with its notes `on_grid`, its marks on 32nds; of one that was written odd times alone are `mended`.

    Notes of one key that come to begin together become one, as in `transform.quantize`. Tempo, metre and pedals stay where they are.
    """
    played, quarter = is_played(score.tracks, score.ticks_per_quarter), score.ticks_per_quarter
    if all(usual(column, quarter).all() for track in score.tracks for column in (track.start, track.end)):
        return score
    quarter = math.lcm(quarter, FINE)
    score = rescale(score, quarter if quarter <= MOST_TICKS_PER_QUARTER else MOST_TICKS_PER_QUARTER // FINE * FINE)
    quarter = score.ticks_per_quarter
    tracks = []
    for track in score.tracks:
        if played:
            start, end = on_grid(track.start, track.end, quarter)
        else:
            start, end = (mended(column, quarter) for column in (track.start, track.end))
            end = np.maximum(end, start + quarter // 32)
        tracks.append(without_doubles(replace(track, start=start, duration=end - start)))
    if not played:
        return replace(score, tracks=tuple(tracks))
    step = quarter // _BINARY
    marks = tuple(replace(mark, tick=(2 * mark.tick + step) // (2 * step) * step) for mark in score.marks)
    return replace(score, tracks=tuple(tracks), marks=marks)
