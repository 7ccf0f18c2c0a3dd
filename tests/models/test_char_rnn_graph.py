"""The graph that composes against the network that was trained: the same music, the same bits everywhere."""

import numpy as np
import onnx
import pytest
import torch

from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.models.char_rnn_graph import step_graph
from partimento.models.onnx_session import OnnxSession

VOCABULARY = 12


def melody(random, length=60):
    """A piece with something to learn: steps up and down, and every fifth id repeats the one five before."""
    ids = [int(random.integers(VOCABULARY))]
    while len(ids) < length:
        ids.append(ids[-5] if len(ids) % 5 == 0 and len(ids) >= 5 else (ids[-1] + int(random.choice([1, 1, 1, 2, -1]))) % VOCABULARY)
    return ids


def learnt(cell, lags, units=24, layers=2, **settings):
    """A network that has learnt melodies for a second."""
    torch.manual_seed(1)
    module = CharRnn(CharRnnConfig(VOCABULARY, cell, layers, units, lags=lags, **settings))
    random = np.random.default_rng(0)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(40):
        ids = torch.tensor([melody(random) for _ in range(16)])
        logits, _ = module(ids[:, :-1], module.start(16))
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).backward()
        optimizer.step()
    return module.eval()


def graph_of(module):
    weights = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    return step_graph(weights, cell=module.config.cell, lags=module.config.lags)


def stepped(session, ids):
    """Logits after each place, shape (batch, time, vocabulary)."""
    state, found = session.start(len(ids)), []
    for place in range(ids.shape[1]):
        logits, state = session.step(ids[:, place], state)
        found.append(logits)
    return np.stack(found, axis=1)


MODELS = [("lstm", (), {}), ("lstm", (1, 5), {}), ("gru", (4,), {}), ("rnn", (), {}), ("lstm", (5,), {"repeats": True, "turn": 10})]


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: f"{kind[0]}-{len(kind[1])}lags{'-lookback' * bool(kind[2])}")
def module(request):
    return learnt(*request.param[:2], **request.param[2])


def test_int8_composes_what_the_network_learnt(module):
    random = np.random.default_rng(7)
    ids = np.array([melody(random) for _ in range(20)])
    with torch.no_grad():
        exact = torch.log_softmax(module(torch.from_numpy(ids), module.start(20))[0], dim=2).numpy().astype(np.float64)
    found = stepped(OnnxSession(graph_of(module)), ids).astype(np.float64)
    found -= np.log(np.exp(found).sum(axis=2, keepdims=True))
    divergence = (np.exp(exact) * (exact - found)).sum(axis=2)
    assert np.abs(found).max() < 100
    assert divergence.mean() < 0.01
    assert divergence.max() < 0.3
    assert (exact.argmax(axis=2) == found.argmax(axis=2)).mean() > 0.97
    true = np.take_along_axis(exact[:, :-1], ids[:, 1:, None], 2).mean(), np.take_along_axis(found[:, :-1], ids[:, 1:, None], 2).mean()
    assert true[0] > -2.0, "the network has learnt nothing, so nothing was compared"
    assert abs(true[0] - true[1]) < 0.02


def test_neighbours_and_threads_change_no_bit(module):
    random = np.random.default_rng(8)
    ids = np.array([melody(random, 25) for _ in range(33)])
    graph = graph_of(module)
    alone = np.concatenate([stepped(OnnxSession(graph), ids[row : row + 1]) for row in (0, 1, 17, 32)])
    for threads in (1, 2, 4):
        session = OnnxSession(graph, threads=threads)
        for rows in (33, 8, 3, 2):
            order = random.permutation(33)[: rows - 1]
            for row, expected in zip((0, 1, 17, 32), alone, strict=True):
                batch = np.concatenate([ids[order], ids[row : row + 1]])
                assert np.array_equal(stepped(session, batch)[-1], expected), f"{threads} threads, {rows} rows"


@pytest.mark.parametrize("units", [8, 9, 17, 31])
def test_neighbours_change_no_bit_at_any_width(units):
    torch.manual_seed(0)
    graph = graph_of(CharRnn(CharRnnConfig(VOCABULARY, "lstm", 2, units, lags=(2,))))
    ids = np.random.default_rng(1).integers(0, VOCABULARY, (7, 12))
    together, session = stepped(OnnxSession(graph, threads=2), ids), OnnxSession(graph)
    for row in range(7):
        assert np.array_equal(stepped(session, ids[row : row + 1])[0], together[row])


def test_the_same_weights_give_the_same_bytes(module):
    assert graph_of(module) == graph_of(module)


def test_one_layer_and_many(module):
    del module
    for layers in (1, 3):
        torch.manual_seed(0)
        network = CharRnn(CharRnnConfig(VOCABULARY, "lstm", layers, 16)).eval()
        ids = np.random.default_rng(1).integers(0, VOCABULARY, (2, 10))
        with torch.no_grad():
            exact = network(torch.from_numpy(ids), network.start(2))[0].numpy()
        assert stepped(OnnxSession(graph_of(network)), ids) == pytest.approx(exact, abs=0.05)


def test_the_graph_holds_all_it_needs_and_passes_the_checker(module):
    model = onnx.load_from_string(graph_of(module))
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    longest = max(module.config.lags, default=0)
    assert {value.name for value in model.graph.input} == {"ids", "state.cells"} | ({"state.past"} if longest else set()) | (
        {"state.count"} if module.config.turn else set()
    )


def test_a_large_weight_and_an_empty_column_are_said(module):
    del module
    torch.manual_seed(0)
    network = CharRnn(CharRnnConfig(VOCABULARY, "gru", 1, 8)).eval()
    with torch.no_grad():
        network.output.weight[3] = 0
        network.output.weight[4] *= 1000
    ids = np.zeros((1, 4), np.int64)
    with torch.no_grad():
        exact = network(torch.from_numpy(ids), network.start(1))[0].numpy()
    found = stepped(OnnxSession(graph_of(network)), ids)
    assert np.isfinite(found).all()
    assert found[..., 3] == pytest.approx(exact[..., 3])
    assert found[..., 4] == pytest.approx(exact[..., 4], rel=0.05)
