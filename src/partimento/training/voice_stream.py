"""Endless stretches of a piano's sound with what its keys did, for a voice that learns to play."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.models.wavenet_shape import SAMPLE_RATE, SAMPLES_PER_FRAME
from partimento.score.timed_notes import Performance, TimedNotes
from partimento.synthesis.note_bank import LONGEST_SECONDS, NoteBank
from partimento.synthesis.note_roll import note_roll
from partimento.training.ahead import coming
from partimento.training.played_stretch import thrown

THROWN = 0.2
"""Share of stretches with notes at random, so that every key is learnt."""

MOST_SEMITONES = 6

NOISE = 1e-5
"""Of a linear prediction, a share of the sound's power."""


@dataclass(frozen=True)
class VoiceStretches:
    """A batch.

    Attributes:
        sound: Shape (rows, samples), -1 to 1.
        roll: Shape (rows, frames, ROLL).
        sketch: Shape (rows, samples), where there is one.
    """

    sound: Tensor
    roll: Tensor
    sketch: Tensor | None = None


class VoiceStream(Dataset[VoiceStretches]):
    """Stretches from anywhere in the performances, played on one piano (a `loop.Stream`); a batch hangs on its number alone.

    Args:
        performances: What is played.
        piano: What it is played on, at `SAMPLE_RATE`.
        size: Stretches of a batch, and their length in frames of the roll.
        seed: Sets what comes.
        workers: Processes that render ahead.
        sketch: What sketches are played on, where they are wanted.
    """

    def __init__(
        self,
        performances: Sequence[Performance],
        piano: NoteBank,
        *,
        size: tuple[int, int],
        seed: int,
        workers: int = 0,
        sketch: NoteBank | None = None,
    ) -> None:
        self._performances, self._piano, self._seed = performances, piano, seed
        self._rows, self._frames = size
        self._workers, self._sketch = workers, sketch
        self._coming: Iterator[VoiceStretches] | None = None
        lengths = np.array([performance.seconds for performance in performances])
        self._share, self._total = lengths / lengths.sum(), float(lengths.sum())
        self._number = 0

    @property
    def epoch(self) -> int:
        """How often as much has been heard as there is, the present time counted."""
        return 1 + int(self._number * self._rows * self._frames * SAMPLES_PER_FRAME / SAMPLE_RATE / self._total)

    def next(self) -> VoiceStretches:
        """Return the next batch."""
        if self._coming is None:
            self._coming = coming(self, self._number, workers=self._workers)
        batch = next(self._coming)
        self._number += 1
        return batch

    def __getitem__(self, number: int) -> VoiceStretches:
        """Return a batch by its number."""
        random = np.random.default_rng([self._seed, number])
        parts = zip(*(self._stretch(random) for _ in range(self._rows)), strict=True)
        return VoiceStretches(*(torch.from_numpy(np.stack(part)) for part in parts))

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"number": self._number}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._number, self._coming = int(state["number"]), None  # type: ignore[call-overload]

    def _stretch(self, random: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        """Sound and roll of one stretch, and its sketch where one is wanted."""
        seconds = self._frames * SAMPLES_PER_FRAME / SAMPLE_RATE
        if random.random() < THROWN:
            notes, pedal = thrown(random, max(seconds, 1.0)), np.zeros(0)
        else:
            performance = self._performances[int(random.choice(len(self._performances), p=self._share))]
            begin = random.uniform(0, max(performance.seconds - seconds, 0.1))
            played = performance.notes
            key = played.key + int(random.integers(-MOST_SEMITONES, MOST_SEMITONES + 1))
            kept = (played.start < begin + seconds) & (played.start > begin - LONGEST_SECONDS) & (played.end > begin - 1)
            kept &= (key >= FIRST_KEY) & (key < FIRST_KEY + KEYS)
            notes = TimedNotes(played.start[kept] - begin, played.end[kept] - begin, key[kept], played.velocity[kept])
            pedal = performance.pedal - begin
        samples = self._frames * SAMPLES_PER_FRAME
        sound = np.clip(self._piano.play(notes, seconds)[:samples], -1, 1)
        roll = note_roll(Performance(notes, pedal), self._frames)
        return (sound, roll) if self._sketch is None else (sound, roll, self._sketch.play(notes, seconds)[:samples])


def linear_prediction(sounds: Iterable[NDArray[np.float32]], count: int) -> NDArray[np.float32]:
    """Return the weights of the last samples, oldest first, whose sum is nearest to the next one; shape (count,).

    Source: the autocorrelation method (Makhoul 1975, Linear Prediction: A Tutorial Review), so that what goes on by itself dies away.

    Args:
        sounds: Each of shape (samples,).
        count: Of weights.
    """
    alike = np.zeros(count + 1)
    for sound in sounds:
        shaped = sound.astype(np.float64) * np.hanning(len(sound))
        alike += [shaped[: len(shaped) - lag] @ shaped[lag:] for lag in range(count + 1)]
    alike[0] *= 1 + NOISE
    places = np.arange(count)
    weights = np.linalg.solve(alike[np.abs(places - places[:, None])], alike[1:])
    return np.asarray(weights[::-1], np.float32)
