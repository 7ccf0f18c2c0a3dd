"""A score as one line of events: notes struck together, or a rest, each up to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.chords_layout import HIGHEST, LOWEST, METRES, UNITS, bar_units
from partimento.errors import EncodingError
from partimento.score import Score
from partimento.score.meter import bar_of, signatures, tick_of
from partimento.score.pitch import pitch_name

SHORTEST_REST = UNITS // 8
"""A silence shorter than a 32nd belongs to the note before it."""


class Event(NamedTuple):
    """Keys struck together, ascending (none: a rest), where, for how long (both in units) and how loud (0 for a rest)."""

    start: int
    units: int
    keys: tuple[int, ...]
    velocity: int


class Line(NamedTuple):
    """A piece from its first note on.

    Attributes:
        pickup: Units before the first full bar.
        metres: Unit from which each metre holds, the first at 0, and its name.
        events: Without gaps, from 0 to the end of the last note.
    """

    pickup: int
    metres: tuple[tuple[int, str], ...]
    events: tuple[Event, ...]


def line_of(score: Score) -> Line:
    """Return all pitched tracks of `score` as one line, onsets to the nearest unit.

    Raises:
        EncodingError: When there is no note, one outside `LOWEST` to `HIGHEST`, or a metre that is not in `METRES`.
    """
    tracks = [track for track in score.tracks if len(track) and not track.is_drum]
    if not tracks:
        raise EncodingError("encoding 'chords': the piece has no pitched notes, expected at least one. Give another piece.")
    pitch, velocity = (np.concatenate([getattr(track, name) for track in tracks]) for name in ("pitch", "velocity"))
    outside = np.flatnonzero((pitch < LOWEST) | (pitch > HIGHEST))
    if outside.size:
        key = int(pitch[outside[0]])
        raise EncodingError(
            f"encoding 'chords': found {pitch_name(key)} (key {key}), expected {pitch_name(LOWEST)} to {pitch_name(HIGHEST)}. "
            "Transpose the piece by octaves, or leave the note out."
        )
    start, end = (_units(np.concatenate([getattr(track, name) for track in tracks]), score) for name in ("start", "end"))
    first = int(start.min())
    first_tick = min(int(track.start.min()) for track in tracks)
    order = np.lexsort((pitch, start))
    events = tuple(_events(start[order] - first, np.maximum(end, start + 1)[order] - first, pitch[order], velocity[order]))
    bar, offset = bar_of(score, first_tick)
    full = not offset and not (score.pickup and int(bar) == 0)
    pickup = 0 if full else max(int(_units(np.array(tick_of(score, int(bar) + 1)), score)) - first, 0)
    return Line(pickup, _metres(score, first_tick, pickup, (first, first + events[-1].start + events[-1].units)), events)


def _units(ticks: NDArray[np.int64], score: Score) -> NDArray[np.int64]:
    """Ticks in units, to the nearest, halves up."""
    return np.asarray((2 * ticks * UNITS + score.ticks_per_quarter) // (2 * score.ticks_per_quarter))


def _events(start: NDArray[np.int64], end: NDArray[np.int64], pitch: NDArray[np.int32], velocity: NDArray[np.int32]) -> Iterator[Event]:
    """The events of notes that are sorted by start, then pitch."""
    onsets, first = np.unique(start, return_index=True)
    silent_from = np.maximum.accumulate(end)  # what has begun so far has ended by then
    for at, onset in enumerate(map(int, onsets)):
        notes = slice(int(first[at]), int(first[at + 1]) if at + 1 < len(first) else len(start))
        keys = tuple(dict.fromkeys(int(key) for key in pitch[notes]))
        ends = int(silent_from[notes.stop - 1])
        following = int(onsets[at + 1]) if at + 1 < len(onsets) else ends
        if following - ends < SHORTEST_REST:
            ends = following
        yield Event(onset, ends - onset, keys, int(velocity[notes].max()))
        if ends < following:
            yield Event(ends, following - ends, (), 0)


def _metres(score: Score, first_tick: int, pickup: int, units: tuple[int, int]) -> tuple[tuple[int, str], ...]:
    """The metres from the first note on, within `units` of the score; one restated where a bar begins is left out."""
    begin, end = units
    found: list[tuple[int, str]] = []
    line = pickup  # where a bar of the metre in force begins
    for signature in signatures(score):
        name = f"{signature.numerator}/{signature.denominator}"
        if name not in METRES:
            raise EncodingError(f"encoding 'chords': metre {name}, expected one of {', '.join(METRES)}. Write the piece in one of them.")
        at = max(int(_units(np.array(signature.tick), score)) - begin, 0)
        if signature.tick <= first_tick or at == 0:
            found = [(0, name)]
        elif at < end - begin and (name != found[-1][1] or (at - line) % bar_units(name)):
            found = [*(metre for metre in found if metre[0] < at), (at, name)]
            line = at
    return tuple(found)
