"""Transformer as it is built today: rotary positions, root-mean-square norms, gated products, no biases.

Papers: Su et al. 2021 ("RoFormer", rotary positions), Zhang and Sennrich 2019 (RMSNorm), Shazeer 2020 (SwiGLU); together as
in Touvron et al. 2023 ("LLaMA").
Differs: the last product of each part starts at zero, so that an untrained network is nothing but its embedding; keys, queries and
values have a window. Unusual: nothing; that is its point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from partimento.errors import ConfigError
from partimento.models.layers.causal_attention import causal_attention
from partimento.models.layers.decoder_shape import check_shape

EPSILON = 1e-6
"""Added to a mean square before its root is divided by."""


@dataclass(frozen=True)
class ModernTransformerConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        layers: 1 to 48.
        units: Width, 8 to 4,096, a multiple of twice `heads`.
        heads: Heads of attention in each layer.
        hidden: Width of the gated products, 8 or more; eight thirds of `units`, up to the next multiple of 32, where None.
        window: Places that a layer looks back, the own one included; 1 to 65,536.
        slowest: Ratio of the slowest rotation's period to the fastest's, above 1.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    layers: int = 6
    units: int = 256
    heads: int = 4
    hidden: int | None = None
    window: int = 1024
    slowest: float = 10_000.0
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_shape("modern_transformer", self)
        if self.slowest <= 1:
            raise ConfigError(f"modern_transformer: slowest is {self.slowest}, expected above 1; 10,000 is usual.")

    @property
    def width(self) -> int:
        """Width of the gated products."""
        return -(-self.units * 8 // 96) * 32 if self.hidden is None else self.hidden


class RootNorm(nn.Module):
    """Each place divided by the root of its mean square, then channel by channel times a gain."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(units))

    def forward(self, stream: Tensor) -> Tensor:
        """Return `stream`, shape (batch, time, units), so divided."""
        found: Tensor = _RootNorm.apply(stream, self.weight)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return found


class _RootNorm(torch.autograd.Function):
    """The norm; torch's own makes three times as many passes over its input on a processor."""

    @staticmethod
    def forward(ctx: Any, stream: Tensor, weight: Tensor) -> Tensor:
        """Divide."""
        share = torch.linalg.vector_norm(stream, dim=2, keepdim=True).square_().div_(stream.shape[2]).add_(EPSILON).rsqrt_()
        ctx.save_for_backward(stream, weight, share)
        found: Tensor = (stream * share).mul_(weight)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """Return the gradients of stream and weight."""
        stream, weight, share = ctx.saved_tensors
        wanted = gradients[0] * share
        product = wanted * stream
        to_weight = product.sum(dim=(0, 1))
        pull = (product @ weight[:, None]).mul_(share.square() / stream.shape[2])
        return wanted.mul_(weight).addcmul_(stream, pull, value=-1), to_weight


class Block(nn.Module):
    """Attention that turns keys and queries by their places, then gated products of each place by itself."""

    def __init__(self, config: ModernTransformerConfig) -> None:
        super().__init__()
        self.heads, self.window = config.heads, config.window
        self.before_attention = RootNorm(config.units)
        self.before_products = RootNorm(config.units)
        self.asked = nn.Linear(config.units, 3 * config.units, bias=False)
        self.answered = nn.Linear(config.units, config.units, bias=False)
        self.widen = nn.Linear(config.units, 2 * config.width, bias=False)
        self.narrow = nn.Linear(config.width, config.units, bias=False)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.zeros_(self.answered.weight)
        nn.init.zeros_(self.narrow.weight)

    def asks(self, stream: Tensor, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries and keys, turned, and values, each of shape (batch, heads, time, dim)."""
        parts = self.asked(self.before_attention(stream)).unflatten(2, (3, self.heads, -1))  # (batch, time, 3, heads, dim)
        query, key = turned(parts[:, :, :2], turn).permute(2, 0, 3, 1, 4)
        return query, key, parts[:, :, 2].transpose(1, 2)

    def forward(self, stream: Tensor, turn: Tensor) -> Tensor:
        """Add to `stream`, shape (batch, time, units), what this block has to say; `turn` is that of `turns`."""
        query, key, value = self.asks(stream, turn)
        found = causal_attention(query, key, value, window=self.window)
        stream = stream + self.dropout(self.answered(found.transpose(1, 2).flatten(2)))
        gate, content = self.widen(self.before_products(stream)).chunk(2, dim=2)
        added: Tensor = self.dropout(self.narrow(silu(gate) * content))
        return stream + added


class ModernTransformer(nn.Module):
    """The network; `forward` reads ids from the beginning of its context and returns what follows each of them."""

    def __init__(self, config: ModernTransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.units)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = RootNorm(config.units)
        self.output = nn.Linear(config.units, config.vocabulary, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id: nothing, for each reading begins anew."""
        del batch
        return ()

    def forward(self, ids: Tensor, state: tuple[Tensor, ...] = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids`, shape (batch, time); return logits of what follows each, shape (batch, time, vocabulary), and `state`."""
        config = self.config
        turn = turns(ids.shape[1], config.units // config.heads, config.slowest).to(ids.device)
        stream = self.dropout(self.embed(ids))
        for block in self.blocks:
            stream = block(stream, turn)
        return self.output(self.norm(stream)), state


def turns(time: int, dim: int, slowest: float) -> Tensor:
    """Return cosines and sines of the turns of the first `time` places, shape (2, time, dim / 2)."""
    rates = slowest ** -(torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = torch.arange(time, dtype=torch.float64)[:, None] * rates
    return torch.stack([angles.cos(), angles.sin()]).float()


def turned(vectors: Tensor, turn: Tensor) -> Tensor:
    """Return `vectors`, shape (batch, time, 2, heads, dim), each pair of first and second half turned by its place."""
    found: Tensor = _Turned.apply(vectors, turn[:, :, None, None].to(vectors.dtype))  # type: ignore[no-untyped-call]  # torch
    return found


class _Turned(torch.autograd.Function):
    """The turn, without the arrays that torch would make on its way."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor, turn: Tensor) -> Tensor:
        """Turn."""
        ctx.save_for_backward(turn)
        return _turned(vectors, turn[0], turn[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Turn back."""
        (turn,) = ctx.saved_tensors
        return _turned(gradients[0], turn[0], -turn[1]), None


def _turned(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Both halves turned."""
    found = torch.empty_like(vectors)
    first, second = vectors.chunk(2, dim=-1)
    new_first, new_second = found.chunk(2, dim=-1)
    torch.mul(first, cosine, out=new_first).addcmul_(second, sine, value=-1)
    torch.mul(second, cosine, out=new_second).addcmul_(first, sine)
    return found
