"""The Coconet as one ONNX graph of two halves: what stands in cells, and what follows a step. fp32, any number of steps.

Each half has inputs of its own; the one that is not asked gets no rows, and costs nothing. Convolutions in whole numbers were
tried and took five times as long (see docs/log.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models import coconet_inputs as inputs
from partimento.models.coconet_cells import FIRST_KEY, IMPOSSIBLE, REST, Layout
from partimento.models.onnx_graph import Graph, Weights, model_bytes


def cells_graph(weights: Weights, config: Mapping[str, Any]) -> bytes:
    """Return the ONNX graph.

    Inputs of whole numbers, as `coconet.Seen` describes them: ``cells`` (batch, voices, steps), ``places`` and ``metres``
    (batch, steps), ``signatures`` (batch,); and of one step and that before it ``now.cells`` (rows, voices, 2), ``now.places``
    (rows, MARGIN + 1), ``now.metres``, ``now.signatures`` (rows,). Outputs ``keys`` (batch, voices, steps, keys + 1), ``again``
    (batch, voices, steps, keys), ``follows`` (rows, outcomes), and the tables of an opening, ``opening.metre``,
    ``opening.signature`` and ``opening.place``.

    Args:
        weights: Named as `coconet.Coconet.state_dict` names them, float32.
        config: Settings of `coconet.CoconetConfig`.
    """
    layout = Layout.of(config["vocabulary"], config["voices"])
    floats = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    graph = Graph()
    dilations = [config["dilations"][layer % len(config["dilations"])] for layer in range(config["layers"])]
    _fill_in(graph, floats, layout, dilations)
    _follow(graph, floats, layout)
    opening = {
        "metre": inputs.SHARPNESS * floats["first_metre_embed"],
        "signature": inputs.SHARPNESS * floats["signature_embed"],
        "place": _first_places(layout, floats["first_place_embed"]),
    }
    for name, table in opening.items():
        graph.node("Identity", [graph.constant(f"opening_{name}", table.astype(np.float32))], f"opening.{name}")
    facts = {"vocabulary": config["vocabulary"], "voices": dict(config["voices"]), "span": config["span"], "reach": 1 + sum(dilations)}
    return model_bytes(graph, _inputs(layout), _outputs(layout), {inputs.FACTS: json.dumps(facts)})


def _inputs(layout: Layout) -> list[onnx.ValueInfoProto]:
    """What the graph takes."""
    shapes: dict[str, list[str | int]] = {
        "cells": ["batch", layout.voices, "steps"],
        "places": ["batch", "steps"],
        "metres": ["batch", "steps"],
        "signatures": ["batch"],
        "now.cells": ["rows", layout.voices, 2],
        "now.places": ["rows", inputs.MARGIN + 1],
        "now.metres": ["rows"],
        "now.signatures": ["rows"],
    }
    return [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in shapes.items()]


def _outputs(layout: Layout) -> list[onnx.ValueInfoProto]:
    """What the graph gives."""
    metres, signatures = len(layout.bars), len(layout.tonics)
    shapes: dict[str, list[str | int]] = {
        "keys": ["batch", layout.voices, "steps", layout.keys + 1],
        "again": ["batch", layout.voices, "steps", layout.keys],
        "follows": ["rows", layout.outcomes],
        "opening.metre": [metres],
        "opening.signature": [metres, signatures],
        "opening.place": [metres, layout.places],
    }
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]


def _fill_in(graph: Graph, floats: Mapping[str, NDArray[np.float32]], layout: Layout, dilations: list[int]) -> None:
    """The half that says what stands in cells."""
    hidden = _convolution(graph, _picture(graph, layout), "entry", floats["entry.weight"], floats["entry.bias"])
    hidden = graph.node("Add", [hidden, _beat(graph, floats)], "entered")
    for block, gain in enumerate(floats["gains"]):
        inner, change = hidden, ""
        for layer, scale in ((2 * block, np.ones_like(gain)), (2 * block + 1, gain)):
            weight, bias = floats[f"convolutions.{layer}.weight"], floats[f"convolutions.{layer}.bias"]
            heard = graph.node("Relu", [inner], f"heard{layer}")
            scaled = weight * scale[:, None, None, None]
            inner = change = _convolution(graph, heard, f"layer{layer}", scaled, bias * scale, dilations[layer])
        hidden = graph.node("Add", [hidden, change], f"block{block}")
    last = graph.node("Relu", [hidden], "last")
    both = _convolution(graph, last, "both", floats["output.weight"], floats["output.bias"])
    sizes = graph.constant("halves", np.full(2, layout.voices, np.int64))
    graph.nodes.append(helper.make_node("Split", [both, sizes], ["sounds", "again"], name="sounds", axis=1))
    mean = graph.node("ReduceMean", [last], "mean", axes=[3], keepdims=0)  # (batch, channels, steps)
    rows = graph.node("Transpose", [mean], "mean.rows", perm=[0, 2, 1])
    product = graph.node("MatMul", [rows, graph.constant("rest.weight", floats["rest.weight"].T)], "rest.product")
    rest = graph.node("Add", [product, graph.constant("rest.bias", floats["rest.bias"])], "rest")
    column = graph.node("Unsqueeze", [graph.node("Transpose", [rest], "rest.voices", perm=[0, 2, 1]), _ints(graph, 3)], "rest.column")
    graph.node("Concat", ["sounds", column], "keys", axis=3)


def _picture(graph: Graph, layout: Layout) -> str:
    """The planes of every voice, and where tonics lie, shape (batch, planes, steps, keys)."""
    table, parts = graph.constant("planes", inputs.planes(layout)), []
    for voice in range(layout.voices):
        cells = graph.node("Gather", ["cells", graph.constant(f"voice{voice}", np.array(voice, np.int64))], f"cells{voice}", axis=1)
        shown = graph.node("Gather", [table, cells], f"shown{voice}")  # (batch, steps, planes, keys)
        parts.append(graph.node("Transpose", [shown], f"planes{voice}", perm=[0, 2, 1, 3]))
    tonics = graph.node("Gather", [graph.constant("tonic_planes", inputs.tonic_planes(layout)), "signatures"], "tonics")
    line = graph.node("Unsqueeze", [tonics, _ints(graph, 2)], "tonics.line")
    like = graph.node("Slice", [parts[0], _ints(graph, 0), _ints(graph, 1), _ints(graph, 1)], "one_plane")
    nothing = graph.node("Mul", [like, graph.constant("nothing", np.array(0, np.float32))], "no_plane")
    parts.append(graph.node("Add", [nothing, line], "tonics.plane"))
    return graph.node("Concat", parts, "picture", axis=1)


def _beat(graph: Graph, floats: Mapping[str, NDArray[np.float32]]) -> str:
    """What the place of each step says to every key, shape (batch, channels, steps, 1)."""
    none = ((1, 0), (0, 0))
    table = (floats["phase_embed"][:, None] + floats["step_embed"]).reshape(-1, floats["step_embed"].shape[1])
    parts = [
        graph.node("Gather", [graph.constant(f"{name}.table", np.pad(values, none)), name], f"{name}.said")
        for name, values in (("places", table), ("metres", floats["metre_embed"]))
    ]
    rows = graph.node("Transpose", [graph.node("Add", parts, "beat.rows")], "beat", perm=[0, 2, 1])
    return graph.node("Unsqueeze", [rows, _ints(graph, 3)], "beat.column")


def _follow(graph: Graph, floats: Mapping[str, NDArray[np.float32]], layout: Layout) -> None:
    """The half that says what follows a step."""
    phases = inputs.phase_of(layout)
    tables = [(0, floats["now_embed"])] + [(lag, table[phases]) for lag, table in zip(inputs.LAGS, floats["lag_embed"], strict=True)]
    said = [graph.node("Gather", [graph.constant("bar_embed", floats["bar_embed"]), "now.metres"], "bar.said")]
    for lag, table in tables:
        at = graph.constant(f"back{lag}", np.array(inputs.MARGIN - lag, np.int64))
        place = graph.node("Gather", ["now.places", at], f"place{lag}", axis=1)
        said.append(graph.node("Gather", [graph.constant(f"lag{lag}", table), place], f"lag{lag}.said"))
    heard = _heard(graph, layout)
    for voice in range(layout.voices):
        column = graph.node("Gather", [heard, graph.constant(f"voice{voice}", np.array(voice, np.int64))], f"degree{voice}", axis=1)
        said.append(
            graph.node("Gather", [graph.constant(f"heard{voice}.table", floats["heard_embed"][voice]), column], f"heard{voice}.said")
        )
    hidden = graph.node("Relu", [graph.node("Sum", said, "said")], "said.relu")
    product = graph.node("MatMul", [hidden, graph.constant("outcome.weight", floats["outcome.weight"].T)], "outcome")
    graph.node("Add", [product, graph.constant("outcome.bias", floats["outcome.bias"])], "follows")


def _heard(graph: Graph, layout: Layout) -> str:
    """What each voice does (see `coconet_inputs.HEARD`), shape (rows, voices)."""
    values = np.arange(layout.values)
    key_of = graph.constant("key_of", layout.sounding(values))
    now, before = (
        graph.node("Gather", ["now.cells", graph.constant(f"column{at}", np.array(at, np.int64))], f"cells.at{at}", axis=2) for at in (1, 0)
    )
    key, key_before = (graph.node("Gather", [key_of, cells], f"{cells}.key") for cells in (now, before))
    other = graph.node("Not", [graph.node("Equal", [key, key_before], "same")], "other")
    again = graph.node("Gather", [graph.constant("is_again", values >= FIRST_KEY + layout.keys), now], "is.again")
    struck = graph.node("Cast", [graph.node("Or", [other, again], "struck.true")], "struck", to=TensorProto.INT64)
    tonic = graph.node("Gather", [graph.constant("tonic_of", np.array(layout.tonics, np.int64)), "now.signatures"], "tonic")
    above = graph.node("Sub", [key, graph.node("Unsqueeze", [tonic, _ints(graph, 1)], "tonic.column")], "above")
    degree = graph.node("Mod", [above, _ints(graph, 12)], "degree")
    doubled = graph.node("Mul", [degree, _ints(graph, 2)], "degree.doubled")
    sounds = graph.node("Add", [graph.node("Add", [doubled, struck], "degree.struck"), _ints(graph, 2)], "degree.sounds")
    silent = graph.node("Gather", [graph.constant("is_rest", (values == REST).astype(np.int64)), now], "is.rest")
    return graph.node("Where", [graph.node("Less", [key, _ints(graph, 0)], "is.silent"), silent, sounds], "voices.heard")


def _convolution(graph: Graph, value: str, name: str, weight: NDArray[np.float32], bias: NDArray[np.float32], dilation: int = 1) -> str:
    """A convolution that leaves the size of the picture as it is."""
    edge = dilation * (weight.shape[2] // 2)
    constants = [graph.constant(f"{name}.weight", weight.astype(np.float32)), graph.constant(f"{name}.bias", bias.astype(np.float32))]
    return graph.node("Conv", [value, *constants], name, pads=[edge] * 4, dilations=[dilation] * 2)


def _first_places(layout: Layout, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits of the first place in each metre."""
    beyond = np.arange(layout.places) % layout.longest_bar >= np.array(layout.bars)[:, None]
    return np.where(beyond, np.float32(IMPOSSIBLE), inputs.SHARPNESS * table)


def _ints(graph: Graph, *values: int) -> str:
    """A constant of whole numbers, shape (values,)."""
    return graph.constant(f"int.{'.'.join(map(str, values))}", np.array(values, np.int64))
