"""A table of chances as a drawing (SVG): what follows what, darker the more often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.files.roll import SANS, SERIF, text_line

CELL = 24
"""Side of a cell, in the drawing's units."""

_TOP, _MARGIN = 96, 28
_LETTER = 7.0  # width of a letter of a label
_INK, _PALE, _LINE = "#22252b", "#6a7079", "#e2e5ea"
_WHITE, _DARK = np.array([255, 255, 255]), np.array([20, 60, 120])
_SHOWN = 0.05  # chances that are written into their cells
_LIGHT_ON_DARK = 0.45


def draw_matrix(shares: NDArray[np.floating], labels: Sequence[str], *, title: str, words: str) -> tuple[str, int]:
    """Draw a square table of chances.

    Args:
        shares: Row: what stood before; column: what followed. 0 to 1, shape (n, n), n at least 1.
        labels: What the rows and columns are called.
        title: Stands above.
        words: One line below the title.

    Returns:
        The drawing, one ``<svg>`` element, and its width.

    Raises:
        ConfigError: When table and labels do not fit, or there is nothing to draw.
    """
    count = len(labels)
    if not count or shares.shape != (count, count):
        raise ConfigError(
            f"matrix: a table of shape {shares.shape} for {count} labels, expected as many rows and columns, and one at least."
        )
    widest = max(map(len, labels)) * _LETTER + 12
    left, top = widest + 26, _TOP + widest + 8
    width, height = left + count * CELL + _MARGIN, top + count * CELL + _MARGIN
    width = max(width, 520)
    parts = [
        text_line((_MARGIN, 44), title, size=24, most=60, more=f' font-family="{SERIF}"'),
        text_line((_MARGIN, 70), words, size=12, fill=_PALE, most=120),
        text_line((16, top + count * CELL / 2), "before", size=12, fill=_PALE, more=_turned(16, top + count * CELL / 2)),
        text_line((left + count * CELL / 2, _TOP), "after", size=12, fill=_PALE, more=' text-anchor="middle"'),
    ]
    for row in range(count):
        for column in range(count):
            parts.append(_cell(float(shares[row, column]), left + column * CELL, top + row * CELL))
    edges = "".join(
        f"M{left:.1f} {top + n * CELL:.1f}h{count * CELL}M{left + n * CELL:.1f} {top:.1f}v{count * CELL}" for n in range(count + 1)
    )
    parts.append(f'<path d="{edges}" stroke="{_LINE}" stroke-width="0.8" fill="none"/>')
    for place, label in enumerate(labels):
        middle = (place + 0.5) * CELL + 4
        parts.append(text_line((left - 6, top + middle), label, size=12, more=' text-anchor="end"'))
        parts.append(text_line((left + middle, top - 6), label, size=12, more=_turned(left + middle, top - 6, "start")))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="{SANS}"><rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>{"".join(parts)}</svg>'
    )
    return svg, round(width)


def _cell(share: float, x: float, y: float) -> str:
    """One chance: a shade, and the number of hundredths where it is large."""
    if share <= 0:
        return ""
    red, green, blue = np.rint(_WHITE + (_DARK - _WHITE) * (0.06 + 0.94 * share**0.6)).astype(int).tolist()
    square = f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL}" height="{CELL}" fill="rgb({red},{green},{blue})"/>'
    if share < _SHOWN:
        return square
    ink = "#fff" if share > _LIGHT_ON_DARK else _INK
    return square + text_line((x + CELL / 2, y + CELL / 2 + 3.6), f"{100 * share:.0f}", size=10, fill=ink, more=' text-anchor="middle"')


def _turned(x: float, y: float, anchor: str = "middle") -> str:
    """Attributes of a text that runs upwards."""
    return f' text-anchor="{anchor}" transform="rotate(-90 {x:.1f} {y:.1f})"'
