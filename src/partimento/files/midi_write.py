"""A Score as MIDI messages, for both of MIDI's spellings, and as the bytes of a Standard MIDI File.

The first track conducts: title, copyright, metadata, tempo, metre, key, marks. Each `Track` follows as a track of
its own. Up to 15 melodic tracks have a channel each; among more, tracks of one program share a channel, and where
there are more programs than channels, a program change stands before each note that needs one. Drums are on
channel 10.

MIDI cannot hold a key down twice on one channel: a note that still sounds when its key is struck again in its
track ends there. Notes of one key that start together stay as many as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from partimento.errors import ScoreError
from partimento.files import midi_words as words
from partimento.files.midi_events import CONTROL, DRUM_CHANNEL, NOTE_ON, PROGRAM
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.meter import bar_ticks
from partimento.score.note import LAST_TICK

MOST_DELTA = 0x0FFFFFFF
"""The longest time between two events that four bytes can say."""

MOST_WRITTEN_TRACKS = 65_534
"""Tracks beside the conducting one: the header counts in 16 bits."""

_MELODIC_CHANNELS = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
_META, _RELEASE, _SET_PROGRAM, _SET_CONTROL, _STRIKE = range(5)
_MINOR_THIRD = ("minor", "dorian", "phrygian", "locrian")


class Message(NamedTuple):
    """A MIDI message in a file: when, its order among those at one tick, and its bytes.

    A meta event is FF, its type and its content, without the count of bytes.
    """

    tick: int
    order: int
    data: bytes


def _meta(tick: int, kind: int, content: bytes) -> Message:
    return Message(tick, _META, bytes((0xFF, kind)) + content)


def messages_of(score: Score) -> list[list[Message]]:
    """Return the messages of each track of a file that says `score`, the conducting one first.

    Raises:
        ScoreError: When the score breaks an invariant, or has more than a file can hold.
    """
    _check(score)
    channels = assign_channels(score.tracks)
    program_ticks = _program_ticks(score.tracks, channels)
    many = [_conducting(score)]
    for track, channel, ticks in zip(score.tracks, channels, program_ticks, strict=True):
        name = [_meta(0, words.NAME, words.encoded(track.name))] if track.name else []
        many.append(name + (_playing(track, channel, ticks) if len(track) else []))
    return [sorted(messages, key=lambda message: message[:2]) for messages in many]


def _check(score: Score) -> None:
    """Check again what the values checked when they were made, and what only a file asks."""
    if len(score.tracks) > MOST_WRITTEN_TRACKS:
        raise ScoreError(f"score: {len(score.tracks)} tracks, a MIDI file holds at most {MOST_WRITTEN_TRACKS}. Join some.")
    checked = replace(score, tracks=tuple(replace(track) for track in score.tracks))
    placed: Iterable[Tempo | TimeSignature | KeySignature | Mark] = chain(
        checked.tempos, checked.time_signatures, checked.key_signatures, checked.marks
    )
    for value in placed:
        if not isinstance(value.tick, (int, np.integer)) or not 0 <= value.tick <= LAST_TICK:
            raise ScoreError(f"{type(value).__name__} at tick {value.tick}: expected a whole tick from 0 to {LAST_TICK}. Round or move it.")
    for track in checked.tracks:
        if track.controls.size and int(track.controls[:, 0].max()) > LAST_TICK:
            raise ScoreError(f"track '{track.name}': a controller change after tick {LAST_TICK}. Drop it or rescale.")


def assign_channels(tracks: Sequence[Track]) -> list[int]:
    """Return a channel, 0 to 15, for each track: 9 for drums, the 15 others to melodic tracks in their order.

    Where there are more than 15, a channel is kept for each program to come, and tracks of one program share.
    """
    free = list(_MELODIC_CHANNELS)
    holding: dict[int, list[int]] = {}  # programs of the tracks on each channel
    unseen = {track.program for track in tracks if len(track) and not track.is_drum}
    channels = []
    for track in tracks:
        if track.is_drum or not len(track):
            channels.append(DRUM_CHANNEL)
            continue
        alike = [channel for channel, programs in holding.items() if track.program in programs]
        unseen.discard(track.program)
        if free and (not alike or len(free) > len(unseen)):
            channel = free.pop(0)
        else:
            channel = min(alike or holding, key=lambda candidate: len(holding[candidate]))
        holding.setdefault(channel, []).append(track.program)
        channels.append(channel)
    return channels


def _program_ticks(tracks: tuple[Track, ...], channels: list[int]) -> list[list[int]]:
    """Ticks at which each track sets its program: 0, or before its notes where its channel plays other programs too."""
    ticks: list[list[int]] = [[0] for _ in tracks]
    sharing: dict[int, list[int]] = {}
    for index, track in enumerate(tracks):
        if len(track):
            sharing.setdefault(channels[index], []).append(index)
    for indices in sharing.values():
        if len({tracks[index].program for index in indices}) < 2:
            continue
        onsets = sorted((tick, index) for index in indices for tick in np.unique(tracks[index].start).tolist())
        program = -1
        for index in indices:
            ticks[index] = [int(tracks[index].start[0])]  # a reader looks for a track's program in the track
        for tick, index in onsets:
            if tracks[index].program != program and tick != ticks[index][-1]:
                ticks[index].append(tick)
            program = tracks[index].program
    return ticks


def _playing(track: Track, channel: int, program_ticks: list[int]) -> list[Message]:
    """The channel messages of a track."""
    order = np.lexsort((track.duration, track.start, track.pitch))
    start, pitch, velocity = track.start[order], track.pitch[order], track.velocity[order]
    fresh = np.flatnonzero(np.concatenate([[True], (start[1:] != start[:-1]) | (pitch[1:] != pitch[:-1])]))
    following = np.full(start.size, LAST_TICK + 1)
    again = np.where(pitch[fresh[1:]] == pitch[fresh[:-1]], start[fresh[1:]], LAST_TICK + 1)
    following[: fresh[-1]] = np.repeat(again, np.diff(fresh))
    end = np.minimum(start + track.duration[order], following)
    strike, control, program = (kind << 4 | channel for kind in (NOTE_ON, CONTROL, PROGRAM))
    messages = [Message(tick, _SET_PROGRAM, bytes((program, track.program))) for tick in program_ticks]
    messages += [Message(tick, _SET_CONTROL, bytes((control, number, value))) for tick, number, value in track.controls.tolist()]
    notes = zip(start.tolist(), end.tolist(), pitch.tolist(), velocity.tolist(), strict=True)
    for begin, stop, key, loudness in notes:
        messages.append(Message(begin, _STRIKE, bytes((strike, key, loudness))))
        messages.append(Message(stop, _RELEASE, bytes((strike, key, 0))))  # velocity 0 releases, and keeps running status
    return messages


def _conducting(score: Score) -> list[Message]:
    """The meta events of the whole piece."""
    metadata = dict(score.metadata)
    messages = []
    if metadata.get("title"):
        messages.append(_meta(0, words.NAME, words.encoded(metadata["title"])))
    if metadata.get("copyright"):
        messages.append(_meta(0, words.COPYRIGHT, words.encoded(metadata["copyright"])))
    for key, value in sorted(metadata.items()):
        if key not in ("title", "copyright"):
            messages.append(_meta(0, words.TEXT, words.encoded(words.metadata_words(key, value))))
    times, said = _measured(score)
    if said:
        messages.append(_meta(0, words.TEXT, words.encoded(f"pickup: {score.pickup}")))
    for time in times:
        clocks = min(max(96 // time.denominator, 1), 255)  # MIDI clocks to a click: one click a beat
        content = bytes((time.numerator, time.denominator.bit_length() - 1, clocks, 8))
        messages.append(_meta(time.tick, words.TIME_SIGNATURE, content))
    for key_signature in score.key_signatures:
        messages += _key(key_signature)
    for tempo in score.tempos:
        messages.append(_meta(tempo.tick, words.TEMPO, tempo.quarter_microseconds.to_bytes(3, "big")))
    for mark in score.marks:
        kind, text = words.words_of(mark)
        messages.append(_meta(mark.tick, kind, words.encoded(text)))
    return messages


def _key(key: KeySignature) -> list[Message]:
    """A key signature, with its mode in words where MIDI has none."""
    content = bytes((key.fifths & 255, key.mode in _MINOR_THIRD))
    mode = [_meta(key.tick, words.TEXT, words.encoded(f"mode: {key.mode}"))] if key.mode not in ("major", "minor") else []
    return [_meta(key.tick, words.KEY_SIGNATURE, content), *mode]


def _measured(score: Score) -> tuple[tuple[TimeSignature, ...], bool]:
    """Time signatures as a file says them, and whether the pickup must be said in words beside them.

    A pickup is a first bar of a shorter signature. Words are needed where no signature is as short, and where a
    score without pickup begins just so.
    """
    resolution = score.ticks_per_quarter
    times = list(score.time_signatures)
    if not times or times[0].tick > 0:
        times.insert(0, TimeSignature(0))
    main = times[0]
    if not score.pickup:
        alike = len(times) > 1 and times[1].tick == bar_ticks(main, resolution) < bar_ticks(times[1], resolution)
        return score.time_signatures, alike
    apart = len(times) < 2 or times[1].tick > score.pickup
    if apart and score.pickup < bar_ticks(main, resolution):
        for denominator in (main.denominator, *(1 << power for power in range(9))):
            numerator, rest = divmod(score.pickup * denominator, 4 * resolution)
            if not rest and 1 <= numerator <= 255:
                short = TimeSignature(0, numerator, denominator)
                if bar_ticks(short, resolution) == score.pickup:
                    return (short, replace(main, tick=score.pickup), *times[1:]), False
    return score.time_signatures, True


def variable_length(number: int) -> bytes:
    """Return `number` (0 to `MOST_DELTA`) as seven bits a byte, the last one below 80."""
    parts = [number & 127]
    while number := number >> 7:
        parts.append(number & 127 | 128)
    return bytes(reversed(parts))


def _track_bytes(messages: list[Message]) -> bytes:
    """The chunk of one track."""
    body = bytearray()
    now = running = 0
    for tick, _, data in [*messages, Message(messages[-1].tick if messages else 0, _META, bytes((0xFF, words.END_OF_TRACK)))]:
        while tick - now > MOST_DELTA:
            body += variable_length(MOST_DELTA) + bytes((0xFF, words.TEXT, 0))  # an empty text carries time that no number can
            now += MOST_DELTA
            running = 0
        body += variable_length(tick - now)
        now = tick
        if data[0] == 0xFF:
            body += data[:2] + variable_length(len(data) - 2) + data[2:]
            running = 0
        else:
            body += data[1:] if data[0] == running else data
            running = data[0]
    return b"MTrk" + len(body).to_bytes(4, "big") + bytes(body)


def midi_bytes(score: Score) -> bytes:
    """Return `score` as a Standard MIDI File of type 1; the same score gives the same bytes.

    Overlapping notes of one key in one track: the earlier one ends where the later one starts.

    Raises:
        ScoreError: When the score breaks an invariant, or has more than a file can hold.
    """
    chunks = [_track_bytes(messages) for messages in messages_of(score)]
    header = (1).to_bytes(2, "big") + len(chunks).to_bytes(2, "big") + score.ticks_per_quarter.to_bytes(2, "big")
    return b"MThd" + (6).to_bytes(4, "big") + header + b"".join(chunks)
