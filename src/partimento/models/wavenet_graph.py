"""The WaveNet of `wavenet` as two ONNX graphs, fp32: what its layers are told of the keys, and one sample of many stretches at once.

What a layer heard `dilation` samples ago comes in, and what it hears now goes out: who plays keeps it until then, so that no sample is
made twice (Le Paine et al. 2016, Fast WaveNet). The sums for the output are one product over all layers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.onnx_graph import Graph, Weights, model_bytes, value
from partimento.models.wavenet_shape import CONTEXT, LEAST_LOG_SCALE, LOUD, MIXTURES, MU_LAW, ROLL, STEP, choices_of, dilations_of

Floats = Mapping[str, NDArray[np.float32]]


def wavenet_graphs(weights: Weights, config: Mapping[str, Any]) -> dict[str, bytes]:
    """Return both graphs by the names of their files.

    `CONTEXT` takes ``roll`` (1, frames, ROLL) and gives ``told`` (1, frames, layers * 2 * residual). `STEP` takes ``sample`` (batch, 1),
    ``told`` (batch, layers * 2 * residual), ``past.N`` (batch, residual) of every layer, and chance: ``choice`` (batch, choices),
    Gumbel's, and of a mixture ``noise`` (batch, 1), the logistic's. It gives ``next`` (batch, 1) and ``now.N``, what layer N will want as
    its past.

    Args:
        weights: Named as `wavenet.WaveNet.state_dict` names them, float32.
        config: Settings of `wavenet.WaveNetConfig`.
    """
    floats = _in_amplitudes({name: np.asarray(array, np.float32) for name, array in weights.items()}, config["output"])
    return {CONTEXT: _context(floats, config), STEP: _step(floats, config)}


def _in_amplitudes(weights: Floats, output: str) -> Floats:
    """The same network, which hears samples as they are, and says them so."""
    kernel, bias = weights["output.weight"].copy(), weights["output.bias"].copy()
    if output == "logistics":
        kernel[MIXTURES : 2 * MIXTURES] /= LOUD
        bias[MIXTURES : 2 * MIXTURES] /= LOUD
        bias[2 * MIXTURES :] -= math.log(LOUD)
    return {**weights, "entry.weight": weights["entry.weight"] * np.float32(LOUD), "output.weight": kernel, "output.bias": bias}


def _context(weights: Floats, config: Mapping[str, Any]) -> bytes:
    """The context stack; each layer's own bias is added to what it is told."""
    graph = Graph()
    hidden = _conv(graph, weights, graph.node("Transpose", ["roll"], "turned", perm=[0, 2, 1]), "context_entry", 1)
    for number, dilation in enumerate(dilations_of(config["context_stacks"], config["context_layers"])):
        name = f"context.{number}"
        both = _conv(graph, weights, hidden, f"{name}.gated", dilation)
        said = _gated(graph, both, name, config["context"], axis=1)
        hidden = graph.node("Add", [hidden, _conv(graph, weights, said, f"{name}.point", 0)], f"{name}.all")
    told = graph.node("Transpose", [_conv(graph, weights, hidden, "told", 0)], "told.turned", perm=[0, 2, 1])
    count = len(dilations_of(config["stacks"], config["layers"]))
    biases = np.concatenate([weights[f"layers.{number}.gated.bias"] for number in range(count)])
    graph.node("Add", [told, graph.constant("biases", biases)], "told")
    inputs = [helper.make_tensor_value_info("roll", TensorProto.FLOAT, [1, "frames", ROLL])]
    outputs = [helper.make_tensor_value_info("told", TensorProto.FLOAT, [1, "frames", len(biases)])]
    return model_bytes(graph, inputs, outputs, {})


def _step(weights: Floats, config: Mapping[str, Any]) -> bytes:
    """One sample."""
    graph, residual, output = Graph(), config["residual"], config["output"]
    dilations = dilations_of(config["stacks"], config["layers"])
    told = graph.split("told", [f"told.{number}" for number in range(len(dilations))], 2 * residual)
    sketched = bool(config.get("sketched"))
    heard = graph.node("Concat", ["sample", "sketch"], "heard", axis=1) if sketched else "sample"
    hidden = _linear(graph, weights, heard, "entry")
    said = []
    for number in range(len(dilations)):
        name = f"layers.{number}"
        graph.node("Identity", [hidden], f"now.{number}")
        pair = graph.node("Concat", [f"past.{number}", hidden], f"{name}.pair", axis=1)
        product = graph.node("MatMul", [pair, graph.constant(f"{name}.gated", weights[f"{name}.gated.weight"].T)], f"{name}.product")
        said.append(_gated(graph, graph.node("Add", [product, told[number]], f"{name}.both"), name, residual, axis=1))
        if number < len(dilations) - 1:
            kernel, bias = (weights[f"{name}.out.{part}"][:residual] for part in ("weight", "bias"))
            inputs = [said[-1], graph.constant(f"{name}.out", kernel.T), graph.constant(f"{name}.bias", bias)]
            hidden = graph.node("Add", [hidden, graph.node("Gemm", inputs, f"{name}.added")], f"{name}.next")
    skips = [[weights[f"layers.{number}.out.{part}"][residual:] for number in range(len(dilations))] for part in ("weight", "bias")]
    inputs = [
        graph.node("Concat", said, "said", axis=1),
        graph.constant("skips", np.concatenate(skips[0], axis=1).T),
        graph.constant("skips.bias", np.sum(skips[1], axis=0)),
    ]
    skipped = graph.node("Relu", [graph.node("Gemm", inputs, "skipped")], "skipped.relu")
    wide = graph.node("Relu", [_linear(graph, weights, skipped, "wide")], "wide.relu")
    _chosen(graph, _linear(graph, weights, wide, "output"), weights.get("linear"))
    states = [value(f"past.{number}", TensorProto.FLOAT, residual) for number in range(len(dilations))]
    chance = [value("choice", TensorProto.FLOAT, choices_of(output))]
    chance += [value("noise", TensorProto.FLOAT, 1)] if output == "logistics" else []
    chance += [value("sketch", TensorProto.FLOAT, 1)] if sketched else []
    recent = len(weights["linear"]) if "linear" in weights else 0
    chance += [value("recent", TensorProto.FLOAT, recent)] if recent else []
    takes = [value("sample", TensorProto.FLOAT, 1), value("told", TensorProto.FLOAT, 2 * residual * len(dilations)), *states, *chance]
    gives = [value("next", TensorProto.FLOAT, 1), *([value("recent.next", TensorProto.FLOAT, recent)] if recent else [])]
    gives += [value(f"now.{number}", TensorProto.FLOAT, residual) for number in range(len(dilations))]
    facts = {
        "dilations": ",".join(map(str, dilations)),
        "residual": str(residual),
        "output": output,
        "sketched": str(sketched),
        "recent": str(recent),
    }
    return model_bytes(graph, takes, gives, facts)


def _chosen(graph: Graph, said: str, linear: NDArray[np.float32] | None) -> None:
    """Draw the sample: the largest of logits and Gumbel's noise is a fair choice. Logistics lie around what `linear` makes of the last."""
    if linear is None:
        code = graph.node("ArgMax", [graph.node("Add", [said, "choice"], "tried")], "code", axis=1, keepdims=1)
        table = np.linspace(-1, 1, MU_LAW + 1)
        amplitudes = np.sign(table) * np.expm1(np.abs(table) * math.log1p(MU_LAW)) / MU_LAW
        graph.node("Gather", [graph.constant("amplitudes", amplitudes.astype(np.float32)), code], "next", axis=0)
        return
    weights, middles, scales = graph.split(said, ["weights", "middles", "scales"], choices_of("logistics"))
    which = graph.node("ArgMax", [graph.node("Add", [weights, "choice"], "tried")], "which", axis=1, keepdims=1)
    middle, scale = (graph.node("GatherElements", [part, which], f"{part}.chosen", axis=1) for part in (middles, scales))
    least = graph.constant("least", np.array(LEAST_LOG_SCALE, np.float32))
    spread = graph.node("Exp", [graph.node("Max", [scale, least], "scale")], "spread")
    off = graph.node("Add", [middle, graph.node("Mul", [spread, "noise"], "scattered")], "off")
    guess = graph.node("MatMul", ["recent", graph.constant("linear", linear[:, None])], "guess")
    drawn = graph.node("Add", [guess, off], "drawn")
    graph.node("Clip", [drawn, *(graph.constant(name, np.array(end, np.float32)) for name, end in (("low", -1), ("high", 1)))], "next")
    inner = [graph.constant(name, np.array([place], np.int64)) for name, place in (("second", 1), ("behind", len(linear)), ("along", 1))]
    graph.node("Concat", [graph.node("Slice", ["recent", *inner], "recent.kept"), "next"], "recent.next", axis=1)


def _gated(graph: Graph, both: str, name: str, width: int, *, axis: int) -> str:
    """The first half's hyperbolic tangent, times the second's sigmoid."""
    sizes = graph.constant(f"halves.{width}", np.array([width, width], np.int64))
    graph.nodes.append(helper.make_node("Split", [both, sizes], [f"{name}.value", f"{name}.gate"], name=f"{name}.halves", axis=axis))
    parts = graph.node("Tanh", [f"{name}.value"], f"{name}.tanh"), graph.node("Sigmoid", [f"{name}.gate"], f"{name}.sigmoid")
    return graph.node("Mul", list(parts), f"{name}.said")


def _conv(graph: Graph, weights: Floats, hidden: str, name: str, side: int) -> str:
    """A convolution over frames, with so many between its three taps, or none and one tap."""
    inputs = [hidden, *(graph.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))]
    return graph.node("Conv", inputs, f"{name}.out", pads=[side, side], dilations=[max(side, 1)])


def _linear(graph: Graph, weights: Floats, hidden: str, name: str) -> str:
    """A layer over all channels."""
    inputs = [
        hidden,
        graph.constant(f"{name}.weight", weights[f"{name}.weight"].T),
        graph.constant(f"{name}.bias", weights[f"{name}.bias"]),
    ]
    return graph.node("Gemm", inputs, f"{name}.out")
