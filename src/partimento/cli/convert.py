"""`partimento convert`: one score format into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from partimento.cli.output import show


def convert(
    source: Path,
    target: Path,
    /,
    *,
    quantize: int | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Turn one score format into another, by the names' endings.

    Args:
        source: A .mid, .csv (midicsv), .abc, .musicxml, .mxl or .krn file.
        target: A .mid, .csv, .abc, .musicxml or .mxl file.
        quantize: Move notes to a grid of so many to a whole note, such as 16.
        as_json: Print one JSON object.
    """
    from partimento.errors import ConfigError  # noqa: PLC0415  # --help must not load numpy
    from partimento.files import read, write  # noqa: PLC0415
    from partimento.score.transform import quantize as on_grid  # noqa: PLC0415

    if quantize is not None and not 1 <= quantize <= 1024:
        raise ConfigError(f"--quantize {quantize}: expected 1 to 1024; 16 means sixteenth notes.")
    score = read(source)
    if quantize is not None:
        score = on_grid(score, quantize)
    write(score, target)
    words = [f"{target}: {score.note_count} notes", *(f"  note: {warning}" for warning in score.warnings)]
    show({"notes": score.note_count, "warnings": list(score.warnings)}, "\n".join(words), as_json=as_json)
