"""`partimento transcribe`: a recording of a piano into its notes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from partimento.cli.output import show

PERFORMANCES = (".mid", ".midi", ".csv")
"""What holds the notes as they were played; everything else that can be written holds a score in bars."""

SCORES = (".musicxml", ".xml", ".mxl", ".abc")


def transcribe(
    audio: Path,
    out: Path,
    /,
    *,
    model: str = "piano-ears",
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Write down a recording of a piano.

    Args:
        audio: A .wav, .flac, .mp3 or .ogg file of any length, rate and number of channels.
        out: A .mid or .csv file: the notes as they were played, with touch and pedal. Or a .musicxml, .mxl or .abc file: a score in bars.
        model: A shipped ear, or the folder of one that `partimento train --model ears` made.
        as_json: Print one JSON object.
    """
    import numpy as np  # noqa: PLC0415  # --help must not load it

    from partimento.errors import WriteError, nearest  # noqa: PLC0415
    from partimento.files import write  # noqa: PLC0415
    from partimento.files.recording import open_recording  # noqa: PLC0415
    from partimento.transcription.notate import notated  # noqa: PLC0415
    from partimento.transcription.transcriber import load_transcriber  # noqa: PLC0415

    suffix = out.suffix.lower()
    if suffix not in (*PERFORMANCES, *SCORES):
        raise WriteError(f"{out.name}: '{out.suffix}' is no format that can be written here{nearest(suffix, (*PERFORMANCES, *SCORES))}")
    ear = load_transcriber(model)
    began = time.perf_counter()
    with open_recording(audio, sample_rate=ear.sample_rate) as recording:
        score, seconds = ear.listen(recording), recording.seconds
    if suffix in SCORES and score.note_count:
        score = notated(score)
    factor = seconds / max(time.perf_counter() - began, 1e-9)
    write(score, out)
    beats = float(np.median([tempo.bpm for tempo in score.tempos])) if score.tempos else 120.0
    fields = {
        "notes": score.note_count,
        "seconds": round(seconds, 3),
        "real_time_factor": round(factor, 1),
        "tempo": round(beats, 1),
        "warnings": list(score.warnings),
    }
    words = f"{out}: {score.note_count} notes in {seconds:.1f} s of sound, heard {factor:.0f} times faster than they were played"
    show(fields, "\n".join([words, *(f"  note: {warning}" for warning in score.warnings)]), as_json=as_json)
