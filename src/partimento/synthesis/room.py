"""A small hall around dry recordings: sound that decays for a second and a half, brighter at first.

The hall's response is noise made here from a fixed seed, so that the same score always sounds the same.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

DECAY_SECONDS = 1.4
"""Time in which the hall's sound falls by 60 dB."""

BEFORE_SECONDS = 0.018
"""What passes before the first wall answers."""

DARKNESS_HZ = 3_500
"""Above this the hall swallows sound."""

_BLOCK_RESPONSES = 4  # a block of music is so many times as long as the hall's response: bounds memory


def reverberated(mix: NDArray[np.float32], sample_rate: int, amount: float) -> None:
    """Add the hall to a mix, in place.

    Args:
        mix: Samples, shape (2, frames), any level.
        sample_rate: Frames per second (Hz).
        amount: The hall's amplitude; 1 makes its energy that of the dry sound.
    """
    frames = int(DECAY_SECONDS * sample_rate)
    size = min(1 << (_BLOCK_RESPONSES * frames).bit_length(), 1 << (mix.shape[1] + frames - 1).bit_length())
    spectra = _spectra(sample_rate, size) * np.float32(amount)
    block = size - frames
    for dry, spectrum in zip(mix, spectra, strict=True):
        for at in range((dry.size - 1) // block * block, -1, -block):  # from the end, for a block is heard in what follows it
            wet = np.fft.irfft(np.fft.rfft(dry[at : at + block], size) * spectrum, size)
            into = dry[at : at + size]
            into += wet[: into.size].astype(np.float32, copy=False)


@lru_cache(maxsize=4)
def _spectra(sample_rate: int, size: int) -> NDArray[np.complex64]:
    """The response's spectrum to each side, shape (2, frequencies of a real FFT of `size`)."""
    return np.fft.rfft(_response(sample_rate), size).astype(np.complex64)


@lru_cache(maxsize=4)
def _response(sample_rate: int) -> NDArray[np.float64]:
    """What the hall answers to a click, shape (2, frames), energy 1."""
    frames = int(DECAY_SECONDS * sample_rate)
    time = np.arange(frames) / sample_rate
    noise = np.random.Generator(np.random.PCG64(1685)).standard_normal((2, frames)) * 10 ** (-3 * time / DECAY_SECONDS)
    noise[:, : int(BEFORE_SECONDS * sample_rate)] = 0
    size = 1 << (2 * frames - 1).bit_length()
    spectrum = np.fft.rfft(noise, size)
    frequency = np.fft.rfftfreq(size, 1 / sample_rate)
    rumble = (frequency / 120) ** 2 / (1 + (frequency / 120) ** 2)
    dark = np.fft.irfft(spectrum * rumble / (1 + (frequency / DARKNESS_HZ) ** 2), size)[:, :frames]
    return np.asarray(dark / np.sqrt((dark**2).sum(axis=1, keepdims=True)))
