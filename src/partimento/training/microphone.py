"""A clean sound as it may come out of somebody's room, microphone, telephone or file: what an ear must not mind.

Each change comes with a chance of its own, so that some of what is learnt from is clean. Room, equaliser and band are one product in the
frequency domain; what is not linear comes after them, noise last. The level stays what it was, give or take some decibels, for recordings
are brought to one level before they are heard (`audio.level`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.audio.level import REFERENCE_DB

ROOM, BAND, DULL, SQUEEZED, CLIPPED, NOISE, HUM = 0.6, 0.15, 0.25, 0.2, 0.1, 0.6, 0.1
"""Chances of reverberation, a telephone's band, treble that is lost, compression, clipping, noise and mains hum."""

LEVEL_DB = 3.0
"""Standard deviation of how far a recording's level is from where it should be."""

LEAST_NOISE_DB, MOST_NOISE_DB = -55.0, -16.0
"""How far noise lies below `REFERENCE_DB`."""


def recorded(sound: NDArray[np.float32], random: np.random.Generator, sample_rate: int) -> NDArray[np.float32]:
    """Return a sound as it may have been recorded; see `recorded_with_power`."""
    return recorded_with_power(sound, random, sample_rate)[0]


def recorded_with_power(
    sound: NDArray[np.float32], random: np.random.Generator, sample_rate: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a sound as it may have been recorded, and how much louder each frequency became in room and equaliser.

    The second is a factor of energy for frequencies from 0 to half the sample rate, evenly, shape (frequencies,).

    Args:
        sound: Shape (frames,), a piece whose level as a whole is about `REFERENCE_DB`.
        random: Where chance comes from.
        sample_rate: Hz.
    """
    size = 1 << int(np.ceil(np.log2(len(sound) + sample_rate)))
    hz = np.asarray(np.fft.rfftfreq(size, 1 / sample_rate), np.float32)
    gain = _equaliser(hz, random)
    answer = np.fft.rfft(_room(random, sample_rate), size) if random.random() < ROOM else np.ones(1)
    power = np.asarray(np.square(gain) * (np.square(answer.real) + np.square(answer.imag)), np.float32)
    spectrum = np.fft.rfft(sound, size) * gain * answer
    heard = np.asarray(np.fft.irfft(spectrum, size)[: len(sound)], np.float32)
    level = np.sqrt(np.mean(np.square(sound))) + np.float32(1e-6)
    heard /= np.sqrt(np.mean(np.square(heard))) + np.float32(1e-6)
    if random.random() < SQUEEZED:
        drive = np.float32(random.uniform(0.3, 2))
        heard = np.tanh(heard * drive) / drive
    if random.random() < CLIPPED:
        most = random.uniform(1.2, 3)
        heard = np.clip(heard, -most, most)
    heard *= level
    if random.random() < NOISE:
        heard += _noise(len(sound), random) * _amplitude(REFERENCE_DB + random.uniform(LEAST_NOISE_DB, MOST_NOISE_DB))
    if random.random() < HUM:
        phase = 2 * np.pi * random.choice([50, 60, 100, 120]) * np.arange(len(sound)) / sample_rate + random.uniform(0, 6)
        heard += (np.sin(phase) * _amplitude(REFERENCE_DB - random.uniform(15, 45))).astype(np.float32)
    return heard * _amplitude(random.normal(0, LEVEL_DB)), power


def _amplitude(decibels: float) -> np.float32:
    """A factor from decibels."""
    return np.float32(10 ** (decibels / 20))


def _equaliser(hz: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Gain of each frequency: a crooked line, and perhaps a band."""
    count, spread = int(random.integers(3, 9)), random.uniform(0, 6)
    corners = np.sort(random.uniform(np.log(30), np.log(8000), count))
    gain = 10 ** (np.interp(np.log(hz + 1), corners, random.normal(0, spread, count)) / 20)
    if random.random() < BAND:
        low, high = random.uniform(150, 400), random.uniform(2800, 5000)
        gain /= (1 + (low / (hz + 1)) ** 6) * (1 + (hz / high) ** 10)
    elif random.random() < DULL:
        gain /= 1 + (hz / random.uniform(3500, 7500)) ** 6
    return np.asarray(gain, np.float32)


def _room(random: np.random.Generator, sample_rate: int) -> NDArray[np.float32]:
    """The answer of a room to a clap: the clap, then noise that dies away in 0.2 to 1.8 s."""
    seconds = 10 ** random.uniform(-0.7, 0.25)
    count = int(sample_rate * min(seconds, 1.5))
    tail = random.standard_normal(count) * np.exp(-6.9 * np.arange(count) / sample_rate / seconds)
    width = int(random.integers(1, 6))
    tail = np.convolve(tail, np.ones(width) / width, "same")
    before = int(sample_rate * random.uniform(0, 0.02))
    answer = np.zeros(before + 1 + count, np.float32)
    answer[0] = 1
    answer[before + 1 :] = tail * random.uniform(0.03, 0.6) / (np.sqrt(np.sum(tail**2)) + 1e-9)
    return answer


def _noise(count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Noise of level 1, from white to nearly brown."""
    size = 1 << int(np.ceil(np.log2(count)))
    spectrum = np.fft.rfft(random.standard_normal(size, np.float32))
    colour = np.maximum(np.arange(len(spectrum)), 1.0) ** random.uniform(0, 0.8)
    noise = np.fft.irfft(spectrum / colour.astype(np.float32), size)[:count]
    return np.asarray(noise / (noise.std() + 1e-12), np.float32)
