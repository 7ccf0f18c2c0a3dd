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


def ahead_of(dilations: Sequence[int], ahead: int | None) -> int:
    """Return how many spectra behind those heard at once an answer hangs on, a multiple of `TOGETHER`.

    Args:
        dilations: Of the blocks, in pairs of spectra.
        ahead: How many blocks hear ahead; see `key_net.KeyNetConfig`.
    """
    return TOGETHER * (sum(dilations) + 2 * (PEDAL_SPAN // 2) if ahead is None else sum(dilations[:ahead]))


def reach_of(dilations: Sequence[int], ahead: int | None = None) -> int:
    """Return how many spectra to either side of those heard at once an answer hangs on at most; see `ahead_of`."""
    back = sum(dilations) + 2 * (PEDAL_SPAN // 2)
    return TOGETHER * (back if ahead is None else back + sum(dilations[ahead:]) + 2 * (PEDAL_SPAN // 2))


def pads_of(span: int, *, centred: bool) -> tuple[int, int]:
    """Return how much silence a convolution that hears `span` steps beside its own adds before the first one and behind the last."""
    return (span // 2, span // 2) if centred else (span, 0)
