"""One-hot ids into two LSTMs, each normalised: the first model of "Play Bach".

Source: P. Boudalier, "Play Bach" part 2 and its program (2021), model 1: one-hot, two LSTMs of 300, each followed by
batch normalisation, LeakyReLU and dropout 0.4, softmax. Differs: his read windows of 40 or 100 notes, each from nothing;
this one carries its state through the piece.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, one_hot

from partimento.errors import ConfigError
from partimento.models.batch_norm import BatchNorm

SLOPE = 0.3
"""Of the LeakyReLU below zero, as in Keras."""


@dataclass(frozen=True)
class PlayBachOnehotConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        layers: 1 to 8.
        units: Width of each layer, 8 to 4,096.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    layers: int = 2
    units: int = 300
    dropout: float = 0.4

    def __post_init__(self) -> None:
        for name, (low, high) in {"vocabulary": (2, 65536), "layers": (1, 8), "units": (8, 4096)}.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"play_bach_onehot: {name} is {getattr(self, name)}, expected {low} to {high}.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"play_bach_onehot: dropout is {self.dropout}, expected 0 to below 1; his was 0.4.")


class PlayBachOnehot(nn.Module):
    """The network; `forward` reads a batch of ids and returns what follows each of them."""

    def __init__(self, config: PlayBachOnehotConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.vocabulary] + [config.units] * (config.layers - 1)
        self.cells = nn.ModuleList(nn.LSTM(width, config.units, batch_first=True) for width in widths)
        self.norms = nn.ModuleList(BatchNorm(config.units) for _ in widths)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.units, config.vocabulary)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id: two of shape (batch, layers, units)."""
        shape = (batch, self.config.layers, self.config.units)
        return tuple(torch.zeros(shape, device=self.output.weight.device) for _ in range(2))

    def forward(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids` from `state` on.

        Args:
            ids: Shape (batch, time).
            state: From `start` or the last call.

        Returns:
            Logits of what follows each id, shape (batch, time, vocabulary), and the next state.
        """
        values = one_hot(ids, self.config.vocabulary).to(self.output.weight.dtype)
        after: list[tuple[Tensor, Tensor]] = []
        for layer, (cell, norm) in enumerate(zip(self.cells, self.norms, strict=True)):
            hidden, memory = (part[None, :, layer].contiguous() for part in state)  # torch wants (1, batch, units)
            values, last = cell(values, (hidden, memory))
            after.append(last)
            values = self.dropout(leaky_relu(norm(values.flatten(0, 1)), SLOPE).view(*ids.shape, self.config.units))
        return self.output(values), tuple(torch.stack([last[part][0] for last in after], dim=1) for part in range(2))
