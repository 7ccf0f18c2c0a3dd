"""The beat of a performance: where each onset stands on a grid of 24 steps a beat, and how long a beat lasts there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS = 24
"""Steps of a beat: room for eighths and sixths of it."""

SHORTEST_BEAT_SECONDS, LONGEST_BEAT_SECONDS = 0.35, 1.3
"""Beats a pianist is expected to begin with; the notation may count in halves or doubles of them."""

_USUAL_BEAT_SECONDS = 0.57
_BEAT_LIMITS_SECONDS = (0.25, 2.0)
_ONSET_ERROR_SECONDS = 0.020
_TEMPO_DRIFT = 0.04  # of the beat's length, per square root of a beat
_HOME_SPREAD, _HOME_PULL, _HOME_MEMORY_BEATS = 0.2, 0.24, 50.0
"""How far the tempo (its logarithm) strays from what the piece has had so far, how strongly it is held, and how long that is remembered."""

_BEAM, _HOPELESS = 160, 16.0  # paths that are kept, and how much less likely than the best they may be
_FARTHEST = 16 * STEPS

_DIVISIONS = np.array([1, 2, 4, 8, 3, 6])
"""Parts into which notes divide a beat."""

_USE = np.log([0.11, 0.30, 0.40, 0.05, 0.12, 0.02])
"""Log probability of each division."""

_STAY = 0.85  # with the division of the beat before
_STRESS = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [-0.02, 0.28, 0.25, 0.72, 0.34, -0.24, 0.06],
        [-0.11, 0.34, 1.38, 0.77, 1.10, 0.72, 0.44],
    ]
)
"""What accents say for a place within the beat, its middle, and the beat, shape (3, kinds of accent); see tools/metre_weights.py."""

_STRESS_USE = np.array([0.34, 0.27, 0.39])  # shares of chords in these places
_STRESS_TRUST = 0.8  # chords that follow one another say the same thing more than once
_EXTRA = np.log(0.002)  # an onset that belongs to the one before: a chord far spread, an ornament


@dataclass(frozen=True)
class Beats:
    """Onsets on the grid.

    Attributes:
        seconds: When each chord begins, shape (chords,).
        step: Where it stands, in steps counted from the first beat, shape (chords,).
        beat_seconds: How long a beat lasts there, shape (chords,).
    """

    seconds: NDArray[np.float64]
    step: NDArray[np.int64]
    beat_seconds: NDArray[np.float64]


def tracked(seconds: NDArray[np.float64], accents: NDArray[np.float64]) -> Beats:
    """Return the beats of a performance.

    Args:
        seconds: When each chord begins, rising, shape (chords,), at least one.
        accents: What speaks for a beat at each (see `accents.accents`), shape (chords, kinds).

    Source: bar-pointer and switching state-space models (A. T. Cemgil, B. Kappen, JAIR 18, 2003; N. Whiteley et al., ISMIR
    2006). Differs: one Kalman filter for each step of the beat, division and tempo region, and the best path through them.
    """
    advance, first, beat_seconds = _best_path(seconds, _stress(accents))
    return Beats(seconds, first + np.append(0, np.cumsum(advance)), beat_seconds)


def _stress(accents: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much more likely than usual each chord is at each step of the beat, logarithm, shape (chords, steps)."""
    scores = accents @ _STRESS.T
    scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True)) + np.log(_STRESS_USE)
    level = np.zeros(STEPS, np.int64)
    level[STEPS // 2], level[0] = 1, 2
    return np.asarray(_STRESS_TRUST * scores[:, level])


_FINEST_RATES = {8: 0.17, 3: 0.78}  # eighths of a beat seldom fill it


def _rates() -> NDArray[np.float64]:
    """How often a note begins at each step of a beat, for each division, shape (divisions, steps)."""
    rates = np.full((_DIVISIONS.size, STEPS), 1e-9)
    for row, division in zip(rates, _DIVISIONS.tolist(), strict=True):
        row[:: STEPS // division] = _FINEST_RATES.get(division, 0.72)
        if division % 2 == 0:
            row[:: 2 * STEPS // division] = 0.80
        row[0] = 0.96
    return rates


_RATES = _rates()


def _waiting() -> NDArray[np.float64]:
    """Log probability that a note on a step is followed by one so many steps later, shape (divisions, steps, farthest + 1)."""
    table = np.zeros((_DIVISIONS.size, STEPS, _FARTHEST + 1))
    for division in range(_DIVISIONS.size):
        hit, miss = np.log(_RATES[division]), np.log1p(-_RATES[division])
        for step in range(STEPS):
            after = (step + np.arange(1, _FARTHEST + 1)) % STEPS
            table[division, step, 1:] = np.append(0, np.cumsum(miss[after])[:-1]) + hit[after]
    table[:, :, 0] = _EXTRA
    return table


_WAITING = _waiting()
_REST_OF_BEAT = np.array([[np.log1p(-row[step + 1 :]).sum() for step in range(STEPS)] for row in _RATES])
"""Log probability that no note follows in the beat, shape (divisions, steps)."""

_CHANGE = np.log((1 - _STAY) * np.exp(_USE)[None, :] + _STAY * np.eye(_DIVISIONS.size))
"""Log probability of each division after each, shape (divisions, divisions)."""


@dataclass
class _Paths:
    """The best paths so far: columns of shape (paths,)."""

    step: NDArray[np.int64]  # of the beat
    division: NDArray[np.int64]
    likelihood: NDArray[np.float64]  # log
    at: NDArray[np.float64]  # seconds, as it should have been
    beat: NDArray[np.float64]  # seconds
    home: NDArray[np.float64]  # logarithm of the beat the piece has had so far
    spread: NDArray[np.float64]  # variances and covariance of at and beat, shape (3, paths)


def _beginnings(seconds: float, stress: NDArray[np.float64]) -> _Paths:
    """Every step of every division of the beat, and every tempo."""
    beats = np.geomspace(SHORTEST_BEAT_SECONDS, LONGEST_BEAT_SECONDS, 24)
    division, step = np.nonzero(_RATES > 0.01)
    division, step, beat = np.repeat(division, beats.size), np.repeat(step, beats.size), np.tile(beats, step.size)
    likelihood = stress[step] + _USE[division] + np.log(_RATES[division, step]) - 0.5 * (np.log(beat / _USUAL_BEAT_SECONDS) / 0.35) ** 2
    error = np.full(beat.size, _ONSET_ERROR_SECONDS**2)
    spread = np.array([error, np.zeros(beat.size), (0.05 * beat) ** 2])
    return _Paths(step, division, likelihood, np.full(beat.size, seconds), beat, np.log(beat), spread)


def _best_path(seconds: NDArray[np.float64], stress: NDArray[np.float64]) -> tuple[NDArray[np.int64], int, NDArray[np.float64]]:
    """Steps from each chord to the next, the step of the first, and the length of a beat at each."""
    paths = _beginnings(float(seconds[0]), stress[0])
    history: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    first = paths.step
    for now, stressed in zip(seconds[1:].tolist(), stress[1:], strict=True):
        parent, advance, paths = _followed(paths, now, stressed)
        history.append((parent, advance, paths.beat))
    best = int(np.argmax(paths.likelihood))
    advances, beats = [], []
    for parent, advance, beat in reversed(history):
        advances.append(int(advance[best]))
        beats.append(float(beat[best]))
        best = int(parent[best])
    beats = beats[::-1]
    return np.array(advances[::-1], np.int64), int(first[best]), np.array([*beats[:1], *beats] or [_USUAL_BEAT_SECONDS])


def _followed(paths: _Paths, now: float, stress: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], _Paths]:
    """The best paths to a chord at `now`: the path each one continues, by how many steps, and themselves."""
    parent, advance, division = _candidates(paths, now)
    far = advance / STEPS
    drift = (_TEMPO_DRIFT * paths.beat[parent]) ** 2 * far
    a, b, c = paths.spread[:, parent]
    a = a + 2 * far * b + far**2 * c + drift * far**2 / 3
    b = b + far * c + drift * far / 2
    c = c + drift
    ahead = paths.at[parent] + far * paths.beat[parent]
    total = a + _ONSET_ERROR_SECONDS**2
    off = now - ahead
    extra = advance == 0
    total[extra], off[extra] = 0.03**2, np.maximum(off[extra] - 0.03, 0)
    fit = -0.5 * off**2 / total - 0.5 * np.log(total)
    gain = np.where(extra, 0, a / total), np.where(extra, 0, b / total)
    at, beat = ahead + gain[0] * off, np.clip(paths.beat[parent] + gain[1] * off, *_BEAT_LIMITS_SECONDS)
    spread = np.array([a - gain[0] * a, b - gain[0] * b, c - gain[1] * b])
    to = (paths.step[parent] + advance) % STEPS
    likelihood = paths.likelihood[parent] + fit + _prior(paths, parent, advance, division) + np.where(extra, 0, stress[to])
    tempo, home = np.log(beat), paths.home[parent]
    likelihood -= far * (0.01 * ((tempo - np.log(_USUAL_BEAT_SECONDS)) / 0.35) ** 2 + _HOME_PULL * ((tempo - home) / _HOME_SPREAD) ** 2)
    home = home + (tempo - home) * np.minimum(far / _HOME_MEMORY_BEATS, 1)
    region = np.rint(tempo / 0.06).astype(np.int64)
    chosen = _best_of_each(((region + 100) * 8 + division) * STEPS + to, likelihood)
    kept = _Paths(to[chosen], division[chosen], likelihood[chosen], at[chosen], beat[chosen], home[chosen], spread[:, chosen])
    return parent[chosen], advance[chosen], kept


def _candidates(paths: _Paths, now: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ways to go on: the path, steps ahead, and the division of the beat it leads to."""
    target = (now - paths.at) / paths.beat * STEPS + paths.step
    unit = STEPS // _DIVISIONS
    low = np.floor(target[:, None] / unit).astype(np.int64)
    place = (low[:, :, None] + np.array([0, 1])) * unit[:, None]  # (paths, divisions, below or above)
    ahead = place - paths.step[:, None, None]
    keeps = np.arange(_DIVISIONS.size) == paths.division[:, None]
    possible = (ahead > 0) & (keeps[:, :, None] | (place >= STEPS))
    parent, division, which = np.nonzero(possible)
    here = np.arange(paths.step.size)
    return (
        np.concatenate([parent, here]),
        np.concatenate([ahead[parent, division, which], np.zeros(here.size, np.int64)]),
        np.concatenate([division, paths.division]),
    )


def _prior(paths: _Paths, parent: NDArray[np.int64], advance: NDArray[np.int64], division: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log probability of going on so, before the time is heard."""
    old, step = paths.division[parent], paths.step[parent]
    beyond = step + advance - STEPS  # the beat's first step is 0
    inside = _WAITING[old, step, np.minimum(advance, _FARTHEST)]
    outside = _REST_OF_BEAT[old, step] + _CHANGE[old, division] + _WAITING[division, STEPS - 1, np.clip(beyond + 1, 1, _FARTHEST)]
    return np.where(beyond < 0, inside, outside)


def _best_of_each(key: NDArray[np.int64], likelihood: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices of the likeliest of each key, the likeliest `_BEAM` of them."""
    alive = np.flatnonzero(likelihood > likelihood.max() - _HOPELESS)
    order = alive[np.argsort(-likelihood[alive], kind="stable")]
    _, first = np.unique(key[order], return_index=True)
    return np.asarray(order[np.sort(first)[:_BEAM]])
