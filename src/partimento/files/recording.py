"""Recordings of any length, read block by block as a transcriber hears them: one channel, one sample rate.

A recording is never in memory as a whole. What was odd about it stands in `warnings` when it has been read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from partimento.audio.resample import Resampler
from partimento.audio.waveform import PEAK_DB, checked_rate
from partimento.errors import ConfigError, ReadError
from partimento.files.dispatch import opened
from partimento.files.sound_stream import SoundStream

Mono = NDArray[np.float32]
"""One channel of sound, shape (frames,)."""

LARGEST_SAMPLE = 2.0**31
"""A sample beyond this is no number of sound: whole numbers of 32 bits, written as floating point, go no further."""

HIGHEST_KEY_HZ = 4186.0
"""The fundamental of a piano's highest key, C8."""

_SILENT_PEAK = 2.0**-15  # one step of 16 bits
_LOUD_PEAK = 10 ** (-PEAK_DB / 20)  # lossy formats overshoot by less
_FULL_SCALE = 1 - 2.0**-15
_FLAT_SAMPLES = 4  # at full scale one after the other: loud music touches it, clipped music stays there
_MISSING_SECONDS = 0.1  # an mp3's length is told to a frame or two


class Recording:
    """A sound file that is read once, from its beginning to its end; a context manager.

    Args:
        file: The file, open for reading; the recording closes it.
        name: The file's name, for messages.
        sample_rate: Frames per second (Hz) of what is read out, 1,000 to 768,000.

    Attributes:
        name: As given.
        sample_rate: As given.
        original_hz: Frames per second of the file itself.
        channels: Of the file itself, 1 to 64.
        claimed_seconds: The length that the file's header tells, None where it tells none.

    Raises:
        ReadError: When the file is no sound that can be read.
        AudioError: When `sample_rate` is out of range.
    """

    def __init__(self, file: BinaryIO, name: str, *, sample_rate: int) -> None:
        self.name, self.sample_rate = name, checked_rate(sample_rate)
        self._file = file
        self._stream = SoundStream(file, name)
        self.original_hz, self.channels = self._stream.sample_rate, self._stream.channels
        self.claimed_seconds = self._stream.claimed_seconds
        self._heard = Mixdown()
        self._begun = False

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()
        self._file.close()

    @property
    def seconds(self) -> float:
        """How much of the recording has been read."""
        return self._stream.seconds

    def blocks(self, frames: int) -> Iterator[Mono]:
        """Yield the recording, the mean of its channels, at its new sample rate; it can be read once.

        Samples that are no numbers are silence. Levels are those of the file, above full scale too.

        Args:
            frames: Length of a block, 1 or more; the last one may be shorter.

        Yields:
            Float32, shape (frames,).

        Raises:
            ConfigError: When `frames` is below 1.
            ReadError: When the file holds no sound, no sample of it is a number, or it has been read before.
        """
        if frames < 1:
            raise ConfigError(f"recording: blocks of {frames} frames, expected 1 or more. Usual is {self.sample_rate}, a second.")
        if self._begun:
            raise ReadError(f"{self.name}: has been read, and a recording is read once. Open it again.")
        self._begun = True
        block, at = np.empty(frames, np.float32), 0
        for piece in self._pieces():
            done = 0
            while done < piece.size:
                taken = min(frames - at, piece.size - done)
                block[at : at + taken] = piece[done : done + taken]
                at, done = at + taken, done + taken
                if at == frames:
                    yield block
                    block, at = np.empty(frames, np.float32), 0
        if at:
            yield block[:at]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd about what has been read, one sentence each."""
        return (*self._of_length(), *(f"{self.name}{sentence}" for sentence in self._heard.sentences(self.original_hz)))

    def _pieces(self) -> Iterator[Mono]:
        """The sound in one channel and at the new rate, in pieces of any length."""
        resampler = Resampler(self.original_hz, self.sample_rate)
        for block in self._stream.blocks():
            yield resampler.push(self._heard.mono(block)[None])[0]
        if self._heard.strange == self._heard.samples:
            raise ReadError(
                f"{self.name}: no sample is a number, all {self._heard.strange} are broken. Write the file again from its source."
            )
        yield resampler.finish()[0]

    def _of_length(self) -> Iterator[str]:
        """What is to be said of a recording that is shorter than it should be."""
        stream, claimed = self._stream, self.claimed_seconds
        of = f" of the {claimed:.2f} that its header tells" if claimed and claimed - stream.seconds >= _MISSING_SECONDS else ""
        if stream.broken:
            yield f"{self.name}, second {stream.seconds:.2f}: damaged ({stream.broken}); {stream.seconds:.2f} seconds{of} were read."
        elif of:
            yield f"{self.name}: cut off, or parts of it are damaged and left out; {stream.seconds:.2f} seconds{of} were read."
        yield from (f"{self.name}: {words}; {stream.seconds:.2f} seconds were read." for words in stream.odd)


class Mixdown:
    """Makes one channel of several, and counts on the way what is odd."""

    def __init__(self) -> None:
        self.frames = self.samples = self.strange = self.flat = 0
        self.first_strange = self.first_flat = 0
        self.peak = self.mono_peak = 0.0

    def mono(self, block: NDArray[np.float32]) -> Mono:
        """The mean of the channels of a block, shape (frames, channels)."""
        peak = _peak(block)
        if not peak <= LARGEST_SAMPLE:  # what is no number is not less than anything
            block = self._mended(block)
            peak = _peak(block)
        if peak >= _FULL_SCALE:
            self._count_flats(np.abs(block) >= _FULL_SCALE)
        mixed = block[:, 0].copy()
        for channel in range(1, block.shape[1]):  # ten times as fast as `mean` along so short an axis
            mixed += block[:, channel]
        mixed /= np.float32(block.shape[1])
        self.samples += block.size
        self.frames += len(block)
        self.peak = max(self.peak, peak)
        self.mono_peak = max(self.mono_peak, _peak(mixed))
        return mixed

    def _mended(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """A block with silence in place of what is no number."""
        usable = np.abs(block) <= LARGEST_SAMPLE
        if not self.strange:
            self.first_strange = self.frames + int(np.argmin(usable.all(axis=1)))
        self.strange += block.size - int(np.count_nonzero(usable))
        return np.where(usable, block, np.float32(0))

    def _count_flats(self, full: NDArray[np.bool_]) -> None:
        """Count the samples with which a channel stays at full scale; a run from block to block may count a few less."""
        runs = full[_FLAT_SAMPLES - 1 :].copy()
        for back in range(1, _FLAT_SAMPLES):
            runs &= full[_FLAT_SAMPLES - 1 - back : len(full) - back]
        found = int(np.count_nonzero(runs))
        if found and not self.flat:
            self.first_flat = self.frames + int(np.argmax(runs.any(axis=1)))
        self.flat += found

    def sentences(self, rate: int) -> Iterator[str]:
        """What to say of it, to follow the file's name; `rate` is the file's, in Hz."""
        if self.strange:
            place = self.first_strange / rate
            yield f", second {place:.2f}: {self.strange} samples are no numbers, the first of them here; they were read as silence."
        if self.peak > _LOUD_PEAK:
            yield f": its peak is {self.peak:.4g} times full scale; levels were left as they are."
        elif self.flat:
            yield f", second {self.first_flat / rate:.2f}: clipped, from here on in {self.flat} places; loud notes may be heard wrongly."
        if rate < 2 * HIGHEST_KEY_HZ:
            yield (
                f": {rate} samples a second hold nothing above {rate / 2:.0f} Hz, so the highest notes "
                f"(a piano's reach {HIGHEST_KEY_HZ:.0f} Hz) cannot be heard."
            )
        if self.frames and self.peak < _SILENT_PEAK:
            yield ": silent from beginning to end."
        elif self.frames and self.mono_peak < _SILENT_PEAK:
            yield ": its channels cancel each other out, so their mean is silent; give one of them alone."


def _peak(samples: NDArray[np.float32]) -> float:
    """The largest absolute sample; no number where one of them is none."""
    return float(np.maximum(samples.max(), -samples.min()))


def open_recording(path: str | os.PathLike[str], *, sample_rate: int = 16_000) -> Recording:
    """Open a sound file, to be read in blocks: wav, flac, mp3, ogg, opus, aiff, au, caf or another that libsndfile knows.

    The memory it takes does not depend on the file's length.

    Args:
        path: The file, of any length.
        sample_rate: Frames per second (Hz) of what is read out, 1,000 to 768,000.

    Returns:
        The recording, to be used in a ``with`` statement.

    Raises:
        ReadError: When the file is missing, no ordinary file, empty, or no sound that can be read.
        AudioError: When `sample_rate` is out of range.
    """
    file = opened(path)
    try:
        return Recording(file, Path(path).name, sample_rate=sample_rate)
    except BaseException:
        file.close()
        raise
