"""Where a Transformer looks: the weights of its heads at one place of what it reads.

Nothing is computed beside the network: it reads as ever, and what each layer asks at the one place is put to its keys once more,
so there is never a table of all pairs. What `causal_attention` returns at the place is the values, weighted with these.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError


def weights_at(query: Tensor, key: Tensor, place: int, *, window: int | None = None, relative: Tensor | None = None) -> Tensor:
    """Return what `causal_attention` multiplies values with at one place.

    Args:
        query: Shape (batch, heads, time, dim).
        key: Same shape.
        place: Whose weights, 0 to below time.
        window: Places that are seen, the own one included; all of them where None.
        relative: What is added to a key at each distance, shape (heads, distances, dim), the own place first; the last
            counts for all that are farther.

    Returns:
        Shape (batch, heads, time); 0 ahead of the place and beyond the window, 1 in all.

    Raises:
        ConfigError: When there is no such place.
    """
    if not 0 <= place < query.shape[2]:
        raise ConfigError(f"attention: place {place} of {query.shape[2]} ids, expected 0 to {query.shape[2] - 1}.")
    first = 0 if window is None else max(0, place - window + 1)
    asked = query[:, :, place] * query.shape[3] ** -0.5
    scores = torch.einsum("bhd,bhjd->bhj", asked, key[:, :, first : place + 1])
    if relative is not None:
        distances = torch.arange(place - first, -1, -1, device=query.device).clamp(max=relative.shape[1] - 1)
        scores = scores + torch.einsum("bhd,hjd->bhj", asked, relative[:, distances])
    weights = scores.new_zeros(query.shape[:3])
    weights[:, :, first : place + 1] = scores.softmax(dim=2)
    return weights


@torch.no_grad()
def looked_at(network: nn.Module, ids: Tensor, place: int) -> Tensor:
    """Return where each head of a Transformer looks from one place, shape (layers, heads, time).

    Args:
        network: One of the Transformers here; without dropout while it is asked.
        ids: One piece from its beginning, shape (time,).
        place: The place, 0 to below time.

    Raises:
        ConfigError: When there is no such place.
    """
    found = []

    def ask(block: Any, given: tuple[Tensor, ...]) -> None:
        query, key, _ = block.asks(*given)
        found.append(weights_at(query, key, place, window=block.window, relative=getattr(block, "relative", None))[0])

    blocks: Any = network.blocks
    hooks = [block.register_forward_pre_hook(ask) for block in blocks]
    trained = network.training
    try:
        network.eval()(ids[None])
    finally:
        network.train(trained)
        for hook in hooks:
            hook.remove()
    return torch.stack(found)
