"""A piano roll as a drawing (SVG): time to the right, pitch upwards, one colour a track, wrapped like printed music.

`png` turns it into pixels, `page` lets a cursor run over it while the music sounds. Lengths are in the
drawing's own units, of which a row is `WIDTH` wide. Everything read from a score is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np

from partimento.errors import ScoreError
from partimento.score import Score, Track
from partimento.score.meter import bar_starts, bar_ticks, signatures
from partimento.score.note import SUSTAIN
from partimento.score.pedal import pedal_spans
from partimento.score.pitch import key_name
from partimento.score.tempo import duration_seconds, seconds_at, tempo_map
from partimento.words import counted

WIDTH = 1200
"""Width of the drawing."""

MOST_ROWS = 48
"""Rows that are drawn; what follows is counted in words."""

MOST_NOTES = 40_000
"""Notes that are drawn."""

COLOURS = ("#c8374f", "#d98a14", "#0b8a83", "#2f5fa8", "#7a4fa3", "#4f8f3a", "#a65a2e", "#5d6874")
"""Track colours, told apart by colour-blind readers too (each differs from the next in lightness)."""

_LEFT, _RIGHT, _KEYS = 74, 22, 30
_INK, _PALE, _BAR, _BEAT, _LANE = "#22252b", "#6a7079", "#9aa1ab", "#e2e5ea", "#f3f4f7"
_BLACK_KEYS = (1, 3, 6, 8, 10)
_OUTSIDE = 30  # room above a row for bar numbers, fermatas and chord symbols
SERIF = "STIXGeneral, 'STIX Two Text', 'Libertinus Serif', Georgia, 'Times New Roman', serif"
SANS = "'DejaVu Sans', Verdana, 'Segoe UI', system-ui, sans-serif"


@dataclass(frozen=True)
class Row:
    """One system of the roll: the ticks it covers and where it stands."""

    begin: int
    end: int
    top: float
    bottom: float


@dataclass(frozen=True)
class Roll:
    """A drawn piano roll.

    Attributes:
        svg: The drawing, one ``<svg>`` element.
        height: Its height; its width is `WIDTH`.
        path: Where a cursor stands: second, x, top and bottom, in time order; straight lines between points of
            one row.
    """

    svg: str
    height: float
    path: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class _Layout:
    """Where ticks and pitches stand."""

    score: Score
    rows: tuple[Row, ...]
    starts: tuple[int, ...]
    low: int
    high: int
    lane: float
    scale: float

    def x(self, row: Row, tick: float) -> float:
        return _LEFT + (tick - row.begin) * self.scale

    def y(self, row: Row, pitch: int) -> float:
        return row.top + (self.high - pitch) * self.lane


def draw_roll(score: Score, *, timed: bool = False, headed: bool = True) -> Roll:
    """Draw a score as a piano roll.

    Args:
        score: At least one note. What lies beyond `MOST_ROWS` rows or `MOST_NOTES` notes is not drawn but counted.
        headed: Write title, facts and provenance into the drawing; what the colours mean stands there always.
        timed: Write each note's first and last second beside it (``data-on``, ``data-off``).

    Raises:
        ScoreError: When the score has no notes.
    """
    if not score.note_count:
        raise ScoreError("score: holds no notes, expected at least one. There is nothing to draw.")
    layout, left_out = _laid_out(score, top=96 if headed else 24)
    parts = [_heading(score) if headed else "", _legend(score, 73 if headed else 14)]
    for row in layout.rows:
        parts.extend(_background(layout, row))
    parts.extend(_notes(layout, timed))
    for row in layout.rows:
        parts.extend(_above(layout, row))
        parts.extend(_pedals(layout, row))
    height = layout.rows[-1].bottom + 40
    footer = [score.metadata.get("provenance", "") if headed else ""]
    if left_out:
        footer.insert(0, f"The last {left_out} bars are not drawn.")
    parts.append(text_line((_LEFT, height - 12), " ".join(part for part in footer if part), size=10.5, fill=_PALE, most=170))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" '
        f'font-family="{SANS}"><rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>{"".join(parts)}</svg>'
    )
    return Roll(svg, height, tuple(_path(layout)))


def _laid_out(score: Score, top: float) -> tuple[_Layout, int]:
    """Where everything stands, and the number of bars that find no place."""
    pitches = np.concatenate([track.pitch for track in score.tracks])
    low, high = int(pitches.min()) - 2, int(pitches.max()) + 2
    missing = max(0, 26 - (high - low))
    low, high = max(0, low - missing // 2), min(127, high + missing - missing // 2)
    lane = min(9.0, max(3.6, 250 / (high - low + 1)))
    end = score.end_tick
    starts = bar_starts(score)
    last_bar = bar_ticks([s for s in signatures(score) if s.tick < end][-1], score.ticks_per_quarter)
    end = max(end, int(starts[-1]) + last_bar) if last_bar < 16 * score.ticks_per_quarter else end
    quarters = end / score.ticks_per_quarter
    target = 21.0 if quarters <= 420 else min(42.0, quarters / 20)  # quarters to a row; long pieces are drawn closer
    count = max(1, math.ceil(quarters / target - 0.15))
    wanted = np.arange(1, count) * end / count
    nearest = starts[np.argmin(np.abs(starts[:, None] - wanted[None, :]), axis=0)] if count * starts.size < 4_000_000 else wanted
    edges = np.unique(np.concatenate([[0], nearest, [end]])).astype(np.int64)
    left_out = 0
    if edges.size - 1 > MOST_ROWS:
        left_out = int((starts >= edges[MOST_ROWS]).sum())
        edges = edges[: MOST_ROWS + 1]
    longest = int(np.diff(edges).max())
    scale = (WIDTH - _LEFT - _RIGHT) / longest
    if edges.size == 2:  # a short piece keeps its note lengths readable, not stretched over the whole width
        scale = min(scale, 90 / score.ticks_per_quarter)
    height = (high - low + 1) * lane
    tops = [top + _OUTSIDE + index * (height + _OUTSIDE + 20) for index in range(edges.size - 1)]
    rows = tuple(Row(int(a), int(b), top, top + height) for a, b, top in zip(edges[:-1], edges[1:], tops, strict=True))
    return _Layout(score, rows, tuple(starts.tolist()), low, high, lane, scale), left_out


def text_line(at: tuple[float, float], text: str, *, size: float, fill: str = _INK, most: int = 80, more: str = "") -> str:
    """Return a line of text at x and y as an SVG element, escaped and cut to `most` letters; nothing for blank text."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{size}" fill="{fill}"{more}>{escape(shown)}</text>' if shown.strip() else ""


def _heading(score: Score) -> str:
    """Title, composer, key, metre, tempo and length."""
    title = score.metadata.get("title", "") or "Untitled"
    facts = []
    if score.key_signatures:
        facts.append(key_name(score.key_signatures[0]).replace("#", "♯").replace("b ", "♭ "))
    first = signatures(score)[0]
    _, _, per_tick = tempo_map(score)
    bpm = 60 / (per_tick[0] * score.ticks_per_quarter)
    seconds = round(duration_seconds(score))
    facts += [
        f"{first.numerator}/{first.denominator}",
        f"♩ = {bpm:.0f}",
        f"{seconds // 60}:{seconds % 60:02d}",
        counted(score.note_count, "note"),
    ]
    if score.metadata.get("composer"):
        facts.insert(0, score.metadata["composer"])
    heading = text_line((_LEFT, 46), title, size=30, most=60, more=f' font-family="{SERIF}"')
    return heading + text_line((_LEFT, 74), "   ·   ".join(facts), size=13, fill=_PALE, most=120)


def _legend(score: Score, y: float) -> str:
    """What the colours mean, flush right; nothing for one track alone."""
    voices = [(index, track) for index, track in enumerate(score.tracks) if len(track)]
    parts = []
    x = float(WIDTH - _RIGHT)
    for index, track in reversed(voices[:8] if len(voices) > 1 else []):
        name = track.name.strip() or f"track {index + 1}"
        x -= 7.2 * min(len(name), 18) + 30
        if x < WIDTH / 2:
            break
        parts.append(f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="14" height="9" rx="3" fill="{_colour(score, index)}"/>')
        parts.append(text_line((x + 19, y), name, size=12, most=18))
    return "".join(parts)


def _background(layout: _Layout, row: Row) -> Iterator[str]:
    """Lanes, keyboard, bar lines and beats of a row."""
    right = layout.x(row, row.end)
    lanes, keys = [], []
    for pitch in range(layout.low, layout.high + 1):
        y = layout.y(row, pitch)
        if pitch % 12 in _BLACK_KEYS:
            lanes.append(f"M{_LEFT} {y:.1f}H{right:.1f}v{layout.lane:.1f}H{_LEFT}z")
            keys.append(f"M{_LEFT - _KEYS} {y + 0.3:.1f}h{_KEYS * 0.62:.0f}v{layout.lane - 0.6:.1f}h{-_KEYS * 0.62:.0f}z")
    yield f'<path d="{"".join(lanes)}" fill="{_LANE}"/>'
    yield from _grid(layout, row)
    yield f'<rect x="{_LEFT - _KEYS}" y="{row.top:.1f}" width="{_KEYS}" height="{row.bottom - row.top:.1f}" fill="#fff"/>'
    between = [pitch for pitch in range(layout.low, layout.high) if pitch % 12 in (4, 11)]  # E to F and B to C touch
    edges = "".join(f"M{_LEFT - _KEYS} {layout.y(row, pitch):.1f}h{_KEYS}" for pitch in between)
    edges += "".join(
        f"M{_LEFT - _KEYS * 0.38:.1f} {layout.y(row, pitch) + layout.lane / 2:.1f}H{_LEFT}"
        for pitch in range(layout.low, layout.high + 1)
        if pitch % 12 in _BLACK_KEYS
    )
    yield f'<path d="{edges}" stroke="#c4c8cf" stroke-width="0.6"/><path d="{"".join(keys)}" fill="#3a3f47"/>'
    for pitch in range(layout.low, layout.high + 1):
        if pitch % 12 == 0:
            y = layout.y(row, pitch) + layout.lane
            yield f'<path d="M{_LEFT} {y:.1f}H{right:.1f}" stroke="#cfd3da" stroke-width="0.7"/>'
            yield text_line(
                (_LEFT - _KEYS - 6, y - layout.lane / 2 + 3.4), f"C{pitch // 12 - 1}", size=9.5, fill=_PALE, more=' text-anchor="end"'
            )
    yield (
        f'<path d="M{_LEFT - _KEYS} {row.top:.1f}H{right:.1f}V{row.bottom:.1f}H{_LEFT - _KEYS}z" fill="none" stroke="{_BAR}" '
        'stroke-width="0.8"/>'
        f'<path d="M{_LEFT} {row.top:.1f}V{row.bottom:.1f}" stroke="{_INK}" stroke-width="1"/>'
    )


def _grid(layout: _Layout, row: Row) -> Iterator[str]:
    """Bar lines with their numbers, and beats where there is room for them."""
    bars = [start for start in layout.starts if row.begin <= start < row.end]
    changes = signatures(layout.score)
    number_shift = 0 if layout.score.pickup else 1
    lines, beats = [], []
    last_number = -math.inf
    for index, start in enumerate(layout.starts):
        if not row.begin <= start < row.end:
            continue
        x = layout.x(row, start)
        signature = [change for change in changes if change.tick <= start][-1]
        stop = min(layout.starts[index + 1] if index + 1 < len(layout.starts) else row.end, row.end)
        lines.append(f"M{x:.1f} {row.top:.1f}V{row.bottom:.1f}")
        beat = 4 * layout.score.ticks_per_quarter / signature.denominator
        beat *= 3 if signature.numerator % 3 == 0 and signature.numerator > 3 and signature.denominator >= 8 else 1
        if beat * layout.scale > 5:
            beats += [f"M{layout.x(row, at):.1f} {row.top:.1f}V{row.bottom:.1f}" for at in np.arange(start + beat, stop - 1, beat)]
        number = index + number_shift
        if number and (x - last_number > 26 or start == bars[0]):
            yield text_line((x + 2, row.top - 5), str(number), size=9.5, fill=_INK if start == bars[0] else _PALE)
            last_number = x
    yield f'<path d="{"".join(beats)}" stroke="{_BEAT}" stroke-width="0.8"/><path d="{"".join(lines)}" stroke="{_BAR}" stroke-width="1"/>'


def _colour(score: Score, index: int) -> str:
    """A track's colour; a piece of one track is blue."""
    return COLOURS[index % len(COLOURS)] if sum(1 for track in score.tracks if len(track)) > 1 else COLOURS[3]


def _shade(colour: str, velocity: int) -> str:
    """A track's colour, paler the softer the note."""
    strength = 0.38 + 0.62 * min(1.0, velocity / 110)
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(255 + (part - 255) * strength):02x}" for part in parts)


def _notes(layout: _Layout, timed: bool) -> Iterator[str]:
    """Every note, cut where it runs on into the next row."""
    begins = np.array([row.begin for row in layout.rows])
    room = MOST_NOTES
    for index, track in enumerate(layout.score.tracks):
        colour = _colour(layout.score, index)
        yield f'<g class="track" stroke="{_darker(colour)}" stroke-width="0.7">'
        on, off = seconds_at(layout.score, track.start), seconds_at(layout.score, track.end)
        for at in range(min(len(track), room)):
            times = f' data-on="{on[at]:.3f}" data-off="{off[at]:.3f}"' if timed else ""
            yield from _note(layout, track, at, fill=_shade(colour, int(track.velocity[at])), more=times, begins=begins)
        yield "</g>"
        room -= min(len(track), room)


def _note(
    layout: _Layout, track: Track, at: int, *, fill: str, more: str, begins: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Iterator[str]:
    """One note's rectangles."""
    start, end, pitch = int(track.start[at]), int(track.end[at]), int(track.pitch[at])
    for index in range(int(np.searchsorted(begins, start, side="right")) - 1, len(layout.rows)):
        row = layout.rows[index]
        if end <= row.begin or start >= row.end:
            break
        left, right = layout.x(row, max(start, row.begin)), layout.x(row, min(end, row.end))
        width = max(right - left - (0.9 if end <= row.end else 0), 1.2)
        round_by = min(2.4, layout.lane / 3, width / 3)
        y, height = layout.y(row, pitch) + 0.4, layout.lane - 0.8
        yield f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{round_by:.1f}" fill="{fill}"{more}/>'


def _darker(colour: str) -> str:
    """The colour of a note's outline."""
    return "#" + "".join(f"{round(int(colour[at : at + 2], 16) * 0.62):02x}" for at in (1, 3, 5))


def _above(layout: _Layout, row: Row) -> Iterator[str]:
    """Fermatas, chord symbols, and changes of metre, key and tempo, over a row."""
    score = layout.score
    drawn = set()
    for mark in score.marks:
        if not row.begin <= mark.tick < row.end or (mark.tick, mark.kind, mark.text) in drawn:
            continue
        drawn.add((mark.tick, mark.kind, mark.text))
        x = layout.x(row, mark.tick)
        if mark.kind == "fermata":
            x += max(4.0, layout.scale * score.ticks_per_quarter / 2)
            y = row.top - 16  # clear of the bar numbers
            yield f'<path d="M{x - 8:.1f} {y:.1f}a8 6.5 0 0 1 16 0" fill="none" stroke="{_INK}" stroke-width="1.5"/>'
            yield f'<circle cx="{x:.1f}" cy="{y - 1.5:.1f}" r="1.5" fill="{_INK}"/>'
        elif mark.kind in ("chord", "section"):
            bold = ' font-weight="bold"' if mark.kind == "section" else ""
            yield text_line((x, row.top - 17), mark.text, size=10.5, most=12, more=bold)
    words: dict[int, list[str]] = {}
    for signature in score.time_signatures:
        if signature.tick:
            words.setdefault(signature.tick, []).append(f"{signature.numerator}/{signature.denominator}")
    for key in score.key_signatures[1:]:
        words.setdefault(key.tick, []).append(key_name(key))
    if 1 < len(score.tempos) <= 12:  # more of them are a performance's rubato, not instructions
        for tempo in score.tempos[1:]:
            words.setdefault(tempo.tick, []).append(f"♩ = {tempo.bpm:.0f}")
    for tick, texts in words.items():
        if row.begin <= tick < row.end:
            yield text_line((layout.x(row, tick) + 16, row.top - 5), ", ".join(texts), size=9.5, fill=_INK, more=' font-style="italic"')


def _pedals(layout: _Layout, row: Row) -> Iterator[str]:
    """Where the sustain pedal is down: a line under a row."""
    for index, track in enumerate(layout.score.tracks):
        spans = pedal_spans(track, SUSTAIN, layout.score.end_tick)
        inside = spans[(spans[:, 0] < row.end) & (spans[:, 1] > row.begin)]
        lines = "".join(
            f"M{layout.x(row, max(int(a), row.begin)):.1f} {row.bottom + 5 + index % 4:.1f}H{layout.x(row, min(int(b), row.end)) - 1:.1f}"
            for a, b in inside
        )
        if lines:
            yield f'<path d="{lines}" stroke="{_colour(layout.score, index)}" stroke-width="2.2" stroke-opacity="0.45"/>'


def _path(layout: _Layout) -> Iterator[tuple[float, float, float, float]]:
    """The cursor's way: both ends of each row and every change of tempo between."""
    ticks = tempo_map(layout.score)[0]
    for row in layout.rows:
        inside = ticks[(ticks > row.begin) & (ticks < row.end)]
        at = np.concatenate([[row.begin], inside, [row.end]])
        for tick, second in zip(at.tolist(), seconds_at(layout.score, at).tolist(), strict=True):
            yield round(second, 4), round(layout.x(row, tick), 1), round(row.top, 1), round(row.bottom, 1)
