"""Recordings at the pitches of keys, read once and kept for the notes to come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.synthesis.bank import SoundBank, Zone
from partimento.synthesis.envelope import modulation, seconds_of
from partimento.synthesis.instrument import Voice
from partimento.synthesis.low_pass import STRETCH_FRAMES
from partimento.synthesis.recording import Sample

Frames = NDArray[np.float32]
Numbers = NDArray[np.float64]

LOOP_CONTINUES, LOOP_UNTIL_RELEASE = 1, 3

_FRAMES_AT_ONCE = 16_384  # what these take stays in a processor's cache


class _Kept(NamedTuple):
    """Recordings at a pitch, and whether they all end there."""

    frames: Frames
    ended: bool


class PitchedRecordings:
    """A bank's recordings at the pitches of keys; those used last are kept.

    Args:
        bank: Where they come from.
        sample_rate: Frames per second of what is returned (Hz).
        most_bytes: How much may be kept.
    """

    def __init__(self, bank: SoundBank, sample_rate: int, most_bytes: int) -> None:
        self._bank = bank
        self._sample_rate = sample_rate
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._bytes = 0

    def read(self, voice: Voice, frames: int) -> Frames:
        """Return a voice's recordings, without filter and loudness, in whole stretches (`low_pass.STRETCH_FRAMES`).

        Shape (zones, `frames` or more); fewer where all recordings end before. Nobody may write into it.

        Raises:
            AudioError: When a recording lies outside the bank or cannot be decoded.
        """
        ident = (voice.key, voice.read)
        found = self._kept.get(ident)
        if found is None or (found.frames.shape[1] < frames and not found.ended):
            found = self._read(voice, -(-frames // STRETCH_FRAMES) * STRETCH_FRAMES)
            self._keep(ident, found)
        self._kept.move_to_end(ident)
        return found.frames

    def _read(self, voice: Voice, frames: int) -> _Kept:
        """Read recordings anew."""
        sound = np.zeros((len(voice.zones), frames), np.float32)
        last = 0
        for row, zone in zip(sound, voice.zones, strict=True):
            last = max(last, _read_into(row, zone, self._bank.sample(zone.sample), voice.key, self._sample_rate))
        needed = -(-(last + 1) // STRETCH_FRAMES) * STRETCH_FRAMES
        return _Kept(sound, False) if last == frames else _Kept(sound[:, :needed].copy(), True)

    def _keep(self, ident: tuple[object, ...], found: _Kept) -> None:
        """Put recordings on the shelf, and take off what was used longest ago where it is full."""
        old = self._kept.pop(ident, None)
        self._bytes += found.frames.nbytes - (old.frames.nbytes if old else 0)
        self._kept[ident] = found
        while self._bytes > self._most_bytes and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].frames.nbytes


def _read_into(into: Frames, zone: Zone, sample: Sample, key: int, sample_rate: int) -> int:
    """Read a recording by cubic (Catmull-Rom) interpolation, looped where the zone says so; return how many frames it lasts."""
    begin = sample.loop[0] + int(zone[2] + 32768 * zone[45])
    stop = sample.loop[1] + int(zone[3] + 32768 * zone[50])
    end = min(sample.frames + int(zone[1] + 32768 * zone[12]), sample.frames)
    looped = int(zone[54]) & 3 in (LOOP_CONTINUES, LOOP_UNTIL_RELEASE) and 0 <= begin < stop - 1 and stop <= sample.frames
    if not looped and end < 2:
        return 0
    position_at = _positions(zone, sample, key, frames=into.size, sample_rate=sample_rate)
    last = int(max(float(position_at(into.size - 1, into.size)[0]), 0))
    loops = looped and last >= stop - 2
    values = sample.beginning(sample.frames if loops else last + 3)
    # One more round of the loop, and on from it: every frame then has its neighbours beside it.
    unrolled = np.concatenate([values[:stop], values[begin:stop], values[begin : begin + 2]]) if loops else values
    for first in range(0, into.size, _FRAMES_AT_ONCE):
        position = np.maximum(position_at(first, min(first + _FRAMES_AT_ONCE, into.size)), 0)
        if not looped:
            position = position[: int(np.searchsorted(position, end - 1))]
            if not position.size:
                return first
        whole = position.astype(np.int64)
        part = (position - whole).astype(np.float32)
        if loops and whole[-1] >= stop:
            after = whole >= stop
            whole[after] = stop + (whole[after] - stop) % (stop - begin)
        into[first : first + position.size] = _cubic(unrolled, whole, part)
        if first + position.size < min(first + _FRAMES_AT_ONCE, into.size):
            return first + position.size
    return into.size


def _cubic(values: Frames, whole: NDArray[np.int64], part: Frames) -> Frames:
    """Values at `whole` + `part`: on the cubic through neighbours that has their slopes, the first and last value held."""
    before, here, after, beyond = (values.take(whole + step, mode="clip") for step in (-1, 0, 1, 2))
    half = np.float32(0.5)
    cube = half * (beyond - before) + np.float32(1.5) * (here - after)
    square = before - np.float32(2.5) * here + np.float32(2) * after - half * beyond
    return np.asarray(((cube * part + square) * part + half * (after - before)) * part + here)


def _positions(zone: Zone, sample: Sample, key: int, *, frames: int, sample_rate: int) -> Callable[[int, int], Numbers]:
    """Where in the recording the frames from one up to another are read, in its own frames, the loop not yet applied."""
    root = zone[58] if zone[58] >= 0 else sample.key
    played = zone[46] if zone[46] >= 0 else key
    cents = (played - root) * zone[56] + zone[51] * 100 + zone[52] + sample.cents
    step = float(sample.rate / sample_rate * 2.0 ** (np.clip(cents, -12000, 12000) / 1200))
    start = float(zone[0] + 32768 * zone[4])
    if not (zone[5] or zone[6] or zone[7]):
        return lambda first, last: np.asarray(start + np.arange(first, last) * step, np.float64)
    time = np.arange(frames) / sample_rate
    moving = zone[7] * modulation(zone, key, time) if zone[7] else np.zeros(frames)
    for depth, delay, frequency in ((zone[5], zone[21], zone[22]), (zone[6], zone[23], zone[24])):
        if depth:
            cycles = np.maximum(time - seconds_of(delay), 0) * 8.176 * 2.0 ** (frequency / 1200)
            moving += depth * (1 - 4 * np.abs((cycles + 0.25) % 1 - 0.5))
    steps = step * 2.0 ** (np.clip(moving, -12000, 12000) / 1200)
    places = np.asarray(start + np.concatenate([[0.0], np.cumsum(steps[:-1])]), np.float64)
    return lambda first, last: places[first:last]
