"""MAESTRO: two hundred hours of the International Piano-e-Competition, as the keys and pedals moved.

Its own split keeps all performances of a work in one part. It is read from the archive as it was downloaded, or from a
folder it was unpacked to; version 2.0.0 is version 3.0.0 and six pieces more, which are left out.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from partimento.corpus.corpus import Part, Piece
from partimento.corpus.dataset import DataSet
from partimento.errors import CorpusError
from partimento.files.dispatch import read_bytes
from partimento.files.midi import read_midi
from partimento.score import Score

ARCHIVE = "maestro-v3.0.0-midi.zip"

TABLES = {
    "maestro-v3.0.0.csv": "cb88a64a12971a995dd41852aa3a33879501cf70d01b9a6feb637f4ad8d8ddff",
    "maestro-v2.0.0.csv": "b29131ce89a49df044c54974d11d9977dc7bc53d35aeb39b4d3747f59a34092d",
}
"""Table of the pieces -> its SHA-256."""

ONLY_IN_2 = frozenset(
    f"2018/MIDI-Unprocessed_Chamber{name}_2018_wav--{take}.midi"
    for name, take in (
        ("1_MID--AUDIO_07_R3", 2),
        ("2_MID--AUDIO_09_R3", 3),
        ("3_MID--AUDIO_10_R3", 3),
        ("4_MID--AUDIO_11_R3", 3),
        ("5_MID--AUDIO_18_R3", 2),
        ("6_MID--AUDIO_20_R3", 3),
    )
)
"""Files of version 2.0.0 that version 3.0.0 took out."""

PARTS: Mapping[str, Part] = {"train": "train", "validation": "valid", "test": "test"}

LICENCE = "CC BY-NC-SA 4.0 (Google); the music is in the public domain or not, piece by piece"


def pieces(place: Path) -> tuple[Piece, ...]:
    """Return every performance of version 3.0.0.

    Args:
        place: The archive, or a folder in which it lies or was unpacked to.

    Raises:
        CorpusError: When it is not there, or files of it are missing or were changed.
    """
    folder = next((path.parent for name in TABLES for path in sorted(place.rglob(name))), None)
    if folder is not None:
        return tuple(_performances(lambda name: read_bytes(folder / name), _table_in(folder), folder))
    archive = place if place.is_file() else place / ARCHIVE
    if not archive.is_file():
        raise CorpusError(
            f"{place}: holds neither {ARCHIVE} nor what was in it. Run: partimento corpus download maestro, or give maestro=FOLDER."
        )
    MAESTRO.find(archive.parent)  # it is whole
    with zipfile.ZipFile(archive) as opened:
        inside = {Path(name).name if name.endswith(".csv") else "/".join(Path(name).parts[-2:]): name for name in opened.namelist()}
        files = {name: opened.read(full) for name, full in inside.items() if name in TABLES or name.endswith((".midi", ".mid"))}
    return tuple(_performances(files.__getitem__, files["maestro-v3.0.0.csv"], archive))


def _table_in(folder: Path) -> bytes:
    """The table of the pieces in a folder, as it should be."""
    name = next(name for name in TABLES if (folder / name).is_file())
    data = read_bytes(folder / name)
    if hashlib.sha256(data).hexdigest() != TABLES[name]:
        raise CorpusError(f"{folder / name}: was changed (SHA-256 differs). Unpack the archive again.")
    return data


def _performances(file: Callable[[str], bytes], table: bytes, place: Path) -> Iterator[Piece]:
    """The pieces that a table names."""
    for row in csv.DictReader(io.StringIO(table.decode("utf-8"))):
        name = row["midi_filename"]
        if name in ONLY_IN_2:
            continue
        data = _there(file, name, place)
        yield Piece(
            f"{row['canonical_composer']}: {row['canonical_title']} ({name})",
            _reader(file, name),
            LICENCE,
            name,
            PARTS[row["split"]],
            hashlib.sha256(data).hexdigest(),
        )


def _there(file: Callable[[str], bytes], name: str, place: Path) -> bytes:
    """A file of the set."""
    try:
        return file(name)
    except (KeyError, OSError, ValueError) as error:
        raise CorpusError(f"{place}: {name} is missing or cannot be read. Unpack the archive again.") from error


def _reader(file: Callable[[str], bytes], name: str) -> Callable[[], Score]:
    """What reads one piece when it is asked for."""
    return lambda: read_midi(file(name), name)


MAESTRO = DataSet(
    "maestro",
    "MAESTRO 3.0.0: 1,276 piano performances of a competition, 199 hours, 7 million notes with pedal, as MIDI",
    LICENCE,
    "C. Hawthorne et al., Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset, ICLR 2019.",
    "Weights trained on it may be shared for non-commercial use, with the source named, under the same licence.",
    "https://storage.googleapis.com/magentadata/datasets/maestro/v3.0.0",
    {ARCHIVE: "70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c"},
    pieces=pieces,
)
