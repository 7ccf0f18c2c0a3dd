"""Sound files: wav, flac, ogg (Vorbis) and mp3 to and from a `Waveform`, by way of libsndfile.

The same waveform and words give the same bytes every time: 16-bit PCM without dither, an Ogg stream number
of our own (libsndfile draws one at random), and no date. Words about the piece (title, artist, software,
comment) stand in a WAV's ``LIST INFO`` chunk, an Ogg's or FLAC's Vorbis comment, an MP3's ID3 tag (which has
no place for the software).
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

from partimento.audio.waveform import Samples, Waveform
from partimento.errors import ReadError, WriteError
from partimento.files.sound_coding import INFO_IDS, LARGEST_WAV_BYTES, SUFFIXES, SoundCoding
from partimento.files.sound_stream import SoundStream
from partimento.score import Score

__all__ = ["INFO_IDS", "LARGEST_WAV_BYTES", "MEDIA_TYPES", "MOST_SAMPLES", "SUFFIXES", "read_sound", "sound_bytes", "sound_tags"]

MEDIA_TYPES = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}
"""Suffix -> the name that browsers know it by."""

MOST_SAMPLES = 2**28
"""Samples of all channels that are read: 50 minutes of stereo at 44.1 kHz, one gigabyte of memory."""


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
    coding = SoundCoding(suffix, waveform.sample_rate, waveform.channels, metadata or {})
    if not waveform.frames:
        raise WriteError(f"sound {suffix}: the waveform is empty, expected at least one frame.")
    coding.check(waveform.frames)
    buffer = io.BytesIO()
    coding.write(buffer, [waveform.samples])
    return buffer.getvalue()


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
