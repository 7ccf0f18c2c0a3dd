"""The Score: what every reader makes, every encoding says and every writer takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType

import numpy as np

from partimento.errors import ScoreError
from partimento.score.note import LAST_TICK, Track

DEFAULT_QUARTER_MICROSECONDS = 500_000
"""The tempo where none is written: 120 quarter notes a minute (Standard MIDI File 1.0)."""

MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian")


@dataclass(frozen=True, order=True)
class Tempo:
    """From `tick` on a quarter note lasts `quarter_microseconds` (1 to 16,777,215, what MIDI can write)."""

    tick: int
    quarter_microseconds: int = DEFAULT_QUARTER_MICROSECONDS

    def __post_init__(self) -> None:
        if self.tick < 0 or not 1 <= self.quarter_microseconds <= 0xFFFFFF:
            raise ScoreError(
                f"tempo at tick {self.tick}: {self.quarter_microseconds} us a quarter, expected 1 to 16777215. Give a playable tempo."
            )

    @property
    def bpm(self) -> float:
        """Quarter notes per minute."""
        return 60_000_000 / self.quarter_microseconds

    @classmethod
    def of_bpm(cls, tick: int, bpm: float) -> Tempo:
        """Return the tempo of `bpm` quarter notes per minute (3.6 to 60,000,000)."""
        if not np.isfinite(bpm) or bpm <= 0:
            raise ScoreError(f"tempo of {bpm} bpm: expected more than 0. Usual tempos lie between 40 and 240.")
        return cls(tick, min(max(round(60_000_000 / bpm), 1), 0xFFFFFF))


@dataclass(frozen=True, order=True)
class TimeSignature:
    """From `tick` on, where a bar starts, a bar holds `numerator` notes of 1/`denominator`."""

    tick: int
    numerator: int = 4
    denominator: int = 4

    def __post_init__(self) -> None:
        power_of_two = self.denominator > 0 and self.denominator & (self.denominator - 1) == 0
        if self.tick < 0 or not 1 <= self.numerator <= 255 or not power_of_two or self.denominator > 256:
            raise ScoreError(
                f"time signature at tick {self.tick}: {self.numerator}/{self.denominator}, expected 1 to 255 over a power of two up to 256."
            )


@dataclass(frozen=True, order=True)
class KeySignature:
    """From `tick` on: `fifths` sharps (positive) or flats (negative), -7 to 7, and one of `MODES`."""

    tick: int
    fifths: int = 0
    mode: str = "major"

    def __post_init__(self) -> None:
        if self.tick < 0 or not -7 <= self.fifths <= 7 or self.mode not in MODES:
            raise ScoreError(
                f"key signature at tick {self.tick}: {self.fifths} fifths {self.mode}, expected -7 to 7 and one of {', '.join(MODES)}."
            )


@dataclass(frozen=True, order=True)
class Mark:
    """Something written at a place that is not a note.

    Kinds in use: ``chord`` (a chord symbol such as ``Am7``), ``fermata``, ``lyric``, ``text``, ``section``
    (a name such as ``A``), ``grace`` (how many grace notes begin there), ``repeat`` (where the source had folded its
    bars: ``start`` of a section, ``again`` for each later pass, ``ending``, ``end``).
    """

    tick: int
    kind: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class Score:
    """A piece of music as written: integer ticks only. Seconds and bars are asked of `tempo` and `meter`.

    Attributes:
        ticks_per_quarter: Resolution, 1 to 32,767.
        tracks: The instruments or voices, top to bottom.
        tempos: In tick order; before the first one 120 quarters a minute hold.
        time_signatures: In tick order, each at the start of a bar; before the first one 4/4 holds.
        key_signatures: In tick order.
        marks: Chord symbols, fermatas, lyrics and names, in tick order.
        pickup: Ticks of the incomplete bar before the first full one; 0 where the piece starts on a bar.
        metadata: ``title``, ``composer``, ``source``, ``provenance`` ... : words, never needed to play.
        warnings: What a reader had to repair or leave out, in words, each naming its place.

    Raises:
        ScoreError: When a value is out of range.
    """

    ticks_per_quarter: int = 480
    tracks: tuple[Track, ...] = ()
    tempos: tuple[Tempo, ...] = ()
    time_signatures: tuple[TimeSignature, ...] = ()
    key_signatures: tuple[KeySignature, ...] = ()
    marks: tuple[Mark, ...] = ()
    pickup: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.ticks_per_quarter <= 32767:
            raise ScoreError(f"score: {self.ticks_per_quarter} ticks per quarter, expected 1 to 32767. Usual are 96 to 960.")
        if not 0 <= self.pickup <= LAST_TICK:
            raise ScoreError(f"score: a pickup of {self.pickup} ticks, expected 0 or more.")
        for name in ("tracks", "tempos", "time_signatures", "key_signatures", "marks", "warnings"):
            values = tuple(getattr(self, name))
            if name not in ("tracks", "warnings"):
                values = tuple(sorted(values, key=lambda value: value.tick))
            object.__setattr__(self, name, values)
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __reduce__(self) -> tuple[type[Score], tuple[object, ...]]:
        values = {**vars(self), "metadata": dict(self.metadata)}  # a read-only view cannot be copied or sent
        return Score, tuple(values[each.name] for each in fields(self))

    @property
    def note_count(self) -> int:
        """Number of notes in all tracks."""
        return sum(len(track) for track in self.tracks)

    @property
    def end_tick(self) -> int:
        """Tick at which the last note ends; 0 for a score without notes."""
        return max((int(track.end.max()) for track in self.tracks if len(track)), default=0)

    def with_warnings(self, *warnings: str) -> Score:
        """Return this score with `warnings` added to its own."""
        return replace(self, warnings=self.warnings + warnings)

    def with_metadata(self, **metadata: str) -> Score:
        """Return this score with `metadata` entries added or replaced."""
        return replace(self, metadata={**self.metadata, **metadata})

    def marks_of(self, kind: str) -> tuple[Mark, ...]:
        """Return the marks of one `kind`, in tick order."""
        return tuple(mark for mark in self.marks if mark.kind == kind)
