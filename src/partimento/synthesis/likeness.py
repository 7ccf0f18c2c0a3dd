"""A score played as a recording sounds: in its tuning, and as loud as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.audio.level import SILENT_DB, gated_level_db
from partimento.audio.resample import resampled
from partimento.audio.tuning import tuning_cents
from partimento.audio.waveform import PEAK_DB, Waveform
from partimento.score import Score
from partimento.score.tempo import stretch
from partimento.synthesis.synthesizer import Synthesizer


@dataclass(frozen=True)
class Likeness:
    """What of a recording another sound is given.

    Attributes:
        cents: By how much it lies above A4 at 440 Hz.
        level_db: How loud it is, what is silent in it left out; dB of full scale.
    """

    cents: float
    level_db: float

    @classmethod
    def of(cls, samples: NDArray[np.float32], sample_rate: int) -> Likeness:
        """Return that of a recording, mono, shape (frames,)."""
        return cls(tuning_cents(samples, sample_rate), gated_level_db(samples, sample_rate))

    def rendered(self, score: Score, player: Synthesizer) -> Waveform:
        """Return the sound of a score, tuned by playing it as much slower as it is then played faster, and never clipped.

        Raises:
            AudioError: See `Synthesizer.render`.
        """
        ratio = 2 ** (self.cents / 1200)
        sound = player.render(stretch(score, ratio))
        if self.cents:
            sound = resampled(Waveform(sound.samples, round(sound.sample_rate * ratio)), sound.sample_rate)
        level = gated_level_db(sound.to_mono().samples[0], sound.sample_rate)
        if min(level, self.level_db) <= SILENT_DB or not sound.peak:
            return sound
        gain = min(10 ** ((self.level_db - level) / 20), 10 ** (PEAK_DB / 20) / sound.peak)
        return Waveform(sound.samples * np.float32(gain), sound.sample_rate)
