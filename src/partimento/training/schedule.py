"""How long a run lasts and how fast it learns at each step."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Literal

from partimento.errors import ConfigError

Decay = Literal["line", "cosine"]

DECAY_SHARE = 0.3
"""Share of a run's steps over which the learning rate falls to nothing."""

NOMINAL_FLOPS = 1.2e11
"""What one minute of `--minutes` counts for, in floating-point operations per second: two cores of 2024 in bf16.

`--minutes` is turned into steps by this number and not by the clock, so that the same command gives the same
weights on every machine and after every interruption.
"""

NOMINAL_STEP_SECONDS = 0.02


@dataclass(frozen=True)
class Schedule:
    """Rise, hold, fall: a learning rate that climbs for `warmup` steps, stays, and falls to 0.

    When validation turns before the fall has begun, `fall_from` brings it forward.

    Source: trapezoidal ("warmup-stable-decay") schedules, Hu et al. 2024 (MiniCPM); half a cosine, Loshchilov and Hutter 2017 (SGDR).

    Attributes:
        steps: Length of the run.
        peak: Highest learning rate.
        warmup: Steps of the rise.
        decay_from: Step at which the fall begins.
        decay: ``line``: it stays, and falls in a straight line at the end; ``cosine``: it falls all the way, like half a cosine.
    """

    steps: int
    peak: float
    warmup: int
    decay_from: int
    decay: Decay = "line"

    def __post_init__(self) -> None:
        if self.decay not in ("line", "cosine"):
            raise ConfigError(f"schedule: decay '{self.decay}', expected line or cosine.")
        if self.steps < 1 or not 0 < self.peak < 1 or self.warmup < 0 or not 0 <= self.decay_from <= self.steps:
            raise ConfigError(f"schedule: {asdict(self)}, expected at least 1 step and a learning rate between 0 and 1.")

    @classmethod
    def of_steps(cls, steps: int, peak: float, decay: Decay = "line") -> Schedule:
        """Return the schedule of a run of `steps` steps."""
        warmup = min(200, steps // 10)
        return cls(steps, peak, warmup, warmup if decay == "cosine" else steps - round(DECAY_SHARE * steps), decay)

    def rate(self, step: int) -> float:
        """Return the learning rate of step `step` (0 is the first)."""
        rise = min(1.0, (step + 1) / max(self.warmup, 1))
        fall = min(1.0, (self.steps - step) / max(self.steps - self.decay_from, 1))
        return self.peak * rise * (fall if self.decay == "line" else (1 - math.cos(math.pi * fall)) / 2)

    def falling(self, step: int) -> bool:
        """Whether the fall has begun at `step`."""
        return step >= self.decay_from

    def from_here(self, step: int) -> Schedule:
        """Return the schedule of a run that is at `step` already when its length is changed to `steps`."""
        return replace(self, steps=max(self.steps, step + 1), decay_from=max(self.decay_from, min(step, self.steps)))

    def fall_from(self, step: int) -> Schedule:
        """Return the schedule whose fall begins at `step` and lasts a third of the steps made so far, or what is left."""
        return replace(self, decay_from=step, steps=min(self.steps, step + max(step // 3, 1)))


def steps_of_minutes(minutes: float, *, parameters: int, tokens_per_step: int) -> int:
    """Return how many steps `minutes` stand for (see `NOMINAL_FLOPS`), at least 1.

    Args:
        minutes: Wished length of the run, above 0.
        parameters: Weights that every token is multiplied with.
        tokens_per_step: Tokens in one batch.
    """
    if not 0 < minutes < 1e6:
        raise ConfigError(f"--minutes {minutes}: expected more than 0.")
    step_seconds = NOMINAL_STEP_SECONDS + 6 * parameters * tokens_per_step / NOMINAL_FLOPS
    return max(1, round(minutes * 60 / step_seconds))
