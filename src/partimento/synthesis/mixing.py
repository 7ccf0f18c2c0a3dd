"""Strikes of a tone added to the mix of a piece, as long as they are heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.synthesis.envelope import SILENT_DB
from partimento.synthesis.instrument import Sounding
from partimento.synthesis.low_pass import STRETCH_FRAMES
from partimento.synthesis.tone import Tone

Frames = NDArray[np.float32]

_INAUDIBLE = 1e-6  # a gain


class Strike(NamedTuple):
    """A note to be sounded: its first frame, frames until the key is let go, gain to the left and right."""

    start: int
    held: int
    left: float
    right: float


class MixingDesk:
    """Adds tones to a mix; has room of its own in which a strike is put together, so that none is asked for anew."""

    def __init__(self) -> None:
        self._room = np.zeros((3, 0), np.float32)

    def add(self, mix: Frames, strike: Strike, sounding: Sequence[tuple[Tone, Sounding]], fade: Frames) -> None:
        """Add a strike to the mix.

        Args:
            mix: Shape (2, frames).
            strike: When, how long and how loud.
            sounding: The tones that sound together, and their gains.
            fade: What is left of them at each frame after the key is let go, shape (frames,).
        """
        rows = [row for row in _rows(strike, sounding) if row[1] > _INAUDIBLE or row[2] > _INAUDIBLE]
        length = min(strike.held + fade.size, mix.shape[1] - strike.start, max((row.size for row, *_ in rows), default=0))
        length = _heard(strike, sounding, fade, length)
        if length > self._room.shape[1]:
            self._room = np.empty((3, length + length // 2), np.float32)
        used: set[int] = set()
        for row, *gains in rows:
            part = row[:length]
            for channel, gain in enumerate(gains):
                if gain <= _INAUDIBLE:
                    continue
                if channel in used:
                    np.multiply(part, np.float32(gain), out=self._room[2, : part.size])
                    self._room[channel, : part.size] += self._room[2, : part.size]
                else:
                    np.multiply(part, np.float32(gain), out=self._room[channel, : part.size])
                    self._room[channel, part.size : length] = 0
                    used.add(channel)
        channels = slice(min(used, default=0), max(used, default=-1) + 1)
        sound = self._room[channels, :length]
        if length > strike.held:
            sound[:, strike.held :] *= fade[: length - strike.held]
        mix[channels, strike.start : strike.start + length] += sound


def _rows(strike: Strike, sounding: Sequence[tuple[Tone, Sounding]]) -> Iterator[tuple[Frames, float, float]]:
    """Each recording with its gains to the left and right."""
    for tone, gains in sounding:
        for row, left, right in zip(tone.samples, gains.left, gains.right, strict=True):
            yield row, strike.left * left, strike.right * right


def _heard(strike: Strike, sounding: Sequence[tuple[Tone, Sounding]], fade: Frames, length: int) -> int:
    """How many of a strike's frames are less than `SILENT_DB` below its loudest moment."""
    if length <= 0:
        return 0
    count = -(-length // STRETCH_FRAMES)
    loud = np.zeros(count)
    for tone, gains in sounding:
        peaks = tone.peaks[:count]
        loud[: peaks.size] += peaks * max(*gains.left, *gains.right)
    let_go = strike.held // STRETCH_FRAMES + 1
    least = loud[:let_go].max() * 10 ** (-SILENT_DB / 20)
    if let_go < count:
        loud[let_go:] *= fade.take(np.arange(let_go, count) * STRETCH_FRAMES - strike.held, mode="clip")
    heard = np.flatnonzero(loud > least)
    return min(length, (int(heard[-1]) + 1) * STRETCH_FRAMES) if heard.size else 0
