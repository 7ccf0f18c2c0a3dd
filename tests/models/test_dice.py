"""Dice over a table made by hand.

Ids: 0 start, 1 to 4 notes, 5 the bar line, 6 the end. An opening (0), two first bars (1 2 5) and (1 3 5), the first
twice as likely, then either of two last bars (4 6) and (2 6), or, after (1 3 5), a middle bar (3 3 5) before them.
"""

import numpy as np
import pytest

from partimento.evaluation.likelihood import likelihood
from partimento.files.tensors import read_tensors, tensor_bytes
from partimento.models.dice import RARE, Dice
from partimento.models.dice_table import DiceTable, Plan
from partimento.models.markov import Markov
from partimento.models.model import Planner

BARS = [(0,), (1, 2, 5), (1, 3, 5), (2, 6), (3, 3, 5), (4, 6)]
FIRST, LAST, MIDDLE, HOME = 2, 3, 4, 5
MEMBERS = {0: [0], 1: [1, 2, 3, 4, 5], FIRST: [1, 2], LAST: [3, 5], MIDDLE: [4], HOME: [1, 2, 3, 4, 5]}


def table(**changed):
    """The table above, some arrays of it changed."""
    members = [bar for column in sorted(MEMBERS) for bar in MEMBERS[column]]
    arrays = {
        "vocabulary": np.array([7]),
        "ids": np.concatenate([np.array(bar, np.int32) for bar in BARS]),
        "bounds": np.cumsum([0, *map(len, BARS)]),
        "following": np.array([FIRST, LAST, MIDDLE, -1, LAST, -1], np.int32),
        "lengths": np.array([0, 1, 1, 1, 1, 1], np.int32),
        "members": np.array(members, np.int32),
        "faces": np.array([1, *[1] * 5, 2, 1, 1, 3, 1, *[1] * 5], np.int32),
        "columns": np.cumsum([0, *(len(MEMBERS[column]) for column in sorted(MEMBERS))]),
        "homes": np.array([1, 1, HOME, HOME, HOME, HOME], np.int32),
        "joints": np.array([0 * 7 + 1, 5 * 7 + 2, 5 * 7 + 3, 5 * 7 + 4]),
    }
    return DiceTable(**{**arrays, **changed})


def dice():
    """Dice over that table, with a chain that knows a piece of it."""
    return Dice(table(), Markov.fit([np.array([0, 1, 2, 5, 4, 6])], order=1, vocabulary=7))


def after(model, ids):
    """What the model finds likely after `ids`, as chances."""
    state = model.start(1)
    for number in ids:
        logits, state = model.step(np.array([number]), state)
    return np.exp(logits[0].astype(np.float64))


def playing(bars=None):
    """The dice as they compose."""
    return dice().planned(bars, lambda ids: True)


def test_what_is_thrown_is_as_likely_as_its_faces():
    model = playing()
    assert after(model, [0])[1] == pytest.approx(1, abs=3 * RARE)
    assert after(model, [0, 1])[[2, 3]] == pytest.approx([2 / 3, 1 / 3], rel=1e-4)
    assert after(model, [0, 1, 2])[5] == pytest.approx(1, abs=3 * RARE)
    assert after(model, [0, 1, 2, 5])[[2, 4]] == pytest.approx([1 / 4, 3 / 4], rel=1e-4)  # the bar is over: the next is thrown
    assert after(model, [0, 1, 3, 5])[3] == pytest.approx(1, abs=3 * RARE)
    assert after(model, [0, 1, 3, 5, 3, 3, 5])[[2, 4]] == pytest.approx([1 / 4, 3 / 4], rel=1e-4)


@pytest.mark.parametrize(("bars", "second"), [(2, 2), (3, 3)])
def test_a_plan_leaves_what_leads_to_its_end(bars, second):
    model = playing(bars)
    assert after(model, [0, 1])[second] == pytest.approx(1, abs=3 * RARE)


def test_a_length_that_cannot_be_had_is_not_heeded():
    assert after(playing(7), [0, 1])[[2, 3]] == pytest.approx([2 / 3, 1 / 3], rel=1e-4)


def test_the_plan_counts_the_ways():
    plan = Plan(table(), 3, np.ones(6, bool))
    ways = [[float(plan.weights(np.array([bar]), left)[0]) > 0 for left in range(4)] for bar in range(6)]
    assert ways == [
        [False, False, True, True],  # the opening: two bars, or three
        [False, False, True, False],
        [False, False, False, True],
        [False, True, False, False],
        [False, False, True, False],
        [False, True, False, False],
    ]
    assert plan.leads_to_the_end(FIRST, 2) and plan.leads_to_the_end(FIRST, 3) and not plan.leads_to_the_end(FIRST, 4)
    # relative to the likeliest column: to end in two bars from the middle is certain, in three at best one throw in three
    assert (plan.weights(np.array([1]), 2)[0], plan.weights(np.array([2]), 3)[0]) == pytest.approx((1, 3))


def test_dice_that_may_not_begin_are_none():
    assert dice().planned(2, lambda ids: False) is None
    assert isinstance(dice(), Planner) and not isinstance(dice().chain, Planner)


@pytest.mark.parametrize("model", [dice(), playing(), playing(2)], ids=["as measured", "as composing", "with a plan"])
def test_chances_add_up_and_none_is_nothing(model):
    random = np.random.default_rng(4)
    pieces = [[0, 1, 2, 5, 4, 6], [0, 1, 3, 5, 3, 3, 5, 2, 6], *([0, *random.integers(0, 7, 12)] for _ in range(20))]
    for ids in pieces:
        for end in range(1, len(ids) + 1):
            found = after(model, ids[:end])
            assert found.sum() == pytest.approx(1, abs=1e-5)
            assert found.min() > 0


def test_a_bar_of_no_column_is_taken_from_the_same_key_and_then_from_the_chain():
    model = dice()
    usual, elsewhere, nowhere = ([0, 1, 2, 5, n, *rest] for n, rest in ((4, []), (3, [3]), (1, [4])))
    assert after(model, usual)[6] > 0.5
    assert after(model, elsewhere)[5] > 0.3  # (3 3 5) is thrown from no column here, but stands in the corpus
    assert np.allclose(after(model, nowhere), after(model.chain, nowhere), atol=1e-6)


def test_a_lost_piece_is_found_again_at_the_next_bar():
    model = playing()
    assert after(model, [0, 1, 4, 5, 4])[6] == pytest.approx(1, abs=1e-4)
    assert model.read(np.array([0, 1, 4, 5, 4, 6])) == [(1, False), (4, True)]


@pytest.mark.parametrize("sign", [5 * 7 + 4, 7 * 7 + 4, 7 * 7 + 7 + 5], ids=["a pair", "what begins bars", "what ends them"])
def test_a_bar_is_known_to_begin_by_its_ids(sign):
    found = table(joints=np.array([sign]))
    assert found.begins_bar(5, 4) and not found.begins_bar(4, 5) and not found.begins_bar(-1, 4)
    assert found.begins_bar(3, 4) == (sign == 7 * 7 + 4)


def test_pieces_are_read_bar_by_bar():
    assert dice().read(np.array([0, 1, 3, 5, 3, 3, 5, 2, 6])) == [(1, True), (4, True), (7, True)]
    assert dice().read(np.array([0, 1, 3, 5, 3, 4, 5, 2, 6])) == [(1, True), (4, False), (7, True)]


def test_rows_of_a_batch_do_not_heed_each_other():
    model = dice()
    pieces = np.array([[0, 1, 2, 5, 4, 6], [0, 1, 4, 4, 5, 2], [0, 1, 3, 5, 3, 3]])
    state = model.start(3)
    for at in range(6):
        logits, state = model.step(pieces[:, at], state)
        assert all(part.shape[0] == 3 for part in state)
        alone = [after(model, piece[: at + 1]) for piece in pieces]
        assert np.allclose(np.exp(logits), alone, atol=1e-6)


def test_a_state_that_is_kept_stays_as_it_was():
    model = dice()
    _, state = model.step(np.array([0]), model.start(1))
    kept = [part.copy() for part in state]
    model.step(np.array([1]), state)
    model.step(np.array([6]), state)
    assert all(np.array_equal(part, old) for part, old in zip(state, kept, strict=True))


def test_its_own_pieces_are_likelier_than_others():
    own, other = np.array([0, 1, 2, 5, 4, 6]), np.array([0, 4, 1, 5, 1, 6])
    assert likelihood(dice(), [own]).nats < 3 < likelihood(dice(), [other]).nats


def test_dice_come_back_from_bytes():
    data = tensor_bytes(dice().tensors())
    again = Dice.of_tensors(read_tensors(data, "weights"))
    assert tensor_bytes(again.tensors()) == data
    for ids in ([0], [0, 1], [0, 1, 3, 5], [0, 4, 4]):
        assert np.array_equal(after(again, ids), after(dice(), ids))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ids", np.array([0] * 13 + [7])),
        ("bounds", np.array([0, 1, 4, 7, 9, 12, 15])),
        ("following", np.array([2, 3, 6, -1, 3, -1])),
        ("lengths", np.array([0, 1, 1, 1, 1])),
        ("members", np.array([0, 1, 2, 3, 4, 5, 1, 2, 3, 5, 4, 1, 2, 3, 4, 9])),
        ("faces", np.zeros(16, np.int64)),
        ("columns", np.array([0, 1, 6, 8, 10, 11, 17])),
        ("homes", np.array([1, 1, 5, 5, 5, 6])),
        ("joints", np.array([9, 3])),
        ("joints", np.array([7 * 9])),
    ],
)
def test_a_damaged_table_is_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' does not fit the other arrays"):
        table(**{name: value})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ids": np.zeros((2, 7), np.int32)}, "'ids' is int32 of shape"),
        ({"faces": np.ones(16)}, "'faces' is float64 of shape"),
        ({"vocabulary": np.array([0])}, "expected one number from 1 to 65536"),
        ({"vocabulary": np.array([7, 7])}, "expected one number from 1 to 65536"),
        ({"members": np.array([0, 1, 2, 3, 4, 5, 2, 1, 3, 5, 4, 1, 2, 3, 4, 5])}, "'members' do not rise within a column"),
    ],
)
def test_arrays_that_are_no_table_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        table(**changed)


def test_missing_arrays_and_a_strange_chain_are_refused():
    tensors = dice().tensors()
    for name in ("homes", "chain.vocabulary"):
        with pytest.raises(KeyError, match=name.removeprefix("chain.")):
            Dice.of_tensors({key: value for key, value in tensors.items() if key != name})
    with pytest.raises(ValueError, match="a chain of 8 ids beside bars of 7"):
        Dice.of_tensors({**tensors, "chain.vocabulary": np.array([8])})
