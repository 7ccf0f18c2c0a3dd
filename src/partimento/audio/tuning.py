"""How far an instrument is out of tune as a whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIZE = 8192
_MOST_FRAMES = 400
_LOWEST_HZ, _HIGHEST_HZ = 200.0, 1_500.0
"""Below, semitones lie too near each other; above, the partials of stiff strings are sharp."""

_LEAST_AGREEMENT = 0.2


def tuning_cents(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Return by how many cents a sound's partials lie above those of A4 at 440 Hz, -50 to 50; 0 where they agree on nothing.

    The peaks of its spectra, each by how far it is off the nearest semitone, are averaged as angles, the strong ones more: the mean of what
    goes round in a circle of 100 cents.

    Args:
        samples: Mono, shape (frames,).
        sample_rate: Hz.
    """
    count = len(samples) // _SIZE
    if not count:
        return 0.0
    frames = samples[: count * _SIZE].reshape(count, _SIZE)
    loud = np.argsort(-np.square(frames).sum(axis=1))[:_MOST_FRAMES]
    spectra = np.abs(np.fft.rfft(frames[loud] * np.hanning(_SIZE), axis=1)) + 1e-12
    low, high = (round(hz * _SIZE / sample_rate) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    part = np.log(spectra[:, low - 1 : high + 1])
    before, here, after = part[:, :-2], part[:, 1:-1], part[:, 2:]
    frame, place = np.nonzero((here > before) & (here >= after) & (here > part.max(axis=1, keepdims=True) - np.log(30)))
    left, top, right = (side[frame, place] for side in (before, here, after))
    hz = (low + place + (left - right) / (2 * (left - 2 * top + right))) * sample_rate / _SIZE
    weights = np.exp(top)
    if not weights.sum() > 1e-6:
        return 0.0
    mean = (weights * np.exp(2j * np.pi * 12 * np.log2(hz / 440))).sum() / weights.sum()
    return float(np.angle(mean) / (2 * np.pi) * 100) if abs(mean) >= _LEAST_AGREEMENT else 0.0
