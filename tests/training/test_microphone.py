"""A sound as it may have been recorded."""

import numpy as np

from partimento.training.microphone import LEVEL_DB, recorded

RATE = 16_000


def clean(seconds=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.2 * np.sin(2 * np.pi * 440 * time) * np.exp(-time)).astype(np.float32)


def test_what_is_recorded_is_as_long_and_about_as_loud_and_the_same_for_the_same_chance():
    levels = []
    sound = clean()
    was = 20 * np.log10(np.sqrt(np.mean(sound.astype(float) ** 2)))
    for seed in range(40):
        heard = recorded(clean(), np.random.default_rng(seed), RATE)
        assert heard.shape == (RATE,) and heard.dtype == np.float32 and np.isfinite(heard).all()
        levels.append(20 * np.log10(np.sqrt(np.mean(heard.astype(float) ** 2))) - was)
        assert np.array_equal(heard, recorded(clean(), np.random.default_rng(seed), RATE))
    assert abs(np.median(levels)) < 2 and LEVEL_DB / 2 < np.std(levels) < 2 * LEVEL_DB


def test_no_two_recordings_are_alike_and_a_note_stays_where_it_is():
    spectra = []
    for seed in range(12):
        heard = recorded(clean(), np.random.default_rng(seed), RATE)
        spectra.append(np.abs(np.fft.rfft(heard * np.hanning(RATE))))
        low = spectra[-1][20:2000]
        assert abs(int(low.argmax()) + 20 - 440) <= 2 or low[420] > 0.1 * low.max()
    shapes = np.array([spectrum / spectrum.sum() for spectrum in spectra])
    assert np.abs(shapes[:, None] - shapes[None]).sum(axis=2)[~np.eye(12, dtype=bool)].min() > 0.01


def test_silence_is_no_division_by_nothing():
    assert np.isfinite(recorded(np.zeros(RATE, np.float32), np.random.default_rng(0), RATE)).all()
