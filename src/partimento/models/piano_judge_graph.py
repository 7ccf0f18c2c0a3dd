"""The judge of `piano_judge` as an ONNX graph: any number of stretches of any length, fp32.

Batch normalisation is folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.onnx_graph import Graph, Layer, Weights, model_bytes, value
from partimento.models.piano_judge_shape import LAYERS, SPECTRUM, pads_of


def piano_judge_graph(weights: Weights, config: Mapping[str, Any], *, epsilon: float) -> bytes:
    """Return the ONNX graph.

    Input ``spectra`` (batch, time, windows, bins); output ``logit`` (batch,), that each is a piano.

    Args:
        weights: Named as `piano_judge.PianoJudge.state_dict` names them, float32.
        config: Settings of `piano_judge.PianoJudgeConfig`.
        epsilon: What the normalisation adds to the variance.
    """
    floats = {name: np.asarray(weight, np.float32) for name, weight in weights.items()}
    graph = Graph()
    hidden = graph.node("Transpose", ["spectra"], "heard", perm=[0, 2, 1, 3])
    for number, (_, kernel, strides) in enumerate(LAYERS):
        name = f"convolutions.{number}"
        parts = zip(("weight", "bias"), _folded(floats, number, epsilon), strict=True)
        inputs = [hidden, *(graph.constant(f"{name}.{part}", array) for part, array in parts)]
        said = graph.node("Conv", inputs, f"{name}.out", strides=list(strides), pads=[*pads_of(kernel)] * 2)
        hidden = graph.node("Relu", [said], f"{name}.relu")
    mean = graph.node("ReduceMean", [hidden], "whole.mean", axes=[2, 3], keepdims=0)
    along = graph.node("ReduceMean", [hidden], "whole.along", axes=[2], keepdims=0)
    most = graph.node("ReduceMax", [along], "whole.most", axes=[2], keepdims=0)
    whole = graph.node("Concat", [mean, most], "whole", axis=1)
    layer = [graph.constant("out.weight", floats["out.weight"].T), graph.constant("out.bias", floats["out.bias"])]
    column = graph.node("Gemm", [whole, *layer], "out")
    graph.node("Squeeze", [column, graph.constant("axis1", np.array([1], np.int64))], "logit")
    spectra = helper.make_tensor_value_info("spectra", TensorProto.FLOAT, ["batch", "time", config["windows"], config["bins"]])
    return model_bytes(graph, [spectra], [value("logit", TensorProto.FLOAT)], {"spectrum": SPECTRUM})


def _folded(floats: Mapping[str, NDArray[np.float32]], number: int, epsilon: float) -> Layer:
    """A convolution's kernel and bias with the normalisation behind it in them."""
    norm, name = f"norms.{number}", f"convolutions.{number}"
    factor = floats[f"{norm}.weight"] / np.sqrt(floats[f"{norm}.variance"] + np.float32(epsilon))
    offset = floats[f"{norm}.bias"] - floats[f"{norm}.mean"] * factor
    return floats[f"{name}.weight"] * factor[:, None, None, None], floats[f"{name}.bias"] * factor + offset
