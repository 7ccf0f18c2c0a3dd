"""A stretch of sound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partimento.errors import AudioError

Samples = NDArray[np.float32]
"""Sound pressure, shape (channels, frames), -1 to 1."""

MOST_CHANNELS = 64
LOWEST_HZ, HIGHEST_HZ = 1_000, 768_000
"""Sample rates between which a waveform may lie; 44,100 is that of the compact disc."""

PEAK_DB = -1.0
"""Where `levelled` puts the peak: lossy formats overshoot a little, and one decibel leaves room for it."""

_ROUNDING = 1e-5  # a sum of float32 products may leave the range by this much without meaning to


@dataclass(frozen=True, eq=False)
class Waveform:
    """Sound as numbers.

    Attributes:
        samples: Float32, shape (channels, frames), -1 to 1, read-only; a one-dimensional array is one channel.
        sample_rate: Frames per second (Hz), 1,000 to 768,000.

    Raises:
        AudioError: When the samples are not floating point, of another shape, not finite or out of range.
    """

    samples: Samples
    sample_rate: int = 44_100

    def __post_init__(self) -> None:
        samples = _checked(self.samples, self.sample_rate)
        peak = _peak(samples)
        if peak > 1 + _ROUNDING:
            raise AudioError(f"waveform: peak is {peak:.4g}, expected at most 1. Scale it, as Waveform.levelled does.")
        if peak > 1:
            samples = np.clip(samples, -1, 1)
        if samples.flags.writeable or samples.base is not None:
            samples = samples.copy()  # whoever gave the array may go on writing into it
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "sample_rate", int(self.sample_rate))

    @classmethod
    def levelled(cls, samples: ArrayLike, sample_rate: int, *, peak_db: float = PEAK_DB) -> Waveform:
        """Return a waveform whose peak lies at `peak_db`, whatever the level of `samples`; silence stays silence.

        Args:
            samples: Floating point, shape (channels, frames) or (frames,), any finite level.
            sample_rate: Frames per second (Hz).
            peak_db: The peak wanted, in dBFS, 0 or less.

        Raises:
            AudioError: When the samples are unusable or `peak_db` is above 0.
        """
        if not peak_db <= 0:
            raise AudioError(f"waveform: a peak of {peak_db} dBFS, expected 0 or less. Usual is {PEAK_DB}.")
        checked = _checked(samples, sample_rate)
        peak = _peak(checked)
        gain = 10 ** (peak_db / 20) / peak if peak > 0 else 1.0
        samples_at_level = checked * np.float32(gain)
        samples_at_level.flags.writeable = False  # nobody else has it, so it need not be copied: an hour is 1.3 GB
        return cls(samples_at_level, sample_rate)

    @classmethod
    def fitted(cls, samples: ArrayLike, sample_rate: int) -> Waveform:
        """Return a waveform of samples that may leave the range a little: above full scale, the whole is scaled back to it.

        Args:
            samples: Floating point, shape (channels, frames) or (frames,), any finite level.
            sample_rate: Frames per second (Hz).

        Raises:
            AudioError: When the samples are unusable.
        """
        checked = _checked(samples, sample_rate)
        return cls(checked, sample_rate) if _peak(checked) <= 1 else cls.levelled(checked, sample_rate, peak_db=0.0)

    @property
    def channels(self) -> int:
        """Number of channels: 1 is mono, 2 stereo (left first)."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """Number of instants sampled."""
        return int(self.samples.shape[1])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    @property
    def peak(self) -> float:
        """Largest absolute sample, 0 to 1."""
        return _peak(self.samples)

    @property
    def loudness_db(self) -> float:
        """Root mean square level in dBFS; minus infinity for silence. A full-scale sine has -3.01."""
        power = float(np.mean(np.square(self.samples, dtype=np.float64))) if self.samples.size else 0.0
        return 10 * math.log10(power) if power > 0 else -math.inf

    def normalised(self, peak_db: float = PEAK_DB) -> Waveform:
        """Return this sound with its peak at `peak_db` dBFS; silence stays silence."""
        return Waveform.levelled(self.samples, self.sample_rate, peak_db=peak_db)

    def to_mono(self) -> Waveform:
        """Return the mean of the channels as one channel."""
        if self.channels == 1:
            return self
        return Waveform(self.samples.mean(axis=0, dtype=np.float64).astype(np.float32)[None], self.sample_rate)


def checked_rate(sample_rate: int) -> int:
    """Return a sample rate (Hz) as a plain number.

    Raises:
        AudioError: When it is not a whole number from `LOWEST_HZ` to `HIGHEST_HZ`.
    """
    if isinstance(sample_rate, bool) or sample_rate != int(sample_rate) or not LOWEST_HZ <= sample_rate <= HIGHEST_HZ:
        raise AudioError(
            f"waveform: a sample rate of {sample_rate} Hz, expected a whole number, {LOWEST_HZ} to {HIGHEST_HZ}. Usual are 16000 to 48000."
        )
    return int(sample_rate)


def _peak(samples: Samples) -> float:
    """The largest absolute sample."""
    return max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))


def _checked(samples: ArrayLike, sample_rate: int) -> Samples:
    """Return finite float32 samples of two dimensions, of any level."""
    array = np.asarray(samples)
    if array.dtype.kind != "f":
        raise AudioError(
            f"waveform: samples are {array.dtype}, expected floating point. Divide whole numbers by their full scale, such as 32768."
        )
    if array.ndim == 1:
        array = array[None]
    if array.ndim != 2 or not 1 <= array.shape[0] <= MOST_CHANNELS:
        raise AudioError(
            f"waveform: samples have shape {array.shape}, expected (channels, frames) with 1 to {MOST_CHANNELS} channels. Transpose them."
        )
    checked_rate(sample_rate)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
        array = array.astype(np.float32, copy=False)
    if not np.isfinite(array).all():
        raise AudioError("waveform: a sample is not a finite number. Check what computed it.")
    return array
