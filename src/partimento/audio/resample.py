"""Sound at another sample rate, whole or as it comes in.

The filter is libsoxr's for 20 bits. What lies above half the new rate is held back by more than 130 dB, nothing is
moved in time, and a sound of n frames has n * new / old frames afterwards, rounded (a half upwards).
"""

from __future__ import annotations

import numpy as np

from partimento.audio.waveform import Samples, Waveform, checked_rate

_STEP_SAMPLES = 1 << 17  # into or out of the filter at once: half a megabyte, whatever the two rates


class Resampler:
    """Brings a sound to another sample rate, block by block.

    What comes out lags behind what went in by the length of the filter; `finish` gives the rest.

    Args:
        old_hz: Sample rate of what goes in, 1,000 to 768,000.
        new_hz: Sample rate of what comes out, 1,000 to 768,000; with the same rate the samples stay as they are.
        channels: Their number, 1 or more.

    Raises:
        AudioError: When a rate is out of range.

    Source: libsoxr 0.1.3, "high quality"; its delay is taken out by libsoxr itself.
    """

    def __init__(self, old_hz: int, new_hz: int, *, channels: int = 1) -> None:
        import soxr  # noqa: PLC0415 - composing needs no resampling

        self._old_hz, self._new_hz = checked_rate(old_hz), checked_rate(new_hz)
        self._channels = channels
        self._taken = self._given = 0
        self._stream = None if old_hz == new_hz else soxr.ResampleStream(old_hz, new_hz, channels, dtype="float32", quality="HQ")
        self._step = max(1, _STEP_SAMPLES // (channels * (1 + new_hz // old_hz)))

    def push(self, samples: Samples) -> Samples:
        """Take a block in and return what is ready.

        Args:
            samples: Float32, shape (channels, frames), finite, any number of frames.

        Returns:
            Float32, shape (channels, frames at the new rate), often of other lengths and sometimes of none.
        """
        self._taken += samples.shape[1]
        if self._stream is None:
            return samples
        frames = np.ascontiguousarray(samples.T)
        ready = [self._stream.resample_chunk(frames[at : at + self._step]) for at in range(0, len(frames), self._step)]
        return self._counted(np.concatenate(ready) if ready else frames)

    def finish(self) -> Samples:
        """Return what is left, float32, shape (channels, frames), so that the whole has its length; the last call."""
        if self._stream is None or not self._taken:
            return np.zeros((self._channels, 0), np.float32)
        whole = (2 * self._taken * self._new_hz + self._old_hz) // (2 * self._old_hz)
        rest = self._stream.resample_chunk(np.zeros((0, self._channels), np.float32), last=True)
        left = np.zeros((whole - self._given, self._channels), np.float32)  # libsoxr now and then rounds half a frame down
        left[: len(rest)] = rest[: len(left)]
        return self._counted(left)

    def _counted(self, frames: Samples) -> Samples:
        """Frames given out, as (channels, frames)."""
        self._given += len(frames)
        return frames.T


def resampled(waveform: Waveform, rate: int) -> Waveform:
    """Return a waveform at another sample rate.

    A filter overshoots at steep edges; where that leads above full scale, the whole is scaled back to it.

    Args:
        waveform: The sound, of any length.
        rate: The sample rate wanted (Hz), 1,000 to 768,000; its own gives the waveform itself.

    Raises:
        AudioError: When the rate is out of range.
    """
    if checked_rate(rate) == waveform.sample_rate:
        return waveform
    stream = Resampler(waveform.sample_rate, rate, channels=waveform.channels)
    return Waveform.fitted(np.concatenate([stream.push(waveform.samples), stream.finish()], axis=1), rate)
