"""The melody of a performance, and telling it beforehand: who accompanies must know what is to come.

A note of the melody is told one second before it is struck, each by an id of its own, after whatever happens in that step; the music
begins one second later, so that its first notes are told too. A model that has learnt this plans a melody and plays it, or plays one
that is given (`compose --melody`).

Source: melody-conditioned Music Transformer (Huang et al. 2018), whose encoder reads the whole melody first; telling events a fixed
time beforehand is Thickstun et al. 2023 ("Anticipatory Music Transformer"). Differs: one decoder, told of one second ahead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.performance.codes import Played

CHORD_STEPS = 4
"""Steps within which keys are struck together: of a chord the highest is the melody's."""

COVERED_STEPS = 40
"""Steps for which a note that sounds covers what is struck below it."""

_NEIGHBOURS = 40


def melody_of(played: Played) -> NDArray[np.int64]:
    """Return step and key of each note of the highest line, shape (notes of it, 2).

    Args:
        played: Any performance. A note is of the line unless a higher one is struck with it, or was struck shortly before and still sounds.
    """
    order = np.lexsort((played.key, played.start))
    start, end, key = (column[order].astype(np.int64) for column in (played.start, played.end, played.key))
    covered = np.zeros(start.size, np.bool_)
    for distance in range(1, min(_NEIGHBOURS, start.size)):
        early, late = slice(None, -distance), slice(distance, None)
        apart = start[late] - start[early]
        together = apart <= CHORD_STEPS
        covered[early] |= together & (key[late] > key[early])
        covers = (apart <= COVERED_STEPS) & (end[early] > start[late])
        covered[late] |= (together | covers) & (key[early] > key[late])
    line = np.stack([start, key], axis=1)[~covered]
    return np.asarray(line[np.append(True, np.any(line[1:] != line[:-1], axis=1))] if len(line) else line, np.int64)
