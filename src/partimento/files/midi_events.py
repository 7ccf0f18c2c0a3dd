"""One event model for MIDI's two spellings, bytes and CSV: a track's events in columns, and the Score they mean.

Notes are paired first in, first out: where a key is struck twice before it is released, the first release ends
the first note. Where releases are missing, a note ends when its key is struck again, and the last one with its
track. A release of a key that does not sound means nothing and is dropped.

A track of the file becomes one `Track` per channel and program with notes in it. A program, or a pedal, set in a
track that has no notes on its channel holds for the tracks that have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.files.midi_conductor import Conducting, Findings, Meta, track_name
from partimento.score import Score, Tempo, Track
from partimento.score.note import LAST_TICK
from partimento.words import counted

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 8, 9, 11, 12
"""High halves of the status bytes that are read."""

KEPT_CONTROLLERS = (7, 10, 11, 64, 66, 67)
"""Volume, pan, expression and the three pedals."""

DRUM_CHANNEL = 9
"""Channel 10 as people count."""

MOST_TRACKS = 8192
"""Tracks that are made at most; a broken file may claim a million of one note each."""


def _no_ticks() -> NDArray[np.int32]:
    return np.zeros(0, np.int32)


def _no_bytes() -> NDArray[np.uint8]:
    return np.zeros(0, np.uint8)


@dataclass
class Events:
    """One track of a file: its channel messages in columns of shape (messages,), in file order, ticks rising.

    Attributes:
        number: Which track of the file it is, from 1.
        tick: When, in ticks.
        place: Where in the file: the byte, or the line.
        status: Status byte, 0x80 to 0xEF.
        first: First data byte, 0 to 127.
        second: Second data byte, 0 to 127; 0 where the message has one.
        metas: Meta events, in file order.
    """

    number: int
    tick: NDArray[np.int32] = field(default_factory=_no_ticks)
    place: NDArray[np.int32] = field(default_factory=_no_ticks)
    status: NDArray[np.uint8] = field(default_factory=_no_bytes)
    first: NDArray[np.uint8] = field(default_factory=_no_bytes)
    second: NDArray[np.uint8] = field(default_factory=_no_bytes)
    metas: list[Meta] = field(default_factory=list)

    def kept(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Events:
        """Return the messages `which` says, with all meta events."""
        columns = {name: getattr(self, name)[which] for name in ("tick", "place", "status", "first", "second")}
        return replace(self, **columns)

    @property
    def last_tick(self) -> int:
        """Tick of the last channel message; 0 where there is none."""
        return int(self.tick[-1]) if self.tick.size else 0

    @property
    def has_notes(self) -> bool:
        """Whether a key is struck in this track."""
        return bool(np.any((self.status >> 4 == NOTE_ON) & (self.second > 0)))


ASSUMED_TICKS_PER_QUARTER = 480
"""The resolution where a file gives none that can be."""

MOST_LENT = 2_000_000
"""Controller changes that are copied at most from tracks without notes to others."""


class Notes(NamedTuple):
    """A track's notes before they are dealt to channels: row of the note-on in the track's columns, and end tick."""

    row: NDArray[np.int64]
    end: NDArray[np.int64]


def pair_notes(events: Events, findings: Findings) -> Notes:
    """Return the notes of a track, in the order of their note-ons, every one at least a tick long."""
    kind = events.status >> 4
    at = np.flatnonzero((kind == NOTE_ON) | (kind == NOTE_OFF))
    if not at.size:
        return Notes(at, at)
    slot = (events.status[at] & 15).astype(np.int16) * 128 + events.first[at]
    order = np.argsort(slot, kind="stable")
    at, slot = at[order], slot[order]
    is_on = (kind[at] == NOTE_ON) & (events.second[at] > 0)
    group = np.cumsum(np.concatenate([[False], slot[1:] != slot[:-1]])[: slot.size])
    ons, offs = np.flatnonzero(is_on), _effective_offs(is_on, group)
    on_counts = np.bincount(group[ons], minlength=int(group.max(initial=-1)) + 1)
    off_counts = np.bincount(group[offs], minlength=on_counts.size)
    on_group = group[ons]
    rank = np.arange(ons.size) - (np.cumsum(on_counts) - on_counts)[on_group]
    partner = np.minimum((np.cumsum(off_counts) - off_counts)[on_group] + rank, max(offs.size - 1, 0))
    start = events.tick[at[ons]].astype(np.int64)
    end = events.tick[at[offs[partner]]].astype(np.int64) if offs.size else np.zeros(ons.size, np.int64)
    lacking = (on_counts > off_counts)[on_group]
    if lacking.any():
        following = np.minimum(ons + 1, at.size - 1)
        stops = (group[following] == on_group) & (following > ons)
        end[lacking] = np.where(stops, events.tick[at[following]], events.last_tick)[lacking]
        missing = int((on_counts - off_counts).sum())
        row = int(at[ons[lacking]].min())
        findings.add(
            f"{counted(missing, f'of {ons.size} notes is', f'of {ons.size} notes are')} never released, "
            f"the first of key {events.first[row]}; "
            "ended where the key is struck again or the track ends.",
            events.number,
            int(events.place[row]),
        )
    empty = (end <= start) & ~lacking
    if empty.any():
        row = int(at[ons[empty]].min())
        count = int(empty.sum())
        said = counted(count, "note ends where it starts", "notes end where they start")
        findings.add(f"{said}; given one tick each.", events.number, int(events.place[row]))
    back = np.argsort(at[ons], kind="stable")
    return Notes(at[ons][back], np.maximum(end, start + 1)[back])


def _effective_offs(is_on: NDArray[np.bool_], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """The note-offs that end a note: all but those at which no note of their group (channel and key) sounds."""
    step = np.where(is_on, 1, -1)
    total = np.cumsum(step)
    first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])[: group.size])
    depth = total - (total[first] - step[first])[group]
    # A queue that cannot go below empty: an off that makes a new low below zero found it empty. Each group is
    # lowered under all groups before it, so that one running minimum serves them all.
    under = group * (2 * is_on.size + 2)
    low = np.minimum.accumulate(np.minimum(depth, 0) - under) + under
    before = np.concatenate([[0], low[:-1]])[: low.size]
    before[first] = 0
    return np.flatnonzero(~is_on & (low == before))


class Setting(NamedTuple):
    """Program changes and kept controller changes of one channel in one track, by row of the track's columns."""

    program_rows: NDArray[np.int64]
    control_rows: NDArray[np.int64]


def _setting(events: Events, channel: int) -> Setting:
    on_channel = (events.status & 15) == channel
    kind = events.status >> 4
    kept = np.isin(events.first, KEPT_CONTROLLERS)
    return Setting(np.flatnonzero(on_channel & (kind == PROGRAM)), np.flatnonzero(on_channel & (kind == CONTROL) & kept))


def _controls(events: Events, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Controller changes at `rows` as a Track holds them, shape (changes, 3)."""
    return np.stack([events.tick[rows], events.first[rows], events.second[rows]], axis=1).astype(np.int64)


class _Borrowed:
    """Programs and controls set in tracks that have no notes on the channel, for the tracks that have."""

    def __init__(self) -> None:
        self.programs: dict[int, int] = {}
        self.controls: dict[int, list[NDArray[np.int64]]] = {}
        self.lent = 0

    def add(self, events: Events, channels: Iterable[int]) -> None:
        """Keep what `events` sets on `channels`."""
        for channel in channels:
            setting = _setting(events, channel)
            if setting.program_rows.size:
                self.programs.setdefault(channel, int(events.first[setting.program_rows[0]]))
            if setting.control_rows.size:
                self.controls.setdefault(channel, []).append(_controls(events, setting.control_rows))

    def controls_of(self, channel: int, own: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return `own` controls after the borrowed ones of `channel`; a broken file cannot have them copied without end."""
        if channel not in self.controls or self.lent > MOST_LENT:
            return own
        both = np.concatenate([*self.controls[channel], own])
        self.lent += both.shape[0]
        return both


def tracks_of(many: list[Events], findings: Findings, share_channels: bool = True) -> list[Track]:
    """Return the Tracks with notes, in the order of the file's tracks, then of channels.

    Args:
        many: The file's tracks.
        findings: Takes what had to be repaired.
        share_channels: Whether a program or a pedal in a track without notes holds for the others.
    """
    found: list[tuple[Events, NDArray[np.int64], Notes]] = []
    borrowed = _Borrowed()
    for events in many:
        notes = pair_notes(events, findings)
        channels = (events.status[notes.row] & 15).astype(np.int64)
        if share_channels and events.status.size:
            borrowed.add(events, set(np.unique(events.status & 15).tolist()) - set(np.unique(channels).tolist()))
        if notes.row.size:
            found.append((events, channels, notes))
    tracks: list[Track] = []
    for events, channels, notes in found:
        for channel in np.unique(channels).tolist():
            mine = channels == channel
            tracks += _deal(events, channel, Notes(notes.row[mine], notes.end[mine]), borrowed)
        if len(tracks) > MOST_TRACKS:
            findings.add(f"more than {MOST_TRACKS} instruments; those after the first {MOST_TRACKS} are left out.", events.number)
            return tracks[:MOST_TRACKS]
    return tracks


def _deal(events: Events, channel: int, notes: Notes, borrowed: _Borrowed) -> list[Track]:
    """The Tracks, one per program, of the notes of one channel of one track."""
    setting = _setting(events, channel)
    programs = np.concatenate([[borrowed.programs.get(channel, 0)], events.first[setting.program_rows]]).astype(np.int64)
    note_program = programs[np.searchsorted(setting.program_rows, notes.row)]
    used = list(dict.fromkeys(note_program.tolist()))
    control_program = programs[np.searchsorted(setting.program_rows, setting.control_rows)]
    name = track_name(events.metas)
    tracks = []
    for program in used:
        mine = note_program == program
        rows = notes.row[mine]
        own = setting.control_rows if len(used) == 1 else setting.control_rows[control_program == program]
        start = events.tick[rows].astype(np.int64)
        tracks.append(
            Track(
                start=start,
                duration=notes.end[mine] - start,
                pitch=events.first[rows].astype(np.int32),
                velocity=events.second[rows].astype(np.int32),
                name=name,
                program=program,
                is_drum=channel == DRUM_CHANNEL,
                controls=borrowed.controls_of(channel, _controls(events, own)),
            )
        )
    return tracks


def score_of(many: list[Events], division: int, findings: Findings, *, is_patterns: bool = False) -> Score:
    """Return the Score that the tracks of a file mean.

    Args:
        many: The file's tracks, in order.
        division: The header's word on time: ticks per quarter, or frames a second and ticks a frame.
        findings: Takes what had to be repaired; all of it ends up in the score's `warnings`.
        is_patterns: True for a type-2 file, whose tracks are pieces of their own.
    """
    ticks_per_quarter, tempo = resolution_of(division, findings)
    if is_patterns and len(many) > 1:
        many = _in_a_row(many, findings)
    conducting = Conducting()
    for index, events in enumerate(many):
        conducting.take(events.metas, findings, events.number, is_first=index == 0)
    tracks = tracks_of(many, findings, share_channels=not is_patterns)
    if many and (len(many) == 1 or not many[0].has_notes):
        conducting.name_piece(many[0].metas)
    return conducting.score(ticks_per_quarter, tracks, findings, tempo)


def resolution_of(division: int, findings: Findings) -> tuple[int, Tempo | None]:
    """Return ticks per quarter, and the tempo that makes them right where the file counts film frames, else None."""
    frames = {24: 24.0, 25: 25.0, 29: 30 / 1.001, 30: 30.0}.get(256 - (division >> 8), 0.0)  # a negative byte
    ticks_per_second = frames * (division & 255)
    if division & 0x8000 and ticks_per_second:
        quarter = round(ticks_per_second / 2)  # half a second, as everywhere without tempo
        return quarter, Tempo(0, round(1e6 * quarter / ticks_per_second))
    if not 1 <= division <= 0x7FFF:
        findings.add(f"a division of {division}, which is no time; {ASSUMED_TICKS_PER_QUARTER} ticks to a quarter assumed.")
        return ASSUMED_TICKS_PER_QUARTER, None
    return division, None


def _in_a_row(many: list[Events], findings: Findings) -> list[Events]:
    """The patterns of a type-2 file, each starting where the one before it ends."""
    findings.add(f"a type-2 file of {len(many)} independent patterns; placed one after the other.")
    start = 0
    shifted = []
    for events in many:
        fits = events.tick.astype(np.int64) + start <= LAST_TICK
        if not fits.all():
            findings.add(f"events later than tick {LAST_TICK}; left out.", events.number)
        metas = [meta._replace(tick=meta.tick + start) for meta in events.metas if meta.tick + start <= LAST_TICK]
        shifted.append(replace(events.kept(fits), tick=events.tick[fits] + np.int32(min(start, LAST_TICK)), metas=metas))
        start += events.last_tick
    return shifted
