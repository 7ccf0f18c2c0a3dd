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

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.models.ear_heads import FIRST_KEY, HEADS, KEYS
from partimento.score.timed_notes import Performance, TimedNotes
from partimento.synthesis.note_bank import LONGEST_SECONDS, Dampers, NoteBank
from partimento.training.ahead import coming
from partimento.training.ear_presets import Listening
from partimento.training.microphone import recorded
from partimento.transcription.targets import targets_of

UNKNOWN = -1.0
"""What is said of the pedal where nobody had one."""

THROWN = 0.15
"""Share of stretches with notes at random: no piece teaches an ear not to expect what composers write."""

MOST_SEMITONES, MOST_STRETCH, MOST_CENTS = 4, 0.15, 30.0
"""By how much a performance is transposed, its speed changed, and its piano out of tune."""

OTHER_KEYS, MOST_KEYS_OFF = 0.5, 3
"""Share of stretches that are played on other keys of the piano and retuned, and how far off: so few pianos sound like more."""

ALONG, ALONG_DB = 0.7, (-32.0, -12.0)
"""Share of stretches in which strings sound along while the pedal is down, and how loud."""

LEAK_DB, TAIL_SECONDS = (4.0, 35.0), (0.1, 2.0)
"""How far below a note that lies what its dampers hardly reach, and in which time that dies away.

Real pianos and rooms ring on, and a pedal that is half down lets dampers touch the strings a little: a note that is let go falls by some
decibels and stays there.
"""

LATEST_DAMPER, DAMPER_SPREAD = 0.05, 0.015
"""Seconds by which dampers fall later than the keys say: of a piano at most, and the deviation of single notes."""

LATEST_STRIKE, STRIKE_SPREAD = 0.04, 0.005
"""Seconds by which the softest strikes sound later than the keys say, of a piano at most, and the deviation of single notes.

A hammer that is thrown softly flies longer. Source: Goebl and Bresin 2003 (Measurement and reproduction accuracy of
computer-controlled grand pianos), where soft notes come late and loud ones early.
"""

PEDAL_SECONDS = 0.08
"""How long the pedal takes to still all strings."""

_RELEASE_SECONDS = 0.6


@dataclass(frozen=True)
class Stretches:
    """A batch.

    Attributes:
        sound: Shape (rows, frames), float32, at `SAMPLE_RATE`.
        heads: What is to be heard of it, see `transcription.targets`; shape (rows, heads, time, keys), float16.
        pedal: 1 where it is down, 0 where it is up, `UNKNOWN`; shape (rows, time).
    """

    sound: Tensor
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
        performances: Sequence[Performance],
        pianos: Sequence[NoteBank],
        listening: Listening,
        *,
        rows: int,
        seed: int,
        workers: int = 0,
    ) -> None:
        self._performances, self._pianos, self._rows, self._seed, self._workers = performances, pianos, rows, seed, workers
        self._hop, self._rate, self._spread = listening.spectrum.hop, listening.spectrum.rate, listening.spread
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
        sound, heads, pedal = zip(*(self._stretch(random) for _ in range(self._rows)), strict=True)
        return Stretches(*(torch.from_numpy(np.stack(part)) for part in (sound, heads, pedal)))

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"number": self._number}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._number, self._coming = int(state["number"]), None  # type: ignore[call-overload]

    def _stretch(self, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float16], NDArray[np.float32]]:
        """Sound, targets and pedal of one stretch."""
        seconds = self._frames / self._rate
        if random.random() < THROWN:
            notes, pedal = thrown(random, seconds), np.full(self._frames, UNKNOWN, np.float32)
        else:
            notes, pedal = self._played(random, seconds)
        piano = self._pianos[int(random.integers(len(self._pianos)))]
        off = int(random.integers(-MOST_KEYS_OFF, MOST_KEYS_OFF + 1)) if random.random() < OTHER_KEYS else 0
        if notes.key.size and not FIRST_KEY <= notes.key.min() + off <= notes.key.max() + off < FIRST_KEY + KEYS:
            off = 0
        ratio = 2 ** (random.uniform(-MOST_CENTS, MOST_CENTS) / 1200 - off / 12)
        delay = random.uniform(0, LATEST_DAMPER) + np.abs(random.normal(0, DAMPER_SPREAD, notes.end.size))
        lag = random.uniform(0, LATEST_STRIKE) * np.clip((70 - notes.velocity) / 50, -0.3, 1) + random.normal(0, STRIKE_SPREAD, delay.size)
        start, end = (notes.start + lag) * ratio, (notes.end + delay) * ratio  # retuned it is in time again
        spread = TimedNotes(start, np.maximum(end, start + 0.01), notes.key + off, notes.velocity)
        sound = piano.play(spread, seconds * ratio + 0.1, dampers=dampers_at_random(random))
        if random.random() < ALONG:
            at = np.arange(len(sound)) * (self._rate / SAMPLE_RATE / ratio)
            down = np.interp(at, np.arange(len(pedal)), _softened(np.maximum(pedal, 0), self._rate)).astype(np.float32)
            sound += piano.along(sound, down) * np.float32(10 ** (random.uniform(*ALONG_DB) / 20))
        tuned = np.interp(np.arange(self._frames * self._hop) * ratio, np.arange(len(sound)), sound).astype(np.float32)
        targets = targets_of(notes, frames=self._frames, rate=self._rate, spread=self._spread)
        heads = np.stack([getattr(targets, name) for name in HEADS]).astype(np.float16)
        return recorded(tuned, random, SAMPLE_RATE), heads, pedal

    def _played(self, random: np.random.Generator, seconds: float) -> tuple[TimedNotes, NDArray[np.float32]]:
        """A stretch of a performance, transposed, slower or faster, softer or louder; and its pedal."""
        performance = self._performances[int(random.choice(len(self._performances), p=self._share))]
        stretch = random.uniform(1 - MOST_STRETCH, 1 + MOST_STRETCH)
        begin = random.uniform(0, max(performance.seconds - seconds / stretch, 0.1))
        notes = performance.notes
        chosen = (
            (notes.start < begin + seconds / stretch) & (notes.start > begin - LONGEST_SECONDS) & (notes.end > begin - _RELEASE_SECONDS)
        )
        key = notes.key + int(random.integers(-MOST_SEMITONES, MOST_SEMITONES + 1))
        chosen &= (key >= 21) & (key <= 108)
        touch = np.clip(127 * (notes.velocity[chosen] / 127) ** random.uniform(0.7, 1.4), 1, 127).astype(np.int64)
        at = begin + np.arange(self._frames) / self._rate / stretch
        down = np.searchsorted(performance.pedal, at, side="right") % 2
        start, end = ((column[chosen] - begin) * stretch for column in (notes.start, notes.end))
        return TimedNotes(start, end, key[chosen], touch), down.astype(np.float32)


def dampers_at_random(random: np.random.Generator) -> Dampers:
    """Return the dampers of some piano, in some room, under some foot."""
    leak, tail = 10 ** (-random.uniform(*LEAK_DB) / 20), np.exp(random.uniform(*np.log(TAIL_SECONDS)))
    return Dampers(2 ** random.uniform(-1.3, 1), leak=leak, tail=float(tail))


def _softened(pedal: NDArray[np.float32], rate: float) -> NDArray[np.float32]:
    """How far the dampers are off the strings, of where a pedal is down; shape (frames,)."""
    width = 2 * round(PEDAL_SECONDS * rate / 2) + 1
    return np.asarray(np.convolve(np.pad(pedal, width // 2, mode="edge"), np.ones(width) / width, mode="valid"), np.float32)


def thrown(random: np.random.Generator, seconds: float) -> TimedNotes:
    """Return notes at random, 1 to 14 a second, no two of one key at a time."""
    count = int(seconds * random.uniform(1, 14))
    start = random.uniform(-2, seconds, count)
    if random.random() < 1 / 2:  # in chords
        start = np.round(start * 2) / 2
    end = start + np.exp(random.uniform(np.log(0.05), np.log(4), count))
    key = np.clip(random.normal(62, 16, count), 21, 108).astype(np.int64)
    velocity = np.clip(random.normal(64, 22, count), 6, 127).astype(np.int64)
    order = np.lexsort((start, key))
    start, end, key, velocity = start[order], end[order], key[order], velocity[order]
    kept = np.append(True, (key[1:] != key[:-1]) | (start[1:] - start[:-1] > 0.04))
    start, end, key, velocity = start[kept], end[kept], key[kept], velocity[kept]
    end[:-1] = np.where(key[1:] == key[:-1], np.minimum(end[:-1], start[1:]), end[:-1])
    return TimedNotes(start, end, key, velocity)
