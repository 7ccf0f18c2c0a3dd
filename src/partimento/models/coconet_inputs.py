"""What the Coconet hears, as tables: for the network, its graph and its session alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.models.coconet_cells import FIRST_KEY, REST, UNKNOWN, Layout

PLANES = 4
"""Planes of a voice: what sounds, what is struck again, what is not known, what rests."""

LAGS = (1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 64)
"""Steps back at which the phase of a place says something about the next place."""

MARGIN = max(LAGS)
"""Steps before a stretch of music whose places are looked back at."""

SHARPNESS = 8.0
"""Factor of the tables that are read once a piece: a step of the optimiser moves them little."""

FACTS = "coconet"
"""Name of the words in a graph that say how its ids are laid out."""

HEARD = 26
"""What a voice does, to the network of places: nothing known, a rest, or a degree of the key, held or struck."""


def channels(layout: Layout) -> int:
    """Return the planes of the picture: of every voice, and where the tonic lies in major and in minor."""
    return PLANES * layout.voices + 2


def planes(layout: Layout) -> NDArray[np.float32]:
    """Return what each value of a cell looks like, shape (values, PLANES, keys)."""
    table = np.zeros((layout.values, PLANES, layout.keys), np.float32)
    keys = np.arange(layout.keys)
    table[UNKNOWN, 2] = table[REST, 3] = 1
    table[FIRST_KEY + keys, 0, keys] = 1
    for plane in (0, 1):
        table[FIRST_KEY + layout.keys + keys, plane, keys] = 1
    return table


def tonic_planes(layout: Layout) -> NDArray[np.float32]:
    """Return where the tonics lie, shape (signatures, 2, keys): the first plane for a major key, the second for a minor one."""
    table = np.zeros((len(layout.tonics), 2, layout.keys), np.float32)
    for number, (tonic, minor) in enumerate(zip(layout.tonics, layout.minor, strict=True)):
        table[number, int(minor), tonic::12] = 1
    return table


def phase_of(layout: Layout) -> NDArray[np.int64]:
    """Return the phase of each place and 1, shape (1 + places,); 0 for none."""
    return np.concatenate([[0], 1 + np.arange(layout.places) // max(layout.longest_bar, 1)]).astype(np.int64)
