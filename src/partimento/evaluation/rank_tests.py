"""Whether ratings differ by more than chance: two tests of ranks, with nothing but numpy.

Source: Kruskal and Wallis 1952; Wilcoxon 1945. Ranks of equal values are their mean, and both tests are corrected for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from partimento.errors import ConfigError

MOST_COUNTED = 50
"""Differences up to which every way to sign them is counted; above, the normal distribution stands in."""


class KruskalWallis(NamedTuple):
    """Whether some groups rank higher than others: `h`, its degrees of freedom, and the chance of an `h` as great without a difference."""

    h: float
    degrees: int
    p: float


class Wilcoxon(NamedTuple):
    """Whether differences lie about zero: sums of the ranks above and below it, of the `kept` that are not zero, and the chance."""

    above: float
    below: float
    kept: int
    p: float


def kruskal_wallis(groups: Sequence[ArrayLike]) -> KruskalWallis:
    """Return Kruskal and Wallis's test of two or more groups of values, each of shape (values,); the chance is that of chi-square.

    Raises:
        ConfigError: When there are fewer than two groups, or one is empty.
    """
    values = [np.asarray(group, np.float64) for group in groups]
    if len(values) < 2 or not all(group.size for group in values):
        raise ConfigError(
            f"kruskal_wallis: groups of {[group.size for group in values]} values, expected two groups or more with some in each."
        )
    whole = np.concatenate(values)
    ranks, ties = _ranks(whole)
    count, degrees = len(whole), len(values) - 1
    freedom = 1 - float(np.sum(ties**3 - ties)) / (count**3 - count)
    if freedom <= 0:  # all values are equal
        return KruskalWallis(0.0, degrees, 1.0)
    parts = np.split(ranks, np.cumsum([group.size for group in values])[:-1])
    h = 12 / (count * (count + 1)) * sum(float(part.sum()) ** 2 / part.size for part in parts) - 3 * (count + 1)
    return KruskalWallis(h / freedom, degrees, chi_square_tail(h / freedom, degrees))


def wilcoxon(differences: ArrayLike) -> Wilcoxon:
    """Return Wilcoxon's signed-rank test of differences, shape (differences,); those of zero are left out.

    The chance is two-sided; it is counted over all ways to sign the ranks up to `MOST_COUNTED`, ties included, and is that of the normal
    distribution, corrected for ties and not for continuity, above.
    """
    values = np.asarray(differences, np.float64)
    values = values[values != 0]
    count = len(values)
    if not count:
        return Wilcoxon(0.0, 0.0, 0, 1.0)
    ranks, ties = _ranks(np.abs(values))
    above, below = float(ranks[values > 0].sum()), float(ranks[values < 0].sum())
    if count <= MOST_COUNTED:
        return Wilcoxon(above, below, count, _counted(ranks, min(above, below)))
    variance = count * (count + 1) * (2 * count + 1) / 24 - float(np.sum(ties**3 - ties)) / 48
    z = (above - count * (count + 1) / 4) / math.sqrt(variance)
    return Wilcoxon(above, below, count, math.erfc(abs(z) / math.sqrt(2)))


def chi_square_tail(value: float, degrees: int) -> float:
    """Return the chance of a chi-square of so many degrees of freedom, 1 or more, above `value`.

    Source: the upper incomplete gamma function, by Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1), from Q(1/2, x) = erfc(sqrt(x)) or
    Q(1, x) = e^-x (Abramowitz and Stegun 26.4.8).
    """
    x = max(value, 0.0) / 2
    order = 0.5 if degrees % 2 else 1.0
    chance = math.erfc(math.sqrt(x)) if degrees % 2 else math.exp(-x)
    while x > 0 and order < degrees / 2:
        chance += math.exp(order * math.log(x) - x - math.lgamma(order + 1))
        order += 1
    return min(chance, 1.0) if x > 0 else 1.0


def _ranks(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ranks from 1, those of equal values their mean, and how many values are equal to each other."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places.ravel()], np.float64), counts.astype(np.float64)


def _counted(ranks: NDArray[np.float64], least: float) -> float:
    """Twice the share of all ways to sign the ranks that give a sum of `least` at most, 1 at most."""
    doubled = np.rint(2 * ranks).astype(np.int64)  # means of ranks are halves
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1
    for rank in doubled:
        ways[rank:] += ways[:-rank].copy()
    return min(1.0, 2 * float(ways[: round(2 * least) + 1].sum()) / 2.0 ** len(ranks))
