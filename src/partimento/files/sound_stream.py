"""A sound file read from its beginning to its end, one block at a time, by way of libsndfile.

Nothing that a header claims is believed: blocks are read until none come. libsndfile logs what it found odd
while it opened a file; the two findings that matter to a listener are read from there.
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from partimento.audio.waveform import HIGHEST_HZ, LOWEST_HZ, MOST_CHANNELS
from partimento.errors import ReadError

_BLOCK_SAMPLES = 1 << 17  # of all channels: half a megabyte
_UNWRITTEN = 0x7FD15EA5  # bits of a float32 that is no number, and that no decoder writes
_UNKNOWN_FRAMES = 1 << 62  # libsndfile's word for a length that the file does not tell lies above
_SHORT = re.compile(r": (\d+) \(should be (\d+)\)")
_UNENDED = "Last page lacks an end-of-stream bit"
_SAMPLE_DUMP = b"\xf0\x7e"
_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")  # one of them in an mp3's first frame says how many frames follow
_STRETCH = 64  # the rates of an mp3's frames differ by less
_LEAST_FLAC_BLOCK = 16  # RFC 9639, section 8.2
_FREE_FORMAT = re.compile(r"bitrate +: 0 kbps")


class SoundStream:
    """An open sound file.

    Args:
        file: Open for reading; it stays open when the stream is closed.
        name: The file's name, for messages.

    Attributes:
        name: As given.
        sample_rate: Frames per second (Hz), 1,000 to 768,000.
        channels: 1 to 64.
        claimed_seconds: The length that the file's header tells, None where it tells none.
        odd: What is wrong with the file though it can be opened, in a few words each.
        frames: How many have been read.
        broken: Why decoding stopped before the end, in a few words; empty where it did not.

    Raises:
        ReadError: When the file is no sound that can be read.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        import soundfile  # noqa: PLC0415 - 40 ms that reading notes need not pay

        self.name, self.frames, self.broken = name, 0, ""
        self._bytes = _QuietBytes(file)
        self._errors = (soundfile.SoundFileError, RuntimeError)
        if not self._bytes.head:
            raise ReadError(f"{name}: is empty, expected a sound file. Record or copy it again.")
        if self._bytes.head.startswith(_SAMPLE_DUMP):  # libsndfile prints what it finds wrong with one
            raise ReadError(f"{name}: a MIDI sample dump, expected a recording. Convert it to wav with a sound editor.")
        try:
            self._file = soundfile.SoundFile(self._bytes)
            untold = self._file.format == "MP3" and not self._bytes.tells_length()
            if untold:  # libsndfile then guesses from the first frame and reads no further than its guess: let it guess too high
                self._file.close()
                self._bytes.stretch()
                self._file = soundfile.SoundFile(self._bytes)
        except self._errors as error:
            raise ReadError(
                f"{name}: not a sound file that can be read ({self._reason(error)}). Give a whole wav, flac, ogg or mp3 file."
            ) from error
        self._file.seekable = lambda: False  # else soundfile seeks after each block, which not every file bears
        self.sample_rate, self.channels = int(self._file.samplerate), int(self._file.channels)
        log = str(self._file.extra_info)
        self.claimed_seconds = None if untold else self._claimed(log)
        self.odd = self._bytes.damage() + (("its end mark is missing, so it was probably cut off",) if _UNENDED in log else ())
        refusal = self._refusal(log)
        if refusal:
            self.close()
            raise ReadError(f"{name}: {refusal}")

    @property
    def seconds(self) -> float:
        """How much has been read."""
        return self.frames / self.sample_rate

    def close(self) -> None:
        """Let the decoder go."""
        self._file.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the sound as it stands in the file, float32, shape (frames, channels); the array is used again for the next block.

        Raises:
            ReadError: When there is none.
        """
        buffer = np.empty((max(1, _BLOCK_SAMPLES // self.channels), self.channels), np.float32)
        while not self.broken:
            buffer.view(np.uint32).fill(_UNWRITTEN)
            try:
                block = self._file.read(out=buffer)
            except self._errors as error:
                self.broken = self._reason(error)
                block = buffer[: int(np.count_nonzero((buffer.view(np.uint32) != _UNWRITTEN).all(axis=1)))]
            if not len(block):
                break
            self.frames += len(block)
            yield block
        self.broken = self.broken or self._bytes.trouble
        if not self.frames:
            reason = f" ({self.broken})" if self.broken else ""
            raise ReadError(f"{self.name}: holds no sound{reason}. It was cut off, or its recorder stopped early: copy or record it again.")

    def _reason(self, error: Exception) -> str:
        """What libsndfile, or the system beneath it, says."""
        return self._bytes.trouble or str(getattr(error, "error_string", error)).strip().removeprefix("Error : ").rstrip(".")

    def _refusal(self, log: str) -> str:
        """Why a file is not read although libsndfile would, or nothing."""
        if not LOWEST_HZ <= self.sample_rate <= HIGHEST_HZ or self.channels > MOST_CHANNELS:
            found = f"{self.channels} channels at {self.sample_rate} Hz"
            return f"{found}, expected up to {MOST_CHANNELS} at {LOWEST_HZ} to {HIGHEST_HZ} Hz. Convert it with a sound editor."
        if _FREE_FORMAT.search(log):
            return "MPEG frames that tell no bit rate, which may be no sound at all. Convert it to wav or flac with a sound editor."
        return ""

    def _claimed(self, log: str) -> float | None:
        """The length in seconds that the header tells, from libsndfile, or in proportion where a chunk is longer than what is there."""
        frames = int(self._file.frames)
        if not 0 < frames < _UNKNOWN_FRAMES:
            return None
        pairs = [(int(claim), int(held)) for claim, held in _SHORT.findall(log)]
        cut = [claim / held for claim, held in pairs if held > 0 and not _is_placeholder(claim)]
        return max([1.0, *cut]) * frames / self.sample_rate


def _is_placeholder(size: int) -> bool:
    """Whether a chunk's size is what programs write that do not know it yet: near to the largest number of 31 or 32 bits."""
    return any(limit - (1 << 16) <= size <= limit for limit in (1 << 31, 1 << 32))


class _QuietBytes:
    """A file as libsndfile calls it back: what is raised in there would be printed, so it is remembered instead."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end: int | None = None
        self.trouble = ""
        self.head = file.read(12)
        file.seek(0)

    def tells_length(self) -> bool:
        """Whether an mp3 says how long it is; else that is guessed from its size."""
        tag = 0
        if self.head[:3] == b"ID3":  # its size has 7 bits a byte (ID3v2.3, section 3.1)
            for byte in self.head[6:10]:
                tag = tag << 7 | byte & 127
        first, place = bytearray(1 << 12), self.tell()
        self.seek(tag)
        self.readinto(first)
        self.seek(place)
        return any(word in first for word in _LENGTH_TAGS)

    def stretch(self) -> None:
        """Begin anew, as a file many times as long."""
        self.seek(0, 2)
        self._end = self.tell() * _STRETCH
        self.seek(0)

    def damage(self) -> tuple[str, ...]:
        """What is wrong with a FLAC's header that decoders do not mind."""
        least = min(struct.unpack(">HH", self.head[8:12])) if self.head[:4] == b"fLaC" else _LEAST_FLAC_BLOCK
        return () if least >= _LEAST_FLAC_BLOCK else (f"its header is damaged: it tells of blocks of {least} samples",)

    def seek(self, offset: int, whence: int = 0) -> None:
        """Move, or stay where that is not possible; `tell` says which."""
        if whence == 2 and self._end is not None:
            offset, whence = self._end + offset, 0
        with contextlib.suppress(OSError, ValueError, OverflowError):
            self._file.seek(offset, whence)

    def tell(self) -> int:
        """The place in the file."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Read what is there into a buffer and return how many bytes."""
        if self._end is not None and self.tell() > self._end - 256:  # only the tag of 128 bytes is looked for there
            return len(buffer)
        try:
            return int(self._file.readinto(buffer) or 0)  # type: ignore[attr-defined]
        except (OSError, ValueError) as error:
            self.trouble = getattr(error, "strerror", "") or str(error)
            return 0
