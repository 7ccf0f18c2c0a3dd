"""Lengths that can be read: what one hand holds, as chords of one or two voices without overlaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

QUARTER = 480
"""Ticks of a quarter note, here and in the notated score."""

_PLAIN = (60, 120, 240, 360, 480, 720, 960, 1440, 1920, 2880, 3840)
_TRIPLE = (80, 160, 320, 480, 640, 960, 1440, 1920)
_FILLED, _FILLED_QUARTER = 0.4, 0.2
"""A note held for so much of the time to the next one, of a quarter or less, lasts until then: the rest is how it is touched."""

_HELD_ON = 1.6
"""A highest or lowest note held so many times as long as the time to the next one is a voice of its own."""


def readable(start: NDArray[np.int64], held: NDArray[np.int64], pitch: NDArray[np.int64], *, is_right: bool) -> NDArray[np.int64]:
    """Return how long each note of a hand is written, in ticks, shape (notes,).

    Args:
        start: Where each note begins, in ticks, rising, shape (notes,).
        held: How long its key is held, in ticks, shape (notes,).
        pitch: Its MIDI key, shape (notes,).
        is_right: Whether it is the right hand, whose highest note may be held over the others; of the left the lowest may.
    """
    begins, chord = np.unique(start, return_inverse=True)
    gap = np.append(np.diff(begins), 0)
    outward = pitch if is_right else -pitch
    outer = np.full(begins.size, -1000)
    np.maximum.at(outer, chord, outward)
    longest = np.zeros(begins.size, np.int64)
    np.maximum.at(longest, chord, held)
    gap[-1] = max(_nearest(int(longest[-1]), int(begins[-1])), 1)
    length = np.zeros(start.size, np.int64)
    for index in range(begins.size):
        notes = np.flatnonzero(chord == index)
        rest = notes
        top = notes[np.argmax(outward[notes])]
        if index + 1 < begins.size and held[top] >= _HELD_ON * gap[index] and held[top] >= QUARTER // 2:
            until = _own_end(begins, outer, index, int(begins[index] + held[top]))
            if until > begins[index] + gap[index]:
                length[top] = until - begins[index]
                rest = notes[notes != top]
        if rest.size:
            length[rest] = _value(int(np.median(held[rest])), int(gap[index]), int(begins[index]))
    return length


def _own_end(begins: NDArray[np.int64], outer: NDArray[np.int64], index: int, end: int) -> int:
    """Where an outer note that is held to `end` ends: before the next note of its line."""
    last = index + 1
    while last < begins.size and begins[last] < end and outer[last] < outer[index] - 2:
        last += 1
    if last < begins.size and begins[last] - end < QUARTER // 2:
        return int(begins[last])
    whole = end // (QUARTER // 2) * (QUARTER // 2)
    return int(min(whole, begins[last])) if last < begins.size else int(whole)


def _value(held: int, gap: int, start: int) -> int:
    """The written length of a chord that is followed by another after `gap` ticks."""
    if gap <= QUARTER // 2 or held >= (_FILLED if gap > QUARTER else _FILLED_QUARTER) * gap:
        return gap
    return min(_nearest(max(held, QUARTER // 4), start), gap)


def _nearest(held: int, start: int) -> int:
    """The note value nearest to a length, of those that may begin there."""
    values = np.array(_PLAIN if start % (QUARTER // 8) == 0 else _TRIPLE)
    return int(values[np.argmin(np.abs(np.log(values / max(held, 1))))])
