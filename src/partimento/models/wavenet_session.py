"""A WaveNet that plays: many stretches of sound at once, a sample of each at a time, nothing computed twice. No torch.

What a layer heard stands in a ring as long as its dilation, and onnxruntime reads and writes there in place. Stretches do not hear
each other. Where there is a sketch, `wavenet_lead` leads what has run away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.models.onnx_session import opened
from partimento.models.wavenet_lead import Lead
from partimento.models.wavenet_shape import ROLL, SAMPLES_PER_FRAME, choices_of

Floats = NDArray[np.float32]


class WaveNetSession:
    """The graphs of `wavenet_graph` at work.

    Args:
        context: The graph that hears the roll.
        step: The graph of one sample.
        threads: Threads of a step.

    Raises:
        ValueError: When they are no such graphs.
    """

    def __init__(self, context: bytes, step: bytes, *, threads: int = 1) -> None:
        self._context, self._step = opened(context, threads=threads), opened(step, threads=threads)
        facts = self._step.get_modelmeta().custom_metadata_map
        if not {"dilations", "residual", "output"} <= set(facts) or [given.name for given in self._context.get_inputs()] != ["roll"]:
            raise ValueError("the graphs do not say how far they look back, expected those of a WaveNet")
        self.dilations = tuple(map(int, facts["dilations"].split(",")))
        self.output = facts["output"]
        self.sketched = facts.get("sketched") == "True"
        """Whether it is given a sketch of each sample."""
        self._recent = int(facts.get("recent", 0))
        self._residual, self._choices = int(facts["residual"]), choices_of(self.output)

    @property
    def reach(self) -> int:
        """Samples before one that it hangs on."""
        return max(1 + sum(self.dilations), self._recent)

    def told(self, roll: Floats) -> Floats:
        """Return what the layers are told of a roll, shape (frames, layers * 2 * residual).

        Args:
            roll: Shape (frames, ROLL), see `wavenet_shape`.
        """
        if roll.ndim != 2 or roll.shape[1] != ROLL:  # frames, keys
            raise ValueError(f"a roll has shape {roll.shape}, expected (frames, {ROLL})")
        return np.asarray(self._context.run(["told"], {"roll": roll[None]})[0][0])

    def play(
        self,
        told: Iterable[Floats],
        random: Sequence[np.random.Generator],
        *,
        temperature: float = 1.0,
        before: Floats | None = None,
    ) -> Iterator[Floats]:
        """Yield the sound of some stretches, each from silence on, a frame of all of them after the other.

        Each is of shape (stretches, SAMPLES_PER_FRAME), -1 to 1.

        Args:
            told: What the layers are told in each, some frames of all of them after the other, each of shape (stretches, frames,
                layers * 2 * residual); where it is `sketched`, followed by the sketch of the frame's samples, so many columns more.
            random: Where each stretch's chance comes from.
            temperature: How much of it: 1 as learnt, 0 none, so that the likeliest is taken.
            before: What was yielded once of the same stretches, frames behind each other: only what follows is, and it is the same.
        """
        steps, lead = _Steps(self, len(random)), Lead(len(random), self.reach)
        played = 0 if before is None else before.shape[1] // SAMPLES_PER_FRAME
        again = played - self.reach // SAMPLES_PER_FRAME - 2  # from there on the layers hear once more what they have to know
        for number, now in enumerate(np.ascontiguousarray(part[:, at]) for part in told for at in range(part.shape[1])):
            steps.draw(random, temperature)
            layers, sketch = (now[:, :-SAMPLES_PER_FRAME], now[:, -SAMPLES_PER_FRAME:]) if self.sketched else (now, now[:, :0])
            known = None
            if before is not None and number < played:
                known = np.ascontiguousarray(before[:, number * SAMPLES_PER_FRAME : (number + 1) * SAMPLES_PER_FRAME])
            if self.sketched:
                lead.begin(sketch)
            sound = known if known is not None and number < again else steps.frame(layers, sketch, lead, known)
            if self.sketched:
                lead.end(sound, sketch)
            if known is None:
                yield sound


class _Steps:
    """The samples of some stretches, one after the other, and what the network knows of those before."""

    def __init__(self, session: WaveNetSession, count: int) -> None:
        self._graph, self._count, self._looks = session._step, count, session._recent
        self._rings = _Rings(session._step, session.dilations, count, session._residual)
        self._chance = _Chance(count, session._choices, noise=session.output == "logistics")
        self._binding, self._done = session._step.io_binding(), 0
        sample, after = np.zeros((count, 1), np.float32), np.zeros((count, 1), np.float32)
        self._bound = [(_value(sample), after, _value(after)), (_value(after), sample, _value(sample))]
        self._recent = [np.zeros((count, self._looks), np.float32) for _ in range(2)]
        self._recents = [_value(samples) for samples in self._recent]

    def draw(self, random: Sequence[np.random.Generator], temperature: float) -> None:
        """Draw what chance says in the next frame."""
        self._chance.draw(random, temperature)

    def frame(self, layers: Floats, sketch: Floats, lead: Lead, known: Floats | None) -> Floats:
        """Return the next frame's samples, shape (stretches, SAMPLES_PER_FRAME); where they are known, the network only hears them."""
        binding = self._binding
        sketches = [_value(np.ascontiguousarray(column[:, None])) for column in sketch.T]
        binding.bind_ortvalue_input("told", _value(np.ascontiguousarray(layers)))
        sound = np.empty((self._count, SAMPLES_PER_FRAME), np.float32)
        for place in range(SAMPLES_PER_FRAME):
            given, made, into = self._bound[self._done % 2]
            binding.bind_ortvalue_input("sample", given)
            binding.bind_ortvalue_output("next", into)
            if self._looks:
                binding.bind_ortvalue_input("recent", self._recents[self._done % 2])
                binding.bind_ortvalue_output("recent.next", self._recents[1 - self._done % 2])
            if sketches:
                binding.bind_ortvalue_input("sketch", sketches[place])
            self._chance.bind(binding, place)
            self._rings.bind(binding, self._done)
            self._graph.run_with_iobinding(binding)
            if known is None:
                lead.over(made, place)
            else:
                made[:, 0] = known[:, place]
            if self._looks:
                self._recent[1 - self._done % 2][:, -1] = made[:, 0]
            sound[:, place] = made[:, 0]
            self._done += 1
        return sound


class _Rings:
    """What each layer heard, for as many samples as it looks back, and one more: what is written is not what is read."""

    def __init__(self, session: Any, dilations: tuple[int, ...], count: int, residual: int) -> None:
        self._rings = [np.zeros((dilation + 1, count, residual), np.float32) for dilation in dilations]
        self._values = [[_value(slot) for slot in ring] for ring in self._rings]
        self._names = [(f"past.{number}", f"now.{number}") for number in range(len(dilations))]

    def bind(self, binding: Any, done: int) -> None:
        """Let the next step read what was heard a dilation ago, and write what it hears."""
        for (past, now), ring in zip(self._names, self._values, strict=True):
            size = len(ring)
            binding.bind_ortvalue_input(past, ring[(done + 1) % size])
            binding.bind_ortvalue_output(now, ring[done % size])


class _Chance:
    """What chance says in each sample of a frame."""

    def __init__(self, count: int, choices: int, *, noise: bool) -> None:
        self._choice = np.empty((SAMPLES_PER_FRAME, count, choices), np.float32)
        self._noise = np.empty((SAMPLES_PER_FRAME, count, 1), np.float32) if noise else None
        self._choices = [_value(part) for part in self._choice]
        self._noises = [] if self._noise is None else [_value(part) for part in self._noise]

    def draw(self, random: Sequence[np.random.Generator], temperature: float) -> None:
        """Draw for a frame, for each stretch from its own source."""
        for number, source in enumerate(random):
            self._choice[:, number] = source.gumbel(size=self._choice[:, number].shape) * temperature
            if self._noise is not None:
                self._noise[:, number] = source.logistic(size=self._noise[:, number].shape) * temperature

    def bind(self, binding: Any, place: int) -> None:
        """Let the next step have what is for it."""
        binding.bind_ortvalue_input("choice", self._choices[place])
        if self._noises:
            binding.bind_ortvalue_input("noise", self._noises[place])


def _value(array: NDArray[Any]) -> Any:
    """An array as onnxruntime knows it, in the same memory."""
    from onnxruntime import OrtValue  # noqa: PLC0415  # see `onnx_session.opened`

    return OrtValue.ortvalue_from_numpy(array)
