"""A piano in outline: its notes lie where strings do, louder where they are struck harder, and die away."""

import numpy as np
import pytest

from partimento.models.ear_heads import KEYS
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.sketch import sketch_bank

RATE = 16_000


@pytest.fixture(scope="module")
def bank():
    pitch = 27.5 * 2 ** (np.arange(KEYS)[:, None] / 12)
    return sketch_bank((pitch * np.arange(1, 9)).astype(np.float32), RATE)


def played(bank, key, velocity, seconds=2.0, start=0.0):
    return bank.play(TimedNotes(np.array([start]), np.array([100.0]), np.array([key]), np.array([velocity])), seconds)


def test_a_note_lies_on_its_strings_partials(bank):
    sound = played(bank, 69, 80, 1.0)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(RATE)))
    assert int(spectrum.argmax()) == 440  # a bin a hertz
    assert spectrum[880] > 30 * spectrum[1100]


def test_it_is_louder_where_it_is_struck_harder_and_dies_away(bank):
    soft, loud = (played(bank, 60, velocity) for velocity in (30, 110))
    assert np.abs(loud).max() > 4 * np.abs(soft).max()
    assert np.abs(loud[-RATE // 4 :]).max() < np.abs(loud[: RATE // 4]).max() / 2


def test_it_can_begin_in_the_middle(bank):
    assert played(bank, 50, 70, 1.0, start=-0.5) == pytest.approx(played(bank, 50, 70, 1.5)[RATE // 2 :], abs=1e-6)
