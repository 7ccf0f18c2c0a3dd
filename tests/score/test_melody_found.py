import pytest

from partimento.errors import ScoreError
from partimento.score import Score, Track
from partimento.score.melody import split_melody, top_line


def track(*pitches, name="", **fields):
    return Track([480 * at for at in range(len(pitches))], [480] * len(pitches), list(pitches), [80] * len(pitches), name=name, **fields)


def test_the_top_line_is_one_voice():
    chords = Track([0, 0, 480, 600], [960, 960, 480, 480], [60, 64, 67, 62], [80] * 4)
    line = top_line(chords)
    assert (line.start.tolist(), line.duration.tolist(), line.pitch.tolist()) == ([0, 480, 600], [480, 120, 480], [64, 67, 62])


def test_the_highest_track_is_the_melody():
    low, high = track(40, 43, 40), track(70, 72, 74)
    melody, rest = split_melody(Score(480, (low, high)))
    assert melody.pitch.tolist() == [70, 72, 74] and rest.tracks == (low,)


def test_a_track_that_is_called_so_is_the_melody():
    melody, rest = split_melody(Score(480, (track(80, 81), track(60, 62, name="Lead guitar"), track(40, 40))))
    assert melody.pitch.tolist() == [60, 62] and len(rest.tracks) == 2


def test_a_track_of_chords_is_an_accompaniment():
    chords = Track([0, 0, 0, 480, 480, 480], [480] * 6, [64, 67, 72, 65, 69, 72], [80] * 6)
    assert split_melody(Score(480, (chords, track(62, 64))))[0].pitch.tolist() == [62, 64]


def test_a_few_high_notes_are_no_melody():
    assert split_melody(Score(480, (track(*[60] * 20), track(90))))[0].pitch.tolist() == [60] * 20


def test_in_one_track_the_rest_accompanies():
    piano = Track([0, 0, 0, 480, 480], [480] * 5, [48, 55, 72, 50, 74], [80] * 5)
    melody, rest = split_melody(Score(480, (piano,)))
    assert melody.pitch.tolist() == [72, 74]
    assert rest.tracks[0].pitch.tolist() == [48, 55, 50]
    assert split_melody(Score(480, (track(60, 62),)))[1].tracks == ()


def test_drums_alone_have_no_melody():
    with pytest.raises(ScoreError, match="melody: the score has no pitched note"):
        split_melody(Score(480, (track(36, is_drum=True),)))
