"""How far one sound lies from another: their spectra through windows of several lengths, whatever their phases.

Two parts, each the mean over the windows. *Convergence*: the Frobenius norm of the difference of the magnitudes over that of the
target's; 0 for the same, 1 for silence, the square root of 2 where two equally loud sounds have nothing in common. It hears what is loud.
*Log*: the mean difference of the logarithms of the magnitudes, told in decibels; it hears what is soft as well, reverberation and noise
among it.

Source: the auxiliary loss of Parallel WaveGAN (Yamamoto, Song, Kim 2020), whose sum `SpectralDistance.total` is. Differs: for its three
transforms of 512, 1,024 and 2,048 there are all powers of two from 64 to 4,096, a quarter apart, as in DDSP (Engel et al. 2020, 64 to
2,048); both sounds are first brought to one level (`audio.level`); magnitudes end at `FLOOR_DB`, so that silence is no infinity. The
numbers hang on the sample rate: compare those of one rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.audio.level import REFERENCE_DB, SILENT_DB, gated_level_db
from partimento.audio.spectrum import window
from partimento.audio.waveform import Waveform
from partimento.errors import AudioError

WINDOWS = (64, 128, 256, 512, 1024, 2048, 4096)
"""Samples that are looked at together; the next such window begins a quarter later."""

FLOOR_DB = -100.0
"""Where a magnitude ends, in dB of a full-scale sine; the sounds lie at `REFERENCE_DB`."""

NATS_TO_DB = 20 / float(np.log(10))
"""Decibels of a magnitude that is e times as large."""

_BLOCK_SAMPLES = 1 << 20


@dataclass(frozen=True)
class SpectralDistance:
    """How far a sound lies from a target; 0 where it is the same but for its level.

    Attributes:
        convergence: What differs, as a share of the target, 0 or more; without a unit.
        log_db: Mean difference of a magnitude, dB.
    """

    convergence: float
    log_db: float

    @property
    def total(self) -> float:
        """The sum that networks are trained by: convergence, and the logarithms' difference in nats."""
        return self.convergence + self.log_db / NATS_TO_DB


def spectral_distance(sound: Waveform, target: Waveform) -> SpectralDistance:
    """Return how far a sound lies from what it should be.

    Args:
        sound: Any number of channels, of which the mean is heard, beginning when the target does. What it lacks at its end is silence, and
            what is left over is not heard.
        target: Of the same sample rate.

    Raises:
        AudioError: When the rates differ, or the target is silent.
    """
    if sound.sample_rate != target.sample_rate:
        raise AudioError(
            f"spectral distance: a sound of {sound.sample_rate} Hz and a target of {target.sample_rate} Hz, expected one rate. "
            "Bring the higher to the lower, as audio.resampled does."
        )
    wanted = target.to_mono().samples[0]
    if gated_level_db(wanted, target.sample_rate) <= SILENT_DB:
        raise AudioError(
            f"spectral distance: the target ({target.seconds:.1f} s) is silent, so nothing can be near it. Give one that sounds."
        )
    given = np.zeros_like(wanted)
    kept = sound.to_mono().samples[0][: len(wanted)]
    given[: len(kept)] = kept
    pair = [_levelled(samples, target.sample_rate) for samples in (given, wanted)]
    parts = np.mean([_through(size, *pair) for size in WINDOWS], axis=0)
    return SpectralDistance(float(parts[0]), float(parts[1]) * NATS_TO_DB)


def _levelled(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """The sound at `REFERENCE_DB`; silence stays silence."""
    level = gated_level_db(samples, sample_rate)
    return samples if level <= SILENT_DB else np.asarray(samples * np.float32(10 ** ((REFERENCE_DB - level) / 20)), np.float32)


def _through(size: int, given: NDArray[np.float32], wanted: NDArray[np.float32]) -> tuple[float, float]:
    """Convergence, and difference of logarithms in nats, through windows of one length; both sounds lie between silence."""
    hop, most = size // 4, _BLOCK_SAMPLES // size
    frames = [np.lib.stride_tricks.sliding_window_view(np.pad(samples, size - hop), size)[::hop] for samples in (given, wanted)]
    apart = whole = logs = 0.0
    for first in range(0, len(frames[0]), most):
        ours, theirs = (_magnitudes(each[first : first + most]) for each in frames)
        apart += float(np.sum(np.square(ours - theirs), dtype=np.float64))
        whole += float(np.sum(np.square(theirs), dtype=np.float64))
        logs += float(np.sum(np.abs(np.log(ours) - np.log(theirs)), dtype=np.float64))
    return float(np.sqrt(apart / whole)), logs / (len(frames[0]) * (size // 2 + 1))


def _magnitudes(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """The magnitude of each frequency, that of a full-scale sine 1, shape (frames, size / 2 + 1)."""
    found = np.abs(np.fft.rfft(frames * window(frames.shape[1]), axis=1))
    return np.asarray(np.maximum(found, 10 ** (FLOOR_DB / 20)), np.float32)
