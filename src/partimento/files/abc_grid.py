"""Where bars start when bar lines do not agree with the metre: the one rule that reader and writer share.

Bars as played are laid one after another. Short ones that fill a bar together are one bar (a repeat with a
pickup makes such pairs); any other that is short or long ends its bar where it ends, and the next starts afresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_JOINED = 4
"""Pieces between bar lines that may make one bar."""


@dataclass
class Grid:
    """What the bars make.

    Attributes:
        pickup: Length of the first bar in ticks where it is an incomplete one before the first full bar, else 0.
        fresh: Ticks at which a bar starts though the one before was not full.
        odd: Indices of the bars that are neither full nor part of a full one.
        joined: Indices of the bars that go on in a bar begun before.
    """

    pickup: int = 0
    fresh: list[int] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)


def lay(bars: Sequence[tuple[int, int, bool]]) -> Grid:
    """Lay bars one after another.

    Args:
        bars: Of each bar as played: its length in ticks, the length that its metre wants (0 in free metre),
            whether it starts a bar of the metre whatever went before.
    """
    grid = Grid()
    now = place = 0
    for index, (length, full, renewed) in enumerate(bars):
        if place:
            grid.joined.append(index)
        now += length
        place += length
        if not full or place % full == 0:
            place = 0
        elif place > full:
            grid.fresh.append(now)
            grid.odd.append(index)
            place = 0
        elif not _fills(bars, index, place):
            if index == 0 and len(bars) > 1:
                grid.pickup = length
            else:
                grid.fresh.append(now)
                grid.odd.append(index)
            place = 0
    return grid


def _fills(bars: Sequence[tuple[int, int, bool]], index: int, place: int) -> bool:
    """Whether the bars behind `index` fill what is left of its bar exactly."""
    full = bars[index][1]
    for length, wanted, renewed in bars[index + 1 : index + MOST_JOINED]:
        if renewed or wanted != full:
            return False
        place += length
        if place >= full:
            return place == full
    return False
