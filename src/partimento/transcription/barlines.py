"""Bar lines: the metre that the whole piece speaks for, and where its bars begin, passage by passage."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partimento.transcription.metre import FINE, Barring, Heard, barrings, evidence
from partimento.transcription.metre_weights import BAR_LINE_WEIGHTS, METRE_WEIGHTS

_PASSAGE_UNITS, _MOST_CHORDS, _FEWEST_CHORDS = 24 * FINE, 80, 12
"""A passage lasts so long, or has so many chords, where that is shorter; a shorter last one belongs to the one before."""

_SHIFT_COST = 4.0
"""Of bar lines that move from one passage to the next: a beat was lost or added, or the music has a bar of another length."""


@dataclass(frozen=True)
class Bars:
    """The barred piece: how, the place of each chord in units from a bar line, shape (chords,), and what speaks for it, shape (kinds,)."""

    barring: Barring
    place: NDArray[np.int64]
    evidence: NDArray[np.float64]


def barred(what: Heard) -> Bars:
    """Return the likeliest bars of a piece of one metre."""
    ways = [barred_as(what, barring) for barring in barrings(what.unit_seconds)]  # a beat of any length leaves some in question
    return max(ways, key=lambda bars: float(bars.evidence @ METRE_WEIGHTS))


def barred_as(what: Heard, barring: Barring) -> Bars:
    """Return the likeliest bars of a piece that is barred so; what speaks for them is the mean of its passages."""
    passages = passages_of(what.place)
    found = np.array(
        [
            evidence(replace(what, place=what.place[low:high], accents=what.accents[low:high], pitches=what.pitches[low:high]), barring)
            for low, high in passages
        ]
    )
    path = _path(found @ BAR_LINE_WEIGHTS)
    place = _rebased(what.place, passages, barring.origins[path], barring.bar)
    return Bars(barring, place, found[np.arange(len(path)), path].mean(axis=0))


def passages_of(place: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the first chord and the one behind the last of each passage; `place` in units, rising, shape (chords,)."""
    found: list[tuple[int, int]] = []
    low = 0
    while low < place.size:
        high = min(int(np.searchsorted(place, place[low] + _PASSAGE_UNITS)), low + _MOST_CHORDS)
        if place.size - high < _FEWEST_CHORDS:
            high = place.size
        found.append((low, high))
        low = high
    return found


def _path(scores: NDArray[np.float64]) -> list[int]:
    """The likeliest origin of each passage; `scores` has shape (passages, origins)."""
    total = scores[0]
    came_from = np.tile(np.arange(total.size), (len(scores), 1))
    for index in range(1, len(scores)):
        best = int(np.argmax(total))
        moves = total < total[best] - _SHIFT_COST
        came_from[index, moves] = best
        total = np.where(moves, total[best] - _SHIFT_COST, total) + scores[index]
    path = [int(np.argmax(total))]
    for index in range(len(scores) - 1, 0, -1):
        path.append(int(came_from[index, path[-1]]))
    return path[::-1]


def _rebased(place: NDArray[np.int64], passages: list[tuple[int, int]], origins: NDArray[np.int64], bar: int) -> NDArray[np.int64]:
    """Places counted from a bar line, the first chord in the first bar; where bar lines move, all that follows moves along."""
    moved = place - origins[0]
    moved -= moved[0] // bar * bar
    for (low, _), before, now in zip(passages[1:], origins[:-1].tolist(), origins[1:].tolist(), strict=True):
        shift = (before - now + bar // 2) % bar - bar // 2
        if shift and moved[low] + shift <= moved[low - 1]:
            shift += bar
        moved[low:] += shift
    return np.asarray(moved)
