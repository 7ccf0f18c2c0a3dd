import numpy as np
import pytest

from partimento.models.steered import Steered

CHANCES = np.array([0.1, 0.2, 0.3, 0.4], np.float32)


class Fixed:
    """The same logits whatever comes; its state counts the ids."""

    vocabulary = 4

    def start(self, batch):
        return (np.zeros(batch, np.int64),)

    def step(self, ids, state):
        return np.tile(np.log(CHANCES) + 3, (len(ids), 1)).astype(np.float32), (state[0] + 1,)


def chances(settled):
    model = Steered(Fixed(), settled)
    logits, state = model.step(np.array([0, 1]), model.start(2))
    assert state[0].tolist() == [1, 1] and logits.dtype == np.float32 and model.vocabulary == 4
    assert np.array_equal(logits[0], logits[1]) and np.isfinite(logits).all()
    weights = np.exp(logits[0].astype(float))
    return weights / weights.sum()


def test_the_chances_of_a_group_go_to_one_of_it():
    assert chances([(range(1, 3), 2)]) == pytest.approx([0.1, 0, 0.5, 0.4])
    assert chances([(range(0, 2), 0), (range(2, 4), 3)]) == pytest.approx([0.3, 0, 0, 0.7])


def test_where_nothing_is_settled_nothing_changes():
    assert chances([]) == pytest.approx(CHANCES)
