"""The network of `play_bach` as an ONNX graph that takes one step: tables folded in, int8 products.

The LSTMs and the attention move, in an ``If``, where an event of some piece of a batch has become whole with this id, and what
they say is kept for those pieces alone; so pieces at different places of their events may share a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.onnx_graph import Graph, Weights, model_bytes, value

_NEVER = -1e9
_Arrays = Mapping[str, NDArray[np.float32]]


def step_graph(weights: Weights, *, vocabulary: int, groups: Sequence[Sequence[int]], epsilon: float) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,), ``state.cells`` (batch, 2 * layers * units), ``state.window`` (batch, window * units),
    ``state.there`` (batch, window), ``state.read`` (batch, units) and ``state.event`` (batch, groups), the ids of an event
    that is not whole yet. Outputs ``logits`` (batch, vocabulary) and ``next.*`` as ``state.*``.

    Args:
        weights: Named as `play_bach.PlayBach.state_dict` names them, float32.
        vocabulary: Number of ids.
        groups: As in `play_bach.PlayBachConfig`.
        epsilon: What the normalisation adds to the variance.
    """
    floats = _folded({name: np.asarray(weight, np.float32) for name, weight in weights.items()}, epsilon)
    layers = sum(name.endswith("weight_hh_l0") for name in floats)
    units, window = floats["query.weight"].shape[0], floats["distance"].shape[0]
    graph = Graph()
    places = _event(graph, vocabulary, groups)
    widths = {"cells": 2 * layers * units, "window": window * units, "there": window}
    _if_whole(graph, _move(graph, floats, places), widths)
    _logits(graph, floats, vocabulary, groups, places)
    floating = {**widths, "read": units}
    kinds = {**{name: (TensorProto.FLOAT, width) for name, width in floating.items()}, "event": (TensorProto.INT64, len(groups))}
    inputs = [value("ids", TensorProto.INT64), *(value(f"state.{name}", *kind) for name, kind in kinds.items())]
    outputs = [value("logits", TensorProto.FLOAT, vocabulary), *(value(f"next.{name}", *kind) for name, kind in kinds.items())]
    return model_bytes(graph, inputs, outputs, {"past_filler": str(vocabulary)})


def _move(graph: Graph, floats: _Arrays, places: Sequence[str]) -> Graph:
    """What happens when an event is whole, as a graph inside `graph`: ``run.cells``, ``run.window``, ``run.there`` and ``run.read``."""
    layers = sum(name.endswith("weight_hh_l0") for name in floats)
    units = floats["query.weight"].shape[0]
    run = Graph(constants=graph.constants)
    run.split("state.cells", [f"{kind}{layer}" for kind in "hc" for layer in range(layers)], units)
    gates = _first_gates(run, floats, places)
    hidden, memory, below = [], [], ""
    for layer in range(layers):
        cell = f"cells.{layer}."
        if layer:
            gates = run.product(below, floats[f"{cell}weight_ih_l0"].T, floats[f"{cell}bias_ih_l0"], f"in{layer}")
        around = run.quantise(f"h{layer}")
        recurrent = run.product(around, floats[f"{cell}weight_hh_l0"].T, floats[f"{cell}bias_hh_l0"], f"re{layer}")
        moved, kept = run.lstm(run.node("Add", [gates, recurrent], f"total{layer}"), f"c{layer}", f"cell{layer}", units)
        hidden.append(moved)
        memory.append(kept)
        below = run.quantise(moved)
    read = _attention(run, floats, hidden[-1], below)
    run.node("Concat", [*hidden, *memory], "new.cells", axis=1)
    for name, new in (("cells", "new.cells"), ("window", "new.window"), ("there", "new.there"), ("read", read)):
        run.node("Where", ["whole", new, f"state.{name}"], f"run.{name}")
    return run


def _if_whole(graph: Graph, run: Graph, widths: Mapping[str, int]) -> None:
    """Move where an event of some piece is whole; elsewhere the states stay, which no rows say (see `onnx_session`)."""
    stay = Graph(constants=graph.constants)
    for name, width in widths.items():
        stay.node("Identity", [graph.constant(f"no_{name}", np.zeros((0, width), np.float32))], f"stay.{name}")
    stay.node("Identity", ["state.read"], "stay.read")
    counted = graph.node("Cast", ["whole"], "whole.counted", to=TensorProto.INT64)
    some = graph.node("Cast", [graph.node("ReduceSum", [counted], "whole.sum", keepdims=0)], "some.whole", to=TensorProto.BOOL)
    names = (*widths, "read")
    branches = {
        kind: helper.make_graph(
            branch.nodes, kind, [], [helper.make_tensor_value_info(f"{prefix}.{name}", TensorProto.FLOAT, None) for name in names]
        )
        for kind, branch, prefix in (("then_branch", run, "run"), ("else_branch", stay, "stay"))
    }
    graph.nodes.append(helper.make_node("If", [some], [f"next.{name}" for name in names], name="if_whole", **branches))


def _event(graph: Graph, vocabulary: int, groups: Sequence[Sequence[int]]) -> list[str]:
    """The event with this id in it, whether it is whole (``whole``, (batch, 1)) and each group's place in its table."""
    turn_of = np.full((vocabulary + 1, 1), len(groups) - 1, np.int64)  # what stands in no group ends an event
    own = np.zeros((vocabulary + 1, len(groups)), bool)
    place = np.empty((len(groups), vocabulary + 1), np.int64)
    for turn, (first, size) in enumerate(groups):
        turn_of[first : first + size] = turn
        own[first : first + size, turn] = True
        place[turn] = size
        place[turn, first : first + size] = np.arange(size)
    graph.node("Gather", [graph.constant("turn_of", turn_of), "ids"], "turn")
    graph.node("Equal", ["turn", graph.constant("last_turn", np.array(len(groups) - 1, np.int64))], "whole")
    column = graph.node("Unsqueeze", ["ids", graph.constant("axis1", np.array([1], np.int64))], "ids.column")
    mine = graph.node("Gather", [graph.constant("own", own), "ids"], "mine")
    graph.node("Where", [mine, column, "state.event"], "event")
    graph.node("Where", ["whole", graph.constant("none", np.array(vocabulary, np.int64)), "event"], "next.event")
    found = []
    for turn, table in enumerate(place):
        number = graph.node("Gather", ["event", graph.constant(f"turn{turn}", np.array(turn, np.int64))], f"event{turn}", axis=1)
        found.append(graph.node("Gather", [graph.constant(f"place{turn}", table), number], f"place.{turn}"))
    return found


def _folded(floats: _Arrays, epsilon: float) -> dict[str, NDArray[np.float32]]:
    """The weights with the normalisations in those that follow them, so that the graph knows only what the LSTMs say.

    The weights of attention sum to 1, so that the window may be kept as it was said, and what the normalisation adds to
    every state alike moves no weight.
    """
    folded: dict[str, NDArray[Any]] = dict(floats)
    layers = sum(name.endswith("weight_hh_l0") for name in floats)
    factor = offset = np.zeros(0, np.float32)
    for layer in range(layers):
        if layer:
            weight = floats[f"cells.{layer}.weight_ih_l0"]
            folded[f"cells.{layer}.weight_ih_l0"] = weight * factor
            folded[f"cells.{layer}.bias_ih_l0"] = floats[f"cells.{layer}.bias_ih_l0"] + weight @ offset
        factor = floats[f"norms.{layer}.weight"] / np.sqrt(floats[f"norms.{layer}.variance"] + np.float32(epsilon))
        offset = floats[f"norms.{layer}.bias"] - floats[f"norms.{layer}.mean"] * factor
    query = floats["query.weight"] * factor[:, None] / np.float32(factor.size**0.5)
    folded |= {"query.weight": query * factor, "query.bias": query @ offset}
    around, own = np.split(floats["read.weight"], 2, axis=1)
    folded["read.weight"] = np.concatenate([around * factor, own * factor], axis=1)
    folded["read.bias"] = floats["read.bias"] + (around + own) @ offset
    return {name: np.asarray(weight, np.float32) for name, weight in folded.items()}


def _first_gates(graph: Graph, floats: _Arrays, places: Sequence[str]) -> str:
    """What the ids of the event bring to the first layer's gates."""
    gates = graph.constant("in.bias", floats["cells.0.bias_ih_l0"][None])
    for turn, part in enumerate(np.split(floats["cells.0.weight_ih_l0"].T, len(places))):
        rows = graph.rows(floats[f"embed.{turn}.weight"] @ part, places[turn], f"in.{turn}")
        gates = graph.node("Add", [gates, rows], f"gates{turn}")
    return gates


def _attention(graph: Graph, floats: _Arrays, hidden: str, quantised: str) -> str:
    """Let the newest state look at the window it has been put into; return what the heads read."""
    units, window = floats["query.weight"].shape[0], floats["distance"].shape[0]
    axis1, far = graph.constant("axis1", np.array([1], np.int64)), graph.constant("far", np.array([2**31], np.int64))
    graph.node("Concat", ["state.window", hidden], "longer", axis=1)
    graph.node("Slice", ["longer", graph.constant("oldest", np.array([units], np.int64)), far, axis1], "new.window")
    one = graph.constant("one", np.ones((1, 1), np.float32))
    graph.node("Concat", ["state.there", graph.node("Where", ["whole", one, one], "ones")], "longer.there", axis=1)  # ones: (batch, 1)
    graph.node("Slice", ["longer.there", axis1, far, axis1], "new.there")
    states = graph.node("Reshape", ["new.window", graph.constant("rows", np.array([-1, window, units], np.int64))], "window.rows")
    question = graph.product(quantised, floats["query.weight"].T, floats["query.bias"], "query")
    question = graph.node("Unsqueeze", [question, axis1], "query.row")
    alike = graph.node("Mul", [states, question], "alike")
    axis2 = graph.constant("axis2", np.array([2], np.int64))
    score = graph.node("ReduceSum", [alike, axis2], "score", keepdims=0)
    score = graph.node("Add", [score, graph.constant("distance", floats["distance"][None])], "score.placed")
    there = graph.node("Greater", ["new.there", graph.constant("zero", np.array(0, np.float32))], "is.there")
    score = graph.node("Where", [there, score, graph.constant("never", np.array(_NEVER, np.float32))], "score.there")
    weight = graph.node("Unsqueeze", [graph.node("Softmax", [score], "weight", axis=1), axis2], "weight.column")
    context = graph.node("ReduceSum", [graph.node("Mul", [states, weight], "weighted"), axis1], "context", keepdims=0)
    around, own = np.split(floats["read.weight"].T, 2)
    seen = graph.product(graph.quantise(context), around, floats["read.bias"], "seen")
    return graph.node("Add", [seen, graph.product(quantised, own, None, "own.state")], "new.read")


def _logits(graph: Graph, floats: _Arrays, vocabulary: int, groups: Sequence[Sequence[int]], places: list[str]) -> None:
    """The logits of every group, those of the groups that are not due put out of reach."""
    never = graph.constant("never", np.array(_NEVER, np.float32))
    whole = graph.node("Cast", ["whole"], "whole.int", to=TensorProto.INT64)
    after = graph.node("Add", ["turn", graph.constant("axis1", np.array([1], np.int64))], "turn.after")
    lap = graph.node("Mul", [whole, graph.constant("turns", np.array(len(groups), np.int64))], "lap")
    graph.node("Sub", [after, lap], "due")
    parts: dict[int, tuple[str, int]] = {}
    for turn, (first, size) in enumerate(groups):
        inside = "next.read"
        for other in range(turn):
            table = floats.get(f"lagged.{turn}-{other}.weight")
            if table is not None:
                inside = graph.node("Add", [inside, graph.rows(table, places[other], f"knows{turn}.{other}")], f"inside{turn}.{other}")
        bounded = graph.quantise(graph.node("Tanh", [inside], f"inside{turn}.t"))
        found = graph.product(bounded, floats[f"heads.{turn}.weight"].T, floats[f"heads.{turn}.bias"], f"head{turn}")
        due = graph.node("Equal", ["due", graph.constant(f"turn{turn}.row", np.array(turn, np.int64))], f"is.due{turn}")
        parts[first] = (graph.node("Where", [due, found, never], f"logits{turn}"), size)
    names, at = [], 0
    for first, (name, size) in sorted(parts.items()):
        names += [_gap(graph, at, first)] if first > at else []
        names.append(name)
        at = first + size
    names += [_gap(graph, at, vocabulary)] if vocabulary > at else []
    graph.node("Concat", names, "logits", axis=1)


def _gap(graph: Graph, first: int, end: int) -> str:
    """Logits of ids that stand in no group, a row a piece."""
    row = graph.constant(f"gap{first}.row", np.full((1, end - first), _NEVER, np.float32))
    return graph.node("Where", ["whole", row, row], f"gap{first}")
