"""The ids of encoding `lead`: which number means what, and what a row of them says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from partimento.encoding.vocabulary import Vocabulary
from partimento.score.chords import SUFFIXES, Harmony

STEPS_PER_QUARTER = 12
"""A step is a third of a 16th, so that triplets of eighths can be said."""

GRID = (0, 3, 4, 6, 8, 9, 12)
"""Steps of a quarter that notes begin and end on: 16ths and triplets of eighths."""

METRES = {"4/4": 48, "3/4": 36, "2/4": 24, "2/2": 48, "6/8": 36, "9/8": 54, "12/8": 72, "3/8": 18, "3/2": 72, "5/4": 60, "6/4": 72}
"""Metre -> steps in a bar."""

LOWEST, HIGHEST = 36, 96
"""MIDI keys that can be said."""

LONGEST = 72
WIDEST = 36
"""Semitones a note may lie from the nearest root."""

_QUALITIES = tuple(SUFFIXES)


def _vocabulary() -> Vocabulary:
    """Build the table."""
    return Vocabulary(
        {
            "frame": ("start", "end"),
            "root": tuple(f"root{number}" for number in range(12)),
            "bar": tuple(f"|{metre}" for metre in METRES),
            "chord": tuple(f">{motion}{SUFFIXES[quality]}" for quality in _QUALITIES for motion in range(12)),
            "note": tuple(f"{above:+d}" for above in range(-WIDEST, WIDEST + 1)),
            "other": ("rest", "hold"),
            "length": tuple(f"x{steps}" for steps in range(1, LONGEST + 1)),
        }
    )


VOCABULARY = _vocabulary()
"""A ``chord`` (``>7m``) is the motion of its root, up in semitones, from the chord before, and its quality; a ``note`` (``+4``) is
semitones above or below that root which is nearest to the note before; ``x`` is how many steps it lasts."""

START, END = VOCABULARY.ids["start"], VOCABULARY.ids["end"]
REST, HOLD = VOCABULARY.ids["rest"], VOCABULARY.ids["hold"]
GROUP = tuple(group for group, symbols in VOCABULARY.groups.items() for _ in symbols)
"""Id -> name of its group."""


def root_id(root: int) -> int:
    """Return the id of the root that motion starts from."""
    return VOCABULARY.first["root"] + root


def bar_id(numerator: int, denominator: int) -> int | None:
    """Return the id of a bar; None for a metre that has none."""
    return VOCABULARY.ids.get(f"|{numerator}/{denominator}")


def chord_id(before: int, chord: Harmony) -> int:
    """Return the id of `chord` behind one with the root `before`."""
    return VOCABULARY.first["chord"] + 12 * _QUALITIES.index(chord.quality) + (chord.root - before) % 12


def chord_of(number: int, before: int) -> Harmony:
    """Return the chord that an id says behind one with the root `before`."""
    quality, motion = divmod(number - VOCABULARY.first["chord"], 12)
    return Harmony((before + motion) % 12, _QUALITIES[quality])


def first_pitch(root: int) -> int:
    """Return the MIDI key that stands for the note before the first, in a piece that begins on `root`."""
    return 60 + root


def folded(pitch: int) -> int:
    """Return `pitch` moved by octaves into what can be said, `LOWEST` to `HIGHEST`."""
    pitch += 12 * max(0, -(-(LOWEST - pitch) // 12))
    return pitch - 12 * max(0, -(-(pitch - HIGHEST) // 12))


def _near(root: int, before: int) -> int:
    """The MIDI key of a root that is nearest to the note before: at most 6 below, 5 above."""
    return before - 6 + (root - before + 6) % 12


def note_id(pitch: int, root: int, before: int) -> int | None:
    """Return the id of a MIDI key over a root, behind the MIDI key `before`; None where it lies too far off."""
    above = pitch - _near(root, before)
    return VOCABULARY.first["note"] + WIDEST + above if abs(above) <= WIDEST else None


def pitch_of(number: int, root: int, before: int) -> int:
    """Return the MIDI key that an id says over a root, behind the MIDI key `before`."""
    return folded(_near(root, before) + number - VOCABULARY.first["note"] - WIDEST)


def length_id(steps: int) -> int:
    """Return the id of a length, 1 to `LONGEST` steps."""
    return VOCABULARY.first["length"] + steps - 1


def steps_of(number: int) -> int:
    """Return the length that an id says."""
    return number - VOCABULARY.first["length"] + 1


def halves(numerator: int, denominator: int) -> int:
    """Return into how many stretches, each with its chord, a bar is cut (as `score.chords.stretches` does)."""
    return 2 if numerator % 2 == 0 and numerator > 2 and (numerator, denominator) != (6, 8) else 1


@dataclass
class Lead:
    """What a row of ids says, as far as it goes.

    Attributes:
        bars: First step, numerator and denominator of each bar.
        chords: First step and chord of each stretch.
        notes: First step, steps and MIDI key of each note.
    """

    bars: list[tuple[int, int, int]] = field(default_factory=list)
    chords: list[tuple[int, Harmony]] = field(default_factory=list)
    notes: list[tuple[int, int, int]] = field(default_factory=list)


def said(ids: Iterable[int]) -> Lead:
    """Return what `ids` say; what makes no sense where it stands is passed over.

    Args:
        ids: Of `VOCABULARY`; they may stop anywhere.
    """
    lead, at, root, event, before = Lead(), 0, 0, REST, first_pitch(0)
    for number in map(int, ids):
        group = GROUP[number]
        if group == "root":
            root = number - VOCABULARY.first["root"]
            before = first_pitch(root)
        elif group == "bar":
            numerator, denominator = map(int, VOCABULARY.symbols[number][1:].split("/"))
            at = lead.bars[-1][0] + METRES[f"{lead.bars[-1][1]}/{lead.bars[-1][2]}"] if lead.bars else 0
            lead.bars.append((at, numerator, denominator))
        elif group == "chord":
            chord = chord_of(number, root)
            root = chord.root
            lead.chords.append((at, chord))
        elif group in ("note", "other"):
            event = number
        elif group == "length":
            steps = steps_of(number)
            if event == HOLD and lead.notes and sum(lead.notes[-1][:2]) == at:
                start, sounded, pitch = lead.notes[-1]
                lead.notes[-1] = (start, sounded + steps, pitch)
            elif GROUP[event] == "note":
                before = pitch_of(event, root, before)
                lead.notes.append((at, steps, before))
            at += steps
    return lead
