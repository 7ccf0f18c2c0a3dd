"""A model that is told what to say of the music that follows: of a group of ids always the same one.

When it says something of a group stays the model's own choice, and so does everything else: the chances of the whole group
go to the one id.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from partimento.models.model import Logits, SequenceModel, State

_NEVER = -1e9


class Steered:
    """Any model, some of whose choices are made already.

    Args:
        model: What is asked.
        settled: Groups of ids, each with the id of it that is said whenever one of the group is.
    """

    def __init__(self, model: SequenceModel, settled: Sequence[tuple[range, int]]) -> None:
        self._model, self._settled = model, tuple(settled)

    @property
    def vocabulary(self) -> int:
        """Number of ids."""
        return self._model.vocabulary

    def start(self, batch: int) -> State:
        """Return the model's own state before the first id."""
        return self._model.start(batch)

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return logits (batch, vocabulary) and the next state."""
        logits, after = self._model.step(ids, state)
        result = logits.copy()
        for group, number in self._settled:
            places = slice(group.start, group.stop)
            result[:, places] = _NEVER
            result[:, number] = np.logaddexp.reduce(logits[:, places], axis=1)
        return result, after
