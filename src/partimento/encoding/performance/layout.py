"""The ids of encoding `performance`: which number means what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score.pitch import pitch_name

STEPS_PER_SECOND = 100
LONGEST_SHIFT = 100
"""Steps of 10 ms that one id may let pass."""

VELOCITIES = 32
"""Bins of loudness, four MIDI velocities each: bin 0 is 1 to 4."""

PIANO = range(21, 109)
"""MIDI keys of a piano: what is composed strikes no other."""

AHEAD_STEPS = 100
"""Steps by which a melody is told beforehand."""

BAR_STEPS = 200
"""Steps in what is called a bar: 4/4 at 120 quarters a minute."""

START, END, FIRST_ON = 0, 1, 2

COUNT_BITS = 31
"""Bits that count words on loudness, below those that count steps, where both are summed in one number."""

DENSITIES = tuple(round(2 ** (half / 2), 1) for half in range(13))
"""Notes a second at which the bins of density begin, after that from 0: 1 to 64, half an octave each (Magenta's are an octave)."""

FIFTHS = (5, 0, 7, 2, 9, 4, 11, 6, 1, 8, 3, 10)
"""Pitch classes as they are told, three to an id: along the fifths, so that a scale's stand together."""

LEVELS = 3
"""What is told of a pitch class: that it sounds little or not, some of the time, much of it."""

_TRIPLE = 3


class Kind(IntEnum):
    """What an id does."""

    FRAME, ON, OFF, SHIFT, VELOCITY, PEDAL, CONTROL, MELODY = range(8)


@dataclass(frozen=True)
class Layout:
    """Where the groups of ids begin, for a keyboard and a way with the pedal.

    Attributes:
        lowest: Lowest MIDI key.
        highest: Highest.
        pedal: Whether the sustain pedal has ids of its own.
        density: Whether it is told how many notes a second follow.
        histogram: Whether it is told which pitch classes follow.
        melody: Whether the notes of the melody are told a second before they are struck.

    Raises:
        EncodingError: When these are no range with at least an octave of the piano's, or more is told than can be at once.
    """

    lowest: int = 0
    highest: int = 127
    pedal: bool = False
    density: bool = False
    histogram: bool = False
    melody: bool = False

    def __post_init__(self) -> None:
        shared = min(self.highest, PIANO.stop - 1) - max(self.lowest, PIANO.start) + 1
        if self.lowest < 0 or self.highest > 127 or shared < 12:
            raise EncodingError(
                f"encoding 'performance': keys {self.lowest} to {self.highest}, expected within 0 to 127, with at least an octave of the "
                f"piano's, {PIANO.start} to {PIANO.stop - 1}."
            )

        if self.melody and (self.density or self.histogram):
            raise EncodingError("encoding 'performance': melody is told by itself. Leave density and histogram out.")

    @cached_property
    def lead(self) -> int:
        """Steps before the music begins, in which its first melody is told."""
        return AHEAD_STEPS if self.melody else 0

    @cached_property
    def keys(self) -> int:
        """Number of keys."""
        return self.highest + 1 - self.lowest

    @cached_property
    def first_off(self) -> int:
        """Id that lets the lowest key go; `FIRST_ON` strikes it."""
        return FIRST_ON + self.keys

    @cached_property
    def first_shift(self) -> int:
        """Id that lets one step pass."""
        return FIRST_ON + 2 * self.keys

    @cached_property
    def first_velocity(self) -> int:
        """Id of the softest bin."""
        return self.first_shift + LONGEST_SHIFT

    @cached_property
    def pedal_up(self) -> int:
        """Id that lets the pedal go; the next presses it. Beyond the table where the pedal has no ids."""
        return self.first_velocity + VELOCITIES

    @cached_property
    def controls(self) -> tuple[range, ...]:
        """The ids of what is told once a second, one of each range, in the order in which they are said."""
        at, ranges = self.first_control, []
        for size in (len(DENSITIES) + 1,) * self.density + (LEVELS**_TRIPLE,) * (self.histogram * len(FIFTHS) // _TRIPLE):
            ranges.append(range(at, at + size))
            at += size
        return tuple(ranges)

    @cached_property
    def first_control(self) -> int:
        """Id of the first of them. Beyond the table where nothing is told."""
        return self.pedal_up + 2 * self.pedal

    @cached_property
    def first_melody(self) -> int:
        """Id that tells the lowest key of a melody. Beyond the table where no melody is told."""
        return self.first_control + sum(map(len, self.controls))

    @cached_property
    def size(self) -> int:
        """Number of ids."""
        return self.first_melody + self.keys * self.melody

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        """The kind of each id, shape (ids,)."""
        sizes = {Kind.FRAME: 2, Kind.ON: self.keys, Kind.OFF: self.keys, Kind.SHIFT: LONGEST_SHIFT}
        sizes |= {Kind.VELOCITY: VELOCITIES, Kind.PEDAL: 2 * self.pedal, Kind.CONTROL: sum(map(len, self.controls))}
        sizes |= {Kind.MELODY: self.keys * self.melody}
        return np.repeat(np.array(list(sizes), np.uint8), list(sizes.values()))

    @cached_property
    def steps(self) -> NDArray[np.int32]:
        """The steps each id lets pass, shape (ids,)."""
        return np.where(self.kinds == Kind.SHIFT, np.arange(self.size) - self.first_shift + 1, 0).astype(np.int32)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """The steps each id lets pass, and `COUNT_BITS` below them whether it says a loudness, shape (ids,)."""
        return np.asarray((self.steps.astype(np.int64) << COUNT_BITS) | (self.kinds == Kind.VELOCITY), np.int64)

    @cached_property
    def said(self) -> NDArray[np.int32]:
        """The id of what happens: row by row a key let go, the pedal moved, a key struck, a melody told, 128 places each; shape (512,)."""
        firsts = (self.first_off, self.pedal_up, FIRST_ON, self.first_melody)
        return np.concatenate([first + np.arange(128) for first in firsts]).astype(np.int32)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The table."""
        keys = range(self.lowest, self.highest + 1)
        return Vocabulary(
            {
                "frame": ("start", "end"),
                "on": tuple(f"on{key}" for key in keys),
                "off": tuple(f"off{key}" for key in keys),
                "shift": tuple(f"shift{steps}" for steps in range(1, LONGEST_SHIFT + 1)),
                "velocity": tuple(f"velocity{bin}" for bin in range(1, VELOCITIES + 1)),
                **({"pedal": ("up", "down")} if self.pedal else {}),
                **({"density": tuple(f"density{least:g}" for least in (0, *DENSITIES))} if self.density else {}),
                **({"histogram": tuple(_histogram_symbols())} if self.histogram else {}),
                **({"melody": tuple(f"melody{key}" for key in keys)} if self.melody else {}),
            }
        )


def _histogram_symbols() -> Iterator[str]:
    """Such as ``F-C-G:021``: of F little, of C much, of G some."""
    for first in range(0, len(FIFTHS), _TRIPLE):
        names = "-".join(pitch_name(60 + pitch_class)[:-1] for pitch_class in FIFTHS[first : first + _TRIPLE])
        yield from (f"{names}:{''.join(map(str, levels))}" for levels in product(range(LEVELS), repeat=_TRIPLE))
