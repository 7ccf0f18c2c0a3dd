"""Lengths that can be written: notes and rests of one voice in one bar as values with dots, ties, tuplets and beams.

Times are whole numbers of which a quarter note has a multiple of 1024, counted from the start of the bar.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

FINEST = 1024
"""A quarter note has a multiple of this many parts."""

_NAMES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th", "512th", "1024th")
BEAMS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5, "256th": 6, "512th": 7, "1024th": 8}
"""Beams of a value."""

_TUPLETS = (
    *(((4, 1), 3), ((2, 1), 3), ((1, 1), 3), ((1, 2), 3), ((1, 1), 6), ((1, 2), 6), ((1, 4), 3)),
    *(((2, 1), 5), ((1, 1), 5), ((1, 2), 5), ((1, 1), 7), ((2, 1), 7), ((1, 1), 12), ((1, 2), 12), ((2, 1), 6), ((2, 1), 12), ((1, 1), 24)),
    *(((1, 1), 10), ((1, 1), 14), ((1, 1), 20), ((1, 1), 28)),
    *(((quarters, 1), odd * two) for odd in range(9, 64, 2) for two in (1, 2, 4) for quarters in (1, 2, 4)),
)
"""Spans in quarters, as fractions, and the equal steps they may have, likeliest first."""


class Unwritable(Exception):
    """Internal: a rhythm that no usual tuplet says."""


@dataclass(slots=True)
class Value:
    """One written note or rest.

    Attributes:
        at: Start from the start of the bar.
        length: Length as it sounds.
        segment: Index of the segment it belongs to.
        name: Note value, such as ``quarter``.
        dots: Dots behind it.
        tuplet: Actual and normal notes where it stands in a tuplet.
        edges: Of ``start`` and ``stop`` those that the tuplet does here.
        beams: What each beam does here, ``begin``, ``continue``, ``end`` or a hook.
    """

    at: int
    length: int
    segment: int
    name: str
    dots: int
    tuplet: tuple[int, int] | None = None
    edges: tuple[str, ...] = ()
    beams: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Metre:
    """A bar's length, quarter note and beat, in the same parts, whether it is as long as its signature says, and a beat of three parts."""

    bar: int
    quarter: int
    beat: int
    is_full: bool
    is_compound: bool

    @classmethod
    def of(cls, numerator: int, denominator: int, *, quarter: int, bar: int) -> Metre:
        """Return the metre of a time signature, for a bar that may be shorter."""
        unit = 4 * quarter // denominator
        is_compound = numerator % 3 == 0 and denominator >= 8
        beat = 3 * unit if is_compound else min(unit, 2 * quarter)
        return cls(bar, quarter, beat, is_full=bar == numerator * unit, is_compound=is_compound)


def values(segments: Sequence[tuple[int, int, bool]], metre: Metre, *, loose: bool = False) -> list[Value]:
    """Return the notes and rests that say `segments`.

    Args:
        segments: Start, end and whether it is a rest; without gaps.
        metre: The bar.
        loose: Whether a time that fits no tuplet is written with its exact length under the nearest value's name.

    Raises:
        Unwritable: When a time fits no tuplet, and `loose` is off.
    """
    if metre.is_full and list(segments) == [(0, metre.bar, True)]:
        # a rest of a full bar has no value of its own; readers take one in a pickup for a full bar, so that one is spelled
        return [Value(0, metre.bar, 0, "", 0)]
    regions = list(_regions({start for start, _, _ in segments} | {end for _, end, _ in segments}, metre, loose=loose))
    written: list[Value] = []
    for index, (start, end, is_rest) in enumerate(segments):
        for low, high, region in _cut(start, end, regions):
            written += (
                _in_tuplet(low, high, region, index, metre) if region else _plain(low, high, is_rest, index, metre=metre, loose=loose)
            )
    _mark_edges(written, regions)
    _beam(written, segments, metre)
    return written


_Region = tuple[int, int, int, int]
"""A tuplet: start, end, actual and normal notes."""


def _regions(bounds: set[int], metre: Metre, *, loose: bool) -> Iterator[_Region]:
    """The tuplets of a bar, so that every bound is either plain or a step of one."""
    finest = metre.quarter // 64
    covered = 0
    ordered = sorted(bounds)
    for bound in ordered:
        if bound % finest == 0 or bound < covered:
            continue
        for (up, down), steps in _TUPLETS:
            size = metre.quarter * up // down
            low = bound // size * size
            inside = ordered[bisect_right(ordered, low) : bisect_right(ordered, low + size - 1)]
            if low < covered or low + size > metre.bar or any((at - low) * steps % size for at in inside):
                continue
            actual = steps
            while actual % 2 == 0:
                actual //= 2
            covered = low + size
            yield low, covered, actual, 1 << (actual.bit_length() - 1)
            break
        else:
            if not loose:
                raise Unwritable


def _cut(start: int, end: int, regions: Sequence[_Region]) -> Iterator[tuple[int, int, _Region | None]]:
    """A segment cut where tuplets begin and end."""
    at = start
    for region in regions:
        low, high = max(start, region[0]), min(end, region[1])
        if low < high:
            if at < low:
                yield at, low, None
            yield low, high, region
            at = high
    if at < end:
        yield at, end, None


@cache
def _table(quarter: int, most_dots: int) -> dict[int, tuple[str, int]]:
    """Length -> value and dots."""
    table: dict[int, tuple[str, int]] = {}
    for index, name in enumerate(_NAMES):
        length = 8 * quarter >> index
        for dots in range(most_dots + 1):
            if length % 2**dots == 0:
                table.setdefault(2 * length - length // 2**dots, (name, dots))
    return table


def _split(start: int, end: int, quarter: int, fits: Callable[[int, int], bool], beat: int = 0) -> Iterator[tuple[int, int]]:
    """A span as spans that fit one value, cut at the strongest place first."""
    if fits(start, end):
        yield start, end
        return
    units = [beat * 4, beat * 2, beat] if beat else []
    units += [16 * quarter >> shift for shift in range(16) if not beat or 16 * quarter >> shift < beat]
    for unit in units:
        cut = (start // unit + 1) * unit
        if unit and cut < end:
            yield from _split(start, cut, quarter, fits, beat)
            yield from _split(cut, end, quarter, fits, beat)
            return
    raise Unwritable


def _plain(start: int, end: int, is_rest: bool, segment: int, *, metre: Metre, loose: bool) -> Iterator[Value]:
    """A span outside tuplets."""
    table = _table(metre.quarter, 0 if is_rest and not metre.is_compound else 2)
    beat = metre.beat

    def fits(low: int, high: int) -> bool:
        length = high - low
        if length not in table:
            return False
        next_beat = (low // beat + 1) * beat
        if high <= next_beat:
            return not is_rest or length == beat or (table[length][1] == 0 and low % min(length, metre.quarter) == 0)
        if low % beat:
            return not is_rest and not metre.is_compound and length <= beat
        if is_rest or metre.is_compound:
            return length % beat == 0 and low % length == 0
        return True

    finest = metre.quarter // 64
    inner = range(-(-start // finest) * finest, end // finest * finest + 1, finest) if loose else ()
    edges = [start, *([inner[0], inner[-1]] if inner else []), end]
    for first, last in itertools.pairwise(sorted(set(edges))):
        if first % finest or last % finest:
            if not loose:
                raise Unwritable
            yield Value(first, last - first, segment, *_named_nearest(last - first, metre.quarter))
            continue
        for low, high in _split(first, last, metre.quarter, fits, beat if metre.is_compound else 0):
            yield Value(low, high - low, segment, *table[high - low])


def _named_nearest(length: int, quarter: int) -> tuple[str, int]:
    """The value next to a length that is none."""
    table = _table(quarter, 0)
    return table[min(table, key=lambda known: abs(known - length))]


def _in_tuplet(start: int, end: int, region: _Region, segment: int, metre: Metre) -> Iterator[Value]:
    """A span inside a tuplet, where every value is shorter than it looks."""
    origin, _, actual, normal = region
    table = _table(metre.quarter, 1)
    shown_start, shown_end = ((at - origin) * actual // normal for at in (start, end))
    for low, high in _split(shown_start, shown_end, metre.quarter, lambda low, high: high - low in table):
        at, length = origin + low * normal // actual, (high - low) * normal // actual
        yield Value(at, length, segment, *table[high - low], tuplet=(actual, normal))


def _mark_edges(written: Sequence[Value], regions: Sequence[_Region]) -> None:
    """Say where tuplets start and stop."""
    edges = {low: "start" for low, _, _, _ in regions}
    for value in written:
        if value.tuplet is not None:
            if value.at in edges:
                value.edges = ("start",)
            if any(value.at + value.length == high for _, high, _, _ in regions):
                value.edges = (*value.edges, "stop")


def _beam(written: Sequence[Value], segments: Sequence[tuple[int, int, bool]], metre: Metre) -> None:
    """Join short notes of one beat by beams."""
    group: list[Value] = []
    for value in [*written, None]:
        joins = value is not None and value.name in BEAMS and not segments[value.segment][2]
        if group and (value is None or not joins or value.at // metre.beat != group[0].at // metre.beat):
            _join(group)
            group = []
        if joins and value is not None:
            group.append(value)


def _join(group: Sequence[Value]) -> None:
    """Beams of notes that belong together."""
    if len(group) < 2:
        return
    counts = [BEAMS[value.name] for value in group]
    for level in range(1, max(counts) + 1):
        for index, value in enumerate(group):
            if counts[index] < level:
                continue
            before = index > 0 and counts[index - 1] >= level
            behind = index + 1 < len(group) and counts[index + 1] >= level
            alone = "forward hook" if index == 0 else "backward hook"
            value.beams.append("continue" if before and behind else "end" if before else "begin" if behind else alone)
