"""A resonant low-pass whose corner moves, as products of matrices: what a loop over frames would do, without the loop.

Sound is cut into blocks. What the filter answers to a block by itself is one product with a triangular matrix; what it still owes to
the sound before is told by two numbers, the last value and the last step, which are handed from block to block. The corner stands still
for a stretch of blocks and moves on by some cents from one to the next.

Source: SoundFont Technical Specification 2.04, generators 8 and 9; Bristow-Johnson, Cookbook formulae for audio equalizer biquad filters.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]
Numbers = NDArray[np.float64]

BLOCK_FRAMES = 64
STRETCH_FRAMES = 2048
"""The corner stands still for so long at most."""

STEP_CENTS = 12.0
"""A stretch in which the corner moves further is divided, down to single blocks."""

_BLOCKS = STRETCH_FRAMES // BLOCK_FRAMES
_STRETCHES_AT_ONCE = 32  # what these take stays in a processor's cache
_FORGOTTEN = 1e-5  # of what a block owes, this share is let go
_HIGHEST = 0.45  # corner, in sample rates


class _Filters(NamedTuple):
    """The filters of those stretches that have equally many.

    Attributes:
        stretches: Which.
        each: Blocks of one filter.
        answers: What it answers to a block, shape (filters, frames, frames).
        echoes: What it answers to a last value of 1 and a last step of 1 before the block, shape (filters, 2, frames).
    """

    stretches: NDArray[np.intp] | slice
    each: int
    answers: Frames
    echoes: Numbers


def low_passed(sound: Frames, corner_cents: Numbers, *, resonance_db: float, lowest_cents: float, sample_rate: int) -> Frames:
    """Return sound through a two-pole low-pass, same shape.

    A longer sound through the same filter begins with the very same values.

    Args:
        sound: Shape (channels, stretches * `STRETCH_FRAMES`).
        corner_cents: Corner in each block, in cents above 8.176 Hz, shape (stretches * `STRETCH_FRAMES` / `BLOCK_FRAMES`,).
        resonance_db: Height of the corner above that of the flattest filter, 0 or more.
        lowest_cents: What the corner never falls below: the lower, the longer the filter rings.
        sample_rate: Frames per second (Hz).
    """
    channels, frames = sound.shape
    out = np.empty_like(sound)
    rings = _blocks_remembered(lowest_cents, resonance_db, sample_rate)
    owed = np.zeros((2, channels))
    size = _STRETCHES_AT_ONCE * STRETCH_FRAMES
    for at in range(0, frames, size):
        end = min(at + size, frames)
        summed = sound[:, at:end].copy()  # the filter's zeros: a frame, twice the one before it, and the one before that
        first, second = max(at, 1), max(at, 2)
        summed[:, first - at :] += np.float32(2) * sound[:, first - 1 : end - 1]
        summed[:, second - at :] += sound[:, second - 2 : end - 2]
        corners = corner_cents[at // BLOCK_FRAMES : end // BLOCK_FRAMES].reshape(-1, _BLOCKS)
        passed, owed = _through_poles(summed, _filters(corners, resonance_db, sample_rate), owed, rings)
        out[:, at:end] = passed
    return out


def _through_poles(summed: Frames, filters: list[_Filters], owed: Numbers, rings: int) -> tuple[Frames, Numbers]:
    """Some stretches of sound, shape (channels, frames), through the filter's poles, and the two numbers for what follows."""
    channels = summed.shape[0]
    dry = summed.reshape(channels, -1, _BLOCKS, BLOCK_FRAMES)
    wet = np.empty_like(dry)
    handed = np.empty((2, 2, dry.shape[1], _BLOCKS))  # what the two numbers become: (of, to, stretches, blocks)
    for which, each, answers, echoes in filters:
        shape = (channels, len(answers), each, BLOCK_FRAMES)
        wet[:, which] = np.matmul(dry[:, which].reshape(shape), answers).reshape(channels, -1, _BLOCKS, BLOCK_FRAMES)
        left = np.stack([echoes[..., -1], echoes[..., -1] - echoes[..., -2]]).transpose(2, 0, 1)  # (of, to, filters)
        handed[:, :, which] = left.repeat(each, axis=2).reshape(2, 2, -1, _BLOCKS)
    by_level, by_step = handed.reshape(2, 2, 1, -1)
    ends = np.empty((2, channels, dry.shape[1] * _BLOCKS))
    ends[0] = wet[..., -1].reshape(channels, -1)
    ends[1] = ends[0] - wet[..., -2].reshape(channels, -1)
    before = np.zeros_like(ends)
    before[:, :, 0] = owed
    after = ends
    for _ in range(min(rings, ends.shape[2])):  # each time one block more of the past is remembered
        after = by_level * before[0]
        after += by_step * before[1]
        after += ends
        before[:, :, 1:] = after[:, :, :-1]
    owed = after[:, :, -1]
    owing = before.transpose(1, 2, 0).astype(np.float32).reshape(channels, -1, _BLOCKS, 2)
    for which, each, answers, echoes in filters:
        shape = (channels, len(answers), each, 2)
        wet[:, which] += np.matmul(owing[:, which].reshape(shape), echoes.astype(np.float32)).reshape(channels, -1, _BLOCKS, BLOCK_FRAMES)
    return wet.reshape(summed.shape), owed


def _filters(corners: Numbers, resonance_db: float, sample_rate: int) -> list[_Filters]:
    """The filters of some stretches, from their corners of shape (stretches, blocks): the faster these move, the more."""
    spread = np.ptp(corners, axis=1)
    parts = 2 ** np.clip(np.ceil(np.log2(np.maximum(spread / STEP_CENTS, 1))), 0, int(math.log2(_BLOCKS))).astype(int)
    found = []
    for count in np.unique(parts).tolist():
        which = np.flatnonzero(parts == count) if (parts != count).any() else slice(None)
        middles = corners[which].reshape(-1, _BLOCKS // count).mean(axis=1)
        found.append(_Filters(which, _BLOCKS // count, *_matrices(middles, resonance_db, sample_rate)))
    return found


def _matrices(corner_cents: Numbers, resonance_db: float, sample_rate: int) -> tuple[Frames, Numbers]:
    """What filters answer to a block and to what was before it, their zeros left out; see `_Filters`."""
    cosine, radius, angle, leak = _poles(corner_cents, resonance_db, sample_rate)
    time = np.arange(BLOCK_FRAMES + 1)
    response = np.exp(np.log(radius)[:, None] * time) * np.sin(angle[:, None] * (time + 1)) / np.sin(angle)[:, None]
    loudness = 10 ** (resonance_db / -40)  # as loud as without the resonance
    padded = np.zeros((len(cosine), 2 * BLOCK_FRAMES - 1), np.float32)
    padded[:, BLOCK_FRAMES - 1 :] = response[:, :-1] * (loudness / 2 * (1 - cosine) / (1 + leak))[:, None]
    row, step = padded.strides
    shifted = np.lib.stride_tricks.as_strided(
        padded[:, BLOCK_FRAMES - 1 :], (len(cosine), BLOCK_FRAMES, BLOCK_FRAMES), (row, -step, step), writeable=False
    )
    feedback = (radius**2)[:, None] * response[:, :-1]
    return np.ascontiguousarray(shifted), np.stack([response[:, 1:] - feedback, feedback], axis=1)


def _poles(corner_cents: Numbers, resonance_db: float, sample_rate: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The cosine of each corner, radius and angle of its upper pole, and what the Cookbook calls alpha."""
    omega = 2 * math.pi / sample_rate * np.minimum(8.176 * 2.0 ** (corner_cents / 1200), _HIGHEST * sample_rate)
    quality = 10 ** ((resonance_db - 3.01) / 20)  # 0 dB of resonance is the flattest filter, Q = 0.707
    cosine, alpha = np.cos(omega), np.sin(omega) / (2 * quality)
    return cosine, np.sqrt((1 - alpha) / (1 + alpha)), np.arccos(cosine / np.sqrt(1 - alpha**2)), alpha


def _blocks_remembered(lowest_cents: float, resonance_db: float, sample_rate: int) -> int:
    """After how many blocks a filter with its corner there has forgotten what was before."""
    radius = float(_poles(np.array([lowest_cents]), resonance_db, sample_rate)[1][0])
    return math.ceil(math.log(_FORGOTTEN) / (BLOCK_FRAMES * math.log(radius))) + 1
