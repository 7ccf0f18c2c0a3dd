"""Dice: a piece is thrown bar by bar from bars that stand in a corpus.

Every bar that is thrown stands in the corpus, and every joint is one that stands there: what follows a bar is thrown
from the bars that begin like its own continuation did (`training.dice_columns` says what is alike).

Asked how likely a given piece is, the dice have to say something of bars they have never seen. While the bar so far
stands in the column thrown for, the bars there that begin so are counted; then all bars of the same key and metre that
begin so; then a Markov chain of low order speaks. Each mixes in the next by Witten and Bell's method C, as `markov`
does: in the proportion of how many ids have been seen to come next. `planned` gives the dice as they compose: with
what they have not seen left out, save for where nothing else is left, and with the number of bars heeded.

Source: the game of minuets attributed to Mozart (K. 516f), after Kirnberger's of 1757. Differs: those columns were made
to fit by a composer's hand; here they are found, and a column is a place in the piece, a harmony and a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from partimento.models.dice_table import LONGEST_PLAN, OPENINGS, OVER, DiceTable, Numbers, Plan
from partimento.models.markov import Markov
from partimento.models.model import Logits, State

READINGS = 48
"""Columns that a bar may have been thrown from, as many as are remembered; the least likely are forgotten."""

RARE = 1e-6
"""Chance that composing dice give to what stands in no column they throw from."""

_LOST = -1
_KEPT_ROOTS = 2048

Chances = NDArray[np.float64]


@dataclass
class _Row:
    """Where one piece stands: the columns its present bar may come from, and the bars it may be."""

    columns: list[tuple[int, int, float]]  # column, bars left, chance
    low: int  # bars from `low` up to `high` begin as the present bar does
    high: int
    depth: int  # ids of the present bar so far; _LOST where it stands nowhere
    home: int
    last: int
    left: int = field(default=0)

    @property
    def lost(self) -> bool:
        """Whether the present bar stands nowhere in the corpus."""
        return self.depth == _LOST


class Dice:
    """A dice game over the bars of a corpus (see the module's docstring).

    Args:
        table: The bars.
        chain: Speaks where the dice have nothing to say.
        bars: Bars to plan for; None for as many as come.
        openings: Which bars may open a piece, shape (bars,); None in dice that do not compose.
    """

    def __init__(self, table: DiceTable, chain: Markov, bars: int | None = None, openings: NDArray[np.bool_] | None = None) -> None:
        self.table, self.chain = table, chain
        self.vocabulary = chain.vocabulary
        self._openings = openings
        self._plan = None if bars is None or openings is None else Plan(table, bars, openings)
        self._bars = bars or 0
        self._roots: dict[tuple[int, int], tuple[Numbers, Chances, int]] = {}

    def planned(self, bars: int | None, may_open: Callable[[Numbers], bool]) -> Dice | None:
        """Return the dice as they compose a piece.

        Args:
            bars: Bars it is to have, as played; None for as many as come.
            may_open: Whether a piece may begin with these ids, shape (length,).

        Returns:
            The dice; None where no piece of theirs begins so.
        """
        openings = np.zeros(self.table.bars, np.bool_)
        answers: dict[bytes, bool] = {}  # many pieces open alike
        for number in self.table.members[: self.table.columns[OPENINGS + 1]].tolist():
            ids = self.table.bar(number)
            if ids.tobytes() not in answers:
                answers[ids.tobytes()] = may_open(ids)
            openings[number] = answers[ids.tobytes()]
        if not openings.any():
            return None
        return Dice(self.table, self.chain, None if bars is None else min(bars, LONGEST_PLAN), openings)

    def start(self, batch: int) -> State:
        """Return the state before the first id."""
        row = _Row([(OPENINGS, self._bars, 1.0)], 0, self.table.bars, 0, int(self.table.homes[OPENINGS]), -1, self._bars)
        return (*_packed([row] * batch), *self.chain.start(batch))

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return log probabilities (batch, vocabulary) and the next state."""
        spoken, past = self.chain.step(ids, state[3:])
        rows = _unpacked(state)
        logits = np.empty((len(rows), self.vocabulary), np.float32)
        for at, row in enumerate(rows):
            self._take(row, int(ids[at]))
            logits[at] = np.log(np.maximum(self._chances(row, np.exp(spoken[at].astype(np.float64))), 1e-30))
        return logits, (*_packed(rows), *past)

    # ---- what came

    def _take(self, row: _Row, number: int) -> None:
        """Take the next id of one piece."""
        before, row.last = row.last, number
        if row.lost:
            if not (self.table.begins_bar(before, number) and self._begin(row, [(row.home, row.left - 1, 1.0)], number)):
                row.columns, row.depth = [], _LOST
            return
        low, high = self.table.narrow(row.low, row.high, row.depth, number)
        if self._holds(row.columns, low, high):
            row.low, row.high, row.depth = low, high, row.depth + 1
            return
        after = self._after(row)
        if after and self._begin(row, after, number):
            return
        elsewhere = [(row.home, row.left, 1.0)]
        if self._holds(elsewhere, low, high):
            row.columns, row.low, row.high, row.depth = elsewhere, low, high, row.depth + 1
            return
        if after:
            row.home, row.left = int(self.table.homes[after[0][0]]), after[0][1]
            if self._begin(row, [(row.home, row.left, 1.0)], number):
                return
        row.columns, row.depth = [], _LOST

    def _holds(self, columns: list[tuple[int, int, float]], low: int, high: int) -> bool:
        """Whether one of `columns` has a bar from `low` up to `high`."""
        spans = (self.table.within(column, low, high) for column, _, _ in columns)
        return low < high and any(span.start < span.stop for span in spans)

    def _begin(self, row: _Row, columns: list[tuple[int, int, float]], number: int) -> bool:
        """Begin a bar thrown from one of `columns` with `number`, where one of them has such a bar."""
        low, high = self.table.narrow(0, self.table.bars, 0, number)
        if not self._holds(columns, low, high):
            return False
        row.columns, row.low, row.high, row.depth = columns, low, high, 1
        likeliest = max(columns, key=lambda entry: entry[2])
        row.home, row.left = int(self.table.homes[likeliest[0]]), likeliest[1]
        return True

    def _after(self, row: _Row) -> list[tuple[int, int, float]]:
        """The columns that may be thrown for next, were the present bar over; the likeliest first."""
        bars, weights, left, _ = self._thrown(row.columns, row.low, row.high)
        over = self.table.bounds[bars] + row.depth == self.table.bounds[bars + 1]
        found: dict[tuple[int, int], float] = {}
        for bar, weight, bars_left in zip(bars[over].tolist(), weights[over].tolist(), left[over].tolist(), strict=True):
            following = int(self.table.following[bar])
            if following != OVER:
                key = following, bars_left - int(self.table.lengths[bar]) * bool(self._bars)
                found[key] = found.get(key, 0.0) + weight
        total = sum(found.values())
        best = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))[:READINGS]
        return [(column, bars_left, weight / total) for (column, bars_left), weight in best if weight > 0]

    # ---- what may come

    def _thrown(self, columns: list[tuple[int, int, float]], low: int, high: int) -> tuple[Numbers, Chances, Numbers, Numbers]:
        """The bars from `low` up to `high` that `columns` have: numbers, chances, bars left before them, faces."""
        bars, weights, left, shown = [], [], [], []
        for column, bars_left, chance in columns:
            span = self.table.within(column, low, high)
            found = self.table.members[span]
            faces = self._faces(column, bars_left, span)
            bars.append(found)
            weights.append(faces * chance)
            left.append(np.full(found.size, bars_left, np.int32))
            shown.append(self.table.faces[span])
        return np.concatenate(bars), np.concatenate(weights), np.concatenate(left), np.concatenate(shown)

    def _faces(self, column: int, bars_left: int, span: slice) -> Chances:
        """Chance of each of the members in `span` of being thrown from its column."""
        faces = self.table.faces[span].astype(np.float64)
        found = self.table.members[span]
        if column == OPENINGS and self._openings is not None:
            faces = faces * self._openings[found]
        if self._plan is not None and self._plan.leads_to_the_end(column, bars_left):
            return np.asarray(faces * self._plan.weights(found, bars_left))
        begin, end = self.table.columns[column : column + 2]
        return np.asarray(faces / max(int(self.table.faces[begin:end].sum()), 1))

    def _chances(self, row: _Row, spoken: Chances) -> Chances:
        """Chance of each id to come next; `spoken` is what the chain gives them."""
        if row.lost:
            return spoken
        levels = [self._next([(row.home, row.left, 1.0)], row), self._next(row.columns, row)]
        chances = spoken
        for counted, seen, kinds in levels:
            total = counted.sum()
            if total > 0:
                rest = RARE if self._openings is not None else kinds / (seen + kinds)
                chances = (1 - rest) * counted / total + rest * chances
        return chances

    def _next(self, columns: list[tuple[int, int, float]], row: _Row) -> tuple[Chances, int, int]:
        """Weight of each id to come next in bars thrown from `columns`; how many faces that rests on, and kinds of ids."""
        bars, weights, _, faces = self._thrown(columns, row.low, row.high)
        at = self.table.bounds[bars] + row.depth
        goes_on = at < self.table.bounds[bars + 1]
        counted = np.bincount(self.table.ids[at[goes_on]], weights[goes_on], self.vocabulary).astype(np.float64)
        seen = int(faces[goes_on].sum())
        if not goes_on.all():
            now = _Row(columns, row.low, row.high, row.depth, row.home, row.last, row.left)
            share = float(weights[~goes_on].sum())
            for column, bars_left, chance in self._after(now):
                numbers, first, throws = self._root(column, bars_left)
                counted[numbers] += share * chance * first
                seen += throws
        return counted, seen, int(np.count_nonzero(counted))

    def _root(self, column: int, bars_left: int) -> tuple[Numbers, Chances, int]:
        """The ids that bars of a column begin with, their chances, and how many faces there are."""
        if (column, bars_left) not in self._roots:
            if len(self._roots) >= _KEPT_ROOTS:
                self._roots.clear()
            span = slice(int(self.table.columns[column]), int(self.table.columns[column + 1]))
            numbers, which = np.unique(self.table.ids[self.table.bounds[self.table.members[span]]], return_inverse=True)
            weights = np.bincount(which, self._faces(column, bars_left, span), minlength=numbers.size)
            self._roots[column, bars_left] = numbers, weights / max(weights.sum(), 1e-300), int(self.table.faces[span].sum())
        return self._roots[column, bars_left]

    def read(self, ids: NDArray[np.integer]) -> list[tuple[int, bool]]:
        """Return the bars of a piece as the dice read them: the place each begins at, and whether it stands in the corpus.

        Args:
            ids: A piece, shape (length,). What stands before its first bar is not counted.
        """
        row = _unpacked(self.start(1))[0]
        bars: list[tuple[int, bool]] = []
        for at, number in enumerate(np.asarray(ids).tolist()):
            before, was_lost = row.last, row.lost
            self._take(row, number)
            if at and (row.depth == 1 or (row.lost and self.table.begins_bar(before, number))):
                bars.append((at, not row.lost))
            elif row.lost and not was_lost and bars:
                bars[-1] = (bars[-1][0], False)
        return bars

    # ---- as arrays

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return all it knows as named arrays."""
        return {**self.table.tensors(), **{f"chain.{name}": value for name, value in self.chain.tensors().items()}}

    @classmethod
    def of_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> Dice:
        """Return the dice that `tensors` made these arrays of.

        Raises:
            KeyError: When an array is missing.
            ValueError: When the arrays are no dice game.
        """
        chain = Markov.of_tensors({name.removeprefix("chain."): value for name, value in tensors.items() if name.startswith("chain.")})
        table = DiceTable.of_tensors(tensors)
        if chain.vocabulary != int(table.vocabulary[0]):
            raise ValueError(f"dice: a chain of {chain.vocabulary} ids beside bars of {int(table.vocabulary[0])}")
        return cls(table, chain)


def _packed(rows: list[_Row]) -> State:
    """Rows as arrays: columns with the bars left (batch, readings, 2), their chances (batch, readings), and the rest (batch, 6)."""
    columns = np.full((len(rows), READINGS, 2), -1, np.int32)
    chances = np.zeros((len(rows), READINGS))
    for at, row in enumerate(rows):
        for place, (column, left, chance) in enumerate(row.columns):
            columns[at, place] = column, left
            chances[at, place] = chance
    rest = np.array([(row.low, row.high, row.depth, row.home, row.last, row.left) for row in rows], np.int64).reshape(-1, 6)
    return columns, chances, rest


def _unpacked(state: State) -> list[_Row]:
    """What `_packed` packed."""
    columns, chances, rest = state[:3]
    return [
        _Row(
            [(column, left, chance) for (column, left), chance in zip(found, mass, strict=True) if column >= 0],
            *numbers,
        )
        for found, mass, numbers in zip(columns.tolist(), chances.tolist(), rest.tolist(), strict=True)
    ]
