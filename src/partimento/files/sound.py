"""Sound files: wav, flac, ogg (Vorbis) and mp3 to and from a `Waveform`, by way of libsndfile.

The same waveform and words give the same bytes every time: 16-bit PCM without dither, an Ogg stream number
of our own (libsndfile draws one at random), and no date. Words about the piece (title, artist, software,
comment) stand in a WAV's ``LIST INFO`` chunk, an Ogg's or FLAC's Vorbis comment, an MP3's ID3 tag (which has
no place for the software).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping

import numpy as np

from partimento.audio.waveform import Samples, Waveform
from partimento.errors import ConfigError, ReadError, WriteError, nearest
from partimento.files.sound_stream import SoundStream
from partimento.score import Score

SUFFIXES = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", "MPEG_LAYER_III")}
"""Suffix -> libsndfile's names of container and coding."""

MEDIA_TYPES = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
"""Suffix -> the name that browsers know it by."""

INFO_IDS = {"title": b"INAM", "artist": b"IART", "software": b"ISFT", "comment": b"ICMT"}
"""What may be said of a sound -> its chunk in a WAV's ``LIST INFO`` (Microsoft RIFF, 1991)."""

MOST_SAMPLES = 2**28
"""Samples of all channels that are read: 50 minutes of stereo at 44.1 kHz, one gigabyte of memory."""

LARGEST_WAV_BYTES = 2**32 - 2**16
"""A RIFF file counts its bytes in 32 bits."""

_BLOCK_FRAMES = 1 << 15  # libsndfile's Vorbis encoder overflows its stack when given minutes at once
_OGG_SERIAL = 0x50415254  # any constant serves: the files hold one stream


def sound_tags(score: Score) -> dict[str, str]:
    """Return what a sound file should say of a piece: title, artist, comment (its provenance) and software."""
    words = score.metadata
    tags = {"title": words.get("title", ""), "artist": words.get("composer", ""), "software": "partimento"}
    tags["comment"] = words.get("provenance", "")
    return {name: text for name, text in tags.items() if text}


def sound_bytes(waveform: Waveform, suffix: str = ".wav", *, metadata: Mapping[str, str] | None = None) -> bytes:
    """Return a sound file's bytes.

    Args:
        waveform: The sound, at least one frame.
        suffix: One of `SUFFIXES`, the dot included.
        metadata: Any of `INFO_IDS`: words that the file carries.

    Raises:
        WriteError: When the format is unknown or cannot hold this sample rate, length or number of channels.
        ConfigError: When `metadata` has an unknown key.
    """
    if suffix.lower() not in SUFFIXES:
        raise WriteError(f"'{suffix}' is no sound format that can be written{nearest(suffix.lower(), SUFFIXES)}")
    words = {name: " ".join(text.split()) for name, text in (metadata or {}).items()}
    for name in words:
        if name not in INFO_IDS:
            raise ConfigError(f"sound metadata: '{name}' is no field{nearest(name, INFO_IDS)}")
    if not waveform.frames:
        raise WriteError(f"sound {suffix}: the waveform is empty, expected at least one frame.")
    if suffix.lower() == ".wav" and 2 * waveform.samples.size > LARGEST_WAV_BYTES:
        raise WriteError(f"sound .wav: {waveform.seconds:.0f} seconds do not fit into 4 GiB. Write .flac, or cut the sound.")
    data = _encoded(waveform, suffix.lower(), words)
    if suffix.lower() == ".wav":
        return _with_info(data, words)
    return _with_serial(data) if suffix.lower() == ".ogg" else data


def read_sound(data: bytes, name: str = "sound") -> Waveform:
    """Return the sound in a wav, flac, ogg or mp3 file (or another kind that libsndfile knows).

    Samples above full scale, which floating-point files may hold and lossy ones overshoot to, are brought
    back by scaling the whole.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Raises:
        ReadError: When the bytes are no sound, are damaged, hold a sample that is no number, or more than `MOST_SAMPLES`.
    """
    stream = SoundStream(io.BytesIO(data), name)
    try:
        return Waveform.fitted(_whole(stream), stream.sample_rate)
    finally:
        stream.close()


def _whole(stream: SoundStream) -> Samples:
    """All samples of an open sound file, shape (channels, frames)."""
    most = MOST_SAMPLES // stream.channels
    blocks = []
    for block in stream.blocks():
        if stream.frames > most:
            raise ReadError(f"{stream.name}: more than {most / stream.sample_rate / 60:.0f} minutes of sound. Cut the file into pieces.")
        if not np.isfinite(block).all():
            raise ReadError(f"{stream.name}: a sample is not a finite number. Write the file again from its source.")
        blocks.append(block.T.copy())
    if stream.broken:
        raise ReadError(
            f"{stream.name}, second {stream.seconds:.2f}: damaged ({stream.broken}). Copy it again, or cut it before that place."
        )
    return np.concatenate(blocks, axis=1)


def _encoded(waveform: Waveform, suffix: str, words: Mapping[str, str]) -> bytes:
    """The file as libsndfile writes it."""
    import soundfile  # noqa: PLC0415

    container, coding = SUFFIXES[suffix]
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", waveform.sample_rate, waveform.channels, coding, format=container) as file:
            if suffix != ".wav":  # there libsndfile would add its own name and version
                for name, text in words.items():
                    setattr(file, name, text)
            frames = waveform.samples.T
            for at in range(0, waveform.frames, _BLOCK_FRAMES):
                file.write(np.ascontiguousarray(frames[at : at + _BLOCK_FRAMES]))
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise WriteError(
            f"sound {suffix}: {waveform.channels} channels at {waveform.sample_rate} Hz cannot be written "
            f"({str(getattr(error, 'error_string', error)).rstrip('.')}). Use 44100 Hz and at most two channels, or .wav."
        ) from error
    return buffer.getvalue()


def _with_info(wav: bytes, words: Mapping[str, str]) -> bytes:
    """A WAV with a ``LIST INFO`` chunk at its end."""
    if not words:
        return wav
    info = b"INFO"
    for name, ident in INFO_IDS.items():
        if name in words:
            text = words[name].encode("utf-8", "replace") + b"\0"
            info += ident + struct.pack("<I", len(text)) + text + b"\0" * (len(text) % 2)
    body = wav[8:] + b"\0" * (len(wav) % 2) + b"LIST" + struct.pack("<I", len(info)) + info
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _with_serial(ogg: bytes) -> bytes:
    """An Ogg file whose pages carry our stream number (RFC 3533, section 6)."""
    data = bytearray(ogg)
    at = 0
    while data[at : at + 4] == b"OggS":
        segments = data[at + 26]
        size = 27 + segments + sum(data[at + 27 : at + 27 + segments])
        struct.pack_into("<II", data, at + 14, _OGG_SERIAL, struct.unpack_from("<I", data, at + 18)[0])
        struct.pack_into("<I", data, at + 22, 0)
        struct.pack_into("<I", data, at + 22, _ogg_checksum(bytes(data[at : at + size])))
        at += size
    return bytes(data)


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
