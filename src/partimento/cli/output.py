"""What a verb prints: one JSON object, or lines for people."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def command_typed(corpus: Sequence[str]) -> str:
    """Return the command as it was typed, without the places of copies of data sets (``set=folder``)."""
    names = {word: word.partition("=")[0] for word in corpus if "=" in word and not Path(word).exists()}
    return shlex.join(["partimento", *(names.get(word, word) for word in sys.argv[1:])])


def show(fields: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print `fields` as the one JSON object on stdout, or `text`."""
    print(json.dumps(fields, ensure_ascii=True, allow_nan=False) if as_json else text)


def table(rows: list[list[str]]) -> str:
    """Return rows of cells as aligned columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
