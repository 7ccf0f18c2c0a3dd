"""What an ear hears of a sound: energy on the keys, on a scale of tenths of amplitude."""

import numpy as np
import pytest

from partimento.audio.log_spectrum import BINS, BINS_PER_KEY, HOP, LOWEST_KEY, SAMPLE_RATE, filter_bank, log_spectra


def tone(key, *, amplitude=0.1, seconds=1.0):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * time)).astype(np.float32)


def middle_bin(key):
    return BINS_PER_KEY * (key - LOWEST_KEY) + 1


@pytest.mark.parametrize("key", [57, 69, 84, 100, 118])
def test_a_key_is_heard_in_its_own_bins(key):
    spectra = log_spectra(tone(key))[25]
    assert spectra[0].argmax() == middle_bin(key)
    assert abs(int(spectra[1].argmax()) - middle_bin(key)) <= (4 if key < 70 else 1)  # the short window sees less


def test_ten_times_the_amplitude_is_one_more_and_silence_nothing():
    soft, loud = (log_spectra(tone(69, amplitude=amplitude))[25, :, middle_bin(69)] for amplitude in (0.01, 0.1))
    assert loud - soft == pytest.approx(1, abs=1e-3)
    assert not log_spectra(np.zeros(SAMPLE_RATE, np.float32)).any()


def test_a_moment_is_in_the_middle_of_its_spectrum():
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[20 * HOP] = 1
    energy = log_spectra(click)[:, 1].sum(axis=1)
    assert energy.argmax() == 20
    assert energy[19] == pytest.approx(energy[21], rel=1e-4)


@pytest.mark.parametrize("frames", [0, 1, HOP, HOP + 1, 700 * HOP - 1])
def test_there_is_a_spectrum_for_every_hop_begun(frames):
    random = np.random.default_rng(frames)
    sound = random.uniform(-0.1, 0.1, frames).astype(np.float32)
    spectra = log_spectra(sound)
    assert spectra.shape == (-(-frames // HOP), 2, BINS)
    if frames > 600 * HOP:  # blocks leave no seam
        assert spectra[500:530] == pytest.approx(log_spectra(sound[400 * HOP :])[100:130], abs=1e-5)


def test_every_frequency_from_the_lowest_key_on_is_in_some_bin():
    for size in (4096, 1024):
        hz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
        heard = filter_bank(size).sum(axis=1)
        assert (heard[(hz > 30) & (hz < 7900)] > 0.5).all()
