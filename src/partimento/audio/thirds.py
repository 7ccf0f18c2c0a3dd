"""What our own ear hears of a sound: energy in thirds of a semitone, by a long window and a short one, fifty times a second.

The long window tells low notes apart, the short one tells when they begin. Bins lie on the keys, so that to hear a key one octave
higher is to look one octave further up: a network may share all its weights over the keys.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from partimento.audio.spectrum import SAMPLE_RATE, Spectrum

BINS_PER_KEY = 3
LOWEST_KEY, HIGHEST_KEY = 20, 119
"""MIDI keys on which the first and the last three bins lie."""

BINS = BINS_PER_KEY * (HIGHEST_KEY - LOWEST_KEY + 1)


@lru_cache
def keys() -> NDArray[np.float64]:
    """Return the middle of each bin in MIDI keys, shape (BINS,)."""
    return LOWEST_KEY + (np.arange(BINS) - BINS_PER_KEY // 2) / BINS_PER_KEY


@lru_cache
def shares(size: int) -> NDArray[np.float32]:
    """Return the share of each frequency of a window in each bin, shape (size / 2 + 1, BINS): triangles, a bin or a frequency wide."""
    hz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
    centre = 440 * 2 ** ((keys() - 69) / 12)
    width = np.maximum(centre * (2 ** (1 / (12 * BINS_PER_KEY)) - 1), SAMPLE_RATE / size)
    bank = np.maximum(0, 1 - np.abs(hz[:, None] - centre) / width)
    return np.asarray(bank, np.float32)


THIRDS = Spectrum("thirds", hop=320, windows=(4096, 1024), bins=BINS, shares_of=shares, keys_of=keys)
"""Windows of 256 and 64 ms, 20 ms apart."""
