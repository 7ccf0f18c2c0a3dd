"""What Onsets and Frames hears of a sound: energy in 229 bands on the mel scale, every 32 ms.

Source: Hawthorne et al. 2018 (Onsets and Frames), section 3, with the numbers of its published code: 16 kHz, windows of 2,048, 229
bands from 30 Hz, mel as HTK counts it. Differs: bands have a peak of 1 and not an area of 1, and the logarithm is that of energy above
a floor.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from partimento.audio.spectrum import SAMPLE_RATE, Spectrum

BANDS = 229
LOWEST_HZ = 30.0


def mel_of(hz: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return frequencies on the mel scale.

    Source: HTK, as O'Shaughnessy 1987: ``2595 * log10(1 + hz / 700)``.
    """
    return np.asarray(2595 * np.log10(1 + np.asarray(hz, np.float64) / 700))


@lru_cache
def edges_hz() -> NDArray[np.float64]:
    """Return the lower edge, the middle and the upper edge of all bands, each a neighbour's too, shape (BANDS + 2,)."""
    mel = np.linspace(mel_of(LOWEST_HZ), mel_of(SAMPLE_RATE / 2), BANDS + 2)
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


@lru_cache
def keys() -> NDArray[np.float64]:
    """Return the middle of each band in MIDI keys, shape (BANDS,)."""
    return np.asarray(69 + 12 * np.log2(edges_hz()[1:-1] / 440))


@lru_cache
def shares(size: int) -> NDArray[np.float32]:
    """Return the share of each frequency of a window in each band, shape (size / 2 + 1, BANDS): triangles."""
    hz = np.arange(size // 2 + 1)[:, None] * SAMPLE_RATE / size
    low, middle, high = edges_hz()[:-2], edges_hz()[1:-1], edges_hz()[2:]
    return np.asarray(np.maximum(0, np.minimum((hz - low) / (middle - low), (high - hz) / (high - middle))), np.float32)


MEL = Spectrum("mel", hop=512, windows=(2048,), bins=BANDS, shares_of=shares, keys_of=keys)
"""Windows of 128 ms, 32 ms apart."""
