"""A score that sounds like a recording: its tuning, its loudness, never clipped."""

import numpy as np
import pytest

from partimento.audio import Waveform
from partimento.audio.level import gated_level_db
from partimento.audio.tuning import tuning_cents
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds
from partimento.synthesis.likeness import Likeness

RATE = 16_000
SCORE = Score(500, (Track([0, 1000], [1000, 1000], [69, 73], [80, 80]),))


class Sines:
    """Plays every note as a sine, as loud as it is told."""

    def __init__(self, amplitude):
        self.amplitude = amplitude

    def render(self, score):
        sound = np.zeros(round(duration_seconds(score) * RATE), np.float32)
        scale = duration_seconds(score) / 2
        for start, key in ((0, 69), (1, 73)):
            time = np.arange(round(scale * RATE)) / RATE
            begin = round(start * scale * RATE)
            sound[begin : begin + len(time)] = (
                self.amplitude * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * time)[: len(sound) - begin]
            )
        return Waveform(sound[None], RATE)


@pytest.mark.parametrize("cents", [0.0, -30.0, 22.0])
@pytest.mark.parametrize("level", [-40.0, -12.0])
def test_it_is_tuned_and_as_loud(cents, level):
    sound = Likeness(cents, level).rendered(SCORE, Sines(0.1))
    samples = sound.samples[0]
    assert tuning_cents(samples, RATE) == pytest.approx(cents, abs=2)
    assert gated_level_db(samples, RATE) == pytest.approx(level, abs=0.2)
    assert sound.seconds == pytest.approx(2, abs=0.01)  # tuned by playing it faster or slower, and yet in time


def test_it_is_never_clipped_and_silence_stays_silent():
    assert Likeness(0, 3.0).rendered(SCORE, Sines(0.1)).peak == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    assert not Likeness(0, -20.0).rendered(SCORE, Sines(0.0)).peak
    assert Likeness(0, -90.0).rendered(SCORE, Sines(0.1)).peak == pytest.approx(0.1, abs=1e-3)


def test_it_is_taken_from_a_recording():
    sound = Sines(0.2).render(SCORE).samples[0]
    found = Likeness.of(sound, RATE)
    assert found.cents == pytest.approx(0, abs=2) and found.level_db == pytest.approx(-17, abs=0.2)
