"""One sampler for every model and every encoding: the model proposes, the grammar disposes, a seed decides."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Grammar
from partimento.errors import EncodingError
from partimento.generation.filters import Filter, Logits, probabilities
from partimento.models.model import SequenceModel, State

Constraint = Callable[[Sequence[int]], NDArray[np.bool_] | None]
"""The ids so far -> which may follow, shape (vocabulary,), or None where anything may."""


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

    def choose(self, filters: Sequence[Filter], random: np.random.Generator, constraint: Constraint | None = None) -> int:
        """Return the next id, drawn from what grammar, constraint and filters leave.

        Where the constraint leaves nothing that the grammar allows, the grammar has the last word.
        """
        allowed = self.grammar.allowed()
        if constraint is not None and (wanted := constraint(self.ids)) is not None and bool((allowed & wanted).any()):
            allowed = allowed & wanted
        self.forced_nats -= float(np.log(max(probabilities(self.logits)[allowed].sum(), 1e-12)))
        logits = np.where(allowed, self.logits, -np.inf)
        for rule in filters:
            logits = rule(logits)
        chances = probabilities(logits)
        candidates = np.flatnonzero(chances)
        heights = np.cumsum(chances[candidates])
        return int(candidates[min(int(np.searchsorted(heights, random.random() * heights[-1], side="right")), candidates.size - 1)])


def write(
    writing: Writing,
    filters: Sequence[Filter],
    random: np.random.Generator,
    *,
    most: int,
    constraint: Constraint | None = None,
) -> Writing:
    """Go on until the grammar says that the piece has ended; return `writing`.

    Args:
        writing: The piece so far; it is written on.
        filters: See `filters.Sampling`.
        random: Where chance comes from.
        most: Ids after which a piece without an end is given up.
        constraint: What else must hold.

    Raises:
        EncodingError: When `most` ids did not suffice.
    """
    while not writing.grammar.finished:
        if len(writing.ids) >= most:
            raise EncodingError(f"{most} ids written and no end in sight. Ask for fewer --bars, or lower --temperature.")
        writing.push(writing.choose(filters, random, constraint))
    return writing
