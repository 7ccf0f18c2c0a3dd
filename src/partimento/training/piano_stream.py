"""Endless stretches of piano that were rendered for learning to hear: real performances, and notes thrown at random, as if recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.audio.log_spectrum import HOP, SAMPLE_RATE, SPECTRA_PER_SECOND, log_spectra
from partimento.score import Score
from partimento.score.note import SUSTAIN
from partimento.score.pedal import pedal_spans, sounding_end
from partimento.score.tempo import seconds_at
from partimento.synthesis.note_bank import LONGEST_SECONDS, NoteBank, Strikes
from partimento.training.microphone import recorded
from partimento.transcription.targets import Targets, targets_of

UNKNOWN = -1.0
"""What is said of the pedal where nobody had one."""

THROWN = 0.15
"""Share of stretches with notes at random: no piece teaches an ear not to expect what composers write."""

MOST_SEMITONES, MOST_STRETCH, MOST_CENTS = 4, 0.15, 30.0
"""By how much a performance is transposed, its speed changed, and its piano out of tune."""

_RELEASE_SECONDS = 0.6


@dataclass(frozen=True)
class Performance:
    """A performance in seconds.

    Attributes:
        notes: Its notes; they end when their dampers fall.
        pedal: When the sustain pedal goes down and up by turns, shape (moves,).
    """

    notes: Strikes
    pedal: NDArray[np.float64]

    @classmethod
    def of(cls, score: Score) -> Performance:
        """Return the performance of a score with pedal."""
        tracks = [track for track in score.tracks if len(track)]
        columns = [
            np.concatenate([np.asarray(column) for column in columns])
            for columns in (
                [seconds_at(score, track.start) for track in tracks],
                [seconds_at(score, sounding_end(track, score.end_tick)) for track in tracks],
                [track.pitch for track in tracks],
                [track.velocity for track in tracks],
            )
        ]
        order = np.argsort(columns[0], kind="stable")
        start, end, key, velocity = (column[order] for column in columns)
        moves = [seconds_at(score, pedal_spans(track, SUSTAIN, score.end_tick).ravel()) for track in tracks]
        return cls(Strikes(start, end, key.astype(np.int64), velocity.astype(np.int64)), np.sort(np.concatenate(moves)))

    @property
    def seconds(self) -> float:
        """Its length."""
        return float(self.notes.end.max())


@dataclass(frozen=True)
class Stretches:
    """A batch.

    Attributes:
        spectra: Shape (rows, time, windows, bins).
        targets: Of each row.
        pedal: 1 where it is down, 0 where it is up, `UNKNOWN`; shape (rows, time).
    """

    spectra: NDArray[np.float32]
    targets: Sequence[Targets]
    pedal: NDArray[np.float32]


class PianoStream:
    """Stretches from anywhere in the performances, on any of some pianos (a `loop.Stream`).

    Args:
        performances: What is played.
        pianos: What it is played on, at `SAMPLE_RATE`.
        rows: Stretches of a batch.
        seconds: Length of a stretch.
        seed: Sets what comes.
    """

    def __init__(self, performances: Sequence[Performance], pianos: Sequence[NoteBank], *, rows: int, seconds: float, seed: int) -> None:
        self._performances, self._pianos, self._rows = performances, pianos, rows
        self._frames = round(seconds * SPECTRA_PER_SECOND)
        lengths = np.array([performance.seconds for performance in performances])
        self._share, self._total = lengths / lengths.sum(), float(lengths.sum())
        self._random = np.random.default_rng(seed)
        self._read = 0.0

    @property
    def epoch(self) -> int:
        """How often as much has been read as there is, the present time counted."""
        return 1 + int(self._read / self._total)

    def next(self) -> Stretches:
        """Return the next batch."""
        rows = [self._stretch() for _ in range(self._rows)]
        self._read += self._rows * self._frames / SPECTRA_PER_SECOND
        return Stretches(np.stack([row[0] for row in rows]), [row[1] for row in rows], np.stack([row[2] for row in rows]))

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"random": self._random.bit_generator.state, "read": self._read}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]
        self._read = float(state["read"])  # type: ignore[arg-type]

    def _stretch(self) -> tuple[NDArray[np.float32], Targets, NDArray[np.float32]]:
        """Spectra, targets and pedal of one stretch."""
        random, seconds = self._random, self._frames / SPECTRA_PER_SECOND
        if random.random() < THROWN:
            notes, pedal = thrown(random, seconds), np.full(self._frames, UNKNOWN, np.float32)
        else:
            notes, pedal = self._played(seconds)
        piano = self._pianos[int(random.integers(len(self._pianos)))]
        ratio = 2 ** (random.uniform(-MOST_CENTS, MOST_CENTS) / 1200)
        spread = Strikes(notes.start * ratio, notes.end * ratio, notes.key, notes.velocity)  # played at that speed it is in time again
        sound = piano.play(spread, seconds * ratio + 0.1, damping=2 ** random.uniform(-1, 1))
        frames = self._frames * HOP
        tuned = np.interp(np.arange(frames) * ratio, np.arange(len(sound)), sound).astype(np.float32)
        targets = targets_of(notes.start, notes.end, notes.key, notes.velocity, frames=self._frames, rate=SPECTRA_PER_SECOND)
        return log_spectra(recorded(tuned, random, SAMPLE_RATE)), targets, pedal

    def _played(self, seconds: float) -> tuple[Strikes, NDArray[np.float32]]:
        """A stretch of a performance, transposed, slower or faster, softer or louder; and its pedal."""
        random = self._random
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
        at = begin + np.arange(self._frames) / SPECTRA_PER_SECOND / stretch
        down = np.searchsorted(performance.pedal, at, side="right") % 2
        start, end = ((column[chosen] - begin) * stretch for column in (notes.start, notes.end))
        return Strikes(start, end, key[chosen], touch), down.astype(np.float32)


def thrown(random: np.random.Generator, seconds: float) -> Strikes:
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
    return Strikes(start, end, key, velocity)
