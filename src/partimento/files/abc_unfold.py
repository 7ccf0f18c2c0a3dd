"""Repeats, endings and parts: from bars as written to the order in which they are played.

A repeat without a start goes back to the last repeat sign or, where double bar lines or part names stand since, to
one of those: the last from which the pickup fits the bar before the sign and the number of bars is one of four,
else the last from which the pickup fits, else the last. (Source: ABC 2.1, 4.8, says the last double bar line;
but many tunes have stray ones.) Where a first ending is followed by no second one, what follows up to the next
double bar line, start of a repeat or end is the second; an ending that nothing closes before the next section is
as long as the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from partimento.files.abc_voice import Bar, Damage, full_bar

MOST_PASSES = 32
"""Times that a section is played at most."""

MOST_STEPS = 20_000
"""Bars that a tune may have when played."""

LEAST_SECTION = 4
"""Bars between an ending that nothing closes and a repeat sign that make a section of their own."""

Span = tuple[int, int, str]
"""First bar, bar behind the last, name of a part."""


@dataclass(slots=True)
class Step:
    """One bar as played.

    Attributes:
        bar: Index of the written bar; the number of bars where nothing follows any more.
        verse: Which pass of its section this is, from 0.
        before: Repeat marks at its start: ``end``, ``start``, ``again``, ``ending``.
        section: Name of the part that starts here.
    """

    bar: int
    verse: int = 0
    before: tuple[str, ...] = ()
    section: str = ""


@dataclass(slots=True)
class _Ending:
    numbers: tuple[int, ...]
    first: int
    stop: int = 0


class _Unfolder:
    """Walks the bars of one part."""

    def __init__(self, bars: list[Bar], warn: Callable[[str], None]) -> None:
        self.bars = bars
        self.warn = warn
        self.steps: list[Step] = []
        self.pending: tuple[str, ...] = ()
        self.folded = False
        self.start = 0
        self.soft: list[int] = []
        self.endings: list[_Ending] = []
        self.is_open = False

    def walk(self, low: int, high: int) -> None:
        """Play the bars `low` to `high` (not included) with their repeats."""
        self._begin(low)
        for i in range(low, high):
            bar = self.bars[i]
            if bar.opens and i > self.start:
                if not self.endings and self.bars[self.start].opens:
                    self.warn(f"line {bar.line}: a repeat starts inside a repeat that has not ended; the first is played once")
                self._flush(i, 1)
            elif bar.part and i > self.start and not self.endings and not self.bars[self.start].opens:
                self.soft.append(i)
            if bar.endings:
                if self.is_open and any(number in ending.numbers for ending in self.endings for number in bar.endings):
                    self._end_as_first(i)  # another section's ending, and nothing said where the last one of this ends
                self._close_ending(i)
                self.endings.append(_Ending(bar.endings, i))
                self.is_open = True
            if bar.closes or bar.heavy:
                self._right_sign(i, high)
        if self.start < high:
            if not self.endings and self.bars[self.start].opens:
                self.warn(f"line {self.bars[self.start].line}: a repeat starts that never ends; it is played once")
            self._flush(high, 1)

    def _right_sign(self, i: int, high: int) -> None:
        """Take the repeat sign or double bar line behind bar `i`."""
        bar = self.bars[i]
        follows = i + 1 < high and bool(self.bars[i + 1].endings)
        if bar.heavy and not bar.closes and not self.is_open:
            if not self.bars[self.start].opens and i + 1 < high:
                self.soft.append(i + 1)
            return
        if bar.closes and self.is_open and len(self.endings) > 1 and not follows:
            first, last = self.endings[0], self.endings[-1]
            if i + 1 - last.first - (first.stop - first.first) >= LEAST_SECTION:
                self._end_as_first(i + 1)
        self._close_ending(i + 1)
        if follows and (self.endings or bar.closes):
            return  # another ending; `:|2` without a first one: the second time leads elsewhere
        if bar.closes and len(self.endings) == 1 and self.endings[0].numbers == (1,) and self._leads_on(i + 1, high):
            self.endings.append(_Ending((2,), i + 1))
            self.is_open = True
            return
        self._flush(i + 1, max(bar.closes, self.bars[self.start].opens) + 1 if bar.closes else 1)

    def _begin(self, start: int) -> None:
        """Start a section."""
        self.start, self.soft, self.endings, self.is_open = start, [], [], False

    def _close_ending(self, stop: int) -> None:
        """End the open ending, if any, before bar `stop`."""
        if self.is_open:
            self.endings[-1].stop = stop
            self.is_open = False

    def _end_as_first(self, most: int) -> None:
        """Play the section, its last ending as long as its first, at most to bar `most`; the next section starts behind it."""
        first, last = self.endings[0], self.endings[-1]
        stop = min(last.first + first.stop - first.first, most) if last is not first else most
        self._flush(stop, 1)

    def _leads_on(self, first: int, high: int) -> bool:
        """Whether an unmarked second ending runs from `first` to a double bar line or the end."""
        if first >= high or self.bars[first].opens or self.bars[first].part:
            return False
        for i in range(first, high):
            last = i + 1 == high
            if self.bars[i].closes or (not last and self.bars[i + 1].endings):
                return False
            if last or self.bars[i].heavy or self.bars[i + 1].opens:
                return True
        return False

    def _flush(self, stop: int, times: int) -> None:
        """Play the section that ends before bar `stop`, and start the next."""
        self._close_ending(stop)
        endings = self.endings
        if endings or times > 1:
            begin = self._back_to(endings[0].stop if endings else stop)
            self._play(self.start, begin, 0, ())
            self.start = begin
        if times > MOST_PASSES:
            self.warn(f"line {self.bars[self.start].line}: a repeat of {times} times; it is played {MOST_PASSES} times")
            times = MOST_PASSES
        if endings:
            self._play_endings(self.start, endings)
        else:
            for verse in range(times):
                self._play(self.start, stop, verse, () if times == 1 else ("again" if verse else "start",))
            if times > 1:
                self.pending, self.folded = ("end",), True
        self._begin(stop)

    def _back_to(self, stop: int) -> int:
        """Return the bar to which a repeat sign before bar `stop` goes back."""
        candidates = [self.start, *(at for at in self.soft if at < (self.endings[0].first if self.endings else stop))]
        if len(candidates) == 1:
            return self.start
        last = self.bars[stop - 1].length
        fitting = []
        for at in candidates:
            full, first = full_bar(self.bars[at]), self.bars[at].length
            if full and (first + last == full if first < full else last >= full):
                fitting.append(at)
        for at in reversed(fitting):
            length = sum(bar.length for bar in self.bars[at:stop])
            if length % (4 * full_bar(self.bars[at])) == 0:
                return at
        return fitting[-1] if fitting else candidates[-1]

    def _play_endings(self, start: int, endings: list[_Ending]) -> None:
        """Play a section with endings."""
        numbers = sorted({number for ending in endings for number in ending.numbers})
        passes = numbers[:MOST_PASSES]
        if numbers in (list(range(1, len(numbers) + 1)), list(range(2, len(numbers) + 2))):
            passes = list(range(1, min(max(numbers), MOST_PASSES) + 1))
        else:
            shown = ", ".join(map(str, numbers[:8]))
            self.warn(f"line {self.bars[start].line}: endings {shown}; expected 1, 2 and so on; they are played in that order")
        if len(passes) == 1 and self.bars[endings[-1].stop - 1].closes:
            passes.append(-1)  # only a first ending, and its repeat sign
        common = endings[0].first
        if common > start and len(endings) == len(passes) and self._same(endings):
            for verse in range(len(passes)):
                self._play(start, endings[0].stop, verse, ("again" if verse else "start",))
            self.pending, self.folded = ("end",), True
            return
        for verse, number in enumerate(passes):
            first: tuple[str, ...] = () if len(passes) == 1 else ("again" if verse else "start",)
            if common > start:
                self._play(start, common, verse, first)
                first = ()
            ending = next((e for e in endings if number in e.numbers), None)
            if ending is not None:
                self._play(ending.first, ending.stop, verse, (*first, "ending") if len(passes) > 1 else ())
        if len(passes) > 1:
            self.pending, self.folded = ("end",), True

    def _same(self, endings: list[_Ending]) -> bool:
        """Whether all endings are one and the same music."""
        runs = [self.bars[ending.first : ending.stop] for ending in endings]
        content = [[(bar.events, bar.marks, bar.changes, bar.length, bar.key, bar.metre) for bar in run] for run in runs]
        return len(endings) > 1 and all(other == content[0] for other in content[1:])

    def _play(self, start: int, stop: int, verse: int, before: tuple[str, ...]) -> None:
        """Append the bars of one run."""
        for i in range(start, stop):
            self.steps.append(Step(i, verse, (*self.pending, *before), self.bars[i].part))
            self.pending, before = (), ()
        if len(self.steps) > MOST_STEPS:
            raise Damage(f"more than {MOST_STEPS} bars when repeats are played, expected one tune")


def unfold(bars: list[Bar], parts: list[str], warn: Callable[[str], None]) -> list[Step]:
    """Return the bars in playing order.

    Args:
        bars: As written.
        parts: Names of the parts in playing order; empty for as written.
        warn: Takes what was found.

    Returns:
        Steps; a last one with ``bar == len(bars)`` carries the marks at the very end, if any.

    Raises:
        Damage: When more is played than a tune can hold.
    """
    walker = _Unfolder(bars, warn)
    borders = [0] + [i for i, bar in enumerate(bars) if bar.part and i] + [len(bars)]
    spans = [(low, high, bars[low].part) for low, high in pairwise(borders) if low < high]
    named = any(name for _, _, name in spans)
    if parts and not named:
        warn(f"the header plays parts {''.join(parts)[:40]}, but the tune names none; it is played as it stands")
    if parts and named:
        order = _order(spans, parts, warn)
        index = 0
        while index < len(order):
            repeats = 1
            while index + repeats < len(order) and order[index + repeats] == order[index]:
                repeats += 1
            _play_part(walker, order[index], repeats)
            index += repeats
    else:
        walker.walk(0, len(bars))
    if walker.pending:
        walker.steps.append(Step(len(bars), 0, walker.pending))
    return walker.steps


def _play_part(walker: _Unfolder, span: Span, repeats: int) -> None:
    """Play one part `repeats` times; marks them as a repeat where the part has none inside."""
    starts = []
    walker.folded = False
    for _ in range(repeats):
        starts.append(len(walker.steps))
        walker.walk(span[0], span[1])
    if repeats > 1 and not walker.folded:
        for index, at in enumerate(starts):
            step = walker.steps[at]
            step.before = (*step.before, "again" if index else "start")
            for later in walker.steps[at : starts[index + 1] if index + 1 < repeats else None]:
                later.verse = index
        walker.pending = ("end",)


def _order(spans: list[Span], parts: list[str], warn: Callable[[str], None]) -> list[Span]:
    """Return the spans that `parts` plays; a name that stands several times is taken in turn."""
    by_name: dict[str, list[Span]] = {}
    for span in spans:
        by_name.setdefault(span[2] if span[2] in parts else span[2][:1], []).append(span)
    order = [spans[0]] if not spans[0][2] else []
    used: dict[str, int] = {}
    missing = set()
    for name in parts:
        if name not in by_name:
            missing.add(name)
            continue
        turn = used.get(name, 0)
        used[name] = turn + 1
        order.append(by_name[name][min(turn, len(by_name[name]) - 1)])
    if missing:
        warn(f"the header plays parts {', '.join(sorted(missing))[:40]}, which the tune does not have; they were left out")
    unplayed = sorted({name for name in by_name if name and name not in parts})
    if unplayed:
        warn(f"parts {', '.join(unplayed)[:40]} are not in the order that the header gives and are not played")
    return order
