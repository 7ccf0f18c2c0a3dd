"""The one-hot model of Play Bach and the microcontroller's, and the same music from their graphs."""

import numpy as np
import onnx
import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.batch_norm import EPSILON, BatchNorm
from partimento.models.onnx_session import OnnxSession
from partimento.models.play_bach_conv import PAST, PlayBachConv, PlayBachConvConfig
from partimento.models.play_bach_conv_graph import step_graph as conv_graph
from partimento.models.play_bach_onehot import SLOPE, PlayBachOnehot, PlayBachOnehotConfig
from partimento.models.play_bach_onehot_graph import step_graph as onehot_graph

VOCABULARY = 12


def music(rows, length, seed=0):
    return np.random.default_rng(seed).integers(0, VOCABULARY, (rows, length))


def onehot(**settings):
    return PlayBachOnehot(PlayBachOnehotConfig(VOCABULARY, **{"units": 17, **settings}))


def conv(**settings):
    return PlayBachConv(PlayBachConvConfig(VOCABULARY, **{"channels": 10, **settings}))


KINDS = {
    "onehot": onehot,
    "onehot-one-layer": lambda: onehot(layers=1),
    "conv": conv,
    "conv-embedded": lambda: conv(embedding=3),
}


@pytest.fixture(params=KINDS)
def module(request):
    """An untrained network whose normalisation has seen some music."""
    torch.manual_seed(4)
    made = KINDS[request.param]()
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "norm" not in name:
                parameter *= 2
            else:
                parameter += 0.3 * torch.randn_like(parameter)
        for seed in range(30):
            made(torch.from_numpy(music(6, 12, seed)), made.start(6))
    return made.eval()


def graph_of(module):
    weights = {name: tensor.float().numpy() for name, tensor in module.state_dict().items()}
    return conv_graph(weights, epsilon=EPSILON) if isinstance(module, PlayBachConv) else onehot_graph(weights, epsilon=EPSILON, slope=SLOPE)


def stepped(session, ids):
    """Logits after each place, shape (batch, time, vocabulary)."""
    state, found = session.start(len(ids)), []
    for place in range(ids.shape[1]):
        logits, state = session.step(ids[:, place], state)
        found.append(logits)
    return np.stack(found, axis=1)


def test_chunks_of_any_length_give_the_same(module):
    ids = torch.from_numpy(music(3, 30))
    with torch.no_grad():
        whole, _ = module(ids, module.start(3))
        state, parts = module.start(3), []
        for begin, end in ((0, 1), (1, 2), (2, 9), (9, 30)):
            logits, state = module(ids[:, begin:end], state)
            parts.append(logits)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-5)


def test_the_graph_composes_what_the_network_would(module):
    ids = music(4, 40)
    with torch.no_grad():
        exact = module(torch.from_numpy(ids), module.start(4))[0].numpy()
    found = stepped(OnnxSession(graph_of(module)), ids)
    assert exact.std() > 0.2, "nothing is said, so nothing was compared"
    assert np.abs(exact - found).max() < 0.12 * exact.std() + 0.05
    assert np.abs(exact - found).mean() < 0.03


def test_neighbours_and_threads_change_no_bit(module):
    ids, graph = music(9, 12), graph_of(module)
    alone = stepped(OnnxSession(graph), ids[4:5])[0]
    for threads, rows in ((1, [4, 1, 2]), (2, list(range(9))), (4, [7, 4])):
        found = stepped(OnnxSession(graph, threads=threads), ids[rows])
        assert np.array_equal(found[rows.index(4)], alone)


def test_the_graph_is_whole_and_the_same_weights_give_the_same_bytes(module):
    assert graph_of(module) == graph_of(module)
    onnx.checker.check_model(onnx.load_from_string(graph_of(module)), full_check=True)


def test_the_picture_holds_a_hundred_ids_and_no_more():
    torch.manual_seed(0)
    module, ids = conv(embedding=2).eval(), torch.from_numpy(music(1, PAST + 1))
    other = ids.clone()
    with torch.no_grad():
        plain = module(ids, module.start(1))[0][:, -1]
        other[0, 0] = (other[0, 0] + 1) % VOCABULARY
        assert torch.allclose(module(other, module.start(1))[0][:, -1], plain)
        other[0, 1] = (other[0, 1] + 1) % VOCABULARY
        assert not torch.allclose(module(other, module.start(1))[0][:, -1], plain)


def test_an_id_is_its_own_number_where_nothing_is_embedded():
    module = conv()
    assert module.numbers[:, 0].tolist() == pytest.approx([number / VOCABULARY for number in range(VOCABULARY + 1)])
    assert "numbers" not in module.state_dict()


def test_normalised_values_have_mean_nought_and_spread_one():
    torch.manual_seed(0)
    norm = BatchNorm(3)
    values = torch.randn(2000, 3) * torch.tensor([0.1, 1.0, 5.0]) + torch.tensor([1.0, 0.0, -9.0])
    for _ in range(150):
        found = norm(values)
    assert found.mean(dim=0).abs().max() < 1e-3 and (found.std(dim=0) - 1).abs().max() < 0.06
    assert torch.allclose(norm.eval()(values), found, atol=0.05)
    assert set(norm.state_dict()) == {"weight", "bias", "mean", "variance"}


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (PlayBachOnehotConfig, {"units": 4}, "play_bach_onehot: units is 4, expected 8 to 4096"),
        (PlayBachOnehotConfig, {"dropout": -0.1}, "play_bach_onehot: dropout is -0.1, expected 0 to below 1; his was 0.4"),
        (PlayBachConvConfig, {"channels": 4}, "play_bach_conv: channels is 4, expected 5 to 1280"),
        (PlayBachConvConfig, {"embedding": 65}, "play_bach_conv: embedding is 65, expected 1 to 64"),
        (PlayBachConvConfig, {"dropout": 1}, "play_bach_conv: dropout is 1, expected 0 to below 1; his was 0.2"),
    ],
)
def test_settings_out_of_range_are_refused(config, settings, message):
    with pytest.raises(ConfigError, match=message):
        config(VOCABULARY, **settings)
