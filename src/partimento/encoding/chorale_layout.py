"""The ids of encoding `chorale`: which number means what."""

from __future__ import annotations

from typing import NamedTuple

from partimento.encoding.vocabulary import Vocabulary
from partimento.score import KeySignature
from partimento.score.pitch import MODE_FIFTHS, key_name

VOICES = ("soprano", "alto", "tenor", "bass")
STEP_IDS = 1 + len(VOICES)
STEPS_PER_QUARTER = 4

LOWEST, HIGHEST = 36, 81
"""MIDI keys that can be said: C2 to A5, the range of the JSB chorales."""

BAR_STEPS = {"4/4": 16, "3/4": 12, "2/4": 8, "3/2": 24, "6/8": 12, "12/8": 24}
"""Metre -> 16th steps in a bar."""

METRES = tuple(BAR_STEPS)

NOW = 4
"""Phase of a step on which a fermata sounds; 1, 2, 3 are its approach by quarters (3 is next), 0 is far."""

FINAL = 5
"""Added to the phase of the last fermata of the piece and its approach."""

_PHASES = ("", "-3", "-2", "-1", "!", "~", "-3.", "-2.", "-1.", "!.")
SPAN = HIGHEST - LOWEST + 1

SIGNATURES = tuple(KeySignature(0, fifths, mode) for mode in ("major", "minor") for fifths in range(-7, 8))
"""The keys that can be said, in the order of their ids."""


def _vocabulary() -> Vocabulary:
    """Build the table."""
    keys = [key_name(signature) for signature in SIGNATURES]
    places = [f"{step}{phase}" for phase in _PHASES if phase != "~" for step in range(max(BAR_STEPS.values()))]
    return Vocabulary(
        {
            "frame": ("start", "end"),
            "metre": METRES,
            "key": tuple(keys),
            "place": tuple(places),
            "struck": tuple(f"strike{pitch}" for pitch in range(LOWEST, HIGHEST + 1)),
            "held": tuple(f"hold{pitch}" for pitch in range(LOWEST, HIGHEST + 1)),
            "silence": ("rest",),
        }
    )


VOCABULARY = _vocabulary()


class Place(NamedTuple):
    """Where a step lies: `step` 16ths into the bar, `phase` as `NOW` and `FINAL` define it."""

    step: int
    phase: int

    @classmethod
    def of(cls, number: int) -> Place:
        """Return what a place id means."""
        row, step = divmod(number - VOCABULARY.first["place"], max(BAR_STEPS.values()))
        return cls(step, row if row < FINAL else row + 1)


def place_id(place: Place) -> int:
    """Return the id of a place. Phase FINAL + 0 (far from the last fermata) is not told from far."""
    row = place.phase if place.phase < FINAL else place.phase - 1
    return VOCABULARY.first["place"] + row * max(BAR_STEPS.values()) + place.step


def struck_id(pitch: int) -> int:
    """Return the id that strikes MIDI key `pitch`."""
    return VOCABULARY.first["struck"] + pitch - LOWEST


def held_id(pitch: int) -> int:
    """Return the id that holds MIDI key `pitch`."""
    return VOCABULARY.first["held"] + pitch - LOWEST


def key_id(key: KeySignature) -> int:
    """Return the id of a key; a church mode is said as major or minor, whichever its third is, on its own signature."""
    minor = MODE_FIFTHS[key.mode] < -1
    return VOCABULARY.first["key"] + key.fifths + 7 + 15 * minor


def key_signature(number: int) -> KeySignature:
    """Return the key signature that a key id says."""
    place = number - VOCABULARY.first["key"]
    return KeySignature(0, place % 15 - 7, "major" if place < 15 else "minor")
