"""What has been made of something long, kept beside its place until it is whole: a run that was broken off goes on from there.

The file begins with a line of JSON that says what it is a part of. Each part follows with its length and SHA-256 before it, so that one
that was being written when the machine stopped is told from a whole one, and left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
from pathlib import Path

from partimento.errors import WriteError
from partimento.files.whole import write_error

PART = ".part"
"""How its name ends, behind that of what is being made."""

FORMAT = "partimento part 1"

_HEAD = struct.Struct("<Q32s")  # length and SHA-256 of what follows
_LONGEST_LINE = 500


class PartFile:
    """The parts that are made so far, each some bytes; `len` of them, by number from 0.

    Args:
        path: Where they are kept.
        of: What is being made, in one word: the hash of all that it hangs on. Parts of anything else are given up when the
            first one is added.

    Raises:
        WriteError: When a file stands there that keeps no parts, or it cannot be read.
    """

    def __init__(self, path: Path, of: str) -> None:
        self.path = path
        self._line = json.dumps({"format": FORMAT, "of": of}).encode() + b"\n"
        self._places: list[tuple[int, int]] = []
        self._end = 0
        try:
            self._look()
        except FileNotFoundError:
            return
        except OSError as error:
            raise write_error(path, error) from error

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> bytes:
        begin, size = self._places[number]
        with self.path.open("rb") as file:
            file.seek(begin)
            return file.read(size)

    def append(self, data: bytes) -> None:
        """Add a part, and flush it to the disk.

        Raises:
            WriteError: When it cannot be written; the parts before it stay.
        """
        head = _HEAD.pack(len(data), hashlib.sha256(data).digest())
        try:
            with self.path.open("r+b" if self._end else "wb") as file:
                if not self._end:
                    file.write(self._line)
                begin = file.seek(self._end or len(self._line))
                file.truncate()
                file.write(head)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self.path, self._end) if self._end else self.path.unlink()
            raise write_error(self.path, error) from error
        self._places.append((begin + _HEAD.size, len(data)))
        self._end = begin + _HEAD.size + len(data)

    def _look(self) -> None:
        """Find the whole parts in the file, where it is of the same thing."""
        with self.path.open("rb") as file:
            line = file.readline(_LONGEST_LINE)
            if line and not line.startswith(json.dumps({"format": FORMAT})[:-1].encode()):
                raise WriteError(f"{self.path}: is in the way: what is being made is kept there, and this is something else. Move it.")
            if line != self._line:
                return
            self._end = len(line)
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                size, digest = _HEAD.unpack(head)
                begin = self._end + _HEAD.size
                if size > os.fstat(file.fileno()).st_size - begin or hashlib.sha256(file.read(size)).digest() != digest:
                    return
                self._places.append((begin, size))
                self._end = begin + size
