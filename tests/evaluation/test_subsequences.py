import numpy as np
import pytest

from partimento.evaluation.subsequences import seen
from partimento.models.markov import Markov


def chain(order=2):
    """A chain that has read one piece."""
    return Markov.fit([np.array([0, 1, 2, 3, 1, 2, 4])], order=order, vocabulary=8)


def test_a_piece_of_read_runs_is_whole():
    found = seen(chain(), np.array([0, 1, 2, 3, 1, 2, 4]))
    assert (found.unit, found.total, found.unseen, found.whole) == ("runs of 3 ids", 6, (), True)
    assert seen(chain(), np.array([0, 1, 2, 4])).whole  # every run of three of it was read, though not the piece


def test_forced_steps_are_told_with_what_was_known():
    found = seen(chain(), np.array([0, 1, 2, 1, 2, 7, 3]))
    # 2 after 2 1: never; 1 after 2: never, but 1 was read; 7: never read at all; 3 after that: 3 alone was read
    assert found.unseen == (3, 4, 5, 6)
    assert found.known == (0, 1, -1, 0)
    assert not found.whole


@pytest.mark.parametrize("order", range(6))
def test_what_a_chain_has_read_it_has_seen(order):
    random = np.random.default_rng(order)
    pieces = [random.integers(0, 5, 30) for _ in range(4)]
    model = Markov.fit(pieces, order=order, vocabulary=6)
    assert all(seen(model, piece).whole for piece in pieces)
    lengths = model.seen(pieces[0])
    assert lengths.tolist() == [min(at, order) for at in range(30)]
    other = random.integers(0, 5, 200)
    runs = {piece[at - n : at + 1].tobytes() for piece in pieces for n in range(order + 1) for at in range(n, 30)}
    expected = [max((n for n in range(min(at, order) + 1) if other[at - n : at + 1].tobytes() in runs), default=-1) for at in range(200)]
    assert model.seen(other).tolist() == expected


def test_a_model_that_remembers_nothing_is_not_judged():
    class Forgetful:
        vocabulary = 3

    assert seen(Forgetful(), np.array([0, 1])) is None
