"""ONNX graphs put together by hand from plain arrays: no exporter and no torch.

int8: a cell's output lies between -1 and 1, so it is quantised with one fixed scale for every piece, and products of
whole numbers are exact: the same logits in any batch and any thread count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.generic]]

Range = tuple[float, float]
"""The least and the greatest of some values, from 0 or less to 0 or more."""

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A kernel and a bias."""

HALF = 127.0
"""Steps of a byte from 0 to 1."""

_OPSET, _IR = 17, 8

MICROSOFT = "com.microsoft"
"""Domain of onnxruntime's own kinds of node."""


@dataclass
class Graph:
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
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / HALF
        whole = np.clip(np.rint(weight / scale), -127, 127).astype(np.int8)
        zero = self.constant("zero_u8", np.array(128, np.uint8))
        sums = self.node("MatMulInteger", [quantised, self.constant(f"{output}.weight", whole), zero], f"{output}.sums")
        real = self.node("Cast", [sums], f"{output}.real", to=TensorProto.FLOAT)
        scaled = self.node("Mul", [real, self.constant(f"{output}.scale", (scale / HALF).astype(np.float32))], f"{output}.scaled")
        return scaled if bias is None else self.node("Add", [scaled, self.constant(f"{output}.bias", bias)], f"{output}.sum")

    def limited_product(
        self, value: str, weight: NDArray[np.float32], bias: NDArray[np.float32] | None, output: str, *, limit: float, signed: bool
    ) -> str:
        """Add ``value @ weight + bias`` in bytes, for a value that hardly ever leaves its limits; what does is cut off.

        Args:
            value: Its name, shape (..., in), float32.
            weight: Shape (in, out); each output has a scale of its own.
            bias: Shape (out,).
            output: Name of what comes of it, shape (..., out).
            limit: The value's largest magnitude, above 0.
            signed: Whether the value goes from ``-limit`` to ``limit``; otherwise from 0, and what is below is cut off too.
        """
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-8) / HALF
        whole = np.clip(np.rint(weight / scale), -127, 127).astype(np.int8)
        zero = self.constant(f"zero{128 * signed}_u8", np.array(128 * signed, np.uint8))
        step = self.constant(f"{output}.step", np.array(limit / (HALF if signed else 2 * HALF + 1), np.float32))
        quantised = self.node("QuantizeLinear", [value, step, zero], f"{output}.u8")
        inputs = [
            quantised,
            self.constant(f"{output}.weight", whole),
            step,
            self.constant(f"{output}.scale", scale.astype(np.float32)),
            zero,
            "",
            "" if bias is None else self.constant(f"{output}.bias", bias),
        ]
        return self.node("MatMulIntegerToFloat", inputs[: 7 if bias is not None else 5], output, domain=MICROSOFT)

    def quantise(self, value: str) -> str:
        """Turn a cell's output, between -1 and 1, into bytes."""
        scale = self.constant("scale_u8", np.array(1 / HALF, np.float32))
        zero = self.constant("zero_u8", np.array(128, np.uint8))
        return self.node("QuantizeLinear", [value, scale, zero], f"{value}.u8")

    def bytes_of(self, value: str, limits: Range) -> str:
        """Add `value` in bytes, its lowest limit 0 and its highest 255; what lies outside is cut off."""
        return self.node("QuantizeLinear", [value, *self._steps(limits)], f"{value}.u8")

    def floats_of(self, value: str, limits: Range) -> str:
        """Add what `bytes_of` or `byte_conv` counted in bytes as float32."""
        return self.node("DequantizeLinear", [value, *self._steps(limits)], f"{value}.real")

    def byte_conv(self, value: str, layer: Layer, output: str, limits: tuple[Range, Range], **attributes: Any) -> str:
        """Add a convolution from bytes to bytes; a lowest limit of 0 makes it a rectifier too.

        Weights have seven bits: with eight, sums of pairs could run over on processors without VNNI, and onnxruntime takes a slower way.

        Args:
            value: Its name, uint8, shape (batch, in, height, width).
            layer: Its kernel, shape (out, in, height, width), each output with a scale of its own; and its bias, shape (out,).
            output: Name of what comes of it, uint8.
            limits: Of the value, and of what comes of it.
            attributes: Of the node: pads, dilations.
        """
        kernel, bias = layer
        (step, zero), (step_after, zero_after) = (self._steps(each) for each in limits)
        scale = np.maximum(np.abs(kernel).max(axis=(1, 2, 3)), 1e-8) / 63
        whole = np.rint(kernel / scale[:, None, None, None]).astype(np.int8)
        size = (limits[0][1] - limits[0][0]) / 255
        inputs = [
            value,
            step,
            zero,
            self.constant(f"{output}.weight", whole),
            self.constant(f"{output}.scale", scale.astype(np.float32)),
            self.constant(f"{output}.zeros", np.zeros(len(scale), np.int8)),
            step_after,
            zero_after,
            self.constant(f"{output}.bias", np.rint(bias / (scale * size)).astype(np.int32)),
        ]
        return self.node("QLinearConv", inputs, output, **attributes)

    def byte_sum(self, one: str, other: str, output: str, limits: Sequence[Range]) -> str:
        """Add the sum of two values in bytes, in bytes; `limits` are theirs and its own."""
        (first, second, whole) = (self._steps(each) for each in limits)
        return self.node("QLinearAdd", [one, *first, other, *second, *whole], output, domain=MICROSOFT)

    def _steps(self, limits: Range) -> list[str]:
        """The size of a byte's step between limits, and the byte that stands for 0."""
        size, zero = step_of(limits), zero_byte(limits)
        return [self.constant(f"step.{size!r}", np.array(size, np.float32)), self.constant(f"byte.{zero}", zero)]

    def rows(self, table: NDArray[np.float32], ids: str, output: str) -> str:
        """Add the rows of `table` that `ids` pick; it is kept in bytes, each row with its own scale."""
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / HALF
        whole = np.clip(np.rint(table / scale), -127, 127).astype(np.int8)
        row = self.node("Gather", [self.constant(f"{output}.table", whole), ids], f"{output}.row")
        factor = self.node("Gather", [self.constant(f"{output}.scale", scale.astype(np.float32)), ids], f"{output}.factor")
        return self.node("Mul", [self.node("Cast", [row], f"{output}.real", to=TensorProto.FLOAT), factor], output)

    def lstm(self, gates: str, memory: str, name: str, units: int) -> tuple[str, str]:
        """Add an LSTM cell; return its output and its memory, each of shape (batch, units).

        Args:
            gates: What comes from below and from its last output, shape (batch, 4 * units), in torch's order: input, forget, cell, output.
            memory: What it remembers, shape (batch, units).
            name: Of the cell.
            units: Its width.
        """
        enter, forget, fresh, leave = self.split(gates, [f"{name}.{gate}" for gate in ("enter", "forget", "fresh", "leave")], units)
        kept = self.node("Mul", [self.node("Sigmoid", [forget], f"{forget}.s"), memory], f"{name}.kept")
        added = self.node("Mul", [self.node("Sigmoid", [enter], f"{enter}.s"), self.node("Tanh", [fresh], f"{fresh}.t")], f"{name}.added")
        after = self.node("Add", [kept, added], f"{name}.memory")
        out = self.node("Sigmoid", [leave], f"{leave}.s")
        return self.node("Mul", [out, self.node("Tanh", [after], f"{after}.t")], f"{name}.hidden"), after


def zero_byte(limits: Range) -> NDArray[np.uint8]:
    """Return the byte that stands for 0 between limits, shape ()."""
    return np.array(round(-limits[0] / step_of(limits)), np.uint8)


def step_of(limits: Range) -> float:
    """Return the size of a byte's step between limits."""
    low, high = limits
    return max(high - low, 1e-6) / 255


def value(name: str, kind: int, *width: int) -> onnx.ValueInfoProto:
    """Return an input or output, the batch first."""
    return helper.make_tensor_value_info(name, kind, ["batch", *width])


def scale_and_shift(weights: Weights, name: str, *, epsilon: float = 1e-5) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what a channel is multiplied with, and what is added to it then, in place of torch's batch normalisation; each (channels,).

    Args:
        weights: The module's.
        name: Of the normalisation in it.
        epsilon: What it adds to the variance.
    """
    mean, variance, gain, bias = (
        np.asarray(weights[f"{name}.{part}"], np.float32) for part in ("running_mean", "running_var", "weight", "bias")
    )
    factor = gain / np.sqrt(variance + epsilon)
    return factor, bias - mean * factor


def with_facts(graph: bytes, facts: Mapping[str, str]) -> bytes:
    """Return a finished graph that says some more of itself."""
    model = onnx.load_model_from_string(graph)
    helper.set_model_props(model, {entry.key: entry.value for entry in model.metadata_props} | dict(facts))
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def model_bytes(graph: Graph, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto], facts: dict[str, str]) -> bytes:
    """Return the checked model as bytes, the same for the same graph.

    Args:
        graph: Its nodes and constants.
        inputs: Made by `value`; ``ids`` and ``state.*``.
        outputs: ``logits`` and ``next.*``.
        facts: Words for `onnx_session`, such as ``past_filler``, the id that stands for none.
    """
    own = [helper.make_opsetid(MICROSOFT, 1)] if any(node.domain == MICROSOFT for node in graph.nodes) else []
    model = helper.make_model(
        helper.make_graph(graph.nodes, "step", inputs, outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", _OPSET), *own],
        ir_version=_IR,
        producer_name="partimento",
    )
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data
