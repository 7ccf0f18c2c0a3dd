"""The recurrent network as an ONNX graph that takes one step: gates written out, embedding folded in, int8 products.

Folded: the first layer's input product depends on the id alone, so a table of gate values, one row an id, takes its
place (and one table a lag). See `onnx_graph` for the products in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from partimento.models.onnx_graph import Graph, Weights, model_bytes, value

_COUNTED, _REPEAT = "counted.weight", "repeat"


def step_graph(weights: Weights, *, cell: str, lags: tuple[int, ...] = ()) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,), ``state.cells`` (batch, layers * units, twice for an LSTM), where there are lags
    ``state.past`` (batch, longest lag), the ids before, newest last, and where ids are counted ``state.count`` (batch, 1).
    Outputs ``logits`` (batch, vocabulary) and ``next.*`` as ``state.*``.

    Args:
        weights: Named as `char_rnn.CharRnn.state_dict` names them, float32.
        cell: ``lstm``, ``gru`` or ``rnn``.
        lags: As in `char_rnn.CharRnnConfig`.
    """
    floats = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    layers = sum(name.startswith("cells.weight_hh_l") for name in floats)
    units = floats["cells.weight_hh_l0"].shape[1]
    vocabulary = floats["output.weight"].shape[0]
    graph = Graph()
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
    inputs = [value("ids", TensorProto.INT64), value("state.cells", TensorProto.FLOAT, states * units)]
    outputs = [value("logits", TensorProto.FLOAT, vocabulary), value("next.cells", TensorProto.FLOAT, states * units)]
    if lags:
        inputs.append(value("state.past", TensorProto.INT64, max(lags)))
        outputs.append(value("next.past", TensorProto.INT64, max(lags)))
    if _COUNTED in floats:
        inputs.append(value("state.count", TensorProto.FLOAT, 1))
        outputs.append(value("next.count", TensorProto.FLOAT, 1))
    return model_bytes(graph, inputs, outputs, {"past_filler": str(vocabulary)})


def _first_gates(graph: Graph, floats: Mapping[str, NDArray[np.float32]], lags: tuple[int, ...]) -> str:
    """What the id, and the ids at the lags, bring to the first layer's gates."""
    matrix = floats["cells.weight_ih_l0"].T
    table = floats["embed.weight"] @ matrix + floats["cells.bias_ih_l0"]
    gates = graph.node("Gather", [graph.constant("table", table), "ids"], "gates")
    if _COUNTED in floats:
        gates = graph.node("Add", [gates, _count(graph, floats[_COUNTED] @ matrix)], "gates.counted")
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
        past = graph.rows(floats[f"lagged.{number}.weight"] @ matrix, before, f"past{number}")
        gates = graph.node("Add", [gates, past], f"gates{number}")
        if _REPEAT in floats:
            same = graph.node("Cast", [graph.node("Equal", ["ids", before], f"same{number}")], f"same{number}.real", to=TensorProto.FLOAT)
            told = graph.constant(f"repeat{number}", floats[_REPEAT][number : number + 1] @ matrix)
            same = graph.node("Unsqueeze", [same, batch_of_one], f"same{number}.column")
            gates = graph.node("Add", [gates, graph.node("Mul", [same, told], f"repeated{number}")], f"gates{number}.told")
    return gates


def _count(graph: Graph, table: NDArray[np.float32]) -> str:
    """What the counter brings to the first layer's gates; it goes on by one."""
    turn, one = graph.constant("turn", np.array(len(table), np.float32)), graph.constant("one", np.array(1, np.float32))
    row = graph.node(
        "Cast",
        [graph.node("Squeeze", ["state.count", graph.constant("axis.count", np.array([1], np.int64))], "count")],
        "count.row",
        to=TensorProto.INT64,
    )
    graph.node("Mod", [graph.node("Add", ["state.count", one], "count.on"), turn], "next.count", fmod=1)
    return graph.node("Gather", [graph.constant("count.table", table), row], "count.gates")


def _lstm(graph: Graph, gates: str, recurrent: str, layer: int, units: int) -> tuple[str, str]:
    """One LSTM cell."""
    return graph.lstm(graph.node("Add", [gates, recurrent], f"total{layer}"), f"c{layer}", f"cell{layer}", units)


def _gru(graph: Graph, gates: str, recurrent: str, layer: int, units: int) -> tuple[str, str]:
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


def _rnn(graph: Graph, gates: str, recurrent: str, layer: int, units: int) -> tuple[str, str]:
    """One vanilla cell."""
    return graph.node("Tanh", [graph.node("Add", [gates, recurrent], f"total{layer}")], f"hidden{layer}"), ""


_CELLS = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
