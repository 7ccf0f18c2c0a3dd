"""Long sound into a file: it is never in memory as a whole.

How loud it is becomes known at its end, so it waits in a file without a name beside its place, and is then brought to its level and
encoded. Silence takes no room there where the disk knows files with holes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from partimento.audio.waveform import Samples, checked_rate
from partimento.errors import AudioError, PartimentoError
from partimento.files.sound_coding import SoundCoding
from partimento.files.whole import whole_file, write_error

_BLOCK_FRAMES = 1 << 18


@dataclass(frozen=True)
class Written:
    """A sound file that was written.

    Attributes:
        seconds: Its length.
        peak: Largest absolute sample, 0 to 1.
    """

    seconds: float
    peak: float


def write_sound(
    path: Path, blocks: Iterable[Samples], sample_rate: int, *, peak_db: float | None = None, metadata: Mapping[str, str] | None = None
) -> Written:
    """Write sound to `path`: the whole of it, or what stood there before.

    Args:
        path: A file with one of `sound_coding.SUFFIXES`.
        blocks: The sound, each float32 of shape (channels, frames), any finite level; not asked for before the kind of file and its
            place are known to do.
        sample_rate: Frames per second (Hz).
        peak_db: Where the peak is to lie, in dBFS; where None levels are kept, but brought down to full scale if they go above it.
        metadata: See `SoundCoding`.

    Raises:
        WriteError: When the kind of file is unknown or cannot hold the sound, or the file cannot be written.
        AudioError: When a sample is not a finite number, or there are none.
    """
    checked_rate(sample_rate)
    SoundCoding(path.suffix, sample_rate, 1, metadata or {})
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            waiting = _Waiting(file)
            for block in blocks:
                waiting.add(block)
                if waiting.frames == block.shape[1]:  # the first
                    coding = SoundCoding(path.suffix, sample_rate, waiting.channels, metadata or {})
                coding.check(waiting.frames)
            if not waiting.frames:
                raise AudioError(f"{path}: there is no sound to write, expected at least one frame.")
            loud = waiting.peak > 1 if peak_db is None else waiting.peak > 0
            gain = 10 ** ((peak_db or 0.0) / 20) / waiting.peak if loud else 1.0
            with whole_file(path) as target:
                coding.write(target, waiting.blocks(gain))
    except PartimentoError:  # some are OSErrors or ValueErrors too
        raise
    except (OSError, ValueError) as error:
        raise write_error(path, error) from error
    return Written(waiting.frames / sample_rate, min(waiting.peak * gain, 1.0))


class _Waiting:
    """Samples in a file, float32, frame after frame.

    Attributes:
        channels: Of the blocks that were added.
        frames: So many were.
        peak: Their largest absolute sample.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.channels = self.frames = 0
        self.peak = 0.0

    def add(self, block: Samples) -> None:
        """Add a block, shape (channels, frames), 1 or more."""
        self.channels = block.shape[0]
        for at in range(0, block.shape[1], _BLOCK_FRAMES):
            part = block[:, at : at + _BLOCK_FRAMES]
            peak = float(np.maximum(part.max(), -part.min()))
            if not np.isfinite(peak):
                raise AudioError("sound: a sample is not a finite number. Check what computed it.")
            if peak:
                self._file.seek(4 * self.channels * self.frames)
                self._file.write(np.ascontiguousarray(part.T, np.float32).data)
                self.peak = max(self.peak, peak)
            self.frames += part.shape[1]

    def blocks(self, gain: float) -> Iterator[Samples]:
        """Yield all of them, shape (channels, frames), `gain` times as loud."""
        self._file.truncate(4 * self.channels * self.frames)
        self._file.seek(0)
        while data := self._file.read(4 * self.channels * _BLOCK_FRAMES):
            block = np.frombuffer(data, np.float32).reshape(-1, self.channels).T
            yield np.clip(block * np.float32(gain), -1, 1)
