"""A piano in outline: eight partials a note that die away by a rule, tuned as a real piano's strings are. Nothing in it is learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.models.modal_piano_shape import HIGHEST_HZ
from partimento.synthesis.note_bank import NoteBank

PARTIALS, SECONDS = 8, 5.0
"""Of a note."""

FALLS = 1.2
"""A partial is as loud as its number to minus this power."""

SLOWEST, FASTER = 0.5, 500.0
"""Decay of a partial: the least, 1/s, and the Hz that make it one faster."""

SOFT, LOUD = (20, 0.1), (120, 1.0)
"""Velocities, and amplitudes at them."""


def sketch_bank(strings: NDArray[np.float32], sample_rate: int) -> NoteBank:
    """Return the piano.

    Args:
        strings: Frequencies of its partials in Hz, a row a key from the lowest on, at least `PARTIALS` of each.
        sample_rate: Hz.
    """
    time = np.arange(round(SECONDS * sample_rate)) / sample_rate
    layers = []
    for partials in strings[:, :PARTIALS].astype(np.float64):
        sound = np.zeros(len(time))
        for number, hertz in enumerate(partials, 1):
            if hertz < HIGHEST_HZ:
                sound += number**-FALLS * np.exp(-(SLOWEST + hertz / FASTER) * time) * np.sin(2 * np.pi * hertz * time)
        layers.append([(float(velocity), (0.1 * gain * sound).astype(np.float32)) for velocity, gain in (SOFT, LOUD)])
    return NoteBank(layers, sample_rate)
