"""MIDI as a table: the records of John Walker's midicsv, one event a line, read and written.

``track, tick, type, values``: ``1, 0, Note_on_c, 0, 60, 100``. Texts stand in quotes, a quote within doubled, a
byte that does not print as a backslash and three octal digits. What the events mean is `midi_events`' affair, so a
table and a MIDI file of the same events read as the same `Score`.

Source: midicsv 1.1 (John Walker, 2008), its manual's section on the record format. Differs: bytes above 126 are
always written in octal, so that a table is plain ASCII, whatever an editor thinks of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from partimento.errors import ReadError
from partimento.files import midi_words as words
from partimento.files.midi_conductor import Findings, Meta
from partimento.files.midi_events import CONTROL, NOTE_OFF, NOTE_ON, PROGRAM, Events, score_of
from partimento.files.midi_write import Message, messages_of
from partimento.score import Score
from partimento.score.note import LAST_TICK

MOST_LINES = 1_000_000
"""Lines that are read at most: a long concert has a hundred thousand."""

_CHANNEL_RECORDS = {"note_on_c": (NOTE_ON, 2), "note_off_c": (NOTE_OFF, 2), "control_c": (CONTROL, 2), "program_c": (PROGRAM, 1)}
_TEXT_RECORDS = {
    "text_t": words.TEXT,
    "copyright_t": words.COPYRIGHT,
    "title_t": words.NAME,
    "instrument_name_t": words.INSTRUMENT,
    "lyric_t": words.LYRIC,
    "marker_t": words.MARKER,
    "cue_point_t": words.CUE,
}
_PASSED_OVER = {
    *("start_track", "pitch_bend_c", "channel_aftertouch_c", "poly_aftertouch_c", "sequence_number", "midi_port", "channel_prefix"),
    *("smpte_offset", "sequencer_specific", "unknown_meta_event", "system_exclusive", "system_exclusive_packet"),
}
_SIGNATURES = ("tempo", "time_signature", "key_signature")
_KNOWN = {*_CHANNEL_RECORDS, *_TEXT_RECORDS, *_PASSED_OVER, *_SIGNATURES, "header", "end_track", "end_of_file"}
_OCTAL = re.compile(rb"\\([0-7]{3}|\\)")
_TEXT_NAMES = {kind: name.capitalize() for name, kind in _TEXT_RECORDS.items()}


class _Wrong(Exception):
    """A record that cannot be read; the message says why."""


@dataclass
class _TrackLines:
    """One track's records: rows of tick, line, status, first, second, and meta events."""

    rows: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    metas: list[Meta] = field(default_factory=list)
    ended: bool = False


@dataclass
class _Table:
    """What the records read so far say."""

    division: int | None = None
    kind: int = 1
    promised: int = 0
    tracks: dict[int, _TrackLines] = field(default_factory=dict)
    ended: bool = False


def read_csv(data: bytes, name: str) -> Score:
    """Read a table of MIDI events.

    Args:
        data: The file's bytes.
        name: The file's name, for messages.

    Returns:
        The score; `warnings` names every record that was left out, and is empty for an intact table.

    Raises:
        ReadError: When no line is a record of midicsv, or damage leaves no note.
    """
    findings = Findings(name, "line")
    table = _Table()
    known = 0
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    for number, line in enumerate(lines[:MOST_LINES], 1):
        if not line.strip() or line.lstrip()[:1] in (b"#", b";"):
            continue
        try:
            known += _read_record(line, number, table)
        except _Wrong as wrong:
            findings.add(f"{wrong}; left out.", place=number)
    if not known:
        shown = lines[0][:40].decode("latin-1") if lines else "nothing"
        raise ReadError(
            f"{name}, line 1: found '{shown}', expected a table of MIDI events, which begins like '0, 0, Header, 1, 2, 480'. "
            "Make one with midicsv."
        )
    if len(lines) > MOST_LINES:
        findings.add(f"{len(lines)} lines; those after {MOST_LINES} are left out.", place=MOST_LINES + 1)
    _check_whole(table, findings, len(lines))
    many = [_events(number, table.tracks[number], findings) for number in sorted(table.tracks)]
    score = score_of(many, table.division or 0, findings, is_patterns=table.kind == 2)
    if findings and not score.note_count:
        raise ReadError(f"{findings.lines()[0]} No note could be read. Check that the table was saved whole.")
    return score


def _read_record(line: bytes, number: int, table: _Table) -> bool:
    """Take one line into `table`; return whether it is a record that midicsv knows."""
    track_text, _, rest = line.partition(b",")
    tick_text, _, rest = rest.partition(b",")
    type_text, _, rest = rest.partition(b",")
    kind = type_text.strip().strip(b'"').decode("latin-1").lower()
    if kind not in _KNOWN:
        raise _Wrong(f"record '{kind[:30]}' is unknown")
    track, tick = _numbers(track_text + b"," + tick_text, kind, 2)
    if not 0 <= tick <= LAST_TICK or not 0 <= track <= 0xFFFF:
        raise _Wrong(f"track {track}, tick {tick}, expected 0 to 65535 and 0 to {LAST_TICK}")
    if kind == "header":
        table.kind, table.promised, table.division = _numbers(rest, kind, 3)
    elif kind == "end_of_file":
        table.ended = True
    elif kind not in _PASSED_OVER:
        lines = table.tracks.setdefault(track, _TrackLines())
        if kind == "end_track":
            lines.ended = True
        elif kind in _CHANNEL_RECORDS:
            lines.rows.append((tick, number, *_channel_message(rest, kind)))
        elif kind in _TEXT_RECORDS:
            lines.metas.append(Meta(tick, number, _TEXT_RECORDS[kind], _unquoted(rest)))
        else:
            lines.metas.append(Meta(tick, number, *_signature(rest, kind)))
    elif kind == "start_track":
        table.tracks.setdefault(track, _TrackLines())
    return True


def _numbers(text: bytes, kind: str, count: int) -> list[int]:
    """The first `count` numbers of a record's values."""
    try:
        values = [int(part) for part in text.split(b",")[:count]]
    except ValueError:
        values = []
    if len(values) < count:
        raise _Wrong(f"record '{kind}' with values '{text[:30].decode('latin-1').strip()}', expected {count} whole numbers")
    return values


def _channel_message(text: bytes, kind: str) -> tuple[int, int, int]:
    """Status byte and data bytes of a channel record's values."""
    high, count = _CHANNEL_RECORDS[kind]
    channel, *values = _numbers(text, kind, 1 + count)
    if not 0 <= channel <= 15 or not all(0 <= value <= 127 for value in values):
        raise _Wrong(f"record '{kind}' with channel {channel} and values {values}, expected channel 0 to 15 and 0 to 127")
    return high << 4 | channel, values[0], values[-1] if count == 2 else 0


def _signature(text: bytes, kind: str) -> tuple[int, bytes]:
    """Meta event type and content of a tempo, time signature or key signature."""
    if kind == "tempo":
        (value,) = _numbers(text, kind, 1)
        if not 1 <= value <= 0xFFFFFF:
            raise _Wrong(f"a tempo of {value} us a quarter, expected 1 to 16777215")
        return words.TEMPO, value.to_bytes(3, "big")
    if kind == "time_signature":
        numerator, power = _numbers(text, kind, 2)
        if not 1 <= numerator <= 255 or not 0 <= power <= 8:
            raise _Wrong(f"a time signature of {numerator} over 2^{power}, expected 1 to 255 over 2^0 to 2^8")
        return words.TIME_SIGNATURE, bytes((numerator, power, 24, 8))
    (fifths,) = _numbers(text, kind, 1)
    if not -7 <= fifths <= 7:
        raise _Wrong(f"a key signature of {fifths}, expected -7 to 7")
    return words.KEY_SIGNATURE, bytes((fifths & 255, b"minor" in text.lower()))


def _unquoted(text: bytes) -> bytes:
    """The bytes that a quoted text stands for."""
    inner = text.strip()
    if len(inner) < 2 or inner[:1] != b'"' or inner[-1:] != b'"':
        raise _Wrong(f"text {inner[:20].decode('latin-1')} without quotes around it")
    return _OCTAL.sub(lambda match: b"\\" if match[1] == b"\\" else bytes((int(match[1], 8) & 255,)), inner[1:-1].replace(b'""', b'"'))


def _check_whole(table: _Table, findings: Findings, last_line: int) -> None:
    """Find what a whole table has and this one lacks."""
    if table.division is None:
        findings.add("no Header record, expected '0, 0, Header, 1, 2, 480'.", place=1)
    elif table.promised != len(table.tracks):
        findings.add(
            f"the Header record promises {table.promised} tracks, the table has {len(table.tracks)}; all of them are read.", place=1
        )
    for number, lines in table.tracks.items():
        if not lines.ended:
            findings.add("no End_track record; what stands before is kept.", number, last_line)
    if not table.ended:
        findings.add("no End_of_file record; the table may be cut.", place=last_line)


def _events(number: int, lines: _TrackLines, findings: Findings) -> Events:
    """A track's records as columns, sorted by tick."""
    rows = np.array(lines.rows, np.int64).reshape(-1, 5)
    late = np.flatnonzero(np.diff(rows[:, 0]) < 0)
    if late.size:
        findings.add("records are not in the order of time; sorted.", number, int(rows[late[0] + 1, 1]))
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
    tick, place = rows[:, 0].astype(np.int32), rows[:, 1].astype(np.int32)
    status, first, second = (rows[:, column].astype(np.uint8) for column in (2, 3, 4))
    return Events(number, tick, place, status, first, second, lines.metas)


def csv_bytes(score: Score) -> bytes:
    """Return `score` as a table of MIDI events, plain ASCII; the same score gives the same bytes.

    Overlapping notes of one key in one track: the earlier one ends where the later one starts.

    Raises:
        ScoreError: When the score breaks an invariant, or has more than a MIDI file can hold.
    """
    many = messages_of(score)
    lines = [f"0, 0, Header, 1, {len(many)}, {score.ticks_per_quarter}"]
    for number, messages in enumerate(many, 1):
        lines.append(f"{number}, 0, Start_track")
        lines += [f"{number}, {message.tick}, {_record(message)}" for message in messages]
        lines.append(f"{number}, {messages[-1].tick if messages else 0}, End_track")
    lines.append("0, 0, End_of_file")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _record(message: Message) -> str:
    """Type and values of one message."""
    data = message.data
    if data[0] == 0xFF:
        kind, content = data[1], data[2:]
        if kind == words.TEMPO:
            return f"Tempo, {int.from_bytes(content, 'big')}"
        if kind == words.TIME_SIGNATURE:
            return "Time_signature, " + ", ".join(map(str, content))
        if kind == words.KEY_SIGNATURE:
            mode = "minor" if content[1] else "major"
            return f'Key_signature, {int.from_bytes(content[:1], "big", signed=True)}, "{mode}"'
        return f"{_TEXT_NAMES[kind]}, {_quoted(content)}"
    names = {NOTE_ON: "Note_on_c", CONTROL: "Control_c", PROGRAM: "Program_c"}
    return ", ".join([names[data[0] >> 4], str(data[0] & 15), *map(str, data[1:])])


def _quoted(content: bytes) -> str:
    """A text's bytes in quotes, as midicsv writes them."""
    special = {ord('"'): '""', ord("\\"): "\\\\"}
    return '"' + "".join(special.get(byte, chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in content) + '"'
