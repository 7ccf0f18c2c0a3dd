"""A model of frames that plays less where much sounds and more where little does, so that it does not fall silent.

Source: D. Johnson's biaxial program (2015), "adaptive conservativity": the chance that a note sounds is raised to a power
that is 1 at first, falls by 0.02 with every frame in which fewer than two notes sound, and rises by 30 % of what it lacks
to 1 with every other. Differs: the power never falls below `LEAST`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.models.model import Logits, SequenceModel, State

FALL, RECOVERY, FEW = 0.02, 0.3, 2
LEAST = 0.2
"""Lowest power: one chance in a hundred becomes one in two and a half."""

_CHOICES = 3  # silent, held, struck: the last ids of the vocabulary


class Conservative:
    """Any model whose ids are frames of a place and keys, the last three ids of its vocabulary being silent, held and struck.

    Args:
        model: What is asked.
        frame: Ids of a frame, 2 or more: its place and its keys.

    Raises:
        ConfigError: When the model's ids cannot be such frames.
    """

    def __init__(self, model: SequenceModel, *, frame: int) -> None:
        if frame < 2 or model.vocabulary <= _CHOICES:
            raise ConfigError(
                f"conservative: frames of {frame} ids and a vocabulary of {model.vocabulary}, expected a place and keys "
                "that are silent, held or struck. It is for models of encoding 'pianoroll'."
            )
        self._model, self._keys = model, frame - 1

    @property
    def vocabulary(self) -> int:
        """Number of ids."""
        return self._model.vocabulary

    def start(self, batch: int) -> State:
        """Return the state before the first id: power, notes that sound in this frame, keys of it that are said; then the model's own."""
        return (np.ones(batch, np.float32), np.zeros(batch, np.int64), np.zeros(batch, np.int64), *self._model.start(batch))

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return logits (batch, vocabulary) and the next state."""
        power, sounding = np.asarray(state[0], np.float32), np.asarray(state[1], np.int64)
        said, own = np.asarray(state[2], np.int64), state[3:]
        logits, after = self._model.step(ids, own)
        silent = self.vocabulary - _CHOICES
        is_key = np.asarray(ids) >= silent
        sounding = np.where(is_key, sounding + (np.asarray(ids) > silent), 0)
        said = np.where(is_key, said + 1, 0)
        whole = said == self._keys
        risen, fallen = power + RECOVERY * (1 - power), np.maximum(power - FALL, LEAST)
        power = np.where(whole, np.where(sounding < FEW, fallen, risen), power).astype(np.float32)
        keys = is_key & ~whole | (~is_key & (np.asarray(ids) > 1))  # after a place, or a key that is not the last, comes a key
        result = logits.copy()
        result[keys, silent:] = _with_power(logits[keys, silent:], power[keys, None])
        return result, (power, sounding, said, *after)


def _with_power(logits: Logits, power: NDArray[np.float32]) -> Logits:
    """Log chances of silent, held and struck with the chance to sound raised to `power`; shape (rows, 3)."""
    wide = logits.astype(np.float64)
    wide -= wide.max(axis=1, keepdims=True)
    wide -= np.log(np.exp(wide).sum(axis=1, keepdims=True))
    sound = np.minimum(np.logaddexp(wide[:, 1], wide[:, 2])[:, None], -1e-9)  # log of the chance to sound, below 1
    raised = sound * power
    return np.concatenate([np.log(-np.expm1(raised)), wide[:, 1:] - sound + raised], axis=1).astype(np.float32)
