"""What goes through the ear of `key_net` while it hears, measured, so that its blocks can count in bytes.

A limit leaves out what hardly ever comes, `RARE` of the values at each end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models.key_net_graph import key_net_graph
from partimento.models.key_net_live_graph import key_net_live_graph
from partimento.models.onnx_graph import Range, Weights
from partimento.models.onnx_session import opened

RARE = 1e-5
"""Share of the values that lie below the lowest limit, and above the highest."""


def byte_graph(weights: Weights, config: Mapping[str, Any], spectra: Iterable[NDArray[np.float32]]) -> bytes:
    """Return the graph of `key_net_graph` whose blocks count in bytes; of an ear that hears little ahead, of `key_net_live_graph`.

    Args:
        weights: Named as `key_net.KeyNet.state_dict` names them.
        config: Settings of `key_net.KeyNetConfig`.
        spectra: What it hears while it is measured, each of shape (time, windows, bins): pianos as they will be.
    """
    make = key_net_graph if config.get("ahead") is None else key_net_live_graph
    return make(weights, config, _limits(key_net_graph(weights, config), len(config["dilations"]), spectra))


def _limits(graph: bytes, blocks: int, spectra: Iterable[NDArray[np.float32]]) -> dict[str, Range]:
    """The limits of what goes through each block, by name."""
    model = onnx.load_from_string(graph)
    names = {"stem": "stem.out", "normal": "norm.relu", "wide": "wide.relu", "out": f"blocks.{blocks - 1}.all"}
    for number in range(blocks):
        before = f"blocks.{number - 1}.all" if number else "stem.all"
        name = f"blocks.{number}"
        names |= {
            f"{name}.in": before,
            f"{name}.said": f"{name}.said",
            f"{name}.narrow": f"{name}.narrow.out",
            f"{name}.others": f"{name}.others",
            f"{name}.own": f"{name}.own",
        }
    model.graph.output.extend(helper.make_tensor_value_info(value, TensorProto.FLOAT, None) for value in set(names.values()))
    session = opened(model.SerializeToString(), threads=1)
    found: dict[str, list[Range]] = defaultdict(list)
    for stretch in spectra:
        found["spectra"].append((0.0, float(stretch.max())))
        heard = dict(zip(names, session.run(list(names.values()), {"spectra": stretch[None]}), strict=True))
        after = [heard[f"blocks.{number}.in"] for number in range(1, blocks)] + [heard["out"]]
        heard |= {f"blocks.{number}.added": values - heard[f"blocks.{number}.in"] for number, values in enumerate(after)}
        for name, values in heard.items():
            found[name].append((float(np.quantile(values, RARE)), float(np.quantile(values, 1 - RARE))))
    return {name: (min(0.0, *(low for low, _ in each)), max(0.0, *(high for _, high in each))) for name, each in found.items()}
