"""What was heard as a drawing (SVG): the sound in thirds of a semitone, the notes found in it, the pedal below.

Time runs to the right, pitch upwards, in rows like printed music. The sound is kept as a byte a bin and moment, and only as much of it as
is drawn: a recording may be of any length.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from partimento.audio.spectrum import Spectra, Spectrum
from partimento.files.roll import SANS, SERIF, WIDTH, text_line
from partimento.files.similarity_picture import indexed_png, ramp
from partimento.score import Score
from partimento.score.note import SUSTAIN
from partimento.score.pedal import pedal_spans
from partimento.score.tempo import seconds_at
from partimento.words import counted

PIXELS = 1800
"""Width of the picture."""

MOST_SECONDS = 300
"""How much of a recording is drawn: its first five minutes."""

ROW_SECONDS = 20.0

FIRST_KEY, LAST_KEY = 21, 108
"""A0 and C8."""

_LEFT, _RIGHT, _KEYS, _TOP = 74, 22, 26, 118
_LANE = 4.0  # a key's height
_THIRDS = 3  # rows of pixels in it
_HEIGHT = (LAST_KEY - FIRST_KEY + 1) * _LANE
_BELOW = 74  # room below a row for pedal and seconds
_SHOWN = 2.5  # 50 dB, from white to the darkest
_DARKEST = 128  # of the ramp's 255: outlines stand out from it
_PER_UNIT = 50  # a byte holds 5.1 times 20 dB
_INK, _PALE, _LINE, _NOTE, _PEDAL = "#22252b", "#6a7079", "#9aa1ab", "#d11f2f", "#0b8a83"
_BLACK_KEYS = (1, 3, 6, 8, 10)


class Spectrogram:
    """Keeps the beginning of a sound's spectra, and draws it with what was heard.

    Args:
        spectrum: What is kept and drawn.
    """

    def __init__(self, spectrum: Spectrum) -> None:
        self._rate = spectrum.rate
        thirds = FIRST_KEY + (np.arange((LAST_KEY - FIRST_KEY + 1) * _THIRDS) - _THIRDS // 2) / _THIRDS
        self._bins = np.abs(spectrum.keys_of() - thirds[:, None]).argmin(axis=1)  # the nearest band to each third of a semitone
        self._columns: list[NDArray[np.uint8]] = []
        self._kept = self._moments = 0

    def add(self, spectra: Spectra) -> None:
        """Take the next spectra, shape (moments, windows, bins)."""
        room = round(MOST_SECONDS * self._rate) - self._kept
        self._moments += len(spectra)
        if room <= 0:
            return
        piano = spectra[:room][:, :, self._bins].mean(axis=1)
        self._columns.append(np.clip(np.rint(piano * _PER_UNIT), 0, 255).astype(np.uint8))
        self._kept += len(piano)

    @property
    def left_out(self) -> str:
        """A sentence on what is not drawn; empty where all is."""
        if self._moments <= self._kept:
            return ""
        return f"shows the first {_clock(self._kept / self._rate)} of {_clock(self._moments / self._rate)}."

    def svg(self, score: Score, *, title: str) -> str:
        """Return the drawing, one ``<svg>`` element, `roll.WIDTH` wide.

        Args:
            score: What was heard, as it was played.
            title: Stands above.
        """
        shades = np.concatenate([np.zeros((0, self._bins.size), np.uint8), *self._columns])
        seconds = len(shades) / self._rate
        row_seconds = min(ROW_SECONDS, max(seconds, ROW_SECONDS / 2))
        count = max(1, math.ceil(seconds / row_seconds))
        rows = [_Row(number * row_seconds, min((number + 1) * row_seconds, seconds), number, row_seconds) for number in range(count)]
        height = _TOP + count * (_HEIGHT + _BELOW) + 24
        parts = [self._heading(score, title)]
        per_row = round(row_seconds * self._rate)
        levels = _levels(shades)
        for row in rows:
            parts.append(_sound(row, levels[row.number * per_row : (row.number + 1) * per_row]))
            parts.append(_keyboard(row))
        parts += _notes(score, rows)
        parts += _pedals(score, rows)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" '
            f'font-family="{SANS}"><rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>{"".join(parts)}</svg>'
        )

    def _heading(self, score: Score, title: str) -> str:
        """Title, facts, and what the signs mean."""
        facts = [_clock(self._moments / self._rate), f"{counted(score.note_count, 'note')} heard"]
        facts += [self.left_out[0].upper() + self.left_out[1:]] if self.left_out else []
        y, x = 96.0, float(_LEFT)
        signs = [text_line((x + 20, y), "a note: its bar is the onset, stronger is louder", size=11, fill=_PALE)]
        signs.append(_outline(x, y - 8, 14, 8, 100))
        x += 330
        signs.append(f'<path d="M{x:.0f} {y - 4:.1f}h16" stroke="{_PEDAL}" stroke-width="3.4"/>')
        signs.append(text_line((x + 22, y), "the pedal is down", size=11, fill=_PALE))
        x += 170
        colours = ramp()
        for step in range(30):
            shade = "".join(f"{part:02x}" for part in colours[round(step * _DARKEST / 29)].tolist())
            signs.append(f'<rect x="{x + step * 3:.1f}" y="{y - 8:.1f}" width="3.2" height="9" fill="#{shade}"/>')
        signs.append(text_line((x + 98, y), "the sound, darker is louder: 50 dB", size=11, fill=_PALE))
        return (
            text_line((_LEFT, 44), title, size=28, most=60, more=f' font-family="{SERIF}"')
            + text_line((_LEFT, 70), "   ·   ".join(facts), size=13, fill=_PALE, most=120)
            + "".join(signs)
        )


class _Row:
    """One row: the seconds it covers, and where it stands."""

    def __init__(self, begin: float, end: float, number: int, row_seconds: float) -> None:
        self.begin, self.end, self.number = begin, end, number
        self.top = _TOP + number * (_HEIGHT + _BELOW)
        self._scale = (WIDTH - _LEFT - _RIGHT) / row_seconds

    def x(self, seconds: float) -> float:
        """Where a time stands."""
        return _LEFT + (seconds - self.begin) * self._scale

    def y(self, key: int) -> float:
        """The upper edge of a key."""
        return self.top + (LAST_KEY - key) * _LANE


def _levels(shades: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Places on the ramp: the loudest moments are the darkest."""
    heard = shades[shades > 0]
    high = float(np.percentile(heard, 99.8)) if heard.size else 255.0
    low = high - _SHOWN * _PER_UNIT
    table = np.clip((np.arange(256) - low) / (high - low), 0, 1)
    return np.asarray(np.rint(table * _DARKEST), np.uint8)[shades]


def _sound(row: _Row, levels: NDArray[np.uint8]) -> str:
    """The spectra of a row, shape (moments, bins), as pixels."""
    if not len(levels):
        return ""
    packed = base64.b64encode(indexed_png(np.ascontiguousarray(levels.T[::-1]))).decode()
    return (
        f'<image x="{_LEFT}" y="{row.top:.1f}" width="{row.x(row.end) - _LEFT:.2f}" height="{_HEIGHT:.1f}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{packed}"/>'
    )


def _keyboard(row: _Row) -> str:
    """Keys to the left, a line at each C, seconds below."""
    right, bottom = row.x(row.end), row.top + _HEIGHT
    black = "".join(
        f"M{_LEFT - _KEYS} {row.y(key) + 0.2:.1f}h{_KEYS * 0.62:.1f}v{_LANE - 0.4:.1f}h{-_KEYS * 0.62:.1f}z"
        for key in range(FIRST_KEY, LAST_KEY + 1)
        if key % 12 in _BLACK_KEYS
    )
    octaves = range(24, LAST_KEY + 1, 12)
    lines = "".join(f"M{_LEFT - _KEYS} {row.y(key) + _LANE:.1f}H{right:.1f}" for key in octaves)
    parts = [
        f'<path d="{black}" fill="#3a3f47"/><path d="{lines}" stroke="{_LINE}" stroke-opacity="0.45" stroke-width="0.7"/>',
        f'<path d="M{_LEFT - _KEYS} {row.top:.1f}H{right:.1f}V{bottom:.1f}H{_LEFT - _KEYS}zM{_LEFT} {row.top:.1f}V{bottom:.1f}" '
        f'fill="none" stroke="{_LINE}" stroke-width="0.9"/>',
    ]
    for key in octaves:
        place = (_LEFT - _KEYS - 6, row.y(key) + _LANE / 2 + 3.4)
        parts.append(text_line(place, f"C{key // 12 - 1}", size=9.5, fill=_PALE, more=' text-anchor="end"'))
    axis, ticks = bottom + 20, []
    for second in range(math.ceil(row.begin), math.floor(row.end) + 1):
        ticks.append(f"M{row.x(second):.1f} {axis:.1f}v{6 if second % 5 == 0 else 3}")
        if second % 5 == 0:
            parts.append(text_line((row.x(second), axis + 18), _clock(second), size=10, fill=_PALE, more=' text-anchor="middle"'))
    parts.append(f'<path d="M{_LEFT} {axis:.1f}H{right:.1f}{"".join(ticks)}" fill="none" stroke="{_LINE}" stroke-width="0.9"/>')
    parts.append(text_line((_LEFT - 6, bottom + 13), "Ped.", size=9.5, fill=_PALE, more=' text-anchor="end" font-style="italic"'))
    return "".join(parts)


def _notes(score: Score, rows: list[_Row]) -> Iterator[str]:
    """Every note as an outline, cut where it runs on into the next row."""
    for track in score.tracks:
        starts, ends = seconds_at(score, track.start), seconds_at(score, track.end)
        for start, end, key, velocity in zip(starts, ends, track.pitch.tolist(), track.velocity.tolist(), strict=True):
            for row, left, right in _within(rows, float(start), float(end)):
                if FIRST_KEY <= key <= LAST_KEY:
                    yield _outline(left, row.y(key), right - left, _LANE, velocity, begins=start >= row.begin)


def _outline(x: float, y: float, width: float, height: float, velocity: int, *, begins: bool = True) -> str:
    """A note."""
    strength = min(velocity / 110, 1.0)
    wide = max(width - 0.6, 1.5)
    onset = f'<rect x="{x:.1f}" y="{y - 0.8:.1f}" width="2.2" height="{height + 1.6:.1f}" fill="{_NOTE}" stroke="none"/>' if begins else ""
    return (
        f'<g opacity="{0.4 + 0.6 * strength:.2f}"><rect x="{x:.1f}" y="{y + 0.2:.1f}" width="{wide:.1f}" height="{height - 0.4:.1f}" '
        f'rx="0.8" fill="none" stroke="{_NOTE}" stroke-width="{0.5 + 0.9 * strength:.2f}"/>{onset}</g>'
    )


def _pedals(score: Score, rows: list[_Row]) -> Iterator[str]:
    """When the pedal is down, as a line below."""
    for track in score.tracks:
        spans = seconds_at(score, pedal_spans(track, SUSTAIN, score.end_tick).ravel()).reshape(-1, 2)
        for start, end in spans.tolist():
            for row, left, right in _within(rows, start, end):
                y, stop = row.top + _HEIGHT + 10, max(right - 1.2, left + 0.8)
                yield f'<path d="M{left:.1f} {y:.1f}H{stop:.1f}" stroke="{_PEDAL}" stroke-width="3.4"/>'


def _within(rows: list[_Row], start: float, end: float) -> Iterator[tuple[_Row, float, float]]:
    """The rows that a time lies in, with its edges there."""
    for row in rows:
        if start < row.end and end > row.begin:
            yield row, row.x(max(start, row.begin)), row.x(min(end, row.end))


def _clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are some."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
