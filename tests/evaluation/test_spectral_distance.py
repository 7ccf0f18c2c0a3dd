"""The distance of spectra: nothing, everything, and in between; held to the loss of Parallel WaveGAN as torch computes it."""

import numpy as np
import pytest
import torch

from partimento.audio import Waveform
from partimento.audio.level import REFERENCE_DB, gated_level_db
from partimento.errors import AudioError
from partimento.evaluation import spectral_distance as module
from partimento.evaluation.spectral_distance import FLOOR_DB, NATS_TO_DB, WINDOWS, spectral_distance

RATE = 16_000
TIME = np.arange(RATE) / RATE


def tone(hz=440.0, amplitude=0.3):
    return Waveform((amplitude * np.sin(2 * np.pi * hz * TIME)).astype(np.float32), RATE)


def noise(seed=0, level=0.1):
    return Waveform((level * np.random.default_rng(seed).standard_normal(RATE)).clip(-1, 1).astype(np.float32), RATE)


def mixed(amount):
    return Waveform(tone().samples[0] + amount * noise().samples[0], RATE)


def published(sound, target):
    """Equations 5 and 6 of the paper, written down with torch's own transform; convergence and nats."""
    parts = []
    for size in WINDOWS:
        magnitudes = []
        for wave in (sound, target):
            samples = torch.tensor(wave.samples[0]).double()
            samples *= 10 ** ((REFERENCE_DB - gated_level_db(wave.samples[0], RATE)) / 20)
            padded = torch.nn.functional.pad(samples, (size - size // 4, size - size // 4))
            hann = torch.hann_window(size, dtype=torch.float64)
            spectrum = torch.stft(padded, size, size // 4, window=hann, center=False, return_complex=True)
            magnitudes.append((spectrum.abs() * 2 / hann.sum()).clamp(min=10 ** (FLOOR_DB / 20)))
        ours, theirs = magnitudes
        parts.append([float((theirs - ours).norm() / theirs.norm()), float((theirs.log() - ours.log()).abs().mean())])
    return np.mean(parts, axis=0)


def test_the_same_is_nothing_apart():
    found = spectral_distance(noise(), noise())
    assert (found.convergence, found.log_db, found.total) == (0, 0, 0)


@pytest.mark.parametrize("block", [1 << 13, 1 << 20])
def test_the_figures_are_those_of_the_paper(block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK_SAMPLES", block)
    found = spectral_distance(mixed(0.3), tone(660))
    convergence, nats = published(mixed(0.3), tone(660))
    assert found.convergence == pytest.approx(convergence, rel=1e-4)
    assert found.log_db == pytest.approx(nats * NATS_TO_DB, rel=1e-3)
    assert found.total == pytest.approx(convergence + nats, rel=1e-3)


def test_what_has_nothing_in_common_is_the_square_root_of_two_apart():
    assert spectral_distance(tone(1000), tone(5000)).convergence == pytest.approx(2**0.5, rel=0.01)
    assert spectral_distance(noise(), tone()).log_db > 20


def test_silence_lacks_all_of_the_target():
    assert spectral_distance(Waveform(np.zeros(RATE, np.float32), RATE), tone()).convergence == pytest.approx(1, abs=0.01)


def test_the_level_does_not_count():
    wanted = spectral_distance(mixed(0.2), noise(1))
    softer = Waveform(mixed(0.2).samples * np.float32(0.1), RATE)
    found = spectral_distance(softer, noise(1))
    assert (found.convergence, found.log_db) == pytest.approx((wanted.convergence, wanted.log_db), rel=1e-3)


def test_the_more_noise_the_further():
    found = [spectral_distance(mixed(amount), tone()) for amount in (0.003, 0.01, 0.03, 0.1, 0.3, 1)]
    for part in ("convergence", "log_db", "total"):
        values = [getattr(each, part) for each in found]
        assert values == sorted(values) and values[0] < values[-1] / 10, part


def test_another_phase_is_near():
    moved = Waveform((0.3 * np.cos(2 * np.pi * 440 * TIME)).astype(np.float32), RATE)
    assert spectral_distance(moved, tone()).convergence < 0.05


def test_what_is_left_over_is_not_heard_and_what_lacks_is_silence():
    longer = Waveform(np.concatenate([noise().samples[0], noise(1).samples[0]]), RATE)
    assert spectral_distance(longer, noise()).total == 0
    half = Waveform(noise().samples[0][: RATE // 2], RATE)
    assert 0.5 < spectral_distance(half, noise()).convergence < 1
    both = Waveform(np.repeat(noise().samples, 2, axis=0), RATE)
    assert spectral_distance(both, noise()).total == 0


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(AudioError, match="a sound of 8000 Hz and a target of 16000 Hz, expected one rate. Bring the higher"):
        spectral_distance(Waveform(np.zeros(8, np.float32), 8000), tone())
    with pytest.raises(AudioError, match=r"the target \(1.0 s\) is silent, so nothing can be near it"):
        spectral_distance(tone(), Waveform(np.zeros(RATE, np.float32), RATE))
