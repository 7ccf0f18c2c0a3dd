"""Any of the Transformers as an ONNX graph that reads one id or many, and remembers keys and values. int8 where scales are known.

Inputs: ``ids`` (batch, time); ``last``, the place in the buffers of each piece's last id, (batch,); ``total``, one more than the
largest of them; ``keys.LAYER`` and ``values.LAYER`` (batch, heads, capacity, dim), in which the places before ``ids`` stand; where
positions are turned or added, ``cosines`` and ``sines`` (rows, rates) and ``rows`` (batch, time), which of them belongs to an id.
Outputs: ``logits`` (batch, time, vocabulary), ``next.keys.LAYER`` and ``next.values.LAYER``, which may be the same memory. onnxruntime
takes several ids of several pieces only where they are the first; `transformer_session` reads piece by piece.

A product's input is cut off at limits that were measured beforehand (`transformer_scales`), and so are keys and values: a scale
found as it goes, over a whole batch, would have each piece hear its neighbours. Relative positions are products of the query
with a vector a distance, picked for each key and handed to the attention as a bias.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.onnx_graph import HALF, MICROSOFT, Graph, Weights, model_bytes
from partimento.models.transformer_session import FACTS

LAYER_EPSILON, ROOT_EPSILON = 1e-5, 1e-6
"""What `torch.nn.LayerNorm` and `modern_transformer` add to a variance before its root is divided by."""

SLOWEST = 10_000.0
"""As in `transformer`."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scales:
    """Limits of what goes through a network whose keys lie between -1 and 1.

    Attributes:
        products: Name of a product -> largest magnitude of its input.
        values: Layer -> largest magnitude of its values.
    """

    products: Mapping[str, float]
    values: Mapping[int, float]


@dataclass
class _Builder:
    """A graph while it is put together."""

    weights: Mapping[str, Floats]
    config: Mapping[str, Any]
    scales: Scales | None
    graph: Graph = field(default_factory=Graph)
    probes: list[str] = field(default_factory=list)

    @property
    def heads(self) -> int:
        """Heads of a layer."""
        return int(self.config["heads"])

    @property
    def dim(self) -> int:
        """Width of a head."""
        return int(self.config["units"]) // self.heads

    @property
    def gated(self) -> bool:
        """Whether it is the modern Transformer: turned, gated, without means in its norms."""
        return "slowest" in self.config

    def product(self, value: str, name: str, *, rectified: bool = False) -> str:
        """Add the product called `name`; where `rectified`, only what is above 0 of its input counts."""
        weight, bias = self.weights[f"{name}.weight"].T, self.weights.get(f"{name}.bias")
        if self.scales is not None:
            limit = self.scales.products[name]
            return self.graph.limited_product(value, weight, bias, name, limit=limit, signed=not rectified)
        if rectified:
            value = self.graph.node("Relu", [value], f"{value}.r")
        self.probes.append(self.graph.node("Identity", [value], f"probe.{name}"))
        sums = self.graph.node("MatMul", [value, self.graph.constant(f"{name}.weight", weight)], name)
        return sums if bias is None else self.graph.node("Add", [sums, self.graph.constant(f"{name}.bias", bias)], f"{name}.sum")

    def embedded(self) -> str:
        """Add the rows of the ids, with their positions where they are sinusoids."""
        table = self.weights["embed.weight"]
        absolute = not self.gated and "distances" not in self.config
        if absolute:
            table = table * np.float32(self.config["units"] ** 0.5)
        if self.scales is None:
            stream = self.graph.node("Gather", [self.graph.constant("embed", table), "ids"], "embedded")
        else:
            stream = self.graph.rows(table, "ids", "embedded")
        if not absolute:
            return stream
        angles = [self.graph.node("Gather", [waves, "rows"], f"{waves}.here") for waves in ("sines", "cosines")]
        return self.graph.node("Add", [stream, self.graph.node("Concat", angles, "positions", axis=2)], "placed")

    def norm(self, stream: str, added: str, name: str) -> tuple[str, str]:
        """Add `added` to the stream, "" for nothing, and the norm called `name`; return what is normalised, and the stream."""
        gain = self.graph.constant(f"{name}.weight", self.weights[f"{name}.weight"])
        if not added:
            return self.first_norm(stream, name), stream
        kind, inputs = "SkipSimplifiedLayerNormalization", [stream, added, gain]
        if not self.gated:
            kind, inputs = "SkipLayerNormalization", [*inputs, self.graph.constant(f"{name}.bias", self.weights[f"{name}.bias"])]
        outputs = [name, "", "", f"{name}.stream"]
        epsilon = ROOT_EPSILON if self.gated else LAYER_EPSILON
        self.graph.nodes.append(helper.make_node(kind, inputs, outputs, name=name, domain=MICROSOFT, epsilon=epsilon))
        return name, f"{name}.stream"

    def first_norm(self, stream: str, name: str) -> str:
        """The norm before anything was added."""
        graph, gain = self.graph, f"{name}.weight"
        if not self.gated:
            bias = graph.constant(f"{name}.bias", self.weights[f"{name}.bias"])
            return graph.node("LayerNormalization", [stream, gain, bias], name, axis=-1, epsilon=LAYER_EPSILON)
        mean = graph.node("ReduceMean", [graph.node("Mul", [stream, stream], f"{name}.square")], f"{name}.mean", axes=[-1])
        added = graph.node("Add", [mean, graph.constant("epsilon", np.array(ROOT_EPSILON, np.float32))], f"{name}.added")
        scaled = graph.node("Div", [stream, graph.node("Sqrt", [added], f"{name}.root")], f"{name}.scaled")
        return graph.node("Mul", [scaled, gain], name)

    def attention(self, asked: str, layer: int) -> str:
        """Add what each id takes from itself and those before it; `asked` is queries, keys and values, (batch, time, 3 * units)."""
        graph = self.graph
        inputs = [asked, "", "", f"keys.{layer}", f"values.{layer}", "last", "total"]
        inputs += ["cosines", "sines", "rows"] if self.gated else ["", "", ""]
        inputs += [self.distances(asked, layer) if "distances" in self.config else "", ""]
        facts: dict[str, Any] = {}
        if self.scales is not None:
            for word, limit in (("keys", 1.0), ("values", self.scales.values[layer])):
                inputs.append(graph.constant(f"{word}.{layer}.step", np.array([limit / HALF], np.float32)))
            facts = {"k_quant_type": "PER_TENSOR", "v_quant_type": "PER_TENSOR", "kv_cache_bit_width": 8}
        while not inputs[-1]:
            inputs.pop()
        node = helper.make_node(
            "GroupQueryAttention",
            inputs,
            [f"found.{layer}", f"next.keys.{layer}", f"next.values.{layer}"],
            name=f"found.{layer}",
            domain=MICROSOFT,
            num_heads=self.heads,
            kv_num_heads=self.heads,
            local_window_size=int(self.config["window"]),
            do_rotary=int(self.gated),
            **facts,
        )
        graph.nodes.append(node)
        return f"found.{layer}"

    def distances(self, asked: str, layer: int) -> str:
        """Add what the distance between each id and each place adds to their product, (batch, heads, time, total)."""
        graph = self.graph
        bounds = [
            graph.constant(f"query.{word}", np.array([place], np.int64)) for word, place in (("begin", 0), ("end", self.config["units"]))
        ]
        queries = graph.node("Slice", [asked, *bounds, graph.constant("third", np.array([2], np.int64))], f"queries.{layer}")
        split = graph.constant("to.dim", np.array([0, 0, self.heads, self.dim], np.int64))
        queries = graph.node("Reshape", [queries, split], f"queries.{layer}.split")
        queries = graph.node("Transpose", [queries], f"queries.{layer}.heads", perm=[0, 2, 1, 3])  # (batch, heads, time, dim)
        table = self.weights[f"blocks.{layer}.relative"].transpose(0, 2, 1) / np.float32(np.sqrt(self.dim))  # (heads, dim, distances)
        name = f"relative.{layer}"
        if self.scales is None:
            known = graph.constant(name, table)
        else:  # in bytes where it is kept; products of a few numbers of each head are faster in float32
            scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-8) / HALF
            whole = graph.constant(f"{name}.whole", np.rint(table / scale).astype(np.int8))
            real = graph.node("Cast", [whole], f"{name}.real", to=TensorProto.FLOAT)
            known = graph.node("Mul", [real, graph.constant(f"{name}.scale", scale.astype(np.float32))], name)
        products = graph.node("MatMul", [queries, known], f"{name}.products")
        return graph.node("GatherElements", [products, "distances"], f"{name}.bias", axis=3)

    def distance_index(self) -> None:
        """Add ``distances``: how far each id is from each place, what is farther than the last that is known counted as that."""
        graph = self.graph
        zero, one = graph.constant("zero", np.array(0, np.int64)), graph.constant("one", np.array(1, np.int64))
        total = graph.node("Cast", ["total"], "total.64", to=TensorProto.INT64)
        places = graph.node("Range", [zero, total, one], "places")
        time = graph.node("Gather", [graph.node("Shape", ["ids"], "shape"), one], "time")
        back = graph.node("Range", [graph.node("Sub", [one, time], "farthest.back"), one, one], "back")  # 1 - time to 0
        last = graph.node("Cast", ["last"], "last.64", to=TensorProto.INT64)
        last = graph.node("Unsqueeze", [last, graph.constant("second", np.array([1], np.int64))], "last.column")
        here = graph.node("Add", [last, back], "here")  # (batch, time)
        here = graph.node("Unsqueeze", [here, graph.constant("second.and.last", np.array([1, 3], np.int64))], "here.rows")
        near = graph.node("Max", [graph.node("Sub", [here, places], "far"), zero], "near")  # (batch, 1, time, total); 0 for what comes
        most = graph.constant("most", np.array(self.config["distances"] - 1, np.int64))
        heads = graph.constant("to.heads", np.array([1, self.heads, 1, 1], np.int64))
        graph.node("Expand", [graph.node("Min", [near, most], "known"), heads], "distances")

    def after_attention(self, value: str, name: str) -> str:
        """Add the two products of each id by itself."""
        if not self.gated:
            return self.product(self.product(value, f"{name}.widen"), f"{name}.narrow", rectified=True)
        wide = self.product(value, f"{name}.widen")
        parts = [f"{name}.gate", f"{name}.content"]
        self.graph.nodes.append(helper.make_node("Split", [wide], parts, name=parts[0], axis=2))
        gate = self.graph.node("QuickGelu", [parts[0]], f"{name}.opened", domain=MICROSOFT, alpha=1.0)
        return self.product(self.graph.node("Mul", [gate, parts[1]], f"{name}.gated"), f"{name}.narrow")

    def model(self) -> bytes:
        """Return the whole graph."""
        if "distances" in self.config:
            self.distance_index()
        stream, added = self.embedded(), ""
        for layer in range(int(self.config["layers"])):
            name = f"blocks.{layer}"
            normal, stream = self.norm(stream, added, f"{name}.before_attention")
            added = self.product(self.attention(self.product(normal, f"{name}.asked"), layer), f"{name}.answered")
            normal, stream = self.norm(stream, added, f"{name}.before_products")
            added = self.after_attention(normal, name)
        normal, _ = self.norm(stream, added, "norm")
        self.graph.node("Identity", [self.product(normal, "output")], "logits")
        facts = {name: self.config[name] for name in ("vocabulary", "window")}
        if self.positions:
            facts["slowest"] = self.config.get("slowest", SLOWEST)
            facts["restarts"] = not self.gated  # positions beyond the window were never met
        return model_bytes(self.graph, self.inputs(), self.outputs(), {FACTS: json.dumps(facts)})

    @property
    def positions(self) -> int:
        """Rates at which positions turn, or 0 for a network that does not count them."""
        return self.dim // 2 if self.gated else 0 if "distances" in self.config else int(self.config["units"]) // 2

    def buffers(self, prefix: str) -> list[onnx.ValueInfoProto]:
        """Keys and values of every layer."""
        kind = TensorProto.FLOAT if self.scales is None else TensorProto.INT8
        shape: list[str | int] = ["batch", self.heads, "capacity", self.dim]
        names = [f"{prefix}{word}.{layer}" for layer in range(int(self.config["layers"])) for word in ("keys", "values")]
        return [helper.make_tensor_value_info(name, kind, shape) for name in names]

    def inputs(self) -> list[onnx.ValueInfoProto]:
        """What the graph takes."""
        info = helper.make_tensor_value_info
        waves = [info(name, TensorProto.FLOAT, ["waves", self.positions]) for name in ("cosines", "sines")]
        positions = [*waves, info("rows", TensorProto.INT64, ["batch", "time"])] if self.positions else []
        ids, last, total = (
            info("ids", TensorProto.INT64, ["batch", "time"]),
            info("last", TensorProto.INT32, ["batch"]),
            info("total", TensorProto.INT32, []),
        )
        return [ids, last, total, *positions, *self.buffers("")]

    def outputs(self) -> list[onnx.ValueInfoProto]:
        """What it gives, the inputs of its products among it where it is there to be measured."""
        info = helper.make_tensor_value_info
        logits = info("logits", TensorProto.FLOAT, ["batch", "time", self.config["vocabulary"]])
        probes = [info(name, TensorProto.FLOAT, ["batch", "time", None]) for name in self.probes]
        return [logits, *self.buffers("next."), *probes]


def build(weights: Weights, config: Mapping[str, Any], scales: Scales | None) -> bytes:
    """Return the graph: in bytes within `scales`, or in float32 with the input of each product as an output ``probe.NAME`` where None."""
    floats = {name: np.asarray(value, np.float32) for name, value in weights.items()}
    return _Builder(floats, config, scales).model()
