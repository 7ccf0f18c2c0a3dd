"""A modal piano: the sound that its modes say, from any moment on, and the same modes from its graph."""

import numpy as np
import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.ear_heads import KEYS
from partimento.models.modal_piano import BLOCK, ModalPiano, ModalPianoConfig
from partimento.models.modal_piano_graph import modal_piano_graph
from partimento.models.modal_piano_shape import BODY, HIGHEST_HZ, MODES, OUTPUTS, PARTIALS, body_hz
from partimento.models.onnx_session import opened

RATE = 16_000


def network():
    torch.manual_seed(0)
    hertz = 27.5 * 2 ** (torch.arange(KEYS)[:, None] / 12) * torch.arange(1, PARTIALS + 1)
    return ModalPiano(ModalPianoConfig(units=8, known=4), hertz).eval()


def notes():
    return torch.tensor([0, 39, 87]), torch.tensor([0.2, 0.5, 1.0])


@torch.no_grad()
def test_it_sounds_as_its_modes_say():
    module = network()
    key, velocity = notes()
    made = module(key, velocity, torch.zeros(3), 2 * BLOCK, rate=RATE).double().numpy()
    amplitude, decay, hertz, rise = (part.double().numpy() for part in module.modes(key, velocity))
    time = np.arange(2 * BLOCK) / RATE
    turned = np.cos(2 * np.pi * (hertz[..., None] * time + module.phases.numpy()[:, None])) * np.exp(-decay[..., None] * time)
    wanted = (amplitude[..., None] * turned).sum(axis=1) * (1 - np.exp(-time / rise))
    assert np.abs(wanted).max() > 0.01
    assert made == pytest.approx(wanted, abs=1e-4)


@torch.no_grad()
def test_it_can_begin_in_the_middle():
    module = network()
    key, velocity = notes()
    whole = module(key, velocity, torch.zeros(3), 8 * BLOCK, rate=RATE)
    later = module(key, velocity, torch.full((3,), 4 * BLOCK / RATE), 4 * BLOCK, rate=RATE)
    assert torch.allclose(whole[:, 4 * BLOCK :], later, atol=1e-4)


@torch.no_grad()
def test_its_graph_says_the_same():
    module = network()
    session = opened(modal_piano_graph({name: value.numpy() for name, value in module.state_dict().items()}), threads=1)
    key, velocity = notes()
    said = session.run(list(OUTPUTS), {"key": key.numpy(), "velocity": velocity.numpy()[:, None]})
    for name, mine, its in zip(OUTPUTS, module.modes(key, velocity), said, strict=True):
        assert its.shape == (3, OUTPUTS[name])
        assert its == pytest.approx(mine.numpy(), rel=1e-4, abs=1e-9)


def test_what_is_too_high_is_silent():
    module = network()
    amplitude, _, hertz, _ = module.modes(*notes())
    assert amplitude.shape == (3, MODES)
    assert ((amplitude > 0) == (hertz < HIGHEST_HZ)).all()
    assert int((amplitude[2] > 0).sum()) == 2 + BODY  # the highest key has one partial


def test_the_body_has_modes_all_over():
    hertz = body_hz()
    assert (np.diff(hertz) > 0).all() and 30 < hertz[0] < 60 and 7_000 < hertz[-1] <= HIGHEST_HZ


def test_a_shape_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="modal: 2 units, 32 known; expected 4 to 4,096 and 1 to 1,024"):
        ModalPianoConfig(units=2)
