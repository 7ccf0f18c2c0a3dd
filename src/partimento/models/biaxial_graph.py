"""The biaxial network as an ONNX graph that takes one id: the axis of time once a frame, the axis of notes once a key.

All rows of a batch stand at the same id of a frame, for every frame has as many; ``state.phase`` says at which. With the
id of a place, an ``If`` runs the axis of time for all keys at once and leaves what follows from it for the whole frame: what
it brings to the gates of the first layer along the notes, and the logits of the next place. With any other id these
parts of the state stay as they were, which the graph says by giving them no rows (see `onnx_session`).

Products are of whole numbers, and so are all sums over keys: the same logits in any batch. What never changes, the height
of a note, is folded into a bias, the place into a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper

from partimento.models import biaxial_inputs as inputs
from partimento.models.onnx_graph import HALF, Graph, Weights, model_bytes, value

IMPOSSIBLE = -1e9
_START_AND_END = 2
_SHARPNESS = 8.0  # as in `biaxial`, which imports torch

Floats = Mapping[str, NDArray[np.float32]]


def step_graph(weights: Weights, config: Mapping[str, Any], *, epsilon: float) -> bytes:
    """Return the ONNX graph of one step.

    Inputs ``ids`` (batch,) and ``state.*``: ``cells`` (layers along time, each its outputs and memories of all keys), ``notes``
    (layers along the notes), ``gates`` and ``places`` (what follows from the last place for the frame), ``past`` (what the last
    `keys` keys did), ``place`` (its number from 1, 0 for none) and ``phase``. Outputs ``logits`` (batch, vocabulary) and ``next.*``.

    Args:
        weights: Named as `biaxial.Biaxial.state_dict` names them, float32.
        config: The network's settings, as JSON values.
        epsilon: What the normalisation adds to the variance.
    """
    floats = {name: np.asarray(array, np.float32) for name, array in weights.items()}
    return _Step(_folded(floats, config, epsilon), config).bytes()


def _folded(floats: dict[str, NDArray[np.float32]], config: Mapping[str, Any], epsilon: float) -> Floats:
    """The weights, each normalisation put into the product behind it."""
    layers = [f"{axis}.{layer}" for axis, units in (("time", "time_units"), ("notes", "note_units")) for layer in range(len(config[units]))]
    for name, following in pairwise([*layers, "output"]):
        axis, layer = name.split(".")
        norm = f"{axis.removesuffix('s')}_norms.{layer}"
        factor = floats[f"{norm}.weight"] / np.sqrt(floats[f"{norm}.variance"] + np.float32(epsilon))
        shift = floats[f"{norm}.bias"] - floats[f"{norm}.mean"] * factor
        matrix, bias = (f"{following}.weight_ih_l0", f"{following}.bias_ih_l0") if following in layers else ("output.weight", "output.bias")
        weight = floats[matrix].copy()
        floats[bias] = floats[bias] + weight[:, : factor.size] @ shift
        weight[:, : factor.size] *= factor
        floats[matrix] = weight
    return floats


class _Step:
    """The graph while it is put together."""

    def __init__(self, floats: Floats, config: Mapping[str, Any]) -> None:
        self.floats = floats
        self.metres = tuple(config["metres"])
        self.keys = int(config["frame"]) - 1
        self.time_units, self.note_units = [int(u) for u in config["time_units"]], [int(u) for u in config["note_units"]]
        self.lowest, self.invariant, self.articulate = int(config["lowest"]), bool(config["invariant"]), bool(config["articulate"])
        self.choices = 3 if self.articulate else 2
        self.vocabulary = int(config["vocabulary"])
        self.first_key = self.vocabulary - self.choices
        self.widths = {
            "cells": 2 * sum(self.time_units) * self.keys,
            "notes": 2 * sum(self.note_units),
            "gates": 4 * self.note_units[0] * self.keys,
            "places": self.vocabulary,
        }
        self.graph = Graph()

    def bytes(self) -> bytes:
        """Put it together."""
        graph = self.graph
        phase = graph.node(
            "Gather", ["state.phase", graph.constant("lowest", np.array(0, np.int64))], "phase", axis=0
        )  # (1,), the same in every row
        is_place = graph.node("Equal", [phase, self._ints("one", 1)], "is_place")
        is_first = graph.node("Equal", [phase, self._ints("zero", 0)], "is_first")
        does = self._does()
        self._past(is_place, does)
        self._if_place(is_place, phase)
        logits = self._key_logits(self._along_notes(does, is_first))
        self._place_logits(is_first, logits)
        column = graph.node("Unsqueeze", ["ids", self._ints("axis1", 1)], "ids.column")
        number = graph.node("Sub", [column, self._ints("one", 1)], "number.column")  # of a place, from 1
        graph.node("Where", [is_place, number, "state.place"], "next.place")
        later = graph.node("Add", ["state.phase", self._ints("one", 1)], "phase.later")
        graph.node("Mod", [later, self._ints("frame", self.keys + 1)], "next.phase")
        whole = {"past": self.keys, "place": 1, "phase": 1}
        states = [(name, TensorProto.FLOAT, width) for name, width in self.widths.items()]
        states += [(name, TensorProto.INT64, width) for name, width in whole.items()]
        return model_bytes(
            graph,
            [value("ids", TensorProto.INT64), *(value(f"state.{name}", kind, width) for name, kind, width in states)],
            [value("logits", TensorProto.FLOAT, self.vocabulary), *(value(f"next.{name}", kind, width) for name, kind, width in states)],
            {},
        )

    # --- once an id

    def _does(self) -> str:
        """What the id lets its key do, 0 for one that is no key; shape (batch, 1)."""
        graph = self.graph
        offset = graph.node("Sub", ["ids", self._ints("first_key", self.first_key)], "offset")
        positive = graph.node("Max", [offset, self._ints("zero", 0)], "does")
        return graph.node("Unsqueeze", [positive, self._ints("axis1", 1)], "does.column")

    def _past(self, is_place: str, does: str) -> None:
        """The last keys moved on by one, unless the id is a place; then what the next key did in the frame before stands first."""
        graph, one = self.graph, self._ints("one", 1)
        kept = graph.node("Slice", ["state.past", one, self._ints("keys", self.keys), one], "past.kept")
        moved = graph.node("Concat", [kept, does], "past.moved", axis=1)
        graph.node("Where", [is_place, "state.past", moved], "next.past")

    def _along_notes(self, does: str, is_first: str) -> str:
        """One key further along the notes; returns what the last layer says, in bytes. A frame's first key starts from nothing."""
        graph, floats = self.graph, self.floats
        units = self.note_units
        names = [f"{part}{layer}" for layer in range(len(units)) for part in ("note_h", "note_c")]
        self._cut("state.notes", names, [width for width in units for _ in range(2)])
        said = floats["notes.0.weight_ih_l0"][:, self.time_units[-1] :].T  # (choices - 1, gates)
        table = np.concatenate([np.zeros((1, said.shape[1]), np.float32), said.cumsum(axis=0)])
        flat = graph.node("Squeeze", [does, self._ints("axis1", 1)], "does.flat")
        gates = graph.node("Add", ["row", graph.node("Gather", [graph.constant("said", table), flat], "said.row")], "note_gates0")
        after: list[str] = []
        below = ""
        for layer, width in enumerate(units):
            if layer:
                gates = graph.product(below, floats[f"notes.{layer}.weight_ih_l0"].T, self._bias(f"notes.{layer}"), f"note_gates{layer}")
            hidden, memory = self._lstm(graph, gates, f"notes.{layer}", (f"note_h{layer}", f"note_c{layer}"), width)
            below = graph.quantise(hidden)
            after += [hidden, memory]
        zeros = graph.constant("no_notes", np.zeros((1, self.widths["notes"]), np.float32))
        graph.node("Where", [is_first, zeros, graph.node("Concat", after, "notes.after", axis=1)], "next.notes")
        return below

    def _key_logits(self, below: str) -> str:
        """Logits of what the key does, shape (batch, choices); no hold of what did not sound."""
        graph, floats = self.graph, self.floats
        logits = graph.product(below, floats["output.weight"].T, floats["output.bias"], "key")
        if not self.articulate:
            return logits
        zero, one = self._ints("zero", 0), self._ints("one", 1)
        before = graph.node("Slice", ["next.past", zero, one, one], "before")
        silent = graph.node("Equal", [before, zero], "before.silent")
        hold = graph.constant("hold", np.array([[False, True, False]]))
        barred = graph.node("And", [silent, hold], "barred")
        return graph.node("Where", [barred, self._floats("impossible", IMPOSSIBLE), logits], "key.possible")

    def _place_logits(self, is_first: str, keys: str) -> None:
        """All logits: a place's where a frame begins, a key's elsewhere; before the first frame what is known without hearing."""
        graph = self.graph
        known = self._place_table()[0] + np.pad(self.floats["place.bias"], (1, self.choices), constant_values=0)
        none = graph.node("Equal", ["state.place", self._ints("zero", 0)], "no_place")
        opening = graph.constant("opening", np.maximum(known, IMPOSSIBLE).astype(np.float32)[None])
        places = graph.node("Where", [none, opening, "state.places"], "places.now")
        full = graph.node(
            "Pad", [keys, self._ints("before_keys", 0, self.first_key, 0, 0), self._floats("impossible", IMPOSSIBLE)], "key.full"
        )
        graph.node("Where", [is_first, places, full], "logits")

    # --- once a frame

    def _if_place(self, is_place: str, phase: str) -> None:
        """What changes with a place alone: ``next.cells``, ``next.gates``, ``next.places``; and ``row``, the next key's gates."""
        outputs = [*(f"next.{name}" for name in ("cells", "gates", "places")), "row"]
        run, stay = Graph(constants=self.graph.constants), Graph(constants=self.graph.constants)
        self._along_time(run)
        for name in ("cells", "gates", "places"):
            empty = self.graph.constant(f"no_{name}", np.zeros((0, self.widths[name]), np.float32))
            stay.node("Identity", [empty], f"stay.{name}")
        gates = stay.node("Reshape", ["state.gates", self._ints("by_key", -1, self.keys, 4 * self.note_units[0])], "stay.gates3")
        place = stay.node("Sub", [phase, self._ints("one", 1)], "stay.key")
        stay.node("Squeeze", [stay.node("Gather", [gates, place], "stay.row3", axis=1), self._ints("axis1", 1)], "stay.row")
        branches = {}
        for name, branch in (("then_branch", run), ("else_branch", stay)):
            made = [f"{'run' if branch is run else 'stay'}.{part}" for part in ("cells", "gates", "places", "row")]
            branches[name] = helper.make_graph(
                branch.nodes, name, [], [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in made]
            )
        self.graph.nodes.append(helper.make_node("If", [is_place], outputs, name="if_place", **branches))

    def _along_time(self, graph: Graph) -> None:
        """One frame further along time, all keys at once."""
        floats, keys = self.floats, self.keys
        names = [f"{part}{layer}" for layer in range(len(self.time_units)) for part in ("time_h", "time_c")]
        sizes = self._ints("time_sizes", *(keys * width for width in self.time_units for _ in range(2)))
        graph.nodes.append(helper.make_node("Split", ["state.cells", sizes], [f"{n}.flat" for n in names], name="time_split", axis=1))
        for name, width in zip(names, [w for w in self.time_units for _ in range(2)], strict=True):
            graph.node("Reshape", [f"{name}.flat", self._ints(f"rows{width}", -1, width)], name)
        gates, after, below = self._heard(graph), [], ""
        for layer, width in enumerate(self.time_units):
            if layer:
                gates = graph.product(below, floats[f"time.{layer}.weight_ih_l0"].T, self._bias(f"time.{layer}"), f"time_gates{layer}")
            hidden, memory = self._lstm(graph, gates, f"time.{layer}", (f"time_h{layer}", f"time_c{layer}"), width)
            below = graph.quantise(hidden)
            flat = self._ints(f"flat{width}", -1, keys * width)
            after += [graph.node("Reshape", [part, flat], f"{part}.flat") for part in (hidden, memory)]
        graph.node("Concat", after, "run.cells", axis=1)
        first = floats["notes.0.weight_ih_l0"][:, : self.time_units[-1]].T
        brought = graph.product(below, first, self._bias("notes.0"), "brought")
        units = 4 * self.note_units[0]
        graph.node("Reshape", [brought, self._ints("flat_gates", -1, keys * units)], "run.gates")
        by_key = graph.node("Reshape", [brought, self._ints("by_key", -1, keys, units)], "run.gates3")
        graph.node("Gather", [by_key, graph.constant("lowest", np.array(0, np.int64))], "run.row", axis=1)
        self._next_places(graph, below)

    def _heard(self, graph: Graph) -> str:
        """The gates that the last frame and the place bring to the first layer along time, shape (batch * keys, gates)."""
        keys, weight = self.keys, self.floats["time.0.weight_ih_l0"].T
        columns = inputs.sections(articulate=self.articulate)
        parts = []
        for name, test, level in (("played", "Greater", 0), ("struck", "Equal", 2)):
            if columns[name].start == columns[name].stop:
                continue
            real = graph.node(
                "Cast", [graph.node(test, ["state.past", self._ints(f"level{level}", level)], f"{name}.true")], name, to=TensorProto.FLOAT
            )
            wide = graph.node(
                "Pad", [real, self._ints("reach", 0, inputs.REACH, 0, inputs.REACH), self._floats("nothing", 0.0)], f"{name}.wide"
            )
            parts.append(graph.node("Gather", [wide, graph.constant("windows", inputs.windows(keys))], f"{name}.near", axis=1))
        counts = graph.node("MatMul", ["played", graph.constant("classes", inputs.classes(keys))], "counts")
        parts.append(graph.node("Gather", [counts, graph.constant("rotated", inputs.rotated(keys))], "counts.near", axis=1))
        near = graph.node("Concat", parts, "near", axis=2)
        width = columns["classes"].stop - inputs.FIXED
        rows = graph.node("Reshape", [near, self._ints("near_rows", -1, width)], "near.rows")
        unit, middle = graph.constant("unit", np.array(1.0, np.float32)), graph.constant("zero_u8", np.array(128, np.uint8))
        whole = graph.node("QuantizeLinear", [rows, unit, middle], "near.u8")
        product = graph.product(
            whole, weight[inputs.FIXED : inputs.FIXED + width] * np.float32(HALF), None, "near.gates"
        )  # HALF: see `quantise`
        gates = weight.shape[1]
        by_key = graph.node("Reshape", [product, self._ints("gates_by_key", -1, keys, gates)], "near.by_key")
        fixed = inputs.fixed_inputs(keys, self.lowest) * (not self.invariant)
        high = graph.constant("height", (fixed @ weight[columns["fixed"]] + self._bias("time.0")).astype(np.float32))
        places = np.roll(inputs.beats(self.metres), 1, axis=0)  # no place first
        different, which = np.unique(places, axis=0, return_inverse=True)  # a few, for hundreds of places
        number = graph.node("Sub", ["ids", self._ints("one", 1)], "number")
        kind = graph.node("Gather", [graph.constant("beat_of", which.reshape(-1).astype(np.int64)), number], "beat.kind")
        beats = graph.constant("beats", (different @ weight[columns["beats"]]).astype(np.float32))
        beat = graph.node("Unsqueeze", [graph.node("Gather", [beats, kind], "beat"), self._ints("axis1", 1)], "beat.row")
        total = graph.node("Add", [graph.node("Add", [by_key, high], "near.high"), beat], "heard")
        return graph.node("Reshape", [total, self._ints("gate_rows", -1, gates)], "time_gates0")

    def _next_places(self, graph: Graph, below: str) -> None:
        """Logits of the place after this frame, as wide as the vocabulary, from what the notes remember, on average."""
        floats, keys, units = self.floats, self.keys, self.time_units[-1]
        whole = graph.node("Cast", [below], "memory.whole", to=TensorProto.INT32)
        by_key = graph.node("Reshape", [whole, self._ints("memory_by_key", -1, keys, units)], "memory.by_key")
        total = graph.node("ReduceSum", [by_key, self._ints("axis1", 1)], "memory.total", keepdims=0)
        real = graph.node("Cast", [total], "memory.real", to=TensorProto.FLOAT)
        centred = graph.node("Sub", [real, self._floats("middle_sum", 128.0 * keys)], "memory.centred")
        mean = graph.node("Div", [centred, self._floats("mean_of", HALF * keys)], "memory.mean")
        weight = np.pad(floats["place.weight"], ((1, self.choices), (0, 0))).T  # the start before, the keys behind
        bias = np.pad(floats["place.bias"], (1, self.choices))
        logits = graph.product(graph.quantise(mean), weight, bias, "place")
        table = graph.node("Gather", [graph.constant("place_table", self._place_table()), "number"], "place.row")
        graph.node("Max", [graph.node("Add", [logits, table], "place.all"), self._floats("impossible", IMPOSSIBLE)], "run.places")

    def _place_table(self) -> NDArray[np.float32]:
        """What each place, none first, says of the next id; shape (places + 1, vocabulary)."""
        said = _SHARPNESS * self.floats["place_embed"][inputs.metre_of(self.metres)]
        table = np.where(inputs.may_follow(self.metres), said, 2 * IMPOSSIBLE)
        wide = np.pad(table, ((0, 0), (1, self.choices)), constant_values=2 * IMPOSSIBLE)
        return np.roll(wide, 1, axis=0).astype(np.float32)

    # --- parts

    def _lstm(self, graph: Graph, gates: str, name: str, state: tuple[str, str], units: int) -> tuple[str, str]:
        """One LSTM cell from its input's gates and its state, output and memory."""
        recurrent = graph.product(graph.quantise(state[0]), self.floats[f"{name}.weight_hh_l0"].T, None, f"{name}.re")
        return graph.lstm(graph.node("Add", [gates, recurrent], f"{name}.total"), state[1], name, units)

    def _bias(self, name: str) -> NDArray[np.float32]:
        """Both biases of a layer."""
        return np.asarray(self.floats[f"{name}.bias_ih_l0"] + self.floats[f"{name}.bias_hh_l0"])

    def _cut(self, whole: str, names: list[str], widths: list[int]) -> None:
        """Cut a state into its parts."""
        sizes = self._ints("note_sizes", *widths)
        self.graph.nodes.append(helper.make_node("Split", [whole, sizes], names, name=names[0], axis=1))

    def _ints(self, name: str, *values: int) -> str:
        """A constant of whole numbers, shape (values,)."""
        return self.graph.constant(f"int.{name}", np.array(values, np.int64))

    def _floats(self, name: str, number: float) -> str:
        """A constant number without a shape."""
        return self.graph.constant(f"float.{name}", np.array(number, np.float32))
