"""When a piece sounds like itself: harmony in short frames, and every frame laid beside every other.

A repeat is a dark line beside the diagonal of the matrix, a held or repeated harmony a dark square on it. The steps
are those of audio structure analysis, with sound replaced by the score: 10 Hz frames of pitch-class strength, smoothed
over 2.1 s, compared in all twelve transpositions along lines of 8 s at several relative tempos.

Source: Müller, "Fundamentals of Music Processing" (2015), 4.2, with the numbers of MusDr (Wu, Yang, "The Jazz
Transformer on the front line", ISMIR 2020). Differs: pitch classes are counted, not heard: a note weighs its velocity
and fades by `FADE_SECONDS`, without overtones and noise; slow lines mirror fast ones, so the matrix is symmetric.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError, ScoreError
from partimento.score.pedal import sounding_end
from partimento.score.score import Score
from partimento.score.tempo import seconds_at

FINE_HZ = 10
"""Frames a second in which notes are counted."""

RATES_HZ = (2.0, 1.0, 0.5)
"""Frames a second that a matrix may have; MusDr's is the first."""

LONGEST_SECONDS = 600.0
"""Longest piece: its matrix has 1.4 million cells at 2 Hz."""

FADE_SECONDS = 2.0
"""A struck note weighs 1/e of its velocity after so long."""

KEPT_SHARE = 0.25
"""Share of the cells that count as similar: those of the greatest values."""

PENALTY = -2.0
"""What every other cell is worth to a path."""

_HEARD_SECONDS = 10.0  # of a note: e^-5 of it is left then; bounds the work for notes held for hours
_SMOOTH_FRAMES = 21  # box over the fine frames: 2.1 s
_LINE_SECONDS = 8.0
_TEMPOS = (1.0, 2 ** (1 / 3), 2 ** (2 / 3), 2.0)  # and their inverses
_STEADY = 1e6  # similarities are rounded to a millionth, so that what repeats exactly is exactly equal


def chroma(score: Score, *, rate_hz: float = RATES_HZ[0]) -> NDArray[np.float64]:
    """Return how strongly each pitch class sounds in each frame.

    Notes last as long as they sound with the pedals. Drums are left out.

    Args:
        score: Up to `LONGEST_SECONDS` long, with a pitched note.
        rate_hz: Frames a second, one of `RATES_HZ`.

    Returns:
        Shape (frames, 12), each row of length 1; a silent frame holds all pitch classes alike.

    Raises:
        ConfigError: When `rate_hz` is another number.
        ScoreError: When the score has no pitched note or is too long.
    """
    if rate_hz not in RATES_HZ:
        raise ConfigError(f"chroma: {rate_hz} frames a second, expected one of {', '.join(map(str, RATES_HZ))}.")
    fine = _unit(_fine(score))
    sums = np.cumsum(np.concatenate([np.zeros((1, 12)), fine]), axis=0)
    middle = np.arange(0, len(fine), round(FINE_HZ / rate_hz))
    before = np.maximum(middle - _SMOOTH_FRAMES // 2, 0)
    after = np.minimum(middle + _SMOOTH_FRAMES // 2 + 1, len(fine))
    smooth = (sums[after] - sums[before]) / _SMOOTH_FRAMES
    silent = np.sqrt((smooth**2).sum(1)) < 1e-3
    smooth[silent] = 1.0
    return _unit(smooth)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1; rows of nothing stay so."""
    lengths = np.sqrt((rows**2).sum(1, keepdims=True))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def _fine(score: Score) -> NDArray[np.float64]:
    """Weight of each pitch class in each fine frame, shape (fine frames, 12)."""
    pitched = [track for track in score.tracks if len(track) and not track.is_drum]
    if not pitched:
        raise ScoreError("self-similarity: the score has no pitched note, expected one at least.")
    last = score.end_tick
    on = np.concatenate([seconds_at(score, track.start) for track in pitched])
    off = np.concatenate([seconds_at(score, sounding_end(track, last)) for track in pitched])
    pitch = np.concatenate([track.pitch for track in pitched])
    velocity = np.concatenate([track.velocity for track in pitched])
    seconds = float(off.max())
    if seconds > LONGEST_SECONDS:
        raise ScoreError(f"self-similarity: the score lasts {seconds:.0f} s, expected {LONGEST_SECONDS:.0f} at most. Cut it first.")
    frames = max(int(np.ceil(seconds * FINE_HZ - 1e-6)), 1)
    off = np.minimum(off, on + _HEARD_SECONDS)
    first = np.minimum((on * FINE_HZ + 1e-6).astype(np.int64), frames - 1)
    count = np.clip(np.ceil(off * FINE_HZ - 1e-6).astype(np.int64), first + 1, frames) - first
    note = np.repeat(np.arange(on.size), count)
    frame = np.arange(note.size) - np.repeat(np.cumsum(count) - count, count) + first[note]
    begin, end = np.maximum(frame / FINE_HZ, on[note]), np.minimum((frame + 1) / FINE_HZ, off[note])
    weight = velocity[note] * np.maximum(end - begin, 0.0) * np.exp((on[note] - begin) / FADE_SECONDS)
    return np.asarray(np.bincount(frame * 12 + pitch[note] % 12, weight, frames * 12), np.float64).reshape(frames, 12)


def self_similarity(score: Score, *, rate_hz: float = RATES_HZ[0]) -> NDArray[np.float64]:
    """Return how alike any two moments of a piece are, going on from them or leading up to them.

    A cell is the mean cosine of the two moments' chroma along the best of the lines through it: 8 s forwards or
    backwards, at relative tempos of 1/2 to 2, in any of the twelve transpositions. Outside the piece all is unlike, so
    moments near its ends, and pieces of less than 16 s, come out lower.

    Args:
        score: Up to `LONGEST_SECONDS` long, with a pitched note.
        rate_hz: Frames a second, one of `RATES_HZ`.

    Returns:
        Shape (frames, frames), symmetric, 0 to 1.

    Raises:
        ConfigError: When `rate_hz` is another number.
        ScoreError: When the score has no pitched note or is too long.
    """
    rows = chroma(score, rate_hz=rate_hz).astype(np.float32)
    steps = round(_LINE_SECONDS * rate_hz)
    best = np.zeros((len(rows), len(rows)), np.float32)
    for shift in range(7):  # seven semitones up of one is five down of the other: the matrix mirrored
        alike = rows @ np.roll(rows, shift, axis=1).T
        along = _along_lines(alike, steps)
        np.maximum(best, along, out=best)
        np.maximum(best, along.T, out=best)
    return np.minimum(np.rint(best.astype(np.float64) * _STEADY) / _STEADY, 1.0)


def _along_lines(alike: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """The greatest mean along lines of `steps` cells through each cell, shape (frames, frames); outside lie zeros."""
    size, reach = len(alike), 2 * steps
    padded = np.pad(alike, reach)
    best = np.zeros_like(alike)
    total = np.empty_like(alike)
    for tempo in _TEMPOS:
        fast = [round(step * tempo) for step in range(steps)]
        for swap in (False, True)[: 1 if tempo == 1 else 2]:
            for direction in (1, -1):
                total[:] = 0
                for step in range(steps):
                    down, right = (fast[step], step) if swap else (step, fast[step])
                    top, left = reach + direction * down, reach + direction * right
                    total += padded[top : top + size, left : left + size]
                np.maximum(best, total, out=best)
    return best / np.float32(steps)


def strongest(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what of a self-similarity is followed as repetition.

    The greatest `KEPT_SHARE` of the cells (and their equals) are spread over 0 to 1, the others become `PENALTY`, the
    diagonal 1.

    Args:
        matrix: Shape (frames, frames).
    """
    cut = np.sort(matrix, axis=None)[min(round(matrix.size * (1 - KEPT_SHARE)), matrix.size - 1)]
    span = float(matrix.max()) - cut
    kept = (matrix - cut) / span if span > 0 else np.ones_like(matrix)
    followed = np.where(matrix >= cut, kept, PENALTY)
    np.fill_diagonal(followed, 1.0)
    return followed
