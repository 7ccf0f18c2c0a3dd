"""What an ear hears of a sound: energy on the keys, on a scale of tenths of amplitude."""

import numpy as np
import pytest

from partimento.audio.mel import BANDS, MEL, edges_hz, mel_of
from partimento.audio.spectrum import SAMPLE_RATE, SpectraStream
from partimento.audio.thirds import BINS, BINS_PER_KEY, LOWEST_KEY, THIRDS

HOP = THIRDS.hop


def tone(key, *, amplitude=0.1, seconds=1.0):
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * time)).astype(np.float32)


def middle_bin(key):
    return BINS_PER_KEY * (key - LOWEST_KEY) + 1


@pytest.mark.parametrize("key", [57, 69, 84, 100, 118])
def test_a_key_is_heard_in_its_own_bins(key):
    spectra = THIRDS.of(tone(key))[25]
    assert spectra[0].argmax() == middle_bin(key)
    assert abs(int(spectra[1].argmax()) - middle_bin(key)) <= (4 if key < 70 else 1)  # the short window sees less


def test_ten_times_the_amplitude_is_one_more_and_silence_nothing():
    soft, loud = (THIRDS.of(tone(69, amplitude=amplitude))[25, :, middle_bin(69)] for amplitude in (0.01, 0.1))
    assert loud - soft == pytest.approx(1, abs=1e-3)
    assert not THIRDS.of(np.zeros(SAMPLE_RATE, np.float32)).any()


def test_a_moment_is_in_the_middle_of_its_spectrum():
    click = np.zeros(SAMPLE_RATE, np.float32)
    click[20 * HOP] = 1
    energy = THIRDS.of(click)[:, 1].sum(axis=1)
    assert energy.argmax() == 20
    assert energy[19] == pytest.approx(energy[21], rel=1e-4)


@pytest.mark.parametrize("frames", [0, 1, HOP, HOP + 1, 700 * HOP - 1])
def test_there_is_a_spectrum_for_every_hop_begun(frames):
    random = np.random.default_rng(frames)
    sound = random.uniform(-0.1, 0.1, frames).astype(np.float32)
    spectra = THIRDS.of(sound)
    assert spectra.shape == (-(-frames // HOP), 2, BINS)
    if frames > 600 * HOP:  # blocks leave no seam
        assert spectra[500:530] == pytest.approx(THIRDS.of(sound[400 * HOP :])[100:130], abs=1e-5)


def test_every_frequency_from_the_lowest_key_on_is_in_some_bin():
    for size in (4096, 1024):
        hz = np.arange(size // 2 + 1) * SAMPLE_RATE / size
        heard = THIRDS.shares_of(size).sum(axis=1)
        assert (heard[(hz > 30) & (hz < 7900)] > 0.5).all()


def test_mel_is_as_htk_counts_it():
    assert mel_of(1000.0) == pytest.approx(999.99, abs=0.01)  # HTK's scale has 1,000 mel at 1,000 Hz
    assert edges_hz()[[0, -1]] == pytest.approx([30, 8000])
    assert np.diff(mel_of(edges_hz())) == pytest.approx(2790.4 / (BANDS + 1), rel=1e-3)


@pytest.mark.parametrize("hz", [150.0, 440.0, 2000.0, 6000.0])
def test_a_tone_is_heard_in_the_band_around_it(hz):
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    spectra = MEL.of((0.1 * np.sin(2 * np.pi * hz * time)).astype(np.float32))
    assert spectra.shape == (32, 1, BANDS)
    band = int(spectra[16, 0].argmax())
    assert edges_hz()[band] < hz < edges_hz()[band + 2]
    assert MEL.keys_of()[band] == pytest.approx(69 + 12 * np.log2(hz / 440), abs=2)


@pytest.mark.parametrize("spectrum", [THIRDS, MEL], ids=lambda spectrum: spectrum.name)
@pytest.mark.parametrize("sizes", [(), (1,), (5000, 0, 7, 12000), [320] * 60, [3333] * 9])
@pytest.mark.parametrize("frames", [0, 1, 9617, 28_800])
def test_spectra_of_blocks_are_those_of_the_whole(spectrum, sizes, frames):
    sound = np.random.default_rng(frames).uniform(-0.2, 0.2, frames).astype(np.float32)
    stream, found, at = SpectraStream(spectrum), [], 0
    for size in (*sizes, frames):
        found.append(stream.push(sound[at : at + size]))
        at += size
    found.append(stream.finish())
    assert np.concatenate(found) == pytest.approx(spectrum.of(sound), abs=1e-5)


def test_a_spectrum_is_told_as_soon_as_its_window_is_full():
    stream = SpectraStream(THIRDS)
    told = [len(stream.push(np.zeros(1, np.float32))) for _ in range(THIRDS.side + 2 * HOP)]
    assert np.flatnonzero(told).tolist() == [THIRDS.side - 1 + HOP * number for number in range(3)]


def test_a_gain_is_that_of_the_sound():
    sound = tone(69)
    one, other = SpectraStream(THIRDS), SpectraStream(THIRDS)
    assert one.push(sound, gain=0.1) == pytest.approx(other.push(sound * np.float32(0.1)), abs=1e-4)
