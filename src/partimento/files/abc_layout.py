"""A score cut into the bars of a text, and the repeats that its marks claim."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from partimento.files.abc_grid import lay
from partimento.files.abc_staff import Cell
from partimento.score import KeySignature, Score, TimeSignature
from partimento.score.meter import bar_starts, bar_ticks

NO_METRE = TimeSignature(0)
"""What bars are laid in where a score has no time signature."""


@dataclass
class Pass:
    """One time through a repeated section: where it starts, and where its own ending starts, in ticks."""

    start: int
    ending: int | None = None


@dataclass
class Section:
    """A repeated section: its passes, and where the last one ends."""

    passes: list[Pass]
    end: int = 0

    def ticks(self) -> list[int]:
        """Every tick at which a bar line must stand."""
        return [tick for p in self.passes for tick in (p.start, p.ending) if tick is not None] + [self.end]


@dataclass
class Written:
    """One bar of the text: the cells that are played from it, first to last, and the signs around it."""

    cells: list[int]
    left: str = ""
    ending: str = ""
    right: str = "|"
    breaks: bool = False


def sections_of(score: Score) -> list[Section]:
    """Return the repeated sections that a score's marks of kind ``repeat`` claim, in order, none inside another."""
    sections: list[Section] = []
    current: Section | None = None
    for mark in score.marks_of("repeat"):
        if mark.text == "start":
            current = Section([Pass(mark.tick)])
        elif current is not None and mark.text == "again":
            current.passes.append(Pass(mark.tick))
        elif current is not None and mark.text == "ending":
            current.passes[-1].ending = mark.tick
        elif current is not None and mark.text == "end":
            current.end = mark.tick
            ticks = current.ticks()
            rising = all(a < b for a, b in pairwise(ticks))
            if len(current.passes) > 1 and rising and (not sections or sections[-1].end <= ticks[0]):
                sections.append(current)
            current = None
    return sections


@dataclass
class Layout:
    """A score's bars as cells.

    Attributes:
        score: What is laid out.
        metres, keys: One a tick, in order; before the first metre it is free.
        cells: In playing order.
        renewed: Of each cell, whether its metre must be written again to say that the bar before is over.
    """

    score: Score
    metres: list[TimeSignature] = field(default_factory=list)
    keys: list[KeySignature] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    renewed: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        metres = {signature.tick: signature for signature in self.score.time_signatures}
        if self.score.pickup:
            metres.setdefault(0, NO_METRE)
        self.metres = [metres[tick] for tick in sorted(metres)]
        keys = {signature.tick: signature for signature in self.score.key_signatures}
        self.keys = [keys[tick] for tick in sorted(keys)]

    def metre_at(self, tick: int) -> TimeSignature:
        """Return the metre in force at `tick`."""
        index = bisect.bisect_right(self.metres, tick, key=lambda metre: metre.tick) - 1
        return self.metres[index] if index >= 0 else NO_METRE

    def full(self, metre: TimeSignature) -> int:
        """Return the length of a bar in ticks."""
        return bar_ticks(metre, self.score.ticks_per_quarter)

    def _end(self, cuts: Collection[int], signs: Sequence[int]) -> int:
        """Return the tick at which the last bar ends; it is filled up where the score stops inside it, but not behind a repeat."""
        score = self.score
        changes = [key.tick for key in self.keys] + [metre.tick for metre in self.metres]
        inside = max((tick + 1 for tick in (*signs, *(tick for tick in changes if tick))), default=0)
        last_cut = max(cuts, default=0)
        end = max(score.end_tick, inside, last_cut, 1)
        if end == last_cut:
            return end
        starts = bar_starts(score, end)
        last = int(starts[-1])
        if not last and score.pickup:
            return max(end, score.pickup)
        full = self.full(self.metre_at(last))
        short = last + full - score.pickup  # the last bar lacks what the pickup has
        return short if score.pickup and short >= end else last + full

    def lay(self, cuts: Collection[int], signs: Sequence[int]) -> bool:
        """Cut the score into cells, at bar lines and elsewhere.

        Args:
            cuts: Ticks at which a bar line is needed for a repeat or a part.
            signs: Ticks at which something is written that needs a place.

        Returns:
            Whether a reader will find the same bars.
        """
        score = self.score
        end = self._end(cuts, signs)
        bars = [int(tick) for tick in bar_starts(score, end)]
        free_end = end if not self.metres else self.metres[0].tick
        if free_end:  # where the metre is free, bars are counted from each repeat
            bars = [tick for tick in bars if tick >= free_end]
            begins = sorted({0, free_end, *(tick for tick in cuts if 0 < tick < free_end)})
            bars = [tick for a, b in pairwise(begins) for tick in range(a, b, self.full(NO_METRE))] + bars
        if score.pickup and end == score.pickup:
            end += self.full(self.metre_at(0))  # a pickup alone would be a short bar
            bars.append(score.pickup)
        grid = set(bars)
        borders = sorted({*bars, *(tick for tick in cuts if 0 < tick < end), end})
        self.cells = []
        for start, stop in pairwise(borders):
            metre = self.metre_at(start)
            bar = bars[bisect.bisect_right(bars, start) - 1]
            offset = start - bar
            if start < score.pickup:
                offset += max(self.full(metre) - score.pickup, 0)
            low = bisect.bisect_right(self.keys, start, key=lambda key: key.tick)
            high = bisect.bisect_left(self.keys, stop, key=lambda key: key.tick)
            key = self.keys[low - 1] if low else None
            self.cells.append(Cell(start, stop, offset, metre, key, self.keys[low:high], start < free_end))
        self.renewed = [False] * len(self.cells)
        return not self.metres or self._reads_back(grid)

    def _reads_back(self, grid: set[int]) -> bool:
        """Find where the metre must be written again; returns whether the reader then finds the bars of `grid`."""
        cells = self.cells
        if max(cell.end - cell.start - self.full(cell.metre) for cell in cells) > 0:
            return True  # only a pickup longer than a bar; nothing helps
        while True:
            fresh_starts = [renewed or self.changes(index) for index, renewed in enumerate(self.renewed)]
            full = [0 if cell.free else self.full(cell.metre) for cell in cells]
            laid = lay([(c.end - c.start, wanted, fresh) for c, wanted, fresh in zip(cells, full, fresh_starts, strict=True)])
            wrong = [i for i in laid.joined if cells[i].start in grid]
            if not wrong:
                break
            self.renewed[wrong[0]] = True
        starts = {cell.start for cell in cells}
        fresh = {tick for tick in laid.fresh if tick in starts}
        restarts = {m.tick for m in self.metres}
        return laid.pickup == self.score.pickup and fresh <= restarts

    def changes(self, index: int) -> bool:
        """Whether a cell has another metre than the one before."""
        return index > 0 and self.cells[index - 1].metre_text != self.cells[index].metre_text


def fold(section: Section, at: dict[int, int], alike: Callable[[int, int], bool]) -> list[Written] | None:
    """Return the bars of a repeated section, written once; None where its passes are not equal.

    Args:
        section: What the marks claim.
        at: Index of the cell that starts at a tick.
        alike: Whether two cells read alike.
    """
    if any(tick not in at for tick in section.ticks()):
        return None
    common: list[list[int]] = []
    endings: list[list[int]] = []
    borders = [p.start for p in section.passes[1:]] + [section.end]
    for p, stop in zip(section.passes, borders, strict=True):
        split = stop if p.ending is None else p.ending
        common.append(list(range(at[p.start], at[split])))
        endings.append(list(range(at[split], at[stop])))
    ended = section.passes[0].ending is not None
    if not common[0] or any((p.ending is not None) != ended for p in section.passes):
        return None
    if any(not _equal(common[0], other, alike) for other in common[1:]):
        return None
    written = [Written(list(cells)) for cells in zip(*common, strict=True)]
    colons = ":" * (len(section.passes) - 1)
    written[0].left = "|:" if ended else "|" + colons
    if not ended:
        written[-1].right, written[-1].breaks = colons + "|", True
        return written
    groups: list[tuple[list[int], list[list[int]]]] = []
    for number, cells in enumerate(endings, start=1):
        group = next((g for g in groups if _equal(g[1][0], cells, alike)), None)
        if group is None:
            groups.append(([number], [cells]))
        else:
            group[0].append(number)
            group[1].append(cells)
    if len(groups) == 1:
        return None  # endings that are equal are none
    for numbers, alternatives in groups:
        bars = [Written(list(cells)) for cells in zip(*alternatives, strict=True)]
        bars[0].ending = ",".join(map(str, numbers))
        bars[-1].right = ":|"
        written.extend(bars)
    written[-1].right, written[-1].breaks = "||", True
    return written


def _equal(a: list[int], b: list[int], alike: Callable[[int, int], bool]) -> bool:
    """Whether two runs of cells read alike."""
    return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
