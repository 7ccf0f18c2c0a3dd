"""Outputs appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from partimento.errors import PartimentoError, WriteError

UNFINISHED = ".partimento.tmp"
"""How the names of files and folders end that are not whole yet."""

_REMEDY = {
    errno.ENOSPC: "The disk is full. Free some space, or write elsewhere; what stood there before is untouched.",
    errno.EDQUOT: "The disk quota is used up. Free some space, or write elsewhere; what stood there before is untouched.",
    errno.EACCES: "The folder may not be written. Choose another with --out, or change its permissions.",
    errno.EROFS: "The folder is read-only. Choose another with --out.",
    errno.ENOENT: "The folder does not exist. Make it first.",
    errno.ENOTDIR: "A part of the path is a file, not a folder. Choose another path.",
    errno.EISDIR: "That is a folder. Give a file name.",
    errno.EEXIST: "A file of that name stands there. Choose another folder with --out.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


def write_error(path: Path, error: OSError | ValueError) -> WriteError:
    """Return the one-line error for an operating system's refusal to write `path`; one with a zero byte is a ValueError."""
    known = error if isinstance(error, OSError) else OSError()
    remedy = _REMEDY.get(known.errno or 0, "Check the path and the disk.")
    return WriteError(f"{path}: could not be written ({known.strerror or error}). {remedy}")


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write `data` to `path`: afterwards the file holds all of it, or what it held before.

    Raises:
        WriteError: When the folder is missing or read-only, or the disk is full.
    """
    with whole_file(path) as file:
        file.write(data)
    return Path(path)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a new file that takes the name `path` in one step once the block has ended well; otherwise what stood there stays.

    It stands beside its place, for reading and writing, and is flushed to the disk before it takes the name.

    Raises:
        WriteError: When the folder is missing or read-only, or the disk is full.
    """
    target = Path(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=UNFINISHED, dir=target.parent)
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
        temporary = None
    except PartimentoError:  # some are OSErrors or ValueErrors too
        raise
    except (OSError, ValueError) as error:
        raise write_error(target, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def sweep(folder: Path) -> None:
    """Remove what writers that were killed have left in `folder`; only for a folder that nobody else is writing to."""
    for left in folder.glob(f".*{UNFINISHED}"):
        with contextlib.suppress(OSError):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make the folder `path` and those above it, where missing.

    Raises:
        WriteError: When it cannot be made.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise write_error(folder, error) from error
    return folder


def _umask() -> int:
    """The process's file mode mask (readable only by setting it)."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
