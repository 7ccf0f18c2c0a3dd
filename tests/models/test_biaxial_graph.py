"""The graph that composes against the network that was trained."""

from dataclasses import asdict

import numpy as np
import onnx
import pytest
import torch

from little_music import chorale, wander
from partimento.encoding.pianoroll import PianoRoll
from partimento.models.batch_norm import EPSILON
from partimento.models.biaxial import Biaxial, BiaxialConfig
from partimento.models.biaxial_graph import step_graph
from partimento.models.onnx_session import OnnxSession

ROLL = PianoRoll(40, 80)
FRAME = ROLL.hints["frame"]
IMPOSSIBLE = -1e8


def module_of(**settings):
    """A network with weights as large as learnt ones."""
    torch.manual_seed(1)
    shape = {"time_units": (17, 12), "note_units": (16, 9)}
    hints = {name: ROLL.hints[name] for name in ("frame", "lowest", "metres")}
    module = Biaxial(BiaxialConfig(len(ROLL.vocabulary), **hints, **{**shape, **settings})).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(1.5).add_(0.1 * torch.randn_like(parameter))
    return module


def graph_of(module):
    weights = {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}
    return step_graph(weights, asdict(module.config), epsilon=EPSILON)


def stepped(session, ids):
    """Logits after each place, shape (batch, time, vocabulary), and the last state."""
    state, found = session.start(len(ids)), []
    for place in range(ids.shape[1]):
        logits, state = session.step(ids[:, place], state)
        found.append(logits)
    return np.stack(found, axis=1), state


@pytest.fixture(scope="module")
def pieces():
    """Four pieces as long: two of music, two of chance, with a pickup, with other metres."""
    random = np.random.default_rng(0)
    made = [ROLL.encode(chorale(1, bars=2)), ROLL.encode(chorale(2, bars=2, pickup=True))]
    for place in ("6/8:5", "3/4:0"):
        made.append(wander(ROLL.grammar(bars=2), random, [ROLL.start_id, ROLL.vocabulary.ids[place]]))
    return np.array([piece[: 20 * FRAME] for piece in made])


@pytest.fixture(scope="module", params=[{}, {"invariant": True, "time_units": (24,), "note_units": (8,)}], ids=["two-layers", "invariant"])
def module(request):
    return module_of(**request.param)


def test_int8_says_what_the_network_says(module, pieces):
    with torch.no_grad():
        exact = module(torch.from_numpy(pieces).long(), module.start(len(pieces)))[0].numpy()
    found, _ = stepped(OnnxSession(graph_of(module)), pieces)
    possible = exact > IMPOSSIBLE
    assert np.array_equal(possible, found > IMPOSSIBLE)
    assert np.abs(exact[possible]).max() > 2, "the network says nothing, so nothing was compared"
    assert found[possible] == pytest.approx(exact[possible], abs=0.06)
    assert np.abs(found - exact)[possible].mean() < 0.01
    assert np.isfinite(found).all()


def test_neighbours_and_threads_change_no_bit(module, pieces):
    graph = graph_of(module)
    short = pieces[:, : 3 * FRAME]
    together, _ = stepped(OnnxSession(graph, threads=2), short)
    for row in range(len(short)):
        alone, _ = stepped(OnnxSession(graph), short[row : row + 1])
        assert np.array_equal(alone[0], together[row])


def test_the_axis_of_time_runs_once_a_frame(module, pieces):
    session = OnnxSession(graph_of(module))
    state, changed = session.start(1), []
    for number in pieces[0, : 3 * FRAME]:
        _, after = session.step(np.array([number]), state)
        changed.append(after[0] is not state[0])
        state = after
    assert np.flatnonzero(changed).tolist() == [1, 1 + FRAME, 1 + 2 * FRAME]


def test_a_state_can_be_gone_back_to(module, pieces):
    session = OnnxSession(graph_of(module))
    _, state = stepped(session, pieces[:2, : 2 * FRAME + 9])
    one, _ = session.step(pieces[:2, 2 * FRAME + 9], state)
    session.step(pieces[2:, 2 * FRAME + 9], state)
    again, _ = session.step(pieces[:2, 2 * FRAME + 9], state)
    assert np.array_equal(one, again)


def test_a_roll_without_articulation_has_two_values_a_key():
    torch.manual_seed(0)
    config = BiaxialConfig(2 + 16 + 2, 31, 50, ("4/4",), (12,), (10,), articulate=False)
    network = Biaxial(config).eval()
    ids = np.random.default_rng(0).integers(18, 20, (3, 4 * 31))
    ids[:, 0], ids[:, 1::31] = 0, np.arange(2, 6)
    with torch.no_grad():
        exact = network(torch.from_numpy(ids), network.start(3))[0].numpy()
    found, _ = stepped(OnnxSession(graph_of(network)), ids)
    assert found[found > IMPOSSIBLE] == pytest.approx(exact[exact > IMPOSSIBLE], abs=0.02)


def test_the_same_weights_give_the_same_bytes_and_they_pass_the_checker(module):
    graph = graph_of(module)
    assert graph == graph_of(module)
    model = onnx.load_from_string(graph)
    onnx.checker.check_model(model, full_check=True)
    assert {node.domain for node in model.graph.node} == {""}
    assert {value.name for value in model.graph.input} == {
        "ids", *(f"state.{name}" for name in ("cells", "notes", "gates", "places", "past", "place", "phase"))
    }  # fmt: skip
