"""Self-similarity as a drawing (SVG): time to the right and upwards, darker the more alike two moments are.

One piece, or up to four beside each other on one scale of time and one of shades. A repeat is a dark line beside the
diagonal, as far from it as the repeat is late.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.files.roll import SANS, SERIF, text_line

MOST_PANELS = 4
"""Matrices beside each other."""

MOST_FRAMES = 4_000
"""Frames of a matrix that is drawn."""

_SHADES = 256
_LEFT, _GAP, _RIGHT, _BELOW = 56, 52, 28, 92
_SIDES = {1: 620, 2: 500, 3: 360, 4: 290}  # of a panel
_INK, _PALE, _LINE = "#22252b", "#6a7079", "#9aa1ab"
_LIGHT, _DARK = 0.99, 0.25  # Oklab lightness of the ends of the ramp
_HUE, _COLOURED = 255.0, 0.13  # blue; the greatest Oklab chroma, little enough at both ends to be a colour of a screen
_STEPS_SECONDS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)


def draw_self_similarity(
    panels: Mapping[str, NDArray[np.floating]],
    *,
    seconds_per_frame: float,
    span: tuple[float, float] | None = None,
    title: str = "",
    words: str = "",
) -> tuple[str, int]:
    """Draw one to four self-similarity matrices.

    Args:
        panels: Title of each panel to its matrix: shape (frames, frames), row and column alike a moment, finite.
        seconds_per_frame: How long a frame lasts, above 0.
        span: Values that are drawn white and darkest, the same for all panels; what lies outside is drawn as the nearer. None
            takes the value in the middle of all cells', and the greatest.
        title: Stands above; may be empty.
        words: One line below the title; may be empty.

    Returns:
        The drawing, one ``<svg>`` element, and its width.

    Raises:
        ConfigError: When there are no panels or too many, a matrix is empty, too large, not square or not finite, or a
            number is out of range.
    """
    matrices = {name: np.asarray(matrix, np.float64) for name, matrix in panels.items()}
    _check(matrices, seconds_per_frame)
    low, high = _default_span(matrices) if span is None else span
    if not -np.inf < low < high < np.inf:
        raise ConfigError(f"self-similarity: a span of {low:g} to {high:g}, expected two finite values, the lower one first.")
    side = _SIDES[len(matrices)]
    top = 40 + (42 if title else 0) + (26 if words else 0)
    width, height = _LEFT + len(matrices) * (side + _GAP) - _GAP + _RIGHT, top + side + _BELOW
    longest = max(len(matrix) for matrix in matrices.values())
    parts = [
        text_line((_LEFT, 46), title, size=24, most=70, more=f' font-family="{SERIF}"'),
        text_line((_LEFT, 72 if title else 30), words, size=12, fill=_PALE, most=round(width / 7)),
    ]
    for place, (name, matrix) in enumerate(matrices.items()):
        corner = (_LEFT + place * (side + _GAP), top)
        shown = side * len(matrix) / longest
        parts.append(_image(np.clip((matrix - low) / (high - low), 0, 1), corner[0], top + side - shown, shown))
        parts.append(_axes(corner, side, longest * seconds_per_frame, name=name))
    parts.append(_legend(_LEFT, height - 30, low, high))
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="{SANS}"><rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )
    return svg, width


def _check(matrices: Mapping[str, NDArray[np.float64]], seconds_per_frame: float) -> None:
    """Refuse what cannot be drawn."""
    if not 1 <= len(matrices) <= MOST_PANELS:
        raise ConfigError(f"self-similarity: {len(matrices)} matrices, expected 1 to {MOST_PANELS} beside each other.")
    if not 0 < seconds_per_frame < np.inf:
        raise ConfigError(f"self-similarity: a frame of {seconds_per_frame} seconds, expected a length above 0.")
    for name, matrix in matrices.items():
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not 1 <= len(matrix) <= MOST_FRAMES:
            raise ConfigError(
                f"self-similarity '{name}': a matrix of shape {matrix.shape}, expected a square of 1 to {MOST_FRAMES} frames."
            )
        if not np.isfinite(matrix).all():
            row, column = np.argwhere(~np.isfinite(matrix))[0].tolist()
            raise ConfigError(f"self-similarity '{name}', row {row}, column {column}: {matrix[row, column]}, expected a finite number.")


def _default_span(matrices: Mapping[str, NDArray[np.float64]]) -> tuple[float, float]:
    """The median of all cells and the greatest; where they are one, something below it."""
    values = np.concatenate([matrix.ravel() for matrix in matrices.values()])
    low, high = float(np.median(values)), float(values.max())
    return (low, high) if low < high else (high - 1.0, high)


def ramp() -> NDArray[np.uint8]:
    """Return the shades from white to dark blue, each as much darker than the last to the eye, shape (256, 3).

    Source: Oklab (Björn Ottosson, "A perceptual color space for image processing", 2020): even steps of its lightness, one hue.
    """
    share = np.linspace(0, 1, _SHADES)
    lightness = _LIGHT + (_DARK - _LIGHT) * share
    chroma = _COLOURED * np.sin(np.pi * share / 1.25) ** 1.3
    a, b = chroma * np.cos(np.radians(_HUE)), chroma * np.sin(np.radians(_HUE))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.stack(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ],
        axis=1,
    ).clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), np.uint8)


def _image(shares: NDArray[np.float64], x: float, y: float, side: float) -> str:
    """A matrix as pixels, the first row lowest."""
    shades = np.rint(shares[::-1] * (_SHADES - 1)).astype(np.uint8)
    packed = base64.b64encode(indexed_png(shades)).decode()
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" image-rendering="optimizeSpeed" href="data:image/png;base64,{packed}"/>'
    )


def indexed_png(shades: NDArray[np.uint8]) -> bytes:
    """Return places on the ramp, shape (height, width), as a PNG file (PNG specification, section 11).

    Fifty thousand cells as shapes would make a slow drawing.
    """
    height, width = shades.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), shades], axis=1)  # filter 0 before each line
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", ramp().tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    framed = (struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def _axes(corner: tuple[float, float], side: float, seconds: float, *, name: str) -> str:
    """Frame, title and seconds of one panel."""
    left, top = corner
    bottom = top + side
    step = next((step for step in _STEPS_SECONDS if seconds / step <= side / 45), _STEPS_SECONDS[-1])
    lines, parts = [f"M{left:.1f} {top:.1f}h{side}v{side}h{-side}z"], []
    for at in np.arange(0, seconds * (1 + 1e-9), step):
        along = side * at / seconds
        lines.append(f"M{left + along:.1f} {bottom:.1f}v5M{left:.1f} {bottom - along:.1f}h-5")
        parts.append(text_line((left + along, bottom + 18), f"{at:g}", size=11, fill=_PALE, more=' text-anchor="middle"'))
        parts.append(text_line((left - 8, bottom - along + 4), f"{at:g}", size=11, fill=_PALE, more=' text-anchor="end"'))
    parts.append(text_line((left + side, bottom + 34), "seconds", size=11, fill=_PALE, more=' text-anchor="end"'))
    parts.append(text_line((left, top - 10), name, size=14, most=round(side / 9)))
    return f'<path d="{"".join(lines)}" stroke="{_LINE}" stroke-width="1" fill="none"/>{"".join(parts)}'


def _legend(x: float, y: float, low: float, high: float) -> str:
    """What the shades mean."""
    colours = ramp()
    bars = []
    for number in range(0, _SHADES, 4):
        shade = "".join(f"{part:02x}" for part in colours[number].tolist())
        bars.append(f'<rect x="{x + 96 + number * 0.75:.1f}" y="{y - 9:.1f}" width="3.1" height="12" fill="#{shade}"/>')
    width = _SHADES * 0.75
    return (
        text_line((x + 88, y + 2), f"unlike  {low:.2f}", size=11, fill=_PALE, more=' text-anchor="end"')
        + "".join(bars)
        + f'<rect x="{x + 96:.1f}" y="{y - 9:.1f}" width="{width:.1f}" height="12" fill="none" stroke="{_LINE}" stroke-width="0.6"/>'
        + text_line((x + width + 104, y + 2), f"{high:.2f}  alike", size=11, fill=_PALE)
    )
