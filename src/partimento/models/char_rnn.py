"""Recurrent network over ids, one layer above the other, as everybody's first music network.

Paper: A. Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks" (2015) and its program char-rnn;
Hochreiter and Schmidhuber 1997 (LSTM), Cho et al. 2014 (GRU), Elman 1990 (vanilla).
Differs: an embedding in place of one-hot input; dropout also on the embedding and before the output. Unusual:
`lags` adds the embedding of the id that stood so many places before, each lag with a table of its own, as in
Magenta's lookback RNN (Waite 2016); where a voice returns every five ids the network then sees what that voice did last.
`repeats` and `turn` are that RNN's other two inputs: whether the present id is that of so many places before, and a counter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError, nearest

Cell = Literal["lstm", "gru", "rnn"]
CELLS: dict[str, Callable[..., nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}


@dataclass(frozen=True)
class CharRnnConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        cell: ``lstm``, ``gru`` or ``rnn``.
        layers: 1 to 8.
        units: Width of each layer, 8 to 4,096.
        embedding: Width of the id table; as wide as `units` where None.
        dropout: Share of activations dropped in training, 0 to below 1.
        lags: Places before the present id whose ids are seen too, each at least 1.
        repeats: Whether the network is told, for each lag, that the present id is the one that stood there.
        turn: Places after which a counter of ids begins anew, up to 1,024; no counter where 0.
    """

    vocabulary: int
    cell: Cell = "lstm"
    layers: int = 2
    units: int = 512
    embedding: int | None = None
    dropout: float = 0.0
    lags: tuple[int, ...] = field(default=())
    repeats: bool = False
    turn: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "lags", tuple(self.lags))
        if self.cell not in CELLS:
            raise ConfigError(f"char_rnn: cell '{self.cell}'{nearest(self.cell, CELLS)}")
        bounds = {"vocabulary": (2, 65536), "layers": (1, 8), "units": (8, 4096)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"char_rnn: {name} is {getattr(self, name)}, expected {low} to {high}.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"char_rnn: dropout is {self.dropout}, expected 0 to below 1; 0.2 to 0.5 is usual.")
        if any(lag < 1 for lag in self.lags):
            raise ConfigError(f"char_rnn: lags are {self.lags}, expected each at least 1.")
        if not 0 <= self.turn <= 1024:
            raise ConfigError(f"char_rnn: turn is {self.turn}, expected 0 to 1,024.")

    @property
    def width(self) -> int:
        """Width of the id table."""
        return self.units if self.embedding is None else self.embedding


class CharRnn(nn.Module):
    """The network; `forward` reads a batch of ids and returns what follows each of them."""

    def __init__(self, config: CharRnnConfig) -> None:
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, config.width)
        self.lagged = nn.ModuleList(nn.Embedding(config.vocabulary + 1, config.width) for _ in config.lags)
        self.repeat = nn.Parameter(torch.zeros(len(config.lags), config.width)) if config.repeats else None
        self.counted = nn.Embedding(config.turn, config.width) if config.turn else None
        between = config.dropout if config.layers > 1 else 0.0
        self.cells = CELLS[config.cell](config.width, config.units, config.layers, dropout=between, batch_first=True)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.units, config.vocabulary)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id.

        Cell states, each (batch, layers, units); the last ids (batch, longest lag), where a place before the piece holds
        `vocabulary`, which is none; and the counter (batch, 1).
        """
        config = self.config
        like = self.output.weight
        states = [torch.zeros(batch, config.layers, config.units, device=like.device) for _ in range(2 if config.cell == "lstm" else 1)]
        history = torch.full((batch, max(config.lags, default=0)), config.vocabulary, dtype=torch.long, device=like.device)
        return (*states, history, torch.zeros(batch, 1, dtype=torch.long, device=like.device))

    def forward(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids` from `state` on.

        Args:
            ids: Shape (batch, time).
            state: From `start` or the last call.

        Returns:
            Logits of what follows each id, shape (batch, time, vocabulary), and the next state.
        """
        cells, history, count = state[:-2], *state[-2:]
        seen = torch.cat([history, ids], dim=1)  # (batch, longest lag + time)
        longest = history.shape[1]
        hidden = self.embed(ids)
        for number, (lag, table) in enumerate(zip(self.config.lags, self.lagged, strict=True)):
            past = seen[:, longest - lag : seen.shape[1] - lag]
            hidden = hidden + table(past)
            if self.repeat is not None:
                hidden = hidden + self.repeat[number] * (past == ids)[..., None]
        if self.counted is not None:
            hidden = hidden + self.counted((count + torch.arange(ids.shape[1], device=ids.device)) % self.config.turn)
            count = (count + ids.shape[1]) % self.config.turn
        before = tuple(part.transpose(0, 1).contiguous() for part in cells)  # torch wants (layers, batch, units)
        hidden, last = self.cells(self.dropout(hidden), before if len(before) == 2 else before[0])
        after = last if isinstance(last, tuple) else (last,)
        kept = (part.transpose(0, 1) for part in after)
        return self.output(self.dropout(hidden)), (*kept, seen[:, seen.shape[1] - longest :], count)
