"""The ear of `key_net` as an ONNX graph that hears on: it is given what comes next, and what it still needs of what came before.

Every convolution along time keeps the last of what it heard, so nothing is heard twice. What a block adds waits for what it is added to:
where a block hears ahead, both are late by as much. Keys, time and channels lie in this order: so least has to be laid out anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.models.key_net_graph import Limits, stem_kernels
from partimento.models.key_net_shape import BINS_PER_KEY, PEDAL_SPAN, TOGETHER, ahead_of, reach_of
from partimento.models.onnx_graph import MICROSOFT, Graph, Layer, Weights, model_bytes, scale_and_shift, step_of, zero_byte

_ALL = np.iinfo(np.int32).max


def key_net_live_graph(weights: Weights, config: Mapping[str, Any], limits: Limits | None = None) -> bytes:
    """Return the ONNX graph, in bytes or, without limits, in fp32.

    Inputs: ``spectra`` (1, time, windows, bins), time a multiple of `TOGETHER`; ``end`` (1,), 1 where nothing follows and 0 otherwise; and
    ``past.*``, what was kept. Outputs: ``heads`` (1, heads, known, keys) and ``pedal.chance`` (1, known), as those of `key_net_graph`, of
    the moments that are now known, in bytes as 255ths; and ``next.*``, what is to be kept. The fact ``past`` has for each how many steps of
    it there are in the beginning, and what they are filled with. The first time it needs more than it hears ahead, unless nothing follows.

    Args:
        weights: Named as `key_net.KeyNet.state_dict` names them, float32.
        config: Settings of `key_net.KeyNetConfig`; ``ahead`` is a number.
        limits: What goes through it, see `key_net_scales`.
    """
    return _Making({name: np.asarray(value, np.float32) for name, value in weights.items()}, config, limits).model()


class _Making:
    """The graph while it is made."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any], limits: Limits | None) -> None:
        self._graph, self._weights, self._config = Graph(), weights, config
        register = weights["register"].transpose(2, 1, 0)[None]  # (1, keys, 1, units)
        bounds = min(0.0, float(register.min())), max(0.0, float(register.max()))
        self._limits = None if limits is None else {**limits, "register": bounds}
        self._register = self._graph.constant("register", register)
        self._inputs = [
            helper.make_tensor_value_info("spectra", TensorProto.FLOAT, [1, "time", config["windows"], config["bins"]]),
            helper.make_tensor_value_info("end", TensorProto.INT64, [1]),
        ]
        kind = TensorProto.FLOAT if limits is None else TensorProto.UINT8
        self._count = len(weights["heads.bias"]) // TOGETHER
        self._outputs = [
            helper.make_tensor_value_info("heads", kind, [1, self._count, "known", KEYS]),
            helper.make_tensor_value_info("pedal.chance", kind, [1, "known"]),
        ]
        self._past: list[tuple[int, int]] = []

    def model(self) -> bytes:
        """Return it."""
        dilations, ahead = self._config["dilations"], self._config["ahead"]
        hidden = self._stem()
        for number, dilation in enumerate(dilations):
            hidden = self._block(hidden, number, dilation, centred=number < ahead)
        self._pedal(self._heads(hidden))
        facts = {
            "spectrum": "thirds",
            "reach": str(reach_of(dilations, ahead)),
            "ahead": str(ahead_of(dilations, ahead)),
            "together": str(TOGETHER),
            "past": json.dumps(self._past),
        }
        return model_bytes(self._graph, self._inputs, self._outputs, facts)

    def _stem(self) -> str:
        """Every key's partials, and what is made of them first, shape (1, keys, steps, units)."""
        graph, channels, keys = self._graph, TOGETHER * self._config["windows"], self._config["bins"] // BINS_PER_KEY
        kernels, before, behind = stem_kernels(self._weights, self._config)
        heard = self._bytes("spectra", "spectra")
        turned = self._turned(self._shaped(heard, "keys.bins", [-1, channels, keys, BINS_PER_KEY]), "keys.first", [2, 0, 1, 3])
        margins = graph.constant("keys.margins", np.array([before, 0, 0, 0, behind, 0, 0, 0], np.int64))
        places = np.array(list(kernels))[:, None] + before + FIRST_KEY - self._config["lowest"] + np.arange(KEYS)
        inputs = [graph.node("Pad", [turned, margins], "keys.wide"), graph.constant("keys.places", places)]
        partials = graph.node("Gather", inputs, "partials", axis=0)  # (partials, keys, steps, channels, 3)
        rows = self._shaped(partials, "partials.rows", [1, len(kernels), -1, channels * BINS_PER_KEY])
        kernel = np.stack(list(kernels.values()), axis=2)[..., None]  # (units, channels * 3, partials, 1)
        said = self._convolved(rows, (kernel, self._weights["stem.bias"]), "stem", "spectra")
        hidden = self._shaped(said, "stem.keys", [1, KEYS, -1, len(kernel)])
        return self._sum(hidden, "stem", self._bytes(self._register, "register"), "register", "blocks.0.in")

    def _block(self, hidden: str, number: int, dilation: int, *, centred: bool) -> str:
        """One block; see `key_net.Block`."""
        graph, name, last = self._graph, f"blocks.{number}", number + 1 == len(self._config["dilations"])
        span = self._kept(hidden, name, [1, KEYS, -1, self._config["units"]], 2 * dilation, ahead=dilation if centred else 0)
        said = self._time(span, name, dilation)
        narrow = self._mixed(said, self._layer(f"{name}.narrow"), f"{name}.narrow", f"{name}.said")
        both = graph.node("Concat", [said, self._others(narrow, name)], f"{name}.both", axis=3)
        added = self._mixed(both, self._of_both(name), f"{name}.added", f"{name}.said")
        if centred:  # it answers for what came so much earlier
            hidden = self._slice(span, f"{name}.late", [self._whole(dilation), self._whole(-dilation)], axis=2)
        return self._sum(hidden, f"{name}.in", added, f"{name}.added", "out" if last else f"blocks.{number + 1}.in")

    def _of_both(self, name: str) -> Layer:
        """What is made of what a key says, and of what it hears of the others, which in bytes are counted in the steps of the former."""
        point, bias = self._layer(f"{name}.point")
        if self._limits is None:
            return point, bias
        units = len(bias)
        said, others = self._limits[f"{name}.said"], self._limits[f"{name}.others"]
        heard = point[:, units:] * np.float32(step_of(others))
        steps = np.concatenate([point[:, :units], heard / np.float32(step_of(said))], axis=1)
        return steps, bias - heard.sum(axis=1) * np.float32(zero_byte(others))

    def _others(self, narrow: str, name: str) -> str:
        """What each key hears of the others, shape (1, keys, steps, narrow)."""
        keys, count = np.arange(KEYS), len(self._weights[f"{name}.intervals"])
        between = self._weights[f"{name}.intervals"][:, keys[:, None] - keys + KEYS - 1]  # (narrow, to, from)
        rows = self._turned(narrow, f"{name}.rows", [0, 2, 3, 1])
        layer = between.reshape(count * KEYS, KEYS, 1, 1), np.zeros(count * KEYS, np.float32)
        each = self._shaped(rows, f"{name}.each", [1, 1, -1, count * KEYS])
        heard = self._convolved(each, layer, f"{name}.others", f"{name}.narrow", group=count)
        return self._turned(self._shaped(heard, f"{name}.back", [1, -1, count, KEYS]), f"{name}.heard", [0, 3, 1, 2])

    def _time(self, span: str, name: str, dilation: int) -> str:
        """The convolution along time, rectified."""
        factor, offset = scale_and_shift(self._weights, f"{name}.after")
        kernel = (self._weights[f"{name}.time.weight"] * factor[:, None, None, None]).transpose(0, 1, 3, 2)
        layer = kernel, self._weights[f"{name}.time.bias"] * factor + offset
        return self._rectified(self._convolved(span, layer, f"{name}.said", f"{name}.in", dilations=[1, dilation]))

    def _heads(self, hidden: str) -> str:
        """What is said of the keys; return what it is said by, shape (1, keys, steps, units), float32."""
        graph = self._graph
        factor, offset = scale_and_shift(self._weights, "norm")
        layer = factor[:, None, None, None], offset
        normal = self._rectified(self._convolved(hidden, layer, "normal", "out", group=len(factor)))
        wide = self._floats(self._rectified(self._mixed(normal, self._layer("wide"), "wide", "normal")), "wide")
        weight, bias = self._layer("heads")
        weight, bias = (part.reshape(TOGETHER, self._count, -1).swapaxes(0, 1).reshape(len(part), -1) for part in (weight, bias))
        rows = self._shaped(wide, "wide.rows", [-1, weight.shape[1]])
        inputs = [graph.constant("heads.weight", weight), rows, graph.constant("heads.bias", bias)]
        logits = self._shaped(graph.node("Gemm", inputs, "heads.all", transB=1), "heads.parts", [self._count, TOGETHER, KEYS, -1])
        turned = self._shaped(self._turned(logits, "heads.turned", [0, 3, 1, 2]), "heads.logits", [1, self._count, -1, KEYS])
        self._told("heads", turned)
        return wide

    def _pedal(self, wide: str) -> None:
        """What is said of the pedal."""
        graph = self._graph
        mean = graph.node("ReduceMean", [wide], "whole.mean", axes=[1], keepdims=0)
        most = graph.node("ReduceMax", [wide], "whole.most", axes=[1], keepdims=0)
        whole = graph.node("Concat", [mean, most], "whole", axis=2)  # (1, steps, 2 * units)
        for name, after in (("pedal_wide", "Relu"), ("pedal", "Identity")):
            weight, bias = (self._weights[f"{name}.{part}"] for part in ("weight", "bias"))
            span = self._kept(whole, name, [1, -1, weight.shape[1]], PEDAL_SPAN - 1)
            inputs = [self._turned(span, f"{name}.turned", [0, 2, 1])]
            inputs += [graph.constant(f"{name}.weight", weight), graph.constant(f"{name}.bias", bias)]
            said = graph.node(after, [graph.node("Conv", inputs, f"{name}.out")], f"{name}.said")
            whole = self._turned(said, f"{name}.back", [0, 2, 1])
        self._told("pedal.chance", self._shaped(whole, "pedal.logits", [1, -1]))

    def _told(self, name: str, logits: str) -> None:
        """Chances, in bytes as 255ths."""
        if self._limits is None:
            self._graph.node("Sigmoid", [logits], name)
        else:
            chances = self._graph.node("Sigmoid", [logits], f"{name}.real")
            ends = [self._graph.constant("share", np.array(1 / 255, np.float32)), self._graph.constant("none", np.zeros((), np.uint8))]
            self._graph.node("QuantizeLinear", [chances, *ends], name)

    def _kept(self, value: str, name: str, shape: list[int], span: int, *, ahead: int = 0) -> str:
        """What a convolution hears: the `span` steps before, of which the first `ahead` are no steps yet, then `value`, then the end.

        Args:
            value: Its name.
            name: Of what is kept.
            shape: Of the value, -1 for the steps.
            span: Steps that are kept.
            ahead: Steps that are heard ahead.
        """
        graph, limits, axis = self._graph, self._limits, shape.index(-1)
        fill = np.zeros((), np.float32) if limits is None or len(shape) == 3 else zero_byte(limits[f"{name}.in"])
        parts = [self._past_of(name, shape, fill, span - ahead), value]
        if ahead:
            silence = graph.constant(f"{name}.silence", np.full([ahead if size < 0 else size for size in shape], fill))
            some = graph.node("Mul", ["end", self._whole(ahead)], f"{name}.end")
            parts.append(self._slice(silence, f"{name}.behind", [self._whole(0), some], axis=axis))
        whole = graph.node("Concat", parts, f"{name}.span", axis=axis)
        self._slice(whole, f"next.{name}", [self._whole(-span), self._whole(_ALL)], axis=axis)
        return whole

    def _sum(self, one: str, limits: str, other: str, limits_other: str, limits_sum: str) -> str:
        """The sum of two values, each with the name of its limits; named as its own limits."""
        if self._limits is None:
            return self._graph.node("Add", [one, other], f"{limits_sum}.sum")
        bounds = [self._limits[each] for each in (limits, limits_other, limits_sum)]
        return self._graph.byte_sum(one, other, f"{limits_sum}.sum", bounds)

    def _rectified(self, value: str) -> str:
        """What is below 0 of a value left out; in bytes it already is, for its lowest limit is 0."""
        return value if self._limits is not None else self._graph.node("Relu", [value], f"{value}.relu")

    def _past_of(self, name: str, shape: list[int], fill: NDArray[np.generic], steps: int) -> str:
        """Add an input and an output for what is kept; `steps` of it there are in the beginning."""
        self._past.append((steps, int(fill)))
        numbers = helper.np_dtype_to_tensor_dtype(fill.dtype)
        for values, side in ((self._inputs, "past"), (self._outputs, "next")):
            sizes = [f"{side} {name}" if size < 0 else size for size in shape]
            values.append(helper.make_tensor_value_info(f"{side}.{name}", numbers, sizes))
        return f"past.{name}"

    def _shaped(self, value: str, name: str, shape: list[int]) -> str:
        """The same numbers in another shape."""
        return self._graph.node("Reshape", [value, self._graph.constant(f"shape.{shape}", np.array(shape, np.int64))], name)

    def _turned(self, value: str, name: str, axes: list[int]) -> str:
        """Its axes in another order."""
        return self._graph.node("Transpose", [value], name, perm=axes)

    def _bytes(self, value: str, name: str) -> str:
        """A value in bytes, where it is to be counted in bytes."""
        return value if self._limits is None else self._graph.bytes_of(value, self._limits[name])

    def _floats(self, value: str, name: str) -> str:
        """A value in float32, where it was counted in bytes."""
        return value if self._limits is None else self._graph.floats_of(value, self._limits[name])

    def _mixed(self, value: str, layer: Layer, name: str, limits: str) -> str:
        """A value, shape (1, height, width, in), times a weight of shape (out, in), plus a bias."""
        return self._convolved(value, (layer[0][:, :, None, None], layer[1]), name, limits)

    def _convolved(self, value: str, layer: Layer, name: str, limits: str, **how: Any) -> str:
        """A value, shape (1, height, width, in), convolved with a kernel of shape (out, in, height, width); in bytes where all is."""
        if self._limits is not None:
            bounds = self._limits[limits], self._limits[name]
            return self._graph.byte_conv(value, layer, name, bounds, channels_last=1, domain=MICROSOFT, **how)
        inputs = [self._turned(value, f"{name}.first", [0, 3, 1, 2])]
        inputs += [self._graph.constant(f"{name}.{part}", values) for part, values in zip(("weight", "bias"), layer, strict=True)]
        return self._turned(self._graph.node("Conv", inputs, f"{name}.turned", **how), name, [0, 2, 3, 1])

    def _layer(self, name: str) -> Layer:
        """A convolution that hears one step and one key."""
        return self._weights[f"{name}.weight"][:, :, 0, 0], self._weights[f"{name}.bias"]

    def _slice(self, value: str, name: str, ends: list[str], *, axis: int) -> str:
        """A part of a value along an axis."""
        return self._graph.node("Slice", [value, *ends, self._whole(axis)], name)

    def _whole(self, number: int) -> str:
        """A whole number, shape (1,)."""
        return self._graph.constant(f"whole.{number}", np.array([number], np.int64))
