"""The engraved score: staves, clefs and notes as SVG, by way of MusicXML and Verovio (an optional package)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from partimento.errors import MissingExtra, ScoreError
from partimento.files.roll import SERIF, text_line
from partimento.score import Score

MOST_PAGES = 24
"""Pages that are engraved at most."""

A4_HEIGHT, TALLEST_HEIGHT = 2970, 20_000
"""Page heights in tenths of a millimetre: of a sheet, and of the longest strip that is drawn as one page."""

_OPTIONS = {
    "pageWidth": 2100,
    "scale": 50,
    "adjustPageHeight": True,
    "svgViewBox": True,
    "header": "none",  # ours is added where it is wanted
    "footer": "none",
    "breaks": "auto",
    "smuflTextFont": "none",
    "xmlIdChecksum": True,  # element names follow from the music, so the same score gives the same drawing
}


_ABOVE_TEMPO = 6.0
"""How far chord symbols stand from the staff where the tempo reaches out of a pickup over them, which Verovio does not see."""

_OPENING = re.compile(r'<svg viewBox="0 0 ([\d.]+) ([\d.]+)"')
_CENTRED = f' text-anchor="middle" font-family="{SERIF}"'
_MUSIC_LETTER = re.compile(r'<tspan font-family="Leipzig" font-size="(\d+)px">([^<]+)</tspan>')
_NOTES = {0xECA5: ("♩", 302), 0xECA7: ("♪", 502), 0xECB7: (".", 97), 0x20: ("", 250)}
"""Metronome notes and dot of Verovio's own font -> letters that every font has, and how wide Verovio takes each to be, in thousandths."""

_ACCIDENTALS = {0xEA63: "♭♭", 0xEA64: "♭", 0xEA65: "♮", 0xEA66: "♯", 0xEA67: "♯♯"}
"""Those of chord symbols, which are as high as the letters beside them."""


@dataclass(frozen=True)
class Engraving:
    """An engraved score.

    Attributes:
        pages: One ``<svg>`` element a page.
        page_count: Pages that the whole score has, drawn or not.
        timeline: At each quarter note's position where something begins or ends: the position, the names
            (``id``) of the notes that begin there, and of those that end.
    """

    pages: tuple[str, ...]
    page_count: int
    timeline: tuple[tuple[float, tuple[str, ...], tuple[str, ...]], ...]


def score_svg(score: Score) -> str:
    """Return an engraved score under its title as one ``<svg>`` element.

    The staves are a strip of up to two metres, all that most pieces need.

    Raises:
        ScoreError: When the score has no notes or cannot be written in notes.
        MissingExtra: When Verovio is not installed.
    """
    strip = engraved(score, page_height=TALLEST_HEIGHT).pages[0]
    opening = _OPENING.match(strip)
    if opening is None:
        raise ScoreError("score: Verovio drew something else than a page. Install the version that pyproject.toml names.")
    width, height = (float(size) for size in opening.groups())
    by = " · ".join(part for part in (score.metadata.get("composer", ""), score.metadata.get("provenance", "")) if part)
    heading = text_line((width / 2, 62), score.metadata.get("title", ""), size=33, most=50, more=_CENTRED)
    heading += text_line((width / 2, 90), by, size=13, fill="#6a7079", most=150, more=_CENTRED)
    above = 84.0 if heading else 0.0
    staves = f'<svg y="{above}" width="{width}" height="{height}"{strip[4:]}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + above}">{heading}{staves}</svg>'


def engraved(score: Score, *, page_height: int = A4_HEIGHT) -> Engraving:
    """Engrave a score.

    Args:
        score: At least one note, in notatable rhythm: a performance is drawn as the writer of MusicXML spells it.
        page_height: Of a full page, in tenths of a millimetre (a page is 2,100 wide); the last one is as high as
            its music.

    Raises:
        ScoreError: When the score has no notes or cannot be written in notes.
        MissingExtra: When Verovio is not installed.
    """
    if not score.note_count:
        raise ScoreError("score: holds no notes, expected at least one. There is nothing to engrave.")
    from partimento.files.musicxml import musicxml_bytes  # noqa: PLC0415 - an XML library that other pictures need not load

    try:
        import verovio  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingExtra("engraving: the package 'verovio' is not installed. Install it with 'pip install verovio'.") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit: Any = verovio.toolkit()
    chords = any(mark.kind == "chord" for mark in score.marks)
    toolkit.setOptions({**_OPTIONS, "pageHeight": page_height, **({"harmDist": _ABOVE_TEMPO} if chords and score.pickup else {})})
    if not toolkit.loadData(musicxml_bytes(score).decode("utf-8")):
        raise ScoreError("score: Verovio cannot engrave it. Write it as .musicxml and open that in a notation program to see why.")
    count = int(toolkit.getPageCount())
    pages = tuple(_in_common_letters(toolkit.renderToSVG(page)) for page in range(1, min(count, MOST_PAGES) + 1))
    moments = toolkit.renderToTimemap({})
    timeline = tuple((float(at["qstamp"]), tuple(at.get("on", ())), tuple(at.get("off", ()))) for at in moments)
    return Engraving(pages, count, timeline)


def _in_common_letters(svg: str) -> str:
    """A page whose words need no music font, which a page cannot fetch and a bare machine lacks."""

    def common(found: re.Match[str]) -> str:
        size, codes = int(found.group(1)), [ord(letter) for letter in found.group(2)]
        if all(code in _NOTES for code in codes):
            letters, wide = zip(*(_NOTES[code] for code in codes), strict=True)
            fitted = f' textLength="{sum(wide) * size // 1000}" lengthAdjust="spacingAndGlyphs"'
            return _common("".join(letters), size * 4 // 5, fitted)
        return _common(found.group(2).translate(_ACCIDENTALS), size * 9 // 16, "")

    return _MUSIC_LETTER.sub(common, svg)


def _common(letters: str, size: int, fitted: str) -> str:
    """Letters in a font that has them."""
    return f'<tspan font-family="\'DejaVu Sans\', sans-serif" font-size="{size}px"{fitted}>{letters}</tspan>'
