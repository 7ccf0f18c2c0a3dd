"""`partimento render`: a score into sound."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from partimento.cli.output import show

SOUNDS = (".wav", ".flac", ".mp3", ".ogg")


def render(  # one parameter an option
    score: Path,
    out: Path,
    /,
    *,
    voice: Literal["soundfont"] = "soundfont",
    soundfont: Path | None = None,
    program: int | None = None,
    rate: int = 44_100,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Turn a score into sound.

    Args:
        score: A score file of any kind that `convert` reads.
        out: A .wav, .flac, .mp3 or .ogg file.
        voice: What plays: the recorded instruments of a SoundFont.
        soundfont: An .sf2 or .sf3 file; an installed one where not given.
        program: General MIDI instrument for all tracks, 0 (grand piano) to 127.
        rate: Frames per second.
        as_json: Print one JSON object.
    """
    from partimento.errors import WriteError, nearest  # noqa: PLC0415  # --help must not load numpy
    from partimento.files import read  # noqa: PLC0415
    from partimento.files.sound import sound_bytes, sound_tags  # noqa: PLC0415
    from partimento.files.whole import write_whole  # noqa: PLC0415
    from partimento.synthesis.render import render as play  # noqa: PLC0415

    if out.suffix.lower() not in SOUNDS:
        raise WriteError(f"{out.name}: '{out.suffix}' is no kind of sound that can be written{nearest(out.suffix, SOUNDS)}")
    piece = read(score)
    began = time.perf_counter()
    sound = play(piece, soundfont=soundfont, program=program, sample_rate=rate)
    factor = sound.seconds / max(time.perf_counter() - began, 1e-9)
    write_whole(out, sound_bytes(sound, out.suffix.lower(), metadata=sound_tags(piece)))
    fields = {
        "voice": voice,
        "seconds": round(sound.seconds, 3),
        "real_time_factor": round(factor, 1),
        "peak": round(sound.peak, 4),
        "warnings": list(piece.warnings),
    }
    words = f"{out}: {sound.seconds:.1f} s of sound, made {factor:.0f} times faster than it plays"
    show(fields, "\n".join([words, *(f"  note: {warning}" for warning in piece.warnings)]), as_json=as_json)
