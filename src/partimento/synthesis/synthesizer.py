"""What every synthesizer can do, and what those can that play long scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from partimento.audio import Waveform
from partimento.audio.waveform import Samples
from partimento.score import Score

TAIL_SECONDS = 2.0
"""What follows the end of the last note: releases and the room fade within it."""


class Synthesizer(Protocol):
    """Something that plays scores."""

    def render(self, score: Score) -> Waveform:
        """Return the sound of a score with at least one note.

        Raises:
            AudioError: When the score has no notes, or lasts longer than can be held.
        """
        ...


@runtime_checkable
class Streaming(Protocol):
    """A synthesizer whose sound need not be in memory as a whole.

    Attributes:
        sample_rate: Frames per second (Hz).
        peak_db: Where `render` puts the peak, dBFS; None where levels are kept, and only brought down to full scale.
    """

    sample_rate: int
    peak_db: float | None

    def blocks(self, score: Score) -> Iterator[Samples]:
        """Yield the sound of a score, not yet at its level, each of shape (channels, frames).

        Raises:
            AudioError: When the score has no notes that can be played, or lasts longer than anything can be meant to.
        """
        ...

    def left_out(self, score: Score) -> list[str]:
        """Return what of a score cannot be played, in words; nothing where all can."""
        ...
