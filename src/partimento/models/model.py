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
class Reading(Protocol):
    """A model that reads many ids for little more than the price of one."""

    @property
    def memory(self) -> int:
        """Ids back beyond which what was read changes next to nothing: of a long beginning only so many need be read."""

    def read_many(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take many ids a piece.

        Args:
            ids: Shape (batch, time), at least one.
            state: What `start`, `step` or `read_many` returned; what it says is not changed.

        Returns:
            Logits of what follows each id, shape (batch, time, vocabulary), and the next state.
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


@runtime_checkable
class Filling(Protocol):
    """A model that can fill in any place of a piece, given what stands before it and after it."""

    @property
    def voices(self) -> int:
        """Ids of a step that it can fill in."""

    @property
    def silence(self) -> int:
        """Id of a voice that rests: what a grammar is told of one that is not known yet."""

    @property
    def strikes(self) -> NDArray[np.int64]:
        """Each id as it is where its note begins, shape (vocabulary,): a hold's strike, any other itself."""

    def opens(self, number: int) -> bool:
        """Return whether those ids of a step come after this one."""

    def skip(self, ids: NDArray[np.integer], state: State) -> State:
        """Take one id a piece, -1 where not known, shape (batch,), and do not say what follows; return the next state."""

    def conditionals(self, ids: NDArray[np.integer]) -> tuple[NDArray[np.int64], Logits]:
        """Return what stands in each place that is not known, given all that is.

        Args:
            ids: A piece, shape (length,); -1 where not known.

        Returns:
            Places, shape (places,), and log chances of their ids, shape (places, vocabulary). Among them are places that are
            known but for whether their note begins there, which hangs on one before them that is not.
        """

    def settled(self, ids: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the same piece, shape (length,), without holds of what does not sound."""
