"""What `key_net` and its graph both have to know: where partials are looked for, and how far is heard."""

from __future__ import annotations

from collections.abc import Sequence

BINS_PER_KEY = 3

PARTIALS = (-36, 0, 36, 57, 72, 84, 93, 101, 108)
"""Where they are looked for, in thirds of a semitone from the key: half its frequency, then one to eight times it."""

TOGETHER = 2
"""Spectra that are heard at once: the network thinks at half their rate."""

PEDAL_UNITS, PEDAL_SPAN = 32, 9
"""Channels of what all keys together say of the pedal, and the pairs of spectra it is heard in, twice."""


def reach_of(dilations: Sequence[int]) -> int:
    """Return how many spectra to either side of those heard at once an answer hangs on, a multiple of `TOGETHER`."""
    return TOGETHER * (sum(dilations) + 2 * (PEDAL_SPAN // 2))
