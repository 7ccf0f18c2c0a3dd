"""Pictures of a score: its piano roll, or the engraved score.

Both are drawn as SVG and turned into pixels by resvg, which needs no display, no system library and no cache.
Letters come from the fonts that matplotlib's wheel carries (DejaVu Sans and STIX), so that a bare machine without fonts
draws the same picture; a title in other letters is looked up in the system's fonts.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from partimento.errors import ConfigError, MissingExtra, nearest
from partimento.files.engraving import score_svg
from partimento.files.roll import WIDTH, draw_roll
from partimento.score import Score

KINDS = ("roll", "score")
_FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralBol.ttf",
    "STIXGeneralItalic.ttf",
)
_LAST_COVERED = 0x052F  # Latin, Greek and Cyrillic lie below; above, only the signs that we write ourselves are sure
_OUR_SIGNS = frozenset("♩♪♯♭♮·…–—‘’“”•°")
_TALLEST_PIXELS = 30_000


def png_bytes(score: Score, *, kind: str = "roll", width: int = 1800) -> bytes:
    """Return a picture of a score as a PNG file.

    Args:
        score: At least one note.
        kind: ``roll`` for the piano roll, ``score`` for staves and notes (the first two metres of a long piece).
        width: Pixels from left to right, 200 to 8,000.

    Raises:
        ScoreError: When the score has no notes.
        ConfigError: When `kind` or `width` is out of range.
        MissingExtra: When the packages that draw (resvg_py, and verovio for staves) are not installed.
    """
    if kind not in KINDS:
        raise ConfigError(f"png: '{kind}' is no kind of picture{nearest(kind, KINDS)}")
    if not 200 <= width <= 8_000:
        raise ConfigError(f"png: a width of {width} pixels, expected 200 to 8000. Usual is 1800.")
    if kind == "roll":
        roll = draw_roll(score)
        return drawing_png(roll.svg, width=min(width, int(WIDTH * _TALLEST_PIXELS / roll.height)))
    return drawing_png(score_svg(score), width=width)


def drawing_png(svg: str, *, width: int) -> bytes:
    """Return a drawing of ours as a PNG file.

    Args:
        svg: One ``<svg>`` element.
        width: Pixels from left to right.

    Raises:
        MissingExtra: When the package that draws, resvg_py, is not installed.
    """
    try:
        import resvg_py  # noqa: PLC0415 - optional, and 7 ms that other formats need not pay
    except ImportError as error:
        raise MissingExtra("png: the package 'resvg_py' is not installed. Install it with 'pip install resvg_py'.") from error
    fonts = font_files()
    foreign = any(ord(c) > _LAST_COVERED and c not in _OUR_SIGNS for c in set(svg))
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            width=width,
            background="#ffffff",
            skip_system_fonts=bool(fonts) and not foreign,  # reading them all takes half a second
            font_files=[str(font) for font in fonts],
            font_family="STIXGeneral",
            serif_family="STIXGeneral",
            sans_serif_family="DejaVu Sans",
        )
    )


def font_files() -> list[Path]:
    """Return the fonts that matplotlib's wheel carries; located, not imported: that takes a second and writes a cache."""
    carrier = importlib.util.find_spec("matplotlib")
    if carrier is None or carrier.origin is None:
        return []
    folder = Path(carrier.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [folder / name for name in _FONTS if (folder / name).is_file()]
