"""Attention in blocks against attention written down as it is defined."""

import math

import pytest
import torch

from partimento.models.layers import causal_attention as blocks
from partimento.models.layers.causal_attention import causal_attention


@pytest.fixture(autouse=True)
def little_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 4)


def some(time, distances=None, seed=0):
    torch.manual_seed(seed)
    query, key, value = (torch.randn(2, 3, time, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    relative = None if distances is None else torch.randn(3, distances, 4, dtype=torch.float64, requires_grad=True)
    return query, key, value, relative


def defined(query, key, value, relative, window):
    """Every query against every key, a vector for each distance, and what may not be seen taken out."""
    time = query.shape[2]
    distance = torch.arange(time)[:, None] - torch.arange(time)
    scores = query @ key.transpose(2, 3)
    if relative is not None:
        scores = scores + torch.einsum("bhtd,htjd->bhtj", query, relative[:, distance.clamp(0, relative.shape[1] - 1)])
    unseen = (distance < 0) | (distance >= (window or time))
    return (scores / math.sqrt(query.shape[3])).masked_fill(unseen, -math.inf).softmax(dim=3) @ value


CASES = [(time, window, distances) for time in (1, 4, 5, 11) for window in (None, 1, 3, 4, 6, 30) for distances in (None, 1, 3, 6, 30)]


@pytest.mark.parametrize(("time", "window", "distances"), CASES)
def test_blocks_find_what_is_defined(time, window, distances):
    query, key, value, relative = some(time, distances)
    found = causal_attention(query, key, value, window=window, relative=relative)
    assert torch.allclose(found, defined(query, key, value, relative, window), atol=1e-12)


@pytest.mark.parametrize(
    ("time", "window", "distances"), [(9, None, None), (9, 3, None), (10, 1, 2), (11, 5, 3), (10, None, 4), (9, None, 20)]
)
def test_the_gradient_is_that_of_the_definition(time, window, distances):
    inputs = [part for part in some(time, distances) if part is not None]
    relative = len(inputs) > 3
    weight = torch.randn(2, 3, time, 4, dtype=torch.float64)
    ours = torch.autograd.grad(
        (causal_attention(*inputs[:3], window=window, relative=inputs[3] if relative else None) * weight).sum(), inputs
    )
    theirs = torch.autograd.grad((defined(*inputs[:3], inputs[3] if relative else None, window) * weight).sum(), inputs)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


def test_views_of_one_array_are_taken_as_they_are():
    packed = torch.randn(2, 9, 3, 3, 4, dtype=torch.float64)
    query, key, value = packed.permute(2, 0, 3, 1, 4)
    assert torch.allclose(causal_attention(query, key, value), defined(query, key, value, None, None), atol=1e-12)


def test_half_precision_is_near_the_definition():
    query, key, value, relative = (part.detach().float() for part in some(300, 50))
    found = causal_attention(*(part.bfloat16() for part in (query, key, value)), window=100, relative=relative)
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.float(), defined(query, key, value, relative, 100), atol=0.06)
