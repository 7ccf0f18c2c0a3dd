"""A score to sound in one call."""

from __future__ import annotations

import os

from partimento.audio.waveform import Waveform
from partimento.score import Score
from partimento.synthesis.soundfont import SoundfontSynthesizer


def render(
    score: Score, *, soundfont: str | os.PathLike[str] | None = None, program: int | None = None, sample_rate: int = 44_100
) -> Waveform:
    """Return the sound of a score; see `SoundfontSynthesizer` for the arguments and errors."""
    return SoundfontSynthesizer(soundfont, program=program, sample_rate=sample_rate).render(score)
