"""How sound becomes the bytes of a file, block by block: wav, flac, ogg (Vorbis) and mp3, by way of libsndfile.

The same samples and words give the same bytes, in whatever blocks they come.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from partimento.audio.waveform import Samples
from partimento.errors import ConfigError, WriteError, nearest

SUFFIXES = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", "MPEG_LAYER_III")}
"""Suffix -> libsndfile's names of container and coding."""

INFO_IDS = {"title": b"INAM", "artist": b"IART", "software": b"ISFT", "comment": b"ICMT"}
"""What may be said of a sound -> its chunk in a WAV's ``LIST INFO`` (Microsoft RIFF, 1991)."""

LARGEST_WAV_BYTES = 2**32 - 2**16
"""A RIFF file counts its bytes in 32 bits."""

_BLOCK_FRAMES = 1 << 15  # libsndfile's Vorbis encoder overflows its stack when given minutes at once
_OGG_SERIAL = 0x50415254  # any constant serves: the files hold one stream


class SoundCoding:
    """A kind of sound file.

    Args:
        suffix: One of `SUFFIXES`, the dot included.
        sample_rate: Frames per second (Hz).
        channels: 1 is mono, 2 stereo.
        metadata: Any of `INFO_IDS`: words that the file carries.

    Raises:
        WriteError: When the format is unknown, or has no such rate or number of channels.
        ConfigError: When `metadata` has an unknown key.
    """

    def __init__(self, suffix: str, sample_rate: int, channels: int, metadata: Mapping[str, str]) -> None:
        if suffix.lower() not in SUFFIXES:
            raise WriteError(f"'{suffix}' is no sound format that can be written{nearest(suffix.lower(), SUFFIXES)}")
        self.suffix, self._rate, self._channels = suffix.lower(), sample_rate, channels
        self._words = {name: " ".join(text.split()) for name, text in metadata.items()}
        for name in self._words:
            if name not in INFO_IDS:
                raise ConfigError(f"sound metadata: '{name}' is no field{nearest(name, INFO_IDS)}")
        self.write(io.BytesIO(), [np.zeros((channels, 1), np.float32)])  # the encoder says what it cannot do

    def check(self, frames: int) -> None:
        """Refuse more frames than such a file can hold.

        Raises:
            WriteError: When `frames` are too many.
        """
        if self.suffix == ".wav" and 2 * frames * self._channels > LARGEST_WAV_BYTES:
            raise WriteError(f"sound .wav: {frames / self._rate:.0f} seconds do not fit into 4 GiB. Write .flac, or cut the sound.")

    def write(self, file: BinaryIO, blocks: Iterable[Samples]) -> None:
        """Write sound to an empty file that is open for reading and writing.

        Args:
            file: The file.
            blocks: The sound, each float32 of shape (channels, frames), -1 to 1.

        Raises:
            WriteError: When it cannot be encoded.
            OSError: When the file cannot be written.
        """
        import soundfile  # noqa: PLC0415

        container, coding = SUFFIXES[self.suffix]
        sink = _Sink(file)
        try:
            with soundfile.SoundFile(sink, "w", self._rate, self._channels, coding, format=container) as sound:
                if self.suffix != ".wav":  # there libsndfile would add its own name and version
                    for name, text in self._words.items():
                        setattr(sound, name, text)
                for block in _even(blocks):
                    sound.write(block)
                    sink.check()
        except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
            sink.check()
            raise WriteError(
                f"sound {self.suffix}: {self._channels} channels at {self._rate} Hz cannot be written "
                f"({str(getattr(error, 'error_string', error)).rstrip('.')}). Use 44100 Hz and at most two channels, or .wav."
            ) from error
        sink.check()
        if self.suffix == ".wav":
            _add_info(file, self._words)
        elif self.suffix == ".ogg":
            _set_serial(file)


class _Sink:
    """A file as libsndfile writes it; the operating system's refusal is kept, for from within libsndfile none can be raised."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._trouble: OSError | None = None

    def check(self) -> None:
        """Raise what went wrong, if anything did."""
        if self._trouble is not None:
            raise self._trouble

    def write(self, data: bytes) -> int:
        """Write some bytes, and say that all are written."""
        if self._trouble is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._trouble = error
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, and return it."""
        if self._trouble is None:
            try:
                return self._file.seek(offset, whence)
            except OSError as error:  # what was written before may be flushed only now
                self._trouble = error
        return 0

    def tell(self) -> int:
        """The place in the file."""
        return 0 if self._trouble is not None else self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Read what is there into a buffer and return how many bytes."""
        return 0 if self._trouble is not None else int(self._file.readinto(buffer) or 0)  # type: ignore[attr-defined]


def _even(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """The sound in blocks of `_BLOCK_FRAMES`, each of shape (frames, channels)."""
    kept: list[Samples] = []
    count = 0
    for block in blocks:
        at = 0
        while at < block.shape[1]:
            part = block[:, at : at + _BLOCK_FRAMES - count]
            kept.append(part)
            count, at = count + part.shape[1], at + part.shape[1]
            if count == _BLOCK_FRAMES:
                yield np.ascontiguousarray(np.concatenate(kept, axis=1).T)
                kept, count = [], 0
    if count:
        yield np.ascontiguousarray(np.concatenate(kept, axis=1).T)


def _add_info(file: BinaryIO, words: Mapping[str, str]) -> None:
    """Add a ``LIST INFO`` chunk at the end of a WAV."""
    if not words:
        return
    info = b"INFO"
    for name, ident in INFO_IDS.items():
        if name in words:
            text = words[name].encode("utf-8", "replace") + b"\0"
            info += ident + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    size = file.seek(0, os.SEEK_END)
    file.write(b"\0" * (size % 2) + b"LIST" + struct.pack("<I", len(info)) + info)
    size = file.tell()
    file.seek(4)
    file.write(struct.pack("<I", size - 8))


def _set_serial(file: BinaryIO) -> None:
    """Give the pages of an Ogg file our stream number (RFC 3533, section 6)."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(27)
        if head[:4] != b"OggS":
            return
        segments = file.read(head[26])
        page = bytearray(head + segments + file.read(sum(segments)))
        struct.pack_into("<II", page, 14, _OGG_SERIAL, struct.unpack_from("<I", page, 18)[0])
        struct.pack_into("<I", page, 22, 0)
        struct.pack_into("<I", page, 22, _ogg_checksum(bytes(page)))
        file.seek(at)
        file.write(page)
        at += len(page)


def _crc_table() -> list[int]:
    """The table of the Ogg checksum: polynomial 0x04C11DB7, most significant bit first, no inversions."""
    table = []
    for value in range(256):
        register = value << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
        table.append(register & 0xFFFFFFFF)
    return table


_CRC_TABLE = _crc_table()


def _ogg_checksum(page: bytes) -> int:
    """The checksum of an Ogg page whose own checksum field is zero."""
    register = 0
    for byte in page:
        register = ((register << 8) & 0xFFFFFFFF) ^ _CRC_TABLE[(register >> 24) ^ byte]
    return register
