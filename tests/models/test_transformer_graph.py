"""The graphs of the Transformers against the networks they were made of: the same music, the same bits in any company."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto

from little_transformers import KINDS, VOCABULARY, WINDOW, graph_of, ids_of, network, session_of, stepped
from partimento.models.transformer_scales import step_graph
from partimento.models.transformer_session import ROOM, TransformerSession

LENGTH = 2 * (WINDOW + ROOM) + 30
"""Ids that fill a buffer twice."""


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def exact(kind, ids, module=None):
    """What the network itself says; beyond its window, where it counts positions from the beginning, by the later half read anew."""
    module = module or network(kind)
    half = WINDOW // 2 if kind == "transformer" else ids.shape[1]
    starts = range(0, max(1, ids.shape[1] - half), half)
    with torch.no_grad():
        parts = [module(torch.from_numpy(ids[:, start : start + 2 * half]))[0].numpy() for start in starts]
    return np.concatenate([part[:, half * (number > 0) :] for number, part in enumerate(parts)], axis=1)


def log_chances(logits):
    return torch.log_softmax(torch.from_numpy(logits).double(), dim=-1).numpy()


def test_the_graph_says_what_the_network_says_far_beyond_its_window(kind):
    ids = ids_of(2, LENGTH)
    found = stepped(session_of(kind, in_bytes=False), ids)
    assert found == pytest.approx(exact(kind, ids), abs=2e-4)
    assert np.abs(found).max() > 3, "the network says next to nothing, so nothing was compared"


def test_read_at_once_it_says_the_same(kind):
    ids = ids_of(2, LENGTH)
    found, _ = (session := session_of(kind, in_bytes=False)).read_many(ids, session.start(2))
    assert found == pytest.approx(exact(kind, ids), abs=2e-4)


def test_bytes_say_nearly_the_same(kind):
    ids = ids_of(4, LENGTH)
    found, true = (log_chances(logits) for logits in (stepped(session_of(kind), ids), exact(kind, ids)))
    divergence = (np.exp(true) * (true - found)).sum(axis=2)
    assert divergence.mean() < 0.02
    assert (true.argmax(axis=2) == found.argmax(axis=2)).mean() > 0.9


def test_in_bytes_reading_at_once_and_id_by_id_are_equal_to_the_bit(kind):
    ids = ids_of(2, LENGTH)
    session = session_of(kind)
    at_once, _ = session.read_many(ids, session.start(2))
    state, parts = session.start(2), []
    for part in np.split(ids, [1, 40, 41, 200], axis=1):
        logits, state = session.read_many(part, state)
        parts.append(logits)
    assert np.array_equal(at_once, stepped(session, ids))
    assert np.array_equal(at_once, np.concatenate(parts, axis=1))


def test_neighbours_at_other_places_change_no_bit(kind):
    ids, session = ids_of(3, 120), session_of(kind)
    states = [session.read_many(ids[row : row + 1, :length], session.start(1))[1] for row, length in enumerate((90, 3, 40))]
    together = tuple(np.concatenate(parts) for parts in zip(*states, strict=True))
    for place in range(30):
        each = np.array([ids[0, 90 + place], ids[1, 3 + place], ids[2, 40 + place]])
        logits, together = session.step(each, together)
        for row in range(3):
            alone, states[row] = session.step(each[row : row + 1], states[row])
            assert np.array_equal(alone[0], logits[row])


def test_threads_change_no_bit(kind):
    ids = ids_of(3, 60)
    one, two = (TransformerSession(graph_of(kind), threads=threads) for threads in (1, 2))
    assert np.array_equal(stepped(one, ids), stepped(two, ids))
    assert np.array_equal(one.read_many(ids, one.start(3))[0], two.read_many(ids, two.start(3))[0])


def test_the_same_weights_give_the_same_bytes_and_leave_the_weights_alone(kind):
    module = network(kind)
    weights = {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}
    assert step_graph(weights, vars(module.config), ids_of(8, 100)) == graph_of(kind)
    assert all(np.array_equal(tensor.numpy(), weights[name]) for name, tensor in module.state_dict().items())


def test_products_are_in_bytes_and_the_checker_passes(kind):
    model = onnx.load_from_string(graph_of(kind))
    onnx.checker.check_model(model)
    tables = {constant.name: constant.data_type for constant in model.graph.initializer if len(constant.dims) > 1}
    kinds = {kind for name, kind in tables.items() if not name.endswith((".scale", ".step"))}
    assert len(tables) > 8
    assert kinds == {TensorProto.INT8}


def test_a_network_of_which_half_says_nothing_has_a_graph(kind):
    module = network(kind)
    with torch.no_grad():
        module.blocks[0].answered.weight.zero_()
        module.blocks[1].widen.weight.zero_()
        module.blocks[1].asked.weight[64:].zero_()
    ids = ids_of(1, 30)
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    session = TransformerSession(step_graph(weights, vars(module.config), ids))
    true = exact(kind, ids, module)
    assert session.vocabulary == VOCABULARY
    assert stepped(session, ids) == pytest.approx(true, abs=0.05 * float(np.abs(true).max()))
