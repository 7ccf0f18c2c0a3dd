"""Does a piece come back to what it said: structureness over spans of 3 to 8 s, 8 to 15 s, and longer.

The best that any segment of such a length explains of the piece by its repeats: its *fitness*. A family of paths
through the self-similarity matrix leads through all repeats of a segment, and fitness is high when they are alike
(score) and make up much of the piece (coverage).

Source: the indicators SI of MusDr (Wu, Yang, "The Jazz Transformer on the front line", ISMIR 2020); fitness after
Müller, Jiang, Grosche, "A robust fitness measure for capturing repetitions in music recordings" (IEEE TASLP 21(3),
2013). Differs: the matrix is made from the score (`self_similarity`); a span longer than the piece is not a number,
not 0; pieces of more than `MOST_FRAMES` frames have the longest span measured in coarser frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.evaluation.self_similarity import RATES_HZ, self_similarity, strongest
from partimento.score.score import Score

SPANS_SECONDS = ((3.0, 8.0), (8.0, 15.0), (15.0, math.inf))
"""Lengths of the segments that each figure looks at, bounds included; the bounds are MusDr's."""

MOST_FRAMES = 300
"""Frames in which segments of every length are tried: 150 s at 2 Hz, 300 s at 1 Hz, 600 s at 0.5 Hz."""

# A family's score, cells and idle rows are one whole number, so that one maximum chooses among families: the greatest
# score, then the fewest cells, then the least covered.
_BITS = 12
_FIELD = (1 << _BITS) - 1
_CELL = 1 << _BITS
_SCORE = 1 << 2 * _BITS
_ONE = 1 << 24  # a similarity of 1: rounded to 6e-8, and 4,095 rows of -4 still fit
_NEVER = -(1 << 61)


@dataclass(frozen=True)
class Structureness:
    """How well the best segment of a length explains a piece by its repeats; not a number where the piece is shorter.

    0 is no repeat at all; all of the piece an exact repeat of the segment is 1 less the segment's share of the piece. Longer pieces
    hold more repeats: compare pieces of like length.

    Attributes:
        short: Greatest fitness of a segment of 3 to 8 s, 0 to 1.
        mid: Greatest fitness of a segment of 8 to 15 s, 0 to 1.
        long: Greatest fitness of a segment of 15 s or more, 0 to 1.
    """

    short: float
    mid: float
    long: float


def structureness(score: Score) -> Structureness:
    """Return the numbers that `Structureness` defines.

    Args:
        score: With a pitched note, 600 s at most.

    Raises:
        ScoreError: When the score has no pitched note or is longer.
    """
    rate = RATES_HZ[0]
    followed = strongest(self_similarity(score, rate_hz=rate))
    short, mid = (_best(followed, rate, span) for span in SPANS_SECONDS[:2])
    size = len(followed)
    while size > MOST_FRAMES:
        rate, size = rate / 2, (size + 1) // 2
    if rate != RATES_HZ[0]:
        followed = strongest(self_similarity(score, rate_hz=rate))
    return Structureness(short, mid, _best(followed, rate, SPANS_SECONDS[2]))


def _best(followed: NDArray[np.float64], rate_hz: float, span_seconds: tuple[float, float]) -> float:
    """The greatest fitness of the segments of a span; not a number when the piece is shorter than the span."""
    size = len(followed)
    low, high = (bound * rate_hz for bound in span_seconds)
    best = math.nan
    for length in range(math.ceil(low), int(min(high, size)) + 1):
        if best >= 1 - length / size:  # neither score nor coverage can be more, of this and of longer segments
            break
        best = max(float(fitness(followed, length).max()), 0.0 if math.isnan(best) else best)
    return best


def fitness(followed: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the fitness of every segment of one length.

    Of all families of paths that lead from a segment's first frame to its last in steps of (1, 1), (1, 2) and (2, 1) frames, whose places
    in the piece do not overlap, the one of the greatest score is taken. Score and coverage are lessened by what the
    segment explains of itself; fitness is their harmonic mean.

    Args:
        followed: What a path earns at each pair of frames, as of `strongest`: shape (frames, frames), -4 to 1, the diagonal 1.
        length: Frames of the segments, 1 to all.

    Returns:
        Shape (frames - length + 1,), by the segment's first frame, 0 to 1.

    Raises:
        ConfigError: When matrix or length are none of these.
    """
    size = len(followed)
    if followed.ndim != 2 or followed.shape != (size, size) or not 1 <= size <= _FIELD:
        raise ConfigError(f"fitness: a matrix of shape {followed.shape}, expected a square of 1 to {_FIELD} frames.")
    if not (np.diagonal(followed) == 1).all() or followed.max() > 1 or not followed.min() >= -4:
        raise ConfigError("fitness: expected values of -4 to 1 and a diagonal of 1. Make the matrix with 'strongest'.")
    if not 1 <= length <= size:
        raise ConfigError(f"fitness: segments of {length} frames, expected 1 to the {size} of the matrix.")
    family = _best_families(np.rint(followed * _ONE).astype(np.int64) * _SCORE - _CELL, length)
    idle = family & _FIELD
    cells = -(family >> _BITS) & _FIELD
    score = ((family >> _BITS) + cells) / (_CELL * _ONE)
    alike = (score - length) / cells
    covered = (size - idle - length) / size
    both = alike + covered
    return np.asarray(np.where(both > 0, 2 * alike * covered / np.where(both > 0, both, 1.0), 0.0))


def _best_families(worth: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """The best family's number for each segment of a length, by its first frame.

    Row by row through the piece. Within a row no cell waits for another, so all places in all segments are taken at
    once; `waiting` are the families that are in no path at the moment.
    """
    size = len(worth)
    segments = size - length + 1
    # Three rows of (place in the segment + 2, segment); two places before the first keep every step inside.
    rows = np.full((3, length + 2, segments), _NEVER, np.int64)
    before = np.empty((length, segments), np.int64)
    waiting = np.zeros(segments, np.int64)
    by_place = np.lib.stride_tricks.sliding_window_view(worth, segments, axis=1)  # (row, place, segment)
    for row in range(size):
        now, last, earlier = rows[row % 3], rows[(row - 1) % 3], rows[(row - 2) % 3]
        np.maximum(last[1:-1], last[:-2], out=before)
        np.maximum(before, earlier[1:-1], out=before)
        before[0] = waiting
        np.add(before, by_place[row], out=now[2:])
        waiting = np.maximum(waiting + 1, now[-1])
    return waiting
