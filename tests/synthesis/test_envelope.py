import numpy as np
import pytest

from partimento.synthesis.bank import Zone
from partimento.synthesis.envelope import SILENT_DB, falling, loudness, modulation, seconds_of


def zone(settings):
    return Zone((0, 127), (0, 127), 0, settings)


def test_a_fall_is_straight_in_decibels():
    line = 20 * np.log10(falling(3000, 0.5, 0.01))
    assert np.allclose(line, 20 * np.log10(0.5) - 0.01 * np.arange(3000), atol=1e-4)


def test_timecents():
    assert [seconds_of(cents) for cents in (-12_000, 0, 1200, 99_999)] == [0, 1, 2, 2 ** (8000 / 1200)]


def test_loudness_rises_holds_falls_and_stays():
    """A tenth of a second late, a fifth to rise, two fifths held, then 40 dB down at 100 dB a second."""
    cents = {33: 0.1, 34: 0.2, 35: 0.4, 36: 1.0}
    gain = loudness(zone({at: 1200 * np.log2(value) for at, value in cents.items()} | {37: 400}), 60, sample_rate=1000, frames=2000)
    assert gain[[50, 200, 350, 650]].tolist() == pytest.approx([0, 0.5, 1, 1], abs=1e-5)
    assert 20 * np.log10(gain[[800, 1000, 1200, 1900]]) == pytest.approx([-10, -30, -40, -40], abs=0.05)


def test_a_tone_that_dies_away_ends_there():
    gain = loudness(zone({36: 0, 37: 1000}), 60, sample_rate=1000, frames=5000)
    assert gain.size == pytest.approx(SILENT_DB * 10, abs=2)
    assert 20 * np.log10(gain[-1]) == pytest.approx(-SILENT_DB, abs=0.2)


def test_what_moves_the_filter_is_there_at_once_or_rises():
    time = np.array([0.0, 0.25, 0.5, 1.0])
    assert modulation(zone({29: 0}), 60, time).tolist() == [1, 1, 1, 1]
    assert modulation(zone({26: 0, 29: 0}), 60, time).tolist() == [0, 0.25, 0.5, 1]
    assert modulation(zone({28: 0, 29: 500}), 60, time).tolist() == [1, 0.75, 0.5, 0.5]
