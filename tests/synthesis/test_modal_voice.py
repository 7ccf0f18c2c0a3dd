"""A modal piano plays scores: notes where they are, dampers, what it refuses."""

import numpy as np
import pytest
import torch

from partimento.bundle import STEP, WEIGHTS, Bundle, Card
from partimento.errors import AudioError, BundleError
from partimento.models.ear_heads import KEYS
from partimento.models.modal_piano import ModalPiano, ModalPianoConfig
from partimento.models.modal_piano_graph import modal_piano_graph
from partimento.models.modal_piano_shape import PARTIALS
from partimento.score import Score, Track
from partimento.synthesis import modal_voice
from partimento.synthesis.modal_voice import ModalVoice, _Modes, _sound

RATE = 16_000


def bundle(name="modal", files=True):
    torch.manual_seed(0)
    hertz = 27.5 * 2 ** (torch.arange(KEYS)[:, None] / 12) * torch.arange(1, PARTIALS + 1)
    module = ModalPiano(ModalPianoConfig(units=8, known=4), hertz)
    graph = modal_piano_graph({name: value.detach().numpy() for name, value in module.state_dict().items()})
    card = Card("mine", "", "1", {"name": name}, {}, {}, {}, {}, (), {}, "")
    return Bundle("mine", card, {WEIGHTS: b"", STEP: graph} if files else {WEIGHTS: b""})


def score(start, duration, pitch):
    count = len(pitch)
    return Score(500, (Track(np.array(start), np.array(duration), np.array(pitch), np.full(count, 80)),))


def test_a_note_sounds_where_it_is_and_is_stilled():
    sound = ModalVoice(bundle()).render(score([1000], [500], [60])).samples[0]
    level = np.sqrt(np.square(sound[: 30 * RATE // 10].reshape(30, -1)).mean(axis=1))  # tenths of a second
    assert len(sound) == round(3.5 * RATE)
    assert level[:9].max() < 1e-6 and level[10:15].min() > 0.01
    assert level[25] < level[14] / 50


def test_the_highest_strings_have_no_dampers():
    player = ModalVoice(bundle())
    low, high = (player.render(score([0], [100], [key])).samples[0] for key in (60, 100))
    late = slice(RATE, round(1.2 * RATE))
    assert np.abs(low[late]).max() / np.abs(low).max() < 0.1 * np.abs(high[late]).max() / np.abs(high).max()


def test_two_strikes_of_a_key_are_the_sum_of_both():
    player = ModalVoice(bundle())
    both = player.render(score([0, 700], [500, 300], [60, 60])).samples[0]
    one, other = (player.render(score([start], [duration], [60])).samples[0] for start, duration in ((0, 500), (700, 300)))
    summed = other.copy()
    summed[: len(one)] += one[: len(other)] if len(one) >= len(other) else one
    ratio = np.linalg.norm(both - summed * (np.dot(both, summed) / np.dot(summed, summed))) / np.linalg.norm(both)
    assert ratio < 1e-3  # but for the level to which each is brought


def test_blocks_and_spans_do_not_show():
    begun, turns = np.array([0.5 + 0.2j, 1e-5]), np.array([-2 + 2j * np.pi * 440, -0.5 + 2j * np.pi * 1234]) / RATE
    time = np.arange(40_000)
    rise = 0.002
    wanted = (begun[:, None] * np.exp(turns[:, None] * time)).real.sum(axis=0) * (1 - np.exp(-time / (rise * RATE)))
    assert _sound(_Modes(begun, turns, rise), 40_000) == pytest.approx(wanted, abs=2e-5)


def test_what_it_refuses():
    with pytest.raises(BundleError, match="model 'mine': is a wavenet and no modal piano. Train a voice"):
        ModalVoice(bundle("wavenet"))
    with pytest.raises(BundleError, match="model 'mine': is a modal and no modal piano"):
        ModalVoice(bundle(files=False))
    with pytest.raises(AudioError, match="the score has no notes. There is nothing to play"):
        ModalVoice(bundle()).render(score([], [], []))
    with pytest.raises(AudioError, match="the score has no notes for a piano: 1 note outside a piano's keys"):
        ModalVoice(bundle()).render(score([0], [500], [12]))
    with pytest.raises(AudioError, match="the score lasts 13.3 hours, expected at most 12. Check its tempo"):
        ModalVoice(bundle()).render(score([48_000_000], [500], [60]))


def test_long_pieces_come_in_windows_that_do_not_show(monkeypatch):
    player = ModalVoice(bundle())
    piece = score([0, 900, 1100, 2300], [1500, 300, 2000, 400], [48, 60, 36, 64])
    whole = np.concatenate(list(player.blocks(piece)), axis=1)
    monkeypatch.setattr(modal_voice, "WINDOW_SECONDS", 1.0)
    parts = list(player.blocks(piece))
    assert len(parts) == 6 and np.concatenate(parts, axis=1) == pytest.approx(whole, abs=1e-5)
    assert player.left_out(score([0, 0], [9, 9], [12, 60])) == ["1 note outside a piano's keys (21 to 108) is left out"]
