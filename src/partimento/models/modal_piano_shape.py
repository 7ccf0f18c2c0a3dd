"""What `modal_piano`, its graph and who plays with it have to know: which modes a note has."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PARTIALS = 96
"""Of a string; those above `HIGHEST_HZ` are silent."""

STRINGS = 2
"""Modes of a partial: the first dies away fast, the second slowly, a little out of tune with it (Weinreich 1977, Coupled piano strings)."""

BODY = 128
"""Modes of soundboard and case, which the hammer's knock moves: between them they sound like noise."""

MODES = STRINGS * PARTIALS + BODY

OUTPUTS = {"amplitude": MODES, "decay": MODES, "hertz": MODES, "rise": 1}
"""What is said of a note, and how many numbers say it."""

HIGHEST_HZ = 7_800.0
LOWEST_BODY_HZ = 40.0

MOST_CENTS = 4.0
"""By how much the two sines of a partial are apart at most."""

LEAST_LOG_AMPLITUDE, MOST_LOG_AMPLITUDE = -16.0, 1.0

SLOWEST, FASTEST = 0.05, 120.0
"""Of decays, 1/s: amplitudes fall to 1/e in 20 s, in 8 ms."""

QUICKEST_RISE, SLOWEST_RISE = 0.0003, 0.02
"""Seconds in which a note rises to all but 1/e of itself."""

SOFTEST = 0.02
"""What is added to a velocity before its logarithm is taken."""


def body_hz() -> NDArray[np.float64]:
    """Return the frequencies of the body's modes, shape (BODY,): as far apart as the ear tells them, none a multiple of another."""
    places = np.linspace(0, 1, BODY) + np.random.default_rng(0).uniform(-0.4, 0.4, BODY) / BODY
    low, high = (np.log1p(hertz / 700) for hertz in (LOWEST_BODY_HZ, HIGHEST_HZ))
    return np.asarray(700 * np.expm1(low + (high - low) * np.clip(places, 0, 1)))


def phases() -> NDArray[np.float64]:
    """Return where in its cycle each mode begins, 0 to 1, shape (MODES,): spread, so that a strike has no peak higher than it needs."""
    return np.asarray(np.random.default_rng(1).random(MODES))
