"""What is told of a performance before it is heard: how many notes a second follow, and which pitch classes.

Once a second, before whatever happens first in it, an id tells the density of the next 3 seconds, and four ids tell the
pitch classes of the next 5. A model learns to say them and to keep to them; told others, it plays other music.

Source: the conditions of Magenta's Performance RNN (2017; note-seq, `performance_controls`): onsets a second in a window of 3 s
from each event on, in bins from 1 to 64; share of sounding time of each pitch class in one of 5 s; windows end with the piece.
Differs: there numbers beside each event, which the model is given and never says; here ids among the others, said once a second,
so that one likelihood is of everything and a model may choose them. Bins of half an octave; shares in three levels; a window
that the end cuts off counts as a second at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Ids
from partimento.encoding.performance.codes import Column, Played
from partimento.encoding.performance.layout import DENSITIES, FIFTHS, LEVELS, STEPS_PER_SECOND, Kind, Layout

DENSITY_STEPS, HISTOGRAM_STEPS = 300, 500
"""Steps that the two look ahead."""

SHARES = (1 / 24, 1 / 6)
"""Shares of the sounding time from which a pitch class sounds some, and much; of seven equal ones each sounds some, of three much."""


def with_controls(ids: Ids, played: Played, layout: Layout) -> Ids:
    """Return `ids` with what is told of them in its places, shape (length,).

    Args:
        ids: Of one performance, without what is told.
        played: The same performance, with at least one note.
        layout: What is told, and which number means what.
    """
    kinds = layout.kinds.take(ids)
    now = np.cumsum(layout.steps.take(ids), dtype=np.int64)
    events = np.flatnonzero((kinds != Kind.SHIFT) & (kinds != Kind.FRAME))
    first = events[np.flatnonzero(np.diff(now.take(events) // STEPS_PER_SECOND, prepend=-1))]  # of each second in which something happens
    at, told = now.take(first), []
    if layout.density:
        told.append(density_codes(_densities(played, at))[:, None])
    if layout.histogram:
        told.append(histogram_codes(_histograms(played, at)))
    codes = np.concatenate(told, axis=1) + [group.start for group in layout.controls]  # (seconds, groups)
    return np.insert(ids, np.repeat(first, codes.shape[1]), codes.ravel()).astype(np.int32)


def wished_codes(layout: Layout, *, notes_per_second: float | None, pitch_classes: Sequence[float] | None) -> list[tuple[range, int]]:
    """Return the groups of ids that a wish settles, each with the id that is always said.

    Args:
        layout: One that tells what is wished for.
        notes_per_second: 0 or more.
        pitch_classes: Twelve weights from C on, 0 or more.
    """
    groups, wished = list(layout.controls), []
    if layout.density:
        group = groups.pop(0)
        if notes_per_second is not None:
            wished.append((group, group.start + int(density_codes(np.array([notes_per_second]))[0])))
    if pitch_classes is not None:
        codes = histogram_codes(np.array([pitch_classes], np.float64))[0]
        wished += [(group, group.start + int(code)) for group, code in zip(groups, codes, strict=True)]
    return wished


def density_codes(notes_per_second: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bins of densities, each shape (length,)."""
    return np.searchsorted(DENSITIES, notes_per_second, side="right").astype(np.int64)


def histogram_codes(weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the four codes of each histogram.

    Args:
        weights: Of the pitch classes from C on, in any unit, shape (length, 12).

    Returns:
        Shape (length, 4): three pitch classes each, along the fifths, as digits to the base of `LEVELS`.
    """
    shares = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    levels = np.searchsorted(SHARES, shares.take(FIFTHS, axis=1), side="right").reshape(len(weights), -1, 3)
    return np.asarray(levels @ np.array([LEVELS**2, LEVELS, 1]), np.int64)


def _densities(played: Played, at: Column) -> NDArray[np.float64]:
    """Notes a second that are struck from each step on, shape (steps,)."""
    start = np.sort(played.start)
    struck = np.searchsorted(start, at + DENSITY_STEPS) - np.searchsorted(start, at)
    window = np.clip(played.end.max() - at, STEPS_PER_SECOND, DENSITY_STEPS)
    return np.asarray(struck * STEPS_PER_SECOND / window)


def _histograms(played: Played, at: Column) -> NDArray[np.float64]:
    """Steps that each pitch class sounds from each step on, its notes added up, shape (steps, 12)."""
    edges = np.stack([at, at + HISTOGRAM_STEPS])
    pitch_class = played.key % 12
    found = np.zeros((at.size, 12))
    for one in range(12):
        own = pitch_class == one
        begun, ended = _past(played.start[own], edges), _past(played.end[own], edges)
        found[:, one] = (begun[1] - begun[0]) - (ended[1] - ended[0])
    return found


def _past(steps: Column, edges: NDArray[Any]) -> NDArray[np.int64]:
    """How many steps in all have passed since each of `steps` at each of `edges`."""
    ordered = np.sort(steps)
    count = np.searchsorted(ordered, edges)
    return np.asarray(count * edges - np.append(0, np.cumsum(ordered)).take(count), np.int64)
