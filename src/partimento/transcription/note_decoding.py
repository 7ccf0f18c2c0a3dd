"""From what an ear says of each key in each moment to notes: when they begin, how long they sound, how loud they are.

Source: peaks of the onset curve and the place of the top between three frames, Kong et al. 2021 (High-resolution piano transcription,
section III). Differs: a note also ends where its frame curve falls, whichever comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.models.ear_heads import FIRST_KEY
from partimento.score.timed_notes import TimedNotes

Curve = NDArray[np.float32]
"""Chances, shape (frames, keys)."""


@dataclass(frozen=True)
class Thresholds:
    """From which chance on something is believed; chosen on validation data, and kept in the bundle.

    Attributes:
        onset: That a note begins.
        frame: That it still sounds.
        offset: That it ends.
        pedal: That the pedal is down.
        held: That a key is down, whatever sounds on.
    """

    onset: float = 0.4
    frame: float = 0.3
    offset: float = 0.4
    pedal: float = 0.5
    held: float = 0.2

    def __post_init__(self) -> None:
        for name in ("onset", "frame", "offset", "pedal", "held"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"threshold of {name}: {getattr(self, name)}, expected between 0 and 1.")


def notes_of(onset: Curve, frame: Curve, offset: Curve, velocity: Curve, *, thresholds: Thresholds, rate: float) -> TimedNotes:
    """Return the notes.

    Args:
        onset: A curve that rises to a top where a note begins.
        frame: A curve that is high while a key sounds.
        offset: A curve that rises to a top where a note ends.
        velocity: What the velocity is where a note begins, over 128; same shape.
        thresholds: See there.
        rate: Frames per second.
    """
    begin, key = tops(onset, thresholds.onset)
    ends, keys_ended = tops(offset, thresholds.offset)
    started = begin + between(onset, begin, key)
    ended = ends + between(offset, ends, keys_ended)
    frames = len(onset)
    stop = np.full(len(begin), float(frames))
    for pitch in np.unique(key):
        mine = np.flatnonzero(key == pitch)
        at = begin[mine]
        following = np.append(started[mine][1:], frames)
        low = np.flatnonzero(frame[:, pitch] < thresholds.frame)
        over = ended[keys_ended == pitch]
        candidates = [following]
        for places, wait in ((low.astype(float), 1), (over, 1)):
            number = np.searchsorted(places, at + wait, side="right")
            candidates.append(np.append(places, frames)[number])
        stop[mine] = np.minimum.reduce(candidates)
    loud = velocities(velocity[begin, key])
    order = np.lexsort((key, started))
    start = np.maximum(started, 0) / rate
    end = np.maximum(stop / rate, start + 1 / rate)
    return TimedNotes(start[order], end[order], (key + FIRST_KEY)[order].astype(np.int64), loud[order])


def velocities(shares: Curve) -> NDArray[np.int64]:
    """Return the velocities, 1 to 127, of what a curve says of them over 128."""
    return np.clip(np.rint(shares * 128), 1, 127).astype(np.int64)


def tops(curve: Curve, least: float | NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return frames and keys of the tops of a curve that reach `least`, of all keys or of each; of a flat one its first frame.

    Ordered by key, then time.
    """
    frame, key = np.nonzero(curve >= least)
    left, top, right = _around(curve, frame, key)
    mine = np.flatnonzero((top > left) & (top >= right))
    mine = mine[np.argsort(key[mine], kind="stable")]
    return frame[mine], key[mine]


def between(curve: Curve, frame: NDArray[np.int64], key: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far from its frame the top of a triangle lies that goes through a frame and its neighbours, -0.5 to 0.5."""
    left, top, right = (each.astype(np.float64) for each in _around(curve, frame, key))
    place: NDArray[np.float64] = np.clip((right - left) / (2 * np.maximum(top - np.minimum(left, right), 1e-9)), -0.5, 0.5)
    return place


def _around(curve: Curve, frame: NDArray[np.int64], key: NDArray[np.int64]) -> tuple[Curve, Curve, Curve]:
    """A curve before some frames, in them and behind them, each shape (frames,); 0 before the first frame and behind the last."""
    last = len(curve) - 1
    left = curve[np.maximum(frame - 1, 0), key] * (frame > 0)
    return left, curve[frame, key], curve[np.minimum(frame + 1, last), key] * (frame < last)


def spans_of(chances: NDArray[np.uint8], *, threshold: float, rate: float) -> NDArray[np.float64]:
    """Return when the pedal is down: seconds, shape (spans, 2). Dents of 2 frames are smoothed.

    Args:
        chances: How likely that is, in 255ths, shape (frames,).
        threshold: From which chance on it is down.
        rate: Frames per second.
    """
    curve = np.asarray(chances / np.float32(255), np.float32)
    smooth = np.convolve(np.pad(curve, 2, mode="edge"), np.ones(5) / 5, mode="valid") if len(curve) else curve
    down = np.concatenate([[False], smooth >= threshold, [False]])
    edges = np.flatnonzero(down[1:] != down[:-1])
    return edges.reshape(-1, 2) / rate
