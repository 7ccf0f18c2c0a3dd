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

EXPECTED_SECONDS = 1.0
"""Of a sound that is still played: so much at the reference is thought to have gone before it."""


def gated_level_db(samples: Mono, sample_rate: int) -> float:
    """Return the root mean square of a sound, what is silent in it left out, in dB of full scale; `SILENT_DB` where all is silent."""
    size = max(1, min(round(BLOCK_SECONDS * sample_rate), len(samples)))
    count = len(samples) // size
    return _gated_db(_energies(samples[: count * size], size))


class SettlingLevel:
    """The level of a sound that is still being played: the reference at first, then more and more what was heard.

    After `LOOKED_AT_SECONDS` it stays as it is, and but for `EXPECTED_SECONDS` it is then what `levelled` finds.

    Args:
        sample_rate: Frames per second (Hz).
    """

    def __init__(self, sample_rate: int) -> None:
        self._size = round(BLOCK_SECONDS * sample_rate)
        self._waiting = np.zeros(0, np.float32)
        self._energies: list[float] = []
        self._gain = np.float32(1)

    def push(self, samples: Mono) -> None:
        """Hear more."""
        if len(self._energies) * BLOCK_SECONDS >= LOOKED_AT_SECONDS:
            return
        self._waiting = np.concatenate([self._waiting, samples])
        whole = len(self._waiting) // self._size * self._size
        if whole:
            self._energies += _energies(self._waiting[:whole], self._size).tolist()
            self._gain = _settled(np.array(self._energies[: round(LOOKED_AT_SECONDS / BLOCK_SECONDS)]))
            self._waiting = self._waiting[whole:]

    @property
    def gain(self) -> np.float32:
        """The factor that brings the sound to `REFERENCE_DB`."""
        return self._gain


def _settled(energies: NDArray[np.float64]) -> np.float32:
    """The factor that the blocks so far, with these energies, ask for."""
    seconds = float(np.count_nonzero(_is_heard(energies))) * BLOCK_SECONDS
    if not seconds:
        return np.float32(1)
    level = (EXPECTED_SECONDS * REFERENCE_DB + seconds * _gated_db(energies)) / (EXPECTED_SECONDS + seconds)
    return _gain_of(level)


def _energies(samples: Mono, size: int) -> NDArray[np.float64]:
    """The mean energy of each block of so many samples, shape (blocks,)."""
    return np.asarray(np.mean(np.square(samples.reshape(-1, size), dtype=np.float64), axis=1))


def _is_heard(energies: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which blocks are not silent."""
    return energies > 10 ** (SILENT_DB / 10)


def _gated_db(energies: NDArray[np.float64]) -> float:
    """The level of blocks, what is silent among them left out."""
    heard = energies[_is_heard(energies)]
    if not heard.size:
        return SILENT_DB
    loud = heard[heard > heard.mean() * 10 ** (-GATE_DB / 10)]
    return float(10 * np.log10(loud.mean()))


def levelled(blocks: Iterable[Mono], sample_rate: int) -> Iterator[Mono]:
    """Yield a sound brought to `REFERENCE_DB` by one factor, which its first `LOOKED_AT_SECONDS` say; silence stays as it is."""
    waiting: list[Mono] = []
    frames = 0
    gain: np.float32 | None = None
    for block in blocks:
        if gain is not None:
            yield block * gain
            continue
        waiting.append(block)
        frames += len(block)
        if frames >= LOOKED_AT_SECONDS * sample_rate:
            gain = _gain(waiting, sample_rate)
            yield from (each * gain for each in waiting)
    if gain is None and waiting:
        gain = _gain(waiting, sample_rate)
        yield from (each * gain for each in waiting)


def _gain(blocks: list[Mono], sample_rate: int) -> np.float32:
    """The factor that brings a sound to the reference."""
    return _gain_of(gated_level_db(np.concatenate(blocks), sample_rate))


def _gain_of(level: float) -> np.float32:
    """The factor that brings a level in dB to the reference."""
    return np.float32(1 if level <= SILENT_DB else 10 ** ((REFERENCE_DB - level) / 20))
