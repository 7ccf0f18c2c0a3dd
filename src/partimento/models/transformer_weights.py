"""A Transformer's weights read back from its graph in bytes: large models are shipped without any others.

What `transformer_graph` writes is undone: each whole number is multiplied by its output's scale. What `transformer_scales` moved from one
product to the next stays where it is, for the network says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from partimento.errors import BundleError

Floats = NDArray[np.float32]


def weights_of(graph: bytes, config: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the weights, named as the modules' `state_dict` names them, to 8 bits.

    Args:
        graph: What `transformer_scales.step_graph` made.
        config: The network's settings, as it was given them.

    Raises:
        BundleError: When it is no such graph.
    """
    try:
        kept = {entry.name: numpy_helper.to_array(entry) for entry in onnx.load_model_from_string(graph).graph.initializer}
        table = _real(kept["embedded.table"], kept["embedded.scale"])
        named = [name for name in kept if name.partition(".")[0] in ("blocks", "norm", "output") and name.endswith((".weight", ".bias"))]
        found = {name: _transposed(kept, name) for name in named}
        for layer in range(config["layers"]) if "distances" in config else ():
            near = _real(kept[f"relative.{layer}.whole"], kept[f"relative.{layer}.scale"])  # (heads, dim, distances)
            found[f"blocks.{layer}.relative"] = near.transpose(0, 2, 1) * np.float32(np.sqrt(near.shape[1]))
    except Exception as error:  # protobuf's errors are not onnx's to name
        raise BundleError(f"its graph is none of a Transformer in bytes ({type(error).__name__}: {error}). Fetch it again.") from error
    if "slowest" not in config and "distances" not in config:
        table = table / np.float32(np.sqrt(config["units"]))
    return {"embed.weight": table, **found}


def _real(whole: NDArray[Any], scale: NDArray[Any]) -> Floats:
    """Whole numbers as what they stand for."""
    return np.asarray(whole.astype(np.float32) * scale, np.float32)


def _transposed(kept: Mapping[str, NDArray[Any]], name: str) -> Floats:
    """A weight as modules have it: those of products (out, in), of norms and biases as they are."""
    value = kept[name]
    return np.asarray(value, np.float32) if value.dtype != np.int8 else _real(value, kept[name.replace(".weight", ".scale")]).T
