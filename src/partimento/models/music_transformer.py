"""Transformer that hears how far apart two events are: what made minutes of piano hold together.

Paper: Huang et al. 2018, "Music Transformer: Generating Music with Long-Term Structure"; relative attention of Shaw et
al. 2018. Each head has a vector for each distance; a query's product with it is added to its product with the key at
that distance. With a `window` shorter than what is read it is the paper's local variant, each place seeing the same
number of places before it.
Differs: no absolute positions beside the relative ones; in the local variant a window that moves with each place, where the
paper looks at its own block and the one before; no dropout on attention weights. Unusual: the memory-saving shift is done within blocks
of queries, see `layers.causal_attention`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from partimento.models.layers.causal_attention import causal_attention
from partimento.models.layers.decoder_shape import check_shape


@dataclass(frozen=True)
class MusicTransformerConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        layers: 1 to 48.
        units: Width, 8 to 4,096, a multiple of twice `heads`.
        heads: Heads of attention in each layer.
        hidden: Width between the two products behind the attention; four times `units` where None.
        window: Places that a layer looks back, the own one included; 1 to 65,536.
        distances: Distances that are told apart, the own place first; what is farther counts as the last of them. 1 to `window`.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    layers: int = 6
    units: int = 256
    heads: int = 4
    hidden: int | None = None
    window: int = 1024
    distances: int = 512
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_shape("music_transformer", self, {"distances": (1, self.window)})

    @property
    def width(self) -> int:
        """Width between the two products."""
        return 4 * self.units if self.hidden is None else self.hidden


class Block(nn.Module):
    """Attention that hears distances, then two products of each place by itself."""

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__()
        self.heads, self.window = config.heads, config.window
        dim = config.units // config.heads
        self.before_attention, self.before_products = nn.LayerNorm(config.units), nn.LayerNorm(config.units)
        self.asked = nn.Linear(config.units, 3 * config.units)
        self.answered = nn.Linear(config.units, config.units)
        self.relative = nn.Parameter(torch.randn(config.heads, config.distances, dim) * config.units**-0.5)
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
        found = causal_attention(query, key, value, window=self.window, relative=self.relative)
        stream = stream + self.dropout(self.answered(found.transpose(1, 2).flatten(2)))
        added: Tensor = self.dropout(self.narrow(relu(self.widen(self.before_products(stream)))))
        return stream + added


class MusicTransformer(nn.Module):
    """The network; `forward` reads ids from the beginning of its context and returns what follows each of them."""

    def __init__(self, config: MusicTransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.units)
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
        stream = self.dropout(self.embed(ids))
        for block in self.blocks:
            stream = block(stream)
        return self.output(self.norm(stream)), state
