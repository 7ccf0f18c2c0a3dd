"""The network of `play_bach_conv` as an ONNX graph that takes one step: convolutions in fp32, the last product in bytes.

The normalisation is folded into the last product. What goes into it has no bound that is known beforehand, so each
piece's values are divided by the largest of them: whole numbers, and the same logits in any batch.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from partimento.models.onnx_graph import Graph, Weights, model_bytes, value

SIDE = 10


def step_graph(weights: Weights, *, epsilon: float) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,) and ``state.past`` (batch, 99), the ids before, newest last; outputs ``logits`` (batch, vocabulary)
    and ``next.past``.

    Args:
        weights: Named as `play_bach_conv.PlayBachConv.state_dict` names them, float32.
        epsilon: What the normalisation adds to the variance.
    """
    floats = {name: np.asarray(weight, np.float32) for name, weight in weights.items()}
    vocabulary = floats["output.weight"].shape[0]
    table = floats.get("embed.weight", np.arange(vocabulary + 1, dtype=np.float32)[:, None] / np.float32(vocabulary))
    graph = Graph()
    axis1 = graph.constant("axis1", np.array([1], np.int64))
    column = graph.node("Unsqueeze", ["ids", axis1], "ids.column")
    graph.node("Concat", ["state.past", column], "seen", axis=1)
    graph.node("Slice", ["seen", axis1, graph.constant("end", np.array([SIDE * SIDE], np.int64)), axis1], "next.past")
    numbers = graph.node("Gather", [graph.constant("table", table), "seen"], "numbers")  # (batch, 100, channels)
    upright = graph.node("Transpose", [numbers], "upright", perm=[0, 2, 1])
    picture = graph.node("Reshape", [upright, graph.constant("shape", np.array([-1, table.shape[1], SIDE, SIDE], np.int64))], "picture")
    for name in ("first", "second"):
        kernel = [graph.constant(f"{name}.{part}", floats[f"{name}.{part}"]) for part in ("weight", "bias")]
        picture = graph.node("Relu", [graph.node("Conv", [picture, *kernel], name)], f"{name}.relu")
    flat = graph.node("Flatten", [picture], "flat", axis=1)
    weight, bias = _folded(floats, epsilon)
    most = graph.node("ReduceMax", [flat], "most", axes=[1], keepdims=1)
    most = graph.node("Max", [most, graph.constant("least", np.array(1e-8, np.float32))], "most.above")
    bounded = graph.quantise(graph.node("Div", [flat, most], "bounded"))
    product = graph.node("Mul", [graph.product(bounded, weight, None, "out"), most], "out.unbounded")
    graph.node("Add", [product, graph.constant("out.offset", bias)], "logits")
    inputs = [value("ids", TensorProto.INT64), value("state.past", TensorProto.INT64, SIDE * SIDE - 1)]
    outputs = [value("logits", TensorProto.FLOAT, vocabulary), value("next.past", TensorProto.INT64, SIDE * SIDE - 1)]
    return model_bytes(graph, inputs, outputs, {"past_filler": str(vocabulary)})


def _folded(floats: Mapping[str, NDArray[np.float32]], epsilon: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The last product's weight, shape (in, vocabulary), and bias with the normalisation in them."""
    factor = floats["norm.weight"] / np.sqrt(floats["norm.variance"] + np.float32(epsilon))
    offset = floats["norm.bias"] - floats["norm.mean"] * factor
    weight = np.asarray(floats["output.weight"], np.float32)
    spots = weight.shape[1] // factor.shape[0]
    bias = floats["output.bias"] + weight @ np.repeat(offset, spots)
    return np.asarray((weight * np.repeat(factor, spots)).T, np.float32), np.asarray(bias, np.float32)
