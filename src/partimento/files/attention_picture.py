"""Where a network looks back to, as a drawing (SVG): a piano roll, and arcs from the event just read to those its heads attend to.

One colour a head, as thick as the weight. Arcs over the roll end where a key is struck or let go; what has no key, such as the
passing of time, stands in lanes below, and its arcs run below. Several networks, or layers of one, stand below one another on one
scale of time, and each says how much of the weight its arcs stand for.

Source: the figures of Huang et al. 2018 ("Music Transformer") and of Magenta's article on it. Differs: lanes, so that no kind of event is
left out; shares in words; loops for what a head gives to its own place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.files.roll import COLOURS, SANS, SERIF, WIDTH, text_line
from partimento.score import Score
from partimento.score.tempo import seconds_at

MOST_PANELS, MOST_HEADS = 6, len(COLOURS)
"""Panels below one another, and heads in one of them."""

LONGEST_SECONDS = 600
"""Of the stretch that is drawn."""

BROAD = 14.0
"""Thickness of an arc that has all the weight."""

Floats = NDArray[np.float64]

_LEFT, _RIGHT, _TITLE, _ABOVE, _LANE, _BELOW, _WORDS = 84, 26, 26, 70, 12, 44, 17
_INK, _PALE, _LINE, _GRID, _SHADE = "#22252b", "#6a7079", "#9aa1ab", "#e6e8ec", "#f5f6f8"
_SOFT, _LOUD = (206, 210, 218), (112, 121, 136)  # notes, by their loudness
_STEPS_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_BLACK_KEYS = (1, 3, 6, 8, 10)
_ALONG = np.linspace(0.02, 0.98, 49)  # where on an arc its reach is measured


@dataclass(frozen=True, eq=False)
class Events:
    """What a network has read, and where it stands in the music.

    Attributes:
        seconds: When, shape (events,), not falling back.
        key: MIDI key, shape (events,); of those in a lane it does not matter.
        lane: 0 for an event on its key, n for one in the n-th lane, shape (events,).
        lanes: What the lanes are called, from the upper one.
    """

    seconds: Floats
    key: NDArray[np.integer]
    lane: NDArray[np.integer]
    lanes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Panel:
    """One network, or one layer of it.

    Attributes:
        title: What it is called.
        score: The piece as it has been read.
        events: Of that piece.
        heads: Name of each head -> its weights, shape (events read,): the last of them is of the event that looks back. 1 in all.
    """

    title: str
    score: Score
    events: Events
    heads: Mapping[str, Floats]

    @property
    def place(self) -> int:
        """Of the event that looks back."""
        return len(next(iter(self.heads.values()))) - 1


def draw_attention(
    panels: Sequence[Panel],
    *,
    span: tuple[float, float],
    most: int = 12,
    least: float = 0.01,
    title: str = "",
    words: str = "",
) -> str:
    """Draw where heads look back to; the drawing is `WIDTH` wide.

    Args:
        panels: 1 to `MOST_PANELS`, below one another.
        span: First and last second that are drawn; every event that looks back lies between.
        most: Arcs of each head: its strongest.
        least: Weight below which there is no arc, 0 to below 1.
        title: Stands above; may be empty.
        words: One line below the title; may be empty.

    Raises:
        ConfigError: When there are no panels or heads or too many, a panel's arrays do not fit each other, weights are none, or
            a number is out of range.
    """
    _check_settings(len(panels), span, most, least)
    for panel in panels:
        _check_panel(panel, span)
    low, high = _keys(panels, span)
    top = 16.0 + (38 if title else 0) + (24 if words else 0)
    parts = [
        text_line((_LEFT, 44), title, size=24, most=74, more=f' font-family="{SERIF}"'),
        text_line((_LEFT, 68 if title else 26), words, size=12, fill=_PALE, most=160),
    ]
    for panel in panels:
        frame = _Frame(panel, span, top, low, high)
        chosen = {name: _chosen(panel, weights, span[0], most, least) for name, weights in panel.heads.items()}
        parts += [*_background(frame), *_notes(frame), *_lane_marks(frame), *_arcs(frame, chosen), *_shares(frame, chosen)]
        top = frame.end
    parts.append(_legend(top + 18, most, least))
    height = round(top + 34)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="{SANS}"><rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _check_settings(panels: int, span: tuple[float, float], most: int, least: float) -> None:
    """Refuse what cannot be drawn."""
    if not 1 <= panels <= MOST_PANELS:
        raise ConfigError(f"attention: {panels} panels, expected 1 to {MOST_PANELS} below one another. Draw several pictures.")
    if not 0 <= span[0] < span[1] < math.inf or span[1] - span[0] > LONGEST_SECONDS:
        raise ConfigError(
            f"attention: a stretch of {span[0]:g} to {span[1]:g} s, expected up to {LONGEST_SECONDS} s, its first second first, from 0 on."
        )
    if most < 1:
        raise ConfigError(f"attention: {most} arcs a head, expected 1 or more; 12 is usual.")
    if not 0 <= least < 1:
        raise ConfigError(f"attention: no arcs below a weight of {least:g}, expected 0 to below 1; 0.01 is usual.")


def _check_panel(panel: Panel, span: tuple[float, float]) -> None:
    """Refuse one whose parts do not fit."""
    events, name = panel.events, panel.title
    sizes = {len(events.seconds), len(events.key), len(events.lane)}
    if len(sizes) > 1:
        raise ConfigError(f"attention '{name}': {' and '.join(map(str, sorted(sizes)))} seconds, keys and lanes, expected as many of each.")
    if not 1 <= len(panel.heads) <= MOST_HEADS:
        raise ConfigError(f"attention '{name}': {len(panel.heads)} heads, expected 1 to {MOST_HEADS}. Choose some of them.")
    for head, weights in panel.heads.items():
        if weights.shape != (panel.place + 1,) or not 1 <= len(weights) <= len(events.seconds):
            raise ConfigError(
                f"attention '{name}', {head}: weights of shape {weights.shape}, expected one for each event read, of {len(events.seconds)}."
            )
        if not (weights >= 0).all() or abs(float(weights.sum()) - 1) > 1e-3:
            raise ConfigError(
                f"attention '{name}', {head}: weights from {weights.min():g} that add up to {weights.sum():g}, expected shares."
            )
    if not 0 <= events.lane.min() <= events.lane.max() <= len(events.lanes):
        raise ConfigError(
            f"attention '{name}': lanes {events.lane.min()} to {events.lane.max()}, expected 0 to {len(events.lanes)}, one for each name."
        )
    if not span[0] <= (now := float(events.seconds[panel.place])) <= span[1]:
        raise ConfigError(
            f"attention '{name}': it looks back from {now:g} s, expected within {span[0]:g} to {span[1]:g} s, which are drawn."
        )


def _keys(panels: Sequence[Panel], span: tuple[float, float]) -> tuple[int, int]:
    """Lowest and highest key of all panels, one range for all of them."""
    found = [60]
    for panel in panels:
        read = slice(panel.place + 1)
        inside = (panel.events.lane[read] == 0) & (panel.events.seconds[read] >= span[0])
        found += panel.events.key[read][inside].tolist()
        found += [int(key) for _, _, key, _ in _played(panel.score, span)]
    low, high = min(found) - 2, max(found) + 2
    missing = max(0, 30 - (high - low))
    return low - missing // 2, high + missing - missing // 2


def _played(score: Score, span: tuple[float, float]) -> Iterator[tuple[float, float, int, int]]:
    """First and last second, key and loudness of the notes that sound in a stretch."""
    for track in score.tracks:
        if not track.is_drum:
            on, off = seconds_at(score, track.start), seconds_at(score, track.end)
            inside = (on < span[1]) & (off > span[0])
            columns = (on, off, track.pitch, track.velocity)
            yield from zip(*(column[inside].tolist() for column in columns), strict=True)


class _Frame:
    """Where seconds, keys and lanes of a panel stand."""

    def __init__(self, panel: Panel, span: tuple[float, float], top: float, low: int, high: int) -> None:
        self.panel, self.span, self.low, self.high = panel, span, low, high
        self.key_height = min(7.0, max(3.4, 240 / (high - low + 1)))
        self.title_y = top + 18
        self.top = top + _TITLE + _ABOVE
        self.bottom = self.top + (high - low + 1) * self.key_height
        read, events = slice(panel.place + 1), panel.events
        self.lanes = np.unique(
            events.lane[read][(events.lane[read] > 0) & (events.seconds[read] >= span[0])]
        ).tolist()  # that hold something
        self.lanes_bottom = self.bottom + (5 + len(self.lanes) * _LANE if self.lanes else 0)
        self.axis = self.lanes_bottom + (_BELOW if self.lanes else 4)
        self.rows = -(-len(panel.heads) // 4)  # of words below
        self.end = self.axis + 28 + self.rows * _WORDS + 16

    def x(self, seconds: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (seconds - self.span[0]) / (self.span[1] - self.span[0])

    def y(self, key: int) -> float:
        return self.top + (self.high - key + 0.5) * self.key_height

    def at(self, place: int) -> tuple[float, float]:
        """Where an event stands."""
        events = self.panel.events
        lane = int(events.lane[place])
        return self.x(float(events.seconds[place])), self.lane_y(lane) if lane else self.y(int(events.key[place]))

    def lane_y(self, lane: int) -> float:
        return float(self.bottom + 5 + (self.lanes.index(lane) + 0.5) * _LANE)


def _background(frame: _Frame) -> Iterator[str]:
    """Title, keys, lanes and seconds of a panel."""
    right, height = WIDTH - _RIGHT, frame.key_height
    yield text_line((_LEFT, frame.title_y), frame.panel.title, size=15, most=110)
    black = [key for key in range(frame.low, frame.high + 1) if key % 12 in _BLACK_KEYS]
    shade = "".join(f"M{_LEFT} {frame.y(key) - height / 2:.1f}H{right}v{height:.1f}H{_LEFT}z" for key in black)
    yield f'<path d="{shade}" fill="{_SHADE}"/>'
    length = frame.span[1] - frame.span[0]
    step = next((step for step in _STEPS_SECONDS if length / step <= 20), _STEPS_SECONDS[-1])
    grid = []
    for number in range(math.ceil(frame.span[0] / step - 1e-9), math.floor(frame.span[1] / step + 1e-9) + 1):
        x = frame.x(number * step)
        grid.append(f"M{x:.1f} {frame.top:.1f}V{frame.axis + 4:.1f}")
        yield text_line((x, frame.axis + 16), f"{number * step:g}", size=10.5, fill=_PALE, more=' text-anchor="middle"')
    yield f'<path d="{"".join(grid)}" stroke="{_GRID}" stroke-width="0.9"/>'
    yield text_line((_LEFT - 14, frame.axis + 16), "seconds", size=10.5, fill=_PALE, more=' text-anchor="end"')
    for key in range(frame.low, frame.high + 1):
        if key % 12 == 0:
            y = frame.y(key) + height / 2
            yield f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#d5d8de" stroke-width="0.7"/>'
            yield text_line((_LEFT - 8, y - height / 2 + 3.6), f"C{key // 12 - 1}", size=10, fill=_PALE, more=' text-anchor="end"')
    for lane in frame.lanes:
        y, name = frame.lane_y(lane), frame.panel.events.lanes[lane - 1]
        yield f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="{_GRID}" stroke-width="1"/>'
        yield text_line((_LEFT - 8, y + 3.2), name, size=9.5, fill=_PALE, most=12, more=' text-anchor="end"')
    yield f'<path d="M{_LEFT} {frame.top:.1f}H{right}V{frame.bottom:.1f}H{_LEFT}z" fill="none" stroke="{_LINE}" stroke-width="0.8"/>'


def _notes(frame: _Frame) -> Iterator[str]:
    """The notes, grey; one that looks back as it is struck is black, and those to come are empty."""
    panel, span = frame.panel, frame.span
    now, on_key = float(panel.events.seconds[panel.place]), not int(panel.events.lane[panel.place])
    own = int(panel.events.key[panel.place])
    for on, off, key, velocity in _played(panel.score, span):
        left, right = frame.x(max(on, span[0])), frame.x(min(off, span[1]))
        share = min(1.0, velocity / 110)
        fill = "#" + "".join(f"{round(soft + (loud - soft) * share):02x}" for soft, loud in zip(_SOFT, _LOUD, strict=True))
        fill = _INK if on_key and key == own and abs(on - now) < 1e-6 else fill
        look = f'fill="{fill}"' if on <= now + 1e-6 else f'fill="#fff" stroke="{fill}" stroke-width="0.7"'
        y, height = frame.y(key) - frame.key_height / 2 + 0.4, frame.key_height - 0.8
        yield f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(right - left - 0.6, 1.2):.1f}" height="{height:.1f}" rx="1.2" {look}/>'
    x = frame.x(now)
    yield f'<path d="M{x:.1f} {frame.top:.1f}V{frame.axis:.1f}" stroke="{_INK}" stroke-width="0.8" stroke-dasharray="3 3"/>'


def _lane_marks(frame: _Frame) -> Iterator[str]:
    """A tick for each event in a lane that has been read."""
    events, read = frame.panel.events, frame.panel.place + 1
    inside = np.flatnonzero((events.lane[:read] > 0) & (events.seconds[:read] >= frame.span[0]))
    ticks = "".join(f"M{x:.1f} {y - 2.6:.1f}v5.2" for x, y in map(frame.at, inside.tolist()))
    yield f'<path d="{ticks}" stroke="#b9bec8" stroke-width="0.8"/>'


def _chosen(panel: Panel, weights: Floats, first_second: float, most: int, least: float) -> list[int]:
    """Places to which a head has an arc, the strongest first."""
    inside = np.flatnonzero((panel.events.seconds[: len(weights)] >= first_second) & (weights >= least) & (weights > 0))
    return [int(place) for place in inside[np.argsort(-weights[inside], kind="stable")][:most]]


def _arcs(frame: _Frame, chosen: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """Arcs and the dots at their ends, the strongest arcs above the others, small dots above large ones."""
    heads = frame.panel.heads
    drawn = [(float(heads[name][place]), turn, place) for turn, (name, places) in enumerate(chosen.items()) for place in places]
    yield '<g fill="none" stroke-linecap="round">'
    for weight, turn, place in sorted(drawn):
        look = (
            f'stroke="{COLOURS[turn]}" stroke-width="{max(0.7, BROAD * weight):.2f}" stroke-opacity="{0.4 + 0.5 * min(1, 3 * weight):.2f}"'
        )
        yield f'<path class="arc" d="{_arc(frame, place, turn)}" {look}/>'
    yield "</g>"
    for weight, turn, place in sorted(drawn, reverse=True):
        if place != frame.panel.place:
            x, y = frame.at(place)
            radius = 1.5 + 4.5 * math.sqrt(weight)
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{COLOURS[turn]}" stroke="#fff" stroke-width="0.6"/>'
    x, y = frame.at(frame.panel.place)
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{_INK}" stroke="#fff" stroke-width="1"/>'


def _arc(frame: _Frame, place: int, turn: int) -> str:
    """The way from the event that looks back to another: over the roll, below the lanes, or a loop where it is the same."""
    x, y = frame.at(frame.panel.place)
    if place == frame.panel.place:
        radius = 5.0 + 2.6 * turn
        return f"M{x:.1f} {y:.1f}a{radius:.1f} {radius:.1f} 0 1 1 {0.1:.1f} 0.1"
    to_x, to_y = frame.at(place)
    along = x - to_x
    aside = max(0.0, 26 - along) / 2  # what happened in the same moment is reached round a corner
    reach = (1 - math.exp(-(along + aside) / 210)) * (1 - 0.05 * turn)
    if frame.panel.events.lane[place]:
        bend = _bend(y, to_y, frame.lanes_bottom + 4 + reach * (_BELOW - 10))
    else:
        higher = min(y, to_y)
        bend = -_bend(-y, -to_y, -higher + 4 + reach * (higher - frame.top + _ABOVE - 10))
    return f"M{x:.1f} {y:.1f}C{x - aside:.1f} {bend:.1f} {to_x - aside:.1f} {bend:.1f} {to_x:.1f} {to_y:.1f}"


def _bend(start: float, end: float, farthest: float) -> float:
    """Where the middle points of an arc from `start` to `end` stand, so that it goes as far as `farthest` and no farther."""
    rest = 1 - _ALONG
    return float(((farthest - rest**3 * start - _ALONG**3 * end) / (3 * rest * _ALONG)).min())


def _shares(frame: _Frame, chosen: Mapping[str, Sequence[int]]) -> Iterator[str]:
    """What the colours mean, and how much of each head's weight its arcs stand for."""
    panel = frame.panel
    for turn, (name, weights) in enumerate(panel.heads.items()):
        drawn = float(weights[list(chosen[name])].sum())
        earlier = float(weights[panel.events.seconds[: len(weights)] < frame.span[0]].sum())
        x, y = _LEFT + (turn % 4) * (WIDTH - _LEFT - _RIGHT) / 4, frame.axis + 36 + turn // 4 * _WORDS
        yield f'<path d="M{x} {y - 4}h16" stroke="{COLOURS[turn]}" stroke-width="5" stroke-linecap="round"/>'
        weaker = max(0.0, 1 - drawn - earlier)
        said = f"{name}: {drawn:.0%} drawn, {earlier:.0%} earlier, {weaker:.0%} weaker"
        yield text_line((x + 26, y), said, size=10.5, most=52)


def _legend(y: float, most: int, least: float) -> str:
    """How thick which weight is, and what was left out."""
    parts, x = [text_line((_LEFT, y), "weight", size=11, fill=_PALE)], _LEFT + 54.0
    for weight in (0.02, 0.1, 0.3, 0.6):
        look = f'stroke-width="{max(0.7, BROAD * weight):.2f}" stroke-linecap="round"'
        parts.append(f'<path d="M{x:.1f} {y - 4:.1f}h26" stroke="{_PALE}" {look}/>')
        parts.append(text_line((x + 36, y), f"{weight:.0%}", size=11, fill=_PALE))
        x += 78
    said = f"arcs: the {most} strongest of each head, from {100 * least:g}% of its weight; earlier: on what lies before the picture"
    parts.append(text_line((WIDTH - _RIGHT, y), said, size=11, fill=_PALE, most=120, more=' text-anchor="end"'))
    return "".join(parts)
