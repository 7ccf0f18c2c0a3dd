"""Decoder-only Transformer with absolute positions: the article's baseline.

Paper: Vaswani et al. 2017, "Attention Is All You Need", its decoder without the encoder; sizes as the baseline of
Huang et al. 2018 ("Music Transformer").
Differs: normalised before each part and not behind it, as tensor2tensor does by default; no dropout on attention weights.
Unusual: sinusoids go on for ever, so places beyond the length it was trained on have positions, though none it has met; what composes
with it reads the later half of what it knows anew from the beginning instead (see `transformer_session`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from partimento.models.layers.causal_attention import causal_attention
from partimento.models.layers.decoder_shape import check_shape

SLOWEST = 10_000.0
"""Ratio of the slowest sinusoid's wave length to the fastest's."""


@dataclass(frozen=True)
class TransformerConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        layers: 1 to 48.
        units: Width, 8 to 4,096, a multiple of twice `heads`.
        heads: Heads of attention in each layer.
        hidden: Width between the two products behind the attention; four times `units` where None.
        window: Places that a layer looks back, the own one included; 1 to 65,536.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    layers: int = 6
    units: int = 256
    heads: int = 4
    hidden: int | None = None
    window: int = 1024
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_shape("transformer", self)

    @property
    def width(self) -> int:
        """Width between the two products."""
        return 4 * self.units if self.hidden is None else self.hidden


class Block(nn.Module):
    """Attention, then two products of each place by itself."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.heads, self.window = config.heads, config.window
        self.before_attention, self.before_products = nn.LayerNorm(config.units), nn.LayerNorm(config.units)
        self.asked = nn.Linear(config.units, 3 * config.units)
        self.answered = nn.Linear(config.units, config.units)
        self.widen, self.narrow = nn.Linear(config.units, config.width), nn.Linear(config.width, config.units)
        self.dropout = nn.Dropout(config.dropout)

    def asks(self, stream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each of shape (batch, heads, time, dim)."""
        parts = self.asked(self.before_attention(stream)).unflatten(2, (3, self.heads, -1))  # (batch, time, 3, heads, dim)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        return query, key, value

    def forward(self, stream: Tensor) -> Tensor:
        """Add to `stream`, shape (batch, time, units), what this block has to say."""
        query, key, value = self.asks(stream)
        found = causal_attention(query, key, value, window=self.window)
        stream = stream + self.dropout(self.answered(found.transpose(1, 2).flatten(2)))
        added: Tensor = self.dropout(self.narrow(relu(self.widen(self.before_products(stream)))))
        return stream + added


class Transformer(nn.Module):
    """The network; `forward` reads ids from the beginning of its context and returns what follows each of them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.units)
        nn.init.normal_(self.embed.weight, std=config.units**-0.5)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.units)
        self.output = nn.Linear(config.units, config.vocabulary)
        self.dropout = nn.Dropout(config.dropout)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id: nothing, for each reading begins anew."""
        del batch
        return ()

    def forward(self, ids: Tensor, state: tuple[Tensor, ...] = ()) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids`, shape (batch, time); return logits of what follows each, shape (batch, time, vocabulary), and `state`."""
        stream = self.embed(ids) * self.config.units**0.5 + sinusoids(ids.shape[1], self.config.units).to(ids.device)
        stream = self.dropout(stream)
        for block in self.blocks:
            stream = block(stream)
        return self.output(self.norm(stream)), state


def sinusoids(time: int, units: int) -> Tensor:
    """Return the positions of the first `time` places, shape (time, units): sines, then cosines of falling frequency."""
    rates = SLOWEST ** -(torch.arange(0, units, 2, dtype=torch.float64) / units)
    angles = torch.arange(time, dtype=torch.float64)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1).float()
