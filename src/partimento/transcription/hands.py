"""Which hand plays each note: the keyboard is cut in two at every chord, and the cut moves as little as it can."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOWEST_CUT, HIGHEST_CUT = 36, 76
"""Keys between which the right hand's lowest note may lie."""

_SPAN_SEMITONES, _SPAN_COST = 12, 0.35  # what a hand holds with ease, and the cost of each semitone more
_FINGERS, _FINGER_COST = 5, 3.0
_NEAR_SEMITONES, _NEAR_COST = 2.0, 0.12  # a cut beside notes that were just played tears a line apart
_REACH_SECONDS = 0.8
_MIDDLE, _MIDDLE_COST = 60.5, 0.012  # the cut is likeliest about middle C
_IDLE_COST = 0.1  # of a hand that plays nothing while the other one plays more than it can hold
_MOVE_COST = 0.25  # of each semitone that the cut moves


def is_right(
    seconds: NDArray[np.float64], ends: NDArray[np.float64], pitch: NDArray[np.int64], chord: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which notes the right hand plays, shape (notes,).

    Args:
        seconds: When each note begins, rising, shape (notes,).
        ends: When its key is let go, shape (notes,).
        pitch: Its MIDI key, shape (notes,).
        chord: Which chord it belongs to, counted from 0, rising, shape (notes,).

    The cheapest path of cuts through all chords: a hand holds about an octave and five keys, sounding ones counted; a
    cut lies between the lines that are played, near the middle of the keyboard, and moves little.
    """
    cuts = np.arange(LOWEST_CUT, HIGHEST_CUT + 1)
    costs = _costs(seconds, ends, pitch, chord, cuts)
    move = _MOVE_COST * np.abs(cuts[:, None] - cuts)
    total = costs[0]
    came_from = np.zeros(costs.shape, np.int64)
    for index in range(1, len(costs)):
        paths = total[:, None] + move
        came_from[index] = np.argmin(paths, axis=0)
        total = np.min(paths, axis=0) + costs[index]
    cut = np.zeros(len(costs), np.int64)
    cut[-1] = int(np.argmin(total))
    for index in range(len(costs) - 1, 0, -1):
        cut[index - 1] = came_from[index, cut[index]]
    return np.asarray(pitch >= cuts[cut[chord]])


def _costs(
    seconds: NDArray[np.float64], ends: NDArray[np.float64], pitch: NDArray[np.int64], chord: NDArray[np.int64], cuts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What each cut costs at each chord, but for moving there, shape (chords, cuts)."""
    first = np.searchsorted(chord, np.arange(int(chord[-1]) + 2))
    costs = np.zeros((first.size - 1, cuts.size))
    near = _NEAR_COST * np.exp(-np.abs(np.arange(128)[:, None] - (cuts - 0.5)) / _NEAR_SEMITONES)  # (keys, cuts)
    middle = _MIDDLE_COST * (cuts - _MIDDLE) ** 2 / 6
    for index, (low, high) in enumerate(zip(first[:-1].tolist(), first[1:].tolist(), strict=True)):
        begin, stop = np.searchsorted(seconds, [seconds[low] - _REACH_SECONDS, seconds[low] + _REACH_SECONDS])
        held = np.flatnonzero(ends[begin:high] > seconds[low] + 0.02) + begin
        held = np.union1d(held, np.arange(low, high))
        costs[index] = middle + near[pitch[begin:stop]].sum(axis=0) + _hand_costs(pitch[held], cuts)
        if np.ptp(pitch[begin:stop]) > _SPAN_SEMITONES:
            right = (pitch[begin:stop, None] >= cuts).mean(axis=0)
            costs[index] += _IDLE_COST * (np.minimum(right, 1 - right) < 0.1) * min(stop - begin, 8)
    return costs


def _hand_costs(pitch: NDArray[np.int64], cuts: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the two hands' spans and fingers cost for each cut, shape (cuts,)."""
    is_right = pitch[:, None] >= cuts
    cost = np.zeros(cuts.size)
    for mine in (is_right, ~is_right):
        low = np.where(mine, pitch[:, None], 200).min(axis=0)
        high = np.where(mine, pitch[:, None], -200).max(axis=0)
        cost += _SPAN_COST * np.maximum(high - low - _SPAN_SEMITONES, 0) + _FINGER_COST * np.maximum(mine.sum(axis=0) - _FINGERS, 0)
    return cost
