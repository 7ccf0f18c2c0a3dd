"""The recurrent network with attention as an ONNX graph that takes one step.

What cells put out, what is remembered and what is found lie between -1 and 1, so the products they go into are of bytes
(see `onnx_graph`); the question, which reads the cell's memory, and the mixing are in fp32. Folded: the matrices between
the id, or what was found, and the first cell's gates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from partimento.models.onnx_graph import Graph, Weights, model_bytes, value

NOWHERE = -1e9
"""Score of a place before the piece, as in `attention_rnn`."""

Floats = Mapping[str, NDArray[np.float32]]


def step_graph(weights: Weights, config: Mapping[str, Any]) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,), ``state.cells`` (batch, 2 * layers * units), ``state.found`` (batch, units), ``state.outputs``
    and ``state.answers`` (batch, span * units, newest last) and ``state.there`` (batch, span). Outputs ``logits``
    (batch, vocabulary) and ``next.*`` as ``state.*``.

    Args:
        weights: Named as `attention_rnn.AttentionRnn.state_dict` names them, float32.
        config: Settings of `attention_rnn.AttentionRnnConfig`.
    """
    floats: Floats = {name: np.asarray(array, np.float32) for name, array in weights.items()}
    layers, units, span = (int(config[name]) for name in ("layers", "units", "span"))
    graph = Graph()
    graph.split("state.cells", [f"h{layer}" for layer in range(layers)] + [f"c{layer}" for layer in range(layers)], units)
    hidden, memory = graph.lstm(_first_gates(graph, floats, units), "c0", "cell0", units)
    after = [(hidden, memory)]
    graph.node("Identity", [_attend(graph, floats, (hidden, memory), units, span)], "next.found")
    below = _remember(graph, floats, hidden, units)
    for layer in range(1, layers):
        name = f"above.{{}}_l{layer - 1}"
        bias = floats[name.format("bias_ih")] + floats[name.format("bias_hh")]
        entering = graph.product(below, floats[name.format("weight_ih")].T, bias, f"in{layer}")
        recurrent = graph.product(graph.quantise(f"h{layer}"), floats[name.format("weight_hh")].T, None, f"re{layer}")
        after.append(graph.lstm(graph.node("Add", [entering, recurrent], f"gates{layer}"), f"c{layer}", f"cell{layer}", units))
        below = graph.quantise(after[-1][0])
    graph.node("Identity", [graph.product(below, floats["output.weight"].T, floats["output.bias"], "out")], "logits")
    graph.node("Concat", [*(pair[0] for pair in after), *(pair[1] for pair in after)], "next.cells", axis=1)
    widths = {"cells": 2 * layers * units, "found": units, "outputs": span * units, "answers": span * units, "there": span}
    inputs = [value("ids", TensorProto.INT64), *(value(f"state.{name}", TensorProto.FLOAT, width) for name, width in widths.items())]
    outputs = [value("logits", TensorProto.FLOAT, floats["output.weight"].shape[0])]
    outputs += [value(f"next.{name}", TensorProto.FLOAT, width) for name, width in widths.items()]
    return model_bytes(graph, inputs, outputs, {})


def _first_gates(graph: Graph, floats: Floats, units: int) -> str:
    """The first cell's gates: from the id by a table, from what was found and the cell's last output by products."""
    matrix = floats["cell.weight_ih"].T  # (units, gates)
    enter = floats["enter.weight"].T @ matrix  # (2 * units, gates)
    bias = floats["enter.bias"] @ matrix + floats["cell.bias_ih"] + floats["cell.bias_hh"]
    table = floats["embed.weight"] @ enter[:units] + bias
    from_id = graph.node("Gather", [graph.constant("table", table), "ids"], "gates.id")
    from_found = graph.product(graph.quantise("state.found"), enter[units:], None, "gates.found")
    recurrent = graph.product(graph.quantise("h0"), floats["cell.weight_hh"].T, None, "re0")
    return graph.node("Add", [graph.node("Add", [from_id, from_found], "gates.in"), recurrent], "gates0")


def _attend(graph: Graph, floats: Floats, cell: tuple[str, str], units: int, span: int) -> str:
    """What the remembered outputs have for the cell's state, shape (batch, units)."""
    asking = graph.node("Concat", list(cell), "asking", axis=1)
    asked = graph.node("MatMul", [asking, graph.constant("ask.weight", floats["ask.weight"].T)], "asked.product")
    asked = graph.node("Add", [asked, graph.constant("ask.bias", floats["ask.bias"])], "asked")
    shape = graph.constant("shape.span", np.array([-1, span, units], np.int64))
    answers = graph.node("Reshape", ["state.answers", shape], "answers")
    column = graph.node("Unsqueeze", [asked, graph.constant("axis1", np.array([1], np.int64))], "asked.column")
    met = graph.node("Tanh", [graph.node("Add", [answers, column], "met")], "met.t")
    scored = graph.node("MatMul", [met, graph.constant("score", floats["score.weight"].T)], "scored")
    flat = graph.node("Reshape", [scored, graph.constant("shape.row", np.array([-1, span], np.int64))], "scores")
    absent = graph.node("Sub", [graph.constant("one", np.array(1, np.float32)), "state.there"], "absent")
    nowhere = graph.node("Mul", [absent, graph.constant("nowhere", np.array(NOWHERE, np.float32))], "nowhere.sum")
    weights = graph.node("Softmax", [graph.node("Add", [flat, nowhere], "scores.there")], "weights", axis=1)
    row = graph.node("Unsqueeze", [weights, graph.constant("axis1", np.array([1], np.int64))], "weights.row")
    outputs = graph.node("Reshape", ["state.outputs", shape], "outputs")
    mixed = graph.node("MatMul", [row, outputs], "mixed")
    return graph.node("Reshape", [mixed, graph.constant("shape.units", np.array([-1, units], np.int64))], "found")


def _remember(graph: Graph, floats: Floats, hidden: str, units: int) -> str:
    """Mix what was found into the cell's output; forget the oldest, remember it with what it answers; return it as bytes."""
    own = graph.product(graph.quantise(hidden), floats["leave.weight"][:, :units].T, floats["leave.bias"], "left.own")
    other = graph.product(graph.quantise("next.found"), floats["leave.weight"][:, units:].T, None, "left.found")
    left = graph.node("Tanh", [graph.node("Add", [own, other], "left.sum")], "left")
    quantised = graph.quantise(left)
    answer = graph.product(quantised, floats["remember.weight"].T, None, "answer")
    oldest = graph.node("Slice", ["state.there", *(graph.constant(f"at{at}", np.array([at], np.int64)) for at in (0, 1, 1))], "oldest")
    newest = graph.node("Max", [oldest, "one"], "newest")
    for name, added, width in (("outputs", left, units), ("answers", answer, units), ("there", newest, 1)):
        longer = graph.node("Concat", [f"state.{name}", added], f"{name}.longer", axis=1)
        bounds = graph.constant(f"from{width}", np.array([width], np.int64)), graph.constant("far", np.array([2**31], np.int64))
        graph.node("Slice", [longer, *bounds, graph.constant("axis1", np.array([1], np.int64))], f"next.{name}")
    return quantised
