"""Short stretches of sound for people to compare: all equally loud to the ear, with soft ends.

Source: ITU-R BS.1770-4, loudness of programmes: its two filters, which stand for the head and for what the ear hardly hears, and its gate.
Differs: the filters weigh the spectrum of the whole clip, at any sample rate, in place of running through it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from partimento.audio.waveform import PEAK_DB, Waveform
from partimento.errors import AudioError

USUAL_LUFS = -23.0
"""How loud clips are where their peaks let them (EBU R 128)."""

FADE_SECONDS = 0.05

_FILTER_HZ = 48_000
_SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
_HIGH_PASS = (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)
"""The standard's coefficients b0, b1, b2, a1, a2 (its tables 1 and 2)."""

_OFFSET_DB, _BLOCK_SECONDS, _OVERLAP, _SILENT_LUFS, _GATE_DB = -0.691, 0.4, 4, -70.0, 10.0


def loudness_lufs(sound: Waveform) -> float:
    """Return how loud a sound of one or two channels is, in LUFS; minus infinity where nothing of it is louder than -70."""
    size = min(max(1, round(_BLOCK_SECONDS * sound.sample_rate)), sound.frames)
    if not size:
        return -math.inf
    frequencies = np.asarray(np.fft.rfftfreq(sound.frames, 1 / sound.sample_rate), np.float64)
    heard = np.fft.irfft(np.fft.rfft(sound.samples) * _response(frequencies), sound.frames)
    sums = np.concatenate([[0.0], np.cumsum(np.sum(np.square(heard), axis=0))])
    begins = np.arange(0, sound.frames - size + 1, max(size // _OVERLAP, 1))
    energies = (sums[begins + size] - sums[begins]) / size
    loud = energies[energies > _energy(_SILENT_LUFS)]
    if not loud.size:
        return -math.inf
    return _lufs(float(np.mean(loud[loud > np.mean(loud) * 10 ** (-_GATE_DB / 10)])))


def clip(sound: Waveform, start_seconds: float, seconds: float) -> Waveform:
    """Return a stretch of a sound, silence behind its end, with the beginning and the end of the stretch faded.

    Args:
        sound: Any number of channels.
        start_seconds: Where the stretch begins, 0 or more.
        seconds: Its length, more than 0.

    Raises:
        AudioError: When the stretch begins before the sound or has no length.
    """
    first, count = round(start_seconds * sound.sample_rate), round(seconds * sound.sample_rate)
    if first < 0 or count < 1:
        raise AudioError(f"clip: {seconds:g} s from second {start_seconds:g}, expected some length and a beginning at 0 or later.")
    part = sound.samples[:, first : first + count]
    samples = np.zeros((sound.channels, count), np.float32)
    samples[:, : part.shape[1]] = part
    fade = min(round(FADE_SECONDS * sound.sample_rate), count // 2)
    rise = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    samples[:, :fade] *= rise
    samples[:, count - fade :] *= rise[::-1]
    return Waveform(samples, sound.sample_rate)


def equally_loud(clips: Sequence[Waveform]) -> list[Waveform]:
    """Return clips at one loudness: `USUAL_LUFS`, or as much less as the highest of their peaks needs to stay at `PEAK_DB`.

    Raises:
        AudioError: When one is silent.
    """
    levels = [loudness_lufs(each) for each in clips]
    silent = [number for number, level in enumerate(levels, 1) if level == -math.inf]
    if silent:
        raise AudioError(
            f"clip {silent[0]} of {len(clips)} is silent, so it cannot be as loud as the others. Take another place, or see what made it."
        )
    rooms = [PEAK_DB - 20 * math.log10(each.peak) + level for each, level in zip(clips, levels, strict=True)]
    wanted = min([USUAL_LUFS, *rooms])
    return [
        Waveform(each.samples * np.float32(10 ** ((wanted - level) / 20)), each.sample_rate)
        for each, level in zip(clips, levels, strict=True)
    ]


def _response(frequencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much both filters together change the amplitude of frequencies (Hz)."""
    delay = np.exp(-2j * np.pi * np.minimum(frequencies, _FILTER_HZ / 2) / _FILTER_HZ)
    gain = np.ones(len(frequencies))
    for b0, b1, b2, a1, a2 in (_SHELF, _HIGH_PASS):
        gain *= np.abs((b0 + b1 * delay + b2 * delay**2) / (1 + a1 * delay + a2 * delay**2))
    return gain


def _lufs(energy: float) -> float:
    """The loudness of a mean energy."""
    return _OFFSET_DB + 10 * math.log10(energy)


def _energy(lufs: float) -> float:
    """The mean energy of a loudness."""
    return float(10 ** ((lufs - _OFFSET_DB) / 10))
