"""How loud a recording is as a whole, and brought to one loudness: what is loud in it stays loud, what is soft stays soft.

Source: ITU-R BS.1770-4, section 5.1 (gating), without its weighting of frequencies: blocks of 400 ms, those below -70 dB left out, then
those 20 dB (there 10) below the mean of the rest, for a piano's softest notes are music too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]
"""Shape (frames,)."""

BLOCK_SECONDS, SILENT_DB, GATE_DB = 0.4, -70.0, 20.0

REFERENCE_DB = -26.0
"""The level to which recordings are brought."""

LOOKED_AT_SECONDS = 120
"""By so much of its beginning a long recording is judged."""


def gated_level_db(samples: Mono, sample_rate: int) -> float:
    """Return the root mean square of a sound, what is silent in it left out, in dB of full scale; `SILENT_DB` where all is silent."""
    size = max(1, min(round(BLOCK_SECONDS * sample_rate), len(samples)))
    count = len(samples) // size
    energy = np.mean(np.square(samples[: count * size].reshape(count, size), dtype=np.float64), axis=1)
    heard = energy[energy > 10 ** (SILENT_DB / 10)]
    if not heard.size:
        return SILENT_DB
    loud = heard[heard > heard.mean() * 10 ** (-GATE_DB / 10)]
    return float(10 * np.log10(loud.mean()))


def levelled(blocks: Iterable[Mono], sample_rate: int) -> Iterator[Mono]:
    """Yield a sound brought to `REFERENCE_DB` by one factor, which its first `LOOKED_AT_SECONDS` say; silence stays as it is."""
    waiting: list[Mono] = []
    gain: np.float32 | None = None
    for block in blocks:
        if gain is not None:
            yield block * gain
            continue
        waiting.append(block)
        if sum(map(len, waiting)) >= LOOKED_AT_SECONDS * sample_rate:
            gain = _gain(waiting, sample_rate)
            yield from (each * gain for each in waiting)
    if gain is None and waiting:
        gain = _gain(waiting, sample_rate)
        yield from (each * gain for each in waiting)


def _gain(blocks: list[Mono], sample_rate: int) -> np.float32:
    """The factor that brings a sound to the reference."""
    level = gated_level_db(np.concatenate(blocks), sample_rate)
    return np.float32(1 if level <= SILENT_DB else 10 ** ((REFERENCE_DB - level) / 20))
