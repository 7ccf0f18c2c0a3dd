"""States of a Transformer: copied, cut and forked, while keys and values are written in place."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from little_transformers import WINDOW, graph_of, ids_of, session_of, stepped
from partimento.models.model import Reading
from partimento.models.transformer import Transformer, TransformerConfig
from partimento.models.transformer_graph import build
from partimento.models.transformer_session import ROOM, TransformerSession

FULL = WINDOW + ROOM


@pytest.fixture(scope="module", params=["transformer", "music_transformer", "modern_transformer"])
def session(request):
    return session_of(request.param)


def test_it_reads(session):
    assert isinstance(session, Reading)


def test_what_an_older_state_says_stays_the_same(session):
    ids = ids_of(1, FULL + 60)
    states, logits = [session.start(1)], []
    for place in range(ids.shape[1]):
        said, after = session.step(ids[:, place], states[-1])
        states.append(after)
        logits.append(said)
    for place in (0, 1, 30, FULL - 1, FULL, FULL + 20):
        assert np.array_equal(session.step(ids[:, place], states[place])[0], logits[place])
    other, _ = session.step((ids[:, 40] + 1) % 7, states[40])
    assert not np.array_equal(other, logits[40])
    assert np.array_equal(session.step(ids[:, 40], states[40])[0], logits[40])
    assert np.array_equal(stepped(session, ids[:, 50:], states[50])[:, -1], logits[-1])


def test_two_musics_go_on_from_one_state_in_turn(session):
    ids, opened = ids_of(3, 90), session.start(1)
    _, opened = session.read_many(ids[:1, :40], opened)
    first = second = opened
    for place in range(40, 90):
        one, first = session.step(ids[1:2, place], first)
        two, second = session.step(ids[2:3, place], second)
    for row, said in ((1, one), (2, two)):
        alone = np.concatenate([ids[:1, :40], ids[row : row + 1, 40:]], axis=1)
        assert np.array_equal(stepped(session, alone)[:, -1], said)


def test_many_continuations_cost_one_reading(session):
    ids = ids_of(1, 50)
    logits, state = session.read_many(ids, session.start(1))
    forked = tuple(np.repeat(part, 5, axis=0) for part in state)
    following = np.arange(5)
    said, after = session.step(following, forked)
    said, after = session.step(following, after)
    for row in range(5):
        alone = np.concatenate([ids, [[row, row]]], axis=1)
        assert np.array_equal(stepped(session, alone)[0, -1], said[row])
    assert np.array_equal(session.step(following[:1], state)[0], session.step(following[:1], tuple(part[:1] for part in forked))[0])
    assert logits.shape == (1, 50, session.vocabulary)


@pytest.mark.parametrize(
    "cut",
    [
        lambda part: part[:2],
        lambda part: part[1:],
        lambda part: part[::2],
        lambda part: part[::-1],
        lambda part: part[[2, 0, 0]],
        lambda part: part.copy(),
        lambda part: np.broadcast_to(part[:1], (4, *part.shape[1:])),
    ],
    ids=["first", "last", "every-other", "reversed", "picked", "copied", "broadcast"],
)
def test_rows_of_a_state_are_states(session, cut):
    ids = ids_of(3, 40)
    _, state = session.read_many(ids, session.start(3))
    before = [part.copy() for part in state]
    rows, following = cut(ids), cut(np.array([4, 5, 6]))
    said, _ = session.step(following, tuple(cut(part) for part in state))
    assert np.array_equal(said, stepped(session, np.concatenate([rows, following[:, None]], axis=1))[:, -1])
    whole, _ = session.step(np.array([4, 5, 6]), state)
    assert np.array_equal(whole, stepped(session, np.concatenate([ids, [[4], [5], [6]]], axis=1))[:, -1])
    assert all(np.array_equal(old, part) for old, part in zip(before[:1], state[:1], strict=True))


def test_pieces_end_one_after_the_other(session):
    ids = ids_of(3, FULL + 20)
    state, alive, said = session.start(3), 3, {}
    for place in range(ids.shape[1]):
        alive -= place in (30, FULL + 5)
        state = tuple(part[:alive] for part in state)
        logits, state = session.step(ids[:alive, place], state)
        said[place] = logits
    for row, last in ((0, FULL + 19), (1, FULL + 4), (2, 29)):
        assert np.array_equal(stepped(session, ids[row : row + 1, : last + 1])[0, -1], said[last][row])


@pytest.mark.parametrize("in_bytes", [False, True])
def test_hours_of_music_keep_their_places(in_bytes):
    ids, session = ids_of(1, 60), session_of("modern_transformer", in_bytes=in_bytes)
    lengths, filled, first, read, *buffers = session.start(1)
    late = (lengths, filled, first + 2_000_000, read, *buffers)  # only distances count, however late it is
    error = np.abs(stepped(session, ids, late) - stepped(session, ids))
    assert error.mean() < (0.2 if in_bytes else 1e-4)


def test_positions_that_were_never_met_are_not_used():
    ids, session = ids_of(2, 2 * WINDOW + 5), session_of("transformer")
    said = stepped(session, ids)
    assert np.array_equal(said[:, : WINDOW // 2], stepped(session, ids[:, : WINDOW // 2]))
    for full in (WINDOW, WINDOW + WINDOW // 2, 2 * WINDOW):  # the later half is all that is known from there on
        anew = stepped(session, ids[:, full - WINDOW // 2 :])[:, WINDOW // 2 :]
        shared = min(WINDOW // 2, anew.shape[1])
        assert np.allclose(said[:, full : full + shared], anew[:, :shared], atol=1e-4)
    assert np.allclose(session.read_many(ids, session.start(2))[0], said, atol=1e-4)


def test_who_looks_back_to_nothing_reads_each_id_at_the_beginning():
    torch.manual_seed(3)
    module = Transformer(TransformerConfig(vocabulary=30, layers=1, units=32, heads=2, window=1))
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    session, ids = TransformerSession(build(weights, vars(module.config), None)), ids_of(1, 5)
    alone = np.concatenate([stepped(session, ids[:, place : place + 1]) for place in range(5)], axis=1)
    assert np.allclose(stepped(session, ids), alone, atol=1e-5)


def words(graph, **changes):
    """The graph with other words on how far it looks back, None for no words at all."""
    model = onnx.load_from_string(graph)
    facts = json.loads(model.metadata_props[0].value) | changes
    del model.metadata_props[:]
    if changes:
        helper.set_model_props(model, {"transformer": json.dumps(facts)})
    return model.SerializeToString()


def test_other_graphs_are_refused():
    graph = graph_of("modern_transformer")
    with pytest.raises(ValueError, match="does not say how far it looks back"):
        TransformerSession(words(graph))
    with pytest.raises(ValueError, match="words on how far it looks back cannot be used"):
        TransformerSession(words(graph, window="all"))
    for changes in ({"window": 0}, {"window": 10**9}, {"slowest": 0.5}, {"slowest": 0}):
        with pytest.raises(ValueError, match="expected a Transformer's step"):
            TransformerSession(words(graph, **changes))
    with pytest.raises(ValueError, match="does not take the graph"):
        TransformerSession(b"music")
    model = onnx.load_from_string(graph)
    for value in (*model.graph.input, *model.graph.output):
        if value.name.split(".")[-2:-1] == ["keys"]:
            value.type.tensor_type.shape.dim[1].dim_param = "any"
    with pytest.raises(ValueError, match="expected heads and their width"):
        TransformerSession(model.SerializeToString())


def test_a_graph_that_takes_something_else_is_refused():
    number = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "time"])
    node = helper.make_node("Identity", ["ids"], ["logits"])
    out = helper.make_tensor_value_info("logits", TensorProto.INT64, ["batch", "time"])
    model = helper.make_model(helper.make_graph([node], "step", [number], [out]), opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"transformer": json.dumps({"vocabulary": 9, "window": 3})})
    with pytest.raises(ValueError, match="the graph takes ids and has a window of 3"):
        TransformerSession(model.SerializeToString())
