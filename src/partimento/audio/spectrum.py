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
_GROUP = 30


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
        return self.within(padded, count)

    def within(self, samples: NDArray[np.float32], count: int) -> Spectra:
        """Return so many spectra, shape (count, windows, bins), the first with its middle at sample `side`.

        Args:
            samples: As for `of`, in one piece, to `side` samples behind the middle of the last spectrum at least.
            count: How many.
        """
        step = samples.itemsize
        found = np.empty((count, len(self.windows), self.bins), np.float32)
        for number, size in enumerate(self.windows):
            begin = (self.side - size // 2) * step
            frames = np.ndarray((count, size), samples.dtype, samples, begin, (self.hop * step, step))  # rows of the same samples
            for first in range(0, count, _BLOCK):
                energy = _energy(frames[first : first + _BLOCK] * window(size))
                for bins, part, shares in _parts(self, size):
                    np.matmul(energy[:, part], shares, out=found[first : first + _BLOCK, number, bins])
        found += np.float32(FLOOR)
        np.log(found, out=found)
        found -= np.float32(np.log(FLOOR))
        found *= np.float32(1 / TWENTY_DB)
        return found


def _energy(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Energy of each frequency, shape (frames, size / 2 + 1)."""
    spectrum = np.fft.rfft(frames, axis=1)
    energy = np.square(spectrum.real)
    energy += np.square(spectrum.imag)
    return energy.astype(np.float32, copy=False)


@lru_cache
def window(size: int) -> NDArray[np.float32]:
    """Return Hann's window, with a sum of 2, so that a sine of amplitude 1 has a peak of 1."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    return np.asarray(2 * window / window.sum(), np.float32)


@lru_cache
def _parts(spectrum: Spectrum, size: int) -> list[tuple[slice, slice, NDArray[np.float32]]]:
    """Groups of bins, the frequencies that any of them hears, and their shares: what is nought need not be multiplied."""
    shares, parts = spectrum.shares_of(size), []
    for first in range(0, spectrum.bins, _GROUP):
        bins = slice(first, first + _GROUP)
        places = np.flatnonzero(shares[:, bins].any(axis=1))
        heard = slice(int(places[0]), int(places[-1]) + 1)
        parts.append((bins, heard, np.ascontiguousarray(shares[heard, bins])))
    return parts


class SpectraStream:
    """The spectra of a sound that comes in blocks of any size; together they are those of the whole.

    Args:
        spectrum: Which.
    """

    def __init__(self, spectrum: Spectrum) -> None:
        self._spectrum = spectrum
        self._samples = np.zeros(spectrum.side, np.float32)  # from `side` samples before the middle of the next spectrum on

    def push(self, samples: NDArray[np.float32], *, gain: np.float32 | float = 1.0) -> Spectra:
        """Return the spectra that are now known, shape (moments, windows, bins), often of no moment.

        Args:
            samples: Mono, shape (frames,).
            gain: A factor for all that these spectra hear.
        """
        self._samples = np.concatenate([self._samples, samples])
        behind = len(self._samples) - 2 * self._spectrum.side
        return self._next(behind // self._spectrum.hop + 1 if behind >= 0 else 0, gain)

    def finish(self, *, gain: np.float32 | float = 1.0) -> Spectra:
        """Return the rest when no more comes; the last call."""
        rest = -(-(len(self._samples) - self._spectrum.side) // self._spectrum.hop)
        self._samples = np.concatenate([self._samples, np.zeros(self._spectrum.side, np.float32)])
        return self._next(rest, gain)

    def _next(self, count: int, gain: np.float32 | float) -> Spectra:
        """So many further spectra."""
        if not count:
            return np.zeros((0, len(self._spectrum.windows), self._spectrum.bins), np.float32)
        needed = self._samples[: (count - 1) * self._spectrum.hop + 2 * self._spectrum.side]
        self._samples = self._samples[count * self._spectrum.hop :]
        return self._spectrum.within(needed * np.float32(gain), count)
