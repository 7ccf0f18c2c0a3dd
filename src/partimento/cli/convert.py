"""`partimento convert`: one score format into another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from partimento.cli.output import show
from partimento.words import counted


def convert(
    source: Path,
    target: Path,
    /,
    *,
    quantize: int | None = None,
    beats: Annotated[bool, Parameter(negative="")] = False,
    plain: Annotated[bool, Parameter(negative="")] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Turn one score format into another, by the names' endings.

    Args:
        source: A .mid, .csv (midicsv), .abc, .musicxml, .mxl, .krn or .txt (piano keys) file.
        target: A .mid, .csv, .abc, .musicxml, .mxl, .txt (piano keys, 50 ms a step) or .png (piano roll) file.
        quantize: Move notes to a grid of so many to a whole note, such as 16.
        beats: Track the beats of piano that was played: bars, two hands, lengths that can be read, and a tempo that follows the player.
        plain: Write a .txt as carykh's program did, struck and held keys alike.
        as_json: Print one JSON object.
    """
    from partimento.errors import ConfigError  # noqa: PLC0415  # --help must not load numpy
    from partimento.files import read, write  # noqa: PLC0415
    from partimento.files.dispatch import losses  # noqa: PLC0415
    from partimento.files.keys_text import keys_text_bytes, keys_text_losses  # noqa: PLC0415
    from partimento.files.whole import write_whole  # noqa: PLC0415
    from partimento.score.transform import quantize as on_grid  # noqa: PLC0415

    if quantize is not None and not 1 <= quantize <= 1024:
        raise ConfigError(f"--quantize {quantize}: expected 1 to 1024; 16 means sixteenth notes.")
    if plain and target.suffix.lower() != ".txt":
        raise ConfigError(f"--plain: is for a .txt of piano keys, and {target.name} is none. Leave it out.")
    score = read(source)
    if beats:
        from partimento.transcription.notate import notated  # noqa: PLC0415

        score = notated(score)
    if quantize is not None:
        score = on_grid(score, quantize)
    if plain:
        write_whole(target, keys_text_bytes(score, plain=True))
        said = keys_text_losses(score, plain=True)
    else:
        write(score, target)
        said = losses(score, target)
    warnings = [*score.warnings, *said]
    words = [f"{target}: {counted(score.note_count, 'note')}", *(f"  note: {warning}" for warning in warnings)]
    show({"notes": score.note_count, "warnings": warnings}, "\n".join(words), as_json=as_json)
