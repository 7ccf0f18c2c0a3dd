import numpy as np
import pytest

from little_transformers import VOCABULARY, session_of
from partimento.evaluation.likelihood import CHUNK, likelihood
from partimento.models.model import Reading


class IdById:
    """A model that hides that another can read."""

    def __init__(self, model):
        self.start, self.step, self.vocabulary = model.start, model.step, model.vocabulary


def test_who_reads_many_ids_at_once_is_as_surprised_as_id_by_id():
    model = session_of("transformer")
    random = np.random.default_rng(0)
    pieces = [random.integers(0, VOCABULARY, size) for size in (30, 2, CHUNK + 1, 1, CHUNK + 40, 200)]
    at_once, by_id = likelihood(model, pieces), likelihood(IdById(model), pieces, rows=4)
    assert isinstance(model, Reading) and not isinstance(IdById(model), Reading)
    assert at_once.each == pytest.approx(by_id.each, rel=1e-9)
    assert at_once.ids == by_id.ids == sum(map(len, pieces)) - 6
    assert np.array_equal(at_once.seen, by_id.seen) and np.array_equal(at_once.right, by_id.right)
    assert at_once.nats == pytest.approx(at_once.each.sum())
    assert at_once.each[3] == 0 and at_once.each[0] > 30
