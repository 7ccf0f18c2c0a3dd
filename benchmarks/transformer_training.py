"""S5: training a decoder of 6 x 256 on contexts of 512: attention in blocks beside torch's own and the published shift.

Run: python benchmarks/transformer_training.py
Goal: in bf16 at least 1.4 times the ids a second of torch's scaled_dot_product_attention; with relative positions 1.5 times those
of the whole shift ("skew") in bf16, and 4 times those of it in fp32; at the same loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext

import torch
from measure import interleaved, publish
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad, scaled_dot_product_attention

from partimento.models import music_transformer, transformer
from partimento.models.layers.causal_attention import causal_attention

VOCABULARY, ROWS, TIME, THREADS, RUNS = 390, 8, 512, 1, 5

Attention = Callable[..., Tensor]


def main() -> None:
    torch.set_num_threads(THREADS)
    works = {
        "plain_ours_bf16": step_of(transformer, causal_attention, half=True),
        "plain_sdpa_bf16": step_of(transformer, torchs, half=True),
        "plain_explicit_fp32": step_of(transformer, explicit, half=False),
        "relative_ours_bf16": step_of(music_transformer, causal_attention, half=True),
        "relative_skew_bf16": step_of(music_transformer, explicit, half=True),
        "relative_skew_fp32": step_of(music_transformer, explicit, half=False),
    }
    losses = {name: work() for name, work in works.items()}
    seconds = interleaved(works, runs=RUNS)
    rate = {name: round(ROWS * TIME / value) for name, value in seconds.items()}
    publish(
        "S5_transformer_training",
        {
            "definition": f"ids a second, median of {RUNS} optimiser steps of {ROWS} x {TIME} ids, {THREADS} thread, forward, backward, "
            "clip and AdamW; loss: of the first step, in nats",
            **{f"{name}_ids_per_second": value for name, value in rate.items()},
            "plain_to_sdpa_bf16": round(rate["plain_ours_bf16"] / rate["plain_sdpa_bf16"], 2),
            "relative_to_skew_bf16": round(rate["relative_ours_bf16"] / rate["relative_skew_bf16"], 2),
            "relative_to_skew_fp32": round(rate["relative_ours_bf16"] / rate["relative_skew_fp32"], 2),
            "loss": {name: round(loss, 4) for name, loss in losses.items()},
        },
    )


def torchs(query: Tensor, key: Tensor, value: Tensor, *, window: int | None = None) -> Tensor:
    """Torch's own; the window is as long as the context."""
    return scaled_dot_product_attention(query, key, value, is_causal=True)


def explicit(query: Tensor, key: Tensor, value: Tensor, *, window: int | None = None, relative: Tensor | None = None) -> Tensor:
    """All scores at once, those ahead masked; relative positions shifted as Huang et al. 2018 draw it."""
    time = query.shape[2]
    scores = query @ key.transpose(2, 3)
    if relative is not None:
        distance = torch.arange(time - 1, -1, -1).clamp(max=relative.shape[1] - 1)
        products = query @ relative[:, distance].to(query.dtype).transpose(1, 2)  # the farthest first
        shifted = pad(products, (1, 0)).view(*products.shape[:2], time + 1, time)
        scores = scores + shifted[:, :, 1:]
    ahead = torch.ones(time, time, dtype=torch.bool).triu(1)
    return (scores / math.sqrt(query.shape[3])).masked_fill(ahead, -math.inf).softmax(dim=3).to(value.dtype) @ value


def step_of(network: object, attention: Attention, *, half: bool) -> Callable[[], float]:
    """One step of the optimiser, with another attention in the network's file."""
    torch.manual_seed(0)
    settings = {"layers": 6, "units": 256, "heads": 4, "window": TIME, "dropout": 0.0}
    module: nn.Module
    if network is transformer:
        module = transformer.Transformer(transformer.TransformerConfig(VOCABULARY, **settings))
    else:
        module = music_transformer.MusicTransformer(music_transformer.MusicTransformerConfig(VOCABULARY, **settings))
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    ids = torch.randint(0, VOCABULARY, (ROWS, TIME + 1), generator=torch.Generator().manual_seed(1))

    def step() -> float:
        network.causal_attention = attention  # type: ignore[attr-defined]  # a module's own name for it
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16) if half else nullcontext():
            logits, _ = module(ids[:, :-1])
            loss = cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    return step


if __name__ == "__main__":
    main()
