"""An ABC file's bytes to its tunes: encoding, tune boundaries, comments, text escapes.

A tune runs from its ``X:`` line to the next empty line or the next ``X:``. A block without ``X:`` that has a
``K:`` line is a tune too (fragments are often pasted so). Everything else is free text.
Source: ABC standard 2.1 (2011), sections 2.1 to 2.3 and 8.2. Differs: more than one tune may stand without an
empty line between them, and a byte order mark, UTF-16 and Latin-1 are understood without a declaration.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from dataclasses import dataclass

from partimento.errors import ReadError

MOST_TUNE_CHARACTERS = 500_000
"""A tune with more text is refused; the longest in print have some 20,000."""

MOST_TUNES = 100_000
"""Tunes of one book that are looked at."""

_FIELD_START = re.compile(r"\s*[A-Za-z]:(?![|:])")
_MUSIC_SIGNS = frozenset("ABCDEFGabcdefgz0123456789|:/,'^_=[](){}<>-~!.& \t")


def looks_like_music(line: str) -> bool:
    """Whether a line is more likely notes than words: a bar line, and nearly all signs of the music code."""
    bare = re.sub(r'"[^"]{0,80}"', "", line[:400])
    return "|" in bare and any(c in "ABCDEFGabcdefgz" for c in bare) and sum(c in _MUSIC_SIGNS for c in bare) >= 0.9 * len(bare)


@dataclass(frozen=True)
class TuneText:
    """One tune's lines as they stand in the file.

    Attributes:
        ordinal: Place in the book, from 1.
        first_line: Number of the first line in the file, from 1.
        lines: The lines, without line ends.
        warnings: What was found while cutting it out.
    """

    ordinal: int
    first_line: int
    lines: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return what a person calls the tune: its place, its ``X:`` and its ``T:``."""
        fields = {}
        for line in self.lines[:40]:
            if line[:2] in ("X:", "T:") and line[:2] not in fields:
                fields[line[:2]] = plain_text(line[2:])[:60]
        reference, title = fields.get("X:", ""), fields.get("T:", "")
        inside = " ".join(part for part in (f"X:{reference}" if reference else "", f"'{title}'" if title else "") if part)
        return f"tune {self.ordinal} ({inside})" if inside else f"tune {self.ordinal}"


def decode(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    """Return a file's text and what had to be said about its bytes.

    Raises:
        ReadError: When the bytes are no text.
    """
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, errors="replace")
            break
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    if not text.strip():
        raise ReadError(f"{name}: holds no text, expected ABC notation. Check that the file was saved.")
    zeros = text.count("\0")
    if not zeros:
        return text, ()
    if zeros * 4 > len(text):
        raise ReadError(f"{name}: holds {zeros} NUL bytes, expected ABC text. It is another kind of file that ends in .abc.")
    return text.replace("\0", ""), (f"{name}: {zeros} NUL bytes were left out; what stood there is lost.",)


def split_tunes(text: str) -> list[TuneText]:
    """Return the tunes of a file in order; free text between them is left out.

    Args:
        text: A whole file.
    """
    tunes: list[TuneText] = []
    block: list[str] = []
    first = 1
    for number, line in enumerate([*re.split(r"\r\n?|\n", text), ""], start=1):
        starts = re.match(r"\s*X:", line) is not None
        if (starts or not line.strip()) and block:
            _close(tunes, block, first)
            block = []
            if len(tunes) >= MOST_TUNES:
                break
        if line.strip():
            if not block:
                first = number
            block.append(line)
    return tunes


def _close(tunes: list[TuneText], block: list[str], first: int) -> None:
    """Append a block to the tunes, or to the tune before it where an empty line cut that in two; drop free text."""
    fields = {line.lstrip()[:2] for line in block}
    music = any(looks_like_music(line) and not _FIELD_START.match(line) for line in block)
    last = tunes[-1] if tunes else None
    if "X:" in fields:
        tunes.append(TuneText(len(tunes) + 1, first, tuple(block)))
    elif last is not None and (music or "K:" in fields) and not any(looks_like_music(line) for line in last.lines):
        gap = ("%",) * (first - last.first_line - len(last.lines))  # keeps line numbers true
        warning = f"line {first - 1}: an empty line inside the tune; the lines behind it were read as its music"
        tunes[-1] = TuneText(last.ordinal, last.first_line, (*last.lines, *gap, *block), (*last.warnings, warning))
    elif "K:" in fields and _FIELD_START.match(block[0]):
        tunes.append(TuneText(len(tunes) + 1, first, tuple(block)))
    elif last is not None and music:
        warning = f"line {first}: {len(block)} lines behind an empty line look like music and were left out; remove the empty line"
        tunes[-1] = TuneText(last.ordinal, last.first_line, last.lines, (*last.warnings, warning))


def strip_comment(line: str) -> str:
    r"""Return `line` without its comment; ``\%`` is a percent sign, not a comment."""
    at = line.find("%")
    while at > 0 and line[at - 1] == "\\":
        at = line.find("%", at + 1)
    return line if at < 0 else line[:at]


_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308"}
_ACCENTS |= {"c": "\u0327", "v": "\u030c", "u": "\u0306", "=": "\u0304", "H": "\u030b"}
_LIGATURES = {"AE": "Æ", "ae": "æ", "OE": "Œ", "oe": "œ", "ss": "ß", "AA": "Å", "aa": "å", "DH": "Ð", "dh": "ð", "TH": "Þ", "th": "þ"}
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|(AE|ae|OE|oe|ss|AA|aa|DH|dh|TH|th)|([`'^~\"vucH=])([A-Za-z])|([/o])([oOlL])|([%\\&]))|(&#?\w{1,10};)"
)


def plain_text(text: str) -> str:
    """Return ABC text with its escapes turned into letters, on one printable line (ABC 2.1, 8.2)."""

    def letter(match: re.Match[str]) -> str:
        code, ligature, accent, base, _, slashed, plain, entity = match.groups()
        if code:
            return chr(int(code, 16))
        if ligature:
            return _LIGATURES[ligature]
        if slashed:
            return {"o": "ø", "O": "Ø", "l": "ł", "L": "Ł"}[slashed]
        if entity:
            return html.unescape(entity)
        return str(plain) if plain else unicodedata.normalize("NFC", base + _ACCENTS[accent])

    if "\\" in text or "&" in text:
        text = _ESCAPE.sub(letter, text)
    return "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text).strip()
