"""What makes a chord sound like a beat: it is long, low, loud, full, or brings new harmony."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHORD_SECONDS = 0.035
"""Onsets within so long of the first one are one chord."""

KINDS = 7
"""Columns of what `accents` returns."""

_ABOUT_SECONDS = 2.0
_HARMONY_SECONDS = 0.6


def chords_of(onsets: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return which chord each of `onsets` (seconds, rising, shape (notes,)) belongs to, counted from 0."""
    chord = np.zeros(onsets.size, np.int64)
    first, number = -np.inf, -1
    for index, at in enumerate(onsets.tolist()):
        if at - first > CHORD_SECONDS:
            first, number = at, number + 1
        chord[index] = number
    return chord


def accents(
    chord: NDArray[np.int64],
    seconds: NDArray[np.float64],
    *,
    pitch: NDArray[np.int64],
    velocity: NDArray[np.int64],
    held: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what speaks for a beat at each chord, beside what is usual about it, shape (chords, kinds).

    The columns: 1; how long it is to the next chord; how long its longest note is held; how many notes it has; how low its
    lowest note is; how loud it is; and how much its pitch classes, and those that follow, differ from those before.

    Args:
        chord: Which chord each note belongs to, shape (notes,).
        seconds: When each chord begins, shape (chords,).
        pitch: MIDI key of each note, shape (notes,).
        velocity: 1 to 127, shape (notes,).
        held: How long each key is held, in seconds, shape (notes,).
    """
    count = seconds.size
    notes = np.bincount(chord, minlength=count).astype(float)
    lowest = np.full(count, 200.0)
    np.minimum.at(lowest, chord, pitch)
    longest = np.zeros(count)
    np.maximum.at(longest, chord, held)
    longest = np.log2(np.clip(longest, 0.03, 4))
    wait = np.log2(np.clip(np.append(np.diff(seconds), 1.0), 0.03, 4))
    loud = np.bincount(chord, weights=velocity, minlength=count) / notes
    classes = np.zeros((count, 12))
    np.add.at(classes, (chord, pitch % 12), 1.0)
    columns = [
        np.ones(count),
        np.clip(wait - _about(wait, seconds), -2, 3),
        np.clip(longest - _about(longest, seconds), -2, 3),
        np.clip(notes - _about(notes, seconds), -2, 3) / 2,
        np.clip((_about(lowest, seconds) - lowest) / 12, -1.5, 2),
        np.clip((loud - _about(loud, seconds)) / 10, -2, 2),
        _novelty(classes, seconds),
    ]
    return np.column_stack(columns)


def _about(values: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of `values` about each moment."""
    total = np.append(0, np.cumsum(values))
    low, high = (np.searchsorted(seconds, seconds + reach) for reach in (-_ABOUT_SECONDS, _ABOUT_SECONDS))
    return np.asarray((total[high] - total[low]) / (high - low))


def _novelty(classes: NDArray[np.float64], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the pitch classes of what begins are from those of what ended: 0 the same, 1 all others."""
    total = np.vstack([np.zeros(12), np.cumsum(classes, axis=0)])
    here = np.arange(seconds.size)
    low, high = (np.searchsorted(seconds, seconds + reach) for reach in (-_HARMONY_SECONDS, _HARMONY_SECONDS))
    before, after = total[here] - total[low], total[high] - total[here]
    norms = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    return np.asarray(np.where(norms > 0, 1 - (before * after).sum(axis=1) / np.maximum(norms, 1e-9), 0.5))
