"""The values of ABC's information fields: metre, unit length, key, tempo, parts, voices.

Source: ABC standard 2.1 (2011), sections 3.1, 4.6 and 7. Each function takes the text after the colon and
returns the value, or None where the text is not one: the caller says where and what becomes of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from partimento.files.abc_book import plain_text
from partimento.score import KeySignature
from partimento.score.pitch import LETTERS, LINE_OF_FIFTHS, MODE_FIFTHS, alteration

MOST_PARTS = 1000
"""Parts that a ``P:`` field may play."""


@dataclass(frozen=True)
class Metre:
    """A time signature; `numerator` 0 is free metre (``M:none``)."""

    numerator: int
    denominator: int

    @property
    def bar(self) -> Fraction:
        """Length of a bar in whole notes; 0 in free metre."""
        return Fraction(self.numerator, self.denominator)

    @property
    def compound(self) -> bool:
        """Whether the beat divides in three (6/8, 9/8, 12/8)."""
        return self.numerator in (6, 9, 12) and self.denominator >= 8

    @property
    def default_unit(self) -> Fraction:
        """The unit note length where no ``L:`` stands."""
        return Fraction(1, 16) if self.numerator and self.bar < Fraction(3, 4) else Fraction(1, 8)

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}" if self.numerator else "none"


FREE = Metre(0, 1)
_METRE = re.compile(r"\(?\s*(\d{1,4}(?:\s*\+\s*\d{1,4})*)\s*\)?\s*/\s*(\d{1,4})")


def parse_metre(text: str) -> tuple[Metre, str] | None:
    """Return the metre at the start of `text` and what stands behind it, or None where there is none."""
    text = text.strip()
    if not text:
        return FREE, ""
    for word, metre in (("none", FREE), ("C|", Metre(2, 2)), ("C", Metre(4, 4))):
        if text == word or text.startswith(word + " "):
            return metre, text[len(word) :].strip()
    match = _METRE.match(text)
    if match is None:
        return None
    numerator = sum(int(part) for part in match[1].split("+"))
    denominator = int(match[2])
    rest = text[match.end() :].strip()
    more = re.match(r"\+\s*(\d{1,3})\s*/\s*(\d{1,3})", rest)  # 2/4+3/8
    if more is not None and denominator and int(more[2]):
        common = math.lcm(denominator, int(more[2]))
        numerator = numerator * common // denominator + int(more[1]) * common // int(more[2])
        denominator, rest = common, rest[more.end() :].strip()
    if not 1 <= numerator <= 255 or denominator not in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        return None
    return Metre(numerator, denominator), rest


def parse_unit(text: str) -> Fraction | None:
    """Return a unit note length in whole notes, or None where `text` is none of 1, 1/2 ... 1/512."""
    match = re.match(r"\s*1\s*(?:/\s*(\d{1,3}))?(?![\d/])", text)
    if match is None:
        return None
    denominator = int(match[1] or 1)
    return Fraction(1, denominator) if denominator in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512) else None


@dataclass(frozen=True)
class Key:
    """What a ``K:`` field says.

    Attributes:
        fifths: Sharps (positive) or flats (negative) of the nearest signature that exists; None for ``K:none``.
        mode: One of `partimento.score.score.MODES`.
        alterations: Semitones that the signature adds to each letter it touches.
    """

    fifths: int | None
    mode: str
    alterations: tuple[tuple[str, int], ...]

    def signature(self, tick: int) -> KeySignature | None:
        """Return the score's signature at `tick`."""
        return None if self.fifths is None else KeySignature(tick, self.fifths, self.mode)


def _standard(fifths: int) -> dict[str, int]:
    """The alterations of a signature, double ones beyond seven."""
    return {letter: (fifths + 6 - place) // 7 for place, letter in enumerate(LINE_OF_FIFTHS) if (fifths + 6 - place) // 7}


NO_KEY = Key(None, "major", ())
C_MAJOR = Key(0, "major", ())
_TONIC = re.compile(r"([A-G])(#|b|♯|♭)?\s*", re.ASCII)
_MODE = re.compile(r"(maj|ion|mix|dor|phr|lyd|loc|min|aeo|m(?![A-Za-z]))[A-Za-z]*\s*", re.IGNORECASE)
_MODES = {"maj": "major", "ion": "major", "mix": "mixolydian", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "loc": "locrian"}
_MODES |= {"min": "minor", "aeo": "minor", "m": "minor"}
_ACCIDENTAL = re.compile(r"(\^\^?|__?|=)([A-Ga-g])")
_ALTER = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}


def parse_key(text: str) -> tuple[Key | None, str] | None:
    """Return the key of a ``K:`` field and its other words (clef, transposition).

    Returns:
        Key (None where the field names only a clef) and the rest; None where `text` makes no sense.
    """
    text = text.strip()
    if not text:
        return NO_KEY, ""
    word = re.match(r"(none|HP|Hp)(?![A-Za-z])\s*", text)
    if word:
        rest = text[word.end() :]
        if word[1] == "none":
            return _altered(NO_KEY, rest)
        return Key(2, "mixolydian", (("F", 1), ("C", 1))), rest  # Highland pipes: A mixolydian
    tonic = _TONIC.match(text)
    if tonic is None:
        clef = re.match(r"(clef=|treble|bass|alto|tenor|perc|middle=|transpose=|octave=|stafflines=|t=|m=|score=|sound=|shift=)", text)
        if clef:
            return None, text
        changed = _ACCIDENTAL.match(text)
        return _altered(NO_KEY, text) if changed else None
    rest = text[tonic.end() :]
    mode = _MODE.match(rest)
    name = "major"
    if mode:
        name = _MODES[mode[1].lower()]
        rest = rest[mode.end() :]
    accidental = {"#": 7, "♯": 7, "b": -7, "♭": -7}.get(tonic[2] or "", 0)
    fifths = LINE_OF_FIFTHS.index(tonic[1]) - 1 + accidental + MODE_FIFTHS[name]
    shown = fifths if -7 <= fifths <= 7 else fifths - 12 if fifths > 7 else fifths + 12
    return _altered(Key(shown, name, tuple(sorted(_standard(fifths).items()))), rest)


def _altered(key: Key, rest: str) -> tuple[Key, str]:
    """Add ``exp ^f _b`` or bare accidentals to `key`; return the words behind them."""
    explicit = re.match(r"exp(?![A-Za-z])\s*", rest)
    if explicit:
        rest = rest[explicit.end() :]
    alterations = {} if explicit else dict(key.alterations)
    match = _ACCIDENTAL.match(rest)
    if not explicit and match is None:
        return key, rest
    while match:
        alterations[match[2].upper()] = _ALTER[match[1]]
        rest = rest[match.end() :].lstrip()
        match = _ACCIDENTAL.match(rest)
    used = {letter: alter for letter, alter in alterations.items() if alter}
    fifths, mode = key.fifths, key.mode
    for candidate in range(-7, 8):
        if used == {letter: alteration(letter, candidate) for letter in LETTERS if alteration(letter, candidate)} and used:
            tonic = 0 if key.fifths is None else key.fifths - MODE_FIFTHS[key.mode]
            fifths, mode = candidate, next((m for m, shift in MODE_FIFTHS.items() if shift == candidate - tonic), "major")
    return Key(fifths, mode, tuple(sorted(used.items()))), rest


@dataclass(frozen=True)
class VoiceWords:
    """What the words of a ``V:`` or ``K:`` field say: the voice's name, where given, and how far its notes are moved."""

    name: str | None = None
    semitones: int = 0


_WORD = re.compile(r"([A-Za-z]{1,20})\s*=\s*(?:\"([^\"]*)\"|([^\s\"]*))|(\S+)")
_CLEF_OCTAVE = re.compile(r"(treble|bass|alto|tenor|[GFC][1-5]?)([+-])(8|15)$")


def parse_words(text: str) -> VoiceWords:
    """Return the name and the transposition in the words of a ``V:`` or ``K:`` field; unknown words are ignored."""
    name: str | None = None
    semitones = 0
    for match in _WORD.finditer(text[:2000]):
        word, quoted, bare, alone = match.groups()
        value = quoted if quoted is not None else bare or ""
        if word in ("name", "nm"):
            name = plain_text(value)
        elif word in ("transpose", "t") and re.fullmatch(r"[+-]?\d{1,2}", value):
            semitones += int(value)
        elif word == "octave" and re.fullmatch(r"[+-]?\d", value):
            semitones += 12 * int(value)
        clef = _CLEF_OCTAVE.match(alone or (value if word == "clef" else ""))
        if clef:
            semitones += (12 if clef[2] == "+" else -12) * (1 if clef[3] == "8" else 2)
    return VoiceWords(name, semitones)


def parse_tempo(text: str, unit: Fraction) -> tuple[float | None, str] | None:
    """Return quarter notes a minute (None where only words stand) and the words of a ``Q:`` field.

    Args:
        text: Such as ``1/4=120``, ``"Allegro" 3/8=80``, ``120`` (quarters: the standard says unit notes, but players
            and the tunes that have it mean quarters), ``C3=40`` (three unit notes).
        unit: The unit note length in force, in whole notes.
    """
    words = " ".join(re.findall(r"\"([^\"]*)\"", text)).strip()
    bare = re.sub(r"\"[^\"]*\"?", " ", text).strip()
    if not bare:
        return (None, words) if words else None
    match = re.match(r"(?:(C?[\d/\s]*)=)?\s*(\d{1,6}(?:\.\d{1,9})?)(?![\d.])", bare)
    if match is None:
        return None
    beat = Fraction(1, 4)
    if match[1] is not None and match[1].startswith("C"):
        beat = unit * int(re.sub(r"\D", "", match[1])[:3] or 1)
    elif match[1] is not None:
        parts = re.findall(r"(\d{1,3})\s*/\s*(\d{1,3})", match[1])
        if not parts or any(int(below) == 0 for _, below in parts):
            return None
        beat = sum((Fraction(int(above), int(below)) for above, below in parts), Fraction(0))
    quarters = float(match[2]) * float(beat) * 4
    return (quarters, words) if 4 <= quarters <= 60_000 else None


def parse_parts(text: str) -> list[str] | None:
    """Return the part names that a ``P:`` field of a header plays, such as ``ABAB`` of ``(AB)2``; None where broken."""
    text = re.sub(r"[\s.,]", "", text)
    if not re.fullmatch(r"[A-Za-z0-9()]+", text):
        return None
    stack: list[list[str]] = [[]]
    for letter, count in re.findall(r"([A-Za-z()])(\d{0,4})", text):
        if letter == "(":
            stack.append([])
            continue
        if letter == ")":
            if len(stack) == 1:
                return None
            item = stack.pop()
        else:
            item = [letter]
        times = int(count or 1)
        if len(stack[-1]) + len(item) * times > MOST_PARTS:
            return None
        stack[-1].extend(item * times)
    return stack[0] if len(stack) == 1 and stack[0] else None
