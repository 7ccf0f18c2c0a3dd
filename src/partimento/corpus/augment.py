"""The same music in other keys, as far as its voices reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from partimento.errors import ScoreError
from partimento.score import Score
from partimento.score.transform import transpose

Ranges = tuple[tuple[int, int], ...]
"""Lowest and highest MIDI key of each track, top to bottom."""


def ranges(scores: Iterable[Score]) -> Ranges:
    """Return the lowest and highest key that each track reaches in any of `scores`."""
    found: list[tuple[int, int]] = []
    for score in scores:
        for number, track in enumerate(score.tracks):
            if not len(track):
                continue
            low, high = int(track.pitch.min()), int(track.pitch.max())
            if number < len(found):
                low, high = min(low, found[number][0]), max(high, found[number][1])
                found[number] = (low, high)
            else:
                found += [(low, high)] * (number + 1 - len(found))
    return tuple(found)


def transpositions(score: Score, limits: Ranges, semitones: Sequence[int]) -> Iterator[Score]:
    """Yield `score` in each of the keys in which no track leaves its limits; as written always, and first.

    Args:
        score: Any score.
        limits: See `ranges`.
        semitones: How far to move, 0 among them.
    """
    yield score
    for shift in semitones:
        fits = all(
            low <= int(track.pitch.min()) + shift and int(track.pitch.max()) + shift <= high
            for track, (low, high) in zip(score.tracks, limits, strict=False)
            if len(track)
        )
        if shift and fits:
            try:
                yield transpose(score, shift)
            except ScoreError:
                continue
