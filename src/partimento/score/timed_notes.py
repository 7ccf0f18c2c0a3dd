"""Notes and pedal whose times are seconds: as they are played, or were heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partimento.score.note import SUSTAIN, Track
from partimento.score.pedal import pedal_spans, sounding_end
from partimento.score.score import Score
from partimento.score.tempo import seconds_at


@dataclass(frozen=True)
class TimedNotes:
    """Notes as arrays of shape (notes,).

    Attributes:
        start: Onsets, seconds; negative for notes that sound already when a stretch begins.
        end: When their strings are stilled, seconds, after `start`.
        key: MIDI keys.
        velocity: 1 to 127.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    key: NDArray[np.int64]
    velocity: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of notes."""
        return len(self.start)

    def where(self, chosen: NDArray[np.bool_]) -> TimedNotes:
        """Return the chosen ones."""
        return TimedNotes(self.start[chosen], self.end[chosen], self.key[chosen], self.velocity[chosen])


@dataclass(frozen=True)
class Performance:
    """A performance in seconds.

    Attributes:
        notes: Its notes; they end when their dampers fall.
        pedal: When the sustain pedal goes down and up by turns, shape (moves,).
    """

    notes: TimedNotes
    pedal: NDArray[np.float64]

    @classmethod
    def of(cls, score: Score) -> Performance:
        """Return the performance of a score with pedal."""
        tracks = [track for track in score.tracks if len(track)]
        moves = [seconds_at(score, pedal_spans(track, SUSTAIN, score.end_tick).ravel()) for track in tracks]
        return cls(timed(score, tracks), np.sort(np.concatenate(moves)))

    @property
    def seconds(self) -> float:
        """Its length."""
        return float(self.notes.end.max())


def timed(score: Score, tracks: Sequence[Track]) -> TimedNotes:
    """Return the notes of some tracks, one or more, by their onsets; each ends where the track's pedals let it.

    Args:
        score: Whose clock they have.
        tracks: Any but drums.
    """
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
    return TimedNotes(start, end, key.astype(np.int64), velocity.astype(np.int64))


def sustained(notes: TimedNotes, pedal: NDArray[np.float64]) -> TimedNotes:
    """Return notes as long as they sound: until the pedal goes up or the key is struck again, whichever is first.

    Args:
        notes: As long as their keys are held.
        pedal: When it goes down and up, seconds, shape (spans, 2).
    """
    reach = np.append(0, pedal[:, 1])[np.searchsorted(pedal[:, 0], notes.end)]
    return replace(notes, end=np.maximum(notes.end, np.minimum(reach, struck_again(notes))))


def struck_again(notes: TimedNotes) -> NDArray[np.float64]:
    """Return when the key of each note is struck again, seconds, infinite where it is not; shape (notes,)."""
    order = np.lexsort((notes.start, notes.key))
    again = np.full(len(notes), np.inf)
    same = np.diff(notes.key[order]) == 0
    again[order[:-1][same]] = notes.start[order[1:][same]]
    return again
