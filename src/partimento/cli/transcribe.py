"""`partimento transcribe`: a recording of a piano into its notes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from partimento.cli.output import show


def transcribe(
    audio: Path,
    out: Path,
    /,
    *,
    model: str,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Write down a recording of a piano.

    Args:
        audio: A .wav, .flac, .mp3 or .ogg file of any length, rate and number of channels.
        out: A .mid or .csv file: the notes as they were played, with touch and pedal.
        model: An ear: the folder of a bundle, as `partimento train --model ears` makes it.
        as_json: Print one JSON object.
    """
    from partimento.errors import WriteError, nearest  # noqa: PLC0415  # --help must not load numpy
    from partimento.files import write  # noqa: PLC0415
    from partimento.files.recording import open_recording  # noqa: PLC0415
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415

    if out.suffix.lower() not in PERFORMANCES:
        raise WriteError(f"{out.name}: '{out.suffix}' is no format for a performance{nearest(out.suffix.lower(), PERFORMANCES)}")
    ear = load_transcriber(model)
    began = time.perf_counter()
    with open_recording(audio, sample_rate=ear.sample_rate) as recording:
        score = ear.transcribe(recording.blocks(ear.sample_rate * BLOCK_SECONDS))
        seconds, warnings = recording.seconds, list(recording.warnings)
    factor = seconds / max(time.perf_counter() - began, 1e-9)
    if not score.note_count:
        warnings.append(f"{audio.name}: no notes of a piano were heard.")
    write(score, out)
    fields = {
        "notes": score.note_count,
        "seconds": round(seconds, 3),
        "real_time_factor": round(factor, 1),
        "tempo": 120.0,
        "warnings": warnings,
    }
    words = f"{out}: {score.note_count} notes in {seconds:.1f} s of sound, heard {factor:.0f} times faster than they were played"
    show(fields, "\n".join([words, *(f"  note: {warning}" for warning in warnings)]), as_json=as_json)


PERFORMANCES = (".mid", ".midi", ".csv")
BLOCK_SECONDS = 10
