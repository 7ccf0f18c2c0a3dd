"""What a MIDI file can only say in words: marks, modes and metadata as text events, and back.

A chord symbol, a fermata or a composer has no event of its own in the Standard MIDI File, so it is written as a
text event that opens with a word and a colon (``chord: Am7``, ``fermata``, ``composer: J. S. Bach``). The same
words are read back. Any other text is a mark of kind ``text``; one that happens to open with such a word is
written as ``text: ...`` so that it stays itself.
"""

from __future__ import annotations

import re

from partimento.errors import ScoreError
from partimento.score import Mark

TEXT, COPYRIGHT, NAME, INSTRUMENT, LYRIC, MARKER, CUE = 1, 2, 3, 4, 5, 6, 7
LAST_TEXT = 15
"""Meta event types 1 to 15 hold text."""

END_OF_TRACK, TEMPO, SMPTE_OFFSET, TIME_SIGNATURE, KEY_SIGNATURE = 0x2F, 0x51, 0x54, 0x58, 0x59

_MARKS = ("chord", "fermata", "repeat")
_METADATA = ("composer", "provenance", "source", "licence", "arranger", "lyricist")
_MARK = re.compile(rf"({'|'.join(_MARKS)}|text)(?:: (.*))?", re.DOTALL)
_OTHER_MARK = re.compile(r"mark ([\w-]+): (.*)", re.DOTALL)
_KEY_VALUE = re.compile(rf"(?:({'|'.join(_METADATA)})|info ([^:]+)): (.*)", re.DOTALL)
_SETTING = re.compile(r"(mode|pickup): (\w+)")


def decoded(data: bytes) -> str:
    """Return a text event's bytes as text: UTF-8 where they are that, else Latin-1, which the standard of 1988 meant."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def encoded(text: str) -> bytes:
    """Return `text` as the bytes of a text event, UTF-8; a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace")


def words_of(mark: Mark) -> tuple[int, str]:
    """Return the meta event type and the text that say `mark`.

    Raises:
        ScoreError: When the mark's kind is not one word.
    """
    if not re.fullmatch(r"[\w-]+", mark.kind):
        raise ScoreError(f"mark at tick {mark.tick}: kind '{mark.kind}', expected one word such as 'chord'.")
    if mark.text and mark.kind == "lyric":
        return LYRIC, mark.text
    if mark.text and mark.kind == "section":
        return MARKER, mark.text
    if mark.kind == "text":
        reserved = any(pattern.fullmatch(mark.text) for pattern in (_MARK, _OTHER_MARK, _KEY_VALUE, _SETTING))
        return TEXT, f"text: {mark.text}" if reserved or not mark.text else mark.text
    if mark.kind in _MARKS:
        return TEXT, f"{mark.kind}: {mark.text}" if mark.text else mark.kind
    return TEXT, f"mark {mark.kind}: {mark.text}"


def mark_of(tick: int, kind: int, text: str) -> Mark | None:
    """Return the mark that a text meta event of type `kind` says, or None where it says nothing."""
    if kind in (LYRIC, MARKER):
        return Mark(tick, "lyric" if kind == LYRIC else "section", text) if text else None
    match = _MARK.fullmatch(text) or _OTHER_MARK.fullmatch(text)
    if match and kind == TEXT and not (match[1] == "text" and match[2] is None):
        return Mark(tick, match[1], match[2] or "")
    return Mark(tick, "text", text) if text else None


def metadata_words(key: str, value: str) -> str:
    """Return the text event that says one metadata entry."""
    return f"{key}: {value}" if key in _METADATA else f"info {key.replace(':', ' ')}: {value}"


def metadata_of(text: str) -> tuple[str, str] | None:
    """Return the metadata entry that a text event says, or None."""
    match = _KEY_VALUE.fullmatch(text)
    return (match[1] or match[2], match[3]) if match else None


def setting_of(text: str) -> tuple[str, str] | None:
    """Return ``('mode', name)`` or ``('pickup', ticks)`` where a text event says what the signatures cannot, or None."""
    match = _SETTING.fullmatch(text)
    return (match[1], match[2]) if match else None
