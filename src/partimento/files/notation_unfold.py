"""The order in which written bars are played: repeats, endings, da capo, dal segno, fine and coda.

A repeat without a start goes back to the bar behind the last repeat, or to the beginning. On the way back after a
jump repeats are not taken again and of several endings the last one is played.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Protocol

MOST_PASSES = 16
"""Times a section is played at most."""

MOST_STEPS = 200_000
"""Bars that are played at most."""


class Repeatable(Protocol):
    """What of a written bar says where to go on (see `notation.WrittenBar`)."""

    number: str
    forward: bool
    backward: int
    endings: frozenset[int]
    signs: set[str]


def playing_order(bars: Sequence[Repeatable], warn: Callable[[str], None]) -> list[int]:
    """Return the indices of `bars` in the order in which they are played.

    Args:
        bars: The bars as written.
        warn: Called with what is ambiguous and was left out.
    """
    walk = _Walk(bars, warn)
    while walk.at < len(bars):
        walk.step()
        if len(walk.order) > MOST_STEPS:
            warn(f"more than {MOST_STEPS} bars when repeats are played; every bar is played once.")
            return list(range(len(bars)))
    missed = set(range(len(bars))).difference(walk.order)
    if missed:
        warn(f"measure {bars[min(missed)].number}: is never reached when repeats are played; every bar is played once.")
        return list(range(len(bars)))
    return walk.order


def _groups(bars: Sequence[Repeatable]) -> list[list[int]]:
    """Of each bar the passes that it and the other endings beside it are for, rising; empty outside endings."""
    groups: list[list[int]] = []
    before: frozenset[int] = frozenset()
    for bar in bars:
        new = not before or (bar.endings != before and min(bar.endings, default=0) <= max(before))
        group: list[int] = [] if new else groups[-1]
        group.extend(number for number in sorted(bar.endings) if number not in group)
        groups.append(group)
        before = bar.endings
    return groups


class _Walk:
    """A finger on the page."""

    def __init__(self, bars: Sequence[Repeatable], warn: Callable[[str], None]) -> None:
        self.bars = bars
        self.warn = warn
        self.order: list[int] = []
        self.at = self.start = 0
        self.passing = 1
        self.jumped = False
        self.in_ending = False
        self.groups = _groups(bars)
        self.codas = [index for index, bar in enumerate(bars) if "coda" in bar.signs]
        self.segno: list[int | None] = []
        for index, bar in enumerate(bars):
            self.segno.append(index if "segno" in bar.signs else self.segno[-1] if index else None)

    def step(self) -> None:
        """Play or skip one bar and move on."""
        bar = self.bars[self.at]
        if (bar.forward and self.at != self.start) or (self.in_ending and not bar.endings):
            self.start, self.passing = self.at, 1
        self.in_ending = bool(bar.endings)
        if bar.endings and not self._is_ending_of_pass(self.at):
            self.at += 1
            return
        self.order.append(self.at)
        if self._jump(bar):
            return
        if bar.backward and not self.jumped:
            if self._comes_again(bar):
                self.passing += 1
                self.at = self.start
                self.in_ending = False
                return
            if not bar.endings:
                self.start, self.passing = self.at + 1, 1
        self.at += 1

    def _is_ending_of_pass(self, index: int) -> bool:
        """Whether the ending at `index` is played now: on a jump only the last one is."""
        wanted = self.groups[index][-1] if self.jumped else self.passing
        return wanted in self.bars[index].endings

    def _comes_again(self, bar: Repeatable) -> bool:
        """Whether the repeat behind `bar` is taken now."""
        if bar.endings:
            passes = self.groups[self.at]
            return self.passing < passes[-1] or (passes == [1] and self.passing == 1)
        times = bar.backward
        if times > MOST_PASSES:
            self.warn(f"measure {bar.number}: a repeat of {times} times; it is played twice.")
            times = 2
        return self.passing < times

    def _jump(self, bar: Repeatable) -> bool:
        """Follow a jump written behind `bar`; whether there was one to follow."""
        if self.jumped:
            if "fine" in bar.signs:
                self.at = len(self.bars)
                return True
            if "tocoda" in bar.signs:
                later = bisect_right(self.codas, self.at)
                if later < len(self.codas):
                    self.at = self.codas[later]
                    return True
            return False
        if "dacapo" not in bar.signs and "dalsegno" not in bar.signs:
            return False
        if bar.backward and self._comes_again(bar):
            return False
        target: int | None = 0
        if "dalsegno" in bar.signs:
            target = self.segno[self.at]
        if target is None:
            self.warn(f"measure {bar.number}: dal segno without a segno; it is left out.")
            return False
        self.jumped = True
        self.at = target
        self.start, self.passing, self.in_ending = target, 1, False
        return True
