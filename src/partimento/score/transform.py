"""Changing a score as a whole; every function returns a new one.

What is rounded is rounded by its ends, both to the nearest tick or step, so that notes that touched still do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ScoreError
from partimento.score.harmony import fifths_within, transpose_chord_symbol
from partimento.score.meter import bar_of, bar_starts, signatures, tick_of
from partimento.score.note import SOFT, SOSTENUTO, SUSTAIN, Track
from partimento.score.pitch import pitch_name
from partimento.score.score import DEFAULT_QUARTER_MICROSECONDS, KeySignature, Mark, Score, Tempo, TimeSignature

MOST_TICKS_PER_QUARTER = 32767
"""The finest resolution a Standard MIDI File can name."""

_Timed = TypeVar("_Timed", Tempo, TimeSignature, KeySignature, Mark)


def transpose(score: Score, semitones: int) -> Score:
    """Return the score `semitones` higher (lower where negative); drums stay.

    Key signatures move along, to the name with at most six accidentals (six sharps, or six flats where the key
    had flats); chord symbols are spelled as the new key asks.

    Raises:
        ScoreError: When a note would leave 0 to 127.
    """
    tracks = tuple(_transposed(track, semitones) for track in score.tracks)
    keys = tuple(replace(key, fifths=_moved_fifths(key.fifths, semitones)) for key in score.key_signatures)

    def moved(mark: Mark) -> Mark:
        if mark.kind != "chord":
            return mark
        before = [key.fifths for key in score.key_signatures if key.tick <= mark.tick][-1:] or [0]
        return replace(mark, text=transpose_chord_symbol(mark.text, _moved_fifths(before[0], semitones) - before[0]))

    return replace(score, tracks=tracks, key_signatures=keys, marks=tuple(moved(mark) for mark in score.marks))


def _moved_fifths(fifths: int, semitones: int) -> int:
    """The signature after a transposition; whole octaves leave it as it was written."""
    return fifths if semitones % 12 == 0 else fifths_within(fifths + 7 * semitones, flats=fifths < 0)


def _transposed(track: Track, semitones: int) -> Track:
    """One track moved by `semitones`."""
    if track.is_drum or not semitones:
        return track
    pitch = track.pitch.astype(np.int64) + semitones
    wrong = np.flatnonzero((pitch < 0) | (pitch > 127))
    if wrong.size:
        note = int(wrong[0])
        raise ScoreError(
            f"track '{track.name}', note {note} at tick {int(track.start[note])}: {pitch_name(int(track.pitch[note]))} moved by "
            f"{semitones:+d} semitones is MIDI key {int(pitch[note])}, expected 0 to 127. Transpose by less or by an octave the other way."
        )
    return replace(track, pitch=pitch.astype(np.int32))


def cut(score: Score, start_tick: int, end_tick: int) -> Score:
    """Return what sounds from `start_tick` up to `end_tick`, beginning at tick 0.

    Notes that reach over an edge are clipped to it. The tempo, metre, key and controller values in force at the
    cut stand at its start; marks within are kept. A cut within a bar begins with a pickup, the rest of that bar.

    Args:
        score: Any score.
        start_tick: First tick kept, 0 or later.
        end_tick: First tick not kept, later than `start_tick`; it may lie behind the last note.

    Raises:
        ScoreError: When nothing lies between the two.
    """
    if not 0 <= start_tick < end_tick:
        raise ScoreError(f"cut from tick {start_tick} to {end_tick}: expected a start of 0 or later and an end after it.")
    marks = tuple(replace(mark, tick=mark.tick - start_tick) for mark in score.marks if start_tick <= mark.tick < end_tick)
    return replace(
        score,
        tracks=tuple(_cut_track(track, start_tick, end_tick) for track in score.tracks),
        tempos=_cut_timed(score.tempos, start_tick, end_tick),
        time_signatures=_cut_timed(score.time_signatures, start_tick, end_tick),
        key_signatures=_cut_timed(score.key_signatures, start_tick, end_tick),
        marks=marks,
        pickup=_pickup_at(score, start_tick),
    )


def _cut_track(track: Track, start_tick: int, end_tick: int) -> Track:
    """The notes and controls of one track between two ticks."""
    keep = (track.start < end_tick) & (track.end > start_tick)
    start, end = np.maximum(track.start[keep], start_tick), np.minimum(track.end[keep], end_tick)
    controls = track.controls
    earlier = {int(number): int(value) for _, number, value in controls[controls[:, 0] <= start_tick]}  # the last one holds
    later = controls[(controls[:, 0] > start_tick) & (controls[:, 0] < end_tick)] - np.array([start_tick, 0, 0])
    held = np.array([(0, number, value) for number, value in earlier.items()], np.int64).reshape(-1, 3)
    return replace(
        track,
        start=start - start_tick,
        duration=end - start,
        pitch=track.pitch[keep],
        velocity=track.velocity[keep],
        controls=np.concatenate([held, later]),
    )


def _cut_timed(values: Sequence[_Timed], start_tick: int, end_tick: int) -> tuple[_Timed, ...]:
    """The value in force at `start_tick`, moved to tick 0, and those that follow before `end_tick`."""
    held: list[_Timed] = [_at(value, 0) for value in values if value.tick <= start_tick][-1:]
    return tuple(held + [_at(value, value.tick - start_tick) for value in values if start_tick < value.tick < end_tick])


def _at(value: _Timed, tick: int) -> _Timed:
    """The same value at another tick."""
    return replace(value, tick=tick)


def _pickup_at(score: Score, tick: int) -> int:
    """Ticks from `tick` to the next bar line; 0 where a full bar starts at `tick`."""
    if tick < score.pickup:
        return score.pickup - tick
    return _bar_line_from(score, tick) - tick


def _bar_line_from(score: Score, tick: int) -> int:
    """The first bar line at `tick` or after."""
    bar, offset = bar_of(score, tick)
    return tick_of(score, int(bar) + 1) if offset else tick


def cut_bars(score: Score, first: int, last: int) -> Score:
    """Return bars `first` to `last`, both included, counted as in `meter`: 0 is the first, a pickup included.

    Raises:
        ScoreError: When the score does not have these bars.
    """
    bars = int(bar_starts(score).size)
    if not 0 <= first <= last < bars:
        raise ScoreError(f"bars {first} to {last}: the score has bars 0 to {bars - 1}. Count from 0 and name the earlier bar first.")
    return cut(score, tick_of(score, first), tick_of(score, last + 1))


def join(first: Score, second: Score, *, at_tick: int | None = None) -> Score:
    """Return `first` followed by `second`.

    Tracks of equal program, of the same name or else at the same place, go on as one; others are added. The
    tempo, metre and key of `second` hold from where it begins, and pedals left down are lifted there.

    Args:
        first: Its title and other words are kept where both have them.
        second: Brought to the same ticks per quarter, exactly where 32,767 of them suffice.
        at_tick: Where `second` begins, in ticks of `first`, which is cut there; None is the earliest place at
            which the notes of `first` have ended and the first full bar of `second` stands on a bar line, so
            that a pickup completes the last bar.

    Raises:
        ScoreError: When `at_tick` is below 1.
    """
    resolution = math.lcm(first.ticks_per_quarter, second.ticks_per_quarter)
    if resolution > MOST_TICKS_PER_QUARTER:
        resolution = max(first.ticks_per_quarter, second.ticks_per_quarter)
    if at_tick is not None and at_tick < 1:
        raise ScoreError(f"join at tick {at_tick}: expected 1 or later, or None for the next bar line.")
    at = None if at_tick is None else int(_scaled(np.array([at_tick]), first.ticks_per_quarter, resolution)[0])
    first, second = rescale(first, resolution), rescale(second, resolution)
    metadata = {**second.metadata, **first.metadata}
    warnings = (*first.warnings, *second.warnings)
    if at is None:
        if not first.note_count:
            return replace(second, metadata=metadata, warnings=warnings)
        at = _bar_line_from(first, first.end_tick + second.pickup) - second.pickup
    line = at + second.pickup
    first = cut(first, 0, at)
    on_line = not bar_of(first, line)[1]
    return replace(
        first,
        tracks=_joined_tracks(first.tracks, second.tracks, at),
        tempos=(*first.tempos, *_following(first.tempos, second.tempos, at, Tempo(0, DEFAULT_QUARTER_MICROSECONDS))),
        time_signatures=(*first.time_signatures, *_following_signatures(first, second, line, on_line=on_line)),
        key_signatures=(*first.key_signatures, *_following(first.key_signatures, second.key_signatures, at, None)),
        marks=(*first.marks, *(replace(mark, tick=mark.tick + at) for mark in second.marks)),
        metadata=metadata,
        warnings=warnings,
    )


def _following(before: Sequence[_Timed], after: Sequence[_Timed], at: int, default: _Timed | None) -> list[_Timed]:
    """What `after` adds from tick `at` on; its beginning is said only where it differs from what is in force."""
    moved: list[_Timed] = [_at(value, value.tick + at) for value in after]
    opening: list[_Timed] = [value for value in moved if value.tick == at][-1:] or ([_at(default, at)] if default else [])
    in_force = before[-1] if before else default
    if in_force and opening and _at(in_force, at) == opening[0]:
        opening = []
    return opening + [value for value in moved if value.tick > at]


def _following_signatures(first: Score, second: Score, line: int, *, on_line: bool) -> list[TimeSignature]:
    """The time signatures `second` adds, the first at its first full bar, `line`."""
    moved = [replace(value, tick=max(line, value.tick + line - second.pickup)) for value in signatures(second)]
    opening = [value for value in moved if value.tick == line][-1]
    if on_line and replace(signatures(first)[-1], tick=line) == opening:
        return [value for value in moved if value.tick > line]
    return [opening, *(value for value in moved if value.tick > line)]


def _joined_tracks(before: Sequence[Track], after: Sequence[Track], at: int) -> tuple[Track, ...]:
    """The tracks of two scores, one after the other."""
    free = dict(enumerate(before))
    pairs: dict[int, Track] = {}
    added: list[Track] = []
    later: list[tuple[int, Track]] = []
    for place, track in enumerate(after):  # names first, so that a place is not taken from the track it is named for
        match = next((i for i, t in free.items() if track.name and t.name == track.name and _same_sound(t, track)), None)
        if match is None:
            later.append((place, track))
        else:
            pairs[match] = track
            del free[match]
    for place, track in later:
        if place in free and _same_sound(free[place], track):
            pairs[place] = track
            del free[place]
        else:
            added.append(_moved(track, at))
    return (*(_continued(track, pairs.get(place), at) for place, track in enumerate(before)), *added)


def _same_sound(one: Track, other: Track) -> bool:
    """Whether two tracks are played by the same instrument."""
    return (one.program, one.is_drum) == (other.program, other.is_drum)


def _moved(track: Track, ticks: int) -> Track:
    """A track that begins `ticks` later."""
    return replace(track, start=track.start + ticks, controls=track.controls + np.array([ticks, 0, 0]))


def _continued(track: Track, follower: Track | None, at: int) -> Track:
    """A track, its pedals lifted at tick `at`, then its follower's notes."""
    state = {int(number): int(value) for _, number, value in track.controls}
    lifted = [(at, pedal, 0) for pedal in (SUSTAIN, SOSTENUTO, SOFT) if state.get(pedal)]
    controls = np.concatenate([track.controls, np.array(lifted, np.int64).reshape(-1, 3)])
    if follower is None:
        return replace(track, controls=controls)
    moved = _moved(follower, at)
    return replace(_stacked([replace(track, controls=controls), moved]), name=track.name or follower.name)


def _stacked(tracks: Sequence[Track]) -> Track:
    """The notes and controls of all `tracks` in the first one."""
    return replace(
        tracks[0],
        start=np.concatenate([track.start for track in tracks]),
        duration=np.concatenate([track.duration for track in tracks]),
        pitch=np.concatenate([track.pitch for track in tracks]),
        velocity=np.concatenate([track.velocity for track in tracks]),
        controls=np.concatenate([track.controls for track in tracks]),
    )


def _scaled(ticks: NDArray[np.int64], old: int, new: int) -> NDArray[np.int64]:
    """`ticks` at another resolution, to the nearest, halves up."""
    return np.asarray((2 * ticks * new + old) // (2 * old))


def rescale(score: Score, ticks_per_quarter: int) -> Score:
    """Return the score at another resolution: exact where ticks come out whole, else to the nearest.

    Args:
        score: Any score.
        ticks_per_quarter: The new resolution, 1 to 32,767. No note gets shorter than one tick.

    Raises:
        ScoreError: When the resolution is out of range, or a tick would be too large for a file.
    """
    old = score.ticks_per_quarter
    if ticks_per_quarter == old:
        return score
    if not 1 <= ticks_per_quarter <= MOST_TICKS_PER_QUARTER:
        raise ScoreError(f"rescale to {ticks_per_quarter} ticks per quarter: expected 1 to {MOST_TICKS_PER_QUARTER}. Usual are 96 to 960.")

    def timed(values: Sequence[_Timed]) -> tuple[_Timed, ...]:
        ticks = _scaled(np.array([value.tick for value in values], np.int64), old, ticks_per_quarter)
        return tuple(_at(value, int(tick)) for value, tick in zip(values, ticks, strict=True))

    tracks = []
    for track in score.tracks:
        start, end = _scaled(track.start, old, ticks_per_quarter), _scaled(track.end, old, ticks_per_quarter)
        controls = track.controls.copy()
        controls[:, 0] = _scaled(controls[:, 0], old, ticks_per_quarter)
        tracks.append(replace(track, start=start, duration=np.maximum(end - start, 1), controls=controls))
    return replace(
        score,
        ticks_per_quarter=ticks_per_quarter,
        tracks=tuple(tracks),
        tempos=timed(score.tempos),
        time_signatures=timed(score.time_signatures),
        key_signatures=timed(score.key_signatures),
        marks=timed(score.marks),
        pickup=int(_scaled(np.array([score.pickup]), old, ticks_per_quarter)[0]),
    )


def quantize(score: Score, grid: int) -> Score:
    """Return the score with every note on a grid.

    Onsets and ends go to the nearest step (halves to the later one), lengths are at least one step; pickup, metre,
    keys and marks go along. Tempo and pedals stay where they are. Notes of one pitch that come to begin together
    become one, as long and as loud as the longest and the loudest.

    Args:
        score: Any score; its resolution is raised where a step is no whole number of ticks.
        grid: Steps in a whole note, 1 or more: 16 is a 16th, 12 an eighth-note triplet.

    Raises:
        ScoreError: When the grid is below 1, or too fine for 32,767 ticks per quarter.
    """
    if grid < 1:
        raise ScoreError(f"quantize to a grid of {grid}: expected steps in a whole note, 1 or more, such as 16.")
    finer = grid // math.gcd(4 * score.ticks_per_quarter, grid)
    if score.ticks_per_quarter * finer > MOST_TICKS_PER_QUARTER:
        raise ScoreError(f"quantize to a grid of {grid}: too fine for {MOST_TICKS_PER_QUARTER} ticks per quarter. Take 16, 24 or 48.")
    score = rescale(score, score.ticks_per_quarter * finer)
    step = 4 * score.ticks_per_quarter // grid

    def nearest_step(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray((2 * ticks + step) // (2 * step) * step)

    def timed(values: Sequence[_Timed]) -> tuple[_Timed, ...]:
        return tuple(_at(value, int(nearest_step(np.array(value.tick)))) for value in values)

    tracks = []
    for track in score.tracks:
        start = nearest_step(track.start)
        duration = np.maximum(nearest_step(track.end) - start, step)
        tracks.append(without_doubles(replace(track, start=start, duration=duration)))
    return replace(
        score,
        tracks=tuple(tracks),
        time_signatures=timed(score.time_signatures),
        key_signatures=timed(score.key_signatures),
        marks=timed(score.marks),
        pickup=int(nearest_step(np.array(score.pickup))),
    )


def without_doubles(track: Track) -> Track:
    """Return a track in which notes of one pitch and onset have become one, as long and as loud as the longest and the loudest."""
    if len(track) < 2:
        return track
    new = np.ones(len(track), bool)  # the columns are sorted by onset, then pitch
    new[1:] = (np.diff(track.start) > 0) | (np.diff(track.pitch) > 0)
    first = np.flatnonzero(new)
    duration, velocity = np.maximum.reduceat(track.duration, first), np.maximum.reduceat(track.velocity, first)
    return replace(track, start=track.start[new], duration=duration, pitch=track.pitch[new], velocity=velocity)


def merge_tracks(score: Score) -> Score:
    """Return the score with all pitched tracks as one, and all drums as another, where there are any.

    The merged track has the first one's name and program. Notes of one pitch and onset become one.
    """
    merged = []
    for is_drum in (False, True):
        tracks = [track for track in score.tracks if track.is_drum == is_drum]
        if tracks:
            merged.append(without_doubles(_stacked(tracks)))
    return replace(score, tracks=tuple(merged))
