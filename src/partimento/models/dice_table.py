"""The table of a dice game: bars that stand in a corpus, and which of them may be thrown for next.

A printed dice game has a column of bars for every place of the piece, made so that each bar of a column fits each bar
of the next. Here a bar knows the column its own continuation stands in, and every bar of that column may follow it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from partimento.models.markov import smallest

Numbers = NDArray[np.int32]

OVER = -1
"""What follows a bar that ends the piece."""

OPENINGS, ANY = 0, 1
"""The column every piece is thrown from, and the column of all bars."""

LONGEST_PLAN = 1000


@dataclass(frozen=True, eq=False)
class DiceTable:
    """Bars and columns, as whole numbers.

    Attributes:
        vocabulary: Number of ids, as an array of one.
        ids: The ids of all bars, one bar after the other, the bars in dictionary order, shape (ids,).
        bounds: Where each bar begins in `ids`, and where the last one ends, shape (bars + 1,).
        following: The column thrown for after each bar, or `OVER`, shape (bars,).
        lengths: Bars each one counts for as played: 0 for an opening, 2 within a repeat, shape (bars,).
        members: The bars of each column, rising, shape (throws,).
        faces: Faces of the dice that show each of them, shape (throws,).
        columns: Where each column begins in `members`, and where the last one ends, shape (columns + 1,).
        homes: The column of all bars in the same key and metre, for each column, shape (columns,).
        joints: Where bars begin, rising: between two ids (first * vocabulary + second), wherever an id stands (vocabulary
            squared + id), and wherever one has stood (vocabulary squared + vocabulary + id).
    """

    vocabulary: NDArray[np.int64]
    ids: Numbers
    bounds: NDArray[np.int64]
    following: Numbers
    lengths: Numbers
    members: Numbers
    faces: Numbers
    columns: NDArray[np.int64]
    homes: Numbers
    joints: NDArray[np.int64]

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = np.asarray(getattr(self, entry.name))
            if value.ndim != 1 or value.dtype.kind not in "iu":
                raise ValueError(f"dice: '{entry.name}' is {value.dtype} of shape {value.shape}, expected whole numbers in a row")
            wide = np.int64 if entry.name in ("vocabulary", "bounds", "columns", "joints") else np.int32
            object.__setattr__(self, entry.name, np.ascontiguousarray(value.astype(wide)))
        if self.vocabulary.size != 1 or not 1 <= int(self.vocabulary[0]) <= 65536:
            raise ValueError(f"dice: vocabulary {self.vocabulary.tolist()[:3]}, expected one number from 1 to 65536")
        bars, columns = self.bounds.size - 1, self.columns.size - 1
        for name, sound in (
            ("bounds", bars >= 1 and _cuts(self.bounds, self.ids.size)),
            ("columns", columns > ANY and _cuts(self.columns, self.members.size)),
            ("ids", _within(self.ids, 0, int(self.vocabulary[0]))),
            ("following", self.following.size == bars and _within(self.following, OVER, columns)),
            ("lengths", self.lengths.size == bars and _within(self.lengths, 0, LONGEST_PLAN)),
            ("members", _within(self.members, 0, bars)),
            ("faces", self.faces.size == self.members.size and _within(self.faces, 1, 2**31)),
            ("homes", self.homes.size == columns and _within(self.homes, 0, columns)),
            (
                "joints",
                _within(self.joints, 0, int(self.vocabulary[0] * (self.vocabulary[0] + 2))) and bool(np.all(np.diff(self.joints) > 0)),
            ),
        ):
            if not sound:
                raise ValueError(f"dice: '{name}' does not fit the other arrays; the table is damaged")
        steps = np.diff(self.members)
        steps[self.columns[1:-1] - 1] = 1
        if np.any(steps < 1):
            raise ValueError("dice: 'members' do not rise within a column; the table is damaged")

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return all arrays by their names, each in the smallest type of whole numbers that holds it."""
        return {entry.name: smallest(getattr(self, entry.name)) for entry in fields(self)}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> DiceTable:
        """Return the table that `tensors` made these arrays of.

        Raises:
            KeyError: When an array is missing.
            ValueError: When the arrays are no table.
        """
        return cls(**{entry.name: tensors[entry.name] for entry in fields(cls)})  # type: ignore[arg-type]  # checked there

    @property
    def bars(self) -> int:
        """Number of different bars."""
        return self.bounds.size - 1

    def bar(self, number: int) -> Numbers:
        """Return the ids of bar `number`."""
        return self.ids[self.bounds[number] : self.bounds[number + 1]]

    def narrow(self, low: int, high: int, depth: int, number: int) -> tuple[int, int]:
        """Return which of the bars `low` to `high`, alike in their first `depth` ids, have `number` next."""
        bars = range(low, high)
        return (
            low + bisect_left(bars, number, key=lambda bar: self._id(bar, depth)),
            low + bisect_right(bars, number, key=lambda bar: self._id(bar, depth)),
        )

    def _id(self, bar: int, depth: int) -> int:
        """An id of a bar; -1 where the bar is over."""
        at = self.bounds[bar] + depth
        return int(self.ids[at]) if at < self.bounds[bar + 1] else -1

    def within(self, column: int, low: int, high: int) -> slice:
        """Return where the bars `low` to `high` of a column stand in `members`."""
        begin, end = int(self.columns[column]), int(self.columns[column + 1])
        first, last = np.searchsorted(self.members[begin:end], (low, high))
        return slice(begin + int(first), begin + int(last))

    def begins_bar(self, before: int, number: int) -> bool:
        """Whether a bar begins with `number` where `before` stands ahead of it."""
        size = int(self.vocabulary[0])
        signs = (before * size + number, size * size + number, size * size + size + before)
        places = np.searchsorted(self.joints, signs)
        return before >= 0 and any(at < self.joints.size and int(self.joints[at]) == sign for at, sign in zip(places, signs, strict=True))


class Plan:
    """How likely the piece is to end in exactly so many bars, from every column.

    Args:
        table: The table.
        bars: Bars as played, 1 to `LONGEST_PLAN`.
        openings: Which bars may open the piece, shape (bars,).
    """

    def __init__(self, table: DiceTable, bars: int, openings: NDArray[np.bool_]) -> None:
        self._table = table
        columns = table.columns.size - 1
        faces = table.faces * np.where(np.arange(table.faces.size) < table.columns[1], openings[table.members], True)
        totals = np.maximum(np.add.reduceat(np.append(faces, 0), table.columns[:-1]), 1)
        self._ways = np.zeros((bars + 1, columns), np.float32)  # of each row the greatest is 1
        self._scale = np.full(bars + 1, -np.inf)  # log of what each row was divided by
        for left in range(bars + 1):
            for part in (slice(OPENINGS + 1, columns), slice(OPENINGS, OPENINGS + 1)):  # what follows an opening is known by then
                begin, end = table.columns[part.start], table.columns[part.stop]
                ways = faces[begin:end] * self._bars(table.members[begin:end], left)
                sums = np.add.reduceat(np.append(ways, 0.0), table.columns[part] - begin)[: part.stop - part.start]
                sums[np.diff(table.columns[part.start : part.stop + 1]) == 0] = 0
                self._settle(left, part, sums / totals[part])

    def _settle(self, left: int, part: slice, ways: NDArray[np.float64]) -> None:
        """Note the ways to end in `left` bars from some columns."""
        if self._scale[left] == -np.inf and ways.max(initial=0) > 0:
            self._scale[left] = float(np.log(ways.max()))
        if self._scale[left] > -np.inf:
            self._ways[left, part] = ways / np.exp(self._scale[left])

    def _bars(self, bars: Numbers, left: int) -> NDArray[np.float64]:
        """Ways to end for each of `bars`, its own length taken off `left`."""
        rest = left - self._table.lengths[bars]
        following = self._table.following[bars]
        known = np.maximum(rest, 0)
        ways = self._ways[known, np.maximum(following, 0)] * np.exp(self._scale[known])
        return np.where(rest < 0, 0.0, np.where(following == OVER, rest == 0, ways))

    def weights(self, bars: Numbers, left: int) -> NDArray[np.float64]:
        """Return what each of `bars`, thrown with `left` bars to come, is worth beside its faces, shape (bars,)."""
        if not 0 <= left < self._scale.size or self._scale[left] == -np.inf:
            return np.zeros(bars.size)
        return np.asarray(self._bars(bars, left) / np.exp(self._scale[left]))

    def leads_to_the_end(self, column: int, left: int) -> bool:
        """Whether a piece can end in exactly `left` bars from `column`."""
        return 0 <= left < self._scale.size and bool(self._ways[left, column] > 0)


def _cuts(places: NDArray[np.int64], total: int) -> bool:
    """Whether `places` cut something of `total` parts into pieces, in order."""
    return places.size >= 1 and int(places[0]) == 0 and int(places[-1]) == total and bool(np.all(np.diff(places) >= 0))


def _within(values: NDArray[np.integer], low: int, high: int) -> bool:
    """Whether all values lie from `low` to below `high`."""
    return bool(np.all((values >= low) & (values < high)))
