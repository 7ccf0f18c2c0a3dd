"""Notes from what an ear says moment by moment: the same as `note_decoding.notes_of` finds, each as soon as it is sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.ear_heads import FIRST_KEY, HEADS, KEYS
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.note_decoding import Thresholds, between, tops, velocities

_ONSET, _FRAME, _OFFSET, _VELOCITY = (HEADS.index(name) for name in ("onset", "frame", "offset", "velocity"))


@dataclass(frozen=True)
class Struck:
    """A note begins.

    Attributes:
        onset_seconds: When.
        key: MIDI key, 21 to 108.
        velocity: 1 to 127.
    """

    onset_seconds: float
    key: int
    velocity: int


@dataclass(frozen=True)
class LetGo:
    """The note of a key ends.

    Attributes:
        offset_seconds: When; after the note's onset.
        key: MIDI key, 21 to 108.
    """

    offset_seconds: float
    key: int


Event = Struck | LetGo


@dataclass(frozen=True)
class _Open:
    """A note that sounds: the moment of its top, and how it began."""

    moment: int
    struck: Struck


class NoteStream:
    """Makes notes of curves as they come in.

    Args:
        thresholds: From which chance on something is believed.
        rate: Moments per second.
        apart: Moments between two tops of a key at least, 1 or more; one that follows sooner is no strike.
    """

    def __init__(self, thresholds: Thresholds, *, rate: float, apart: int = 1) -> None:
        self._thresholds, self._rate, self._apart = thresholds, rate, apart
        self._last = np.zeros((len(HEADS), 2, KEYS), np.float32)  # the moment that is looked at next, and the one before it
        self._moments = 0
        self._open: dict[int, _Open] = {}
        self._struck: dict[int, int] = {}  # key -> the moment of its last strike
        self._over: list[tuple[Struck, float]] = []

    def __len__(self) -> int:
        """Notes so far."""
        return len(self._over) + len(self._open)

    def push(self, heads: NDArray[np.float32]) -> list[Event]:
        """Return what is now known to have happened, in the order of the moments; of one key the end of a note before the next one.

        Args:
            heads: Chances, shape (heads, moments, keys), as `models.ear_heads.HEADS` names them, any number of moments.
        """
        events: list[Event] = []
        for column in range(heads.shape[1]):
            around = np.concatenate([self._last, heads[:, column : column + 1]], axis=1)  # (heads, 3, keys)
            if self._moments:
                events += self._looked_at(around, self._moments - 1)
            self._last = around[:, 1:]
            self._moments += 1
        return events

    def finish(self) -> list[Event]:
        """Return what is left when no more comes; the last call."""
        end = self._moments
        events = self.push(np.zeros((len(HEADS), 1, KEYS), np.float32)) if end else []
        return events + [self._let_go(key, float(end)) for key in sorted(self._open)]

    def notes(self) -> TimedNotes:
        """Return the notes so far; those that sound last until now."""
        now = self._moments / self._rate
        sounding = [(each.struck, max(now, each.struck.onset_seconds + 1 / self._rate)) for each in self._open.values()]
        found = sorted([*self._over, *sounding], key=lambda note: (note[0].onset_seconds, note[0].key))
        return TimedNotes(
            np.array([struck.onset_seconds for struck, _ in found]),
            np.array([end for _, end in found]),
            np.array([struck.key for struck, _ in found], np.int64),
            np.array([struck.velocity for struck, _ in found], np.int64),
        )

    def _looked_at(self, around: NDArray[np.float32], moment: int) -> Iterator[Event]:
        """What happens in a moment, given its curves, those before and those behind it, shape (heads, 3, keys)."""
        tops_found = _places(around[_ONSET], self._thresholds.onset, moment)
        started = {key: place for key, place in tops_found.items() if moment - self._struck.get(key, -self._apart) >= self._apart}
        ended = _places(around[_OFFSET], self._thresholds.offset, moment)
        low = around[_FRAME, 1] < self._thresholds.frame
        for key in sorted({*started, *self._open}):
            if key in self._open:
                after = self._open[key].moment + 1
                ends = [started[key]] if key in started else []
                ends += [moment] if low[key] and moment > after else []
                ends += [ended[key]] if key in ended and ended[key] > after else []
                if ends:
                    yield self._let_go(key, min(ends))
            if key in started:
                velocity = int(velocities(around[_VELOCITY, 1, key : key + 1])[0])
                struck = Struck(max(started[key], 0.0) / self._rate, key + FIRST_KEY, velocity)
                self._open[key], self._struck[key] = _Open(moment, struck), moment
                yield struck

    def _let_go(self, key: int, place: float) -> LetGo:
        """End a note."""
        struck = self._open.pop(key).struck
        end = max(place / self._rate, struck.onset_seconds + 1 / self._rate)
        self._over.append((struck, end))
        return LetGo(end, struck.key)


def _places(curve: NDArray[np.float32], least: float, moment: int) -> dict[int, float]:
    """Key -> the place, in moments, of the top that its curve, shape (3, keys), has in the middle."""
    frame, key = tops(curve, least)
    mine = frame == 1
    places = moment + between(curve, frame[mine], key[mine])
    return dict(zip(key[mine].tolist(), places.tolist(), strict=True))
