"""The form of a tune while it grows: pickup, bars, repeats and endings, and which bar lines may stand where."""

from __future__ import annotations

from fractions import Fraction

END_SIGN = "$"
"""Stands in a bar line for the end of the tune."""

LINES = ("|", "|:", f"|]{END_SIGN}", "|1 ", f":|{END_SIGN}", ":| ", ":| |:", ":|2 ", "|| ")
"""Bar lines as canonical text on one line has them, a blank where a new stretch begins."""

MOST_BARS = 64
"""Bars as played after which a tune without a wished length has ended."""

FEWEST_BARS = 8
"""Bars as played before which a tune without a wished length does not end."""

FEWEST_SECTION = 4
"""Bars of the shortest section, where the tune has room for two of them; sections then are multiples of it."""

LONGEST_REPEATED = 8
"""Bars of the longest section that is repeated."""

LONGEST_ENDING = 2


class TuneForm:
    """Counts bars as they will be played.

    A section is a stretch between repeat signs. A tune with a pickup of length p begins every section with a bar
    of p and ends it on a bar shorter by p, so that bars are full as played.

    Args:
        bars: Bars the tune must have; None for any number from `FEWEST_BARS` to `MOST_BARS`.
    """

    def __init__(self, bars: int | None) -> None:
        self._wished = bars
        self._most = MOST_BARS if bars is None else bars
        self._fewest = FEWEST_SECTION if self._most >= 2 * FEWEST_SECTION else self._most
        self._multiple = FEWEST_SECTION if self._most % FEWEST_SECTION == 0 and self._fewest == FEWEST_SECTION else 1
        self.bar = Fraction(8)
        """Length of a bar in units of 1/8."""
        self.pickup: Fraction | None = None
        """Length of the pickup; None until the first bar line has passed."""
        self.in_pickup = False
        self._opened = False  # whether the tune began with a repeat sign
        self._before = 0  # bars as played before this section
        self._bars = 0  # full bars of this section, or of its present ending
        self._state = "plain"  # plain, open, first, second
        self._common = 0  # bars of the section before its endings
        self._ending = 0  # bars of the first ending
        self._goes: bool | None = None  # whether the section may have another bar, once that was asked in this bar
        self._last: bool | None = None  # whether the tune must end with this bar, once that was asked

    @property
    def played(self) -> int:
        """Full bars behind us as played, were the present section to close here."""
        return self._before + self._count(self._bars)

    @property
    def stands(self) -> tuple[object, ...]:
        """Where the tune stands, equal for places from which the same may follow: pickup, repeat, bars of section and ending."""
        return self.pickup, self.in_pickup, self._state, self._bars, self._common, self._ending

    def _count(self, bars: int) -> int:
        """Bars as played of the present section with `bars` bars in its present part."""
        if self._state == "plain":
            return bars
        if self._state == "open":
            return 2 * bars
        if self._state == "first":
            return 2 * self._common + 2 * bars
        return 2 * self._common + self._ending + bars

    @property
    def bar_end(self) -> Fraction:
        """Where the present bar is full, in units since the bar line."""
        if self.in_pickup:
            return self.pickup or self.bar
        if self.pickup is not None and not self._goes_on():
            return self.bar - self.pickup
        return self.bar

    @property
    def last_bar(self) -> bool:
        """Whether the tune must end with the present bar."""
        if self._last is None:
            ends = not self.in_pickup and not self._goes_on()
            self._last = ends and not any(END_SIGN not in token for token in self._closings(may_end=True))
        return self._last

    def _goes_on(self) -> bool:
        """Whether the section may have another bar after the present one."""
        if self._goes is None:
            self._goes = bool(self._continuations())
        return self._goes

    def _fits(self, room: int) -> bool:
        """Whether what follows a section can fill `room` more bars."""
        return room >= self._fewest or (room >= 0 if self._wished is None else room == 0)

    def _may_open(self, room: int, bars: int) -> bool:
        """Whether a repeated section of at least `bars` bars fits into `room` bars."""
        longest = min(room // 2, LONGEST_REPEATED)
        return any(self._fits(room - 2 * count) and self._even(count) for count in range(max(bars, self._fewest), longest + 1))

    def _even(self, bars: int) -> bool:
        """Whether a section may have so many bars."""
        return bars % self._multiple == 0

    def _may_repeat(self, room: int, bars: int) -> bool:
        """Whether a section of `bars` bars, its ending included, may be repeated within `room` bars."""
        return self._fewest <= bars <= LONGEST_REPEATED and self._even(bars) and self._fits(room - 2 * bars)

    def _continuations(self) -> list[str]:
        """Bar lines after the present bar that do not close the section."""
        bars, room = self._bars + 1, self._most - self._before
        if self._state == "plain":
            return ["|"] if bars + 1 <= room else []
        if self._state == "open":
            found = ["|"] if self._may_open(room, bars + 1) else []
            with_endings = any(self._may_repeat(room, bars + ending) for ending in range(1, LONGEST_ENDING + 1))
            return [*found, "|1 "] if with_endings else found
        if self._state == "first":
            return ["|"] if bars < LONGEST_ENDING and self._may_repeat(room, self._common + bars + 1) else []
        return ["|"] if bars < self._ending else []

    def _closings(self, *, may_end: bool) -> list[str]:
        """Bar lines after the present bar that close the section."""
        bars, room = self._bars + 1, self._most - self._before
        if self._state == "first":
            return [":|2 "] if self._may_repeat(room, self._common + bars) else []
        if self._state == "second" and bars < self._ending:
            return []
        if self._state in ("plain", "open") and (bars < min(self._fewest, room) or not self._even(bars)):
            return []
        played = self._before + self._count(bars)
        room = self._most - played
        ends = may_end and (played == self._wished if self._wished is not None else played >= FEWEST_BARS or room < 1)
        goes_plain, goes_open = room >= self._fewest, self._may_open(room, 1)
        if self._state == "open":
            return [":| "] * goes_plain + [":| |:"] * goes_open + [f":|{END_SIGN}"] * ends
        return ["|:"] * goes_open + [f"|]{END_SIGN}"] * ends + ["|| "] * (goes_plain and self._state == "second")

    def lines(self, place: Fraction, may_end: bool) -> list[str]:
        """Return the bar lines (of `LINES`) that may stand at `place` of the present bar.

        Args:
            place: Units since the last bar line.
            may_end: Whether the last note is one a tune may end on.
        """
        if self.pickup is None:
            if place == 0:
                return ["|:"] if not self._opened and self._may_open(self._most, 1) else []
            if 0 < place <= self.bar / 2 and place.denominator <= 2:
                return ["|"]
        if self.in_pickup:
            return ["|"] if place == self.pickup else []
        found = self._continuations() if place == self.bar else []
        if place == self.bar - (self.pickup or 0):
            found = [*found, *self._closings(may_end=may_end)]
        if not found and place >= self.bar_end and not self._goes_on() and not self._closings(may_end=True):
            return [f"|]{END_SIGN}"]  # a given beginning left no way to the wished end
        return found

    def pass_line(self, line: str, place: Fraction) -> None:
        """Take a bar line that stands at `place` of the present bar."""
        self._goes = self._last = None
        if self.pickup is None and place == 0:
            self._opened = True
            self._state = "open"
            return
        if self.pickup is None:
            self.pickup = place if place < self.bar else Fraction(0)
            self._bars = 0 if self.pickup else 1
        elif self.in_pickup:
            self.in_pickup = False
        else:
            self._bars += 1
        if line == "|1 ":
            self._common, self._bars, self._state = self._bars, 0, "first"
        elif line == ":|2 ":
            self._ending, self._bars, self._state = self._bars, 0, "second"
        elif line in ("|:", ":| ", ":| |:", "|| "):
            self._before = self.played
            self._bars = 0
            self._state = "open" if line.endswith("|:") else "plain"
            self.in_pickup = bool(self.pickup)
