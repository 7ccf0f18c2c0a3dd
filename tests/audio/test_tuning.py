"""How far out of tune a sound is."""

import numpy as np
import pytest

from partimento.audio.tuning import tuning_cents

RATE = 16_000


def chord(cents, seconds=2.0, keys=(57, 61, 64, 69)):
    time = np.arange(round(seconds * RATE)) / RATE
    waves = [np.sin(2 * np.pi * 440 * 2 ** ((key - 69 + cents / 100) / 12) * n * time) / n for key in keys for n in (1, 2, 3)]
    return (0.1 * np.sum(waves, axis=0)).astype(np.float32)


@pytest.mark.parametrize("cents", [-40, -13, 0, 7, 30, 45])
def test_cents_are_found(cents):
    assert tuning_cents(chord(cents), RATE) == pytest.approx(cents, abs=2)


def test_half_a_semitone_is_either():
    assert abs(tuning_cents(chord(50), RATE)) == pytest.approx(50, abs=2)


@pytest.mark.parametrize("sound", [np.zeros(RATE), np.zeros(0), np.zeros(100), np.random.default_rng(0).normal(0, 0.1, 4 * RATE)])
def test_what_has_no_pitch_is_in_tune(sound):
    assert tuning_cents(sound.astype(np.float32), RATE) == 0
