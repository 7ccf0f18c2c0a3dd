import numpy as np
import pytest

from partimento.evaluation.floor import best_chain
from partimento.evaluation.likelihood import likelihood
from partimento.models.markov import Markov

CYCLE = np.tile([1, 1, 2, 3], 40)  # what follows a 1 is told by the id before it


def test_the_order_that_explains_most_is_found():
    pieces = [CYCLE[:40]]
    floor = best_chain([CYCLE], pieces, 4)
    chains = {order: likelihood(Markov.fit([CYCLE], order=order, vocabulary=4), pieces).nats for order in range(1, 9)}
    assert floor.order == min(chains, key=lambda order: chains[order]) >= 2
    assert floor.nats == pytest.approx(chains[floor.order], abs=1e-4)
    assert floor.ids == 39


@pytest.mark.parametrize("highest", [1, 2, 4])
def test_it_is_as_surprised_as_the_chain_itself(highest):
    random = np.random.default_rng(highest)
    pieces = [random.integers(0, 6, size) * (random.random(size) < 0.5) for size in (200, 30, 1, 50)]
    unseen = [np.concatenate([piece[:20], random.integers(0, 9, 5)]) for piece in pieces]
    floor = best_chain(pieces, unseen, 9, highest=highest)
    chain = Markov.fit(pieces, order=floor.order, vocabulary=9)
    assert floor.nats == pytest.approx(likelihood(chain, unseen).nats, rel=1e-5)


def test_more_context_than_there_is_to_know_is_not_chosen():
    random = np.random.default_rng(0)
    pieces = [random.integers(0, 6, 200) for _ in range(8)]
    assert best_chain(pieces[:6], pieces[6:], 6).order == 1


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_chain_cut_short_is_the_chain_of_that_order(order):
    pieces, piece = [CYCLE, CYCLE[::-1].copy()], CYCLE[5:30]
    short = Markov.fit(pieces, order=4, vocabulary=4).shortened(order)
    assert short.order == order
    assert likelihood(short, [piece]).nats == likelihood(Markov.fit(pieces, order=order, vocabulary=4), [piece]).nats
