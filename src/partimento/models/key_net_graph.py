"""The ear of `key_net` as an ONNX graph: any number of spectra, in fp32 or in bytes.

Batch normalisation is folded into the convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.models.key_net_shape import BINS_PER_KEY, PARTIALS, PEDAL_SPAN, TOGETHER, pads_of, reach_of
from partimento.models.onnx_graph import Graph, Range, Weights, model_bytes, scale_and_shift

Limits = Mapping[str, Range]
"""What goes through: ``spectra``, ``stem``, ``out`` of the last block, ``normal``, ``wide``; of each block ``blocks.0.in``, ``.said``,
``.narrow``, ``.others``, ``.own`` and ``.added``, which is all that comes to what it heard."""


def key_net_graph(weights: Weights, config: Mapping[str, Any], limits: Limits | None = None) -> bytes:
    """Return the ONNX graph.

    Input ``spectra`` (1, time, windows, bins), time a multiple of `TOGETHER`; outputs ``heads`` (1, heads, time, keys), chances of onset,
    frame and offset, the velocity over 128 and perhaps the chance of held, and ``pedal.chance`` (1, time), that it is down.

    Args:
        weights: Named as `key_net.KeyNet.state_dict` names them, float32.
        config: Settings of `key_net.KeyNetConfig`.
        limits: What goes through the blocks, so that they may count in bytes; see `key_net_scales`.
    """
    floats = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    graph = Graph()
    hidden = _stem(graph, floats, config, limits)
    ahead = config.get("ahead")
    for number, dilation in enumerate(config["dilations"]):
        before, behind = pads_of(2 * dilation, centred=ahead is None or number < ahead)
        along = {"dilations": [dilation, 1], "pads": [before, 0, behind, 0]}
        hidden = _block(graph, floats, hidden, number, along, limits)
    factor, offset = scale_and_shift(floats, "norm")
    scaled = graph.node("Mul", [hidden, graph.constant("norm.factor", factor[:, None, None])], "norm.scaled")
    normal = graph.node(
        "Relu", [graph.node("Add", [scaled, graph.constant("norm.offset", offset[:, None, None])], "norm.all")], "norm.relu"
    )
    wide = _wide(graph, floats, normal, limits)
    said = _conv(graph, wide, floats, "heads")  # (1, TOGETHER * heads, time / TOGETHER, keys)
    count = len(floats["heads.bias"]) // TOGETHER
    parts = graph.node("Reshape", [said, graph.constant("parts.shape", np.array([TOGETHER, count, -1, KEYS], np.int64))], "heads.parts")
    turns = graph.node("Transpose", [parts], "heads.turns", perm=[1, 2, 0, 3])
    logits = graph.node("Reshape", [turns, graph.constant("heads.shape", np.array([1, count, -1, KEYS], np.int64))], "heads.logits")
    graph.node("Sigmoid", [logits], "heads")
    mean = graph.node("ReduceMean", [wide], "whole.mean", axes=[3], keepdims=0)
    most = graph.node("ReduceMax", [wide], "whole.most", axes=[3], keepdims=0)
    whole = graph.node("Concat", [mean, most], "whole", axis=1)
    pads = list(pads_of(PEDAL_SPAN - 1, centred=ahead is None))
    pressed = graph.node("Relu", [_conv(graph, whole, floats, "pedal_wide", pads=pads)], "pedal_wide.relu")
    pedal = graph.node("Transpose", [_conv(graph, pressed, floats, "pedal", pads=pads)], "pedal.turns", perm=[0, 2, 1])
    flat = graph.node("Reshape", [pedal, graph.constant("pedal.shape", np.array([1, -1], np.int64))], "pedal.flat")
    graph.node("Sigmoid", [flat], "pedal.chance")
    inputs = [helper.make_tensor_value_info("spectra", TensorProto.FLOAT, [1, "time", config["windows"], config["bins"]])]
    outputs = [
        helper.make_tensor_value_info("heads", TensorProto.FLOAT, [1, count, "time", KEYS]),
        helper.make_tensor_value_info("pedal.chance", TensorProto.FLOAT, [1, "time"]),
    ]
    facts = {"spectrum": "thirds", "reach": str(reach_of(config["dilations"], ahead)), "together": str(TOGETHER)}
    return model_bytes(graph, inputs, outputs, facts)


def _stem(graph: Graph, weights: Weights, config: Mapping[str, Any], limits: Limits | None) -> str:
    """Every key's partials, and what is made of them first.

    The three bins of a key are channels, and partials are the keyboard moved by whole keys: slices of it, where `key_net` gathers bins.
    """
    first, keys, channels = config["lowest"], config["bins"] // BINS_PER_KEY, TOGETHER * config["windows"]
    kernels, before, behind = stem_kernels(weights, config)
    shape = graph.constant("keys.shape", np.array([1, -1, channels, keys, BINS_PER_KEY], np.int64))
    spectra = "spectra" if limits is None else graph.bytes_of("spectra", limits["spectra"])
    turned = graph.node("Transpose", [graph.node("Reshape", [spectra, shape], "keys.bins")], "keys.channels", perm=[0, 2, 4, 1, 3])
    flat = graph.constant("keys.flat", np.array([1, channels * BINS_PER_KEY, -1, keys], np.int64))
    margins = graph.constant("keys.margins", np.array([0, 0, 0, before, 0, 0, 0, behind], np.int64))
    wide = graph.node("Pad", [graph.node("Reshape", [turned, flat], "keys.all"), margins], "keys.wide")
    parts = []
    axis = graph.constant("keys.axis", np.array([3], np.int64))
    for move in kernels:
        begin = before + FIRST_KEY + move - first
        ends = [graph.constant(f"keys.{place}", np.array([place], np.int64)) for place in (begin, begin + KEYS)]
        parts.append(graph.node("Slice", [wide, *ends, axis], f"heard.{move}"))
    heard = graph.node("Concat", parts, "heard", axis=1)
    stem, bias = np.concatenate(list(kernels.values()), axis=1)[:, :, None, None], np.asarray(weights["stem.bias"], np.float32)
    if limits is None:
        said = graph.node("Conv", [heard, graph.constant("stem.kernel", stem), graph.constant("stem.bias", bias)], "stem.out")
    else:
        bounds = limits["spectra"], limits["stem"]
        said = graph.floats_of(graph.byte_conv(heard, (stem, bias), "stem", bounds), limits["stem"])
    return graph.node("Add", [said, graph.constant("register", np.asarray(weights["register"]))], "stem.all")


def stem_kernels(weights: Weights, config: Mapping[str, Any]) -> tuple[dict[int, NDArray[np.float32]], int, int]:
    """Return the stem's weights by how many keys the keyboard is moved, and the keys it lacks below and above.

    The weights of a move have the shape (units, channels * `BINS_PER_KEY`), channels being windows of the spectra heard at once.
    """
    first, keys, channels = config["lowest"], config["bins"] // BINS_PER_KEY, TOGETHER * config["windows"]
    bins = np.array([partial + side + 1 for partial in PARTIALS for side in (-1, 0, 1)])  # from a key's first bin on
    moves, sides = bins // BINS_PER_KEY, bins % BINS_PER_KEY
    kernel = np.asarray(weights["stem.weight"]).reshape(config["units"], channels, len(bins))
    kernels = {}
    for move in np.unique(moves):
        part = np.zeros((config["units"], channels, BINS_PER_KEY), np.float32)
        for number in np.flatnonzero(moves == move):
            part[:, :, sides[number]] += kernel[:, :, number]
        kernels[int(move)] = part.reshape(config["units"], -1)
    before, behind = max(0, first - FIRST_KEY - int(moves.min())), max(0, FIRST_KEY + KEYS + int(moves.max()) - first - keys)
    return kernels, before, behind


def _wide(graph: Graph, weights: Weights, normal: str, limits: Limits | None) -> str:
    """The layer before the heads."""
    if limits is None:
        return graph.node("Relu", [_conv(graph, normal, weights, "wide")], "wide.relu")
    kernel, bias = (np.asarray(weights[f"wide.{part}"], np.float32) for part in ("weight", "bias"))
    said = graph.byte_conv(graph.bytes_of(normal, limits["normal"]), (kernel, bias), "wide", (limits["normal"], limits["wide"]))
    return graph.floats_of(said, limits["wide"])


def _block(graph: Graph, weights: Weights, hidden: str, number: int, along: dict[str, list[int]], limits: Limits | None) -> str:
    """One block; see `key_net.Block`."""
    name = f"blocks.{number}"
    factor, offset = scale_and_shift(weights, f"{name}.after")
    kernel, bias = (np.asarray(weights[f"{name}.time.{part}"], np.float32) for part in ("weight", "bias"))
    kernel, bias = kernel * factor[:, None, None, None], bias * factor + offset
    point, units = np.asarray(weights[f"{name}.point.weight"], np.float32), kernel.shape[0]
    narrowed = np.asarray(weights[f"{name}.narrow.weight"], np.float32), np.asarray(weights[f"{name}.narrow.bias"], np.float32)
    if limits is None:
        inputs = [hidden, graph.constant(f"{name}.time.weight", kernel), graph.constant(f"{name}.time.bias", bias)]
        said = graph.node("Relu", [graph.node("Conv", inputs, f"{name}.time", **along)], f"{name}.said")
        narrow = _conv(graph, said, weights, f"{name}.narrow")
        own = graph.node("Conv", [said, graph.constant(f"{name}.point.own", point[:, :units])], f"{name}.own")
    else:
        bounds = {part: limits[f"{name}.{part}"] for part in ("in", "said", "narrow", "own")}
        said = graph.byte_conv(
            graph.bytes_of(hidden, bounds["in"]), (kernel, bias), f"{name}.said", (bounds["in"], bounds["said"]), **along
        )
        parts = {"narrow": narrowed, "own": (point[:, :units], np.zeros(units, np.float32))}
        narrow, own = (
            graph.floats_of(graph.byte_conv(said, parts[part], f"{name}.{part}", (bounds["said"], bounds[part])), bounds[part])
            for part in ("narrow", "own")
        )
    keys = np.arange(KEYS)
    between = np.asarray(weights[f"{name}.intervals"])[:, keys - keys[:, None] + KEYS - 1]  # (narrow, keys, keys)
    others = graph.node("MatMul", [narrow, graph.constant(f"{name}.between", between[None])], f"{name}.others")
    # two products in place of one over all channels: what is said would have to be laid out anew for it
    inputs = [
        others,
        graph.constant(f"{name}.point.others", point[:, units:]),
        graph.constant(f"{name}.point.bias", weights[f"{name}.point.bias"]),
    ]
    with_own = graph.node("Add", [own, hidden], f"{name}.with_own")
    return graph.node("Add", [graph.node("Conv", inputs, f"{name}.from_others"), with_own], f"{name}.all")


def _conv(graph: Graph, value: str, weights: Weights, name: str, *, pads: list[int] | None = None, output: str = "") -> str:
    """A convolution named as its weights are."""
    inputs = [value, *(graph.constant(f"{name}.{part}", np.asarray(weights[f"{name}.{part}"])) for part in ("weight", "bias"))]
    return graph.node("Conv", inputs, output or f"{name}.out", **({"pads": pads} if pads else {}))
