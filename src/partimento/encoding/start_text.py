"""The text a person wants a tune to begin with, made what the canonical text would have.

People type what they know from files: ``X:`` and ``T:`` lines, line breaks, blanks. None of it changes the music.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from partimento.errors import EncodingError

_OTHER_FIELD = re.compile(r"[A-LN-Z]:")
_UNIT = re.compile(r"L: *1/8 *$")


def typed(text: str, known: Container[str]) -> Iterator[tuple[int, str]]:
    """Yield the characters of a tune's beginning that its canonical text has, each with its place in `text`, from 0.

    Header lines other than ``M:`` and ``K:`` are left out, a lone ``X`` too, for every tune begins so; a line break in
    the music becomes a blank.

    Args:
        text: ABC, from its header on.
        known: Characters that can be said.

    Raises:
        EncodingError: When the unit length is not 1/8, or a character cannot be said.
    """
    place, in_header = 0, text.strip() != "X"
    if not in_header:
        return
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        key = bare.startswith("K:")
        if in_header and bare.startswith("L:") and not _UNIT.match(bare):
            raise EncodingError(f"--start: '{bare}' at character {place + 1}, expected L:1/8. Write it in eighths.")
        if not in_header or key or bare.startswith("M") or (bare and not _OTHER_FIELD.match(bare)):
            yield from _line(line, place, known, field=in_header)
        in_header = in_header and not key
        place += len(line)


def _line(line: str, place: int, known: Container[str], *, field: bool) -> Iterator[tuple[int, str]]:
    """One line's characters with their places; in a field blanks mean nothing."""
    for at, character in enumerate(line.replace("\r\n", "\n"), start=place):
        if field and character == " ":
            continue
        sign = " " if not field and character in "\n\t" else character
        if sign not in known:
            raise EncodingError(
                f"--start: {sign!r} at character {at + 1} cannot be said, expected letters and signs of ABC (ASCII). Leave it out."
            )
        yield at, sign
