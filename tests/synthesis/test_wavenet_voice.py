"""A WaveNet that is given sketches: they are made of the score, in the tuning that its bundle holds."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from partimento.bundle import WEIGHTS, Bundle, Card
from partimento.errors import BundleError
from partimento.files.tensors import tensor_bytes
from partimento.models.ear_heads import KEYS
from partimento.models.wavenet import WaveNet, WaveNetConfig
from partimento.models.wavenet_graph import wavenet_graphs
from partimento.models.wavenet_shape import STRINGS
from partimento.score import Score, Track
from partimento.synthesis import stretches
from partimento.synthesis.wavenet_voice import WaveNetVoice

SCORE = Score(500, (Track(np.array([0]), np.array([100]), np.array([60]), np.array([80])),))


def bundle(*, tuned=True, octaves=0):
    torch.manual_seed(0)
    config = WaveNetConfig(stacks=1, layers=3, residual=8, skip=8, context=8, context_stacks=1, context_layers=2, sketched=True, linear=4)
    hertz = 27.5 * 2 ** (octaves + torch.arange(KEYS)[:, None] / 12) * torch.arange(1, 9)
    weights = {name: value.numpy() for name, value in WaveNet(config, hertz).state_dict().items()}
    kept = {name: value for name, value in weights.items() if tuned or name != STRINGS}
    card = Card("mine", "", "1", {"name": "wavenet"}, {}, {}, {}, {}, (), {}, "")
    return Bundle("mine", card, {WEIGHTS: tensor_bytes(kept), **wavenet_graphs(weights, asdict(config))})


def test_its_sketch_has_its_strings_tuning(monkeypatch):
    monkeypatch.setattr(stretches, "TAIL_SECONDS", 0.3)
    one, same, higher = (WaveNetVoice(made, temperature=0).render(SCORE).samples for made in (bundle(), bundle(), bundle(octaves=1)))
    assert np.array_equal(one, same) and np.linalg.norm(one - higher) > 0.01 * np.linalg.norm(one)


def test_without_its_strings_tuning_it_is_refused():
    with pytest.raises(BundleError, match="mine: does not say how its strings are tuned. Fetch or train it again"):
        WaveNetVoice(bundle(tuned=False))
