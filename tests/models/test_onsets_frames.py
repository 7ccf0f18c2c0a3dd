"""Onsets and Frames: the paper's size, what teaches what, the same in torch and in its graph."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from partimento.audio.mel import MEL
from partimento.errors import ConfigError
from partimento.models.ear_heads import HEADS
from partimento.models.onsets_frames import OnsetsFrames, OnsetsFramesConfig
from partimento.models.onsets_frames_graph import REACH, onsets_frames_graph
from partimento.transcription import ear as listening
from partimento.transcription.ear import Ear

SMALL = OnsetsFramesConfig(filters=2, wide=16, memory=8)


def network():
    """A network with weights and statistics of its own."""
    torch.manual_seed(0)
    module = OnsetsFrames(SMALL)
    with torch.no_grad():
        for weight in module.parameters():
            weight += 0.4 * torch.randn_like(weight)
        for head in module.heads.values():
            head.bias.zero_()
        module(torch.rand(2, 30, 1, 229))  # sets the statistics
    return module.eval()


def graph_of(module):
    return onsets_frames_graph({name: value.numpy() for name, value in module.state_dict().items()}, asdict(module.config))


@pytest.mark.parametrize("time", [1, 2, 37])
def test_the_graph_hears_what_the_network_hears(time):
    module = network()
    spectra = np.random.default_rng(0).random((time, 1, 229), np.float32)
    with torch.no_grad():
        heads, pedal = module(torch.from_numpy(spectra[None]))
    heard = Ear(graph_of(module)).hear_spectra(spectra)
    assert pedal is None and not heard.pedal.any() and heard.pedal.shape == (time,)
    assert heard.heads.shape == (len(HEADS), time, 88)
    assert heard.heads == pytest.approx(np.rint(torch.sigmoid(heads[0]).numpy() * 255), abs=1)
    assert np.ptp(heard.heads[:3]) > 50


def test_it_is_as_large_as_the_papers():
    """Its four stacks have 26.5 million weights in all, as PyTorch re-implementations print them."""
    with torch.device("meta"):
        module = OnsetsFrames(OnsetsFramesConfig())
    stack = 48 * 9 + 48 + 48 * 48 * 9 + 48 + 96 * 48 * 9 + 96 + 2 * 192 + 96 * 57 * 768 + 768
    lstm = [2 * (4 * 256 * (size + 256) + 8 * 256) for size in (768, 768, 3 * 88)]
    heads = 3 * (512 * 88 + 88) + 2 * (768 * 88 + 88)
    assert sum(weight.numel() for weight in module.parameters()) == 4 * stack + sum(lstm) + heads


def test_frames_do_not_teach_onsets_and_offsets():
    module = network().train()
    heads, _ = module(torch.rand(1, 20, 1, 229))
    heads[:, HEADS.index("frame")].sum().backward()
    stacks = module.acoustic.items()
    assert [name for name, stack in stacks if any(weight.grad.any() for weight in stack.parameters())] == ["frame"]


def test_stretches_are_heard_with_what_lies_around_them(monkeypatch):
    sound = np.random.default_rng(1).uniform(-0.2, 0.2, 300 * MEL.hop).astype(np.float32)
    ear = Ear(graph_of(network()))
    whole = ear.hear([sound])
    monkeypatch.setattr(listening, "CHUNK", 100)
    parts = ear.hear([sound])
    assert ear.reach == REACH and whole.heads.shape == parts.heads.shape == (4, 300, 88)
    assert np.abs(whole.heads.astype(int) - parts.heads).max() <= 8  # what lies two seconds away hardly matters


@pytest.mark.parametrize("wrong", [{"bins": 3}, {"filters": 0}, {"memory": 0}, {"dropout": 1.0}, {"wide_dropout": -0.1}])
def test_a_shape_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"ear: .* expected at least 4 bins"):
        OnsetsFramesConfig(**wrong)
