"""What goes through a Transformer while it reads, measured, so that its graph can count in bytes.

One scale serves a whole product, so no channel of its input may tower over the others. Each channel is therefore divided by
a factor where it is made (in a norm's gain, or in the rows of the product before) and its weights are multiplied by it, the
factor being such that most of what is uneven falls to the weights: the network says what it said. Keys are divided likewise, and queries
multiplied, so that one scale serves a layer's keys (a scale a channel takes a quarter longer). The limit is the largest magnitude that
came; to cut off what is rare made nothing better.

Paper: Xiao et al. 2023, "SmoothQuant". Differs: the inputs of the second products are evened too, for what stands before them lets
a factor through: the attention, a rectifier, a gate's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.models.onnx_graph import Weights
from partimento.models.onnx_session import opened
from partimento.models.transformer_graph import SLOWEST, Scales, build
from partimento.models.transformer_session import rates

Floats = NDArray[np.float32]

EVENED = np.float32(0.65)
"""Share of an input's unevenness that falls to its weights: of 0.3, 0.5, 0.65 and 0.8 the one that changed the least of what is said."""

LEAST = 1e-6
"""What is added to a magnitude, for nothing is divided by 0."""


@dataclass
class _Heard:
    """What went through the network.

    Attributes:
        inputs: Name of a product -> largest magnitudes of its input, (in,).
        keys: Layer -> largest magnitudes of its keys, (units,).
        values: Of its values.
    """

    inputs: dict[str, Floats] = field(default_factory=dict)
    keys: dict[int, Floats] = field(default_factory=dict)
    values: dict[int, Floats] = field(default_factory=dict)


def step_graph(weights: Weights, config: Mapping[str, Any], ids: NDArray[np.integer]) -> bytes:
    """Return the graph of one step, in bytes, for `transformer_session`.

    Args:
        weights: Named as the modules' `state_dict` names them, float32.
        config: Settings of `transformer.TransformerConfig`, `music_transformer.MusicTransformerConfig` or
            `modern_transformer.ModernTransformerConfig`.
        ids: What the network reads while it is measured, shape (rows, time): pieces of the kind it is to write, from their beginning and
            from within. A dozen rows of a few hundred ids will do.
    """
    floats = {name: np.array(value, np.float32) for name, value in weights.items()}
    heard = _heard(build(floats, config, None), config, ids)
    limits = {}
    for name, most in heard.inputs.items():
        weight = floats[f"{name}.weight"]
        factor = _above(most) ** EVENED / _above(np.abs(weight).max(axis=0)) ** (1 - EVENED)
        weight *= factor
        _divide(floats, *_maker(name, config, len(factor)), factor)
        limits[name] = float((most / factor).max()) + LEAST
        if name.endswith(".answered"):
            heard.values[int(name.split(".")[1])] /= factor
    for layer, most in heard.keys.items():
        _even_keys(floats, layer, _above(most), config)
    values = {layer: float(most.max()) + LEAST for layer, most in heard.values.items()}
    return build(floats, config, Scales(limits, values))


def _divide(floats: dict[str, Floats], maker: str, rows: slice, factor: Floats) -> None:
    """Divide what a product or a norm makes, channel by channel."""
    for part in (f"{maker}.weight", f"{maker}.bias"):
        if part in floats:
            floats[part][rows] /= factor.reshape(-1, *[1] * (floats[part].ndim - 1))


def _even_keys(floats: dict[str, Floats], layer: int, most: Floats, config: Mapping[str, Any]) -> None:
    """Divide a layer's keys by their largest magnitudes, (units,), so that all reach to 1, and multiply the queries that ask for them."""
    units, asked, relative = config["units"], f"blocks.{layer}.asked", f"blocks.{layer}.relative"
    _divide(floats, asked, slice(units), np.reciprocal(most))
    _divide(floats, asked, slice(units, 2 * units), most)
    if relative in floats:
        floats[relative] /= most.reshape(config["heads"], 1, -1)


def _above(magnitudes: Floats) -> Floats:
    """The same, none of them vanishing beside the largest."""
    return np.asarray(np.maximum(magnitudes, 1e-3 * magnitudes.max() + LEAST), np.float32)


def _maker(name: str, config: Mapping[str, Any], width: int) -> tuple[str, slice]:
    """What makes the input of a product, and which rows of it."""
    block, _, word = name.rpartition(".")
    if word == "answered":
        return f"{block}.asked", slice(2 * config["units"], None)  # behind queries and keys
    if word == "narrow":
        return f"{block}.widen", slice(-width, None)  # behind the gates, where there are any
    return {"asked": f"{block}.before_attention", "widen": f"{block}.before_products", "output": "norm"}[word], slice(None)


def _heard(graph: bytes, config: Mapping[str, Any], ids: NDArray[np.integer]) -> _Heard:
    """What goes through the float32 graph while it reads."""
    session, heard = opened(graph), _Heard()
    names = [value.name for value in session.get_outputs()]
    for row in ids:
        for name, value in zip(names, session.run(names, _feeds(session, row, config)), strict=True):
            if name.startswith("probe."):
                _raise(heard.inputs, name.removeprefix("probe."), np.abs(value).max(axis=(0, 1)))
            elif name.startswith("next.keys."):
                pairs = np.hypot(*np.split(value, 2, axis=3))  # turned by its place, either half may come to hold all of a pair
                turned = np.concatenate([pairs, pairs], axis=3) if "slowest" in config else np.abs(value)
                _raise(heard.keys, int(name.split(".")[-1]), turned.max(axis=(0, 2)).ravel())
            elif name.startswith("next.values."):
                _raise(heard.values, int(name.split(".")[-1]), np.abs(value).max(axis=(0, 2)).ravel())
    return heard


def _raise(known: dict[Any, Floats], name: str | int, magnitudes: Floats) -> None:
    """Keep the largest magnitudes."""
    known[name] = np.maximum(known.get(name, magnitudes), magnitudes)


def _feeds(session: Any, row: NDArray[np.integer], config: Mapping[str, Any]) -> dict[str, NDArray[np.generic]]:
    """What the float32 graph takes to read one row, shape (time,), from its beginning."""
    time = len(row)
    buffer = np.zeros((1, config["heads"], time, config["units"] // config["heads"]), np.float32)
    feeds: dict[str, NDArray[np.generic]] = {"ids": np.asarray(row, np.int64)[None]}
    feeds |= {"last": np.array([time - 1], np.int32), "total": np.array(time, np.int32)}
    for value in session.get_inputs():
        if value.name == "rows":
            feeds["rows"] = np.arange(time)[None]
        elif value.name in ("cosines", "sines"):
            angles = np.arange(time)[:, None] * rates(value.shape[1], config.get("slowest", SLOWEST))
            feeds[value.name] = (np.cos if value.name == "cosines" else np.sin)(angles).astype(np.float32)
        elif value.name not in feeds:
            feeds[value.name] = buffer
    return feeds
