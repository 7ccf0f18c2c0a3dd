"""Is it mine or a copy: how much of a score's melody stands, note for note, in a corpus.

A copied run is a run of notes in one line of a score (see `fingerprints`) that stands in one line of one piece of
the corpus in the same order, with the same intervals and the same rhythm ratios, in whatever key and tempo. Only
runs of `GRAM` = 8 notes or more count: a shorter one is reported as 0, because everybody shares those. Repeated
notes and scales count like anything else, for a model and for the corpus's own rate alike, so that the two may be
compared: `self_borrowing` is the rate at which the pieces of a corpus borrow from each other.

Source: the question and the comparison with human borrowing, Yin, Reuben, Stepney, Collins, "A good algorithm
does not steal - it imitates" (EvoMUSART 2021). Differs: exact runs by hashing, not time-difference fingerprints.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.evaluation.fingerprints import (
    GRAM,
    NO_RUNS,
    Fingerprints,
    Place,
    gram_hashes,
    lines,
    printed_bars,
)
from partimento.score.score import Score

RESAMPLES = 2000
"""Draws of the bootstrap."""


class Interval(NamedTuple):
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Originality:
    """What of a score stands in a corpus.

    Attributes:
        longest_copy_notes: Notes in the longest copied run, `GRAM` or more; 0 where there is none.
        copied_share: Share of the notes that stand within copied runs, 0 to 1.
        notes: Notes compared: all lines together.
        source: Where the longest run begins in the corpus; None where there is none.
        track: Track of the score in which the longest run stands; None where there is none.
        bar: Bar of the score, as printed, in which it begins; None where there is none.
    """

    longest_copy_notes: int
    copied_share: float
    notes: int
    source: Place | None = None
    track: int | None = None
    bar: int | None = None


@dataclass(frozen=True, eq=False)
class SelfBorrowing:
    """How much a corpus borrows from itself: each piece against all others.

    Attributes:
        shares: Copied share of each piece, shape (pieces,).
        longest: Longest copied run of each piece in notes (0 or `GRAM` and more), shape (pieces,).
        share: Mean of `shares` with its 95 % interval.
        longest_mean: Mean of `longest` with its 95 % interval.
    """

    shares: NDArray[np.float64]
    longest: NDArray[np.int64]
    share: Interval
    longest_mean: Interval


class _Found(NamedTuple):
    """The longest run of a line: its notes, its first hash in the line and in the corpus; and how many notes are copied."""

    length: int
    begin: int
    source: int
    copied: int


def _compare(fingerprints: Fingerprints, hashes: NDArray[np.uint32], allowed: NDArray[np.bool_] | None) -> _Found:
    """Find what of one line stands in the corpus."""
    low, high = fingerprints.spans(hashes)
    covered = np.zeros(hashes.size + GRAM, bool)
    best = (0, 0, 0)
    runs, last = NO_RUNS, -1
    for index in np.flatnonzero(high > low).tolist():
        runs = fingerprints.advance(runs if index == last + 1 else NO_RUNS, int(low[index]), int(high[index]), allowed)
        last = index
        if runs.places.size:
            covered[index : index + GRAM] = True
            if runs.longest > best[0]:
                length, which = runs.longest, int(np.argmax(runs.lengths))
                best = (length, index - (length - GRAM), int(runs.places[which]) - (length - GRAM))
    return _Found(*best, int(covered.sum()))


def originality(score: Score, fingerprints: Fingerprints, *, exclude: Collection[str] = (), since: int = 0) -> Originality:
    """Return what of a score stands in a corpus; the module's docstring says what counts.

    Args:
        score: Any score; drums are left out.
        fingerprints: The corpus.
        exclude: Pieces of the corpus that do not count, by name: the score itself, where it is one of them.
        since: Tick; notes that begin before it, such as a primer's, do not count.
    """
    allowed = np.array([piece not in exclude for piece in fingerprints.pieces], bool) if exclude else None
    notes = copied = 0
    best = Originality(0, 0.0, 0)
    for track, (every_onset, every_pitch) in lines(score):
        new = every_onset >= since
        onsets, pitches = every_onset[new], every_pitch[new]
        found = _compare(fingerprints, gram_hashes(onsets, pitches), allowed)
        notes += onsets.size
        copied += found.copied
        if found.length > best.longest_copy_notes:
            bar = int(printed_bars(score, onsets[found.begin : found.begin + 1])[0])
            best = Originality(found.length, 0.0, 0, fingerprints.place(found.source), track, bar)
    return Originality(best.longest_copy_notes, copied / max(notes, 1), notes, best.source, best.track, best.bar)


def self_borrowing(
    fingerprints: Fingerprints,
    *,
    work_of: Mapping[str, Hashable] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SelfBorrowing:
    """Return how much each piece of a corpus borrows from the others: the rate to hold a model's output against.

    Args:
        fingerprints: The corpus.
        work_of: Piece -> work. Pieces of one work, such as two settings of a tune, are not held against each
            other; None holds every piece against every other.
        progress: Called with the pieces done and their number.
    """
    works = [work_of.get(piece, piece) if work_of else piece for piece in fingerprints.pieces]
    numbers = {work: number for number, work in enumerate(dict.fromkeys(works))}
    work = np.array([numbers[w] for w in works], np.int64)
    count = len(fingerprints.pieces)
    copied, longest = np.zeros(count, np.int64), np.zeros(count, np.int64)
    previous = -1
    for line, piece in enumerate(fingerprints.line_piece.tolist()):
        if progress is not None and piece != previous:
            progress(piece, count)
        previous = piece
        begin = int(fingerprints.line_start[line])
        found = _compare(fingerprints, fingerprints.hashes[begin : begin + int(fingerprints.line_grams[line])], work != work[piece])
        copied[piece] += found.copied
        longest[piece] = max(longest[piece], found.length)
    shares = copied / np.maximum(fingerprints.notes, 1)
    return SelfBorrowing(shares, longest, mean_interval(shares), mean_interval(longest))


def mean_interval(values: NDArray[np.float64] | NDArray[np.int64], *, seed: int = 0) -> Interval:
    """Return the mean of `values` (any number, at least one for a result) and its 95 % interval.

    The interval is the percentile bootstrap: 2.5 and 97.5 % of the means of `RESAMPLES` draws with replacement
    (Efron 1979), the draws from a fixed `seed`, so that equal values give equal intervals. No values: not a number.
    """
    if not values.size:
        return Interval(float("nan"), float("nan"), float("nan"))
    random = np.random.default_rng(seed)
    means = [values[random.integers(values.size, size=values.size)].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return Interval(float(values.mean()), float(low), float(high))
