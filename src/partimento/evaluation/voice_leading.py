"""How well voices are led: parallels, crossings and leaps, counted as a teacher of harmony would.

Source: the rules of strict four-part writing as textbooks state them (Piston, *Harmony*, 1941, chapters 2 and 3).
Differs: a phrase's last chord and the next one's first are compared like any two, and notes out of the chord count
as if they were in it; Bach himself is not free of either, so a count means something beside his.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ScoreError
from partimento.score.score import Score

SILENT = -1


@dataclass(frozen=True)
class VoiceLeading:
    """What was counted.

    Attributes:
        moves: Times at which at least two voices moved.
        parallel_fifths: Pairs of voices that moved together from a perfect fifth (or twelfth) to another.
        parallel_octaves: The same with unisons and octaves.
        crossings: Moments at which a lower voice is above a higher one, counted when it begins.
        leaps: Steps of one voice by more than an octave.
    """

    moves: int
    parallel_fifths: int
    parallel_octaves: int
    crossings: int
    leaps: int


def voice_leading(score: Score) -> VoiceLeading:
    """Return how the voices of a score are led.

    Args:
        score: A track a voice, the highest first, each at most one note at a time; drums are left out.

    Raises:
        ScoreError: When the score has no voice, or a voice has two notes at once.
    """
    pitches = _moments(score)  # (moments, voices)
    before, after = pitches[:-1], pitches[1:]
    sounds = (before >= 0) & (after >= 0)
    moved = sounds & (before != after)
    fifths = octaves = 0
    for high, low in combinations(range(pitches.shape[1]), 2):
        together = moved[:, high] & moved[:, low]
        interval, next_interval = (before[:, high] - before[:, low]) % 12, (after[:, high] - after[:, low]) % 12
        fifths += int(np.sum(together & (interval == 7) & (next_interval == 7)))
        octaves += int(np.sum(together & (interval == 0) & (next_interval == 0)))
    crossed = (pitches[:, :-1] < pitches[:, 1:]) & (pitches[:, :-1] >= 0)
    begins = crossed & ~np.vstack([np.zeros((1, crossed.shape[1]), bool), crossed[:-1]])
    leaps = int(np.sum(sounds & (np.abs(after - before) > 12)))
    return VoiceLeading(int(np.sum(moved.sum(axis=1) >= 2)), fifths, octaves, int(begins.sum()), leaps)


def _moments(score: Score) -> NDArray[np.int64]:
    """The key each voice sounds wherever any voice begins or ends a note, shape (moments, voices)."""
    voices = [track for track in score.tracks if len(track) and not track.is_drum]
    if not voices:
        raise ScoreError("voice leading: the score has no voice with notes. Give one with at least one note.")
    for voice in voices:
        if np.any(voice.start[1:] < voice.end[:-1]):
            at = int(voice.start[1:][voice.start[1:] < voice.end[:-1]][0])
            raise ScoreError(f"voice leading: voice '{voice.name}' has two notes at once at tick {at}, expected one. Split the voice.")
    ticks = np.unique(np.concatenate([voice.start for voice in voices] + [voice.end for voice in voices]))[:-1]
    columns = []
    for voice in voices:
        note = np.searchsorted(voice.start, ticks, side="right") - 1
        sounding = (note >= 0) & (ticks < voice.end[np.maximum(note, 0)])
        columns.append(np.where(sounding, voice.pitch[np.maximum(note, 0)], SILENT))
    return np.stack(columns, axis=1).astype(np.int64)
