"""How many notes of a transcription are right: the figures that transcribers are compared by.

Definitions of mir_eval (Raffel et al. 2014), `transcription` and `transcription_velocity`, after MIREX: a note is found where a heard one
has its key and begins within 50 ms; with its offset where that lies within 50 ms or a fifth of the note's length as well; with its velocity
where, after all velocities were brought onto one line by least squares, it lies within a tenth of the loudest's range. Every note counts
once: the matching is the largest there is. Differs: keys are equal or not, for a piano has no quarter tones; matching goes key by key, so
it takes as long as there are notes, and not their square.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.score.timed_notes import TimedNotes

ONSET_SECONDS, OFFSET_SECONDS, OFFSET_SHARE, VELOCITY_SHARE = 0.05, 0.05, 0.2, 0.1


@dataclass(frozen=True)
class Share:
    """What share of what was heard is right (precision), and of what was played was found (recall), 0 to 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Agreement:
    """How well what was heard agrees with what was played.

    Attributes:
        onset: Notes found.
        offset: Notes found with their offsets.
        velocity: Notes found with their velocities.
        all: Notes found with both.
    """

    onset: Share
    offset: Share
    velocity: Share
    all: Share


def agreement(played: TimedNotes, heard: TimedNotes) -> Agreement:
    """Return how well `heard` agrees with `played`."""
    pairs = _near(played, heard)
    offsets = pairs[_ends_match(played, heard, pairs)]
    found = []
    for kept in (pairs, offsets):
        matched = _matched(kept)
        loud = matched[_velocities_match(played, heard, matched)]
        found += [_score(len(matched), played, heard), _score(len(loud), played, heard)]
    return Agreement(found[0], found[2], found[1], found[3])


def _near(played: TimedNotes, heard: TimedNotes) -> NDArray[np.int64]:
    """Pairs of the same key that begin at the same time, as it is rounded by mir_eval; shape (pairs, 2)."""
    found: list[NDArray[np.int64]] = [np.zeros((0, 2), np.int64)]
    for key in np.intersect1d(played.key, heard.key):
        mine, theirs = np.flatnonzero(played.key == key), np.flatnonzero(heard.key == key)
        apart = np.abs(played.start[mine][:, None] - heard.start[theirs])
        first, second = np.nonzero(_within(apart, ONSET_SECONDS))
        found.append(np.stack([mine[first], theirs[second]], axis=1))
    return np.concatenate(found)


def _within(apart: NDArray[np.float64], most: float | NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether distances, rounded to four digits, are at most `most`."""
    return np.asarray(np.round(apart, 4) <= most)


def _ends_match(played: TimedNotes, heard: TimedNotes, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the notes of each pair end together."""
    mine, theirs = pairs.T
    most = np.maximum(OFFSET_SHARE * (played.end - played.start)[mine], OFFSET_SECONDS)
    return _within(np.abs(played.end[mine] - heard.end[theirs]), most)


def _velocities_match(played: TimedNotes, heard: TimedNotes, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the notes of matched pairs are as loud, once all heard velocities were brought onto a line."""
    if not len(pairs):
        return np.zeros(0, np.bool_)
    spread = max(1.0, float(np.ptp(played.velocity)))
    wanted = (played.velocity[pairs[:, 0]] - played.velocity.min()) / spread
    given = heard.velocity[pairs[:, 1]].astype(np.float64)
    slope, base = np.linalg.lstsq(np.stack([given, np.ones(len(given))], axis=1), wanted, rcond=None)[0]
    return np.asarray(np.abs(slope * given + base - wanted) < VELOCITY_SHARE)


def _matched(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest set of pairs in which no note stands twice (Kuhn's algorithm), shape (matched, 2)."""
    choices: dict[int, list[int]] = {}
    for mine, theirs in pairs.tolist():
        choices.setdefault(mine, []).append(theirs)
    owner: dict[int, int] = {}
    for mine in choices:
        _take(mine, choices, owner, set())
    return np.array([(mine, theirs) for theirs, mine in owner.items()], np.int64).reshape(-1, 2)


def _take(mine: int, choices: dict[int, list[int]], owner: dict[int, int], asked: set[int]) -> bool:
    """Give a note a partner, others theirs anew where that helps."""
    for theirs in choices[mine]:
        if theirs not in asked:
            asked.add(theirs)
            if theirs not in owner or _take(owner[theirs], choices, owner, asked):
                owner[theirs] = mine
                return True
    return False


def _score(matched: int, played: TimedNotes, heard: TimedNotes) -> Share:
    """Precision and recall of so many matches."""
    return Share(matched / len(heard.key) if len(heard.key) else 0.0, matched / len(played.key) if len(played.key) else 0.0)


def mean_f1(found: Iterable[Agreement]) -> dict[str, float]:
    """Return the mean F1 of pieces, in percent: onset, offset, velocity, all."""
    agreements = list(found)
    return {
        name: round(100 * float(np.mean([getattr(each, name).f1 for each in agreements])), 2) if agreements else 0.0
        for name in ("onset", "offset", "velocity", "all")
    }
