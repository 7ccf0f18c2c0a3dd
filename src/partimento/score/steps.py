"""Music cut into steps of 50 ms: which keys sound in which of them, and which are struck there.

Time is counted in seconds through every change of tempo, so a step is as long at the end of a piece as at its
beginning. All tracks but drums play on one keyboard, and pedals are told by note lengths. Two notes of one key that
sound at the same time are one key to a keyboard: it is struck where each of them begins, and sounds until the last ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ScoreError
from partimento.score.note import SOSTENUTO, SUSTAIN, Track
from partimento.score.pedal import fold_pedal, pedal_spans
from partimento.score.score import Score, Tempo
from partimento.score.tempo import seconds_at
from partimento.words import counted

STEPS_PER_SECOND = 20
"""Source: carykh's program of 2017, whose step is 50,000 microseconds."""

LOWEST_KEY, HIGHEST_KEY = 21, 108
"""The MIDI keys of a piano, A0 to C8."""

MOST_STEPS = 150_000
"""Two hours and five minutes; a broken file may claim years."""

VELOCITY = 80
"""Loudness of a note of which none is known."""

_TICKS_PER_QUARTER = 480
_TICKS_PER_STEP = 48  # at 120 quarter notes a minute
_ON_STEP = 0.02  # steps, a millisecond: a file of 384 ticks a quarter cannot put a note nearer than 0.65 ms


@dataclass(frozen=True, eq=False)
class Steps:
    """What sounds when; every column has shape (cells,), a cell being one key in one step.

    Attributes:
        step: Number of the step, from 0.
        key: MIDI key.
        struck: Whether the key is struck there; otherwise it is held from the step before.
        velocity: Loudness with which it was struck, 1 to 127.
        count: Number of steps.
    """

    step: NDArray[np.int64]
    key: NDArray[np.int64]
    struck: NDArray[np.bool_]
    velocity: NDArray[np.int64]
    count: int

    @classmethod
    def tidy(
        cls, step: NDArray[np.int64], key: NDArray[np.int64], struck: NDArray[np.bool_], velocity: NDArray[np.int64], count: int
    ) -> Steps:
        """Return cells given in any order, sorted by step, then key; of two of one key in one step a struck one stays."""
        order = np.lexsort((~struck, key, step))
        step, key, struck, velocity = step[order], key[order], struck[order], velocity[order]
        first = np.append(True, (step[1:] != step[:-1]) | (key[1:] != key[:-1]))[: step.size]
        return cls(step[first], key[first], struck[first], velocity[first], count)


def steps_of(score: Score) -> Steps:
    """Return the steps of a score, sorted by step, then key; none for a score without notes.

    Raises:
        ScoreError: When the score lasts longer than `MOST_STEPS`.
    """
    start, end, key, velocity, _ = _strikes(_on_keyboard(score))
    length = end - start
    total = int(length.sum())
    note = np.repeat(np.arange(start.size), length)
    after = np.arange(total) - np.repeat(np.cumsum(length) - length, length)  # steps since the strike
    step = start[note] + after
    order = np.lexsort((key[note], step))
    note = note[order]
    return Steps(step[order], key[note], after[order] == 0, velocity[note], int(end.max(initial=0)))


def score_of(steps: Steps) -> Score:
    """Return steps as one piano track, 120 quarter notes a minute, 480 ticks a quarter, 48 a step.

    A key that is held, but did not sound in the step before, counts as struck.
    """
    order = np.lexsort((steps.step, steps.key))
    step, key = steps.step[order], steps.key[order]
    begins = steps.struck[order].copy()
    begins[:1] = True
    begins[1:] |= (key[1:] != key[:-1]) | (step[1:] != step[:-1] + 1)
    first = np.flatnonzero(begins)
    length = np.diff(np.append(first, step.size))
    pitch, velocity = key[first].astype(np.int32), steps.velocity[order][first].astype(np.int32)
    track = Track(step[first] * _TICKS_PER_STEP, length * _TICKS_PER_STEP, pitch, velocity, name="piano")
    return Score(_TICKS_PER_QUARTER, (track,) if first.size else (), (Tempo.of_bpm(0, 120),))


def losses_of(score: Score) -> tuple[str, ...]:
    """Return what `steps_of` changes in a score, in sentences; nothing where every note keeps its place and length.

    Raises:
        ScoreError: As `steps_of`.
    """
    drums = sum(len(track) for track in score.tracks if track.is_drum)
    notes = _on_keyboard(score)
    shared = _strikes(notes)[-1]
    off = np.abs(notes[:2] - np.rint(notes[:2])) > _ON_STEP
    moved, total = int(off.any(axis=0).sum()), notes.shape[1]
    pedalled = any(pedal_spans(track, number, score.end_tick).size for track in score.tracks for number in (SUSTAIN, SOSTENUTO))
    said = (
        (moved, f"{counted(moved, f'of {total} notes was', f'of {total} notes were')} moved to the nearest step of 50 ms."),
        (shared, f"{counted(shared, 'note sounds', 'notes sound')} while another strikes the same key; one key plays both."),
        (pedalled, "Pedals are told by the length of notes."),
        (drums, f"{counted(drums, 'note of drums was', 'notes of drums were')} left out."),
    )
    return tuple(sentence for is_so, sentence in said if is_so)


def _on_keyboard(score: Score) -> NDArray[np.float64]:
    """Start and end in steps, not yet whole, key and velocity of every note but drums; shape (4, notes)."""
    played = fold_pedal(score)
    tracks = [track for track in played.tracks if not track.is_drum]
    columns = [
        np.stack([seconds_at(played, track.start), seconds_at(played, track.end), track.pitch, track.velocity]).astype(np.float64)
        for track in tracks
    ]
    notes = np.concatenate([np.zeros((4, 0)), *columns], axis=1)
    notes[:2] *= STEPS_PER_SECOND
    if notes.shape[1] and notes[1].max() > MOST_STEPS:
        raise ScoreError(
            f"score: lasts {notes[1].max() / STEPS_PER_SECOND:.0f} seconds, expected at most {MOST_STEPS // STEPS_PER_SECOND}. "
            "Cut it into pieces, or look for a broken tempo."
        )
    return notes


def _strikes(
    notes: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
    """What one keyboard plays: start, end, key and velocity of each strike, sorted by key, then start; and how many notes that changed."""
    start, end = np.floor(notes[:2] + 0.5).astype(np.int64)
    end = np.maximum(end, start + 1)  # a note too short for a step gets one
    key, velocity = notes[2:].astype(np.int64)
    order = np.lexsort((-end, start, key))
    start, end, key, velocity = start[order], end[order], key[order], velocity[order]
    first = np.flatnonzero(np.append(True, (key[1:] != key[:-1]) | (start[1:] != start[:-1]))[: key.size])
    if first.size:
        velocity = np.maximum.reduceat(velocity, first)
    merged, start, end, key = key.size - first.size, start[first], end[first], key[first]
    apart = 2 * (MOST_STEPS + 1)  # the keys one after the other on one line, so that no end reaches into the next key
    reach = np.maximum.accumulate(key * apart + end) - key * apart
    following = np.where(np.append(key[1:] == key[:-1], False)[: key.size], np.append(start[1:], 0)[: key.size], MOST_STEPS + 1)
    plays_until = np.minimum(reach, following)
    return start, plays_until, key, velocity, merged + int((plays_until != end).sum())
