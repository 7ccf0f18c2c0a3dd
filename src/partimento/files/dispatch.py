"""One `read` and one `write` for every format, by suffix: add a format here and in one file of its own."""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from partimento.errors import ReadError, WriteError, nearest
from partimento.files.whole import write_whole
from partimento.score import Score

LARGEST_FILE_BYTES = 64 * 2**20
"""A score file above this is refused unread: the largest of MAESTRO has 0.4 MB."""


class Format(NamedTuple):
    """A format's module and the names of functions in it, where it has them.

    Attributes:
        module: Of `partimento.files`.
        reader: Bytes, name -> Score.
        writer: Score -> bytes.
        losses: Score -> sentences about what the writer moves or leaves out.
        sniffer: Bytes -> whether they are this format, where its suffix is that of other things too.
    """

    module: str
    reader: str | None
    writer: str | None
    losses: str | None = None
    sniffer: str | None = None


FORMATS = {
    ".mid": Format("midi", "read_midi", "midi_bytes"),
    ".midi": Format("midi", "read_midi", "midi_bytes"),
    ".kar": Format("midi", "read_midi", None),
    ".rmi": Format("midi", "read_midi", None),
    ".csv": Format("csv", "read_csv", "csv_bytes"),
    ".abc": Format("abc", "read_abc", "abc_bytes", "abc_losses"),
    ".musicxml": Format("musicxml", "read_musicxml", "musicxml_bytes"),
    ".xml": Format("musicxml", "read_musicxml", "musicxml_bytes"),
    ".mxl": Format("musicxml", "read_mxl", "mxl_bytes"),
    ".krn": Format("kern", "read_kern", None),
    ".kern": Format("kern", "read_kern", None),
    ".txt": Format("keys_text", "read_keys_text", "keys_text_bytes", "keys_text_losses", "is_keys_text"),
    ".png": Format("png", None, "png_bytes"),
}
"""Suffix -> format."""


def format_of(path: str | os.PathLike[str]) -> Format | None:
    """Return the score format that `path`'s suffix names, or None."""
    return FORMATS.get(Path(path).suffix.lower())


def read(path: str | os.PathLike[str]) -> Score:
    """Read one piece of music from a file.

    Args:
        path: A file with a suffix of `FORMATS`. The tunes of an ABC book follow one another, with a warning;
            `files.abc.read_tune_book` keeps them apart.

    Returns:
        The score; `warnings` says what had to be repaired or left out.

    Raises:
        ReadError: When the file is missing, of an unknown kind, too large, or cannot be understood.
    """
    source = Path(path)
    kind = format_of(source)
    if kind is None or kind.reader is None:
        raise ReadError(
            f"{source.name}: '{source.suffix}' is no format that can be read{nearest(source.suffix.lower(), _suffixes('reader'))}"
        )
    data = read_bytes(source)
    reader = cast(Callable[[bytes, str], Score], _function(kind.module, kind.reader))
    return reader(data, source.name)


def can_be_read(path: str | os.PathLike[str]) -> bool:
    """Return whether a file is of a format that has a reader; where its suffix does not tell, its bytes do."""
    kind = format_of(path)
    if kind is None or kind.reader is None:
        return False
    if kind.sniffer is None:
        return True
    try:
        return cast(Callable[[bytes], bool], _function(kind.module, kind.sniffer))(read_bytes(path))
    except ReadError:
        return False


def read_bytes(path: str | os.PathLike[str], most: int = LARGEST_FILE_BYTES) -> bytes:
    """Return a file's bytes, at most `most` of them.

    Raises:
        ReadError: When the file is missing, no ordinary file, not allowed, or larger than `most`.
    """
    source = Path(path)
    try:
        with opened(source) as file:
            size = source.stat().st_size
            if size > most:
                raise ReadError(f"{source.name}: {size} bytes, expected at most {most}. Cut the file into pieces.")
            data = file.read(size + 1)
    except OSError as error:
        raise _unopened(source, error) from error
    if len(data) > size:
        raise ReadError(f"{source.name}: grows while it is read, or hides its size of more than {size} bytes. Copy it first.")
    return data


def opened(path: str | os.PathLike[str]) -> BinaryIO:
    """Return an ordinary file, open for reading.

    Raises:
        ReadError: When the file is missing, no ordinary file, or not allowed.
    """
    source = Path(path)
    try:
        mode = source.stat().st_mode
        if stat.S_ISREG(mode):
            return source.open("rb")
    except (OSError, ValueError) as error:  # a path with a zero byte is a ValueError
        raise _unopened(source, error) from error
    if stat.S_ISDIR(mode):
        raise ReadError(f"{source.name}: is a folder, expected a file. Name one of the files in it.")
    # a pipe would keep us waiting, a device would never end
    raise ReadError(f"{source.name}: is a pipe or a device, expected a file. Copy what it gives to a file first.")


def _unopened(source: Path, error: Exception) -> ReadError:
    """What is said of a file that the system does not open or read."""
    return ReadError(f"{source.name}: could not be opened ({getattr(error, 'strerror', '') or error}). Check the path '{source}'.")


def write(score: Score, path: str | os.PathLike[str]) -> Path:
    """Write a score in the format that the suffix of `path` names; the file appears whole or not at all.

    Raises:
        WriteError: When the suffix is unknown, or the disk or folder does not take it.
        ScoreError: When the format cannot say the score.
    """
    target = Path(path)
    kind = format_of(target)
    if kind is None or kind.writer is None:
        raise WriteError(
            f"{target.name}: '{target.suffix}' is no format that can be written{nearest(target.suffix.lower(), _suffixes('writer'))}"
        )
    writer = cast(Callable[[Score], bytes], _function(kind.module, kind.writer))
    return write_whole(target, writer(score))


def losses(score: Score, path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Return what of `score` is moved or left out when it is written to `path`, in sentences; formats that say nothing keep silent.

    Raises:
        ScoreError: When the format cannot say the score.
    """
    kind = format_of(path)
    if kind is None or kind.losses is None:
        return ()
    return cast(Callable[[Score], tuple[str, ...]], _function(kind.module, kind.losses))(score)


def _suffixes(side: str) -> list[str]:
    """The suffixes that have a reader or a writer."""
    return [suffix for suffix, kind in FORMATS.items() if getattr(kind, side)]


def _function(module: str, name: str) -> object:
    """A format's function, its module imported on first use: reading MIDI must not import an XML library."""
    return getattr(importlib.import_module(f"partimento.files.{module}"), name)
