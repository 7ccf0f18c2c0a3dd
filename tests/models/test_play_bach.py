"""The large model of Play Bach: events in turns, attention that attends, and the same music from its graph."""

import json
from dataclasses import asdict

import numpy as np
import onnx
import pytest
import torch
from torch.nn.functional import cross_entropy

from partimento.errors import ConfigError
from partimento.models.batch_norm import EPSILON
from partimento.models.onnx_session import OnnxSession
from partimento.models.play_bach import NEVER, PlayBach, PlayBachConfig
from partimento.models.play_bach_graph import step_graph

PAIRS = ((1, 8), (9, 5))
THREES = ((2, 7), (12, 4), (9, 3))  # not in the order of their ids, and ids 0, 1 and 16 in none
VOCABULARY = {PAIRS: 14, THREES: 17}


def built(groups=PAIRS, seed=0, **settings):
    torch.manual_seed(seed)
    made = {"embedding": 8, "units": 16, "window": 6, "dropout": 0.2, **settings}
    module = PlayBach(PlayBachConfig(VOCABULARY[groups], groups, **made))
    with torch.no_grad():
        for parameter in module.parameters():
            parameter *= 2  # far enough from zero that everything matters
        module.distance.normal_()
        for norm in module.norms:
            norm.mean.normal_(0, 0.1)
            norm.variance.uniform_(0.05, 0.3)
    return module.eval()


def music(rows, events, groups=PAIRS, seed=0):
    """Ids that take their turns, shape (rows, 1 + events * groups)."""
    random = np.random.default_rng(seed)
    columns = [np.zeros(rows, np.int64)]
    columns += [first + random.integers(0, size, rows) for _ in range(events) for first, size in groups]
    return torch.from_numpy(np.stack(columns, axis=1))


def logits_of(module, ids, *cuts):
    """Logits of `ids`, read in chunks that begin at `cuts`."""
    state, found = module.start(len(ids)), []
    with torch.no_grad():
        for begin, end in zip((0, *cuts), (*cuts, ids.shape[1]), strict=True):
            logits, state = module(ids[:, begin:end], state)
            found.append(logits)
    return torch.cat(found, dim=1)


BOTH = pytest.mark.parametrize("groups", [PAIRS, THREES], ids=["pairs", "threes"])


@BOTH
def test_chunks_of_any_length_give_the_same(groups):
    module, ids = built(groups), music(3, 15, groups)
    whole = logits_of(module, ids)
    for cuts in ((1,), (2, 3, 4, 5, 6), (7, 20), range(1, ids.shape[1])):
        assert torch.allclose(logits_of(module, ids, *cuts), whole, atol=1e-5)


@BOTH
def test_only_the_group_that_is_due_can_come(groups):
    found = logits_of(built(groups), music(2, 9, groups))
    for place in range(found.shape[1]):
        first, size = groups[place % len(groups)]
        due = torch.zeros(VOCABULARY[groups], dtype=torch.bool)
        due[first : first + size] = True
        assert (found[:, place, ~due] == NEVER).all() and (found[:, place, due].abs() < 100).all()


@BOTH
def test_rows_at_different_places_of_their_events_share_a_batch(groups):
    module, ids = built(groups), music(3, 8, groups)
    states, expected = [], []
    for row in range(3):
        with torch.no_grad():
            _, state = module(ids[row : row + 1, : 4 + row], module.start(1))
            states.append(state)
            expected.append(module(ids[row : row + 1, 4 + row : 13 + row], state)[0])
    together = tuple(torch.cat(parts) for parts in zip(*states, strict=True))
    with torch.no_grad():
        found, _ = module(torch.cat([ids[row : row + 1, 4 + row : 13 + row] for row in range(3)]), together)
    assert torch.allclose(found, torch.cat(expected), atol=1e-5)


def test_a_later_head_knows_the_earlier_choice_only_where_they_are_joint():
    for joint in (True, False):
        module, ids = built(joint=joint), music(1, 5)
        other = ids.clone()
        other[0, 9] = 1 + ids[0, 9] % 8  # another pitch in the event that is not whole yet
        same = torch.equal(logits_of(module, ids[:, :10])[:, 9], logits_of(module, other[:, :10])[:, 9])
        assert same is not joint


# --- attention


def last_logits(module, state, ids):
    with torch.no_grad():
        return module(ids, state)[0][:, -1]


def test_a_state_in_the_window_matters_and_one_that_has_left_it_does_not():
    module, ids = built(), music(2, 12)
    with torch.no_grad():
        _, state = module(ids[:, :21], module.start(2))  # ten events
    plain = last_logits(module, state, ids[:, 21:23])
    for place in range(6):
        window = state[2].clone()
        window[:, place] = -window[:, place]
        found = last_logits(module, (*state[:2], window, *state[3:]), ids[:, 21:23])
        change = (found - plain)[plain > NEVER].abs().max()
        assert (change > 1e-4) if place else (change == 0), place  # the oldest leaves as the next event comes


def test_weights_are_shares_of_the_window():
    module = built()
    states, seen = torch.randn(2, 9, 16), torch.randn(2, 15, 16)
    present = torch.cat([torch.zeros(2, 4), torch.ones(2, 11)], dim=1)
    weights = module.attention(states, seen, present)
    assert torch.allclose(weights.sum(dim=2), torch.ones(2, 9))
    for event in range(9):
        within = torch.zeros(15, dtype=torch.bool)
        within[max(event + 1, 4) : event + 7] = True
        assert (weights[:, event, within] > 0).all() and (weights[:, event, ~within] == 0).all()


def test_after_learning_to_copy_it_looks_back_and_not_at_the_last_state_alone():
    """Every note repeats the one seven events ago: what is next was heard six states before the newest."""
    torch.manual_seed(3)
    module = PlayBach(PlayBachConfig(14, PAIRS, embedding=8, units=16, window=12, dropout=0.0))
    optimiser = torch.optim.Adam(module.parameters(), 2e-2)
    random = np.random.default_rng(3)

    def batch():
        ids = music(8, 22, seed=int(random.integers(1 << 30)))
        notes = ids[:, 1::2]
        for place in range(7, notes.shape[1]):
            notes[:, place] = notes[:, place - 7]
        ids[:, 2::2] = 9
        return ids

    for _ in range(60):
        ids = batch()
        logits, _ = module(ids[:, :-1], module.start(8))
        loss = cross_entropy(logits[:, 14::2].flatten(0, 1), ids[:, 15::2].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    weights = []
    inner = module.attention
    module.attention = lambda *values: weights.append(inner(*values)) or weights[-1]
    ids = batch()
    with torch.no_grad():
        found = module(ids[:, :-1], module.start(8))[0][:, 14::2].argmax(dim=2)
    assert (found == ids[:, 15::2]).float().mean() > 0.6, "it has not learnt to copy, so nothing is shown"
    newest = torch.stack([weights[0][:, event, 12 + event] for event in range(14, 22)])
    copied = torch.stack([weights[0][:, event, 12 + event - 6] for event in range(14, 22)])
    assert newest.mean() < 0.5 and newest.max() < 0.99
    assert copied.mean() > 3 / 12


# --- the graph


def graph_of(module):
    weights = {name: tensor.float().numpy() for name, tensor in module.state_dict().items()}
    config = json.loads(json.dumps(asdict(module.config)))
    return step_graph(weights, vocabulary=config["vocabulary"], groups=config["groups"], epsilon=EPSILON)


def stepped(session, ids):
    """Logits after each place, shape (batch, time, vocabulary)."""
    state, found = session.start(len(ids)), []
    for place in range(ids.shape[1]):
        logits, state = session.step(ids[:, place], state)
        found.append(logits)
    return np.stack(found, axis=1)


@BOTH
@pytest.mark.parametrize("settings", [{}, {"joint": False, "layers": 1}, {"layers": 3, "window": 2}], ids=["joint", "one", "three"])
def test_the_graph_composes_what_the_network_would(groups, settings):
    module, ids = built(groups, **settings), music(4, 20, groups)
    exact = logits_of(module, ids).numpy()
    found = stepped(OnnxSession(graph_of(module)), ids.numpy())
    due = exact > NEVER
    assert np.array_equal(due, found > NEVER) and np.isfinite(found).all()
    assert np.abs(exact - found)[due].max() < 0.25 and np.abs(exact - found)[due].mean() < 0.03
    assert exact[due].std() > 0.3, "nothing is said, so nothing was compared"


@BOTH
def test_neighbours_and_threads_change_no_bit(groups):
    ids = music(9, 10, groups).numpy()
    graph = graph_of(built(groups, units=17))
    alone = stepped(OnnxSession(graph), ids[4:5])[0]
    for threads, rows in ((1, [4, 1, 2]), (2, list(range(9))), (4, [7, 4])):
        found = stepped(OnnxSession(graph, threads=threads), ids[rows])
        assert np.array_equal(found[rows.index(4)], alone)


def test_in_the_graph_too_rows_may_be_at_different_places_of_their_events():
    ids, session = music(2, 8).numpy(), OnnxSession(graph_of(built()))
    late = session.start(1)
    logits, late = session.step(ids[1:2, 0], late)
    together = tuple(np.concatenate(parts) for parts in zip(session.start(1), late, strict=True))
    for place in range(10):
        logits, together = session.step(np.array([ids[0, place], ids[1, place + 1]]), together)
    assert np.array_equal(logits[0], stepped(session, ids[:1])[0, 9])
    assert np.array_equal(logits[1], stepped(session, ids[1:])[0, 10])


def test_the_graph_is_whole_and_the_same_weights_give_the_same_bytes():
    module = built()
    assert graph_of(module) == graph_of(module)
    model = onnx.load_from_string(graph_of(module))
    onnx.checker.check_model(model, full_check=True)
    names = {f"state.{name}" for name in ("cells", "window", "there", "read", "event")}
    assert {value.name for value in model.graph.input} == {"ids"} | names


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups": ()}, "groups are .*, expected 2 to 8 that share no id of 14. Take an encoding whose ids take turns, such as chords"),
        ({"groups": ((1, 8), (5, 5))}, "expected 2 to 8 that share no id"),
        ({"groups": ((1, 8), (9, 6))}, "expected 2 to 8 that share no id"),
        ({"units": 4}, "units is 4, expected 8 to 4096"),
        ({"window": 1}, "window is 1, expected 2 to 256"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 to below 1; his was 0.4"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        PlayBachConfig(**{"vocabulary": 14, "groups": PAIRS, **settings})
