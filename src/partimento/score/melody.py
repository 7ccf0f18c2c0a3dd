"""Which notes of a piece are its melody, and which its accompaniment."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from partimento.errors import ScoreError
from partimento.score.note import Track
from partimento.score.score import Score

_NAMED = re.compile(r"melod|lead|vocal|voice|solo|sopran|right|treble|tune", re.IGNORECASE)
_FEWEST_SHARE = 0.15
"""Notes a track must have to carry the melody, as a share of the notes of the fullest track."""


def top_line(track: Track) -> Track:
    """Return the highest note at each onset, each cut where the next begins: one voice, whatever the track."""
    order = np.lexsort((-track.pitch, track.start))
    first = np.concatenate([[True], np.diff(track.start[order]) > 0]) if len(track) else np.zeros(0, bool)
    kept = order[first]
    duration = track.duration[kept].copy()
    duration[:-1] = np.minimum(duration[:-1], np.diff(track.start[kept]))
    return replace(track, start=track.start[kept], duration=duration, pitch=track.pitch[kept], velocity=track.velocity[kept])


def split_melody(score: Score) -> tuple[Track, Score]:
    """Return the melody as one voice, and the score without it.

    The melody is the track that is called so (``melody``, ``lead``, ``solo``, ``right hand`` ...), else the highest on
    average of those that have enough notes, where a track of chords counts an octave lower. Where all notes stand in
    one track, its highest notes are the melody and the rest accompanies.

    Raises:
        ScoreError: When there is no pitched note.
    """
    places = [at for at, track in enumerate(score.tracks) if len(track) and not track.is_drum]
    if not places:
        raise ScoreError("melody: the score has no pitched note, expected a melody. Give another file.")
    fullest = max(len(score.tracks[at]) for at in places)
    able = [at for at in places if len(score.tracks[at]) >= _FEWEST_SHARE * fullest]
    named = [at for at in able if _NAMED.search(score.tracks[at].name)]
    place = max(named or able, key=lambda at: _height(score.tracks[at]))
    track = score.tracks[place]
    melody = top_line(track)
    others = [each for at, each in enumerate(score.tracks) if at != place and len(each)]
    rest = _without(track, melody)
    return melody, replace(score, tracks=(rest, *others) if len(places) == 1 and len(rest) else tuple(others))


def _height(track: Track) -> float:
    """Mean pitch; an octave less where most onsets are chords."""
    onsets = np.unique(track.start).size
    return float(track.pitch.mean()) - 12 * (len(track) > 1.5 * onsets)


def _without(track: Track, melody: Track) -> Track:
    """The notes of a track that are not its melody's."""
    taken = set(zip(melody.start.tolist(), melody.pitch.tolist(), strict=True))
    kept = np.array([pair not in taken for pair in zip(track.start.tolist(), track.pitch.tolist(), strict=True)], bool)
    return replace(track, start=track.start[kept], duration=track.duration[kept], pitch=track.pitch[kept], velocity=track.velocity[kept])
