import numpy as np
import pytest

from partimento.evaluation.floor import best_chain
from partimento.evaluation.likelihood import likelihood
from partimento.models.markov import Markov

CYCLE = np.tile([1, 1, 2, 3], 40)  # what follows a 1 is told by the id before it


def test_the_order_that_explains_most_is_found():
    chain, pieces = Markov.fit([CYCLE], order=8, vocabulary=4), [CYCLE[:40]]
    floor = best_chain(chain, pieces)
    assert floor.order >= 2
    assert floor.likelihood.nats == min(likelihood(chain.shortened(order), pieces).nats for order in range(1, 9))


def test_more_context_than_there_is_to_know_is_not_chosen():
    random = np.random.default_rng(0)
    pieces = [random.integers(0, 6, 200) for _ in range(8)]
    assert best_chain(Markov.fit(pieces[:6], order=8, vocabulary=6), pieces[6:]).order == 1


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_chain_cut_short_is_the_chain_of_that_order(order):
    pieces, piece = [CYCLE, CYCLE[::-1].copy()], CYCLE[5:30]
    short = Markov.fit(pieces, order=4, vocabulary=4).shortened(order)
    assert short.order == order
    assert likelihood(short, [piece]).nats == likelihood(Markov.fit(pieces, order=order, vocabulary=4), [piece]).nats
