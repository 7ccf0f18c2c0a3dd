"""Standard MIDI Files: `read_midi` and `midi_bytes`.

A performance of one instrument, which is what large corpora hold, is read by symusic in C++; everything else, and
whatever is not certainly intact, by `midi_lenient`. Both give the same score. symusic says nothing of what it
leaves out, so it is trusted only with a file whose structure was checked first (by `midi_plain`, and where that is
in doubt by the expressions of `midi_track`), and asked for proof: its copy of the file releases every key once
more after the end, and a note that ends there was never released before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import symusic
from numpy.typing import NDArray

from partimento.errors import ScoreError
from partimento.files import midi_words as words
from partimento.files.midi_conductor import Conducting, Findings, Meta, track_name
from partimento.files.midi_events import KEPT_CONTROLLERS
from partimento.files.midi_lenient import read_midi_lenient
from partimento.files.midi_plain import plain_messages
from partimento.files.midi_track import ONE_PROGRAM, Damage, number_at
from partimento.files.midi_write import midi_bytes
from partimento.score import Score, Track
from partimento.score.note import LAST_TICK

__all__ = ["midi_bytes", "read_midi"]

_END = bytes((0xFF, words.END_OF_TRACK, 0))
_PROOF_MARK = b"\x01\xff\x06\x05proof"  # a marker one tick after the last event
_RELEASES = tuple(b"".join(bytes((0, 0x80 | channel, key, 0)) for key in range(128)) for channel in range(16))
_PROOF_END = b"\x00" + _END

_KEPT = np.isin(np.arange(256), KEPT_CONTROLLERS)

_MOST_METAS = 10_000
_MOST_CHUNKS = 100
_MOST_BYTES = 2**22  # the expressions remember where each message began; the longest performance of MAESTRO has 0.4 MB


class _Messages(NamedTuple):
    """A run of channel messages that are certainly intact: where it ends, a tick it does not reach, and the channels it may be for."""

    stop: int
    before_tick: int
    channels: range


class _Chunk(NamedTuple):
    """A track chunk that is certainly intact: meta events first, then messages of one program, then the end of track."""

    metas: list[Meta]
    body: bytes
    messages: _Messages

    @property
    def has_messages(self) -> bool:
        """Whether there are any."""
        return bool(self.body)


_DOUBTFUL = _Chunk([], b"", _Messages(0, 0, range(0)))


def read_midi(data: bytes, name: str) -> Score:
    """Read a MIDI file, whole or damaged.

    Args:
        data: The file's bytes; a RIFF container (.rmi) is opened.
        name: The file's name, for messages.

    Returns:
        The score, one Track per track, channel and program with notes; `warnings` names the place of everything
        that was repaired or left out, and is empty for an intact file.

    Raises:
        ReadError: When it is no MIDI file, or damaged before its first note.
    """
    return _read_performance(data, name) or read_midi_lenient(data, name)


def _read_performance(data: bytes, name: str) -> Score | None:
    """The score of an intact file with one instrument, else None."""
    if data[:8] != b"MThd\0\0\0\x06" or not 14 <= len(data) <= _MOST_BYTES:
        return None
    kind, promised, division = (int.from_bytes(data[at : at + 2], "big") for at in (8, 10, 12))
    chunks: list[_Chunk] = []
    playing: list[_Chunk] = []
    for chunk in _intact_chunks(data):
        chunks.append(chunk)
        playing += [chunk] if chunk.has_messages else []
        if chunk is _DOUBTFUL or len(playing) > 1 or len(chunks) > _MOST_CHUNKS:
            return None
    if kind > 1 or len(chunks) != promised or not 1 <= division <= 0x7FFF or not playing:
        return None
    track = _played(playing[0], division)
    if track is None:
        return None
    findings = Findings(name)
    conducting = Conducting()
    for number, chunk in enumerate(chunks, 1):
        conducting.take(chunk.metas, findings, number, is_first=number == 1)
    if findings:
        return None
    if len(chunks) == 1 or not chunks[0].has_messages:
        conducting.name_piece(chunks[0].metas)
    return conducting.score(division, (track,), findings)


def _intact_chunks(data: bytes) -> Iterator[_Chunk]:
    """The chunks of `data` in order, up to the first that is not certainly an intact track, which is `_DOUBTFUL`."""
    place = 14
    while place < len(data):
        stop = place + 8 + int.from_bytes(data[place + 4 : place + 8], "big")
        chunk = _intact_chunk(data, place + 8, stop) if data[place : place + 4] == b"MTrk" and stop <= len(data) else None
        if chunk is None:
            yield _DOUBTFUL
            return
        yield chunk
        place = stop


def _intact_chunk(data: bytes, start: int, stop: int) -> _Chunk | None:
    """The track chunk in bytes `start` to `stop`, or None where it is in doubt or has meta events or programs among its messages."""
    place, tick = start, 0
    metas: list[Meta] = []
    try:
        while True:
            messages = _messages(data, place, stop)
            after = messages.stop
            delta, at = number_at(data, after, stop)
            if data[at : at + 3] == _END:
                is_whole = at + 3 == stop and (after == place or not tick)
                return _Chunk(metas, data[place:after], messages) if is_whole else None
            if after > place or data[at : at + 1] != b"\xff" or data[at + 1] >= 0x80 or len(metas) == _MOST_METAS:
                return None
            size, content = number_at(data, at + 2, stop)
            tick, place = tick + delta, content + size
            if place > stop or tick > LAST_TICK:
                return None
            metas.append(Meta(tick, at, data[at + 1], data[content:place]))
    except (Damage, IndexError):
        return None


def _messages(data: bytes, place: int, stop: int) -> _Messages:
    """The channel messages at `place`, which may be none."""
    delta, at = number_at(data, place, stop)
    if data[at] == 0xFF:
        return _Messages(place, 0, range(0))
    return _plain(data, place, delta, at, stop) or _expressed(data, place, stop)


def _plain(data: bytes, place: int, delta: int, at: int, stop: int) -> _Messages | None:
    """All the messages from `place` up to the end of track that closes the chunk, where they certainly are nothing else."""
    if data[stop - len(_END) : stop] != _END:
        return None
    end = stop - len(_END) - 1
    for _ in range(3):  # the time before the end of track
        end -= data[end - 1] >= 0x80
    is_program = data[at] & 0xF0 == 0xC0 and data[at + 1] < 0x80
    start = at + 2 if is_program else place
    found = plain_messages(data, start, end) if start < end else None
    if found is None or (is_program and data[at] & 15 != found.channel):
        return None
    return _Messages(end, delta + found.before_tick, range(found.channel, found.channel + 1))


def _expressed(data: bytes, place: int, stop: int) -> _Messages:
    """The messages at `place` that the expression finds."""
    messages = ONE_PROGRAM.match(data, place, stop)
    after = messages.end() if messages else place
    return _Messages(after, _before_tick(data[place:after]), range(16))


def _before_tick(body: bytes) -> int:
    """A tick that `body` does not reach, from how many bytes can belong to longer numbers; none of its time may wrap around in C++."""
    high = np.frombuffer(body, np.uint8) >= 0x80
    two = high[1:] & high[:-1]
    four = bool((two[1:] & two[:-1]).any())
    return (LAST_TICK if four else 0) + (int(two.sum()) << 21) + (int(high.sum()) << 14) + (len(body) << 7)


def _played(chunk: _Chunk, division: int) -> Track | None:
    """The one track that symusic finds in `chunk`, or None where anything about it is in doubt."""
    if chunk.messages.before_tick >= LAST_TICK:
        return None
    proof = b"".join((_PROOF_MARK, *(_RELEASES[channel] for channel in chunk.messages.channels), _PROOF_END))
    size = len(chunk.body) + len(proof)
    head = b"MThd\0\0\0\x06\0\0\0\1" + division.to_bytes(2, "big") + b"MTrk" + size.to_bytes(4, "big")
    file = b"".join((head, chunk.body, proof))
    try:
        score: Any = symusic.Score.from_midi(file)
    except Exception:  # symusic raises RuntimeError and ValueError alike
        return None
    if len(score.tracks) != 1 or not score.markers:
        return None
    found = score.tracks[0]
    notes: dict[str, NDArray[Any]] = found.notes.numpy()
    start, duration = notes["time"], notes["duration"]
    if not start.size or (start + duration).max() >= score.markers[-1].time:
        return None
    changes = found.controls.numpy()
    columns = [changes[column] for column in ("time", "number", "value")]
    kept = _KEPT.take(changes["number"])
    if not kept.all():
        columns = [column[kept] for column in columns]
    controls = np.empty((3, columns[0].size), np.int32)
    for row, column in zip(controls, columns, strict=True):
        row[:] = column
    try:
        return Track(
            start=start,
            duration=duration,
            pitch=notes["pitch"],
            velocity=notes["velocity"],
            name=track_name(chunk.metas),
            program=found.program,
            is_drum=found.is_drum,
            controls=controls.T,
        )
    except ScoreError:  # a note without length, which symusic leaves as it is
        return None
