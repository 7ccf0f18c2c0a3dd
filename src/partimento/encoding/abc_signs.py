"""The signs of encoding `abc_tokens`: the table of them, and how a text is cut into them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from partimento.encoding.tune_grammar import KEYS, METRES
from partimento.encoding.vocabulary import Vocabulary

_LETTERS = "CDEFGABcdefgab"
_LENGTHS = ("2", "3", "4", "6", "8", "12", "/2", "/4", "3/2", "3/4")
_LINES = ("|", "|:", "|]", ":|", ":| ", ":| |:", "|1 ", ":|2 ", "|| ", "| |:", "|| |:")
_ROOTS = ["C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B"]
_QUALITIES = ("", "m", "7", "m7", "dim")


def _groups() -> dict[str, tuple[str, ...]]:
    """The table: every symbol is the text it stands for."""
    marks = {letter: ("", ",") if letter.isupper() else ("", "'") for letter in _LETTERS}
    notes = [accidental + letter + mark for accidental in ("", "^", "_", "=") for letter in _LETTERS for mark in marks[letter]]
    tonics = dict.fromkeys(re.match("[A-G][#b]?", key)[0] for key in KEYS)  # type: ignore[index]  # every key has a tonic
    modes = dict.fromkeys(re.sub("^[A-G][#b]?", "", key) for key in KEYS)
    groups = {
        "frame": ("start", "end"),
        "metre": tuple(f"M:{metre}\n" for metre in METRES),
        "tonic": tuple(f"K:{tonic}" for tonic in tonics),
        "mode": tuple(f"{mode}\n" for mode in modes),
        "note": tuple(notes),
        "rest": ("z",),
        "length": _LENGTHS,
        "line": _LINES,
        "triplet": ("(3",),
        "chord": tuple(f'"{root}{quality}"' for root in _ROOTS for quality in _QUALITIES),
    }
    said = {symbol for group in groups.values() for symbol in group}
    return groups | {"spelled": tuple(sign for sign in map(chr, range(32, 127)) if sign not in said)}


VOCABULARY = Vocabulary(_groups())
"""``spelled`` are single characters, for what has no sign of its own: a metre of 5/4, a chord of notes, a bass after a stroke."""

_SIGN = re.compile("|".join(re.escape(symbol) for symbol in sorted(VOCABULARY.symbols[2:], key=len, reverse=True)))
_QUOTED = re.compile(r'("[^"]*")')


def signs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the symbols of a canonical text, or of its beginning, longest first, each with its place from 0.

    Blanks of beams are left out; a last one is not, for it says that a note is over.
    """
    at = 0
    for part in _QUOTED.split(text):
        for place, sign in enumerate(part) if _is_rare(part) else ((match.start(), match[0]) for match in _SIGN.finditer(part)):
            if sign != " " or part.startswith('"') or at + place + 1 == len(text):
                yield at + place, sign
        at += len(part)


def _is_rare(part: str) -> bool:
    """Whether a part is a chord symbol without an id, which is spelled character by character."""
    return part.startswith('"') and part not in VOCABULARY.ids
