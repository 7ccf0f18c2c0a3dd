import numpy as np
import pytest

from little_music import chorale
from partimento.encoding.performance.layout import Kind
from partimento.encoding.performance.performance import Performance
from partimento.score import Score, Track
from partimento.score.pedal import fold_pedal


def test_each_id_stands_where_it_sounds():
    pedal = np.array([(100, 64, 127), (900, 64, 0)])
    score = Score(500, (Track([0, 1500], [1000, 400], [60, 64], [70, 1], controls=pedal),))
    encoding = Performance("events", 21, 108)
    seconds, key, kind = encoding.moments(ids := encoding.encode(score))
    found = list(zip(encoding.vocabulary.words(ids).split(), seconds.tolist(), key.tolist(), kind.tolist(), strict=True))
    assert found == [
        ("start", 0, 0, Kind.FRAME),
        ("velocity18", 0, 0, Kind.VELOCITY),
        ("on60", 0, 60, Kind.ON),
        ("shift10", 0.05, 0, Kind.SHIFT),
        ("down", 0.1, 0, Kind.PEDAL),
        ("shift80", 0.5, 0, Kind.SHIFT),
        ("up", 0.9, 0, Kind.PEDAL),
        ("shift10", 0.95, 0, Kind.SHIFT),
        ("off60", 1.0, 60, Kind.OFF),
        ("shift50", 1.25, 0, Kind.SHIFT),
        ("velocity1", 1.5, 0, Kind.VELOCITY),
        ("on64", 1.5, 64, Kind.ON),
        ("shift40", 1.7, 0, Kind.SHIFT),
        ("off64", 1.9, 64, Kind.OFF),
        ("end", 1.9, 0, Kind.FRAME),
    ]


LAYOUTS = ({}, {"lowest": 21, "highest": 108}, {"melody": True}, {"density": True})


@pytest.mark.parametrize("encoding", [Performance(**options) for options in LAYOUTS])
def test_they_are_the_notes_of_the_piece_in_every_layout(encoding):
    score = encoding.decode(encoding.encode(fold_pedal(chorale())))
    (track,) = score.tracks
    seconds, key, kind = encoding.moments(encoding.encode(score))
    for which, ticks in ((Kind.ON, track.start), (Kind.OFF, track.end)):
        said = sorted(zip(seconds[kind == which].tolist(), key[kind == which].tolist(), strict=True))
        assert said == sorted(zip((ticks / 1000).tolist(), track.pitch.tolist(), strict=True))


def test_a_melody_is_told_on_its_key_a_second_before():
    encoding = Performance(melody=True)
    score = Score(500, (Track([500, 2000], [400, 400], [60, 64], [70, 70]),))
    seconds, key, kind = encoding.moments(encoding.encode(score))
    told = kind == Kind.MELODY
    assert key[told].tolist() == [60, 64] and seconds[told].tolist() == [0, 1.0]
