"""Songs in any text that has ABC in it: what a character network wrote by itself, or notes pasted from somewhere.

A song is looked for between blank lines, and from each ``X:`` line on: lines with bar lines and notes. What its header
lacks is supplied, signs and a bar that were broken off at the end are taken away, and every such change is said. The reader of
files, `abc_book`, wants a ``K:`` line at least; this one wants nothing but music.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from partimento.errors import ReadError
from partimento.files.abc_book import MOST_TUNES, TuneText, looks_like_music
from partimento.files.abc_parse import parse_tune
from partimento.files.abc_play import TunePlayer
from partimento.score import Score

_FIELD = re.compile(r"\s*([A-Za-z]):(?![|:])(.*)")
_RUN_IN = re.compile(r"(\s*[MLK]:[^|:\"]{0,20})([|:\"].*\|.*)$")
"""A field with music behind it, as a network writes that has lost a line break."""

_METRE = re.compile(r"\s*(?:\d{1,2}/(?:1|2|4|8|16|32)|C\|?|none)\s*(?:%.*)?$")
_UNIT = re.compile(r"\s*1/(?:1|2|4|8|16|32)\s*$")
_KEY = re.compile(r"\s*(?:[A-G][#b]?|none|HP|Hp)(?:\s|$|[a-zA-Z%])")
_LINE = re.compile(r":*\|[|:\]]*[1-9]?|::|\[[1-9]")
_NOTE = re.compile(r"\((\d)|[A-Ga-gzx][,']*(\d*)(/*)(\d*)")
_WORDS = re.compile(r'"[^"]*"|![^!]*!|\{[^}]*\}|\[[A-Za-z]:[^\]]*\]')
_BEFORE_A_NOTE = re.compile(r"(?:\(\d?|[\^_=<>~.\-])*\s*$")
_METRES = {Fraction(8): "4/4", Fraction(6): "6/8", Fraction(4): "2/4", Fraction(9): "9/8", Fraction(12): "12/8", Fraction(3): "3/8"}
_TUPLET_TIMES = {2: 3, 3: 2, 4: 3, 6: 2}


@dataclass(frozen=True)
class Songs:
    """What was found.

    Attributes:
        tunes: Every song that could be read, in order.
        findings: One line for each change (a tune's own are its `warnings` too), and for each song that could not be read.
    """

    tunes: tuple[Score, ...]
    findings: tuple[str, ...]


def songs(text: str, name: str = "the text") -> Songs:
    """Return the songs in a text, mended where they are broken.

    Args:
        text: Any text.
        name: What to call it in messages.

    Raises:
        ReadError: When there is no song in it, or none that can be read; says what was looked for.
    """
    texts = song_texts(text)
    tunes: list[Score] = []
    findings: list[str] = []
    for tune in texts:
        try:
            tunes.append(TunePlayer(parse_tune(tune, name), f"{name}, {tune.label}").play())
            findings += tunes[-1].warnings
        except ReadError as error:
            findings.append(str(error))
    if not tunes:
        lost = f"{len(texts)} could not be read, the first: {findings[0]}" if texts else "none stands there"
        raise ReadError(
            f"{name}: found no song; looked in {len(text.splitlines())} lines for music such as '|:GABc dedB|', and {lost}. "
            "Give a longer text; a network that writes so needs more training."
        )
    return Songs(tuple(tunes), tuple(findings))


def song_texts(text: str) -> list[TuneText]:
    """Return the songs of a text as tunes with a whole header and a whole end, their `warnings` saying what was done.

    Args:
        text: Any text.
    """
    found = []
    for number, (first, lines) in enumerate(_blocks(text)[:MOST_TUNES], start=1):
        mended, remarks = _mended(lines, number)
        found.append(TuneText(number, first, tuple(mended), tuple(remarks)))
    return found


def _blocks(text: str) -> list[tuple[int, list[str]]]:
    """The stretches of a text that have music in them, with the number of their first line; a header keeps its music."""
    found: list[tuple[int, list[str]]] = []
    block: list[str] = []
    first = 1
    for number, line in enumerate([*re.split(r"\r\n?|\n", text), ""], start=1):
        begins = line.lstrip().startswith("X:")
        if block and (begins or not line.strip()):
            has_music = any(_is_music(each) for each in block)
            if has_music:
                found.append((first, block))
            if has_music or begins or not any(map(_FIELD.match, block)):
                block = []  # a header alone waits for the music behind an empty line
        if line.strip():
            first = first if block else number
            run_in = _RUN_IN.match(line)
            block += run_in.groups() if run_in else (line,)
    return found


def _is_music(line: str) -> bool:
    """Whether a line is music, and no field."""
    return looks_like_music(line) and not _FIELD.match(line)


def _mended(lines: list[str], number: int) -> tuple[list[str], list[str]]:
    """A song's lines with a whole header and a whole end, and what was done to them."""
    fields: dict[str, str] = {}
    other: list[str] = []
    music: list[str] = []
    remarks: list[str] = []
    for line in lines:
        field = _FIELD.match(line)
        if field and not music and field[1] in "XMLK":
            fields.setdefault(field[1], field[2])
        elif field or _is_music(line) or (music and line.lstrip().startswith("%")):
            (music if music or not field else other).append(line.strip())
        elif music and set(line) & set("ABCDEFGabcdefg") and not re.search(r"[h-yH-Y]{2}", line):
            music.append(line.strip())  # a last line that has no bar line yet
        else:
            remarks.append(f"the line '{line.strip()[:30]}' is neither a field nor music, and is left out")
    bars = _bars(" ".join(line for line in music if not _FIELD.match(line)))
    supplied = {
        "X": (str(number), re.compile(r"\s*\d+")),
        "M": (_likely_metre(bars), _METRE),
        "L": ("1/8", _UNIT),
        "K": ("C", _KEY),
    }
    lacking = [] if any(line.startswith("T:") for line in other) else [f"T:Song {number}"]
    other = [*lacking, *other]
    for letter, (value, valid) in supplied.items():
        if letter in fields and not valid.match(fields[letter]):
            remarks.append(f"'{letter}:{fields[letter].strip()[:20]}' says nothing, and is taken to be {letter}:{value}")
        elif letter not in fields:
            lacking.append(f"{letter}:{value}")
        fields[letter] = fields[letter] if letter in fields and valid.match(fields[letter]) else value
    if lacking:
        remarks.append(f"the header lacks {', '.join(lacking)}; so much was supplied")
    head = [f"X:{fields['X']}", *other, *(f"{letter}:{fields[letter]}" for letter in "MLK")]
    return [*head, *_whole_end(music, bars, remarks)], remarks


def _whole_end(music: list[str], bars: list[Fraction], remarks: list[str]) -> list[str]:
    """The music without a sign or a bar that was broken off at its end."""
    *before, last = music
    at = _broken_off(last)
    if last[at:].strip():
        remarks.append(f"'{last[at:].strip()[:20]}' was broken off at the end, and is left out")
    last = last[:at]
    bare = _WORDS.sub(lambda match: "\0" * len(match[0]), last)
    ends = [match.end() for match in _LINE.finditer(bare)]
    tail = last[ends[-1] if ends else 0 :]
    usual = Counter(bars[:-1]).most_common(1)
    if _length(tail) and usual and _length(tail) < usual[0][0]:
        remarks.append(f"the last bar '{tail.strip()[:20]}' was broken off, and is left out")
        last = last[: len(last) - len(tail)]
    kept = [*before, last.strip()] if last.strip() else before
    if kept and not re.search(r"[|\]]\s*$", kept[-1]):
        kept[-1] += "|]"
    return kept


def _broken_off(music: str) -> int:
    """Where a sign begins that has no end, or a mark that has no note; the length of `music` where none does."""
    if music.count('"') % 2:
        return music.rindex('"')
    for opened, closed in ("[]", "{}"):
        at = music.rfind(opened)
        if at > music.rfind(closed) and not re.match(r"\[[|1-9]", music[at:]):
            return at
    match = _BEFORE_A_NOTE.search(music)
    return len(music) if match is None else match.start()


def _bars(music: str) -> list[Fraction]:
    """Lengths of the bars of some music, in units, empty ones left out."""
    bare = _WORDS.sub("", music)
    edges = [0, *(at for match in _LINE.finditer(bare) for at in match.span()), len(bare)]
    return [length for start, stop in list(pairwise(edges))[::2] if (length := _length(bare[start:stop]))]


def _length(bar: str) -> Fraction:
    """Length of a bar in units; a chord of notes counts as its first note."""
    bare = re.sub(r"\[([A-Ga-g])[^\]]*\]", r"\1", _WORDS.sub("", bar))
    total, left, factor = Fraction(0), 0, Fraction(1)
    for tuplet, above, strokes, below in _NOTE.findall(bare):
        if tuplet:
            left = int(tuplet)
            factor = Fraction(_TUPLET_TIMES.get(left, 2), max(left, 1))
            continue
        divisor = int(below or 0) or 2 ** len(strokes)
        total += Fraction(int(above or 1), divisor) * (factor if left > 0 else 1)
        left -= 1
    return total


def _likely_metre(bars: list[Fraction]) -> str:
    """The metre that most bars of `bars` have, in units of 1/8."""
    return next((_METRES[length] for length, _ in Counter(bars).most_common() if length in _METRES), "4/4")
