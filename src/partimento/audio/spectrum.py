"""What ears hear of a sound: the energy of bands, moment by moment, on a logarithmic scale.

A `Spectrum` says which: how often, through which windows, in which bands. There is one for each kind of ear (`thirds`, `mel`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Frames per second (Hz) of what is listened to: it holds all fundamentals of a piano, and eight partials up to the 9th octave's C."""

FLOOR = 1e-9
"""Energy added everywhere: what is softer is silence."""

TWENTY_DB = float(np.log(100))
"""The logarithm of the energy that counts as 1."""

Spectra = NDArray[np.float32]
"""Shape (spectra, windows, bins): logarithms of energy, 0 in silence and about 1 for every 20 dB above it."""

_BLOCK = 512
_GROUP = 60


@dataclass(frozen=True)
class Spectrum:
    """A way to hear sound at `SAMPLE_RATE`.

    Attributes:
        name: What it is called in a graph of an ear.
        hop: Samples between two spectra.
        windows: Samples that are looked at together, one or several lengths.
        bins: Bands of each window, by rising frequency.
        shares_of: Length of a window -> the share of each of its frequencies in each band, shape (window / 2 + 1, bins).
        keys_of: Returns the middle of each band in MIDI keys, shape (bins,).
    """

    name: str
    hop: int
    windows: tuple[int, ...]
    bins: int
    shares_of: Callable[[int], NDArray[np.float32]]
    keys_of: Callable[[], NDArray[np.float64]]

    @property
    def rate(self) -> float:
        """Spectra per second."""
        return SAMPLE_RATE / self.hop

    @property
    def side(self) -> int:
        """Samples to either side of a spectrum's middle that are heard in it."""
        return max(self.windows) // 2

    def of(self, samples: NDArray[np.float32]) -> Spectra:
        """Return the spectra of a sound.

        Args:
            samples: Mono at `SAMPLE_RATE`, shape (frames,). Spectrum `n` has its middle at sample ``n * hop``; before the first sample
                and behind the last one there is silence.

        Returns:
            Shape (ceil(frames / hop), windows, bins).
        """
        count, half = -(-len(samples) // self.hop), self.side
        padded = np.zeros(count * self.hop + 2 * half, np.float32)
        padded[half : half + len(samples)] = samples
        found = np.empty((count, len(self.windows), self.bins), np.float32)
        for number, size in enumerate(self.windows):
            frames = np.lib.stride_tricks.sliding_window_view(padded[half - size // 2 :], size)[:: self.hop][:count]
            shares, parts = self.shares_of(size), _parts(self, size)
            for first in range(0, count, _BLOCK):
                energy = _energy(frames[first : first + _BLOCK] * window(size))
                for bins, part in parts:
                    found[first : first + _BLOCK, number, bins] = energy[:, part] @ shares[part, bins]
        np.log(found + np.float32(FLOOR), out=found)
        found -= np.float32(np.log(FLOOR))
        found *= np.float32(1 / TWENTY_DB)
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
def _parts(spectrum: Spectrum, size: int) -> list[tuple[slice, slice]]:
    """Groups of bins, and the frequencies that any of them hears: what is nought need not be multiplied."""
    shares = spectrum.shares_of(size)
    groups = [slice(first, first + _GROUP) for first in range(0, spectrum.bins, _GROUP)]
    heard = [np.flatnonzero(shares[:, bins].any(axis=1)) for bins in groups]
    return [(bins, slice(int(places[0]), int(places[-1]) + 1)) for bins, places in zip(groups, heard, strict=True)]


class SpectraStream:
    """The spectra of a sound that comes in blocks of any size; together they are those of the whole.

    Args:
        spectrum: Which.
    """

    def __init__(self, spectrum: Spectrum) -> None:
        self._spectrum = spectrum
        self._lead = -(-spectrum.side // spectrum.hop) * spectrum.hop
        self._samples, self._over = np.zeros(0, np.float32), 0  # what is in hand, and how much of it belongs to moments that are over

    def push(self, samples: NDArray[np.float32], *, gain: np.float32 | float = 1.0) -> Spectra:
        """Return the spectra that are now known, shape (moments, windows, bins), often of no moment.

        Args:
            samples: Mono, shape (frames,).
            gain: A factor for all that these spectra hear.
        """
        self._samples = np.concatenate([self._samples, samples])
        behind = len(self._samples) - self._over - self._spectrum.side
        return self._next(behind // self._spectrum.hop + 1 if behind >= 0 else 0, gain)

    def finish(self, *, gain: np.float32 | float = 1.0) -> Spectra:
        """Return the rest when no more comes; the last call."""
        return self._next(-(-(len(self._samples) - self._over) // self._spectrum.hop), gain)

    def _next(self, ready: int, gain: np.float32 | float) -> Spectra:
        """So many further spectra."""
        hop = self._spectrum.hop
        if ready <= 0:
            return np.zeros((0, len(self._spectrum.windows), self._spectrum.bins), np.float32)
        first = self._over // hop
        needed = self._samples[: self._over + (ready - 1) * hop + self._spectrum.side]
        new = self._spectrum.of(needed * np.float32(gain))[first : first + ready]
        gone = max(self._over + ready * hop - self._lead, 0)
        self._samples, self._over = self._samples[gone:], self._over + ready * hop - gone
        return new
