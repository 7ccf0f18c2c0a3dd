"""Pitches as people write them: names, spelling within a key, key names, General MIDI ranges.

A spelled pitch is a letter ``C D E F G A B``, an alteration in semitones (-2 to 2) and an octave, 4 being the
one that starts at middle C (MIDI key 60), as in scientific pitch notation.
"""

from __future__ import annotations

import re

from partimento.errors import ScoreError
from partimento.score.score import MODES, KeySignature

LETTERS = "CDEFGAB"
NATURAL_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones of each letter above C."""

LINE_OF_FIFTHS = "FCGDAEB"
"""Letters in the order in which key signatures sharpen them."""

MODE_FIFTHS = {"lydian": 1, "major": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "phrygian": -4, "locrian": -5}
"""Fifths that a mode's signature has more than the major key on the same tonic."""

_MODE_SHORT = {"m": "minor", "min": "minor", "maj": "major", "ion": "major", "aeo": "minor", "dor": "dorian"}
_MODE_SHORT |= {"phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "loc": "locrian"}
_KEY_NAME = re.compile(r"\s*([A-Ga-g])\s*(#|b|♯|♭|-|sharp|flat)?\s*([A-Za-z]*)\s*$")


def alteration(letter: str, fifths: int) -> int:
    """Return what a signature of `fifths` (-7 to 7) does to `letter`: -1, 0 or 1 semitones."""
    place = LINE_OF_FIFTHS.index(letter)
    return 1 if place < fifths else -1 if place >= 7 + fifths else 0


def spell(pitch: int, fifths: int = 0, minor: bool = False) -> tuple[str, int, int]:
    """Return letter, alteration and octave of a MIDI key in a key signature.

    Notes of the signature take its letters; others take the nearest place on the line of fifths, leaning to
    the raised sixth and seventh in minor; where two are as near, the lowered second in minor, else the raised note.

    Args:
        pitch: MIDI key, 0 to 127.
        fifths: Sharps (positive) or flats (negative) of the signature, -7 to 7.
        minor: Whether raised degrees are the likelier accidentals.

    Returns:
        Letter ``C`` to ``B``, alteration -2 to 2, octave (4 starts at middle C).
    """
    low = fifths - 1  # the signature's seven letters stand at fifths - 1 .. fifths + 5 (F is -1, C is 0)
    centre = low + 3 + (2 if minor else 1)
    candidates = [place for place in range(centre - 6, centre + 7) if (place * 7) % 12 == pitch % 12]
    place = min(candidates, key=lambda p: (not low <= p <= low + 6, abs(p - centre), p if minor else -p))
    letter = LINE_OF_FIFTHS[(place + 1) % 7]
    alter = (place + 1) // 7
    return letter, alter, (pitch - NATURAL_SEMITONES[letter] - alter) // 12 - 1


def pitch_of(letter: str, alter: int, octave: int) -> int:
    """Return the MIDI key of a spelled pitch; it may lie outside 0 to 127."""
    return 12 * (octave + 1) + NATURAL_SEMITONES[letter] + alter


def pitch_name(pitch: int, fifths: int = 0) -> str:
    """Return the name of a MIDI key, such as ``F#4`` or ``Bb3``."""
    letter, alter, octave = spell(pitch, fifths)
    return f"{letter}{'#' * alter if alter > 0 else 'b' * -alter}{octave}"


def tonic_pitch_class(key: KeySignature) -> int:
    """Return the pitch class (0 is C) on which a key signature's scale rests."""
    return (key.fifths - MODE_FIFTHS[key.mode]) * 7 % 12


def key_name(key: KeySignature) -> str:
    """Return the key's name, such as ``C minor`` or ``F# dorian``."""
    place = key.fifths - MODE_FIFTHS[key.mode]
    letter, alter = LINE_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7
    return f"{letter}{'#' * alter if alter > 0 else 'b' * -alter} {key.mode}"


def parse_key(text: str, tick: int = 0) -> KeySignature:
    """Return the key signature of a key's name.

    Args:
        text: A letter, perhaps ``#`` or ``b``, perhaps a mode, whole or by its first three letters
            (``C``, ``Am``, ``Bb major``, ``F#dor``); nothing and ``M`` are major, ``m`` is minor. A lower-case
            letter alone is minor.
        tick: Where the signature stands.

    Raises:
        ScoreError: When the text is no key, or one with more than seven sharps or flats.
    """
    match = _KEY_NAME.match(text)
    if match is None:
        raise ScoreError(f"key '{text}': expected a letter A to G, perhaps # or b, and a mode, such as 'C minor' or 'Bb'.")
    letter, accidental, word = match.groups()
    word = "maj" if word == "M" else word.lower()
    mode = _MODE_SHORT.get(word) or _MODE_SHORT.get(word[:3]) or next((m for m in MODES if word and m.startswith(word)), "")
    if not word:
        mode = "minor" if letter.islower() else "major"
    if not mode:
        raise ScoreError(f"key '{text}': '{word}' is no mode. Modes are {', '.join(MODES)}.")
    alter = {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "-": -1, "flat": -1}.get(accidental or "", 0)
    fifths = LINE_OF_FIFTHS.index(letter.upper()) - 1 + 7 * alter + MODE_FIFTHS[mode]
    if not -7 <= fifths <= 7:
        raise ScoreError(f"key '{text}': needs {abs(fifths)} sharps or flats, expected at most 7. Use the same key under its other name.")
    return KeySignature(tick, fifths, mode)
