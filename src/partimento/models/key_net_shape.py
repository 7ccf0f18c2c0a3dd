"""What `key_net` and its graph both have to know: where partials are looked for, at which intervals keys hear each other."""

from __future__ import annotations

from collections.abc import Sequence

KEYS, FIRST_KEY = 88, 21

PARTIALS = (-36, 0, 36, 57, 72, 84, 93, 101, 108)
"""Where they are looked for, in thirds of a semitone from the key: half its frequency, then one to eight times it."""

INTERVALS = (-31, -28, -24, -19, -12, -7, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 7, 12, 19, 24, 28, 31)
"""Semitones at which keys hear each other."""

HEADS = ("onset", "frame", "offset", "velocity")

PEDAL_UNITS, PEDAL_SPAN = 32, 9
"""Channels of what all keys together say of the pedal, and the spectra it is heard in, twice."""


def reach_of(dilations: Sequence[int]) -> int:
    """Return how many spectra to either side an answer hangs on."""
    return sum(dilations) + 2 * (PEDAL_SPAN // 2)
