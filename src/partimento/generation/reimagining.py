"""New music out of a performance that was heard: going on from it, another accompaniment to its melody, or answers to its phrases."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from partimento.errors import EncodingError
from partimento.generation.composer import Composer
from partimento.generation.phrases import phrases
from partimento.generation.wish import Wish
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds, seconds_at, ticks_at
from partimento.score.transform import cut, join

How = Literal["continue", "vary", "answer"]

LISTENED_SECONDS = 20.0
"""So much of what came before is gone on from."""

BREATH_SECONDS = 0.4
"""Between a phrase and its answer."""

SHORTEST_SECONDS = 4.0
"""Less is cut out of so much: music is composed in bars, of two seconds in a performance, and a beginning reaches into one of them."""

_CHORD_SECONDS, _LONG_SECONDS = 0.05, 0.6
"""Notes so near each other are a chord; a higher note that has sounded so long no longer hides a melody below it."""


class Reimagined(NamedTuple):
    """What was invented, and the whole of what is to sound."""

    new: Score
    whole: Score


def continued(composer: Composer, heard: Score, seconds: float, *, seed: int) -> Reimagined:
    """Return `seconds` of music that go on from the end of a performance; the whole is both.

    Raises:
        EncodingError: When the model's encoding cannot go on from it.
    """
    new = _after(composer, heard, seconds, seed=seed, number=0)
    return Reimagined(new, join(heard, new, at_tick=max(heard.end_tick, 1)))


def varied(composer: Composer, heard: Score, *, seed: int) -> Reimagined:
    """Return another accompaniment to the melody of a performance, which is kept; the whole is that.

    Raises:
        EncodingError: When the model does not play melodies, or cannot say this one.
    """
    new = composer.write(Wish(melody=highest_line(heard)), seed=seed)
    return Reimagined(new, new)


def answered(composer: Composer, heard: Score, seconds: float, *, seed: int) -> Reimagined:
    """Return an answer to each phrase of a performance, as long as the phrase, `seconds` in all at most; the whole is the talk.

    Each answer goes on from all that was said before it.

    Raises:
        EncodingError: When the model's encoding cannot go on from it.
    """
    whole, new, left = Score(heard.ticks_per_quarter), Score(heard.ticks_per_quarter), seconds
    for number, (begin, end) in enumerate(phrases(heard)):
        phrase = cut(heard, *(int(ticks_at(heard, edge)) for edge in (begin, end)))
        whole = _then(whole, phrase, BREATH_SECONDS)
        length = min(end - begin, left)
        if length < 1:
            continue
        answer = _after(composer, whole, length, seed=seed, number=number)
        whole, new, left = _then(whole, answer, BREATH_SECONDS), _then(new, answer, BREATH_SECONDS), left - length
    return Reimagined(new, whole)


def highest_line(score: Score) -> Score:
    """Return the melody of a performance: of each chord the highest note, unless a higher one that began lately still sounds."""
    tracks = [track for track in score.tracks if len(track)]
    start, end = (np.concatenate([seconds_at(score, part) for part in parts]) for parts in _edges(tracks))
    rows = np.concatenate([np.stack([track.start, track.duration, track.pitch, track.velocity], axis=1) for track in tracks])
    order = np.lexsort((-rows[:, 2], start))
    kept: list[int] = []
    for place in order.tolist():
        near = np.abs(start - start[place]) < _CHORD_SECONDS
        under = (start < start[place]) & (start > start[place] - _LONG_SECONDS) & (end > start[place] + _CHORD_SECONDS)
        if not (rows[near | under, 2] > rows[place, 2]).any():
            kept.append(place)
    melody = rows[kept]
    until = np.append(melody[1:, 0], np.iinfo(np.int64).max)  # one voice: each note gives way to the next
    length = np.maximum(np.minimum(melody[:, 1], until - melody[:, 0]), 1)
    return replace(score, tracks=(Track(melody[:, 0], length, melody[:, 2], melody[:, 3]),))


def _edges(tracks: list[Track]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Where notes begin and end, track by track."""
    return [track.start for track in tracks], [track.end for track in tracks]


def _after(composer: Composer, before: Score, seconds: float, *, seed: int, number: int) -> Score:
    """Music that goes on from the end of what came before."""
    end = duration_seconds(before)
    given = min(end, LISTENED_SECONDS)
    primer = cut(before, int(ticks_at(before, end - given)), before.end_tick)
    score = composer.write(Wish(primer=primer, seconds=given + max(seconds, SHORTEST_SECONDS)), seed=seed, number=number)
    begin = int(ticks_at(score, given))
    until = score.end_tick if seconds >= SHORTEST_SECONDS else int(ticks_at(score, given + seconds))
    new = cut(score, begin, max(until, begin + 1))
    if not new.note_count:
        raise EncodingError(f"{composer.bundle.card.name}: found nothing to go on with. Give another --seed, or more --seconds.")
    return new


def _then(before: Score, after: Score, wait_seconds: float) -> Score:
    """One after the other, with some silence between."""
    if not before.note_count:
        return after
    return join(before, after, at_tick=int(ticks_at(before, duration_seconds(before) + wait_seconds)))
