"""What is done to logits before a choice is made. One function a filter; each takes and returns float64 logits.

A filter never takes the last candidate away: with all but one id at minus infinity the one stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError

Logits = NDArray[np.float64]
"""Shape (vocabulary,); minus infinity where an id may not come."""

Filter = Callable[[Logits], Logits]


def temperature(logits: Logits, value: float) -> Logits:
    """Sharpen (`value` below 1) or flatten (above 1) the choice; 0 leaves the likeliest id alone."""
    if value == 0:
        return np.where(np.arange(logits.size) == int(np.argmax(logits)), logits, -np.inf)
    with np.errstate(over="ignore"):  # a value close to 0 leaves the likeliest alone
        return np.asarray((logits - logits.max()) / value)


def top_k(logits: Logits, count: int) -> Logits:
    """Keep the `count` likeliest ids; of equals the lower id first."""
    if count >= logits.size:
        return logits
    kept = np.argsort(-logits, kind="stable")[:count]
    result = np.full_like(logits, -np.inf)
    result[kept] = logits[kept]
    return result


def top_p(logits: Logits, share: float) -> Logits:
    """Keep the likeliest ids that together have probability `share` (Holtzman et al. 2020)."""
    order = np.argsort(-logits, kind="stable")
    chances = probabilities(logits)[order]
    kept = order[: int(np.searchsorted(np.cumsum(chances), share)) + 1]
    result = np.full_like(logits, -np.inf)
    result[kept] = logits[kept]
    return result


def min_p(logits: Logits, share: float) -> Logits:
    """Keep the ids at least `share` times as probable as the likeliest one (Nguyen et al. 2024)."""
    return np.where(logits >= logits.max() + math.log(share), logits, -np.inf)


def probabilities(logits: Logits) -> NDArray[np.float64]:
    """Return the softmax of `logits`."""
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Sampling:
    """How the next id is chosen; None is off.

    Attributes:
        temperature: 0 (always the likeliest) to 10; 1 is the model as it is.
        top_k: 1 or more.
        top_p: Above 0, at most 1.
        min_p: Above 0, below 1.
        conservative: Keep a model of frames from falling silent, see `models.conservative`.
        steady: Keep a performance about as fast, full and loud as it began, see `models.steady`.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    conservative: bool = False
    steady: bool = False

    def __post_init__(self) -> None:
        bounds = {
            "temperature": (self.temperature, 0 <= self.temperature <= 10, "0 to 10; 1 is the model as it is"),
            "top-k": (self.top_k, self.top_k is None or self.top_k >= 1, "1 or more"),
            "top-p": (self.top_p, self.top_p is None or 0 < self.top_p <= 1, "above 0, at most 1"),
            "min-p": (self.min_p, self.min_p is None or 0 < self.min_p < 1, "above 0, below 1"),
            "conservative": (self.conservative, isinstance(self.conservative, bool), "true or false"),
            "steady": (self.steady, isinstance(self.steady, bool), "true or false"),
        }
        for name, (value, fits, expected) in bounds.items():
            if not fits:
                raise ConfigError(f"{name} {value}: expected {expected}.")

    def filters(self) -> tuple[Filter, ...]:
        """Return the filters in the order in which they act: temperature last, so that it does not move the cut-offs."""
        chosen: list[Filter] = []
        if (count := self.top_k) is not None:
            chosen.append(lambda logits: top_k(logits, count))
        if (nucleus := self.top_p) is not None:
            chosen.append(lambda logits: top_p(logits, nucleus))
        if (least := self.min_p) is not None:
            chosen.append(lambda logits: min_p(logits, least))
        if self.temperature != 1:
            chosen.append(lambda logits: temperature(logits, self.temperature))
        return tuple(chosen)
