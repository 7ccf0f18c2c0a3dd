"""Which hand plays each note."""

import numpy as np

from partimento.files.abc import abc_bytes, read_abc
from partimento.score import Score, Track
from partimento.score.hands import HANDS, in_hands, is_right


def test_hands_keep_to_their_lines_when_these_move_up_together():
    melody = np.array([72 + step for step in range(12)])
    bass = melody - 16
    start = np.repeat(np.arange(12) * 0.4, 2)
    pitch = np.column_stack([bass, melody]).ravel()
    right = is_right(start, start + 0.3, pitch, np.repeat(np.arange(12), 2))
    assert right.tolist() == [False, True] * 12


def test_no_hand_spans_two_octaves():
    pitch = np.array([36, 43, 64, 72])
    right = is_right(np.zeros(4), np.ones(4), pitch, np.zeros(4, int))
    assert right.tolist() == [False, False, True, True]


def piano(*, program=0, name="Piano"):
    """Broken chords below a melody of quarters, the whole a single track."""
    melody, chords = np.array([72, 74, 76, 77]), np.tile([48, 52, 55, 52], 2)
    start = np.concatenate([np.arange(4) * 480, np.arange(8) * 240])
    length = np.concatenate([np.full(4, 480), np.full(8, 240)])
    return Track(start, length, np.concatenate([melody, chords]), np.full(12, 80), name=name, program=program)


def test_a_keyboard_becomes_two_hands():
    controls = np.array([[0, 64, 127]])
    track = piano(program=6)
    score = Score(480, (Track((0,), (1920,), (90,), (80,), program=40), Track(*track_columns(track), program=6, controls=controls)))
    violin, right, left = in_hands(score).tracks
    assert (violin.program, right.name, left.name, right.program) == (40, *HANDS, 6)
    assert right.pitch.tolist() == [72, 74, 76, 77] and left.pitch.tolist() == [48, 52, 55, 52] * 2
    assert right.pedal.tolist() == left.pedal.tolist() == [[0, 127]]


def track_columns(track):
    return track.start, track.duration, track.pitch, track.velocity


def test_hands_that_are_told_apart_and_others_stay():
    for tracks in ((piano(), piano()), (piano(program=73),), (Track((0, 480), (480, 480), (40, 80), (80, 80)),), ()):
        score = Score(480, tracks)
        assert in_hands(score) is score


def test_in_abc_each_hand_has_a_voice_and_a_clef():
    text = abc_bytes(Score(480, (piano(),))).decode()
    assert "%%score {1 2}" in text and 'V:1 name="right hand"\n' in text and 'V:2 clef=bass name="left hand"\n' in text
    back = read_abc(text.encode(), "piano.abc")
    assert [(track.name, len(track)) for track in back.tracks] == [("right hand", 4), ("left hand", 8)] and not back.warnings
