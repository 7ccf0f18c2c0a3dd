"""S6: training a char-RNN (2 x 512, vocabulary 100, batch 64 x 128): our loop's step beside torch's usual ways.

Run: python benchmarks/char_rnn_training.py
Goal: at least 1.8 times the characters a second of `nn.LSTM` in fp32.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch
from measure import interleaved, publish
from torch import nn
from torch.nn.functional import cross_entropy

from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.training.loop import Loop, Settings
from partimento.training.next_id import NextId
from partimento.training.sequences import PieceStream

VOCABULARY, LAYERS, UNITS, ROWS, TIME, THREADS = 100, 2, 512, 64, 128, 2


def main() -> None:
    torch.set_num_threads(THREADS)
    works = {
        "ours_bf16": our_step("bf16"),
        "ours_fp32": our_step("fp32"),
        "torch_nn_lstm_fp32": plain_step(),
        "torch_lstm_cell_fp32": cell_step(),
    }
    seconds = interleaved(works, runs=5)
    rate = {name: round(ROWS * TIME / value) for name, value in seconds.items()}
    rows = {f"{name}_characters_per_second": value for name, value in rate.items()}
    rows["ratio_to_nn_lstm_fp32"] = round(rate["ours_bf16"] / rate["torch_nn_lstm_fp32"], 2)
    publish(
        "S6_char_rnn_training", {"definition": f"median of 5 optimiser steps, {THREADS} threads, forward, backward, clip and AdamW", **rows}
    )


def our_step(precision: str) -> object:
    torch.manual_seed(0)
    module = CharRnn(CharRnnConfig(VOCABULARY, "lstm", LAYERS, UNITS))
    pieces = [[np.random.default_rng(seed).integers(0, VOCABULARY, 100_000).astype(np.int32)] for seed in range(ROWS)]
    stream = PieceStream(pieces, rows=ROWS, time=TIME, seed=0)
    folder = Path(tempfile.mkdtemp())
    loop = Loop(NextId(module, rows=ROWS), stream, [], settings=Settings(10_000, precision=precision), folder=folder, facts={})
    return loop._step


def plain_step() -> object:
    torch.manual_seed(0)
    embed, cells, output = nn.Embedding(VOCABULARY, UNITS), nn.LSTM(UNITS, UNITS, LAYERS, batch_first=True), nn.Linear(UNITS, VOCABULARY)
    model = nn.ModuleList([embed, cells, output])
    return step_of(model, lambda ids: output(cells(embed(ids))[0]))


def cell_step() -> object:
    torch.manual_seed(0)
    embed, output = nn.Embedding(VOCABULARY, UNITS), nn.Linear(UNITS, VOCABULARY)
    cells = nn.ModuleList(nn.LSTMCell(UNITS, UNITS) for _ in range(LAYERS))
    model = nn.ModuleList([embed, cells, output])

    def forward(ids: torch.Tensor) -> torch.Tensor:
        state = [(torch.zeros(ROWS, UNITS), torch.zeros(ROWS, UNITS)) for _ in cells]
        outputs = []
        for hidden in embed(ids).unbind(1):
            for layer, cell in enumerate(cells):
                state[layer] = cell(hidden, state[layer])
                hidden = state[layer][0]  # noqa: PLW2901  # the layer above reads the layer below
            outputs.append(hidden)
        return output(torch.stack(outputs, 1))

    return step_of(model, forward)


def step_of(model: nn.Module, forward: object) -> object:
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    ids = torch.randint(0, VOCABULARY, (ROWS, TIME + 1))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(forward(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
