import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.char_rnn import CELLS, CharRnn, CharRnnConfig

IDS = torch.tensor([[0, 1, 2, 3, 4, 0, 1, 2], [4, 4, 3, 3, 2, 2, 1, 1]])


def network(cell="lstm", **settings):
    torch.manual_seed(0)
    return CharRnn(CharRnnConfig(5, cell, 2, 8, **settings)).eval()


@pytest.mark.parametrize("cell", sorted(CELLS))
@pytest.mark.parametrize("lags", [(), (1,), (2, 5)])
def test_reading_in_parts_is_reading_at_once(cell, lags):
    module = network(cell, lags=lags)
    with torch.no_grad():
        whole, last = module(IDS, module.start(2))
        state, parts = module.start(2), []
        for piece in (IDS[:, :1], IDS[:, 1:4], IDS[:, 4:]):
            logits, state = module(piece, state)
            parts.append(logits)
    assert whole.shape == (2, 8, 5)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-6)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(state, last, strict=True))


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_what_comes_later_changes_nothing_before(cell):
    module = network(cell, lags=(3,))
    other = IDS.clone()
    other[:, 5:] = 0
    with torch.no_grad():
        one, two = module(IDS, module.start(2))[0], module(other, module.start(2))[0]
    assert torch.equal(one[:, :5], two[:, :5])
    assert not torch.equal(one[:, 6:], two[:, 6:])


def test_a_lag_sees_the_id_that_stood_there_and_none_before_the_piece():
    module = network(lags=(3,))
    with torch.no_grad():
        module.embed.weight.zero_()
        module.lagged[0].weight.zero_()
        module.lagged[0].weight[3] = 1.0  # only the id 3, three places back, is seen
        logits = module(IDS, module.start(2))[0]
        blind = module(torch.zeros_like(IDS), module.start(2))[0]
    differs = (logits - blind).abs().amax(dim=2) > 1e-6
    assert differs.tolist() == [[False] * 6 + [True] * 2, [False] * 5 + [True] * 3]


def test_the_table_of_the_past_has_a_row_for_no_id():
    assert network(lags=(2,)).lagged[0].weight.shape == (6, 8)
    assert network(lags=(2,)).start(3)[-2].tolist() == [[5, 5]] * 3
    assert network().start(3)[-2].shape == (3, 0)


def test_dropout_acts_in_training_alone():
    module = network(dropout=0.5)
    with torch.no_grad():
        assert torch.equal(module(IDS, module.start(2))[0], module(IDS, module.start(2))[0])
        module.train()
        assert not torch.equal(module(IDS, module.start(2))[0], module(IDS, module.start(2))[0])


def test_an_embedding_may_be_narrower():
    module = network(embedding=3)
    assert module.embed.weight.shape == (5, 3)
    assert module(IDS, module.start(2))[0].shape == (2, 8, 5)


def test_lags_from_json_are_a_list():
    assert CharRnnConfig(5, lags=[1, 2]).lags == (1, 2)


def test_an_unknown_cell_names_the_nearest():
    with pytest.raises(ConfigError, match="cell 'lstn'; did you mean 'lstm'"):
        CharRnnConfig(5, "lstn")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"vocabulary": 1}, "vocabulary is 1, expected 2 to 65536"),
        ({"layers": 9}, "layers is 9, expected 1 to 8"),
        ({"units": 4}, "units is 4, expected 8 to 4096"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 to below 1"),
        ({"dropout": -0.1}, "dropout is -0.1"),
        ({"lags": (1, 0)}, r"lags are \(1, 0\), expected each at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        CharRnnConfig(**{"vocabulary": 5, **settings})


def test_a_repeat_and_the_place_are_heard():
    module = network(lags=(2,), repeats=True, turn=3)
    with torch.no_grad():
        module.repeat.fill_(1.0)
        module.lagged[0].weight.zero_()
        repeated, other = (module(torch.tensor([ids]), module.start(1))[0][0, -1] for ids in ([3, 1, 3], [4, 1, 3]))
        deaf = network(lags=(2,), turn=3)
        deaf.load_state_dict({name: value for name, value in module.state_dict().items() if name != "repeat"})
        same, too = (deaf(torch.tensor([ids]), deaf.start(1))[0][0, -1] for ids in ([3, 1, 3], [4, 1, 3]))
    assert (repeated - other).abs().max() > 3 * (same - too).abs().max()  # ids before are remembered, a repeat is told


def test_the_counter_begins_anew():
    module = network(turn=3)
    assert [int(module(torch.zeros(1, n, dtype=torch.long), module.start(1))[1][-1]) for n in range(1, 7)] == [1, 2, 0, 1, 2, 0]


def test_a_counter_has_bounds():
    with pytest.raises(ConfigError, match="turn is 2000, expected 0 to 1,024"):
        network(turn=2000)
