"""Endless stretches of piano that were rendered for learning to hear: real performances, and notes thrown at random, as if recorded.

What a batch holds hangs on its number alone, so that several processes may render ahead, each a batch of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from partimento.audio.colour import Curve
from partimento.audio.spectrum import SAMPLE_RATE
from partimento.models.ear_heads import HEADS
from partimento.training.ahead import coming
from partimento.training.colours import ColouredPiano, correction_of
from partimento.training.ear_presets import Listening
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.microphone import recorded_with_power
from partimento.training.played_stretch import by_chance, down, played, sound_of
from partimento.transcription.targets import targets_of

UNKNOWN = -1.0
"""What is said of the pedal where nobody had one."""

THROWN = 0.15
"""Share of stretches with notes at random: no piece teaches an ear not to expect what composers write."""


@dataclass(frozen=True)
class Stretches:
    """A batch.

    Attributes:
        sound: Shape (rows, frames), float32, at `SAMPLE_RATE`.
        colour: What brings its spectra to the colour an ear knows, shape (rows, bins); see `training.colours`.
        heads: What is to be heard of it, see `transcription.targets`, and behind that which keys are down; float16, shape (rows, heads,
            time, keys).
        pedal: 1 where it is down, 0 where it is up, `UNKNOWN`; shape (rows, time).
    """

    sound: Tensor
    colour: Tensor
    heads: Tensor
    pedal: Tensor


class PianoStream(Dataset[Stretches]):
    """Stretches from anywhere in the performances, on any of some pianos (a `loop.Stream`).

    Args:
        performances: What is played.
        pianos: What it is played on, at `SAMPLE_RATE`.
        listening: How long a stretch is, and what is to be heard of it.
        rows: Stretches of a batch.
        seed: Sets what comes.
        workers: Processes that render ahead; with 0 each batch is rendered when it is asked for. The batches are the same.
    """

    def __init__(  # all of it says what comes
        self,
        performances: Sequence[HandsAndFoot],
        pianos: Sequence[ColouredPiano],
        listening: Listening,
        *,
        rows: int,
        seed: int,
        workers: int = 0,
    ) -> None:
        self._performances, self._pianos, self._rows, self._seed, self._workers = performances, pianos, rows, seed, workers
        self._spectrum, self._spread = listening.spectrum, listening.spread
        self._hop, self._rate = listening.spectrum.hop, listening.spectrum.rate
        self._frames = 2 * round(listening.seconds * self._rate / 2)  # some ears hear two at once
        lengths = np.array([performance.seconds for performance in performances])
        self._share, self._total = lengths / lengths.sum(), float(lengths.sum())
        self._number = 0
        self._coming: Iterator[Stretches] | None = None

    @property
    def epoch(self) -> int:
        """How often as much has been read as there is, the present time counted."""
        return 1 + int(self._number * self._rows * self._frames / self._rate / self._total)

    def next(self) -> Stretches:
        """Return the next batch."""
        if self._coming is None:
            self._coming = coming(self, self._number, workers=self._workers)
        batch = next(self._coming)
        self._number += 1
        return batch

    def __getitem__(self, number: int) -> Stretches:
        """Return a batch by its number."""
        random = np.random.default_rng([self._seed, number])
        rows = zip(*(self._stretch(random) for _ in range(self._rows)), strict=True)
        return Stretches(*(torch.from_numpy(np.stack(part)) for part in rows))

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"number": self._number}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._number, self._coming = int(state["number"]), None  # type: ignore[call-overload]

    def _stretch(self, random: np.random.Generator) -> tuple[NDArray[np.float32], Curve, NDArray[np.float16], NDArray[np.float32]]:
        """Sound, what brings it to the reference's colour, targets and pedal of one stretch."""
        seconds, known = self._frames / self._rate, True
        if random.random() < THROWN:
            stretch, known = by_chance(random, seconds)
        else:
            stretch = played(self._performances[int(random.choice(len(self._performances), p=self._share))], random, seconds)
        bank, apart = self._pianos[int(random.integers(len(self._pianos)))]
        clean = sound_of(stretch, bank, random, self._frames * self._hop)
        sound, power = recorded_with_power(clean, random, SAMPLE_RATE)
        colour = correction_of(apart, power, self._spectrum, random)
        sounding, held = (
            targets_of(notes, frames=self._frames, rate=self._rate, spread=self._spread) for notes in (stretch.sounding(), stretch.held())
        )
        heads = np.stack([*(getattr(sounding, name) for name in HEADS), held.frame]).astype(np.float16)
        return sound, colour, heads, down(stretch, self._rate, self._frames) if known else np.full(self._frames, UNKNOWN, np.float32)
