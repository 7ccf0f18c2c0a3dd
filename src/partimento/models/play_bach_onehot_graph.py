"""The network of `play_bach_onehot` as an ONNX graph that takes one step.

Folded: an id picks its row of the first layer's gates; a normalisation is one factor and one sum a unit. As an LSTM's
output lies between -1 and 1, what comes out of the normalisation has a bound that is known beforehand, one a unit; it
is divided by it, so that it fits into a byte, and the next product multiplies it back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from partimento.models.onnx_graph import Graph, Weights, model_bytes, value


def step_graph(weights: Weights, *, epsilon: float, slope: float) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,) and ``state.cells`` (batch, 2 * layers * units); outputs ``logits`` (batch, vocabulary) and ``next.cells``.

    Args:
        weights: Named as `play_bach_onehot.PlayBachOnehot.state_dict` names them, float32.
        epsilon: What the normalisation adds to the variance.
        slope: Of the LeakyReLU below zero.
    """
    floats = {name: np.asarray(weight, np.float32) for name, weight in weights.items()}
    layers = sum(name.endswith("weight_hh_l0") for name in floats)
    vocabulary, units = floats["output.weight"].shape
    graph = Graph()
    graph.split("state.cells", [f"{kind}{layer}" for kind in "hc" for layer in range(layers)], units)
    table = floats["cells.0.weight_ih_l0"].T + floats["cells.0.bias_ih_l0"]
    gates = graph.node("Gather", [graph.constant("table", table), "ids"], "gates")
    hidden, memory, below, bound = [], [], "", np.ones(units, np.float32)
    for layer in range(layers):
        cell = f"cells.{layer}."
        if layer:
            gates = graph.product(below, floats[f"{cell}weight_ih_l0"].T * bound[:, None], floats[f"{cell}bias_ih_l0"], f"in{layer}")
        recurrent = graph.product(graph.quantise(f"h{layer}"), floats[f"{cell}weight_hh_l0"].T, floats[f"{cell}bias_hh_l0"], f"re{layer}")
        moved, kept = graph.lstm(graph.node("Add", [gates, recurrent], f"total{layer}"), f"c{layer}", f"cell{layer}", units)
        hidden.append(moved)
        memory.append(kept)
        factor = floats[f"norms.{layer}.weight"] / np.sqrt(floats[f"norms.{layer}.variance"] + np.float32(epsilon))
        offset = floats[f"norms.{layer}.bias"] - floats[f"norms.{layer}.mean"] * factor
        bound = np.maximum(np.abs(factor) + np.abs(offset), np.float32(1e-8))
        below = graph.quantise(_normalised(graph, moved, factor / bound, offset / bound, slope))
    graph.node("Identity", [graph.product(below, floats["output.weight"].T * bound[:, None], floats["output.bias"], "out")], "logits")
    graph.node("Concat", [*hidden, *memory], "next.cells", axis=1)
    inputs = [value("ids", TensorProto.INT64), value("state.cells", TensorProto.FLOAT, 2 * layers * units)]
    outputs = [value("logits", TensorProto.FLOAT, vocabulary), value("next.cells", TensorProto.FLOAT, 2 * layers * units)]
    return model_bytes(graph, inputs, outputs, {})


def _normalised(graph: Graph, hidden: str, factor: NDArray[np.float32], offset: NDArray[np.float32], slope: float) -> str:
    """A cell's output, normalised and through the LeakyReLU, within -1 and 1."""
    scaled = graph.node("Mul", [hidden, graph.constant(f"{hidden}.factor", factor)], f"{hidden}.scaled")
    moved = graph.node("Add", [scaled, graph.constant(f"{hidden}.offset", offset)], f"{hidden}.moved")
    return graph.node("LeakyRelu", [moved], f"{hidden}.leaky", alpha=slope)
