"""Where a track's notes stand on paper: staves, clefs, voices, and what is moved so that it can be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from partimento.score import Track
from partimento.score.hands import HANDS, is_low, right_of, wants_two_staves
from partimento.score.notation import mended, on_grid

HAND_CLEFS = dict(zip(HANDS, (("G", 2, 0), ("F", 4, 0)), strict=True))
"""Names of tracks that are one hand of a pianist -> clef of the one staff that each stands on."""

MOST_PLAYED_VOICES = 2


Fit = Literal["exact", "mended", "played"]
"""How far notes are moved to where they can be written."""


@dataclass(slots=True)
class Chord:
    """Notes that begin and end together, in one voice: places in ticks, keys, velocities."""

    start: int
    end: int
    pitches: tuple[int, ...]
    velocities: tuple[int, ...]


@dataclass(frozen=True)
class Columns:
    """A track's notes in parts of a tick, too fine for a Track: shape (notes,) each, and what the track says of itself."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    pitch: NDArray[np.int32]
    velocity: NDArray[np.int32]
    name: str
    program: int
    is_drum: bool

    @classmethod
    def of(cls, track: Track, scale: int) -> Columns:
        """Return a track's notes, `scale` parts to a tick."""
        return cls(track.start * scale, track.end * scale, track.pitch, track.velocity, track.name, track.program, track.is_drum)


@dataclass(frozen=True)
class Staff:
    """A staff: its clef (sign, line, octave change) and its voices."""

    clef: tuple[str, int, int]
    voices: tuple[tuple[Chord, ...], ...]


def staves(track: Columns, quarter: int, *, played: bool) -> tuple[Staff, ...]:
    """Return a track on one or two staves.

    Args:
        track: Any track.
        quarter: A quarter note in its parts of a tick.
        played: Whether overlaps may be cut so that a staff has few voices.
    """
    rows = list(zip(track.start.tolist(), track.end.tolist(), track.pitch.tolist(), track.velocity.tolist(), strict=True))
    if track.is_drum:
        return (Staff(("percussion", 0, 0), _voices(rows, played=played)),)
    if track.name in HAND_CLEFS:
        return (Staff(HAND_CLEFS[track.name], _voices(rows, played=played)),)
    if wants_two_staves(track):
        right = right_of(track, quarter)
        upper, lower = ([rows[number] for number in np.flatnonzero(mine)] for mine in (right, ~right))
        return Staff(("G", 2, 0), _voices(upper, played=played)), Staff(("F", 4, 0), _voices(lower, played=played))
    return (Staff(_clef(track), _voices(rows, played=played)),)


def _clef(track: Columns) -> tuple[str, int, int]:
    """The clef in which the middle of the range stands on the staff."""
    if not track.start.size:
        return "G", 2, 0
    if track.name.lower().startswith("tenor") and int(track.pitch.min()) >= 45 and float(np.median(track.pitch)) < 64:
        return "G", 2, -1
    return ("F", 4, 0) if is_low(track) else ("G", 2, 0)


def _voices(rows: Sequence[tuple[int, int, int, int]], *, played: bool) -> tuple[tuple[Chord, ...], ...]:
    """Rows of start, end, pitch, velocity as voices, the first the highest where they begin together."""
    chords: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for start, end, pitch, velocity in rows:
        chords.setdefault((start, end), []).append((pitch, velocity))
    found: list[list[Chord]] = []
    for (start, end), notes in sorted(chords.items(), key=lambda item: (item[0][0], -max(item[1])[0])):
        notes.sort()
        chord = Chord(start, end, tuple(pitch for pitch, _ in notes), tuple(velocity for _, velocity in notes))
        voice = next((voice for voice in found if voice[-1].end <= start), None)
        if voice is None and played and len(found) == MOST_PLAYED_VOICES:
            voice = min((one for one in found if one[-1].start < start), key=lambda one: one[-1].end, default=None)
            if voice is None:  # both voices begin here too: the chord joins the second
                _join(found[-1][-1], chord)
                continue
            voice[-1].end = start
        if voice is None:
            voice = []
            found.append(voice)
        voice.append(chord)
    return tuple(tuple(voice) for voice in found) or ((),)


def _join(into: Chord, chord: Chord) -> None:
    """Add a chord's notes to one that begins with it."""
    notes = sorted(zip(into.pitches + chord.pitches, into.velocities + chord.velocities, strict=True))
    into.pitches, into.velocities = tuple(pitch for pitch, _ in notes), tuple(velocity for _, velocity in notes)


def fitted(track: Columns, ticks_per_quarter: int, fit: Fit) -> Columns:
    """Return a track with its notes where they can be written.

    Args:
        track: The notes.
        ticks_per_quarter: A multiple of 96.
        fit: ``exact`` moves nothing, ``mended`` moves unusual times to the nearest 128th or triplet, ``played`` all to a grid.
    """
    if fit == "played":
        start, end = on_grid(track.start, track.end, ticks_per_quarter)
        return replace(track, start=start, end=end)
    if fit == "exact":
        return track
    start, end = (mended(at, ticks_per_quarter) for at in (track.start, track.end))
    return replace(track, start=start, end=np.maximum(end, start + ticks_per_quarter // 32))
