"""The lenient MIDI reader: keeps what stands before the damage, and says what was lost.

Reads Standard MIDI Files of type 0, 1 and 2, also inside a RIFF container (.rmi). Chunks are walked here, their
contents read by `midi_track`. Where a chunk's length lies, the next ``MTrk`` or the track's own end is believed
instead.

Source: Standard MIDI Files 1.0 (MIDI Manufacturers Association, 1988, revised 1996). Differs: running status
holds across meta events and system exclusives, as many writers believe (with a finding); system real-time bytes,
which do not belong in a file, are skipped (with a finding); patterns of a type-2 file follow one another.
"""

from __future__ import annotations

from typing import NamedTuple

from partimento.errors import ReadError
from partimento.files.midi_conductor import Findings
from partimento.files.midi_events import Events, score_of
from partimento.files.midi_track import Budget, TrackReader
from partimento.score import Score

MOST_CHUNKS = 10_000
"""Chunks that are read at most; the largest scores have a few hundred."""

FARTHEST_HEADER = 1024
"""Where the header may start at most, in a file with something before it (a Macintosh header has 128 bytes)."""

_REMEDY = "Check that it is a MIDI file and that it was saved or downloaded whole."


class Header(NamedTuple):
    """A MIDI file's header: type 0 to 2, tracks promised, how time is divided, and the byte after it."""

    kind: int
    tracks: int
    division: int
    end: int


def read_midi_lenient(data: bytes, name: str) -> Score:
    """Read a MIDI file, whole or damaged.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Returns:
        The score; `warnings` names the place of everything that was repaired or left out, and is empty for an
        intact file.

    Raises:
        ReadError: When it is no MIDI file, or damaged before its first note.
    """
    findings = Findings(name)
    data = _unwrapped(data, findings)
    header = read_header(data, findings)
    many = _read_tracks(data, header, findings)
    if not many:
        raise ReadError(f"{name}: a MIDI header and no track in {len(data)} bytes, expected an MTrk chunk. {_REMEDY}")
    score = score_of(many, header.division, findings, is_patterns=header.kind == 2)
    if findings and not score.note_count:
        raise ReadError(f"{findings.lines()[0]} No note could be read. {_REMEDY}")
    return score


def _unwrapped(data: bytes, findings: Findings) -> bytes:
    """The MIDI file within `data`: as it is, out of a RIFF container, or after stray bytes."""
    if data.startswith(b"MThd"):
        return data
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        contained = _contained(data, findings)
        if contained:
            return contained
    start = data.find(b"MThd", 0, FARTHEST_HEADER)
    if start < 0 or data.startswith(b"PK\3\4"):
        shown = data[:12].decode("latin-1") if data else "nothing"
        raise ReadError(f"{findings.name}, byte 0: found '{shown}', expected a MIDI file, which begins with 'MThd'. {_REMEDY}")
    findings.add(f"{start} bytes before the MIDI header skipped; places are counted from the header.", place=0)
    return data[start:]


def _contained(data: bytes, findings: Findings) -> bytes:
    """The MIDI file in a RIFF container's ``data`` chunk; nothing where there is none."""
    place = 12
    while place + 8 <= len(data):
        size, start = int.from_bytes(data[place + 4 : place + 8], "little"), place + 8
        if data[place : place + 4] == b"data" and data[start : start + 4] == b"MThd":
            if not 14 <= size <= len(data) - start:
                findings.add(f"the RIFF container claims {size} bytes of MIDI where {len(data) - start} are there.", place=place + 4)
                size = len(data)
            return data[start : start + size]
        place = start + size + size % 2
    return b""


def read_header(data: bytes, findings: Findings) -> Header:
    """Return the header at the start of `data`.

    Raises:
        ReadError: When it is cut, or claims more bytes than there are.
    """
    size = int.from_bytes(data[4:8], "big")
    if len(data) < 14 or size > len(data) - 8:
        raise ReadError(f"{findings.name}, byte 4: a header of {size} bytes in a file of {len(data)}, expected 6. {_REMEDY}")
    kind, tracks, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    if size < 6:
        findings.add(f"a header of {size} bytes, expected 6; read as 6.", place=4)
        size = 6
    if kind > 2:
        findings.add(f"a file of type {kind}, expected 0, 1 or 2; read as type 1.", place=8)
        kind = 1
    return Header(kind, tracks, division, 8 + size)


def _is_chunk(data: bytes, place: int) -> bool:
    """Whether a chunk that fits into the file may start at `place`, or the file ends there."""
    if place == len(data):
        return True
    name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "big")
    if name == b"MTrk":
        return True
    return len(data) - place >= 8 and name.isascii() and name.decode("ascii").isprintable() and size <= len(data) - place - 8


def _read_tracks(data: bytes, header: Header, findings: Findings) -> list[Events]:
    """The tracks of the file, in order."""
    many: list[Events] = []
    place, budget, chunks = header.end, Budget(), 0
    while place < len(data):
        chunks += 1
        if chunks > MOST_CHUNKS:
            findings.add(f"more than {MOST_CHUNKS} chunks; what follows is left out.", place=place)
            break
        if data[place : place + 4] != b"MTrk":
            place = _pass_over(data, place, findings)
        elif len(data) - place < 8:
            findings.add("the file stops within the head of a track.", len(many) + 1, place)
            break
        else:
            reader = TrackReader(data, len(many) + 1, findings, budget)
            place = _read_track(data, place, reader)
            many.append(reader.events())
    if many and len(many) != header.tracks:
        findings.add(f"the header promises {header.tracks} tracks, the file has {len(many)}; all of them are read.", place=10)
    return many


def _pass_over(data: bytes, place: int, findings: Findings) -> int:
    """Return the byte after a chunk of another kind, as the standard says, or after bytes that are no chunk."""
    if _is_chunk(data, place):
        return place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
    found = data.find(b"MTrk", place)
    stop = len(data) if found < 0 else found
    findings.add(f"{stop - place} bytes that are no chunk skipped.", place=place)
    return stop


def _read_track(data: bytes, place: int, reader: TrackReader) -> int:
    """Read the track chunk at `place` and return where the next chunk starts."""
    size = int.from_bytes(data[place + 4 : place + 8], "big")
    start, claimed = place + 8, place + 8 + size
    trusted = claimed <= len(data) and _is_chunk(data, claimed)
    findings, number = reader.findings, reader.number
    stop = reader.read(start, min(claimed, len(data)))
    if not reader.ended and not trusted and claimed < len(data):  # a length that is too short: read on to the next chunk
        found = data.find(b"MTrk", claimed)
        stop = reader.read(stop, len(data) if found < 0 else found)
    if not reader.ended:
        findings.add("the track stops without an end-of-track event; what stands before is kept.", number, stop)
    if reader.ended and stop == claimed:
        return claimed
    if not trusted or data[stop : stop + 4] == b"MTrk":
        findings.add(
            f"a track that claims {size} bytes of the {len(data) - start} left in the file; read to byte {stop}.", number, place + 4
        )
        found = data.find(b"MTrk", stop)
        return len(data) if found < 0 else found
    if reader.ended and not reader.damaged:
        findings.add(f"{claimed - stop} bytes after the end of the track left out.", number, stop)
    return claimed
