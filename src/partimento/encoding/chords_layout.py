"""The ids of encoding `chords`: which number means what, and the durations and metres that can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score.pitch import pitch_name

UNITS = 48
"""Units of time in a quarter note: 64ths and triplets of 32nds lie on them."""

LOWEST, HIGHEST = 21, 108
"""MIDI keys that can be said: A0 to C8, the piano's."""

_STEPS = ((1, 1, 2), (3, 3, 48), (4, 4, 96), (6, 6, 96), (12, 12, 192), (24, 24, 384))
"""First, step and last of the rows whose union the durations are: fine ones short, coarse ones long."""

DURATIONS = (0, *sorted({units for first, step, last in _STEPS for units in range(first, last + 1, step)}))
"""Units an event may last; 0 is a note whose chord goes on with the next id. Anything longer or odder is a sum of them."""

METRES = (
    *("4/4", "3/4", "2/4", "2/2", "3/2", "6/8", "3/8", "9/8", "12/8", "4/2", "6/4", "9/4"),
    *("5/4", "7/4", "1/4", "2/8", "4/8", "5/8", "7/8", "8/8", "3/16", "6/16", "9/16", "12/16", "18/16", "24/16"),
)
"""Metres that can be said."""

VELOCITY_STEP = 8
"""MIDI velocities in one bin."""

MOST_CHORDS, MOST_PAIRS = 1024, 4096
"""Ids a dictionary may add."""

OCTAVE = 60
"""MIDI key of the C from which ``chords="normal"`` writes a chord back: octave 4."""


def bar_units(metre: str) -> int:
    """Return the length of a bar in units."""
    beats, part = metre.split("/")
    return int(beats) * 4 * UNITS // int(part)


def longest_within(units: int) -> int:
    """Return the longest duration that can be said in one id and is no longer than `units` (1 or more)."""
    return DURATIONS[int(np.searchsorted(DURATIONS, units, side="right")) - 1]


@dataclass(frozen=True)
class Learnt:
    """What the encoding has taken from the pieces it was fitted to; nothing of it is needed to say a piece.

    Attributes:
        chords: Chords that have an id of their own, by name.
        pairs: What and how long, such as ``G2$1/2``, that have an id of their own; only where pairs are `joined`.
        program: General MIDI program it decodes to, 0 to 127.
        tempo: Quarter notes per minute it decodes to, 10 to 400.
    """

    chords: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    program: int = 0
    tempo: float = 100.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "chords", tuple(self.chords))
        object.__setattr__(self, "pairs", tuple(self.pairs))
        for name, words, most in (("chords", self.chords, MOST_CHORDS), ("pairs", self.pairs, MOST_PAIRS)):
            if len(words) > most or len(set(words)) != len(words) or not all(isinstance(word, str) for word in words):
                raise EncodingError(f"encoding 'chords': {len(words)} learnt {name}, expected at most {most} names. Train it again.")
        if not (isinstance(self.program, int) and 0 <= self.program <= 127 and 10 <= self.tempo <= 400):
            raise EncodingError(
                f"encoding 'chords': learnt program {self.program} and tempo {self.tempo}, expected 0 to 127 and 10 to 400. Train it again."
            )

    def as_json(self) -> Mapping[str, object]:
        """Return it as JSON values."""
        return {**asdict(self), "chords": list(self.chords), "pairs": list(self.pairs)}


class Layout:
    """The table of one set of options; it never changes, and a copy of it is itself.

    Args:
        normal: Whether chords are pitch classes, written back in one octave.
        velocities: Whether every event has a velocity id.
        joined: Whether frequent pairs of what and how long have ids of their own.
        learnt: See `Learnt`.

    Raises:
        EncodingError: When `learnt` names a chord or a pair that is none.
    """

    def __init__(self, *, normal: bool, velocities: bool, joined: bool, learnt: Learnt) -> None:
        self.normal, self.velocities, self.joined = normal, velocities, joined
        self.spelled = (OCTAVE, OCTAVE + 11) if normal else (LOWEST, HIGHEST)  # lowest and highest key of a chord that is spelled
        notes = tuple(pitch_name(key) for key in range(LOWEST, HIGHEST + 1))
        lengths = tuple(f"${Fraction(units, UNITS)}" for units in DURATIONS)
        loud = tuple(f"v{low + VELOCITY_STEP // 2}" for low in range(0, 128, VELOCITY_STEP))
        groups = {"frame": ("start", "end"), "metre": METRES, "pitch": ("R", "~", *notes, *learnt.chords), "duration": lengths}
        groups |= {"velocity": ("v0", *loud)} if velocities else {}
        groups |= {"pair": learnt.pairs} if joined and learnt.pairs else {}
        self.vocabulary = Vocabulary(groups)
        first = self.vocabulary.first
        self.start, self.end, self.metre = 0, 1, first["metre"]
        self.rest, self.hold, self.note = first["pitch"], first["pitch"] + 1, first["pitch"] + 2
        self.chord, self.duration = self.note + len(notes), first["duration"]
        self.velocity = first.get("velocity", self.duration + len(lengths))
        self.pair = self.velocity + (len(loud) + 1 if velocities else 0)
        self.chord_keys = [self._keys(name) for name in learnt.chords]
        self.chord_ids = {keys: self.chord + place for place, keys in enumerate(self.chord_keys)}
        self.pair_whats, self.pair_places = self._pairs(learnt.pairs if joined else ())
        self.pair_ids = {
            (int(what), DURATIONS[place]): self.pair + at
            for at, (what, place) in enumerate(zip(self.pair_whats, self.pair_places, strict=True))
        }

    def __deepcopy__(self, memo: object) -> Layout:
        return self

    @property
    def turn(self) -> int:
        """Ids of an event: what, how long and, where velocities are said, how loud."""
        return 3 if self.velocities else 2

    @property
    def groups(self) -> list[list[int]]:
        """First id and size of the groups that take turns."""
        found = [[self.end, self.duration - self.end], [self.duration, len(DURATIONS)]]
        return [*found, [self.velocity, 128 // VELOCITY_STEP + 1]] if self.velocities else found

    def keys_of(self, what: int) -> tuple[int, ...]:
        """Return the MIDI keys that an id strikes, ascending; none where it is a rest or holds on."""
        if what >= self.chord:
            return self.chord_keys[what - self.chord]
        return () if what < self.note else (what - self.note + LOWEST,)

    def name_of(self, keys: Sequence[int]) -> str:
        """Return a chord's name: ``G2.B3.D4``, or its pitch classes in normal order, ``7.11.2``."""
        if not self.normal:
            return ".".join(pitch_name(key) for key in keys)
        return ".".join(map(str, normal_order(keys)))

    def velocity_id(self, velocity: int) -> int:
        """Return the id of a MIDI velocity, 0 (silence) to 127."""
        return self.velocity + (velocity // VELOCITY_STEP + 1 if velocity else 0)

    def loudness(self, number: int) -> int:
        """Return the MIDI velocity that a velocity id says: the middle of its bin."""
        return max(1, (number - self.velocity - 1) * VELOCITY_STEP + VELOCITY_STEP // 2)

    def _keys(self, name: str) -> tuple[int, ...]:
        """The keys a chord's name says, ascending."""
        ids = self.vocabulary.ids
        parts = name.split(".")
        if self.normal:
            keys = tuple(sorted({OCTAVE + int(part) for part in parts if part.isdecimal() and int(part) < 12}))
        else:
            keys = tuple(sorted({ids.get(part, 0) - self.note + LOWEST for part in parts}))
        if len(keys) < 2 or len(keys) != len(parts) or not all(LOWEST <= key <= HIGHEST for key in keys) or self.name_of(keys) != name:
            raise EncodingError(f"encoding 'chords': learnt chord '{name[:40]}' is none, expected as {self.name_of((60, 64, 67))}.")
        return keys

    def _pairs(self, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What each pair says, as an id, and how long, as a place in `DURATIONS`."""
        whats, places = [], []
        for name in names:
            what, _, length = name.partition("$")
            number, long = self.vocabulary.ids.get(what, -1), self.vocabulary.ids.get(f"${length}", -1)
            if not (self.rest <= number < self.duration < long < self.velocity):
                raise EncodingError(f"encoding 'chords': learnt pair '{name[:40]}' is none, expected one such as G2$1/2. Train it again.")
            whats.append(number)
            places.append(long - self.duration)
        return np.array(whats, np.int64), np.array(places, np.int64)


def normal_order(keys: Sequence[int]) -> list[int]:
    """Return the pitch classes of `keys` in normal order: the rotation that spans least, and packs closest from its first note.

    Source: A. Forte, The Structure of Atonal Music (1973), section 1.2.
    """
    classes = sorted({key % 12 for key in keys})
    turns = [classes[at:] + classes[:at] for at in range(len(classes))]
    return min(turns, key=lambda turn: [(turn[-1] - turn[0]) % 12, *((pitch - turn[0]) % 12 for pitch in turn), turn[0]])
