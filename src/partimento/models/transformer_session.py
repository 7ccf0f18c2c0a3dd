"""A Transformer behind `start`, `step` and `read_many`: keys and values stay where they are, and yet a state can be forked. No torch.

A state is, piece by piece: how many places of its buffers it knows; how many are written; the position of the first of them; the ids
that were read into them, where they may be read once more; then keys and values of every layer. A step writes behind what it knows,
in place, and returns the same buffers known one place farther: who holds the older state still has what it had, for it never looks
beyond. Where somebody has gone on from it already, more is written than known, and what is known is copied first. Full buffers are
left as they are too, and the end of them moves to new ones; of a network that counts positions from the beginning, and has met none
beyond its window, the later half is read anew from there.
"""

from __future__ import annotations

import json
import operator
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.models.model import Logits, State
from partimento.models.onnx_session import opened

FACTS = "transformer"
"""Key of a graph's metadata under which stands how far it looks back."""

ROOM = 128
"""Places of a buffer beyond its window: so many steps pass before its end is moved to a new one."""

LARGEST_WINDOW, MOST_RATES = 65_536, 4096

LENGTHS, FILLED, FIRST, IDS, BUFFERS = range(5)
"""Parts of a state."""

Array = NDArray[Any]


class TransformerSession:
    """A graph of `transformer_graph` as a model that writes id by id and reads many at once.

    Args:
        graph: The model's bytes.
        threads: Threads of one step.

    Raises:
        ValueError: When it is no such graph.
    """

    def __init__(self, graph: bytes, *, threads: int = 1) -> None:
        self._session = opened(graph, threads=threads)
        words = self._session.get_modelmeta().custom_metadata_map.get(FACTS)
        if words is None:
            raise ValueError("the graph does not say how far it looks back, expected one of a Transformer")
        try:
            facts = json.loads(words)
            self.vocabulary, self.window, slowest = int(facts["vocabulary"]), int(facts["window"]), float(facts.get("slowest", 0))
            self._restarts = bool(facts.get("restarts", False))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the graph's words on how far it looks back cannot be used ({error})") from error
        inputs = {value.name: value for value in self._session.get_inputs()}
        self._buffers = [name for name in inputs if name.startswith(("keys.", "values."))]
        waves = ["cosines", "sines", "rows"] if slowest else []
        outputs = {value.name for value in self._session.get_outputs() if not value.name.startswith("probe.")}
        wanted = {"logits", *(f"next.{name}" for name in self._buffers)}
        sound = 1 <= self.window <= LARGEST_WINDOW and self._buffers and not (slowest and slowest <= 1)
        if not sound or set(inputs) != {"ids", "last", "total", *waves, *self._buffers} or outputs != wanted:
            raise ValueError(f"the graph takes {', '.join(inputs)} and has a window of {self.window}, expected a Transformer's step")
        shape = inputs[self._buffers[0]].shape
        count = inputs["cosines"].shape[1] if slowest else 1
        if not all(isinstance(width, int) and 0 < width <= MOST_RATES for width in (shape[1], shape[3], count)):
            raise ValueError(f"the graph keeps {shape} of a place, expected heads and their width")
        self._heads, self._dim, self.capacity = shape[1], shape[3], self.window + ROOM * (not self._restarts)
        self._kind = np.int8 if "int8" in inputs[self._buffers[0]].type else np.float32
        self._rates = rates(count, slowest) if slowest else None
        self._bound: _Bound | None = None
        self._turn = threading.Lock()  # what is bound is written anew at each step

    @property
    def memory(self) -> int:
        """Two windows: what each place sees, and what those at the far end of it have seen or were read anew from."""
        return 2 * self.window

    def start(self, batch: int) -> State:
        """Return the state before the first id: nothing known, nothing written, positions from 0 on, no ids, empty buffers."""
        facts = (np.zeros(batch, np.int64) for _ in range(IDS))
        ids = np.zeros((batch, self.capacity if self._restarts else 0), np.int64)
        return (*facts, ids, *(np.zeros((batch, self._heads, self.capacity, self._dim), self._kind) for _ in self._buffers))

    def step(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take one id a piece, shape (batch,); return logits (batch, vocabulary) and the next state."""
        with self._turn:
            if self._must_move(state):
                state = self._moved(state)
            logits = self._run(np.asarray(ids).reshape(-1, 1), state)[:, 0]
            return logits, self._known(state, 1)

    def read_many(self, ids: NDArray[np.integer], state: State) -> tuple[Logits, State]:
        """Take many ids a piece, shape (batch, time); return logits (batch, time, vocabulary) and the next state."""
        ids = np.asarray(ids)
        logits = np.empty((*ids.shape, self.vocabulary), np.float32)
        done = 0
        with self._turn:
            while done < ids.shape[1]:
                if self._must_move(state):
                    state = self._moved(state)
                count = min(self.capacity - int(state[LENGTHS].max()), ids.shape[1] - done)
                for row in range(len(ids)):
                    part = tuple(whole[row : row + 1] for whole in state)
                    logits[row, done : done + count] = self._run(ids[row : row + 1, done : done + count], part)[0]
                state = self._known(state, count)
                done += count
        return logits, state

    def _must_move(self, state: State) -> bool:
        """Whether a buffer is full, belongs to somebody who went on, or is not in one piece."""
        lengths = state[LENGTHS]
        if int(lengths.max()) >= self.capacity or (lengths != state[FILLED]).any():
            return True
        if self._bound is not None and self._bound.holds(state):
            return False
        return not all(part.flags.c_contiguous and part.flags.writeable for part in state[FILLED:])

    def _moved(self, state: State) -> State:
        """The same state in buffers of its own; of full ones only what the next id still sees, or what is read anew."""
        lengths, first = np.array(state[LENGTHS], np.int64), np.array(state[FIRST], np.int64)
        full = lengths >= self.capacity
        gone = np.where(full, lengths - (self.window // 2 if self._restarts else self.window - 1), 0)
        ids, *buffers = (np.zeros(part.shape, part.dtype) for part in state[IDS:])
        for row, (begin, end) in enumerate(zip(gone, lengths, strict=True)):
            if self._restarts:
                ids[row, : end - begin] = state[IDS][row, begin:end]
            for new, old in zip(buffers, state[BUFFERS:], strict=True):
                new[row, :, : end - begin] = old[row, :, begin:end]
        lengths -= gone
        moved = (lengths, lengths.copy(), first if self._restarts else first + gone, ids, *buffers)
        for number in np.flatnonzero(full & (lengths > 0)).tolist() if self._restarts else ():
            part = tuple(whole[number : number + 1] for whole in moved)
            self._run(part[IDS][:, : lengths[number]], (part[LENGTHS] * 0, *part[FILLED:]))
        return moved

    def _known(self, state: State, count: int) -> State:
        """The state `count` places farther, which have been written."""
        filled: Array = state[FILLED]
        filled += count  # in place, so that who holds an older state learns of it
        return (state[LENGTHS] + count, *state[FILLED:])

    def _run(self, ids: Array, state: State) -> Array:
        """Write ids, shape (batch, time), behind what is known; return logits (batch, time, vocabulary)."""
        if self._restarts:
            lengths: Array = state[LENGTHS]
            np.put_along_axis(state[IDS], lengths[:, None] + np.arange(ids.shape[1]), ids, axis=1)
        if self._bound is None or self._bound.shape != ids.shape or not self._bound.holds(state):
            self._bound = _Bound(self._session, ids.shape, state[BUFFERS:], self.vocabulary, self._rates)
        return self._bound.run(ids, state[LENGTHS], state[FIRST])


def rates(count: int, slowest: float) -> NDArray[np.float64]:
    """Return radians a place by which positions turn, shape (count,), from 1 down to nearly ``1 / slowest``."""
    return slowest ** -(np.arange(count) / count)


class _Bound:
    """The session tied to certain buffers, so that a step needs no more than a few numbers written."""

    def __init__(self, session: Any, shape: tuple[int, ...], buffers: tuple[Array, ...], vocabulary: int, rates: Array | None) -> None:
        self._session, self._rates, self.shape, self._buffers = session, rates, shape, buffers
        batch, time = shape
        self._ids, self._last, self._total = np.zeros(shape, np.int64), np.zeros(batch, np.int32), np.zeros((), np.int32)
        self._ahead = np.arange(time)
        self._logits = np.zeros((*shape, vocabulary), np.float32)
        inputs: dict[str, Array] = {"ids": self._ids, "last": self._last, "total": self._total}
        if rates is not None:
            count = max(batch * time, buffers[0].shape[2])  # as many as there are places, though only those of new ids are looked at
            waves = np.zeros((2, count, len(rates)), np.float32)
            inputs |= {"cosines": waves[0], "sines": waves[1], "rows": np.arange(batch * time).reshape(shape)}
            self._cosines, self._sines = waves[:, : batch * time]
        self._inputs = inputs
        self._binding = session.io_binding()
        names = [value.name for value in session.get_inputs() if value.name.startswith(("keys.", "values."))]
        outputs = {"logits": self._logits}
        for name, part in zip(names, buffers, strict=True):
            inputs[name] = outputs[f"next.{name}"] = part
        for name, array in inputs.items():
            self._binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        for name, array in outputs.items():
            self._binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)

    def holds(self, state: State) -> bool:
        """Whether these are the buffers."""
        return all(map(operator.is_, self._buffers, state[BUFFERS:]))

    def run(self, ids: Array, lengths: Array, first: Array) -> Array:
        """Read ids, shape (batch, time); return logits (batch, time, vocabulary)."""
        self._ids[:] = ids
        self._last[:] = lengths
        self._last += self.shape[1] - 1
        self._total[...] = self._last.max() + 1
        if self._rates is not None:
            angles = ((first + lengths)[:, None] + self._ahead).reshape(-1, 1) * self._rates
            np.cos(angles, out=self._cosines)
            np.sin(angles, out=self._sines)
        self._session.run_with_iobinding(self._binding)
        return self._logits.copy()
