"""What a modal piano says of its notes, as an ONNX graph."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.ear_heads import KEYS
from partimento.models.modal_piano_shape import (
    BODY,
    FASTEST,
    HIGHEST_HZ,
    LEAST_LOG_AMPLITUDE,
    MOST_CENTS,
    MOST_LOG_AMPLITUDE,
    OUTPUTS,
    PARTIALS,
    QUICKEST_RISE,
    SLOWEST,
    SLOWEST_RISE,
    SOFTEST,
    body_hz,
)
from partimento.models.onnx_graph import Graph, model_bytes


def modal_piano_graph(weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the graph: ``key`` (notes,) from 0 and ``velocity`` (notes, 1), 0 to 1, give `OUTPUTS`, as `ModalPiano.modes` does.

    Args:
        weights: Named as `modal_piano.ModalPiano.state_dict` names them, float32.
    """
    graph = Graph()

    def number(name: str, value: float) -> str:
        return graph.constant(name, np.array(value, np.float32))

    def layer(value: str, name: str) -> str:
        parts = (weights[f"{name}.weight"].T, weights[f"{name}.bias"])
        return graph.node("Gemm", [value, *(graph.constant(f"{name}.{at}", part) for at, part in enumerate(parts))], f"{name}.out")

    def curved(value: str) -> str:
        return graph.node("Mul", [value, graph.node("Sigmoid", [value], f"{value}.gate")], f"{value}.curved")

    known = graph.node("Gather", [graph.constant("known", weights["known.weight"]), "key"], "known.key", axis=0)
    soft = graph.node("Log", [graph.node("Add", ["velocity", number("softest", SOFTEST)], "velocity.moved")], "velocity.log")
    told = graph.node("Concat", [known, "velocity", soft], "told", axis=1)
    hidden = curved(layer(curved(layer(told, "first")), "second"))
    ends = [number("slowest", math.log(SLOWEST)), number("fastest", math.log(FASTEST))]
    graph.node("Exp", [graph.node("Clip", [layer(hidden, "decay"), *ends], "decay.log")], "decay")
    strings = graph.node("Gather", [graph.constant("strings", weights["strings"]), "key"], "strings.key", axis=0)
    apart = graph.node("Tanh", [layer(hidden, "apart")], "apart.share")
    octaves = graph.node("Mul", [apart, number("octaves", MOST_CENTS / 1200 * math.log(2))], "apart.log")
    second = graph.node("Mul", [strings, graph.node("Exp", [octaves], "apart.ratio")], "strings.second")
    body = graph.node("Gather", [graph.constant("body", np.tile(body_hz().astype(np.float32), (KEYS, 1))), "key"], "body.key", axis=0)
    hertz = graph.node("Concat", [strings, second, body], "hertz", axis=1)
    ends = [number("least", LEAST_LOG_AMPLITUDE), number("most", MOST_LOG_AMPLITUDE)]
    loud = graph.node("Exp", [graph.node("Clip", [layer(hidden, "amplitude"), *ends], "amplitude.log")], "amplitude.all")
    low = graph.node("Cast", [graph.node("Less", [hertz, number("highest", HIGHEST_HZ)], "low")], "low.share", to=TensorProto.FLOAT)
    graph.node("Mul", [loud, low], "amplitude")
    share = graph.node("Sigmoid", [graph.node("Add", [layer(hidden, "rise"), number("later", -2.0)], "rise.moved")], "rise.share")
    longer = graph.node("Mul", [share, number("range", SLOWEST_RISE - QUICKEST_RISE)], "rise.longer")
    graph.node("Add", [longer, number("quickest", QUICKEST_RISE)], "rise")
    inputs = [
        helper.make_tensor_value_info("key", TensorProto.INT64, ["notes"]),
        helper.make_tensor_value_info("velocity", TensorProto.FLOAT, ["notes", 1]),
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["notes", width]) for name, width in OUTPUTS.items()]
    return model_bytes(graph, inputs, outputs, {"modes": f"{PARTIALS},{BODY}"})
