"""What of a score a piano can play."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.errors import AudioError
from partimento.models.ear_heads import FIRST_KEY, KEYS
from partimento.score import Score
from partimento.score.timed_notes import Performance, TimedNotes
from partimento.words import counted

LONGEST_NOTE_SECONDS = 60.0
"""A string that is held longer has died away."""

MOST_HOURS = 12


def playable(score: Score) -> Performance:
    """Return the notes that a piano can play, while their strings sound, and the moves of the pedal.

    Raises:
        AudioError: When there are no such notes, or they last longer than `MOST_HOURS`.
    """
    if not score.note_count:
        raise AudioError("the score has no notes. There is nothing to play.")
    tracks = tuple(track for track in score.tracks if not track.is_drum and not _outside(track.pitch).all())
    if not tracks:
        raise AudioError(f"the score has no notes for a piano: {'; '.join(left_out(score))}.")
    performance = Performance.of(replace(score, tracks=tracks))
    notes = performance.notes
    notes = replace(notes, end=np.minimum(notes.end, notes.start + LONGEST_NOTE_SECONDS)).where(~_outside(notes.key))
    hours = float(notes.end.max()) / 3600
    if hours > MOST_HOURS:
        raise AudioError(f"the score lasts {hours:.1f} hours, expected at most {MOST_HOURS}. Check its tempo, or render parts of it.")
    return Performance(notes, performance.pedal)


def left_out(score: Score) -> list[str]:
    """Return what of a score a piano cannot play, in words; nothing where it can play all."""
    drums = sum(len(track) for track in score.tracks if track.is_drum)
    outside = sum(int(np.count_nonzero(_outside(track.pitch))) for track in score.tracks if not track.is_drum)
    kinds = ((drums, "of drums"), (outside, f"outside a piano's keys ({FIRST_KEY} to {FIRST_KEY + KEYS - 1})"))
    return [f"{counted(count, f'note {kind} is', f'notes {kind} are')} left out" for count, kind in kinds if count]


def _outside(pitch: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which notes no piano has a key for."""
    return (pitch < FIRST_KEY) | (pitch >= FIRST_KEY + KEYS)


def begun_between(notes: TimedNotes, begin: float, end: float) -> TimedNotes:
    """Return the notes that begin from one moment, seconds, up to another."""
    return notes.where((notes.start >= begin) & (notes.start < end))
