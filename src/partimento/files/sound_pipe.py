"""Sound that comes through a pipe while it is made: a WAV stream, or samples of 16 bits with no header.

Nothing is read ahead: what has arrived is given on. Of the header only the form of the samples is believed; who writes a stream does not
know its length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from partimento.audio.resample import Resampler
from partimento.audio.waveform import MOST_CHANNELS, checked_rate
from partimento.errors import ReadError
from partimento.files.recording import Mixdown, Mono

RAW_HZ = 16_000
"""Frames per second of samples without a header, where nothing else is said."""

_MOST_BYTES = 1 << 16
_LONGEST_CHUNK = 1 << 20  # of a header
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_KINDS = {(_PCM, 8): "u1", (_PCM, 16): "<i2", (_PCM, 24): "", (_PCM, 32): "<i4", (_FLOAT, 32): "<f4", (_FLOAT, 64): "<f8"}


class Pipe(Protocol):
    """What can be read as it comes in, such as ``sys.stdin.buffer``."""

    def read1(self, size: int, /) -> bytes:
        """Return what is there, at most `size` bytes; wait where nothing is, and return nothing at the end."""


class SoundPipe:
    """A stream of sound that is read once; where it begins with a WAV header that is obeyed.

    Args:
        pipe: The bytes; it stays open.
        name: For messages.
        sample_rate: Frames per second (Hz) of what is read out, 1,000 to 768,000.
        raw_hz: Frames per second of samples without a header: signed, 16 bits, little-endian, one channel.

    Attributes:
        name: As given.
        original_hz: Frames per second of the stream itself.
        channels: Of the stream itself, 1 to 64.

    Raises:
        ReadError: When the stream is empty, or its header is none that can be read.
        AudioError: When a rate is out of range.
    """

    def __init__(self, pipe: Pipe, name: str, *, sample_rate: int, raw_hz: int = RAW_HZ) -> None:
        self.name, self.original_hz, self.channels = name, checked_rate(raw_hz), 1
        self._pipe, self._sample_rate = pipe, checked_rate(sample_rate)
        self._code, self._bits, self._left = _PCM, 16, 1 << 62
        self._mixdown = Mixdown()
        self._is_cut = False
        self._begin = self._exactly(4)
        if not self._begin:
            raise self._nothing()
        if self._begin == b"RIFF":
            self._read_header()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was odd about what has been read, one sentence each."""
        cut = ": ends in the middle of a sample, which was left out."
        return tuple(
            f"{self.name}{sentence}" for sentence in (*([cut] if self._is_cut else []), *self._mixdown.sentences(self.original_hz))
        )

    def blocks(self) -> Iterator[Mono]:
        """Yield the sound as it comes in, the mean of its channels, at its new rate, shape (frames,); it can be read once.

        Raises:
            ReadError: When the stream ends before a whole sample has come.
        """
        resampler = Resampler(self.original_hz, self._sample_rate)
        size = self.channels * self._bits // 8
        waiting = self._begin
        while True:
            whole = len(waiting) // size * size
            if whole:
                yield resampler.push(self._mixdown.mono(self._decoded(waiting[:whole]))[None])[0]
            more = self._pipe.read1(min(_MOST_BYTES, self._left))
            self._left -= len(more)
            if not more:
                break
            waiting = waiting[whole:] + more
        self._is_cut = len(waiting) > whole
        if not self._mixdown.frames:
            raise self._nothing()
        yield resampler.finish()[0]

    def _decoded(self, data: bytes) -> NDArray[np.float32]:
        """Bytes as samples, shape (frames, channels)."""
        kind = _KINDS[self._code, self._bits]
        if not kind:  # 24 bits: the upper three bytes of 32
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            samples = wide.view("<i4")[:, 0] / np.float32(2**31)
        else:
            numbers = np.frombuffer(data, kind)
            samples = np.asarray(numbers, np.float32)
            if self._code == _PCM:
                samples = (samples - np.float32(128)) / np.float32(128) if self._bits == 8 else samples / np.float32(2 ** (self._bits - 1))
        return np.asarray(samples, np.float32).reshape(-1, self.channels)

    def _read_header(self) -> None:
        """Read a WAV header up to its samples."""
        if self._exactly(8)[4:] != b"WAVE":
            raise self._refused(
                "begins as a RIFF file that is no WAV, expected a WAV stream. Send WAV, or samples of 16 bits without a header."
            )
        told = b""
        while True:
            head = self._exactly(8)
            if len(head) < 8:
                raise self._refused("ends within its WAV header, expected samples behind it. Send it again.")
            kind, size = head[:4], struct.unpack("<I", head[4:])[0]
            if kind == b"data":
                break
            if size > _LONGEST_CHUNK:
                raise self._refused(f"has a header part of {size} bytes, expected at most {_LONGEST_CHUNK}. Send it as plain WAV.")
            body = self._exactly(size + size % 2)
            told = body if kind == b"fmt " else told
        self._obey(told)
        if 0 < size < 0x7FFF_F000:  # who does not know the length writes none, or the most that there can be
            self._left = size
        self._begin = b""

    def _obey(self, told: bytes) -> None:
        """Take the form of the samples from a header's part ``fmt``."""
        if len(told) < 16:
            raise self._refused("its WAV header does not tell the form of its samples. Send it as plain WAV.")
        code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", told[:16])
        if code == _EXTENSIBLE and len(told) >= 26:
            code = struct.unpack("<H", told[24:26])[0]
        if (code, bits) not in _KINDS:
            raise self._refused(
                f"holds samples of kind {code} with {bits} bits, expected whole numbers of 8 to 32 bits or floating point. "
                "Send WAV of 16 bits."
            )
        if not 1 <= channels <= MOST_CHANNELS:
            raise self._refused(f"has {channels} channels, expected 1 to {MOST_CHANNELS}. Send one.")
        self.original_hz, self.channels, self._code, self._bits = checked_rate(rate), channels, code, bits

    def _exactly(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        data = b""
        while len(data) < size and (more := self._pipe.read1(size - len(data))):
            data += more
        return data

    def _nothing(self) -> ReadError:
        """The error of a stream without sound."""
        return self._refused("holds no sound, expected a WAV stream or samples of 16 bits. Is what writes it running?")

    def _refused(self, words: str) -> ReadError:
        """An error about this stream."""
        return ReadError(f"{self.name}: {words}")
