"""An ear that hears on hears what the network hears, whatever it is given at a time."""

import json
from dataclasses import asdict

import numpy as np
import onnx
import pytest
from test_key_net import LIVE, ear, heard

from partimento.models.key_net_live_graph import key_net_live_graph
from partimento.models.key_net_scales import byte_graph
from partimento.models.onnx_session import opened


@pytest.fixture(scope="module")
def network():
    return ear(LIVE)


def weights_of(network):
    return {name: value.numpy() for name, value in network.state_dict().items()}


def sessions(network, spectra):
    weights = weights_of(network)
    return opened(key_net_live_graph(weights, asdict(LIVE))), opened(byte_graph(weights, asdict(LIVE), [spectra[0]]))


def streamed(session, spectra, sizes):
    """What is heard of spectra in so many moments at a time, and of the rest as the last."""
    kinds = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}
    inputs = [value for value in session.get_inputs() if value.name.startswith("past.")]
    begins = json.loads(session.get_modelmeta().custom_metadata_map["past"])
    past = {
        value.name: np.full([steps if isinstance(size, str) else size for size in value.shape], fill, kinds[value.type])
        for value, (steps, fill) in zip(inputs, begins, strict=True)
    }
    names = ["heads", "pedal.chance", *(name.replace("past.", "next.") for name in past)]
    found, at = [], 0
    for number, size in enumerate([*sizes, spectra.shape[1] - sum(sizes)]):
        feeds = {"spectra": spectra[:, at : at + size], "end": np.array([int(number == len(sizes))]), **past}
        (*said,) = session.run(names, feeds)
        found.append(said[:2])
        past = dict(zip(past, said[2:], strict=True))
        at += size
    return [np.concatenate(each, axis=axis) for each, axis in zip(zip(*found, strict=True), (2, 1), strict=True)]


@pytest.mark.parametrize("sizes", [(), (38,), (8, 2, 2, 20, 2), (10,) * 3])
def test_blocks_of_any_size_hear_what_the_network_hears(network, sizes):
    spectra = np.random.default_rng(0).random((1, 40, 2, 300), np.float32)
    session, in_bytes = sessions(network, spectra)
    wanted = heard(network, spectra)
    for mine, its, near in zip(wanted, streamed(session, spectra, sizes), streamed(in_bytes, spectra, sizes), strict=True):
        assert mine.shape == its.shape and its == pytest.approx(mine, abs=1e-6) and mine.std() > 0.02
        assert near.dtype == np.uint8
        near = near / 255
        assert near == pytest.approx(mine, abs=0.06) and np.abs(near - mine).mean() < 0.01
    assert int(session.get_modelmeta().custom_metadata_map["ahead"]) == 6


def test_two_moments_are_a_sound(network):
    spectra = np.random.default_rng(1).random((1, 2, 2, 300), np.float32)
    for mine, its in zip(heard(network, spectra), streamed(sessions(network, spectra)[0], spectra, ()), strict=True):
        assert its == pytest.approx(mine, abs=1e-6)


def test_all_that_is_kept_of_keys_is_bytes(network):
    spectra = np.random.default_rng(1).random((1, 8, 2, 300), np.float32)
    kinds = {value.name: value.type for value in sessions(network, spectra)[1].get_inputs()}
    assert [kinds[f"past.blocks.{number}"] for number in range(3)] == ["tensor(uint8)"] * 3
    graph = onnx.load_from_string(byte_graph(weights_of(network), asdict(LIVE), [spectra[0]])).graph
    assert not {"Conv", "Add"} & {node.op_type for node in graph.node if not node.name.startswith("pedal")}
