"""One sampler for every model and every encoding: the model proposes, the grammar disposes, a seed decides."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from partimento.encoding.encoding import Grammar
from partimento.errors import EncodingError
from partimento.generation.filters import Filter, Logits
from partimento.models.model import SequenceModel, State

TRIES = 4
"""Times a bar is written anew before twice as many are."""


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

    @classmethod
    def begin(cls, model: SequenceModel, grammar: Grammar, beginning: Sequence[int]) -> Writing:
        """Return a piece that starts with the ids of `beginning`, at least one.

        Raises:
            EncodingError: When there is no beginning.
        """
        if not beginning:
            raise EncodingError("a piece begins with at least one id. Give the encoding's start id.")
        writing = cls(model, grammar, model.start(1), np.zeros(model.vocabulary), [])
        for number in beginning:
            writing.push(int(number))
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
        allowed = np.flatnonzero(self.grammar.allowed())
        logits = self.logits[allowed]
        weights = np.exp(self.logits - self.logits.max())
        self.forced_nats -= math.log(max(float(weights[allowed].sum() / weights.sum()), 1e-12))
        for rule in filters:
            logits = rule(logits)
        heights = np.cumsum(np.exp(logits - logits.max()))  # ids that a filter took away add nothing
        place = int(np.searchsorted(heights, random.random() * heights[-1], side="right"))
        return int(allowed[min(place, int(np.searchsorted(heights, heights[-1])))])


def write(
    writing: Writing,
    filters: Sequence[Filter],
    random: np.random.Generator,
    *,
    most: int,
    accept: Callable[[Sequence[int]], bool] | None = None,
) -> Writing:
    """Go on until the grammar says that the piece has ended; return the whole piece.

    Args:
        writing: The piece so far.
        filters: See `filters.Sampling`.
        random: Where chance comes from.
        most: Ids that are written at most, those that were given up included.
        accept: Asked whenever a bar has begun, and at the end, what it thinks of the ids so far. Where it says no, the
            last bar is written anew; where that does not help, the last two, the last four, and so on.

    Raises:
        EncodingError: When `most` ids did not suffice.
    """
    kept, refusals, farthest = [writing.fork()], 0, 0
    for _ in range(most - len(writing.ids)):
        if writing.grammar.finished:
            return writing
        bars = writing.grammar.bars
        writing.push(writing.choose(filters, random))
        if accept is None or (writing.grammar.bars == bars and not writing.grammar.finished):
            continue
        if accept(writing.ids):
            if len(kept) > farthest:
                farthest, refusals = len(kept), 0
            kept.append(writing.fork())
        else:
            refusals += 1
            del kept[max(1, len(kept) + 1 - 2 ** (refusals // TRIES)) :]
            writing = kept[-1].fork()
    if writing.grammar.finished:
        return writing
    remedy = "Loosen --max-copy, or raise --temperature." if accept else "Ask for fewer --bars, or lower --temperature."
    raise EncodingError(f"{most} ids written and no end in sight. {remedy}")
