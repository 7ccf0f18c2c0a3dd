"""Lengths in a bar as ABC writes them: note heads and ties, tuplets, rests, and the blanks between beams."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from partimento.score import TimeSignature

LONGEST_HEAD, LONGEST_UNDOTTED = 24, 16
"""Longest written lengths in units; longer ones are tied."""

FINEST = 1024
"""Finest binary division of the unit that is written; others are tuplets or bare fractions."""

LARGEST_TUPLET = 15


@dataclass(slots=True)
class Sound:
    """Notes of one layer that start and end together, in ticks, and the grace notes that take `each` ticks from their start."""

    start: int
    end: int
    pitches: list[int]
    grace: tuple[int, ...] = ()
    each: int = 0


@dataclass(slots=True)
class Piece:
    """A part of a sound (or a rest) inside a cell; `tied` on to the next, `fresh` where the sound starts with it."""

    start: int
    end: int
    sound: Sound | None
    tied: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a piece is written: the blank before it, the tuplet that it opens, its lengths, and ticks of the first of them."""

    gap: str
    opening: str
    lengths: tuple[str, ...]
    first: int


@lru_cache(maxsize=20_000)
def rhythms(durations: tuple[int, ...], offset: int, metre: tuple[int, int], scale: tuple[int, int]) -> tuple[Rhythm, ...]:
    """Return how pieces of these lengths are written one after another: bars of a tune share few rhythms.

    Args:
        durations: In ticks.
        offset: Where in its bar the first starts, in ticks.
        metre: Numerator and denominator.
        scale: Units to a whole note, ticks to a quarter.
    """
    unit = Fraction(1, scale[0])
    ticks_per_unit = 4 * scale[1] * unit
    beat = beat_units(TimeSignature(0, *metre), unit)
    place = offset / ticks_per_unit
    begin = place
    units = [duration / ticks_per_unit for duration in durations]
    made: list[Rhythm] = []
    group = -1
    index = 0
    while index < len(units):
        count, factor, scaled = _tuplet(units[index : index + 64], place - begin)
        parts = [heads(length, place, beat) if _binary(length) else [length] for length in scaled]
        p, q, r = factor.numerator, factor.denominator, sum(map(len, parts))
        opening = "" if factor == 1 else "(3" if (p, q, r) == (3, 2, 3) else f"({p}:{q}:{r}"
        for step in range(count):
            now = math.floor(place / beat)
            first = int(parts[step][0] / factor * ticks_per_unit)
            made.append(Rhythm(" " if now != group and group >= 0 else "", opening, tuple(map(length_text, parts[step])), first))
            opening, group = "", now
            place += units[index + step]
        index += count
    return tuple(made)


def beat_units(metre: TimeSignature, unit: Fraction) -> Fraction:
    """Return the length in units of what is beamed together."""
    if metre.denominator >= 8 and metre.numerator % 3 == 0:
        whole = Fraction(3, metre.denominator)
    elif metre.denominator >= 8:
        whole = Fraction(metre.numerator, metre.denominator)
    elif metre.numerator % 2 == 0 and metre.denominator == 4 and metre.numerator > 2:
        whole = Fraction(1, 2)
    else:
        whole = Fraction(1, metre.denominator)
    return whole / unit


def length_text(units: Fraction) -> str:
    """Return a length in units as ABC writes it: nothing, ``2``, ``/2``, ``3/2``."""
    above = "" if units.numerator == 1 else str(units.numerator)
    return above if units.denominator == 1 else f"{above}/{units.denominator}"


def _binary(value: Fraction) -> bool:
    """Whether the denominator is a power of two that is written."""
    return value.denominator & (value.denominator - 1) == 0 and value.denominator <= FINEST


def _odd(value: Fraction) -> int:
    """Return the numerator without its factors of two."""
    return value.numerator // (value.numerator & -value.numerator)


def heads(value: Fraction, place: Fraction, beat: Fraction) -> list[Fraction]:
    """Cut a binary length at `place` in its bar into lengths that one note head, perhaps dotted, has: at beats where it can be."""
    if not _binary(place):
        place = Fraction(0)  # inside a tuplet
    made: list[Fraction] = []
    while value > LONGEST_HEAD:
        made.append(Fraction(LONGEST_UNDOTTED))
        value, place = value - LONGEST_UNDOTTED, place + LONGEST_UNDOTTED
    if _odd(value) in (1, 3):
        return [*made, value]
    base = beat if _odd(beat) in (1, 3) else Fraction(1 << (int(beat).bit_length() - 1))  # 7/8: count in fours
    while True:
        cut = (math.ceil((place + value) / base) - 1) * base - place
        if 0 < cut < value:
            return [*made, *heads(cut, place, beat), *heads(value - cut, place + cut, beat)]
        base = base / 3 if base.numerator % 3 == 0 else base / 2


def rests_cut(pieces: list[Piece], bar: int, ticks_per_unit: Fraction) -> list[Piece]:
    """The pieces, rests that begin or end inside a tuplet cut where that tuplet ends or begins.

    Args:
        pieces: Of one bar.
        bar: Tick at which it starts.
        ticks_per_unit: Length of a unit.
    """
    made: list[Piece] = []
    places = [(piece.start - bar) / ticks_per_unit for piece in pieces] + [(pieces[-1].end - bar) / ticks_per_unit]
    for index, piece in enumerate(pieces):
        begin, end = places[index : index + 2]
        if piece.sound is not None or (_binary(begin) and _binary(end)):
            made.append(piece)
            continue
        cuts = set()
        if not _binary(begin):
            span = _span(begin, begin - places[index - 1])
            cuts.add((begin // span + 1) * span)
        if not _binary(end):
            span = _span(end, places[index + 2] - end) if index + 2 < len(places) else end
            cuts.add(math.ceil(end / span - 1) * span)
        ticks = [cut * ticks_per_unit + bar for cut in sorted(cuts) if begin < cut < end]
        borders = [piece.start, *(int(tick) for tick in ticks if tick.denominator == 1), piece.end]
        made += [Piece(start, stop, None) for start, stop in pairwise(borders)]
    return made


def _span(place: Fraction, length: Fraction) -> Fraction:
    """The length in units of a tuplet that has a note of `length` begin or end at `place`: of two triplet eighths that of a quarter."""
    powers = []
    for value in (place, length):
        below = value.denominator & -value.denominator
        powers.append(Fraction(value.numerator & -value.numerator, below))
    return min(powers)


def _tuplet(units: list[Fraction], place: Fraction) -> tuple[int, Fraction, list[Fraction]]:
    """Return how many pieces belong together, what their written lengths are longer by, and those lengths.

    A tuplet is the shortest run that starts with a length no binary fraction says and ends where one does.
    """
    if _binary(units[0]):
        return 1, Fraction(1), [units[0]]
    end = place
    for count, length in enumerate(units, start=1):
        end += length
        if not _binary(end):
            continue
        odd = 1
        for value in units[:count]:
            odd = math.lcm(odd, value.denominator // (value.denominator & -value.denominator))
        factor = Fraction(odd, 1 << (odd.bit_length() - 1))
        scaled = [value * factor for value in units[:count]]
        if 1 < odd <= LARGEST_TUPLET and all(_binary(value) for value in scaled):
            return count, factor, scaled
        break
    return 1, Fraction(1), [units[0]]
