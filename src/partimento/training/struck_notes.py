"""Single notes of a piano, heard from some moment on, for a voice that learns what strings do; and how its strings are tuned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.models.modal_piano_shape import HIGHEST_HZ, PARTIALS
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.note_bank import NoteBank

FROM_THE_STRIKE = 0.5
"""Share of notes that are heard from the strike on; of the others the beginning is left out."""

LATEST_SECONDS = 8.0
"""After the strike."""

_STRUCK = 110  # the velocity at which strings are measured: loud ones have the most partials
_MEASURED = (0.05, 5.0)
_SIZE = 1 << 17
_SURE = 4.0  # times the median around it: a partial


@dataclass(frozen=True)
class StruckNotes:
    """A batch.

    Attributes:
        key: From 0, the lowest; shape (notes,).
        velocity: 0 to 1, shape (notes,).
        begin: Seconds after the strike at which the sound begins, shape (notes,).
        sound: Shape (notes, samples).
    """

    key: Tensor
    velocity: Tensor
    begin: Tensor
    sound: Tensor


class NoteStream:
    """Notes at random (a `loop.Stream`); a batch hangs on its number alone.

    Args:
        piano: Whose they are.
        rows: Notes of a batch.
        samples: Of a note.
        seed: Sets what comes.
    """

    def __init__(self, piano: NoteBank, *, rows: int, samples: int, seed: int) -> None:
        self._piano, self._rows, self._samples, self._seed = piano, rows, samples, seed
        self._number = 0

    @property
    def epoch(self) -> int:
        """How often every key has been heard, the present time counted."""
        return 1 + self._number * self._rows // KEYS

    def next(self) -> StruckNotes:
        """Return the next batch."""
        random = np.random.default_rng([self._seed, self._number])
        self._number += 1
        key = random.integers(0, KEYS, self._rows)
        velocity = random.uniform(4, 127, self._rows).round()
        late = np.exp(random.uniform(np.log(0.05), np.log(LATEST_SECONDS), self._rows))
        begin = np.where(random.random(self._rows) < FROM_THE_STRIKE, 0.0, late)
        sound = np.stack([_held(self._piano, *note, self._samples) for note in zip(key.tolist(), velocity, begin, strict=True)])
        columns = (velocity / 127, begin, sound)
        return StruckNotes(torch.from_numpy(key), *(torch.from_numpy(np.asarray(column, np.float32)) for column in columns))

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"number": self._number}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._number = int(state["number"])  # type: ignore[call-overload]


def _held(piano: NoteBank, key: int, velocity: float, begin: float, samples: int) -> NDArray[np.float32]:
    """The sound of a held note from a moment on, shape (samples,)."""
    note = TimedNotes(*(np.array([value]) for value in (-begin, 100.0, key + FIRST_KEY, round(velocity))))
    return piano.play(note, samples / piano.sample_rate)[:samples]


def strings_of(piano: NoteBank) -> NDArray[np.float32]:
    """Return the frequency of each partial of each key in Hz, shape (KEYS, PARTIALS).

    A stiff string's partials lie at n f sqrt(1 + B n^2) (Fletcher 1964); f and B are those at which most is heard, and each partial that
    stands out is then taken where it is. The others lie where the law says.
    """
    return np.stack([_partials(piano, key) for key in range(KEYS)]).astype(np.float32)


def _partials(piano: NoteBank, key: int) -> NDArray[np.float64]:
    """The partials of one key."""
    begin, end = _MEASURED
    rate, nominal = piano.sample_rate, 440 * 2 ** ((key + FIRST_KEY - 69) / 12)
    sound = _held(piano, key, _STRUCK, begin, round((end - begin) * rate))
    heard = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), _SIZE))
    numbers = np.arange(1, PARTIALS + 1)
    width = rate / _SIZE

    def law(pitch: NDArray[np.float64] | float, stiff: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(np.asarray(pitch)[..., None] * numbers * np.sqrt(1 + np.asarray(stiff)[..., None] * numbers**2))

    cents, stiffs = np.arange(-45, 46, 1.0), np.geomspace(2e-5, 3e-2, 60)
    pitch, stiff = (grid.ravel() for grid in np.meshgrid(nominal * 2 ** (cents / 1200), stiffs, indexing="ij"))
    tried = law(pitch, stiff)[:, :24]
    loud = np.sqrt(heard)
    total = np.where(tried < HIGHEST_HZ, loud[np.minimum(np.rint(tried / width).astype(int), len(loud) - 1)], 0).sum(axis=1)
    best = int(total.argmax())
    found = law(float(pitch[best]), float(stiff[best]))
    known: list[tuple[int, float]] = []
    for number in np.flatnonzero(found < HIGHEST_HZ).tolist():
        if len(known) >= 4:  # the law from those that are known tells better where the next one lies
            order, at = (np.array(column) for column in zip(*known, strict=True))
            slope, level = np.polyfit(order**2.0, (at / order) ** 2, 1)
            found[number] = (number + 1) * np.sqrt(max(level + slope * (number + 1) ** 2, 1.0))
        side = max(1.2, min(0.25 * nominal, 0.004 * found[number])) / width
        low, high = int(found[number] / width - side), int(found[number] / width + side) + 2
        around = heard[max(low - 4 * (high - low), 1) : high + 4 * (high - low)]
        top = low + int(heard[low:high].argmax())
        if low < top < high - 1 and heard[top] > _SURE * np.median(around):
            before, here, after = np.log(heard[top - 1 : top + 2] + 1e-12)
            found[number] = (top + (before - after) / (2 * (before - 2 * here + after))) * width
            known.append((number + 1, float(found[number])))
    return np.where(found < 4 * HIGHEST_HZ, found, 4 * HIGHEST_HZ)
