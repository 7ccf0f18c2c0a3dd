"""Is it a piano at all? What an ear that has only ever heard pianos says of other sounds is hesitant.

Of the moments and keys that sound with a chance above `LIKELY` a share has one above `SURE`. Of six seconds of the recordings of
maps-ENSTDkCl that share is 0.22 at least and mostly 0.57, made worse by a telephone, noise or a hall 0.10 at least; of speech, choirs
and noise it is 0.08 at most. Guitars, organs, strings and harpsichords have 0.1 to 0.35, as pianos in a hall; over a whole recording no
piano of those has less than 0.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.ear_heads import HEADS
from partimento.transcription.ear import STEPS, Heard

LIKELY, SURE = 0.2, 0.9

LEAST_SURE, HARDLY_SURE = 0.09, 0.34
"""Shares: below the first a stretch is no piano, below the second a whole recording is doubtful."""

STRETCH_SECONDS = 6.0
"""So much is judged together, twice as often."""

FEWEST_SECONDS = 1.0
"""Of keys that may sound, all together, without which a stretch is as good as silent."""


@dataclass(frozen=True)
class Piano:
    """What of a sound is a piano.

    Attributes:
        heard: The same without what is not.
        left_out_seconds: How much that is.
        sure: The share of what is left that is sure; 1 where nothing is.
    """

    heard: Heard
    left_out_seconds: float
    sure: float

    @property
    def words(self) -> str:
        """One sentence on it; empty where it is a piano."""
        if self.left_out_seconds:
            return f"{self.left_out_seconds:.0f} s of it sound like speech, singing or noise and not like a piano, and were left out."
        if self.sure < HARDLY_SURE:
            return (
                "hardly sounds like a piano, or like one far away: expect many wrong notes. Record it closer, or take a piano's recording."
            )
        return ""


def piano_in(heard: Heard, rate: float) -> Piano:
    """Return what of a sound is a piano.

    Args:
        heard: What was heard of it.
        rate: Moments per second.
    """
    if not len(heard.pedal):
        return Piano(heard, 0.0, 1.0)
    half = max(1, round(STRETCH_SECONDS * rate / 2))
    frame = heard.heads[HEADS.index("frame")]
    likely, sure = (_counts(frame, chance, half) for chance in (LIKELY, SURE))
    strange = _strange(likely, sure, fewest=FEWEST_SECONDS * rate)
    left = ~strange
    total = float(likely[left].sum())
    share = float(sure[left].sum()) / total if total >= FEWEST_SECONDS * rate else 1.0
    gone = np.repeat(strange, half)[: len(heard.pedal)]
    if not gone.any():
        return Piano(heard, 0.0, share)
    heads, pedal = heard.heads.copy(), heard.pedal.copy()
    heads[:, gone], pedal[gone] = 0, 0
    return Piano(Heard(heads, pedal), float(gone.sum()) / rate, share)


def _counts(frame: NDArray[np.uint8], chance: float, half: int) -> NDArray[np.int64]:
    """How many moments of keys have at least a chance, in each half of a stretch."""
    count = np.count_nonzero(frame >= chance * STEPS, axis=1)
    return np.add.reduceat(count, np.arange(0, len(count), half))


def _strange(likely: NDArray[np.int64], sure: NDArray[np.int64], *, fewest: float) -> NDArray[np.bool_]:
    """Which halves belong to no stretch that may be a piano, but to one that sounds."""
    if likely.size == 1:
        return (likely >= fewest) & (sure < LEAST_SURE * likely)
    both = np.stack([likely[:-1] + likely[1:], sure[:-1] + sure[1:]])
    odd = (both[0] >= fewest) & (both[1] < LEAST_SURE * both[0])
    silent = both[0] < fewest
    around = np.pad(odd | silent, 1, constant_values=True)
    some = np.pad(odd, 1)
    return np.asarray(around[:-1] & around[1:] & (some[:-1] | some[1:]))
