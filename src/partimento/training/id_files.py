"""Ids of many pieces in a few files, read from the disk as they are needed: a corpus need not fit into memory.

    ids-0000.bin  numbers of 16 bits, or of 32 where the vocabulary needs them, one piece behind the other
    ids-0001.bin  ...

The files are made anew for each run, in one pass, and mapped into memory; where each piece stands is remembered, not written.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partimento.files.whole import make_folder, write_error

Ids = NDArray[np.int32]

FILE_BYTES = 2**26
"""Bytes after which a new file is begun."""


class IdFiles:
    """Pieces as ids, in files below a folder; `append` them all, then read.

    Args:
        folder: Where; files of an earlier run are replaced.
        vocabulary: Number of ids.
    """

    def __init__(self, folder: Path, vocabulary: int) -> None:
        self._folder = make_folder(folder)
        self._kind = np.dtype("<u2" if vocabulary <= 2**16 else "<i4")
        self._places: list[tuple[int, int, int]] = []  # file, first byte and number of ids of each piece
        self._sizes: list[int] = []  # bytes of each file
        self._mapped: dict[int, NDArray[np.uint8]] = {}
        for old in self._folder.glob("ids-*.bin"):
            old.unlink()

    def append(self, ids: Ids) -> None:
        """Write one piece, shape (length,), length at least 1, behind the others.

        Raises:
            WriteError: When the disk is full.
        """
        if not self._sizes or self._sizes[-1] >= FILE_BYTES:
            self._sizes.append(0)
        number = len(self._sizes) - 1
        data = ids.astype(self._kind).tobytes()
        try:
            with self._path(number).open("ab") as file:
                file.write(data)
        except OSError as error:
            raise write_error(self._path(number), error) from error
        self._places.append((number, self._sizes[number], len(ids)))
        self._sizes[number] += len(data)

    def _path(self, number: int) -> Path:
        """Where a file is."""
        return self._folder / f"ids-{number:04}.bin"

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, piece: int) -> Ids:
        """Return a piece, shape (length,)."""
        file, first, length = self._places[piece]
        stop = first + length * self._kind.itemsize
        mapped = self._mapped.get(file)
        if mapped is None or mapped.size < stop:  # pieces were written behind those that were read before
            mapped = self._mapped[file] = np.memmap(self._path(file), np.uint8, "r")
        return mapped[first:stop].view(self._kind).astype(np.int32)
