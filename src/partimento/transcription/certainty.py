"""Is it a piano at all? What an ear that has only ever heard pianos says of other sounds is hesitant.

Of the moments and keys that sound with a chance above `LIKELY` a share has one above 0.8. By `piano-ears`, which has learnt half pedals,
of six seconds of the recordings of maps-ENSTDkCl that share is 0.156 at least and mostly above 0.5, by telephone and in noise 0.25, in a
hall 0.14; of speech it is 0.05 to 0.15, of choirs 0.12 to 0.28, of noise 0. Over a whole recording pianos have 0.38 at least, in a hall
0.23 to 0.6, choirs and strings 0.12 to 0.27, harps and organs 0.28 to 0.42, guitars and winds as much as pianos: many of those
`piano_judge` tells.

An ear that tells keys from the pedal has learnt half pedals and is less sure of what sounds; of strikes it is sure. Of the moments and keys
that may be struck in six seconds 0.096 are surely struck at least, 0.08 in noise or a hall; in speech 0.086 at most, in choirs 0.04. Over a
whole recording pianos have 0.13 at least, organs, strings, violins and flutes less; guitars have as much as pianos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.ear_heads import HEADS
from partimento.transcription.ear import STEPS, Heard

LIKELY = 0.2
"""From which chance on a key may sound."""

STRETCH_SECONDS = 6.0
"""So much is judged together, twice as often."""

FEWEST_SECONDS = 1.0
"""Of keys that may sound, all together, without which a stretch is as good as silent."""


@dataclass(frozen=True)
class Sureness:
    """By what an ear is judged to be sure.

    Attributes:
        head: What it says of a key in a moment.
        likely: Its chance from which on that may be.
        sure: Its chance from which on it is sure.
        least: Share of the sure below which a stretch is no piano.
        hardly: Share of them below which a whole recording is doubtful.
    """

    head: str
    likely: float
    sure: float
    least: float
    hardly: float


OF_SOUND, OF_STRIKES = Sureness("frame", LIKELY, 0.8, 0.14, 0.3), Sureness("onset", 0.1, 0.7, 0.09, 0.13)
"""Of most ears, and of those that tell keys from the pedal."""

OF_LITTLE = Sureness("frame", LIKELY, 0.7, 0.12, 0.3)
"""Of ears that hear on, which hear little ahead. By `piano-ears-live` six seconds of recordings have 0.115 at least (the next 0.145), of
speech 0.04 to 0.13; whole recordings 0.36 at least."""


@dataclass(frozen=True)
class Piano:
    """What of a sound is a piano.

    Attributes:
        heard: The same without what is not.
        left_out_seconds: How much that is.
        doubtful: Whether what is left hardly sounds like one.
    """

    heard: Heard
    left_out_seconds: float
    doubtful: bool

    @property
    def words(self) -> str:
        """One sentence on it; empty where it is a piano."""
        if self.left_out_seconds:
            return f"{self.left_out_seconds:.0f} s of it sound like speech, singing or noise and not like a piano, and were left out."
        if self.doubtful:
            return (
                "hardly sounds like a piano, or like one far away: expect many wrong notes. Record it closer, or take a piano's recording."
            )
        return ""


def piano_in(heard: Heard, rate: float, *, hears_on: bool = False) -> Piano:
    """Return what of a sound is a piano.

    Args:
        heard: What was heard of it.
        rate: Moments per second.
        hears_on: Whether by an ear that hears little ahead.
    """
    if not len(heard.pedal):
        return Piano(heard, 0.0, False)
    half = max(1, round(STRETCH_SECONDS * rate / 2))
    by = OF_LITTLE if hears_on else OF_STRIKES if len(heard.heads) > len(HEADS) else OF_SOUND
    fewest = FEWEST_SECONDS * rate
    sounding = _counts(heard.heads[HEADS.index("frame")], LIKELY, half)
    likely, sure = (_counts(heard.heads[HEADS.index(by.head)], chance, half) for chance in (by.likely, by.sure))
    sounding = np.minimum(sounding, likely)  # a chord that rings for long is struck but once
    strange = _strange(sounding, sure - by.least * likely, fewest=fewest)
    left = ~strange
    doubtful = bool(sounding[left].sum() >= fewest and sure[left].sum() < by.hardly * likely[left].sum())
    gone = np.repeat(strange, half)[: len(heard.pedal)]
    if not gone.any():
        return Piano(heard, 0.0, doubtful)
    heads, pedal = heard.heads.copy(), heard.pedal.copy()
    heads[:, gone], pedal[gone] = 0, 0
    return Piano(Heard(heads, pedal), float(gone.sum()) / rate, doubtful)


def _counts(frame: NDArray[np.uint8], chance: float, half: int) -> NDArray[np.int64]:
    """How many moments of keys have at least a chance, in each half of a stretch."""
    count = np.count_nonzero(frame >= chance * STEPS, axis=1)
    return np.add.reduceat(count, np.arange(0, len(count), half))


def _strange(sounding: NDArray[np.int64], excess: NDArray[np.float64], *, fewest: float) -> NDArray[np.bool_]:
    """Which halves belong to no stretch that may be a piano, but to one that sounds, given by how much more is sure than has to be."""
    if sounding.size == 1:
        return (sounding >= fewest) & (excess < 0)
    both = sounding[:-1] + sounding[1:]
    odd = (both >= fewest) & (excess[:-1] + excess[1:] < 0)
    silent = both < fewest
    around = np.pad(odd | silent, 1, constant_values=True)
    some = np.pad(odd, 1)
    return np.asarray(around[:-1] & around[1:] & (some[:-1] | some[1:]))
