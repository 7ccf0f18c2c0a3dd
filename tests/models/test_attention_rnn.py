"""The network with attention, and the graph that composes against it."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.attention_rnn import AttentionRnn, AttentionRnnConfig
from partimento.models.attention_rnn_graph import step_graph
from partimento.models.onnx_session import OnnxSession

VOCABULARY, SPAN = 7, 5


def network(layers=2, units=16, span=SPAN, **settings):
    torch.manual_seed(0)
    return AttentionRnn(AttentionRnnConfig(VOCABULARY, layers, units, span, **settings)).eval()


def some_ids(rows, time, seed=1):
    return np.random.default_rng(seed).integers(0, VOCABULARY, (rows, time))


def graph_of(module):
    return step_graph({name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}, asdict(module.config))


def stepped(session, ids):
    """Logits after each place, shape (batch, time, vocabulary)."""
    state, found = session.start(len(ids)), []
    for place in range(ids.shape[1]):
        logits, state = session.step(ids[:, place], state)
        found.append(logits)
    return np.stack(found, axis=1)


# --- the network


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_reading_in_parts_is_reading_at_once(layers):
    module, ids = network(layers), torch.from_numpy(some_ids(2, 12))
    with torch.no_grad():
        whole, last = module(ids, module.start(2))
        state, parts = module.start(2), []
        for piece in (ids[:, :1], ids[:, 1:8], ids[:, 8:]):
            logits, state = module(piece, state)
            parts.append(logits)
    assert whole.shape == (2, 12, VOCABULARY)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(state, last, strict=True))
    assert [tuple(part.shape) for part in last] == [tuple(part.shape) for part in module.start(2)]


def test_what_comes_later_changes_nothing_before():
    module, ids = network(), torch.from_numpy(some_ids(2, 12))
    other = ids.clone()
    other[:, 6:] = 0
    with torch.no_grad():
        one, two = module(ids, module.start(2))[0], module(other, module.start(2))[0]
    assert torch.equal(one[:, :6], two[:, :6])
    assert not torch.equal(one[:, 7:], two[:, 7:])


def test_it_takes_the_output_that_answers_wherever_it_stands():
    module = network(units=8)
    with torch.no_grad():
        module.ask.weight.zero_()
        module.ask.bias.zero_()
        module.score.weight.zero_()
        module.score.weight[0, 0] = 50.0  # only the first place of an answer counts
    outputs = torch.rand(1, SPAN, 8)
    for place in range(SPAN):
        answers = torch.zeros(1, SPAN, 8)
        answers[0, place, 0] = 2.0
        with torch.no_grad():
            found = module._attend(torch.zeros(1, 16), outputs, answers, torch.ones(1, SPAN))
            blind = module._attend(torch.zeros(1, 16), outputs, answers, (torch.arange(SPAN) != place).float().unsqueeze(0))
        assert torch.allclose(found[0], outputs[0, place], atol=1e-6)
        others = outputs[0, [other for other in range(SPAN) if other != place]].mean(dim=0)
        assert torch.allclose(blind[0], others, atol=1e-6), "what is not there was attended to"


def test_every_remembered_output_and_none_before_reaches_what_follows():
    module, ids = network(), torch.from_numpy(some_ids(1, 1))
    with torch.no_grad():
        _, state = module(torch.from_numpy(some_ids(1, SPAN + 3)), module.start(1))
        usual = module(ids, state)[0]
        for place in range(SPAN):
            outputs = state[3].clone()
            outputs[:, place] += 0.5
            assert not torch.allclose(module(ids, (*state[:3], outputs, *state[4:]))[0], usual, atol=1e-6)
        _, young = module(ids, module.start(1))
        garbled = young[3].clone()
        garbled[:, : SPAN - 1] = 9.0  # only the newest is there
        assert torch.equal(module(ids, (*young[:3], garbled, *young[4:]))[0], module(ids, young)[0])


def test_it_learns_whom_to_ask():
    module, ids = network().train(), torch.from_numpy(some_ids(4, 12))
    logits, _ = module(ids, module.start(4))
    logits[:, -1].sum().backward()
    for name in ("ask", "score", "remember", "leave", "enter"):
        assert getattr(module, name).weight.grad.abs().max() > 0, name


def test_what_is_remembered_stays_within_bounds():
    module = network()
    with torch.no_grad():
        module.leave.weight *= 30
        _, state = module(torch.from_numpy(some_ids(1, 200)), module.start(1))
    assert state[2].abs().max() <= 1 and state[3].abs().max() <= 1


def test_dropout_acts_in_training_alone():
    module, ids = network(dropout=0.5), torch.from_numpy(some_ids(2, 6))
    with torch.no_grad():
        assert torch.equal(module(ids, module.start(2))[0], module(ids, module.start(2))[0])
        module.train()
        assert not torch.equal(module(ids, module.start(2))[0], module(ids, module.start(2))[0])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"vocabulary": 1}, "vocabulary is 1, expected 2 to 65536"),
        ({"layers": 0}, "layers is 0, expected 1 to 8"),
        ({"units": 4}, "units is 4, expected 8 to 2048"),
        ({"span": 0}, "span is 0, expected 1 to 512"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 to below 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        AttentionRnnConfig(**{"vocabulary": 5, **settings})


# --- the graph


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_graph_says_what_the_network_says(layers):
    module, ids = network(layers, 32, 9), some_ids(3, 30)
    with torch.no_grad():
        for name, factor in (("embed", 3), ("enter", 3), ("score", 20), ("leave", 3), ("output", 8)):
            getattr(module, name).weight.mul_(factor)  # so that attention chooses, and logits differ enough to be compared
        exact = module(torch.from_numpy(ids), module.start(3))[0].numpy()
    found = stepped(OnnxSession(graph_of(module)), ids)
    assert np.ptp(exact) > 1
    assert found == pytest.approx(exact, abs=0.1)


@pytest.mark.parametrize("units", [8, 17, 64])
def test_neighbours_and_threads_change_no_bit(units):
    graph = graph_of(network(2, units, 11))
    ids = some_ids(9, 25)
    together = stepped(OnnxSession(graph, threads=2), ids)
    session = OnnxSession(graph)
    for row in (0, 4, 8):
        assert np.array_equal(stepped(session, ids[row : row + 1])[0], together[row])


def test_the_same_weights_give_the_same_bytes():
    assert graph_of(network()) == graph_of(network())
