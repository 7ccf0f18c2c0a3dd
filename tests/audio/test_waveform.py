import math

import numpy as np
import pytest

from partimento.audio import Waveform
from partimento.errors import AudioError


def sine(amplitude=1.0, hz=441.0, seconds=0.5, rate=44_100):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_shape_length_and_level():
    wave = Waveform(np.stack([sine(0.5), sine(0.25)]), 44_100)
    assert (wave.channels, wave.frames, wave.seconds) == (2, 22_050, 0.5)
    assert wave.samples.dtype == np.float32
    assert wave.peak == pytest.approx(0.5, abs=1e-3)
    assert wave.loudness_db == pytest.approx(10 * math.log10((0.5**2 + 0.25**2) / 4), abs=0.01)


def test_a_full_scale_sine_has_minus_three_decibels():
    assert Waveform(sine()).loudness_db == pytest.approx(-3.01, abs=0.01)


def test_silence_and_emptiness():
    assert Waveform(np.zeros(10)).loudness_db == -math.inf
    assert Waveform(np.zeros((2, 0))).peak == 0
    assert Waveform(np.zeros((2, 0))).loudness_db == -math.inf
    assert Waveform(np.zeros(10)).normalised().peak == 0


def test_it_is_a_value():
    samples = sine(0.5)
    wave = Waveform(samples)
    samples[:] = 0
    assert wave.peak > 0.49
    with pytest.raises(ValueError, match="read-only"):
        wave.samples[0, 0] = 1


def test_a_view_does_not_change_under_it_either():
    samples = sine(0.5)[None]
    wave = Waveform(samples[:, :100])
    samples[:] = 0
    assert wave.peak > 0.4


def test_mono_is_the_mean():
    wave = Waveform(np.stack([sine(0.5), -sine(0.25)])).to_mono()
    assert wave.channels == 1
    assert np.allclose(wave.samples[0], sine(0.125), atol=1e-6)
    assert wave.to_mono() is wave


@pytest.mark.parametrize("peak_db", [-1.0, 0.0, -20.0])
def test_levelling_puts_the_peak_where_asked(peak_db):
    wave = Waveform.levelled(sine(37.0), 44_100, peak_db=peak_db)
    assert 20 * math.log10(wave.peak) == pytest.approx(peak_db, abs=1e-4)
    assert 20 * math.log10(Waveform(sine(0.01)).normalised(peak_db).peak) == pytest.approx(peak_db, abs=1e-4)


def test_rounding_above_full_scale_is_forgiven():
    assert Waveform(np.array([1.000001, -1.000001])).peak == 1


def test_other_floats_become_float32():
    assert Waveform(np.zeros(4, np.float64)).samples.dtype == np.float32


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.array([0, 1, 2], np.int16), 44_100, "int16, expected floating point. Divide"),
        (np.zeros((2, 3, 4)), 44_100, r"shape \(2, 3, 4\), expected \(channels, frames\)"),
        (np.zeros((44_100, 2)), 44_100, "Transpose"),
        (np.zeros((0, 5)), 44_100, "shape"),
        (np.array([0.0, np.nan]), 44_100, "not a finite number"),
        (np.array([0.0, np.inf]), 44_100, "not a finite number"),
        (np.array([0.0, 1e300]), 44_100, "not a finite number"),
        (np.array([0.0, -1.5]), 44_100, "peak is 1.5, expected at most 1"),
        (np.zeros(3), 0, "sample rate of 0 Hz"),
        (np.zeros(3), 44_100.5, "sample rate of 44100.5 Hz"),
        (np.zeros(3), 10**9, "sample rate"),
    ],
)
def test_what_is_no_waveform(samples, rate, message):
    with pytest.raises(AudioError, match=message):
        Waveform(samples, rate)


def test_a_peak_above_full_scale_cannot_be_asked():
    with pytest.raises(AudioError, match="peak of 3 dBFS, expected 0 or less"):
        Waveform.levelled(sine(), 44_100, peak_db=3)
    with pytest.raises(AudioError, match="peak of nan dBFS"):
        Waveform(sine()).normalised(float("nan"))
