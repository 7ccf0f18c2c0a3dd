"""The one seam between a model and everything else: `start` and `step`."""

from __future__ import annotations

from typing import Protocol

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
