"""Metre: which beats are bars, halves and quarters, told from what begins where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from partimento.transcription.beats import STEPS, Beats

FINE = 2 * STEPS
"""Units of a tracked beat here: every quarter below is a whole number of them."""

QUARTERS = (FINE // 2, FINE, 2 * FINE, 2 * FINE // 3, 4 * FINE // 3, 3 * FINE // 4, 3 * FINE // 2)
"""Lengths that a quarter note may have, in units."""

FASTEST = 280
"""Quarters a minute beyond which nobody counts them."""

METRES = ((4, 4), (2, 4), (3, 4), (6, 8), (3, 8), (12, 8), (9, 8))
"""Metres that are told apart; 2/2 is read as 4/4."""

LEVELS = 7
"""Off the grid, in triplets, on a 16th, an eighth, a beat, the middle of the bar, the bar line."""


@dataclass(frozen=True)
class Heard:
    """What tells the metre, one row a chord: `place` in units, and `accents` of shape (chords, kinds), the first always 1."""

    place: NDArray[np.int64]
    accents: NDArray[np.float64]
    unit_seconds: float
    pitches: NDArray[np.float64]  # (chords, 12), length 1


def heard(beats: Beats, accents: NDArray[np.float64], chord: NDArray[np.int64], pitch: NDArray[np.int64]) -> Heard:
    """Return what is heard at each chord.

    Args:
        beats: The chords on the grid.
        accents: What speaks for a beat at each, shape (chords, kinds).
        chord: Which chord each note belongs to, shape (notes,).
        pitch: MIDI key of each note, shape (notes,).
    """
    classes = np.zeros((beats.step.size, 12))
    np.add.at(classes, (chord, pitch % 12), 1.0)
    length = np.linalg.norm(classes, axis=1, keepdims=True)
    return Heard(beats.step * (FINE // STEPS), accents, float(np.median(beats.beat_seconds)) / FINE, classes / length)


@cache
def levels_of(quarter: int, numerator: int, denominator: int) -> NDArray[np.int64]:
    """Return the level of every unit of a bar, 0 to 6, shape (units of a bar,)."""
    at = np.arange(quarter * 4 * numerator // denominator)
    beat = 3 * quarter // 2 if denominator == 8 and numerator > 3 else quarter // 2 if denominator == 8 else quarter
    level = np.where(at * 6 % quarter == 0, 1, 0)
    level[at * 4 % quarter == 0] = 2
    level[at * 2 % quarter == 0] = 3
    level[at % beat == 0] = 4
    if numerator in (4, 12):
        level[at % (at.size // 2) == 0] = 5
    level[0] = 6
    return level


@dataclass(frozen=True)
class Barring:
    """A way to bar music: the length of a quarter in units, and the metre."""

    quarter: int
    metre: tuple[int, int]

    @property
    def bar(self) -> int:
        """Units of a bar."""
        return self.quarter * 4 * self.metre[0] // self.metre[1]

    @property
    def origins(self) -> NDArray[np.int64]:
        """Places, in units of the bar, where a bar line may stand."""
        return np.arange(0, self.bar, 12 if self.quarter % 12 == 0 else 8)

    @property
    def family(self) -> int:
        """0 in two or four, 1 in three, 2 in three parts a beat."""
        return 2 if self.metre[1] == 8 else int(self.metre[0] == 3)


@cache
def _standing(barring: Barring) -> NDArray[np.float64]:
    """Which level a unit of the bar has where the bar line stands at each origin, shape (origins, levels, units)."""
    level = levels_of(barring.quarter, *barring.metre)
    at = (np.arange(barring.bar) - barring.origins[:, None]) % barring.bar
    return np.asarray(level[at][:, None, :] == np.arange(LEVELS)[:, None], np.float64)


def barrings(unit_seconds: float) -> list[Barring]:
    """Return the ways to bar music whose unit lasts so long."""
    quarters = [quarter for quarter in QUARTERS if 30 <= 60 / (quarter * unit_seconds) <= FASTEST]
    return [Barring(quarter, metre) for quarter in quarters for metre in METRES]


def evidence(what: Heard, barring: Barring) -> NDArray[np.float64]:
    """Return what speaks for a way to bar a passage, for each place of the bar line, shape (origins, kinds)."""
    count, kinds = what.accents.shape
    span = max(int(what.place[-1] - what.place[0]), barring.quarter)
    cell = (what.place % barring.bar)[:, None] * kinds + np.arange(kinds)
    sums = np.bincount(cell.ravel(), weights=what.accents.ravel(), minlength=barring.bar * kinds).reshape(barring.bar, kinds)
    each = (_standing(barring) @ sums) / count  # (origins, levels, kinds)
    slots = np.bincount(levels_of(barring.quarter, *barring.metre), minlength=LEVELS) * span / barring.bar
    rates = np.zeros((barring.origins.size, 3, LEVELS))
    rates[:, barring.family] = np.minimum(each[:, :, 0] * count / np.maximum(slots, 0.5), 1.5)
    tempo = np.log(60 / (barring.quarter * what.unit_seconds) / 110)
    density = np.log(count * barring.quarter / span)
    kind = np.zeros((len(METRES), 2))
    kind[METRES.index(barring.metre)] = 1, tempo
    again = [_again(what, lag) for lag in (barring.bar // 2, barring.bar, 2 * barring.bar)]
    general = np.array([*kind.ravel(), tempo**2, density, density**2, *np.ravel(again)])
    return np.column_stack([each.reshape(len(each), -1), rates.reshape(len(each), -1), np.tile(general, (len(each), 1))])


def _again(what: Heard, lag: int) -> tuple[float, float]:
    """How often a note begins `lag` units after another, and how alike the pitch classes then are."""
    at = np.searchsorted(what.place, what.place + lag)
    at = np.minimum(at, what.place.size - 1)
    hit = what.place[at] == what.place + lag
    alike = (what.pitches * what.pitches[at]).sum(axis=1)
    return float(hit.mean()), float((alike * hit).mean())
