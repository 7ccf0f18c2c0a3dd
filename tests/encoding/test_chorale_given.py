"""Chorales of which something is given: a soprano, or all but some bars."""

from dataclasses import replace

import numpy as np
import pytest

from little_music import chorale, outside, wander, words
from partimento.encoding.chorale import Chorale
from partimento.encoding.chorale_layout import VOCABULARY
from partimento.encoding.encoding import Harmonising, Inpainting, Template
from partimento.errors import EncodingError

CHORALE = Chorale()


@pytest.mark.parametrize("number", range(4))
def test_any_voices_below_a_melody_make_a_whole_piece(number):
    piece = chorale(number, bars=4 + number, pickup=bool(number % 2), shift=number)
    grammar = CHORALE.below(replace(piece, tracks=piece.tracks[:1]))
    score = CHORALE.decode(np.array(wander(grammar, np.random.default_rng(number)), np.int32))
    assert words(score)[0] == words(piece)[0] and score.pickup == piece.pickup
    assert score.marks_of("fermata")[:-1] == piece.marks_of("fermata")
    assert all(len(track) for track in score.tracks) and score.end_tick == piece.end_tick


def test_any_bars_may_be_written_anew():
    piece = chorale(2, bars=6)
    score = CHORALE.decode(np.array(wander(CHORALE.around(piece, (3, 4)), np.random.default_rng(0)), np.int32))
    assert outside(score, 3840, 7680) == outside(piece, 3840, 7680)
    assert words(score) != words(piece)


def test_what_stands_beforehand_is_said():
    grammar = CHORALE.below(replace(chorale(0), tracks=chorale(0).tracks[:1]))
    assert isinstance(grammar, Template) and isinstance(CHORALE, Harmonising) and isinstance(CHORALE, Inpainting)
    given = []
    for number in CHORALE.encode(chorale(0))[:9]:
        given.append(grammar.given)
        grammar.push(int(number))
    assert given[:5] == CHORALE.encode(chorale(0))[:5].tolist() and given[5:8] == [-1, -1, -1] and given[8] >= VOCABULARY.first["place"]
    assert CHORALE.grammar().given == -1


def test_a_melody_is_one_voice():
    with pytest.raises(EncodingError, match="--melody: 4 parts with notes, expected one voice"):
        CHORALE.below(chorale(0))


@pytest.mark.parametrize("passage", [(0, 1), (3, 2), (4, 7)])
def test_bars_that_a_piece_has_not_are_refused(passage):
    with pytest.raises(EncodingError, match=f"--passage {passage[0]}-{passage[1]}: the piece has bars 1 to 6"):
        CHORALE.around(chorale(0, bars=6), passage)


def test_a_pickup_is_bar_nought():
    assert min(CHORALE.around(chorale(0, pickup=True), (0, 0))._given) == -1
    with pytest.raises(EncodingError, match="has bars 0 to 4"):
        CHORALE.around(chorale(0, pickup=True), (1, 5))
