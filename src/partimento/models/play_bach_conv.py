"""The last hundred ids as a picture, and two convolutions over it: the microcontroller's model of "Play Bach".

Source: P. Boudalier, "micro_bach" and "Play Bach" (2021), model 4: ten rows of ten whole numbers, divided by the size of
the vocabulary; convolutions of 80 times 4 x 2 and 64 times 2 x 2, batch normalisation, dropout 0.2, softmax. Differs:
with `embedding` each id has so many learnt numbers in place of its own number, which says nothing of what it means; a
place before the piece holds an id that is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError
from partimento.models.batch_norm import BatchNorm

SIDE = 10
PAST = SIDE * SIDE
"""Ids that are seen, the present one included."""

FIRST, SECOND = (80, (4, 2)), (64, (2, 2))
"""Channels and window of the two convolutions."""

SPOTS = (SIDE - 3 - 1) * (SIDE - 1 - 1)
"""Places in the picture after both."""


@dataclass(frozen=True)
class PlayBachConvConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        channels: Of the first convolution, and four fifths of them of the second; 5 to 1,280, his were 80.
        embedding: Numbers an id is seen as, 1 to 64; None is its own number between 0 and 1.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    channels: int = FIRST[0]
    embedding: int | None = None
    dropout: float = 0.2

    def __post_init__(self) -> None:
        for name, (low, high) in {"vocabulary": (2, 65536), "channels": (5, 1280), "embedding": (1, 64)}.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ConfigError(f"play_bach_conv: {name} is {value}, expected {low} to {high}.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"play_bach_conv: dropout is {self.dropout}, expected 0 to below 1; his was 0.2.")


class PlayBachConv(nn.Module):
    """The network; `forward` reads a batch of ids and returns what follows each of them."""

    numbers: Tensor

    def __init__(self, config: PlayBachConvConfig) -> None:
        super().__init__()
        self.config = config
        second = config.channels * SECOND[0] // FIRST[0]
        if config.embedding is None:
            self.register_buffer("numbers", torch.arange(config.vocabulary + 1)[:, None] / config.vocabulary, persistent=False)
        else:
            self.embed = nn.Embedding(config.vocabulary + 1, config.embedding)
        self.first = nn.Conv2d(config.embedding or 1, config.channels, FIRST[1])
        self.second = nn.Conv2d(config.channels, second, SECOND[1])
        self.norm = BatchNorm(second)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(second * SPOTS, config.vocabulary)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id: the ids before the present one, shape (batch, 99), all of them none."""
        return (torch.full((batch, PAST - 1), self.config.vocabulary, dtype=torch.long, device=self.output.weight.device),)

    def forward(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids` from `state` on.

        Args:
            ids: Shape (batch, time).
            state: From `start` or the last call.

        Returns:
            Logits of what follows each id, shape (batch, time, vocabulary), and the next state.
        """
        seen = torch.cat([state[0], ids], dim=1)
        table = self.numbers if self.config.embedding is None else self.embed.weight
        windows = table[seen].unfold(1, PAST, 1).flatten(0, 1)  # (batch * time, channels, 100), oldest first
        picture = windows.reshape(len(windows), -1, SIDE, SIDE)
        values = self.norm(self.second(self.first(picture).relu()).relu())
        logits = self.output(self.dropout(values).flatten(1))
        return logits.view(*ids.shape, -1), (seen[:, seen.shape[1] - PAST + 1 :],)
