"""From a piano's single notes to a modal piano: what it learns from, how its strings are measured, what comes of it."""

import json

import numpy as np
import pytest
import torch

from partimento.bundle import STEP, WEIGHTS, Bundle, Card
from partimento.errors import ConfigError
from partimento.models.ear_heads import KEYS
from partimento.models.modal_piano_shape import PARTIALS
from partimento.score import Score, Track
from partimento.synthesis.modal_voice import ModalVoice
from partimento.synthesis.note_bank import NoteBank
from partimento.training.modal_voices import fit_modal_voice
from partimento.training.sounding import distances
from partimento.training.struck_notes import NoteStream, strings_of
from partimento.training.voices import VoicePlan

RATE = 16_000
STIFF = 3e-4


@pytest.fixture(scope="module")
def bank():
    """A piano of stiff strings, each twenty cents sharp."""
    time = np.arange(2 * RATE) / RATE
    layers = []
    for key in range(KEYS):
        pitch = 440 * 2 ** ((key - 48 + 0.2) / 12)
        numbers = np.arange(1, 13)
        hertz = pitch * numbers * np.sqrt(1 + STIFF * numbers**2)
        parts = [np.sin(2 * np.pi * each * time) / number for number, each in enumerate(hertz, 1) if each < 7_500]
        layers.append([(64.0, (0.1 * np.sum(parts, axis=0) * np.exp(-2 * time)).astype(np.float32))])
    return NoteBank(layers, RATE)


def test_strings_are_measured(bank):
    hertz = strings_of(bank)
    assert hertz.shape == (KEYS, PARTIALS)
    numbers = np.arange(1, 9)
    for key in (10, 30, 48):
        wanted = 440 * 2 ** ((key - 48 + 0.2) / 12) * numbers * np.sqrt(1 + STIFF * numbers**2)
        assert 1200 * np.abs(np.log2(hertz[key, :8] / wanted)).max() < 3  # cents


def test_notes_come_by_their_number(bank):
    one, two = (NoteStream(bank, rows=6, samples=2048, seed=3) for _ in range(2))
    first = one.next()
    assert first.sound.shape == (6, 2048) and float(first.sound.abs().max()) > 0.001
    assert (first.begin == 0).any() and (first.velocity <= 1).all() and (first.key < KEYS).all()
    two.restore(one.state())
    assert torch.equal(one.next().sound, two.next().sound)


def test_spectra_are_apart_by_level_and_pitch():
    time = torch.arange(8192) / RATE
    tone, other = (torch.sin(2 * torch.pi * hertz * time)[None] for hertz in (440.0, 550.0))
    assert float(sum(distances(tone, tone, 1024).values())) == pytest.approx(0, abs=1e-5)
    louder = distances(2 * tone, tone, 1024)
    assert float(louder["convergence"]) == pytest.approx(1, abs=0.01)
    assert float(distances(other, tone, 1024)["convergence"]) == pytest.approx(2**0.5, abs=0.05)


def test_a_modal_piano_is_made_and_can_play(bank, tmp_path):
    plan = VoicePlan("modal", size="tiny", steps=6, precision="fp32", rows=4)
    voice = fit_modal_voice(bank, plan=plan, folder=tmp_path)
    looks = [json.loads(line)["valid_nats_per_token"] for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(looks) == voice.progress.step == 6 and looks[0] > looks[-1] > 0
    bundle = Bundle(tmp_path, Card("mine", "", "1", {"name": "modal"}, {}, {}, {}, {}, (), {}, ""), {WEIGHTS: b"", **voice.graphs})
    score = Score(480, (Track(np.array([0, 480]), np.array([480, 480]), np.array([60, 64]), np.array([80, 80])),))
    sound = ModalVoice(bundle).render(score)
    assert sound.seconds == pytest.approx(3.0, abs=0.01) and sound.peak > 0.1 and STEP in voice.graphs


def test_there_are_no_other_sizes(bank, tmp_path):
    with pytest.raises(ConfigError, match="voice: size 'huge', expected one of tiny, small, base"):
        fit_modal_voice(bank, plan=VoicePlan("modal", size="huge"), folder=tmp_path)
