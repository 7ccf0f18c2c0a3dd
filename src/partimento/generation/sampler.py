"""One sampler for every model and every encoding: the model proposes, the grammar disposes, a seed decides."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from partimento.encoding.encoding import Closing, Grammar, Yielding
from partimento.errors import EncodingError
from partimento.generation.filters import Filter, Logits
from partimento.models.model import Reading, SequenceModel, State

TRIES = 4
"""Times a bar that was not accepted is written anew before twice as many are."""

WILLING_NATS = 4.0
"""What a grammar may insist on in one bar: one choice in fifty that the model would have made itself."""

PASSAGE, DRAFTS = 4, 5
"""Bars, and how often they are written anew, where it had to insist on more."""

LEAST = 1e-300
"""Chance beside the likeliest id's, below which one is as good as none."""

LINES_KEPT = 64
"""Bar lines back to which a piece can be taken; farther back it is begun anew. Each remembers a state."""


@dataclass
class Writing:
    """A piece while it is written: what the model remembers, what the grammar knows, what stands there.

    `fork` copies it, so that many continuations of one beginning cost one reading of it.
    """

    model: SequenceModel
    grammar: Grammar
    state: State
    logits: Logits
    ids: list[int]
    forced_nats: float = 0.0
    """How much the grammar had to insist: minus the log of the chance that the model gave to all that was allowed."""
    _yielding: Yielding | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._yielding = self.grammar if isinstance(self.grammar, Yielding) else None  # asked once: it takes as long as all of `choose`

    @classmethod
    def begin(cls, model: SequenceModel, grammar: Grammar, beginning: Sequence[int]) -> Writing:
        """Return a piece that starts with the ids of `beginning`, at least one.

        Raises:
            EncodingError: When there is no beginning.
        """
        if not beginning:
            raise EncodingError("a piece begins with at least one id. Give the encoding's start id.")
        writing = cls(model, grammar, model.start(1), np.zeros(model.vocabulary), [])
        if not isinstance(model, Reading):
            for number in beginning:
                writing.push(int(number))
            return writing
        writing.ids += map(int, beginning)
        for number in writing.ids:
            grammar.push(number)
        logits, writing.state = model.read_many(np.array([writing.ids[-model.memory :]]), writing.state)
        writing.logits = logits[0, -1].astype(np.float64)
        return writing

    def fork(self) -> Writing:
        """Return a copy that is written on by itself."""
        return Writing(self.model, copy.deepcopy(self.grammar), self.state, self.logits, list(self.ids), self.forced_nats)

    def push(self, number: int) -> None:
        """Write one id down."""
        self.grammar.push(number)
        logits, self.state = self.model.step(np.array([number]), self.state)
        self.logits = logits[0].astype(np.float64)
        self.ids.append(number)

    def choose(self, filters: Sequence[Filter], random: np.random.Generator) -> int:
        """Return the next id, drawn from what the grammar and the filters leave."""
        mask = self.grammar.allowed()
        allowed = mask.nonzero()[0]
        weights = np.exp(self.logits - self.logits.max())
        if self._yielding is not None:
            weights = self._yielding.yielded(weights, mask)
            logits = np.log(np.maximum(weights[allowed], LEAST))
        else:
            logits = self.logits[allowed]
        self.forced_nats -= math.log(max(float(weights[allowed].sum() / weights.sum()), 1e-12))
        for rule in filters:
            logits = rule(logits)
        heights = np.exp(logits - logits.max()).cumsum()  # ids that a filter took away add nothing
        place = heights.searchsorted(random.random() * heights[-1], side="right")
        return int(allowed[min(place, heights.searchsorted(heights[-1]))])


class Writer:
    """Writes pieces to their end, bar by bar, each drawn from `random`.

    A grammar knows how a piece must end, the model does not; left alone it may have to be told against its will. A bar
    in which the grammar had to insist on more than `WILLING_NATS` is therefore written in several drafts, together
    with the bars that led to it, and the draft is kept in which it had to insist least.

    Args:
        filters: See `filters.Sampling`.
        random: Where chance comes from.
        most: Ids that are written at most, those that were given up included.
        accept: Asked at every bar line, and at the end, what it thinks of the ids so far. Where it says no, the last
            bar is written anew; where that does not help, the last two, the last four, and so on.
        drafts: How often bars are written anew in which the grammar had to insist too much.
    """

    def __init__(
        self,
        filters: Sequence[Filter],
        random: np.random.Generator,
        *,
        most: int,
        accept: Callable[[Sequence[int]], bool] | None = None,
        drafts: int = DRAFTS,
    ) -> None:
        self._filters, self._random, self._most, self._accept, self._drafts = filters, random, most, accept, drafts
        self.written = 0
        """Ids chosen so far, those that were given up included."""

    def write(self, opened: Writing, *, bars: int | None = None) -> Writing:
        """Return `opened` written to the end, or until so many bars are begun; `opened` itself stays as it is.

        Raises:
            EncodingError: When `most` ids did not suffice.
        """
        lines = [opened]  # the piece where it was begun, and at its last bar lines
        farthest = refusals = 0
        while not lines[-1].grammar.finished and (bars is None or lines[-1].grammar.bars < bars):
            now, bar = lines[-1].fork(), lines[-1].grammar.bars
            if self._bar(now):
                if bar >= farthest:
                    farthest, refusals = bar + 1, 0
                lines.append(now)
                if now.forced_nats - lines[-2].forced_nats > WILLING_NATS:
                    lines = self._least_forced(lines)
                del lines[1:-LINES_KEPT]
            else:
                refusals += 1
                del lines[max(1, len(lines) + 1 - 2 ** (refusals // TRIES)) :]
        return lines[-1]

    def _bar(self, writing: Writing) -> bool:
        """Write on to the next bar line or the end; return whether the piece so far is accepted."""
        bars = writing.grammar.bars
        while not writing.grammar.finished and writing.grammar.bars == bars:
            self.go_on(writing)
        return self.accepts(writing.ids)

    def go_on(self, writing: Writing) -> None:
        """Write one id."""
        if self.written >= self._most:
            remedy = "Loosen --max-copy, or raise --temperature." if self._accept else "Ask for fewer --bars, or lower --temperature."
            raise EncodingError(f"{self._most} ids written and no end in sight. {remedy}")
        writing.push(writing.choose(self._filters, self._random))
        self.written += 1

    def accepts(self, ids: Sequence[int]) -> bool:
        """Return whether a piece so far is accepted."""
        return self._accept is None or self._accept(ids)

    def _least_forced(self, lines: list[Writing]) -> list[Writing]:
        """The piece with its last `PASSAGE` bars in the best of several drafts."""
        begin = max(len(lines) - 1 - PASSAGE, 0)
        best = lines[begin + 1 :]
        for _ in range(self._drafts):
            if best[-1].forced_nats - lines[begin].forced_nats <= WILLING_NATS:
                break
            best = self._draft(lines[begin], best) or best
        return lines[: begin + 1] + best

    def _draft(self, opened: Writing, best: list[Writing]) -> list[Writing]:
        """As many bars as `best` has, or as many as come as near the end; nothing where they were forced as much."""
        draft = [opened]
        while len(draft) <= len(best) or (_nearness(draft[-1]) < _nearness(best[-1]) and len(draft) <= len(best) + PASSAGE):
            if draft[-1].grammar.finished:
                break
            draft.append(draft[-1].fork())
            if not self._bar(draft[-1]) or draft[-1].forced_nats >= best[-1].forced_nats:
                return []
        return draft[1:] if _nearness(draft[-1]) >= _nearness(best[-1]) else []


def _nearness(writing: Writing) -> int:
    """How near a piece is to its end: 2 at it, 1 where it is in sight; a draft must not win by putting it off."""
    grammar = writing.grammar
    return 2 if grammar.finished else int(isinstance(grammar, Closing) and grammar.closing)
