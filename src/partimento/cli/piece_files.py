"""One piece's files: everything a person may want to hear, see or edit."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from partimento.audio.waveform import Waveform
from partimento.files.dispatch import write
from partimento.files.whole import make_folder, write_whole
from partimento.score import Score


def write_piece(score: Score, folder: Path, stem: str, formats: Sequence[str]) -> dict[str, Path]:
    """Write `score` in each of `formats` as ``folder/stem.format``; each file appears whole or not at all.

    Args:
        score: The piece.
        folder: Made where missing.
        stem: File name without suffix.
        formats: Of ``mid``, ``abc``, ``musicxml``, ``wav``, ``png``, ``html``.

    Returns:
        Format -> file.

    Raises:
        WriteError: When the disk is full or the folder may not be written; files already written stay.
    """
    make_folder(folder)
    sound = _sound(score) if {"wav", "html"} & set(formats) else None
    made = {}
    for kind in formats:
        target = folder / f"{stem}.{kind}"
        if kind == "wav" and sound is not None:
            from partimento.files.sound import sound_bytes, sound_tags  # noqa: PLC0415  # each format's library on demand

            made[kind] = write_whole(target, sound_bytes(sound, ".wav", metadata=sound_tags(score)))
        elif kind == "png":
            from partimento.files.page import is_notated  # noqa: PLC0415
            from partimento.files.png import png_bytes  # noqa: PLC0415

            made[kind] = write_whole(target, png_bytes(score, kind="score" if is_notated(score) and find_spec("verovio") else "roll"))
        elif kind == "html":
            from partimento.files.page import page_bytes  # noqa: PLC0415

            made[kind] = write_whole(target, page_bytes(score, sound=sound))
        else:
            made[kind] = write(score, target)
    return made


def _sound(score: Score) -> Waveform:
    """The piece as sound."""
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415

    return SoundfontSynthesizer().render(score)
