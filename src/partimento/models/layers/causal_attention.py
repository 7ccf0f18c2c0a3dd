"""Attention to what came before, in blocks of queries: exact, and no block looks at what it may not see.

A causal mask throws half of all scores away, a window nearly all; computed block by block only the corners on the
diagonal are wasted. The gradient is written out, for torch's own would fill a whole array with zeros for every slice.

Paper: Vaswani et al. 2017; relative positions as Shaw et al. 2018, shifted into place without a table of all pairs as
Huang et al. 2018 ("Music Transformer"), here within each block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

BLOCK = 256
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
    found: Tensor = _InBlocks.apply(query, key, value, relative, time if window is None else window)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return found


class _InBlocks(torch.autograd.Function):
    """The attention and its gradient; heads come first within, and head and batch are one axis, ``pairs``."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, relative: Tensor | None, span: int) -> Tensor:
        """Return what is found; each block's weights are kept."""
        scale = query.shape[3] ** -0.5
        asked, keys, values = (part.transpose(0, 1).flatten(0, 1) for part in (query * scale, key, value))  # (pairs, time, dim)
        near = None if relative is None else relative.to(asked.dtype)
        found = torch.empty_like(asked)
        kept = []
        for start, first, stop in _blocks(asked.shape[1], span):
            block = asked[:, start:stop]
            scores = torch.bmm(block, keys[:, first:stop].transpose(1, 2))  # (pairs, rows, seen)
            if near is not None:
                scores += _at_keys(_by_head(block, near) @ _far_first(near, stop - first).transpose(1, 2), *scores.shape)
            weights = _hidden(scores, span).softmax(dim=2).to(values.dtype)
            found[:, start:stop] = torch.bmm(weights, values[:, first:stop])
            kept.append(weights)
        ctx.save_for_backward(asked, keys, values, relative, *kept)
        ctx.span, ctx.scale = span, scale
        return found.unflatten(0, (query.shape[1], query.shape[0])).transpose(0, 1)  # type: ignore[no-untyped-call, no-any-return]  # torch

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of query, key, value and relative."""
        asked, keys, values, relative, *kept = ctx.saved_tensors
        batch, heads = gradients[0].shape[:2]
        wanted = gradients[0].transpose(0, 1).flatten(0, 1).to(asked.dtype)
        to_asked = torch.empty_like(asked)
        to_keys, to_values = (torch.zeros_like(asked, dtype=torch.promote_types(asked.dtype, torch.float32)) for _ in range(2))
        near = None if relative is None else relative.to(asked.dtype)
        to_near = None if near is None else torch.zeros_like(near, dtype=to_keys.dtype)
        for (start, first, stop), weights in zip(_blocks(asked.shape[1], ctx.span), kept, strict=True):
            block, own = asked[:, start:stop], wanted[:, start:stop]
            to_weights = torch.bmm(own, values[:, first:stop].transpose(1, 2))
            to_scores = torch._softmax_backward_data(to_weights, weights, 2, weights.dtype)
            to_values[:, first:stop] += torch.bmm(weights.transpose(1, 2), own)
            to_keys[:, first:stop] += torch.bmm(to_scores.transpose(1, 2), block)
            to_block = torch.bmm(to_scores, keys[:, first:stop])
            if near is not None and to_near is not None:
                table = _far_first(near, stop - first)
                to_products = _off_keys(to_scores).view(heads, -1, table.shape[1])
                to_block += (to_products @ table).view(to_block.shape)
                _add_far_first(to_near, to_products.transpose(1, 2) @ _by_head(block, near))
            to_asked[:, start:stop] = to_block
        shaped = (
            part.to(asked.dtype).view(heads, batch, *part.shape[1:]).transpose(0, 1) for part in (to_asked * ctx.scale, to_keys, to_values)
        )
        return (*shaped, None if to_near is None else to_near.to(relative.dtype), None)


def _blocks(time: int, span: int) -> Iterator[tuple[int, int, int]]:
    """First query, first key that it sees, and end of each block."""
    for start in range(0, time, BLOCK):
        yield start, max(0, start - span + 1), min(start + BLOCK, time)


def _hidden(scores: Tensor, span: int) -> Tensor:
    """Hide what each of the last places may not look at among the last it is shown; `scores`, shape (pairs, rows, seen), change."""
    rows, seen = scores.shape[1:]
    ahead = torch.ones(rows, rows, dtype=torch.bool, device=scores.device).triu(1)
    scores[..., seen - rows :].masked_fill_(ahead, -math.inf)
    behind = seen - span  # places that the last query sees no more
    if behind > 0:
        old = torch.ones(rows, behind, dtype=torch.bool, device=scores.device).tril(behind - rows)
        scores[..., :behind].masked_fill_(old, -math.inf)
    return scores


def _by_head(block: Tensor, near: Tensor) -> Tensor:
    """A block's queries, all of a head together, shape (heads, batch * rows, dim)."""
    return block.reshape(near.shape[0], -1, block.shape[2])


def _far_first(near: Tensor, seen: int) -> Tensor:
    """Vectors of the distances from ``seen - 1`` down to 0 and one of zeros behind them, shape (heads, seen + 1, dim)."""
    table = near[:, :seen]
    if seen > near.shape[1]:
        table = torch.cat([table, near[:, -1:].expand(-1, seen - near.shape[1], -1)], dim=1)
    return pad(table.flip(1), (0, 0, 0, 1))


def _add_far_first(near: Tensor, table: Tensor) -> None:
    """Add to the vectors of each distance what `_far_first` made of them."""
    by_distance = table[:, :-1].flip(1)
    told_apart = min(by_distance.shape[1], near.shape[1])
    near[:, :told_apart] += by_distance[:, :told_apart]
    near[:, -1] += by_distance[:, told_apart:].sum(dim=1)


def _at_keys(products: Tensor, pairs: int, rows: int, seen: int) -> Tensor:
    """Products with all distances, shape (heads, batch * rows, seen + 1), each at its key, shape (pairs, rows, seen).

    Row r asks for distance ``seen - rows + r - j`` at key j; ahead of it stands anything. Read without line breaks from place
    ``rows - 1`` on, in rows of `seen`, each product stands at its key.
    """
    return products.reshape(pairs, -1)[:, rows - 1 : rows - 1 + rows * seen].view(pairs, rows, seen)


def _off_keys(placed: Tensor) -> Tensor:
    """What stands at each key, shape (pairs, rows, seen), back at its distance, shape (pairs, rows * (seen + 1))."""
    pairs, rows, seen = placed.shape
    return pad(placed.reshape(pairs, rows * seen), (rows - 1, 1))
