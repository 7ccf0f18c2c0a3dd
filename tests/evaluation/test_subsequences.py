import numpy as np
import pytest

from partimento.evaluation.subsequences import Library, seen
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


def test_the_longest_copied_run_is_found_with_its_place():
    library = Library({"one": np.array([0, 5, 6, 7, 8]), "two": np.array([9, 5, 6, 7, 9, 1])})
    found = library.copied(np.array([4, 5, 6, 7, 9, 1, 5, 6]))
    assert (found.longest, found.begins, found.piece, found.place) == (5, 1, "two", 1)
    assert found.lengths.tolist() == [0, 1, 2, 3, 4, 5, 1, 2]


def test_a_run_does_not_reach_from_one_piece_into_the_next():
    found = Library({"one": np.array([1, 2]), "two": np.array([3, 4])}).copied(np.array([1, 2, 3, 4]))
    assert (found.longest, found.piece) == (2, "one")


def test_nothing_shared_is_nothing_copied():
    found = Library({"one": np.array([1, 2])}).copied(np.array([0, 3, 60_000]))
    assert (found.longest, found.piece, found.lengths.tolist()) == (0, None, [0, 0, 0])


def test_runs_are_as_long_as_a_slow_search_finds():
    random = np.random.default_rng(8)
    pieces = {str(number): random.integers(0, 4, 50) for number in range(5)}
    ids = random.integers(0, 4, 60)
    runs = {piece[low:high].tobytes() for piece in pieces.values() for low in range(50) for high in range(low + 1, 51)}
    expected = [max(length for length in range(end + 1) if not length or ids[end - length : end].tobytes() in runs) for end in range(1, 61)]
    found = Library(pieces).copied(ids)
    assert found.lengths.tolist() == expected
    assert np.array_equal(pieces[found.piece][found.place :][: found.longest], ids[found.begins :][: found.longest])
