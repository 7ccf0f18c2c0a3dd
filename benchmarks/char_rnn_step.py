"""S3: one step of a char-RNN (2 x 512, vocabulary 100, batch 1, one thread): ours beside torch's two ways.

Run: python benchmarks/char_rnn_step.py
Goal: at most 1/25 of `nn.LSTM` called step by step, at most 1/4 of a loop over `LSTMCell`.
"""

from __future__ import annotations

import numpy as np
import torch
from measure import interleaved, publish
from torch import nn

from partimento.models.char_rnn import CharRnn, CharRnnConfig
from partimento.models.char_rnn_graph import step_graph
from partimento.models.onnx_session import OnnxSession

STEPS = 100
VOCABULARY, LAYERS, UNITS = 100, 2, 512


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ids = np.random.default_rng(0).integers(0, VOCABULARY, STEPS)
    works, rows = {}, {}
    for cell in ("lstm", "gru", "rnn"):
        module = CharRnn(CharRnnConfig(VOCABULARY, cell, LAYERS, UNITS)).eval()
        session = OnnxSession(step_graph({name: value.numpy() for name, value in module.state_dict().items()}, cell=cell))
        works[f"ours_{cell}"] = lambda session=session: ours(session, ids)
        if cell == "lstm":
            cells = [nn.LSTMCell(UNITS, UNITS).eval() for _ in range(LAYERS)]
            works["torch_nn_lstm_stepwise"] = lambda module=module: stepwise(module, ids)
            works["torch_lstm_cell_loop"] = lambda module=module, cells=cells: cell_loop(module, cells, ids)
    seconds = interleaved(works)
    rows = {f"{name}_microseconds": round(value / STEPS * 1e6, 1) for name, value in seconds.items()}
    rows["ratio_to_nn_lstm"] = round(seconds["torch_nn_lstm_stepwise"] / seconds["ours_lstm"], 1)
    rows["ratio_to_cell_loop"] = round(seconds["torch_lstm_cell_loop"] / seconds["ours_lstm"], 2)
    publish("S3_char_rnn_step", {"definition": "median of 7 runs of 100 steps, one thread, logits included", **rows})


def ours(session: OnnxSession, ids: np.ndarray) -> None:
    state = session.start(1)
    for number in ids:
        _, state = session.step(number[None], state)


@torch.inference_mode()
def stepwise(module: CharRnn, ids: np.ndarray) -> None:
    state = module.start(1)
    for number in ids:
        _, state = module(torch.tensor([[number]]), state)


@torch.inference_mode()
def cell_loop(module: CharRnn, cells: list[nn.LSTMCell], ids: np.ndarray) -> None:
    state = [(torch.zeros(1, UNITS), torch.zeros(1, UNITS)) for _ in cells]
    for number in ids:
        hidden = module.embed(torch.tensor([number]))
        for layer, cell in enumerate(cells):
            state[layer] = cell(hidden, state[layer])
            hidden = state[layer][0]
        module.output(hidden)


if __name__ == "__main__":
    main()
