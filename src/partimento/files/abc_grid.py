"""Where bars start when bar lines do not agree with the metre: the one rule that reader and writer share.

Bars as played are laid one after another. Short ones that fill a bar together are one bar (a repeat with a
pickup makes such pairs, and the last ones of a tune with a pickup lack what that has); a long one is as many full
bars as it holds and a short one; any other that is short ends its bar, and the next starts afresh.
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
    for index, (length, full, _) in enumerate(bars):
        if place:
            grid.joined.append(index)
        now += length
        if not full:
            continue
        if place + length > full and (place + length) % full:
            grid.odd.append(index)  # a bar line is missing: as many full bars as there are, and the rest
        place = (place + length) % full
        if place and not _fills(bars, index, place, grid.pickup):
            if index == 0 and length == place and len(bars) > 1:
                grid.pickup = length
            else:
                grid.fresh.append(now)
                grid.odd.append(index)
            place = 0
    return grid


def _fills(bars: Sequence[tuple[int, int, bool]], index: int, place: int, pickup: int) -> bool:
    """Whether the bars behind `index` fill what is left of its bar exactly, but for the pickup where the tune ends."""
    full = bars[index][1]
    behind = bars[index + 1 : index + MOST_JOINED]
    if not index and behind and behind[0][0] > place:
        return False  # a pickup, and something missing in the bar behind it
    for length, wanted, fresh in behind:
        if fresh or wanted != full:
            return False
        place += length
        if place >= full:
            return place == full
    return bool(behind) and index + MOST_JOINED > len(bars) and place + pickup == full
