import numpy as np
import pytest

from partimento.synthesis.instrument import Sounding, Voice
from partimento.synthesis.low_pass import STRETCH_FRAMES
from partimento.synthesis.mixing import MixingDesk, Strike
from partimento.synthesis.tone import Tone


def steady(*levels, stretches=10):
    samples = np.repeat(np.array(levels, np.float32)[:, None], stretches * STRETCH_FRAMES, axis=1)
    return Tone(samples, np.full(stretches, max(levels), np.float32))


def sounding(left, right):
    return Sounding(Voice(60, (), ()), left, right)


def test_strikes_add_up_on_their_sides():
    mix = np.zeros((2, 9000), np.float32)
    desk, fade = MixingDesk(), np.linspace(1, 0, 100, endpoint=False, dtype=np.float32)
    both = [(steady(0.5, 0.25), sounding((1.0, 0.0), (0.0, 1.0))), (steady(0.125), sounding((1.0,), (0.5,)))]
    desk.add(mix, Strike(1000, 5000, 1.0, 0.5), both, fade)
    desk.add(mix, Strike(2000, 1000, 0.0, 1.0), both[1:], fade)
    heard = np.array([[0, 0], [0.625, 0.15625], [0.625, 0.21875], [0.625, 0.15625]])
    assert np.allclose(mix[:, [999, 1000, 2500, 5999]].T, heard)
    assert mix[0, 6000:6101] == pytest.approx(np.append(0.625 * fade, 0))
    assert not mix[:, 6100:].any()


def test_a_strike_ends_where_it_is_no_longer_heard():
    """81 dB down after three stretches, though its key is held for ten; and in the release likewise."""
    samples = np.ones((1, 10 * STRETCH_FRAMES), np.float32)
    samples[:, 3 * STRETCH_FRAMES :] = 10 ** (-81 / 20)
    peaks = samples[0, ::STRETCH_FRAMES].copy()
    for held, fade in ((10 * STRETCH_FRAMES, np.ones(1, np.float32)), (STRETCH_FRAMES, np.ones(9 * STRETCH_FRAMES, np.float32))):
        mix = np.zeros((2, 10 * STRETCH_FRAMES), np.float32)
        MixingDesk().add(mix, Strike(0, held, 1.0, 1.0), [(Tone(samples, peaks), sounding((1.0,), (1.0,)))], fade)
        assert mix[:, 3 * STRETCH_FRAMES - 1].all()
        assert not mix[:, 3 * STRETCH_FRAMES :].any()


def test_silence_and_a_strike_beyond_the_end_add_nothing():
    mix = np.zeros((2, 100), np.float32)
    for tone, start in ((steady(0.0), 0), (steady(1.0), 100)):
        MixingDesk().add(mix, Strike(start, 50, 1.0, 1.0), [(tone, sounding((1.0,), (1.0,)))], np.ones(10, np.float32))
    assert not mix.any()
