"""Whole pieces at once, by blocked Gibbs sampling: written down roughly, then parts of it again and again, as a pupil mends an exercise.

First the plan of a piece is drawn, its metre, key, places and end, as a grammar lets them come. Then every voice is drawn
at once, each cell without knowing of the others; then a share of the cells is hidden and drawn anew, given the rest, a
smaller share each round. At last the grammar goes over the piece id by id: what it does not allow is drawn once more,
given all that stands before and after, and held fast while the rest is drawn some more.

Source: "Counterpoint by Convolution" (Huang et al. 2017), sampling after Yao et al. 2014, with the shares that the
authors' published program has. Differs: the plan and the grammar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Grammar, Template
from partimento.errors import EncodingError
from partimento.generation.filters import Filter, Logits
from partimento.models.model import Filling, SequenceModel

ROUNDS = 96
"""Rounds of a piece; the paper's figures are of as many as a crop has cells, 256, and its authors see little gain after 100."""

MOST, LEAST, FALL = 0.9, 0.1, 0.7
"""Share that is hidden in the first round and in the last, and the part of all rounds over which it falls."""

POLISHES, POLISH_ROUNDS = 3, 16
"""How often the rest is drawn anew around what the grammar had to insist on, and in how many rounds."""

TRIES = 8
"""Pieces that are written at most where one must be accepted."""

Ids = NDArray[np.int32]
Flags = NDArray[np.bool_]


class FillingModel(SequenceModel, Filling, Protocol):
    """A model that writes in order and fills in."""


class Painter:
    """Writes whole pieces with a model that fills in.

    Args:
        model: What stands where.
        filters: See `filters.Sampling`.
        random: Where chance comes from.
        most: Ids that a plan may have at most.
        accept: Asked what it thinks of a piece; where it says no, another is written.
    """

    def __init__(
        self,
        model: FillingModel,
        filters: Sequence[Filter],
        random: np.random.Generator,
        *,
        most: int,
        accept: Callable[[Sequence[int]], bool] | None = None,
    ) -> None:
        self._model, self._filters, self._random, self._most, self._accept = model, filters, random, most, accept
        self.written = 0
        """Ids chosen so far, those that were drawn anew included."""

    def paint(self, grammar: Callable[[int | None], Grammar], beginning: Sequence[int], bars: int | None) -> Ids:
        """Return a piece, shape (length,).

        Args:
            grammar: Makes a grammar at the very start, for a number of bars.
            beginning: Ids that are kept as they are, the start id first.
            bars: Bars it is to have; None leaves them to the plan.

        Raises:
            EncodingError: When no end is in sight, or no piece is accepted.
        """
        for _ in range(TRIES):
            piece = self._paint(grammar, beginning, bars)
            if self._accept is None or self._accept(piece.tolist()):
                return piece
        raise EncodingError(f"{TRIES} pieces written, and none was accepted. Loosen --max-copy, or take another --seed.")

    def _paint(self, grammar: Callable[[int | None], Grammar], beginning: Sequence[int], bars: int | None) -> Ids:
        """One piece, whether it is accepted or not."""
        if bars is None:
            follows = grammar(None)
            self._plan(follows, beginning)
            bars = follows.bars
        planned, may = self._plan(grammar(bars), beginning)
        free = planned < 0
        piece = self._rounds(planned, free, may, shares=[1.0, *_shares(ROUNDS)])
        best, least = piece, math.inf
        fast = np.zeros_like(free)
        for _ in range(1 + POLISHES):
            lawful, changed, forced = self._obey(grammar(bars), piece, free)
            if forced < least:
                best, least = lawful, forced
            if not changed.any():
                break
            fast |= changed
            piece = self._rounds(lawful, free & ~fast, may, shares=[LEAST] * POLISH_ROUNDS)
        return best

    def _plan(self, grammar: Grammar, beginning: Sequence[int]) -> tuple[Ids, dict[int, Flags]]:
        """A piece whose voices are not known but where they are given, and what each of them may be as far as the grammar knows now."""
        model = self._model
        ids: list[int] = []
        may: dict[int, Flags] = {}
        state, logits, left = model.start(1), np.zeros((1, model.vocabulary), np.float32), 0
        while not grammar.finished or len(ids) < len(beginning):
            if len(ids) >= self._most:
                raise EncodingError(f"{self._most} ids planned and no end in sight. Ask for fewer --bars.")
            given = beginning[len(ids)] if len(ids) < len(beginning) else grammar.given if isinstance(grammar, Template) else -1
            if given < 0 and left:
                may[len(ids)] = grammar.allowed()[model.strikes]
            elif given < 0:
                given = self._choose(logits[0], grammar.allowed())
            left = left - 1 if left else model.voices * model.opens(given)
            ids.append(given)
            grammar.push(given if given >= 0 else model.silence)
            number = np.array([given])
            if left:
                state = model.skip(number, state)
            else:
                logits, state = model.step(number, state)
        return np.array(ids, np.int32), may

    def _rounds(self, ids: Ids, free: Flags, may: dict[int, Flags], *, shares: Sequence[float]) -> Ids:
        """A piece after as many rounds as `shares`, each with that share of its `free` ids drawn anew."""
        for share in shares:
            hidden = free & (self._random.random(free.size) < share)
            if not hidden.any():
                continue
            blank = np.where(hidden, -1, ids).astype(np.int32)
            places, logits = self._model.conditionals(blank)
            drawn = self._draw(places, logits.astype(np.float64), may)
            begins = ids[places] == self._model.strikes[ids[places]]  # a note that is kept begins where it did
            blank[places] = np.where(begins & ~free[places], ids[places], drawn)
            ids = self._model.settled(blank)
        return ids

    def _draw(self, places: NDArray[np.int64], logits: Logits, may: dict[int, Flags]) -> NDArray[np.int64]:
        """An id for each place, shape (places,)."""
        for row, place in zip(logits, places.tolist(), strict=True):
            if place in may and np.any(may[place] & (row > -1e8)):
                row[~may[place]] = -np.inf
        if self._filters:
            for number, row in enumerate(logits):
                for rule in self._filters:
                    row = rule(row)  # noqa: PLW2901
                logits[number] = row
        heights = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
        self.written += len(places)
        drawn = (heights <= self._random.random((len(places), 1)) * heights[:, -1:]).sum(axis=1)
        return np.asarray(np.minimum(drawn, (heights < heights[:, -1:]).sum(axis=1)))

    def _choose(self, logits: NDArray[np.floating], allowed: Flags) -> int:
        """One id of those that are allowed."""
        numbers = np.flatnonzero(allowed)
        return int(numbers[self._draw(np.zeros(1, np.int64), logits[None, numbers].astype(np.float64), {})[0]])

    def _obey(self, grammar: Grammar, ids: Ids, free: Flags) -> tuple[Ids, Flags, float]:
        """A piece with what the grammar does not allow drawn anew; where that was, and how much it had to insist, in nats."""
        ids, changed, forced = ids.copy(), np.zeros_like(free), 0.0
        for place in range(ids.size):
            if free[place] and not (allowed := grammar.allowed())[ids[place]]:
                blank = ids.copy()
                blank[place] = -1
                places, logits = self._model.conditionals(blank)
                row = logits[int(np.flatnonzero(places == place)[0])].astype(np.float64)
                weights = np.exp(row - row.max())
                forced -= math.log(max(float(weights[allowed].sum() / weights.sum()), 1e-12))
                ids[place], changed[place] = self._choose(row, allowed), True
            grammar.push(int(ids[place]))
        return self._model.settled(ids), changed, forced


def _shares(rounds: int) -> list[float]:
    """The share of a piece that is hidden in each round."""
    return [max(LEAST, MOST - (MOST - LEAST) * number / (FALL * rounds)) for number in range(rounds)]
