"""A model of performances that goes on about as fast, as full and as loud as it was begun, and as pianists do.

A network that hears itself play too much takes that for the piece and plays still more, ever louder and ever shorter notes; within two
minutes a slow movement has become a storm of dots. So the chance to strike a key or to let one go falls as a power of how much faster
than their limit the last seconds were, the chance to let one go alone as a power of how much emptier, and the chance of a loudness with
its distance from the middle of them, where they were too loud or too soft. Where they are within the limits, the chances are the model's
own. (Johnson's `conservative` does the like for frames.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.model import Logits, Reading, SequenceModel, State

SLOWEST, FASTEST = 4.3, 17.8
"""Notes a second: the middle 90 % of the training part of MAESTRO, from 20 s to 120 s of each performance."""

EMPTIEST, FULLEST = 1.5, 8.1
"""Keys that sound at a time, on average, with the pedal in the lengths of the notes; of the same."""

SOFTEST, LOUDEST = 46.0, 74.0
"""Mean MIDI velocity, of the same."""

FEWEST_BESIDE, MOST_BESIDE = 1.9, 3.0
"""Notes a second for each of a melody's that is accompanied: the 5th percentile and nearly the median of half minutes of MAESTRO."""

GROWTH, LOUDER = 1.3, 10.0
"""How many times as fast and as full as its beginning a piece may become, and by how much louder. It may become slower and softer by as
much, but no emptier: the performances of MAESTRO become fuller by a ninth (median of the training part, as above)."""

MEMORY = 10.0
"""Seconds after which what was played counts by 1/e."""

ENOUGH = 2.5
"""Seconds of music before which nothing is held back, and of a beginning before which nothing is concluded from it."""

POWER, TILT = 8.0, 0.02
"""Of the excess of speed and of fullness; and nats for each velocity beyond the limit and each velocity of distance."""

_NOTES, _LOUD, _FULL, _HEARD, _VELOCITY, _SOUNDING, _FASTEST, _SLOWEST, _FULLEST, _EMPTIEST, _LOUDEST, _SOFTEST = range(12)


@dataclass(frozen=True)
class Pulse:
    """What each id does, all of shape (ids,).

    Attributes:
        strikes: Whether it strikes a key.
        frees: Whether it lets one go.
        seconds: The time it lets pass.
        velocities: The MIDI velocity it says, 0 where it says none.
        tells: Whether it tells of a strike to come.
    """

    strikes: NDArray[np.bool_]
    frees: NDArray[np.bool_]
    seconds: NDArray[np.float64]
    velocities: NDArray[np.float64]
    tells: NDArray[np.bool_]


class Steady:
    """Any model whose ids strike keys, say how loud, and let time pass.

    Its limits are the usual ones until `read_many` has read a beginning; then they are as near to that as the usual ones allow.

    Args:
        model: What is asked.
        pulse: What its ids do.
        melody: Notes a second of a given melody that is accompanied.
    """

    def __init__(self, model: SequenceModel, pulse: Pulse, *, melody: float | None = None) -> None:
        self._model, self._pulse = model, pulse
        self._slowest, self._fastest = SLOWEST, FASTEST
        if melody is not None:
            self._slowest, self._fastest = min(melody * FEWEST_BESIDE, SLOWEST), min(melody * MOST_BESIDE, FASTEST)
        self._loud = pulse.velocities > 0
        self._acts = pulse.strikes | pulse.frees | self._loud | pulse.tells

    @property
    def vocabulary(self) -> int:
        """Number of ids."""
        return self._model.vocabulary

    @property
    def memory(self) -> int:
        """Ids back beyond which the model does not look; all where it does not say."""
        return self._model.memory if isinstance(self._model, Reading) else 1 << 40

    def start(self, batch: int) -> State:
        """Return the state before the first id: what was played lately and the limits, shape (batch, 12); then the model's own."""
        played = np.array([[0.0, 0.0, 0.0, 0.0, 64.0, 0.0, self._fastest, self._slowest, FULLEST, EMPTIEST, LOUDEST, SOFTEST]])
        return (played.repeat(batch, axis=0), *self._model.start(batch))

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return logits (batch, vocabulary) and the next state."""
        logits, after = self._model.step(ids, state[1:])
        played = self._hear(np.asarray(ids), np.array(state[0], np.float64))
        return self._held(logits, played), (played, *after)

    def read_many(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take a beginning, shape (batch, time); return what the model says of it, (batch, time, vocabulary), and the next state."""
        ids, played = np.asarray(ids), np.array(state[0], np.float64)
        if isinstance(self._model, Reading):
            logits, after = self._model.read_many(ids, state[1:])
        else:
            steps, after = [], state[1:]
            for column in ids.T:
                said, after = self._model.step(column, after)
                steps.append(said)
            logits = np.stack(steps, axis=1)
        loudness, count = np.zeros(len(ids)), np.zeros(len(ids))
        for column in ids.T:
            played = self._hear(column, played)
            struck = self._pulse.strikes[column]
            loudness, count = loudness + struck * played[:, _VELOCITY], count + struck
        seconds = self._pulse.seconds[ids].sum(axis=1)
        known = (seconds >= ENOUGH) & (count > 0)
        speed, touch = count[known] / seconds[known], loudness[known] / count[known]
        full = played[known, _FULL] / played[known, _HEARD]
        played[known, _FASTEST] = np.clip(speed * GROWTH, SLOWEST * GROWTH, FASTEST)
        played[known, _SLOWEST] = np.minimum(speed / GROWTH, SLOWEST)
        played[known, _FULLEST] = np.clip(full * GROWTH, EMPTIEST * GROWTH, FULLEST)
        played[known, _EMPTIEST] = np.clip(full, EMPTIEST, FULLEST / GROWTH)
        played[known, _LOUDEST] = np.clip(touch + LOUDER, SOFTEST + LOUDER, LOUDEST)
        played[known, _SOFTEST] = np.minimum(touch - LOUDER, SOFTEST)
        return logits, (played, *after)

    def _hear(self, ids: NDArray[np.integer], played: NDArray[np.float64]) -> NDArray[np.float64]:
        """What was played lately, with one id more; shape (batch, 12), changed in place."""
        pulse = self._pulse
        kept = np.exp(-pulse.seconds[ids] / MEMORY)
        struck = pulse.strikes[ids] / MEMORY
        played[:, _NOTES] = played[:, _NOTES] * kept + struck
        played[:, _LOUD] = played[:, _LOUD] * kept + struck * played[:, _VELOCITY]
        played[:, _FULL] = played[:, _FULL] * kept + played[:, _SOUNDING] * (1 - kept)
        played[:, _SOUNDING] = np.maximum(played[:, _SOUNDING] + pulse.strikes[ids] - pulse.frees[ids], 0)
        played[:, _HEARD] = 1 - (1 - played[:, _HEARD]) * kept
        said = pulse.velocities[ids]
        played[:, _VELOCITY] = np.where(said > 0, said, played[:, _VELOCITY])
        return played

    def _held(self, logits: Logits, played: NDArray[np.float64]) -> Logits:
        """Logits with what goes too far made less likely."""
        result = logits
        for row, (notes, loud, full, heard, _, _, fastest, slowest, fullest, emptiest, loudest, softest) in enumerate(played.tolist()):
            if heard < 1 - math.exp(-ENOUGH / MEMORY):
                continue
            haste, crowd = _excess(notes / heard, slowest, fastest), _excess(full / heard, emptiest, fullest)
            touch = loud / notes if notes else (loudest + softest) / 2
            beyond = max(touch - loudest, 0.0) - max(softest - touch, 0.0)
            if (haste or crowd or beyond) and result is logits:
                result = logits.copy()
            if haste:
                result[row, self._acts] -= POWER * haste
            if crowd:
                result[row, self._pulse.frees] += POWER * crowd
            if beyond:
                result[row, self._loud] -= TILT * beyond * (self._pulse.velocities[self._loud] - touch)
        return result


def _excess(value: float, least: float, most: float) -> float:
    """Logarithm of how far a value lies beyond its limits: above 0 beyond the upper, below 0 beyond the lower."""
    return math.log(max(value / most, 1.0)) - math.log(max(least / max(value, 1e-3), 1.0))
