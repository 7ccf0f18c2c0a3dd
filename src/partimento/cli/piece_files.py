"""One piece's files: everything a person may want to hear, see or edit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from partimento.audio.waveform import Waveform
from partimento.files.dispatch import write
from partimento.files.whole import make_folder, write_whole
from partimento.score import Score

if TYPE_CHECKING:
    from partimento.files.page import EmbeddedSound


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
    with ThreadPoolExecutor(1) as pool:  # the page's sound takes longest, and is made while the rest is written
        embedded = pool.submit(_embedded, sound, score) if sound is not None and "html" in formats else None
        made = {}
        for kind in sorted(formats, key=lambda kind: kind == "html"):
            data = embedded.result() if kind == "html" and embedded is not None else None
            made[kind] = _write(score, folder / f"{stem}.{kind}", sound, data)
    return {kind: made[kind] for kind in formats}


def _write(score: Score, target: Path, sound: Waveform | None, embedded: EmbeddedSound | None) -> Path:
    """Write one file; each format's library is loaded when it is asked for."""
    kind = target.suffix[1:]
    if kind == "wav" and sound is not None:
        from partimento.files.sound import sound_bytes, sound_tags  # noqa: PLC0415

        return write_whole(target, sound_bytes(sound, ".wav", metadata=sound_tags(score)))
    if kind == "png":
        from partimento.files.page import is_notated  # noqa: PLC0415
        from partimento.files.png import png_bytes  # noqa: PLC0415

        return write_whole(target, png_bytes(score, kind="score" if is_notated(score) and find_spec("verovio") else "roll"))
    if kind == "html":
        from partimento.files.page import page_bytes  # noqa: PLC0415

        return write_whole(target, page_bytes(score, sound=embedded))
    return write(score, target)


def _embedded(sound: Waveform, score: Score) -> EmbeddedSound:
    """The sound of the page."""
    from partimento.files.page import embedded_sound  # noqa: PLC0415

    return embedded_sound(sound, score)


def _sound(score: Score) -> Waveform:
    """The piece as sound."""
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415

    return SoundfontSynthesizer().render(score)
