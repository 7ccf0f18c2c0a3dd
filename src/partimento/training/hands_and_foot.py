"""Performances with hands and foot apart: when keys come up, and how far the pedal is down, where `Performance` has the ends of strings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from partimento.score import Score
from partimento.score.note import SUSTAIN, Track
from partimento.score.pedal import DOWN
from partimento.score.tempo import seconds_at
from partimento.score.timed_notes import TimedNotes, struck_again, sustained, timed


@dataclass(frozen=True)
class HandsAndFoot:
    """A performance in seconds.

    Attributes:
        strikes: Its notes; they end when their keys come up.
        moved: When the sustain pedal moves, in order, shape (moves,).
        depth: To where, 0 to 127, and up to the first move 0; shape (moves,).
    """

    strikes: TimedNotes
    moved: NDArray[np.float64]
    depth: NDArray[np.float64]

    @classmethod
    def of(cls, score: Score) -> HandsAndFoot:
        """Return the performance of a score. Where more than one track has a pedal, they are told by longer notes."""
        tracks = [track for track in score.tracks if len(track)]
        feet = [_moves(track) for track in tracks]
        alone = sum(map(len, feet)) == max(map(len, feet))
        without = [replace(track, controls=track.controls[track.controls[:, 1] != SUSTAIN]) if alone else track for track in tracks]
        moves = max(feet, key=len)[: None if alone else 0]
        return cls(timed(score, without), seconds_at(score, moves[:, 0]), moves[:, 2].astype(np.float64))

    @property
    def seconds(self) -> float:
        """Its length, up to where the last key comes up."""
        return float(self.strikes.end.max())

    @property
    def pedal(self) -> NDArray[np.float64]:
        """When the pedal goes down and up by turns, as tables have it (`score.pedal.DOWN`), shape (moves,)."""
        down = self.depth >= DOWN
        return self.moved[np.flatnonzero(down != np.append(False, down[:-1]))]

    def held(self) -> TimedNotes:
        """Return its notes as hands hold them: to where their keys come up, or are struck again."""
        return replace(self.strikes, end=np.minimum(self.strikes.end, struck_again(self.strikes)))

    def sounding(self) -> TimedNotes:
        """Return its notes as tables have them: they end when their keys are up and the pedal too, or when they are struck again."""
        moves = self.pedal
        if len(moves) % 2:
            moves = np.append(moves, max(float(self.strikes.end.max(initial=0)), float(moves[-1])))
        return sustained(self.strikes, moves.reshape(-1, 2))

    def between(self, begin: float, end: float, *, before: float = 0.0) -> HandsAndFoot:
        """Return the notes that begin between two times, or up to `before` seconds earlier, and the pedal there; `begin` becomes 0."""
        strikes = self.strikes.where((self.strikes.start >= begin - before) & (self.strikes.start < end))
        strikes = replace(strikes, start=strikes.start - begin, end=strikes.end - begin)
        first = max(int(np.searchsorted(self.moved, begin - before, side="right")) - 1, 0)
        moves = slice(first, int(np.searchsorted(self.moved, end)))
        return HandsAndFoot(strikes, self.moved[moves] - begin, self.depth[moves])


def _moves(track: Track) -> NDArray[np.int64]:
    """A track's controls that move the sustain pedal."""
    return np.asarray(track.controls[track.controls[:, 1] == SUSTAIN])
