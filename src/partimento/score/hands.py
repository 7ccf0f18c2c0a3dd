"""Which hand plays each note: the keyboard is cut in two at every chord, and the cut moves as little as it can.

The costs were fitted to the staves of 21 sonata movements and rags; how well they tell others: `benchmarks/hands.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partimento.score.score import Score

HANDS = ("right hand", "left hand")
"""Names of the two tracks of a score in two hands."""

KEYBOARDS = (range(0, 8), range(16, 24), range(46, 47))
"""General MIDI programs that two hands play on two staves: pianos, organs, the harp."""

LOWEST_CUT, HIGHEST_CUT = 36, 78
"""Keys between which the right hand's lowest note may lie."""

_SPAN_SEMITONES, _SPAN_COST = 9, 0.2  # what a hand holds with ease, and the cost of each semitone more
_FINGERS, _FINGER_COST = 5, 0.9
_NEAR_SEMITONES, _NEAR_COST = 0.65, 0.11  # a cut beside notes that were just played tears a line apart
_REACH_SECONDS = 0.65
_MIDDLE, _MIDDLE_COST = 65.5, 0.004  # the cut is likeliest above middle C: both hands play there
_IDLE_COST = 0.06  # of a hand that plays nothing while the other one plays more than it can hold
_MOVE_COST = 0.27  # of each semitone that the cut moves


_LOW = 59


class Notes(Protocol):
    """What is asked of a track: ticks or parts of them, and keys, each shape (notes,), sorted by start; a General MIDI program."""

    @property
    def start(self) -> NDArray[np.int64]:
        """Onsets."""

    @property
    def end(self) -> NDArray[np.int64]:
        """Ends."""

    @property
    def pitch(self) -> NDArray[np.int32]:
        """MIDI keys."""

    @property
    def program(self) -> int:
        """General MIDI program."""


def in_hands(score: Score) -> Score:
    """Return a score whose only keyboard, if one voice or staff cannot hold it, is two tracks named as `HANDS`; another one as it is."""
    places = [place for place, track in enumerate(score.tracks) if not track.is_drum and is_keyboard(track.program) and len(track)]
    if len(places) != 1 or not wants_two_staves(score.tracks[places[0]]):
        return score
    track = score.tracks[places[0]]
    right = right_of(track, score.ticks_per_quarter)
    columns = ("start", "duration", "pitch", "velocity")
    hands = [
        replace(track, name=name, **{column: getattr(track, column)[mine] for column in columns})
        for name, mine in zip(HANDS, (right, ~right), strict=True)
    ]
    return replace(score, tracks=(*score.tracks[: places[0]], *hands, *score.tracks[places[0] + 1 :]))


def wants_two_staves(track: Notes) -> bool:
    """Return whether a track needs two staves: a keyboard's of more than one voice, or one of more than a staff can hold."""
    if not track.start.size:
        return False
    low, high = int(track.pitch.min()), int(track.pitch.max())
    overlaps = bool(np.any(track.start[1:] < np.maximum.accumulate(track.end)[:-1]))
    return overlaps and ((is_keyboard(track.program) and low < 55 and high > 64) or (low < 45 and high > 74))


def is_low(track: Notes) -> bool:
    """Return whether the bass clef suits a track: the middle of its notes lies below B3."""
    return bool(track.pitch.size) and float(np.median(track.pitch)) < _LOW


def right_of(track: Notes, quarter: int) -> NDArray[np.bool_]:
    """Return which notes of a track the right hand plays, shape (notes,), as if a quarter note took half a second.

    Args:
        track: At least one note.
        quarter: In the unit of its times.
    """
    second = 2 * quarter
    chord = np.append(0, np.cumsum(np.diff(track.start) > 0))
    return is_right(track.start / second, track.end / second, track.pitch.astype(np.int64), chord)


def is_keyboard(program: int) -> bool:
    """Return whether two hands play an instrument on two staves; `program` is General MIDI's."""
    return any(program in programs for programs in KEYBOARDS)


def is_right(
    seconds: NDArray[np.float64], ends: NDArray[np.float64], pitch: NDArray[np.int64], chord: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which notes the right hand plays, shape (notes,).

    Args:
        seconds: When each note begins, rising, shape (notes,).
        ends: When its key is let go, shape (notes,).
        pitch: Its MIDI key, shape (notes,).
        chord: Which chord it belongs to, counted from 0, rising, shape (notes,).

    The cheapest path of cuts through all chords: a hand holds about a sixth with ease, and five keys, sounding ones counted; a
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
