"""Chord symbols: MusicXML's ``harmony`` and the letters that players read."""

from __future__ import annotations

import re

from partimento.files.musicxml_tree import Node

KINDS = {
    "major": "",
    "minor": "m",
    "dominant": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "diminished": "dim",
    "augmented": "+",
    "diminished-seventh": "dim7",
    "half-diminished": "m7b5",
    "augmented-seventh": "+7",
    "major-minor": "m(maj7)",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "dominant-11th": "11",
    "minor-11th": "m11",
    "dominant-13th": "13",
    "minor-13th": "m13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "power": "5",
}
"""MusicXML kind -> what stands behind the root."""

_BY_SUFFIX = {suffix: kind for kind, suffix in KINDS.items()} | {"min": "minor", "aug": "augmented", "M7": "major-seventh", "-": "minor"}
_BY_SUFFIX |= {
    "°": "diminished",
    "o": "diminished",
    "ø": "half-diminished",
    "sus": "suspended-fourth",
    "min7": "minor-seventh",
    "M": "major",
}
_SYMBOL = re.compile(r"([A-G])([#♯]{1,2}|[b♭]{1,2})?([^/]*)(?:/([A-G])([#♯]{1,2}|[b♭]{1,2})?)?$")
_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


def chord_symbol(node: Node) -> str:
    """Return a ``harmony`` element as a chord symbol such as ``F#m7/C#``; empty where it has no root."""
    kind = node.first("kind")
    if kind is None:
        return ""
    if kind.text.strip() == "none":
        return kind.attributes.get("text", "") or "N.C."
    root = _note(node.words("root", "root-step"), node.words("root", "root-alter"))
    if not root:
        return ""
    suffix = kind.attributes.get("text")
    if suffix is None:
        suffix = KINDS.get(kind.text.strip(), "")
        for degree in node.every("degree"):
            suffix += _degree(degree)
    bass = _note(node.words("bass", "bass-step"), node.words("bass", "bass-alter"))
    return (root + suffix + (f"/{bass}" if bass else ""))[:40]


def _note(step: str, alter: str) -> str:
    """A note's name; empty where it is none."""
    if step not in tuple("ABCDEFG"):
        return ""
    sign = alter.removesuffix(".0") or "0"
    return step + _SIGNS[int(sign)] if re.fullmatch(r"-?[012]", sign) else step


def _degree(node: Node) -> str:
    """An added, altered or left out degree."""
    value, alter, kind = node.words("degree-value")[:2], node.words("degree-alter"), node.words("degree-type")
    sign = {"-1": "b", "1": "#"}.get(alter, "")
    if kind == "subtract":
        return f"no{value}"
    return f"{sign}{value}" if sign or kind == "alter" else f"add{value}"


def harmony_parts(symbol: str) -> tuple[str, int, str, str, str, int] | None:
    """Return root letter, its alteration, kind, text behind the root, bass letter (or empty) and its alteration.

    None where `symbol` is no chord symbol, such as ``N.C.``.
    """
    match = _SYMBOL.match(symbol)
    if match is None:
        return None
    letter, accidental, suffix, bass, bass_accidental = match.groups()
    return letter, _alter(accidental), _BY_SUFFIX.get(suffix, "other"), suffix, bass or "", _alter(bass_accidental)


def _alter(accidental: str | None) -> int:
    """Semitones of sharps or flats."""
    return len(accidental or "") * (1 if (accidental or "")[:1] in ("#", "♯") else -1)
