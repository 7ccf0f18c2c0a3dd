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

    What is played and not written, its notes on no grid, stands in bars in ``abc``, ``musicxml`` and on the page's staves: its beats
    are tracked (see `transcription.notate`).

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
    written = _written(score) if {"abc", "musicxml", "html"} & set(formats) else score
    with ThreadPoolExecutor(1) as pool:  # the page's sound takes longest, and is made while the rest is written
        embedded = pool.submit(_embedded, sound, score) if sound is not None and "html" in formats else None
        made = {}
        for kind in sorted(formats, key=lambda kind: kind == "html"):
            target = folder / f"{stem}.{kind}"
            if kind == "html":
                made[kind] = _page(score, written, target, embedded.result() if embedded is not None else None)
            else:
                made[kind] = _write(written if kind in ("abc", "musicxml") else score, target, sound)
    return {kind: made[kind] for kind in formats}


def _written(score: Score) -> Score:
    """The piece in bars: as it is, or where it was played as its beats and hands are heard."""
    from partimento.score.notation import is_notated  # noqa: PLC0415
    from partimento.transcription.notate import notated  # noqa: PLC0415

    if is_notated(score) or not any(len(track) for track in score.tracks if not track.is_drum):
        return score
    return notated(score)


def _page(score: Score, written: Score, target: Path, embedded: EmbeddedSound | None) -> Path:
    """Write the page."""
    from partimento.files.page import page_bytes  # noqa: PLC0415

    return write_whole(target, page_bytes(score, sound=embedded, written=written))


def _write(score: Score, target: Path, sound: Waveform | None) -> Path:
    """Write one file; each format's library is loaded when it is asked for."""
    kind = target.suffix[1:]
    if kind == "wav" and sound is not None:
        from partimento.files.sound import sound_bytes, sound_tags  # noqa: PLC0415

        return write_whole(target, sound_bytes(sound, ".wav", metadata=sound_tags(score)))
    if kind == "png":
        from partimento.files.png import png_bytes  # noqa: PLC0415
        from partimento.score.notation import is_notated  # noqa: PLC0415

        return write_whole(target, png_bytes(score, kind="score" if is_notated(score) and find_spec("verovio") else "roll"))
    return write(score, target)


def _embedded(sound: Waveform, score: Score) -> EmbeddedSound:
    """The sound of the page."""
    from partimento.files.page import embedded_sound  # noqa: PLC0415

    return embedded_sound(sound, score)


def _sound(score: Score) -> Waveform:
    """The piece as sound."""
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415

    return SoundfontSynthesizer().render(score)
