"""What every synthesizer can do."""

from __future__ import annotations

from typing import Protocol

from partimento.audio import Waveform
from partimento.score import Score


class Synthesizer(Protocol):
    """Something that plays scores."""

    def render(self, score: Score) -> Waveform:
        """Return the sound of a score with at least one note.

        Raises:
            AudioError: When the score has no notes, or lasts longer than can be held.
        """
        ...
