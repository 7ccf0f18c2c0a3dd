"""Attention to what came before, in blocks of queries: exact, and no block looks at what it may not see.

A causal mask throws half of all scores away, a window nearly all; computed block by block only the corners on the
diagonal are wasted. Plain torch, so it runs in bf16 on any processor and its gradient is torch's own.

Paper: Vaswani et al. 2017; relative positions as Shaw et al. 2018, shifted into place without a table of all pairs as
Huang et al. 2018 ("Music Transformer"), here within each block.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

BLOCK = 128
"""Queries that are answered together."""


def causal_attention(query: Tensor, key: Tensor, value: Tensor, *, window: int | None = None, relative: Tensor | None = None) -> Tensor:
    """Return what each place takes from itself and the places before it.

    Args:
        query: Shape (batch, heads, time, dim).
        key: Same shape.
        value: Same shape.
        window: Places that are seen, the own one included; all of them where None.
        relative: What is added to a key at each distance, shape (heads, distances, dim), the own place first; the last
            counts for all that are farther.

    Returns:
        Shape (batch, heads, time, dim).
    """
    time = query.shape[2]
    if relative is None and query.is_cuda and (window is None or window >= time):
        return scaled_dot_product_attention(query, key, value, is_causal=True)
    query = query / math.sqrt(query.shape[3])
    span = time if window is None else window
    blocks = []
    for start in range(0, time, BLOCK):
        stop, first = min(start + BLOCK, time), max(0, start - span + 1)
        asking = query[:, :, start:stop]
        scores = asking @ key[:, :, first:stop].transpose(2, 3)  # (batch, heads, rows, seen)
        if relative is not None:
            scores = scores + _by_distance(asking, relative, stop - first)
        hidden = _hidden(stop - start, stop - first, span, query.device)
        blocks.append(scores.masked_fill(hidden, -math.inf).softmax(dim=3).to(value.dtype) @ value[:, :, first:stop])
    return torch.cat(blocks, dim=2)


def _hidden(rows: int, seen: int, span: int, device: torch.device) -> Tensor:
    """Which of the `seen` last places each of the `rows` last may not look at, shape (rows, seen)."""
    places = torch.arange(seen, device=device)
    distance = places[seen - rows :, None] - places
    return (distance < 0) | (distance >= span)


def _by_distance(asking: Tensor, relative: Tensor, seen: int) -> Tensor:
    """What relative positions add to the scores of a block, shape (batch, heads, rows, seen); ahead of a query, anything.

    Row r asks for distance ``seen - rows + r - j`` at key j. The products with all distances, the farthest first and one of
    zeros behind them, are (rows, seen + 1); read on without line breaks from place ``rows - 1``, in rows of `seen`, each
    product stands at its key.
    """
    rows, distances = asking.shape[2], relative.shape[1]
    near = relative[:, : min(seen, distances)]
    if seen > distances:
        near = torch.cat([near, relative[:, -1:].expand(-1, seen - distances, -1)], dim=1)
    table = pad(near.flip(1), (0, 0, 0, 1)).to(asking.dtype)  # (heads, seen + 1, dim)
    products = (asking @ table.transpose(1, 2)).flatten(2)
    return products[..., rows - 1 : rows - 1 + rows * seen].view(*asking.shape[:3], seen)
