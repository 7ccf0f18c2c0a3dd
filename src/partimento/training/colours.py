"""The colours of pianos and microphones, so that what an ear learns from is in one colour, more or less, as what it will hear.

A recording's own colour is known from minutes of it (`audio.colour`); a stretch of some seconds is too short for that. But what coloured
it is known: its piano, whose colour is found beforehand, and room and microphone, which say it themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.audio.colour import MOST, Curve, centred, colour_of, smoothed
from partimento.audio.level import REFERENCE_DB
from partimento.audio.spectrum import Spectrum
from partimento.synthesis.half_pedal import half_pedalled
from partimento.synthesis.note_bank import NoteBank
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.played_stretch import Mechanics, middle

HEARD, HEARD_SECONDS = 10, 30.0
"""Performances by which a piano's colour is found, and how much of each."""

WANDER_DB, WANDER_POINTS = 2.5, (4, 14)
"""By how much a correction is wrong at most in the mean, and at how many places of it: a piece's notes are no piano's colour.

Of nine pieces on one piano the colours differ by 2 dB.
"""


class ColouredPiano(NamedTuple):
    """A piano, and what brings it to the colour that an ear is to know."""

    bank: NoteBank
    apart: Curve


def colour_of_piano(piano: NoteBank, performances: Sequence[HandsAndFoot], spectrum: Spectrum) -> Curve:
    """Return the colour of a piano, which is the mean of some stretches of music on it.

    Args:
        piano: At `SAMPLE_RATE`.
        performances: What is played.
        spectrum: What is heard of it.
    """
    random = np.random.default_rng(0)
    chosen = np.linspace(0, len(performances) - 1, min(HEARD, len(performances))).round().astype(int)
    found = []
    for number in chosen.tolist():
        seconds = min(HEARD_SECONDS, performances[number].seconds)
        stretch, how = middle(performances[number], seconds), Mechanics.drawn(random)
        foot = how.foot(stretch, seconds)
        sound = half_pedalled(piano, stretch.strikes, foot, seconds, dampers=how.dampers, kept=how.kept)
        level = np.sqrt(np.mean(np.square(sound))) + np.float32(1e-9)
        found.append(colour_of(spectrum.of(sound * np.float32(10 ** (REFERENCE_DB / 20) / level))))
    return np.asarray(np.mean(found, axis=0), np.float32)


def correction_of(apart: Curve, power: NDArray[np.float32], spectrum: Spectrum, random: np.random.Generator) -> Curve:
    """Return what brings a stretch to the colour an ear knows, as nearly as a recording's own colour would.

    Args:
        apart: What brings its piano to that colour.
        power: By which each frequency became louder in its room and microphone, see `microphone.recorded_with_power`.
        spectrum: What is heard of it.
        random: Where chance comes from.
    """
    size = max(spectrum.windows)
    shares = spectrum.shares_of(size)
    at = np.interp(np.linspace(0, 1, size // 2 + 1), np.linspace(0, 1, len(power)), power)
    bands = (at @ shares) / np.maximum(shares.sum(axis=0), 1e-12)
    apart = centred(apart - smoothed(10 * np.log10(bands + 1e-9) / 20))
    points = random.normal(0, random.uniform(0, WANDER_DB), int(random.integers(*WANDER_POINTS))) / 20
    wrong = np.interp(np.linspace(0, 1, len(apart)), np.linspace(0, 1, len(points)), points)
    return np.asarray(np.clip(apart, -MOST, MOST) + wrong, np.float32)
