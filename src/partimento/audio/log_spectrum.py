"""What an ear for a piano hears of a sound: energy in thirds of a semitone, by a long window and a short one.

The long window tells low notes apart, the short one tells when they begin. Bins lie on the keys, so that to hear a key one octave
higher is to look one octave further up: a network may share all its weights over the keys.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Frames per second (Hz) of what is listened to: it holds all fundamentals of a piano, and eight partials up to the 9th octave's C."""

HOP = 320
"""Samples between two spectra: 20 ms."""

SPECTRA_PER_SECOND = SAMPLE_RATE // HOP

WINDOWS = (4096, 1024)
"""Samples that are looked at together: 256 and 64 ms."""

BINS_PER_KEY = 3
LOWEST_KEY, HIGHEST_KEY = 20, 119
"""MIDI keys on which the first and the last three bins lie."""

BINS = BINS_PER_KEY * (HIGHEST_KEY - LOWEST_KEY + 1)

FLOOR = 1e-9
"""Energy added everywhere: what is softer is silence."""

_SILENCE = float(np.log(FLOOR))
_BLOCK = 512
_GROUP = 60

Spectra = NDArray[np.float32]
"""Shape (spectra, windows, bins): logarithms of energy, 0 in silence and about 1 for every 20 dB above it."""


def log_spectra(samples: NDArray[np.float32]) -> Spectra:
    """Return the spectra of a sound.

    Args:
        samples: Mono at `SAMPLE_RATE`, shape (frames,). Spectrum `n` has its middle at sample ``n * HOP``; before the first sample and
            behind the last one there is silence.

    Returns:
        Shape (ceil(frames / HOP), windows, bins).
    """
    count, half = -(-len(samples) // HOP), max(WINDOWS) // 2
    padded = np.zeros(count * HOP + 2 * half, np.float32)
    padded[half : half + len(samples)] = samples
    found = np.empty((count, len(WINDOWS), BINS), np.float32)
    for number, size in enumerate(WINDOWS):
        frames = np.lib.stride_tricks.sliding_window_view(padded[half - size // 2 :], size)[::HOP][:count]
        bank, parts = filter_bank(size), _parts(size)
        for first in range(0, count, _BLOCK):
            energy = _energy(frames[first : first + _BLOCK] * window(size))
            for bins, part in parts:
                found[first : first + _BLOCK, number, bins] = energy[:, part] @ bank[part, bins]
    np.log(found + np.float32(FLOOR), out=found)
    found -= np.float32(_SILENCE)
    found *= np.float32(1 / np.log(100))
    return found


def _energy(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Energy of each frequency, shape (frames, size / 2 + 1)."""
    spectrum = np.fft.rfft(frames, axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


@lru_cache
def window(size: int) -> NDArray[np.float32]:
    """Return Hann's window, with a sum of 2, so that a sine of amplitude 1 has a peak of 1."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.asarray(2 * window / window.sum(), np.float32)


@lru_cache
def filter_bank(size: int) -> NDArray[np.float32]:
    """Return the share of each frequency of a window in each bin, shape (size / 2 + 1, BINS): triangles, a bin or a frequency wide."""
    hz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
    centre = 440 * 2 ** ((LOWEST_KEY - 69 + (np.arange(BINS) - BINS_PER_KEY // 2) / BINS_PER_KEY) / 12)
    width = np.maximum(centre * (2 ** (1 / (12 * BINS_PER_KEY)) - 1), SAMPLE_RATE / size)
    bank = np.maximum(0, 1 - np.abs(hz[:, None] - centre) / width)
    return np.asarray(bank, np.float32)


@lru_cache
def _parts(size: int) -> list[tuple[slice, slice]]:
    """Groups of bins, and the frequencies that any of them hears: what is nought need not be multiplied."""
    groups = [slice(first, first + _GROUP) for first in range(0, BINS, _GROUP)]
    heard = [np.flatnonzero(filter_bank(size)[:, bins].any(axis=1)) for bins in groups]
    return [(bins, slice(int(places[0]), int(places[-1]) + 1)) for bins, places in zip(groups, heard, strict=True)]
