"""Muon for matrices and AdamW for the rest, as one optimiser."""

import copy

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from partimento.errors import ConfigError
from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.models.modern_transformer import ModernTransformer, ModernTransformerConfig
from partimento.training.loop import Loop, Settings
from partimento.training.muon import Muon, inner_matrices
from partimento.training.next_id import NextId
from partimento.training.windows import WindowStream, same_windows

IDS = torch.randint(0, 20, (4, 17), generator=torch.Generator().manual_seed(1))


def built():
    torch.manual_seed(0)
    module = ModernTransformer(ModernTransformerConfig(20, layers=2, units=16, heads=2, window=16, dropout=0.0))
    matrices = inner_matrices(module)
    inner = {id(weight) for weight in matrices}
    others = [weight for weight in module.parameters() if id(weight) not in inner]
    return module, Muon(matrices, others, learning_rate=0.01, betas=(0.9, 0.99), weight_decay=0.1)


def steps(module, optimizer, count):
    found = []
    for _ in range(count):
        optimizer.zero_grad()
        loss = cross_entropy(module(IDS[:, :-1])[0].flatten(0, 1), IDS[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        found.append(float(loss.detach()))
    return found


def test_matrices_are_those_of_the_layers():
    module, optimizer = built()
    names = {name for name, weight in module.named_parameters() if any(weight is each for each in inner_matrices(module))}
    parts = ("asked", "answered", "widen", "narrow")
    assert names == {f"blocks.{layer}.{part}.weight" for layer in range(2) for part in parts}
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(list(module.parameters()))


def test_a_matrix_moves_alike_in_all_its_directions():
    module, optimizer = built()
    steps(module, optimizer, 3)
    before = module.blocks[0].asked.weight.detach().clone()
    steps(module, optimizer, 1)
    moved = np.linalg.svd((module.blocks[0].asked.weight.detach() - before * (1 - 0.01 * 0.1)).numpy(), compute_uv=False)
    assert moved.max() / moved.min() < 2.5  # a gradient's own are tens of times apart
    assert moved.mean() == pytest.approx(0.01 * 0.2 * 48**0.5, rel=0.35)  # so much as AdamW moves weights of its size


def test_it_goes_on_where_it_stopped():
    module, optimizer = built()
    steps(module, optimizer, 3)
    weights, state = copy.deepcopy(module.state_dict()), copy.deepcopy(optimizer.state_dict())
    whole = steps(module, optimizer, 3)
    again, other = built()
    again.load_state_dict(weights)
    other.load_state_dict(state)
    assert steps(again, other, 3) == whole


def test_a_loop_uses_it_and_is_resumed_to_the_bit(tmp_path):
    pieces = [[(np.arange(start, start + 40) % 20).astype(np.int32)] for start in range(5)]

    def run(folder, steps, *, resume=False, total=8):
        torch.manual_seed(0)
        module, _ = built()
        settings = Settings(total, 0.01, validate_every=2, optimizer="muon")
        stream = WindowStream(pieces, rows=2, time=16, seed=1)
        checks = same_windows([each[0] for each in pieces], rows=2, time=16, most=4)
        loop = Loop(NextId(module, rows=2), stream, checks, settings=settings, folder=folder, facts={})

        def stop(progress):
            if progress.step == steps:
                raise KeyboardInterrupt

        loop.after_step = stop
        try:
            loop.run(resume=resume)
        except KeyboardInterrupt:
            return {}
        assert isinstance(loop._optimizer, Muon)
        return module.state_dict()

    (tmp_path / "whole").mkdir()
    (tmp_path / "broken").mkdir()
    whole = run(tmp_path / "whole", 99)
    run(tmp_path / "broken", 4)
    resumed = run(tmp_path / "broken", 99, resume=True)
    assert whole.keys() == resumed.keys() and all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_of_a_recurrent_network_they_are_those_of_its_cells():
    module = CharRnn(CharRnnConfig(8, "lstm", 2, 8))
    names = {name for name, weight in module.named_parameters() if any(weight is each for each in inner_matrices(module))}
    assert names == {f"cells.weight_{kind}_l{layer}" for kind in ("ih", "hh") for layer in range(2)}


def test_an_unknown_optimiser_is_refused():
    with pytest.raises(ConfigError, match="optimizer 'sgd': expected adamw or muon"):
        Settings(10, optimizer="sgd")
