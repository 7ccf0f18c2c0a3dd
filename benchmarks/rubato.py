"""A pianist for the figures: plays a written score with rubato, uneven chords, accents and pedal, the same every time for one seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.score import Score, Track
from partimento.score.meter import bar_of, bar_starts, bar_ticks, signatures
from partimento.score.note import SUSTAIN
from partimento.score.tempo import tempo_map

MOST_ONSETS_A_SECOND, FEWEST_ONSETS_A_SECOND = 8.0, 1.2
"""A piece whose own tempo gives more or fewer onsets a second, on average, is played at one that does not."""


class Played(NamedTuple):
    """A performance and what was written: the performed score, and bar, place in it and quarter of each of its notes, shape (notes,)."""

    performance: Score
    bar: NDArray[np.int64]
    in_bar: NDArray[np.float64]
    quarter: NDArray[np.float64]


def played(score: Score, seed: int) -> Played:
    """Return `score` as someone plays it: one tick of the performance is one millisecond.

    Tempo: the piece's own one (its first) times 0.8 to 1.25, with waves of 6 to 40 quarters that reach 15 to 25 % either way
    and, at the end of every fourth bar or so, a ritardando of 10 to 25 %. Onsets are off by a normal error of 15 to 20 ms,
    chords spread over 5 to 30 ms. Lengths are those written times 0.5 to 1.05; every second piece is played with the pedal.
    """
    random = np.random.default_rng([2026, seed])
    start, length, pitch = _notes(score)
    times, at_quarters = _tempo_curve(score, start, random)
    quarter = start / score.ticks_per_quarter
    onset = np.interp(quarter, at_quarters, times)
    bar, offset = bar_of(score, start)
    first_bar = bar_ticks(signatures(score)[0], score.ticks_per_quarter)
    offset = offset + (start < score.pickup) * (first_bar - score.pickup)  # a pickup is the end of a bar
    moments, which = np.unique(start, return_inverse=True)
    off = random.normal(0, random.uniform(0.015, 0.020), moments.size)[which] + _spread(which, pitch, random)
    legato = random.uniform(0.5, 1.05, moments.size)[which]
    seconds = np.interp(quarter + length / score.ticks_per_quarter, at_quarters, times) - onset
    begin = np.rint((onset + off + 0.5) * 1000).astype(np.int64)
    lasts = np.maximum(np.rint(seconds * legato * 1000).astype(np.int64), 30)
    beat = offset % score.ticks_per_quarter == 0
    loud = 60 + 3 * beat + 4 * (offset == 0) + 6 * (pitch > 67) + random.normal(0, 7, start.size)
    order = np.lexsort((pitch, begin))
    track = Track(begin, lasts, pitch, np.clip(np.rint(loud), 20, 120).astype(int), controls=_pedal(score, at_quarters, times, random))
    return Played(Score(500, (track,)), bar[order], (offset / score.ticks_per_quarter)[order], quarter[order])


def _notes(score: Score) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
    """Onset, length and key of every written note, doubled ones once; without grace notes, their notes put back where they are written."""
    rows: dict[tuple[int, int], int] = {}
    graces = {mark.tick for mark in score.marks_of("grace")}
    short = score.ticks_per_quarter // 8
    for track in score.tracks:
        begun: dict[int, int] = {}
        for start, length, pitch in zip(track.start.tolist(), track.duration.tolist(), track.pitch.tolist(), strict=True):
            origin = begun.get(start, start)
            if origin in graces and length <= short:
                begun[start + length] = origin
                continue
            rows[origin, pitch] = max(rows.get((origin, pitch), 0), length + start - origin)
    starts, pitches = np.array(sorted(rows), np.int64).reshape(-1, 2).T
    return starts, np.array([rows[key] for key in sorted(rows)], np.int64), pitches.astype(np.int32)


def _tempo_curve(score: Score, start: NDArray[np.int64], random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds, and the quarters at which they stand, every eighth of a quarter."""
    last = score.end_tick / score.ticks_per_quarter + 8
    at = np.arange(0, last + 0.125, 0.125)
    first = float(tempo_map(score)[2][0]) * score.ticks_per_quarter * random.uniform(0.8, 1.25)
    rate = np.unique(start).size / max(start[-1] / score.ticks_per_quarter, 1) / first
    first *= max(rate / MOST_ONSETS_A_SECOND, 1.0) * min(rate / FEWEST_ONSETS_A_SECOND, 1.0)
    waves = sum(random.normal() * np.sin(2 * np.pi * (at / random.uniform(6, 40) + random.random())) for _ in range(6))
    waves *= random.uniform(0.15, 0.25) / max(float(np.abs(waves).max()), 1e-9)
    slower = np.zeros(at.size)
    bars = bar_starts(score) / score.ticks_per_quarter
    for line in [*bars[4::4].tolist(), score.end_tick / score.ticks_per_quarter]:
        if random.random() < 0.6:
            reach = random.uniform(1, 3)
            slower += random.uniform(0.10, 0.25) * np.clip((at - line + reach) / reach, 0, 1) * (at < line)
    period = first * np.exp(waves) * (1 + slower)
    return np.append(0, np.cumsum(period * 0.125)[:-1]), at


def _spread(which: NDArray[np.int64], pitch: NDArray[np.int32], random: np.random.Generator) -> NDArray[np.float64]:
    """Seconds by which each note of a chord is late: one hand after the other, or in no order."""
    late = np.zeros(which.size)
    width = random.uniform(0.005, 0.030, int(which.max()) + 1)
    count = np.bincount(which)
    rank = np.arange(which.size) - np.append(0, np.cumsum(count))[which]
    rising = random.random(count.size) < 0.6
    place = rank / np.maximum(count - 1, 1)[which]
    late = np.where(rising[which], place, random.random(which.size)) * width[which]
    return np.where(count[which] > 1, late - width[which] / 2, 0.0)


def _pedal(score: Score, at: NDArray[np.float64], times: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.int64]:
    """Pedal changes on every bar for half of the pieces, none for the others."""
    bars = bar_starts(score) / score.ticks_per_quarter
    if random.random() < 0.5:
        return np.zeros((0, 3), np.int64)
    up = np.rint((np.interp(bars, at, times) + 0.5) * 1000).astype(np.int64)
    rows = [(int(tick) + delay, SUSTAIN, value) for tick in up for delay, value in ((0, 0), (80, 127))]
    return np.array(rows, np.int64)
