"""The one seam between a model and everything else: `start` and `step`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
"""Unnormalised log probabilities of the next id, shape (batch, vocabulary)."""

State = tuple[NDArray[np.generic], ...]
"""All a model remembers, as plain arrays with the batch first: copy it, and the music forks."""


class SequenceModel(Protocol):
    """Anything that, given ids one by one, says what comes next: dice, a Markov chain, an LSTM, a Transformer."""

    @property
    def vocabulary(self) -> int:
        """Number of ids."""

    def start(self, batch: int) -> State:
        """Return the state before the first id of `batch` pieces."""

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece.

        Args:
            ids: Shape (batch,).
            state: What `start` or the last `step` returned; it is not changed.

        Returns:
            Logits of the id that follows, shape (batch, vocabulary), and the next state.
        """


@runtime_checkable
class Planner(Protocol):
    """A model that wants to know before it begins what piece it is to write."""

    def planned(self, bars: int | None, may_open: Callable[[NDArray[np.int32]], bool]) -> SequenceModel | None:
        """Return the model that writes such a piece.

        Args:
            bars: Bars it is to have, as played; None for as many as come.
            may_open: Whether a piece may begin with these ids, shape (length,).

        Returns:
            The model; None where it knows no such piece.
        """
