"""Pianos drawn by chance sound like pianos."""

import numpy as np
import pytest

from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.note_bank import KEYS
from partimento.synthesis.strings import VELOCITIES, _Piano, string_bank

RATE = 10_000


def piano(seed=0):
    return _Piano(np.random.default_rng(seed))


def level(sound):
    return float(np.sqrt(np.mean(np.square(sound, dtype=float))))


def centre(sound):
    """The middle of the spectrum's amplitudes, Hz."""
    spectrum = np.abs(np.fft.rfft(sound))
    return float((np.fft.rfftfreq(len(sound), 1 / RATE) * spectrum).sum() / spectrum.sum())


@pytest.mark.parametrize("key", [33, 57, 69, 81, 93])
@pytest.mark.parametrize("seed", range(3))
def test_a_key_has_its_pitch_and_dies_away(key, seed):
    layers = piano(seed).key(key, RATE)
    assert [velocity for velocity, _ in layers] == list(VELOCITIES)
    sound = layers[2][1]
    assert np.isfinite(sound).all() and sound.dtype == np.float32
    hz = 440 * 2 ** ((key - 69) / 12)
    begun = sound[RATE // 10 : RATE // 10 + RATE // 2]
    spectrum = np.abs(np.fft.rfft(begun * np.hanning(len(begun)), 4 * RATE)) ** 2
    bins = np.fft.rfftfreq(4 * RATE, 1 / RATE)
    near = sum(spectrum[np.abs(bins - hz * partial) < 6 + 0.02 * hz * partial].sum() for partial in range(1, 12))
    assert near > 0.9 * spectrum[bins > 20].sum()
    assert level(sound[-RATE // 10 :]) < level(begun) / 4


def test_who_strikes_harder_is_louder_and_brighter_and_high_keys_are_softer():
    layers = piano().key(60, RATE)
    levels = [level(sound[: RATE // 2]) for _, sound in layers]
    assert levels == sorted(levels) and levels[3] / levels[0] > 4
    assert centre(layers[3][1][: RATE // 2]) > centre(layers[0][1][: RATE // 2])
    assert level(piano().key(84, RATE)[2][1][: RATE // 2]) < levels[2]


def test_the_same_seed_is_the_same_piano_and_another_is_another():
    one, same, other = (piano(seed).key(50, RATE)[1][1] for seed in (1, 1, 2))
    assert np.array_equal(one, same) and (len(one) != len(other) or not np.allclose(one, other))


def test_a_whole_piano_can_be_played():
    bank = string_bank(np.random.default_rng(3), RATE)
    chord = TimedNotes(np.zeros(4), np.full(4, 0.5), np.array([21, 60, 67, 108]), np.array([80, 80, 80, 80]))
    sound = bank.play(chord, 1.0)
    assert sound.shape == (RATE,) and 0.001 < level(sound) < 1
    assert len(bank._sounds) == KEYS
