import math

import numpy as np
import pytest
import torch

from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.training.next_id import NextId
from partimento.training.sequences import NOTHING, Batch, whole_pieces


@pytest.fixture
def module():
    torch.manual_seed(0)
    return CharRnn(CharRnnConfig(6, "lstm", 2, 12, dropout=0.4, lags=(1, 3)))


def batch(ids, targets, fresh):
    return Batch(np.array(ids, np.int64), np.array(targets, np.int64), np.array(fresh, np.bool_))


def test_the_loss_is_the_mean_over_the_ids_that_count(module):
    module.eval()
    given = batch([[0, 1, 2], [3, 4, 0]], [[1, 2, 3], [4, NOTHING, NOTHING]], [True, True])
    with torch.no_grad():
        logits, _ = module(torch.from_numpy(given.ids), module.start(2))
        log = torch.log_softmax(logits, 2)
    expected = -(log[0, 0, 1] + log[0, 1, 2] + log[0, 2, 3] + log[1, 0, 4]) / 4
    assert float(NextId(module, rows=2).losses(given)["nats_per_token"].detach()) == pytest.approx(float(expected), rel=1e-5)


def test_nothing_that_counts_is_no_loss(module):
    nothing = batch([[0, 0]], [[NOTHING, NOTHING]], [True])
    assert float(NextId(module, rows=1).losses(nothing)["nats_per_token"].detach()) == 0


def test_the_state_is_carried_and_let_go_where_a_piece_begins(module):
    module.eval()
    trainable = NextId(module, rows=2)
    with torch.no_grad():
        trainable.losses(batch([[0, 1], [2, 3]], [[1, 2], [3, 4]], [True, True]))
        carried = {name: tensor.clone() for name, tensor in trainable.state().items()}
        loss = trainable.losses(batch([[2, 3], [0, 5]], [[3, 4], [5, 1]], [False, True]))["nats_per_token"]
        one, _ = module(torch.tensor([[0, 1, 2, 3]]), module.start(1))
        two, _ = module(torch.tensor([[0, 5]]), module.start(1))
    log = torch.log_softmax(one[0], 1), torch.log_softmax(two[0], 1)
    expected = -(log[0][2, 3] + log[0][3, 4] + log[1][0, 5] + log[1][1, 1]) / 4
    assert float(loss.detach()) == pytest.approx(float(expected), rel=1e-5)
    trainable.restore(carried)
    assert all(torch.equal(tensor, carried[name]) for name, tensor in trainable.state().items())


def test_gradients_stop_at_the_border_of_a_chunk(module):
    trainable = NextId(module, rows=1)
    trainable.losses(batch([[0, 1]], [[1, 2]], [True]))
    assert not any(tensor.requires_grad for tensor in trainable.state().values())


def test_validation_reads_whole_pieces_without_dropout_and_leaves_training_on(module):
    pieces = [np.array([0, 1, 2, 3, 4, 5, 0, 1], np.int32), np.array([5, 4, 3], np.int32)]
    found = NextId(module, rows=3).validate(whole_pieces(pieces, rows=2, time=3))
    module.eval()
    with torch.no_grad():
        nats = 0.0
        for piece in pieces:
            logits, _ = module(torch.from_numpy(piece[None, :-1].astype(np.int64)), module.start(1))
            nats -= float(torch.log_softmax(logits[0], 1)[range(len(piece) - 1), piece[1:].astype(np.int64)].sum())
    assert found == pytest.approx(nats / 9, rel=1e-5)
    NextId(module, rows=3).validate(whole_pieces(pieces, rows=2, time=3))
    assert module.training


def test_validation_of_nothing_is_nought(module):
    assert NextId(module, rows=1).validate([]) == 0
    assert math.isfinite(NextId(module, rows=1).validate([]))


class Cheap(CharRnn):
    """A network that says its loss itself, the same as its logits do, and counts how often it is asked."""

    asked = 0

    def nats(self, ids, targets, state):
        self.asked += 1
        logits, after = self(ids, state)
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=NOTHING, reduction="sum"), after


def test_a_network_that_knows_a_cheaper_way_to_its_loss_is_asked_for_it(module):
    module.eval()
    cheap = Cheap(module.config).eval()
    cheap.load_state_dict(module.state_dict())
    given = batch([[0, 1, 2], [3, 4, 0]], [[1, 2, 3], [4, NOTHING, NOTHING]], [True, True])
    losses = [float(NextId(one, rows=2).losses(given)["nats_per_token"].detach()) for one in (module, cheap)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert cheap.asked == 1
