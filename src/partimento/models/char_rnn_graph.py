"""The recurrent network as an ONNX graph that takes one step: gates written out, embedding folded in, int8 products.

No exporter and no torch: the graph is put together here from the weights, as plain arrays. Folded: the first
layer's input product depends on the id alone, so a table of gate values, one row an id, takes its place (and one
table a lag). int8: a cell's output lies between -1 and 1, so it is quantised with one fixed scale for every
piece, and products of whole numbers are exact: the same logits in any batch and any thread count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.generic]]

_GATES = {"lstm": 4, "gru": 3, "rnn": 1}
_OPSET, _IR = 17, 8
_HALF = 127.0


@dataclass
class _Graph:
    """Nodes and constants while they are put together."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Add a constant; return its name."""
        if all(known.name != name for known in self.constants):
            self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node with one output; return the output's name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def split(self, value: str, parts: list[str], width: int) -> list[str]:
        """Cut `value` of shape (batch, parts * width) into its parts; return their names."""
        sizes = self.constant(f"sizes{len(parts)}x{width}", np.full(len(parts), width, np.int64))
        self.nodes.append(helper.make_node("Split", [value, sizes], parts, name=parts[0], axis=1))
        return parts

    def product(self, quantised: str, weight: NDArray[np.float32], bias: NDArray[np.float32] | None, output: str) -> str:
        """Add ``value @ weight + bias`` for a value that `quantise` made; `weight` has shape (in, out)."""
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / _HALF
        whole = np.clip(np.rint(weight / scale), -127, 127).astype(np.int8)
        zero = self.constant("zero_u8", np.array(128, np.uint8))
        sums = self.node("MatMulInteger", [quantised, self.constant(f"{output}.weight", whole), zero], f"{output}.sums")
        real = self.node("Cast", [sums], f"{output}.real", to=TensorProto.FLOAT)
        scaled = self.node("Mul", [real, self.constant(f"{output}.scale", (scale / _HALF).astype(np.float32))], f"{output}.scaled")
        return scaled if bias is None else self.node("Add", [scaled, self.constant(f"{output}.bias", bias)], f"{output}.sum")

    def quantise(self, value: str) -> str:
        """Turn a cell's output, between -1 and 1, into bytes."""
        scale = self.constant("scale_u8", np.array(1 / _HALF, np.float32))
        zero = self.constant("zero_u8", np.array(128, np.uint8))
        return self.node("QuantizeLinear", [value, scale, zero], f"{value}.u8")


def step_graph(weights: Weights, *, cell: str, lags: tuple[int, ...] = ()) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,), ``state.cells`` (batch, layers * units, twice for an LSTM) and, where there are lags,
    ``state.past`` (batch, longest lag), the ids before, newest last. Outputs ``logits`` (batch, vocabulary) and
    ``next.*`` as ``state.*``.

    Args:
        weights: Named as `char_rnn.CharRnn.state_dict` names them, float32.
        cell: ``lstm``, ``gru`` or ``rnn``.
        lags: As in `char_rnn.CharRnnConfig`.
    """
    floats = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    layers = sum(name.startswith("cells.weight_hh_l") for name in floats)
    units = floats["cells.weight_hh_l0"].shape[1]
    vocabulary = floats["output.weight"].shape[0]
    graph = _Graph()
    states = layers * (2 if cell == "lstm" else 1)
    names = [f"h{layer}" for layer in range(layers)] + [f"c{layer}" for layer in range(states - layers)]
    graph.split("state.cells", names, units) if states > 1 else graph.node("Identity", ["state.cells"], "h0")
    gates = _first_gates(graph, floats, lags)
    after_h, after_c, below = [], [], ""
    for layer in range(layers):
        if layer:
            gates = graph.product(below, floats[f"cells.weight_ih_l{layer}"].T, floats[f"cells.bias_ih_l{layer}"], f"in{layer}")
        recurrent = graph.product(
            graph.quantise(f"h{layer}"), floats[f"cells.weight_hh_l{layer}"].T, floats[f"cells.bias_hh_l{layer}"], f"re{layer}"
        )
        hidden, memory = _CELLS[cell](graph, gates, recurrent, layer, units)
        after_h.append(hidden)
        after_c += [memory] if memory else []
        below = graph.quantise(hidden)
    graph.node("Identity", [graph.product(below, floats["output.weight"].T, floats["output.bias"], "out")], "logits")
    graph.node("Concat", [*after_h, *after_c], "next.cells", axis=1)
    inputs = [_value("ids", TensorProto.INT64), _value("state.cells", TensorProto.FLOAT, states * units)]
    outputs = [_value("logits", TensorProto.FLOAT, vocabulary), _value("next.cells", TensorProto.FLOAT, states * units)]
    if lags:
        inputs.append(_value("state.past", TensorProto.INT64, max(lags)))
        outputs.append(_value("next.past", TensorProto.INT64, max(lags)))
    return _model(graph, inputs, outputs, {"past_filler": str(vocabulary)})


def _first_gates(graph: _Graph, floats: Mapping[str, NDArray[np.float32]], lags: tuple[int, ...]) -> str:
    """What the id, and the ids at the lags, bring to the first layer's gates."""
    matrix = floats["cells.weight_ih_l0"].T
    table = floats["embed.weight"] @ matrix + floats["cells.bias_ih_l0"]
    gates = graph.node("Gather", [graph.constant("table", table), "ids"], "gates")
    if not lags:
        return gates
    batch_of_one = graph.constant("axis1", np.array([1], np.int64))
    column = graph.node("Unsqueeze", ["ids", batch_of_one], "ids.column")
    seen = graph.node("Concat", ["state.past", column], "seen", axis=1)
    width = max(lags) + 1
    graph.node("Slice", [seen, batch_of_one, graph.constant("end", np.array([width], np.int64)), batch_of_one], "next.past")
    for number, lag in enumerate(lags):
        place = graph.constant(f"place{number}", np.array(width - 1 - lag, np.int64))
        before = graph.node("Gather", [seen, place], f"before{number}", axis=1)
        past = _rows(graph, floats[f"lagged.{number}.weight"] @ matrix, before, f"past{number}")
        gates = graph.node("Add", [gates, past], f"gates{number}")
    return gates


def _rows(graph: _Graph, table: NDArray[np.float32], ids: str, output: str) -> str:
    """Rows of a table that is kept in bytes, each row with its own scale."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / _HALF
    whole = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
    row = graph.node("Gather", [graph.constant(f"{output}.table", whole), ids], f"{output}.row")
    factor = graph.node("Gather", [graph.constant(f"{output}.scale", scale.astype(np.float32)), ids], f"{output}.factor")
    return graph.node("Mul", [graph.node("Cast", [row], f"{output}.real", to=TensorProto.FLOAT), factor], output)


def _lstm(graph: _Graph, gates: str, recurrent: str, layer: int, units: int) -> tuple[str, str]:
    """One LSTM cell; torch's gate order is input, forget, cell, output."""
    total = graph.node("Add", [gates, recurrent], f"total{layer}")
    enter, forget, fresh, leave = graph.split(total, [f"{gate}{layer}" for gate in ("enter", "forget", "fresh", "leave")], units)
    kept = graph.node("Mul", [graph.node("Sigmoid", [forget], f"{forget}.s"), f"c{layer}"], f"kept{layer}")
    added = graph.node("Mul", [graph.node("Sigmoid", [enter], f"{enter}.s"), graph.node("Tanh", [fresh], f"{fresh}.t")], f"added{layer}")
    memory = graph.node("Add", [kept, added], f"memory{layer}")
    out = graph.node("Sigmoid", [leave], f"{leave}.s")
    return graph.node("Mul", [out, graph.node("Tanh", [memory], f"memory{layer}.t")], f"hidden{layer}"), memory


def _gru(graph: _Graph, gates: str, recurrent: str, layer: int, units: int) -> tuple[str, str]:
    """One GRU cell; torch's gate order is reset, update, new, and the reset gate acts after the recurrent product."""
    inside = graph.split(gates, [f"{gate}_in{layer}" for gate in ("reset", "update", "new")], units)
    around = graph.split(recurrent, [f"{gate}_re{layer}" for gate in ("reset", "update", "new")], units)
    reset, update = (
        graph.node("Sigmoid", [graph.node("Add", [a, b], f"{a}.sum")], f"{a}.s") for a, b in zip(inside[:2], around[:2], strict=True)
    )
    part = graph.node("Mul", [reset, around[2]], f"part{layer}")
    new = graph.node("Tanh", [graph.node("Add", [inside[2], part], f"candidate{layer}")], f"candidate{layer}.t")
    change = graph.node("Mul", [update, graph.node("Sub", [f"h{layer}", new], f"difference{layer}")], f"change{layer}")
    return graph.node("Add", [new, change], f"hidden{layer}"), ""


def _rnn(graph: _Graph, gates: str, recurrent: str, layer: int, units: int) -> tuple[str, str]:
    """One vanilla cell."""
    return graph.node("Tanh", [graph.node("Add", [gates, recurrent], f"total{layer}")], f"hidden{layer}"), ""


_CELLS = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}


def _value(name: str, kind: int, *width: int) -> onnx.ValueInfoProto:
    """An input or output, the batch first."""
    return helper.make_tensor_value_info(name, kind, ["batch", *width])


def _model(graph: _Graph, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], facts: dict[str, str]) -> bytes:
    """The checked model as bytes."""
    model = helper.make_model(
        helper.make_graph(graph.nodes, "step", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR,
        producer_name="partimento",
    )
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data
