"""A recording's colour, and how it is taken off."""

import numpy as np
import pytest

from partimento.audio.colour import EXPECTED_SECONDS, MOST, SettlingColour, colour_of, corrected, correction, recoloured
from partimento.audio.level import LOOKED_AT_SECONDS

RATE = 50.0
BINS = 300
TILT = np.linspace(-0.3, 0.3, BINS, dtype=np.float32)
"""6 dB less in the lowest bin, 6 more in the highest."""


def music(seconds, seed=0):
    """Spectra of notes of all heights, at about 60 dB."""
    random = np.random.default_rng(seed)
    return (3 + random.normal(0, 0.3, (round(seconds * RATE), 2, BINS))).astype(np.float32)


REFERENCE = colour_of(music(60, seed=9))


def test_a_colour_is_found_and_taken_off_but_for_what_is_expected():
    share = 60 / (60 + EXPECTED_SECONDS)
    curve = correction(music(60) + TILT, REFERENCE, RATE)
    assert curve == pytest.approx(-TILT * share, abs=0.03)
    assert colour_of(corrected(music(60) + TILT, curve)) == pytest.approx(REFERENCE + TILT * (1 - share), abs=0.04)


def test_the_level_stays():
    assert correction(music(60) + 0.5, REFERENCE, RATE) == pytest.approx(np.zeros(BINS), abs=0.03)


def test_of_a_few_seconds_little_is_taken_off_and_never_more_than_ten_decibels():
    short, long = (np.abs(correction(music(seconds) + TILT, REFERENCE, RATE)).max() for seconds in (1, 100))
    assert short < 0.15 < long
    assert np.abs(correction(music(100) + 5 * TILT, REFERENCE, RATE)).max() <= MOST


def test_silence_has_no_colour_and_stays_silent():
    silence = np.zeros((100, 2, BINS), np.float32)
    assert not correction(silence, REFERENCE, RATE).any()
    assert not corrected(silence, TILT).any()
    assert correction(np.concatenate([silence, music(60) + TILT]), REFERENCE, RATE) == pytest.approx(
        correction(music(60) + TILT, REFERENCE, RATE), abs=1e-6
    )


@pytest.mark.parametrize("seconds", [0.5, LOOKED_AT_SECONDS - 1, LOOKED_AT_SECONDS + 10])
def test_pieces_of_any_size_are_recoloured_alike(seconds):
    sound = music(seconds) + TILT
    whole = np.concatenate(list(recoloured([sound], REFERENCE, RATE)))
    pieces = np.concatenate(list(recoloured(np.array_split(sound, 7), REFERENCE, RATE)))
    assert whole.shape == sound.shape and np.array_equal(whole, pieces)
    decided = correction(sound[: round(LOOKED_AT_SECONDS * RATE)], REFERENCE, RATE)
    assert np.array_equal(whole, corrected(sound, decided))
    assert list(recoloured([], REFERENCE, RATE)) == []


def test_a_colour_settles_while_music_is_played():
    sound = music(LOOKED_AT_SECONDS + 20) + TILT
    settling = SettlingColour(REFERENCE, RATE)
    live = np.concatenate([settling.push(block) for block in np.array_split(sound, 1_000)])
    offline = np.concatenate(list(recoloured([sound], REFERENCE, RATE)))
    assert np.array_equal(live[:20], sound[:20])
    assert np.abs(live[1_500:1_600] - offline[1_500:1_600]).max() < 0.12  # after half a minute
    assert np.abs(live[-100:] - offline[-100:]).max() < 0.01
