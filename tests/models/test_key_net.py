"""The ear: every key alike, as far as it hears, the same in torch and in its graph."""

from dataclasses import asdict, replace

import numpy as np
import onnx
import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_graph import key_net_graph
from partimento.models.key_net_scales import byte_graph
from partimento.models.key_net_shape import ahead_of
from partimento.models.onnx_session import opened

SMALL = KeyNetConfig(units=8, dilations=(1, 2), narrow=2)
LIVE = KeyNetConfig(units=8, dilations=(1, 2, 4), narrow=2, ahead=2, held=True)


def ear(config=SMALL):
    """A network with weights and statistics of its own."""
    torch.manual_seed(0)
    network = KeyNet(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.1 * torch.randn_like(weight)
        network(torch.rand(2, 30, 2, 300))  # sets the statistics
    return network.eval()


def heard(network, spectra):
    with torch.no_grad():
        heads, pedal = network(torch.from_numpy(spectra))
    return torch.sigmoid(heads).numpy(), torch.sigmoid(pedal).numpy()


@pytest.mark.parametrize("config", [SMALL, LIVE, replace(SMALL, held=True)])
@pytest.mark.parametrize("time", [2, 38])
def test_the_graph_hears_what_the_network_hears(config, time):
    network = ear(config)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    session = opened(key_net_graph(weights, asdict(config)))
    spectra = np.random.default_rng(0).random((1, time, 2, 300), np.float32)
    found = session.run(["heads", "pedal.chance"], {"spectra": spectra})
    for mine, its in zip(heard(network, spectra), found, strict=True):
        assert its == pytest.approx(mine, abs=1e-6)
    assert int(session.get_modelmeta().custom_metadata_map["reach"]) == network.reach


def test_bytes_hear_nearly_what_floats_hear():
    network = ear()
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    random = np.random.default_rng(0)
    spectra = [random.random((40, 2, 300), np.float32) * scale for scale in (1, 2, 3)]
    session = opened(byte_graph(weights, asdict(SMALL), spectra))
    found = session.run(["heads", "pedal.chance"], {"spectra": spectra[1][None]})
    for mine, its in zip(heard(network, spectra[1][None]), found, strict=True):
        assert its == pytest.approx(mine, abs=0.06) and np.abs(its - mine).mean() < 0.01
        assert mine.std() > 0.02
    kinds = {node.op_type for node in onnx.load_from_string(byte_graph(weights, asdict(SMALL), spectra)).graph.node}
    assert {"QLinearConv", "QuantizeLinear", "DequantizeLinear"} <= kinds


def test_all_keys_share_their_weights():
    network = ear()
    with torch.no_grad():
        network.register.zero_()
    spectra = np.zeros((1, 20, 2, 300), np.float32)
    spectra[0, 10, :, 120:130] = np.random.default_rng(1).random((2, 10))
    higher = np.roll(spectra, 3 * 5, axis=3)
    low, high = heard(network, spectra)[0], heard(network, higher)[0]
    assert high[..., 5:] == pytest.approx(low[..., :-5], abs=6e-3)  # but for what keys hear that are over the edge now
    assert np.abs(high - low).max() > 0.02


def test_it_hears_no_farther_than_its_reach():
    network = ear()
    spectra = np.random.default_rng(2).random((1, 80, 2, 300), np.float32)
    other = spectra.copy()
    other[:, : 40 - network.reach] = 0
    other[:, 42 + network.reach :] = 0  # it hears two at once
    for mine, its in zip(heard(network, spectra), heard(network, other), strict=True):
        assert np.take(mine, 40, axis=mine.ndim - 2 if mine.ndim == 4 else 1) == pytest.approx(
            np.take(its, 40, axis=its.ndim - 2 if its.ndim == 4 else 1), abs=1e-6
        )


@pytest.mark.parametrize(("begin", "end", "same"), [(60, 120, range(54)), (0, 12, range(72, 120))])
def test_a_live_ear_hears_little_ahead_and_all_of_its_reach_back(begin, end, same):
    network = ear(LIVE)
    assert network.reach == 2 * (1 + 2 + 8 + 16) == 54 and ahead_of(LIVE.dilations, LIVE.ahead) == 6
    spectra = np.random.default_rng(2).random((1, 120, 2, 300), np.float32)
    other = spectra.copy()
    other[:, begin:end] = 0
    for mine, its, axis in zip(heard(network, spectra), heard(network, other), (2, 1), strict=True):
        differs = np.abs(mine - its).max(axis=tuple(number for number in range(mine.ndim) if number != axis)) > 1e-6
        assert not differs[list(same)].any() and differs[begin:end].any()
    heads = np.abs(heard(network, other)[0] - heard(network, spectra)[0])
    assert heads[:, :, begin - 6 if begin else end + 16].max() > 1e-6  # it does hear so far


@pytest.mark.parametrize("ahead", [-1, 3])
def test_more_blocks_than_there_are_cannot_hear_ahead(ahead):
    with pytest.raises(ConfigError, match=f"ear: {ahead} blocks hear ahead, expected 0 to 2"):
        KeyNetConfig(units=8, dilations=(1, 2), ahead=ahead)


@pytest.mark.parametrize("wrong", [{"bins": 301}, {"units": 4}, {"dilations": ()}, {"narrow": 0}, {"dropout": 1.0}])
def test_a_shape_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"ear: .* expected 3 bins a key"):
        KeyNetConfig(**wrong)
