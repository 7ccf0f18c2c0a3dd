"""What the biaxial network hears of the frame before, in numbers: for the network and for its graph alike.

A note is one of the keys of a frame. All inputs but the place are whole numbers, so that a graph may multiply them
exactly. Source: D. Johnson, "Composing Music With Recurrent Neural Networks" (2015) and his program.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

REACH = 12
"""Keys to either side that a note hears."""

WINDOW = 2 * REACH + 1

FIXED = 13
"""Inputs that never change: how high the note is, and its pitch class."""

BEATS = 4
"""Inputs that say where in the bar a frame lies."""


def bar_steps(metre: str) -> int:
    """Return the frames, 16ths, in a bar of a metre such as ``6/8``."""
    numerator, denominator = map(int, metre.split("/"))
    return 16 * numerator // denominator


def beats(metres: tuple[str, ...]) -> NDArray[np.float32]:
    """Return where each place lies, from -1 to 1; shape (places + 1, `BEATS`), the last row, zeros, for no place.

    In 4/4 these are the four bits of the 16th in the bar, as published: within the eighth, within the beat, which of two
    beats, which half of the bar. In other metres they mean the same; of three eighths of a beat, and of an odd
    number of beats, the middle one is 0.
    """
    rows: list[tuple[float, ...]] = []
    for metre in metres:
        numerator, denominator = map(int, metre.split("/"))
        units = 3 if numerator % 3 == 0 and numerator > 3 else 1  # of the denominator's in a beat
        beat = units * 16 // max(denominator, 4)  # halves are counted as quarters
        parts = 3 if units == 3 else 2
        count = bar_steps(metre) / beat
        for step in range(bar_steps(metre)):
            number, within = divmod(step, beat)
            eighth, half = within * parts // beat, np.sign(2 * number + 1 - count)
            rows.append((2.0 * (step % 2) - 1, 2.0 * eighth / (parts - 1) - 1, 2.0 * (number % 2) - 1, float(half) if count > 1 else -1.0))
    return np.array([*rows, (0.0,) * BEATS], np.float32)


def left_in_bar(metres: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the frames from each place to the end of its bar, its own among them; shape (places + 1,), 1 for no place."""
    return np.array([left for metre in metres for left in range(bar_steps(metre), 0, -1)] + [1], np.int64)


def metre_of(metres: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the number of each place's metre, for no place one more than the last; shape (places + 1,)."""
    return np.array([number for number, metre in enumerate(metres) for _ in range(bar_steps(metre))] + [len(metres)], np.int64)


def may_follow(metres: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return which place, or as the first column the end, may follow each; shape (places + 1, 1 + places).

    Within a bar the next place of it, at its end anything; after no place, the last row, any place but not the end.
    """
    left = left_in_bar(metres)
    places = left.size - 1
    may = np.zeros((places + 1, 1 + places), np.bool_)
    may[left == 1] = True
    may[-1, 0] = False
    inside = np.flatnonzero(left > 1)
    may[inside, inside + 2] = True
    return may


def fixed_inputs(keys: int, lowest: int) -> NDArray[np.float32]:
    """Return what a note always hears: its height, 0 to 1 over the range of MIDI, and its pitch class; shape (keys, `FIXED`)."""
    pitch = np.arange(lowest, lowest + keys)
    return np.concatenate([pitch[:, None] / 127, np.eye(12)[pitch % 12]], axis=1).astype(np.float32)


def windows(keys: int) -> NDArray[np.int64]:
    """Return where in a frame with `REACH` silent keys at both ends each note finds its neighbours; shape (keys, `WINDOW`)."""
    return np.asarray(np.arange(keys)[:, None] + np.arange(WINDOW))


def classes(keys: int) -> NDArray[np.float32]:
    """Return the pitch class of each key, counted from the lowest, as one of 12; shape (keys, 12)."""
    return np.eye(12, dtype=np.float32)[np.arange(keys) % 12]


def rotated(keys: int) -> NDArray[np.int64]:
    """Return where each note finds the counts of the 12 pitch classes, its own first; shape (keys, 12)."""
    return np.asarray((np.arange(keys)[:, None] + np.arange(12)) % 12)


def sections(*, articulate: bool) -> dict[str, slice]:
    """Return name -> columns of the first layer's input: fixed, played, struck (none unless `articulate`), classes, beats."""
    widths = {"fixed": FIXED, "played": WINDOW, "struck": WINDOW if articulate else 0, "classes": 12, "beats": BEATS}
    ends = list(accumulate(widths.values()))
    return {name: slice(end - width, end) for (name, width), end in zip(widths.items(), ends, strict=True)}
