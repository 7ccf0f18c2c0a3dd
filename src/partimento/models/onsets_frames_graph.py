"""The ear of `onsets_frames` as an ONNX graph: any number of spectra, fp32. Batch normalisation is folded into the convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.ear_heads import HEADS, KEYS
from partimento.models.onnx_graph import Graph, Weights, model_bytes, scale_and_shift

REACH = 62
"""Spectra to either side that an answer is given: two seconds. The memory would use all there are."""

_DIRECTIONS = ("", "_reverse")


def onsets_frames_graph(weights: Weights, config: Mapping[str, Any]) -> bytes:
    """Return the ONNX graph.

    Input ``spectra`` (1, time, 1, bins); output ``heads`` (1, heads, time, keys), chances of onset, frame and offset and the
    velocity over 128.

    Args:
        weights: Named as `onsets_frames.OnsetsFrames.state_dict` names them, float32.
        config: Settings of `onsets_frames.OnsetsFramesConfig`.
    """
    floats = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    graph = Graph()
    heard = graph.node("Transpose", ["spectra"], "heard", perm=[0, 2, 1, 3])
    said = {name: _acoustic(graph, floats, heard, name, config) for name in HEADS}
    logits = {
        "velocity": _linear(graph, floats, said["velocity"], "heads.velocity"),
        "activation": _linear(graph, floats, said["frame"], "heads.activation"),
    }
    for name in ("onset", "offset"):
        logits[name] = _linear(graph, floats, _memory(graph, floats, said[name], f"memory.{name}", config["memory"]), f"heads.{name}")
    chances = [graph.node("Sigmoid", [logits[name]], f"{name}.chance") for name in ("onset", "activation", "offset")]
    together = graph.node("Concat", chances, "together.in", axis=2)
    logits["frame"] = _linear(graph, floats, _memory(graph, floats, together, "together", config["memory"]), "heads.frame")
    shape = graph.constant("heads.shape", np.array([1, 1, -1, KEYS], np.int64))
    parts = [graph.node("Reshape", [logits[name], shape], f"{name}.part") for name in HEADS]
    graph.node("Sigmoid", [graph.node("Concat", parts, "heads.logits", axis=1)], "heads")
    inputs = [helper.make_tensor_value_info("spectra", TensorProto.FLOAT, [1, "time", 1, config["bins"]])]
    outputs = [helper.make_tensor_value_info("heads", TensorProto.FLOAT, [1, len(HEADS), "time", KEYS])]
    return model_bytes(graph, inputs, outputs, {"spectrum": "mel", "reach": str(REACH), "together": "1"})


def _acoustic(graph: Graph, weights: Weights, heard: str, stack: str, config: Mapping[str, Any]) -> str:
    """A stack's convolutions and its fully connected layer, shape (1, time, wide); see `onsets_frames.Acoustic`."""
    hidden = heard
    for number in range(3):
        name = f"acoustic.{stack}.convolutions.{number}"
        factor, offset = scale_and_shift(weights, f"acoustic.{stack}.norms.{number}")
        kernel, bias = (np.asarray(weights[f"{name}.{part}"], np.float32) for part in ("weight", "bias"))
        inputs = [
            hidden,
            graph.constant(f"{name}.weight", kernel * factor[:, None, None, None]),
            graph.constant(f"{name}.bias", bias * factor + offset),
        ]
        hidden = graph.node("Relu", [graph.node("Conv", inputs, f"{name}.out", pads=[1] * 4)], f"{name}.relu")
        if number:
            hidden = graph.node("MaxPool", [hidden], f"{name}.pooled", kernel_shape=[1, 2], strides=[1, 2])
    turned = graph.node("Transpose", [hidden], f"{stack}.turned", perm=[0, 2, 1, 3])
    width = weights[f"acoustic.{stack}.wide.weight"].shape[1]
    flat = graph.node("Reshape", [turned, graph.constant("flat.shape", np.array([1, -1, width], np.int64))], f"{stack}.flat")
    return graph.node("Relu", [_linear(graph, weights, flat, f"acoustic.{stack}.wide")], f"{stack}.said")


def _memory(graph: Graph, weights: Weights, value: str, name: str, units: int) -> str:
    """An LSTM in both directions, shape (1, time, 2 * units)."""

    def stacked(part: str) -> NDArray[np.float32]:
        """Both directions' weights; gates as ONNX has them (input, output, forget, cell), not as torch (input, forget, cell, output)."""
        found = [np.asarray(weights[f"{name}.{part}_l0{direction}"], np.float32) for direction in _DIRECTIONS]
        return np.stack([np.concatenate([np.split(each, 4)[gate] for gate in (0, 3, 1, 2)]) for each in found])

    along = graph.node("Transpose", [value], f"{name}.along", perm=[1, 0, 2])
    biases = np.concatenate([stacked("bias_ih"), stacked("bias_hh")], axis=1)
    inputs = [
        along,
        graph.constant(f"{name}.input", stacked("weight_ih")),
        graph.constant(f"{name}.recurrent", stacked("weight_hh")),
        graph.constant(f"{name}.bias", biases),
    ]
    said = graph.node("LSTM", inputs, f"{name}.lstm", hidden_size=units, direction="bidirectional")  # (time, directions, 1, units)
    turned = graph.node("Transpose", [said], f"{name}.directions", perm=[2, 0, 1, 3])
    return graph.node("Reshape", [turned, graph.constant(f"{name}.shape", np.array([1, -1, 2 * units], np.int64))], f"{name}.out")


def _linear(graph: Graph, weights: Weights, value: str, name: str) -> str:
    """A layer over all channels."""
    kernel = graph.constant(f"{name}.weight", np.asarray(weights[f"{name}.weight"]).T)
    bias = graph.constant(f"{name}.bias", np.asarray(weights[f"{name}.bias"]))
    return graph.node("Add", [graph.node("MatMul", [value, kernel], f"{name}.product"), bias], f"{name}.out")
