"""LSTM layers of which the first looks back at its own last outputs.

Paper: E. Waite, "Generating Long-Term Structure in Songs and Stories" (Magenta, 2016), its Attention RNN; the attention is
that of Bahdanau et al. 2015 over the last n outputs in place of another sequence.
A step: what was found a step ago is mixed into the input; the cell runs; its state asks, each remembered output answers
with a score ``v . tanh(W output + U state)``, and the outputs, weighted by the softmax of their scores, are mixed into the
cell's output, which is then remembered itself and goes to the layer above.
Differs: an embedding in place of one-hot input; a tanh over what leaves, without which outputs mixed into outputs grow
without bound in a long piece; places before the piece are not asked, where the original found zeros; dropout
between the layers and before the output only. Unusual: ``W output`` is remembered beside the output, so
that a step multiplies one new output and not all n anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError

NOWHERE = -1e9
"""Score of a place before the piece."""


@dataclass(frozen=True)
class AttentionRnnConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids, at least 2.
        layers: 1 to 8; the first attends.
        units: Width of each layer, 8 to 2,048.
        span: Outputs that are remembered, 1 to 512.
        dropout: Share of activations dropped in training, 0 to below 1.
    """

    vocabulary: int
    layers: int = 2
    units: int = 128
    span: int = 40
    dropout: float = 0.0

    def __post_init__(self) -> None:
        bounds = {"vocabulary": (2, 65536), "layers": (1, 8), "units": (8, 2048), "span": (1, 512)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"attention_rnn: {name} is {getattr(self, name)}, expected {low} to {high}.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"attention_rnn: dropout is {self.dropout}, expected 0 to below 1; 0.2 to 0.5 is usual.")


class AttentionRnn(nn.Module):
    """The network; `forward` reads a batch of ids and returns what follows each of them."""

    def __init__(self, config: AttentionRnnConfig) -> None:
        super().__init__()
        units = config.units
        self.config = config
        self.embed = nn.Embedding(config.vocabulary, units)
        self.enter = nn.Linear(2 * units, units)  # input and what was found before
        self.cell = nn.LSTMCell(units, units)
        self.remember = nn.Linear(units, units, bias=False)
        self.ask = nn.Linear(2 * units, units)
        self.score = nn.Linear(units, 1, bias=False)
        self.leave = nn.Linear(2 * units, units)  # output and what is found now
        self.above = nn.LSTM(units, units, config.layers - 1, batch_first=True) if config.layers > 1 else None
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(units, config.vocabulary)

    def start(self, batch: int) -> tuple[Tensor, ...]:
        """Return the state before the first id: nothing remembered.

        Its parts: output and memory of the cells, each (batch, layers, units); what was found (batch, units); the
        outputs remembered and what they answer with, each (batch, span, units), newest last; which of them there
        are (batch, span).
        """
        config, like = self.config, self.output.weight
        wide, seen = (batch, config.layers, config.units), (batch, config.span, config.units)
        shapes = (wide, wide, (batch, config.units), seen, seen, (batch, config.span))
        return tuple(torch.zeros(shape, device=like.device) for shape in shapes)

    def forward(self, ids: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Read `ids` from `state` on.

        Args:
            ids: Shape (batch, time).
            state: From `start` or the last call.

        Returns:
            Logits of what follows each id, shape (batch, time, vocabulary), and the next state.
        """
        hidden, memory, found, outputs, answers, there = state
        cell, one, left = (hidden[:, 0], memory[:, 0]), torch.ones_like(there[:, :1]), []
        entering = self.embed(ids)  # (batch, time, units)
        for time in range(ids.shape[1]):
            cell = self.cell(self.enter(torch.cat([entering[:, time], found], dim=1)), cell)
            found = self._attend(torch.cat(cell, dim=1), outputs, answers, there)
            left.append(torch.tanh(self.leave(torch.cat([cell[0], found], dim=1))))
            outputs = torch.cat([outputs[:, 1:], left[-1].unsqueeze(1)], dim=1)
            answers = torch.cat([answers[:, 1:], self.remember(left[-1]).unsqueeze(1)], dim=1)
            there = torch.cat([there[:, 1:], one], dim=1)
        below = torch.stack(left, dim=1)  # (batch, time, units)
        after_hidden, after_memory = cell[0].unsqueeze(1), cell[1].unsqueeze(1)
        if self.above is not None:
            before = tuple(part[:, 1:].transpose(0, 1).contiguous() for part in (hidden, memory))  # torch wants (layers, batch, units)
            below, (top_hidden, top_memory) = self.above(self.dropout(below), before)
            after_hidden = torch.cat([after_hidden, top_hidden.transpose(0, 1)], dim=1)
            after_memory = torch.cat([after_memory, top_memory.transpose(0, 1)], dim=1)
        return self.output(self.dropout(below)), (after_hidden, after_memory, found, outputs, answers, there)

    def _attend(self, asking: Tensor, outputs: Tensor, answers: Tensor, there: Tensor) -> Tensor:
        """What the remembered outputs, shape (batch, span, units), have for a state of shape (batch, 2 * units)."""
        scores = self.score(torch.tanh(answers + self.ask(asking).unsqueeze(1))).squeeze(2)  # (batch, span)
        weights = torch.softmax(scores + (1 - there) * NOWHERE, dim=1)
        return (weights.unsqueeze(1) @ outputs).squeeze(1)
