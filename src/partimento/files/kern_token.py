"""One **kern token: ``4.gg#;`` -> length, key, ties, fermata."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from partimento.files.notation import UNIT
from partimento.score.pitch import pitch_of

MOST_NOTES = 64
"""Notes of one chord."""

_LENGTH = re.compile(r"(\d{1,5})(?:%(\d{1,5}))?(\.{0,8})")
_PITCH = re.compile(r"([a-g]{1,7}|[A-G]{1,7})(#{1,3}|-{1,3}|n)?", re.ASCII)
_SAME = re.compile(r"^(.)\1*$")


@dataclass(frozen=True, slots=True)
class KernNote:
    """A note or rest: length in units (0 for a grace note), MIDI key (None for a rest), ties, fermata."""

    length: int
    key: int | None
    from_tie: bool
    to_tie: bool
    has_fermata: bool


def notes_of(token: str, warn: Callable[[str], None]) -> list[KernNote]:
    """Return the notes of a token: a chord's share the first one's length where they say none.

    What is neither note nor rest is left out, with a word to `warn`.
    """
    notes: list[KernNote] = []
    parts = token.split(" ", MOST_NOTES)
    if len(parts) > MOST_NOTES:
        warn(f"a chord of more than {MOST_NOTES} notes; the rest was left out")
    for part in parts[:MOST_NOTES]:
        if not part or part == ".":
            continue
        length = 0 if "q" in part or "Q" in part else _length(part)
        if length is None and notes:
            length = notes[0].length
        is_rest = "r" in part
        key = None if is_rest else _key(part)
        if length is None or (key is None and not is_rest):
            warn(f"'{part[:20]}' is no note; it was {'left out' if length is None else 'read as a rest'}")
            if length is None:
                continue
        notes.append(KernNote(length, key, "]" in part or "_" in part, "[" in part or "_" in part, ";" in part))
    return notes


def _length(token: str) -> int | None:
    """The length that a token says, in units; None where it says none."""
    match = _LENGTH.search(token)
    if match is None:
        return None
    digits, below, dots = match.groups()
    reciprocal = int(digits)
    length: int = 4 * UNIT << len(digits)  # 0 is a breve, 00 a long
    if reciprocal:
        length = (8 * UNIT * int(below or 1) + reciprocal) // (2 * reciprocal)
    if length > 1024 * UNIT:
        return None
    return 2 * length - (length >> len(dots))


def _key(token: str) -> int | None:
    """The MIDI key that a token names, or None."""
    match = _PITCH.search(token)
    if match is None:
        return None
    letters, sign = match.groups()
    if not _SAME.match(letters):
        return None
    octave = 3 + len(letters) if letters.islower() else 4 - len(letters)
    alter = 0 if sign is None or sign == "n" else len(sign) * (1 if sign[0] == "#" else -1)
    key = pitch_of(letters[0].upper(), alter, octave)
    return key if 0 <= key <= 127 else None
