"""Notes from what an ear says moment by moment: the same as `note_decoding.notes_of` finds, each as soon as it is sure."""

from __future__ import annotations

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
        self._least = np.repeat(np.array([thresholds.onset, thresholds.offset], np.float32), KEYS)
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
        curves = np.concatenate([self._last, heads], axis=1)
        first, count = self._moments - 1, heads.shape[1]  # the moment of the second column, the first that may be told
        started, ended = self._tops(curves)
        falls = self._falls(curves[_FRAME, 1:-1], started)
        for column in sorted({*started, *ended, *falls}):
            if 0 <= column < count and first + column >= 0:
                events += self._looked_at(started.get(column, {}), ended.get(column, {}), falls.get(column, set()), first + column)
        self._last = curves[:, count:]
        self._moments += count
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

    def _tops(self, curves: NDArray[np.float32]) -> list[dict[int, dict[int, tuple[float, int]]]]:
        """Of onsets and offsets: column behind the first -> key -> the place, in moments, of a top and a velocity."""
        both = np.concatenate([curves[_ONSET], curves[_OFFSET]], axis=1)
        found: list[dict[int, dict[int, tuple[float, int]]]] = [{}, {}]
        frame, key = tops(both, self._least)
        if len(frame):
            place = self._moments - 2 + frame + between(both, frame, key)
            loud = velocities(curves[_VELOCITY, frame, key % KEYS])
            for column, where, top in zip((frame - 1).tolist(), key.tolist(), zip(place.tolist(), loud.tolist(), strict=True), strict=True):
                found[where // KEYS].setdefault(column, {})[where % KEYS] = top
        return found

    def _falls(self, frame: NDArray[np.float32], started: dict[int, dict[int, tuple[float, int]]]) -> dict[int, set[int]]:
        """Column -> which of the keys that sound or will sound are low then, given their chances to sound, shape (columns, keys)."""
        keys = np.array([*self._open, *(key for tops_of in started.values() for key in tops_of)], np.int64)
        found: dict[int, set[int]] = {}
        columns, places = np.nonzero(frame[:, keys] < self._thresholds.frame)
        for column, key in zip(columns.tolist(), keys[places].tolist(), strict=True):
            found.setdefault(column, set()).add(key)
        return found

    def _looked_at(
        self, started: dict[int, tuple[float, int]], ended: dict[int, tuple[float, int]], low: set[int], moment: int
    ) -> list[Event]:
        """What happens in a moment, given the tops of its onsets and offsets by key, and which keys are low."""
        events: list[Event] = []
        started = {key: top for key, top in started.items() if moment - self._struck.get(key, -self._apart) >= self._apart}
        for key in sorted({*started, *(key for key in self._open if key in low or key in ended)}):
            if key in self._open:
                after = self._open[key].moment + 1
                ends = [started[key][0]] if key in started else []
                ends += [moment] if key in low and moment > after else []
                ends += [ended[key][0]] if key in ended and ended[key][0] > after else []
                if ends:
                    events.append(self._let_go(key, min(ends)))
            if key in started:
                place, velocity = started[key]
                struck = Struck(max(place, 0.0) / self._rate, key + FIRST_KEY, velocity)
                self._open[key], self._struck[key] = _Open(moment, struck), moment
                events.append(struck)
        return events

    def _let_go(self, key: int, place: float) -> LetGo:
        """End a note."""
        struck = self._open.pop(key).struck
        end = max(place / self._rate, struck.onset_seconds + 1 / self._rate)
        self._over.append((struck, end))
        return LetGo(end, struck.key)
