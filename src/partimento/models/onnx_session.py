"""A trained model as an ONNX graph behind `start` and `step`: no torch, one thread, the same bytes everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.models.model import Logits, State


def opened(graph: bytes, *, threads: int = 1) -> Any:
    """Return the onnxruntime session of a graph.

    Args:
        graph: A model's bytes.
        threads: Threads of one step.

    Raises:
        ValueError: When onnxruntime does not take it (its own error classes are hidden behind this one), when it refers to other
            files, or may never end.
    """
    import onnxruntime  # noqa: PLC0415  # 0.17 s that `import partimento` need not pay

    if b"location" in graph:  # the key under which ONNX names files with a graph's weights
        raise ValueError("the graph refers to other files, expected one that holds all its weights")
    if any(b'"\x04' + kind in graph for kind in (b"Loop", b"Scan")):  # how ONNX writes the kind of a node
        raise ValueError("the graph has a loop, which may never end, expected one step")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.x64quantprecision", "1")  # processors without VNNI cut sums of bytes off otherwise
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # onnxruntime's errors share no public base class
        raise ValueError(f"onnxruntime does not take the graph: {str(error).splitlines()[0]}") from error


class OnnxSession:
    """A graph with inputs ``ids`` and ``state.*`` and outputs ``logits`` and ``next.*``.

    A part of the state that comes back without rows stays as it was: so a large part that rarely changes need not be copied.

    Args:
        graph: The model's bytes, as a graph builder of this package made them.
        threads: Threads of one step; small models are fastest on one.

    Raises:
        ValueError: When the graph cannot be opened, or is no step of a model.
    """

    def __init__(self, graph: bytes, *, threads: int = 1) -> None:
        self._session = opened(graph, threads=threads)
        inputs = {value.name: value for value in self._session.get_inputs()}
        outputs = {value.name: value for value in self._session.get_outputs()}
        self._states = [name for name in inputs if name.startswith("state.")]
        wanted = {"logits", *(f"next.{name.removeprefix('state.')}" for name in self._states)}
        sized = all(
            len(value.shape) == 2 and isinstance(value.shape[1], int) for value in [*(inputs[n] for n in self._states), *outputs.values()]
        )
        if set(inputs) != {"ids", *self._states} or set(outputs) != wanted or not sized:
            raise ValueError(
                f"the graph takes {', '.join(inputs)} and gives {', '.join(outputs)}, expected ids, state.*, logits and next.*"
            )
        self._widths = [int(inputs[name].shape[1]) for name in self._states]
        self._types = [np.int64 if "int64" in inputs[name].type else np.float32 for name in self._states]
        facts = self._session.get_modelmeta().custom_metadata_map
        self._filler = int(facts.get("past_filler", 0))
        self._outputs = ["logits", *(f"next.{name.removeprefix('state.')}" for name in self._states)]
        self.vocabulary = int(outputs["logits"].shape[1])

    def start(self, batch: int) -> State:
        """Return the state before the first id: zeros, and ids that are none."""
        return tuple(
            np.full((batch, width), self._filler if kind is np.int64 else 0, kind)
            for width, kind in zip(self._widths, self._types, strict=True)
        )

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return logits (batch, vocabulary) and the next state."""
        feeds = dict(zip(self._states, state, strict=True))
        feeds["ids"] = np.asarray(ids, np.int64)
        logits, *after = self._session.run(self._outputs, feeds)
        return logits, tuple(new if len(new) or not len(old) else old for new, old in zip(after, state, strict=True))
