"""A public data set of files: what it is, where it lives, and how to know that it arrived whole."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from partimento.corpus.corpus import Piece
from partimento.errors import CorpusError, PartimentoError
from partimento.files.dispatch import read_bytes
from partimento.files.whole import make_folder, write_whole
from partimento.score import Score

LARGEST_FILE_BYTES = 2**28


@dataclass(frozen=True)
class DataSet:
    """One named data set.

    Attributes:
        name: On the command line.
        summary: One sentence.
        licence: As the source states it.
        citation: What to name when it is used.
        weights: What may be done with weights trained on it, one sentence.
        home: Address below which the files lie, pinned to one version.
        files: Path below the home -> SHA-256.
        tidy: What is done to each piece after reading.
        pieces: Of a set with a split of its own: its pieces, from the folder or file where it lies; nothing is read before it is asked for.
    """

    name: str
    summary: str
    licence: str
    citation: str
    weights: str
    home: str
    files: Mapping[str, str]
    tidy: Callable[[Score], Score] = field(default=lambda score: score, repr=False)
    pieces: Callable[[Path], tuple[Piece, ...]] | None = field(default=None, repr=False)

    def find(self, folder: Path) -> list[Path]:
        """Return the files of this set below `folder`, wherever they lie in it, each as it should be.

        Raises:
            CorpusError: When one is missing or was changed.
        """
        found = []
        for name, expected in self.files.items():
            places = [folder / name, folder / Path(name).name, *sorted(folder.rglob(Path(name).name))]
            sums = {place: _checksum(place) for place in places if place.is_file()}
            if expected not in sums.values():
                why = "was changed" if sums else "is missing"
                raise CorpusError(f"{folder}: {name} of data set '{self.name}' {why}. Run: partimento corpus download {self.name}")
            found.append(next(place for place, checksum in sums.items() if checksum == expected))
        return found

    def download(self, folder: Path, progress: Callable[[str], None] = lambda name: None) -> list[Path]:
        """Fetch the files into `folder`, each checked before it takes its name; those already there are kept.

        Raises:
            CorpusError: When a file cannot be fetched, or is not the one that was pinned.
        """
        made = []
        for name, expected in self.files.items():
            target = make_folder((folder / name).parent) / Path(name).name
            if not (target.is_file() and _checksum(target) == expected):
                progress(name)
                data = _fetch(f"{self.home}/{name}")
                if hashlib.sha256(data).hexdigest() != expected:
                    raise CorpusError(f"{self.home}/{name}: is not the file that was pinned (SHA-256 differs). Nothing was kept of it.")
                write_whole(target, data)
            made.append(target)
        return made


def data_home() -> Path:
    """Return the folder downloads go to: ``PARTIMENTO_DATA``, or the user's own data folder."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(os.environ.get("PARTIMENTO_DATA") or Path(base) / "partimento")


def _checksum(path: Path) -> str:
    """SHA-256 of a file, or nothing where it cannot be read."""
    try:
        return hashlib.sha256(read_bytes(path, LARGEST_FILE_BYTES)).hexdigest()
    except PartimentoError:
        return ""


def _fetch(address: str) -> bytes:
    """The bytes at an address, at most `LARGEST_FILE_BYTES`."""
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            data: bytes = answer.read(LARGEST_FILE_BYTES + 1)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise CorpusError(
            f"{address}: could not be fetched ({error}). Check the connection, or fetch it by hand and give its folder."
        ) from error
    if len(data) > LARGEST_FILE_BYTES:
        raise CorpusError(f"{address}: more than {LARGEST_FILE_BYTES} bytes. Nothing was kept of it.")
    return data
