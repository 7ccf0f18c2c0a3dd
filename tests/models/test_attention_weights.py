"""The weights at one place, against what the networks make of them."""

import pytest
import torch

from little_transformers import KINDS, VOCABULARY, WINDOW, ids_of, network
from partimento.errors import ConfigError
from partimento.models.layers import causal_attention as blocks
from partimento.models.layers.attention_weights import looked_at, weights_at
from partimento.models.layers.causal_attention import causal_attention


@pytest.fixture(autouse=True)
def little_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 4)


@pytest.mark.parametrize("distances", [None, 1, 3, 30])
@pytest.mark.parametrize("window", [None, 1, 4, 11, 30])
def test_values_weighted_so_are_the_attention(window, distances):
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, 11, 4, dtype=torch.float64) for _ in range(3))
    relative = None if distances is None else torch.randn(3, distances, 4, dtype=torch.float64)
    found = causal_attention(query, key, value, window=window, relative=relative)
    for place in range(11):
        weights = weights_at(query, key, place, window=window, relative=relative)
        assert weights.shape == (2, 3, 11)
        assert torch.allclose(torch.einsum("bhj,bhjd->bhd", weights, value), found[:, :, place], atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0, 7, WINDOW - 1, WINDOW, 49, 59])
def test_they_are_what_each_layer_of_a_network_uses(kind, place, monkeypatch):
    module, ids = network(kind), torch.from_numpy(ids_of(1, 60)[0])
    used = []  # values, and what the network's own attention found in them

    def overheard(query, key, value, **settings):
        found = causal_attention(query, key, value, **settings)
        used.append((value[0], found[0]))
        return found

    monkeypatch.setattr(f"partimento.models.{kind}.causal_attention", overheard)
    weights = looked_at(module, ids, place)
    assert weights.shape == (2, 2, 60) and len(used) == 2
    assert (weights >= 0).all() and torch.allclose(weights.sum(dim=2), torch.ones(2, 2), atol=1e-6)
    seen = slice(max(0, place - WINDOW + 1), place + 1)
    assert (weights[:, :, seen] > 0).all()
    weights_elsewhere = weights.clone()
    weights_elsewhere[:, :, seen] = 0
    assert (weights_elsewhere == 0).all(), "nothing ahead, nothing beyond the window"
    for own, (value, found) in zip(weights, used, strict=True):
        assert torch.allclose(torch.einsum("hj,hjd->hd", own, value), found[:, place], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_afterwards_changes_nothing(kind):
    module, ids = network(kind), torch.from_numpy(ids_of(1, 60)[0])
    assert torch.allclose(looked_at(module, ids, 40)[:, :, :41], looked_at(module, ids[:41], 40), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_is_left_as_it_was(kind):
    module, ids = network(kind).train(), torch.arange(9) % VOCABULARY
    for block in module.blocks:
        block.dropout.p = 0.5
    assert torch.equal(looked_at(module, ids, 8), looked_at(module, ids, 8)), "no dropout while it is asked"
    assert module.training and all(not block._forward_pre_hooks for block in module.blocks)
    for place in (-1, 9):
        with pytest.raises(ConfigError, match=f"attention: place {place} of 9 ids, expected 0 to 8"):
            looked_at(module, ids, place)
    assert module.training and all(not block._forward_pre_hooks for block in module.blocks)
