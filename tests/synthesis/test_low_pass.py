import numpy as np
import pytest

from partimento.synthesis.low_pass import BLOCK_FRAMES, STRETCH_FRAMES, low_passed

RATE = 44_100


def frame_by_frame(sound, corner_cents, resonance_db):
    """The Cookbook's low-pass, its corner set anew for every frame."""
    out = np.zeros(sound.shape)
    quality, loudness = 10 ** ((resonance_db - 3.01) / 20), 10 ** (-resonance_db / 40)
    before = np.zeros((4, len(sound)))  # last two of what goes in, last two of what comes out
    for at, cents in enumerate(corner_cents):
        omega = 2 * np.pi * min(8.176 * 2 ** (cents / 1200), 0.45 * RATE) / RATE
        alpha = np.sin(omega) / (2 * quality)
        summed = sound[:, at] + 2 * before[0] + before[1]
        wet = loudness * (1 - np.cos(omega)) / 2 * summed + 2 * np.cos(omega) * before[2] - (1 - alpha) * before[3]
        out[:, at] = wet / (1 + alpha)
        before = np.array([sound[:, at], before[0], out[:, at], before[2]])
    return out


def noise(stretches, channels=1):
    return np.random.default_rng(1).standard_normal((channels, stretches * STRETCH_FRAMES)).astype(np.float32)


def passed(sound, corners, resonance_db=0.0):
    middles = corners[: sound.shape[1]].reshape(-1, BLOCK_FRAMES).mean(axis=1)
    return low_passed(sound, middles, resonance_db=resonance_db, lowest_cents=float(corners.min()), sample_rate=RATE)


@pytest.mark.parametrize(("cents", "resonance_db"), [(3000, 0), (6000, 0), (6000, 12), (11_000, 30), (13_500, 1)])
def test_a_still_filter_is_that_of_the_cookbook(cents, resonance_db):
    sound = noise(2, channels=2)
    corners = np.full(sound.shape[1], float(cents))
    wanted = frame_by_frame(sound, corners, resonance_db)
    assert np.abs(passed(sound, corners, resonance_db) - wanted).max() < 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("cents_a_second", [300, -20_000])
def test_a_moving_filter_is_nearly_that_which_moves_with_every_frame(cents_a_second):
    sound = noise(2)
    corners = np.clip(9000 + cents_a_second * np.arange(sound.shape[1]) / RATE, 5000, 13_500)
    wanted = frame_by_frame(sound, corners, 2.0)
    assert np.linalg.norm(passed(sound, corners, 2.0) - wanted) < 0.01 * np.linalg.norm(wanted)


def test_a_longer_sound_begins_as_a_shorter_one_does():
    sound = noise(40)
    corners = 8000 - np.minimum(np.arange(sound.shape[1]), 3 * STRETCH_FRAMES) * 0.1
    whole = low_passed(sound, corners.reshape(-1, BLOCK_FRAMES)[:, 0], resonance_db=3.0, lowest_cents=7000.0, sample_rate=RATE)
    for stretches in (1, 3, 33):
        part = sound[:, : stretches * STRETCH_FRAMES]
        corner = corners[: part.shape[1]].reshape(-1, BLOCK_FRAMES)[:, 0]
        short = low_passed(part, corner, resonance_db=3.0, lowest_cents=7000.0, sample_rate=RATE)
        assert np.array_equal(short, whole[:, : part.shape[1]])
