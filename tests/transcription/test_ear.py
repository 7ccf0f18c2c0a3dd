"""Listening in blocks leaves no seam."""

from dataclasses import asdict

import numpy as np
import onnx
import pytest
import torch

from partimento.audio.level import levelled
from partimento.audio.spectrum import SAMPLE_RATE
from partimento.audio.thirds import THIRDS
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_graph import key_net_graph
from partimento.models.key_net_live_graph import key_net_live_graph
from partimento.transcription import ear as listening
from partimento.transcription.ear import Ear, Heard


def blocks_of(sound, sizes):
    at = 0
    for size in sizes:
        yield sound[at : at + size]
        at += size
    yield sound[at:]


def noise(frames):
    return np.random.default_rng(frames).uniform(-0.2, 0.2, frames).astype(np.float32)


@pytest.fixture(scope="module")
def graph():
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1, 2), narrow=2)
    network = KeyNet(config)
    network(torch.rand(2, 30, 2, 300))
    return key_net_graph({name: value.numpy() for name, value in network.eval().state_dict().items()}, asdict(config))


@pytest.fixture(scope="module")
def live():
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1, 2), narrow=2, ahead=1)
    network = KeyNet(config)
    network(torch.rand(2, 30, 2, 300))
    return key_net_live_graph({name: value.numpy() for name, value in network.eval().state_dict().items()}, asdict(config))


def test_of_no_sound_nothing_is_heard(graph, live):
    for each in (graph, live):
        heard = Ear(each).hear([])
        assert heard.heads.shape == (4, 0, 88) and heard.pedal.shape == (0,)


@pytest.mark.parametrize("moments", [1, 2, 5, 121])
def test_an_ear_that_hears_on_hears_the_whole(live, monkeypatch, moments):
    sound = noise(moments * THIRDS.hop - 7)
    ear = Ear(live)
    assert ear.hears_on and ear.ahead == 2
    whole = ear.hear([sound])
    monkeypatch.setattr(listening, "CHUNK", 10)
    parts = ear.hear(blocks_of(sound, [700] * (len(sound) // 700)))
    silence = np.zeros(listening.BEFORE * THIRDS.hop, np.float32)
    after = ear.hear_spectra(THIRDS.of(np.concatenate([silence, next(levelled([sound], SAMPLE_RATE))])))
    at_once = listening.Heard(after.heads[:, listening.BEFORE :], after.pedal[listening.BEFORE :])
    assert whole.heads.shape == (4, moments, 88) and whole.heads.std() > 1
    for each in (parts, at_once):
        assert np.abs(whole.heads.astype(int) - each.heads).max() <= 1  # rounding
        assert np.abs(whole.pedal.astype(int) - each.pedal).max() <= 1


def test_spectra_one_by_one_are_told_as_soon_as_they_can_be(live):
    stream = Ear(live).stream()
    spectra = THIRDS.of(noise(20 * THIRDS.hop))
    told = [len(stream.push(spectra[number : number + 1]).pedal) for number in range(19)]
    assert told == [0, 0, 0, 2, *([0, 2] * 8)[:-1]] and len(stream.finish(spectra[19:]).pedal) == 20 - sum(told)


@pytest.mark.parametrize("chunk", [8, 50])
def test_chunks_leave_no_seam(graph, monkeypatch, chunk):
    sound = noise(121 * THIRDS.hop)
    whole = Ear(graph).hear([sound])
    monkeypatch.setattr(listening, "CHUNK", chunk)
    parts = Ear(graph).hear(blocks_of(sound, [9000] * 4))
    assert whole.heads.shape == (4, 121, 88)
    assert np.abs(whole.heads.astype(int) - parts.heads).max() <= 1  # rounding
    assert np.abs(whole.pedal.astype(int) - parts.pedal).max() <= 1
    assert whole.curve("frame") == pytest.approx(whole.heads[1] / 255)


def test_a_graph_that_does_not_say_how_it_begins_is_refused(live):
    model = onnx.load_from_string(live)
    next(fact for fact in model.metadata_props if fact.key == "past").value = "[[1, 0]]"
    with pytest.raises(ValueError, match="the graph says how 1 of the 4 values begin that it keeps, expected all"):
        Ear(model.SerializeToString())


def test_a_graph_that_is_no_ear_is_refused():
    from onnx import TensorProto  # noqa: PLC0415

    from partimento.models.onnx_graph import Graph, model_bytes, value  # noqa: PLC0415

    graph = Graph()
    graph.node("Identity", ["x"], "y")
    data = model_bytes(graph, [value("x", TensorProto.FLOAT, 1)], [value("y", TensorProto.FLOAT, 1)], {})
    with pytest.raises(ValueError, match="does not say what it hears and how far, expected one of an ear"):
        Ear(data)


def test_what_only_the_pedal_holds_counts_as_over():
    heads = np.full((5, 4, 88), 255, np.uint8)
    heads[4, 1:3, 10] = 20  # the key is up
    heard = Heard(heads, np.array([255, 255, 0, 255], np.uint8))
    onset, frame, offset, velocity = heard.curves(held=0.2, pedal=0.5)
    assert np.argwhere(frame == 0).tolist() == [[1, 10]]  # up, and the pedal down; in the next moment nothing holds it, but it sounds
    assert onset.min() == offset.min() == velocity.min() == 1
    assert heard.curves(held=0.05, pedal=0.5)[1].all()
    assert heard.curves(held=0.2, pedal=0.5, keys=slice(8, 12))[1].tolist() == frame[:, 8:12].tolist()
    assert np.array_equal(Heard(heads[:4], heard.pedal).curves(held=0.2, pedal=0.5)[1], heads[1] / np.float32(255))


@pytest.mark.parametrize("held", [True, False])
def test_an_ear_says_whether_it_tells_keys_from_the_pedal(held):
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1, 2), narrow=2, held=held)
    network = KeyNet(config)
    network(torch.rand(2, 30, 2, 300))
    weights = {name: value.numpy() for name, value in network.eval().state_dict().items()}
    ear = Ear(key_net_graph(weights, asdict(config)))
    assert ear.says_held == held and ear.hear([noise(8_000)]).heads.shape == (4 + held, 25, 88)
    live = Ear(key_net_live_graph(weights, {**asdict(config), "ahead": 1}))
    assert live.says_held == held
