import numpy as np
import pytest

from partimento.audio import Waveform, resampled
from partimento.audio.resample import Resampler
from partimento.errors import AudioError

RATES = [(8_000, 16_000), (11_025, 16_000), (22_050, 16_000), (44_100, 16_000), (48_000, 16_000), (96_000, 16_000), (16_000, 44_100)]


def sine(hz, rate, seconds=0.52, amplitude=0.5, phase=0.3):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate + phase)).astype(np.float32)


def inner(samples):
    """Without the ends, where a sound that begins at once has no past to be filtered with."""
    return samples[samples.size // 5 : -samples.size // 5]


def rms_db(samples):
    return 20 * np.log10(np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-20)


@pytest.mark.parametrize(("old", "new"), RATES)
@pytest.mark.parametrize("hz", [60.0, 1000.0, 3500.0])
def test_a_sine_stays_the_same_sine_in_the_same_place(old, new, hz):
    found = resampled(Waveform(sine(hz, old), old), new).samples[0]
    wanted = sine(hz, new)
    assert found.size == wanted.size
    assert rms_db(inner(found - wanted)) - rms_db(inner(wanted)) < -90


@pytest.mark.parametrize(("old", "new"), [(22_050, 16_000), (44_100, 16_000), (48_000, 16_000), (96_000, 16_000), (192_000, 44_100)])
@pytest.mark.parametrize("above", [1.02, 1.2, 1.35])
def test_what_the_new_rate_cannot_hold_is_gone(old, new, above):
    hz = above * new / 2
    assert hz < old / 2
    assert rms_db(inner(resampled(Waveform(sine(hz, old), old), new).samples[0])) - rms_db(sine(hz, old)) < -90


@pytest.mark.parametrize(("old", "new"), [*RATES, (44_101, 16_000), (768_000, 16_000), (1_000, 48_000)])
def test_a_click_stays_where_it_is(old, new):
    clicks = np.zeros(old, np.float32)
    clicks[old // 4] = clicks[3 * old // 4] = 0.9
    found = np.abs(resampled(Waveform(clicks, old), new).samples[0])
    half = found.size // 2
    for peak, at in ((int(np.argmax(found[:half])), old // 4), (half + int(np.argmax(found[half:])), 3 * old // 4)):
        assert abs(peak - at * new / old) < max(1, new / old / 2)


@pytest.mark.parametrize("frames", [1, 2, 3, 160, 441, 1001, 1680])
def test_the_length_is_that_of_the_time(frames):
    for old, new in [(44_100, 16_000), (48_000, 44_100), (8_000, 16_000), (767_999, 1_000), (1_000, 768_000), (16_000, 16_000)]:
        assert resampled(Waveform(np.full(frames, 0.1), old), new).frames == int(frames * new / old + 0.5), (old, new)


def test_no_sound_stays_none():
    found = resampled(Waveform(np.zeros((2, 0)), 44_100), 16_000)
    assert (found.channels, found.frames, found.sample_rate) == (2, 0, 16_000)


@pytest.mark.parametrize("block", [1, 7, 500, 4096])
def test_blocks_give_what_the_whole_gives(block):
    sound = np.random.default_rng(3).uniform(-0.5, 0.5, (2, 6000)).astype(np.float32)
    stream = Resampler(44_100, 16_000, channels=2)
    parts = [stream.push(sound[:, at : at + block]) for at in range(0, 6000, block)]
    whole = resampled(Waveform(sound, 44_100), 16_000).samples
    assert np.allclose(np.concatenate([*parts, stream.finish()], axis=1), whole, atol=1e-6)


def test_channels_are_kept_apart():
    left, right = sine(440, 44_100), sine(660, 44_100)
    both = resampled(Waveform(np.stack([left, right]), 44_100), 16_000).samples
    assert np.allclose(both[0], resampled(Waveform(left, 44_100), 16_000).samples[0], atol=1e-6)
    assert np.allclose(both[1], resampled(Waveform(right, 44_100), 16_000).samples[0], atol=1e-6)


def test_the_same_rate_changes_nothing():
    wave = Waveform(sine(440, 16_000), 16_000)
    assert resampled(wave, 16_000) is wave
    stream = Resampler(16_000, 16_000)
    assert stream.push(wave.samples).tolist() == wave.samples.tolist()
    assert stream.finish().shape == (1, 0)


def test_an_overshoot_is_scaled_back():
    square = np.where(np.arange(4410) // 50 % 2, 1.0, -1.0)
    assert 0.99 < resampled(Waveform(square, 44_100), 16_000).peak <= 1


@pytest.mark.parametrize("rate", [0, 999, 768_001, 16_000.5])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(AudioError, match=r"a sample rate of .* Hz, expected a whole number, 1000 to 768000"):
        resampled(Waveform(sine(440, 8_000), 8_000), rate)
    with pytest.raises(AudioError, match="a sample rate of"):
        Resampler(rate, 16_000)
