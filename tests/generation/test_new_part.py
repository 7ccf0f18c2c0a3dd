"""Where what was given ends: from there on a piece is judged."""

import numpy as np
import pytest

from little_music import chorale
from partimento.files.abc import read_abc
from partimento.generation.load import load
from partimento.generation.wish import Condition, Wish
from partimento.score import Score, Tempo, TimeSignature, Track

TUNE = read_abc(b"X:1\nM:4/4\nL:1/8\nK:G\nG2B2d2B2|c2A2F2A2|G2B2d2g2|f2d2c2A2|\n", "tune")
PLAYED = Score(
    1000,
    (Track(np.arange(12) * 500, np.full(12, 450), np.array([48, 55, 64, 67, 72, 67] * 2), np.full(12, 70)),),
    (Tempo.of_bpm(0, 120),),
    (TimeSignature(0),),
)


@pytest.mark.parametrize(
    ("name", "primer", "length"),
    [("bach-chorales", chorale(3), {"bars": 6}), ("folk-tunes", TUNE, {"bars": 8}), ("piano-performer", PLAYED, {"seconds": 9.0})],
)
def test_a_condition_is_asked_of_what_is_new(name, primer, length):
    asked = []
    condition = Condition("max-copy 12", lambda score, since: asked.append((score, since)) or True)
    composer = load(name)
    piece = composer.write(Wish(primer=primer, condition=condition, **length), seed=4)
    (since,) = {since for _, since in asked}
    assert since == composer.since
    for score in [piece, *(score for score, _ in asked)]:
        assert sum(int((track.start < since).sum()) for track in score.tracks) == primer.note_count
    assert sum(int((track.start >= since).sum()) for track in piece.tracks) > 8


def test_without_a_beginning_all_is_new():
    composer = load("folk-tunes")
    for again in (composer.write, composer.write_freely):
        composer.write(Wish(primer=TUNE, bars=8), seed=4)
        again(Wish(), seed=4)
        assert composer.since == 0
