"""Numbers in MusicXML: decimal text, lengths in units, note values, metres, loudness; what is no number of music is None."""

from __future__ import annotations

import re
from fractions import Fraction

from partimento.files.musicxml_tree import Node
from partimento.files.notation import UNIT

LONGEST_QUARTERS = 1024
"""A note or gap above this is taken for damage."""

TYPES = {"maxima": 32, "long": 16, "breve": 8, "whole": 4, "half": 2, "quarter": 1}
TYPES_SHORT = {"eighth": 2, "16th": 4, "32nd": 8, "64th": 16, "128th": 32, "256th": 64, "512th": 128, "1024th": 256}
QUARTERS = {name: Fraction(value) for name, value in TYPES.items()} | {name: Fraction(1, value) for name, value in TYPES_SHORT.items()}
"""Note type -> quarter notes."""

_DECIMAL = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)


def number(text: str) -> Fraction | None:
    """Return a decimal number exactly, or None where `text` is none of a sensible size."""
    if not _DECIMAL.fullmatch(text):
        return None
    return Fraction(int(text)) if text.isdecimal() else Fraction(text)


def whole(text: str, low: int, high: int) -> int | None:
    """Return a whole number from `low` to `high`, or None."""
    if not _DECIMAL.fullmatch(text):
        return None
    value = int(text) if "." not in text else Fraction(text)
    return int(value) if low <= value <= high and value == int(value) else None


def units(quarters: Fraction | None) -> int | None:
    """A length in units; None where it is no length of music."""
    if quarters is None or not 0 <= quarters <= LONGEST_QUARTERS:
        return None
    return (2 * UNIT * quarters.numerator + quarters.denominator) // (2 * quarters.denominator)


def velocity_of(percent: Fraction) -> int:
    """MIDI velocity of a loudness in percent of 90, as MusicXML counts."""
    return min(max(round(percent * 9 / 10), 1), 127)


def value_of(node: Node) -> Fraction | None:
    """A note's written value in quarters, with dots and tuplet."""
    value = QUARTERS.get(node.words("type"))
    if value is None:
        return None
    value *= 2 - Fraction(1, 2 ** len(node.every("dot")[:6]))
    actual = whole(node.words("time-modification", "actual-notes"), 1, 64)
    normal = whole(node.words("time-modification", "normal-notes"), 1, 64)
    return value * normal / actual if actual and normal else value


def metre_of(beats: list[str], types: list[str]) -> tuple[int, int] | None:
    """Beats and beat type; ``3+2`` and pairs are added up."""
    if not beats or len(beats) != len(types):
        return None
    total = Fraction(0)
    below = 1
    for count, kind in zip(beats, types, strict=True):
        added = [whole(part.strip(), 1, 255) for part in count.split("+")[:32]]
        denominator = whole(kind.strip(), 1, 256)
        if None in added or denominator is None or denominator & (denominator - 1):
            return None
        total += Fraction(sum(part for part in added if part), denominator)
        below = max(below, denominator)
    numerator = total * below
    return (int(numerator), below) if numerator <= 255 else None
