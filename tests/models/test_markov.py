import numpy as np
import pytest

from partimento.errors import ConfigError
from partimento.files.tensors import read_tensors, tensor_bytes
from partimento.models.markov import Markov


def chances(model, ids):
    """What the model finds likely after `ids`, as chances."""
    state = model.start(1)
    logits = np.full((1, model.vocabulary), np.nan)
    for number in ids:
        logits, state = model.step(np.array([number]), state)
    return np.exp(logits[0].astype(np.float64))


def test_order_0_counts_how_often_each_id_stands():
    # a a b: three ids seen, two kinds; method C: (count + kinds / vocabulary) / (total + kinds)
    model = Markov.fit([np.array([0, 0, 1])], order=0, vocabulary=4)
    assert chances(model, [0]) == pytest.approx([(2 + 2 / 4) / 5, (1 + 2 / 4) / 5, (2 / 4) / 5, (2 / 4) / 5], rel=1e-6)


def test_order_1_mixes_what_followed_with_what_stands_anywhere():
    # 0 1 0 2: after 0 came 1 and 2, once each. Order 0: counts 2, 1, 1 of 4, three kinds, base 1/3.
    model = Markov.fit([np.array([0, 1, 0, 2])], order=1, vocabulary=3)
    lower = [(2 + 3 / 3) / 7, (1 + 3 / 3) / 7, (1 + 3 / 3) / 7]
    assert chances(model, [0]) == pytest.approx([(0 + 2 * lower[0]) / 4, (1 + 2 * lower[1]) / 4, (1 + 2 * lower[2]) / 4], rel=1e-6)
    assert chances(model, [1]) == pytest.approx([(1 + lower[0]) / 2, lower[1] / 2, lower[2] / 2], rel=1e-6)


def test_a_context_never_seen_falls_back_to_the_shorter_one():
    model = Markov.fit([np.array([0, 1, 2, 0, 1, 2])], order=2, vocabulary=3)
    shorter = Markov.fit([np.array([0, 1, 2, 0, 1, 2])], order=1, vocabulary=3)
    assert chances(model, [2, 1]) == pytest.approx(chances(shorter, [1]), rel=1e-6)
    assert not np.allclose(chances(model, [0, 1]), chances(shorter, [1]))


@pytest.mark.parametrize("order", range(9))
def test_chances_add_up_and_none_is_nothing(order):
    random = np.random.default_rng(order)
    pieces = [random.integers(0, 6, 40) for _ in range(5)]
    model = Markov.fit(pieces, order=order, vocabulary=7)
    assert model.order == order
    for ids in ([0], [1, 2, 3], pieces[0][:15], random.integers(0, 7, 15)):
        found = chances(model, ids)
        assert found.sum() == pytest.approx(1, abs=1e-6)
        assert found.min() > 0


@pytest.mark.parametrize("order", [0, 1, 5, 8])
def test_the_counts_come_back_from_bytes(order):
    random = np.random.default_rng(3)
    model = Markov.fit([random.integers(0, 5, 60), random.integers(0, 5, 3)], order=order, vocabulary=5)
    data = tensor_bytes(model.tensors())
    again = Markov.of_tensors(read_tensors(data, "weights"))
    assert (again.order, again.vocabulary) == (model.order, model.vocabulary)
    assert tensor_bytes(again.tensors()) == data
    for ids in ([0], [4, 3, 2], random.integers(0, 5, 12)):
        assert np.array_equal(chances(again, ids), chances(model, ids))


def test_a_chain_that_read_nothing_finds_all_alike():
    model = Markov.fit([], order=3, vocabulary=4)
    assert chances(model, [1, 2, 3]) == pytest.approx([0.25] * 4)
    again = Markov.of_tensors(read_tensors(tensor_bytes(model.tensors()), "weights"))
    assert chances(again, [1]) == pytest.approx([0.25] * 4)


def test_a_higher_order_knows_its_own_pieces_better():
    piece = np.array([0, 1, 2, 3, 0, 2, 1, 3] * 8)
    likely = [
        np.prod([chances(Markov.fit([piece], order=order, vocabulary=4), piece[:k])[piece[k]] for k in range(1, 20)]) for order in range(4)
    ]
    assert likely == sorted(likely)


@pytest.mark.parametrize("order", [-1, 65])
def test_an_order_out_of_range_is_refused(order):
    with pytest.raises(ConfigError, match=f"order {order}, expected 0 to 64"):
        Markov.fit([], order=order, vocabulary=3)


def test_missing_arrays_are_named():
    tensors = Markov.fit([np.array([0, 1])], order=1, vocabulary=2).tensors()
    for name in ("vocabulary", "counts.1"):
        with pytest.raises(KeyError, match=name):
            Markov.of_tensors({key: value for key, value in tensors.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows.1", np.array([0, 1], np.int32)),
        ("rows.1", np.array([[0, 2]], np.int32)),
        ("rows.1", np.array([[-1, 0]], np.int32)),
        ("rows.1", np.array([[0.0, 1.0]], np.float32)),
        ("counts.1", np.array([0], np.int32)),
        ("counts.1", np.array([1, 1], np.int32)),
    ],
)
def test_arrays_that_are_no_counts_are_refused(name, value):
    tensors = Markov.fit([np.array([0, 1])], order=1, vocabulary=2).tensors()
    with pytest.raises(ValueError, match="'rows.1' and 'counts.1' are no counts of ids 0 to 1"):
        Markov.of_tensors({**tensors, name: value})


@pytest.mark.parametrize("size", [np.array([0]), np.array([70_000]), np.array([2, 2]), np.array(2)])
def test_a_vocabulary_that_is_no_number_is_refused(size):
    tensors = Markov.fit([np.array([0, 1])], order=1, vocabulary=2).tensors()
    with pytest.raises(ValueError, match="expected at least one and one number"):
        Markov.of_tensors({**tensors, "vocabulary": size})


def test_no_tables_are_refused():
    with pytest.raises(ValueError, match="0 tables"):
        Markov.of_tensors({"vocabulary": np.array([2])})
