from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, tune_text, wander, words
from partimento.encoding.grid_layout import BAR_STEPS, HEAD
from partimento.encoding.melody import Melody
from partimento.errors import EncodingError
from partimento.files.abc import read_abc
from partimento.score import KeySignature, Mark, Score, TimeSignature, Track
from partimento.score.harmony import ends_on_tonic
from partimento.score.meter import bar_count
from partimento.score.pitch import parse_key
from partimento.score.transform import cut_bars, rescale

MELODY = Melody()


def tune(*notes, **fields):
    """One voice of (start, length, pitch) notes, 480 ticks a quarter, in C major."""
    start, length, pitch = zip(*notes, strict=True)
    made = {"key_signatures": (KeySignature(0),), "time_signatures": (TimeSignature(0),), **fields}
    return Score(480, (Track(start, length, pitch, [80] * len(notes)),), **made)


def said(score, **settings):
    return MELODY.vocabulary.words(MELODY.encode(score, **settings))


SCALE = [(at * 480, 480, 60 + step) for at, step in enumerate((0, 2, 4, 5, 7, 5, 4, 0))]


# --- there and back


@pytest.mark.parametrize("number", range(8))
def test_a_tune_comes_back_note_for_note(number):
    score = read_abc(tune_text(number).encode(), "tune.abc")
    ids = MELODY.encode(score)
    back = MELODY.decode(ids)
    assert words(back) == words(rescale(score, 480))
    assert [(s.numerator, s.denominator) for s in back.time_signatures] == [(s.numerator, s.denominator) for s in score.time_signatures]
    assert back.key_signatures == score.key_signatures
    assert np.array_equal(MELODY.encode(back), ids)
    assert MELODY.voice_tokens(ids) == score.note_count
    assert len(ids) == 4 + bar_count(score) * BAR_STEPS[MELODY.vocabulary.symbols[ids[1]]] + 1


def test_one_id_a_step():
    score = tune((0, 240, 60), (240, 240, 60), (480, 480, 64), (1440, 360, 67))
    assert said(score) == "start 4/4 pickup0 C major note60 - note60 - note64 - - - off - - - note67 - - off end"
    assert said(score, whole=False).endswith("note67 - -")


def test_a_pickup_and_the_last_bar_make_one():
    score = tune(*[(at * 480, 480, 60) for at in range(4)], pickup=480, time_signatures=(TimeSignature(0, 2, 4),))
    ids = MELODY.encode(score)
    assert MELODY.vocabulary.words(ids[:4]) == "start 2/4 pickup4 C major" and len(ids) == 4 + 16 + 1
    assert MELODY.decode(ids).pickup == 480
    longer = MELODY.encode(tune(*[(at * 480, 480, 60) for at in range(5)], pickup=480, time_signatures=(TimeSignature(0, 2, 4),)))
    assert len(longer) == 4 + 20 + 1


def test_metres_change_where_they_changed():
    signs = (TimeSignature(0, 3, 4), TimeSignature(1440, 2, 2), TimeSignature(3360, 4, 4), TimeSignature(5280, 3, 4))
    score = tune(*[(at * 480, 480, 60 + at % 5) for at in range(14)], time_signatures=signs)
    back = MELODY.decode(MELODY.encode(score))
    assert [(s.tick, s.numerator, s.denominator) for s in back.time_signatures] == [(0, 3, 4), (1440, 4, 4), (5280, 3, 4)]
    assert words(back) == words(score)


def test_church_modes_keep_their_tonic():
    for name in ("D dorian", "G mixolydian", "E minor", "Bb", "F# phrygian"):
        key = parse_key(name)
        assert MELODY.decode(MELODY.encode(tune(*SCALE, key_signatures=(key,)))).key_signatures == (key,)


def test_ids_cut_short_give_what_stands_before_the_cut():
    ids = MELODY.encode(tune(*SCALE))
    for cut in range(len(ids)):
        assert MELODY.decode(ids[:cut]).end_tick == max(cut - 4, 0) * 120


def test_what_is_off_the_grid_is_moved_to_it():
    assert said(tune((10, 200, 60), (250, 700, 64))) == said(tune((0, 240, 60), (240, 720, 64)))


# --- the top voice


def test_of_several_tracks_the_highest_is_kept():
    score = chorale(1)
    assert words(MELODY.decode(MELODY.encode(replace(score, tracks=score.tracks[::-1])))) == words(score)[:1]


def test_of_notes_at_once_the_highest_is_kept():
    score = tune((0, 960, 60), (0, 960, 64), (0, 480, 72), (240, 240, 50), (480, 480, 55), (720, 240, 70))
    assert words(MELODY.decode(MELODY.encode(score))) == [[(0, 480, 72), (480, 240, 55), (720, 240, 70)]]


def test_drums_are_no_melody():
    drums = Track([0], [480], [90], [80], is_drum=True)
    score = tune(*SCALE)
    assert said(replace(score, tracks=(drums, *score.tracks))) == said(score)
    with pytest.raises(EncodingError, match=r"encoding 'melody': no notes \(drums not counted\), expected at least one"):
        MELODY.encode(Score(480, (drums,)))


def test_marks_are_dropped():
    assert said(tune(*SCALE, marks=(Mark(0, "chord", "C"), Mark(480, "lyric", "la")))) == said(tune(*SCALE))


# --- what cannot be said


@pytest.mark.parametrize(("pitch", "name"), [(35, "B1"), (97, "C#7")])
def test_notes_out_of_range_are_refused(pitch, name):
    with pytest.raises(EncodingError, match=rf"{name} \(key {pitch}\), expected C2 to C7. Transpose the piece"):
        MELODY.encode(tune((0, 480, pitch)))


def test_a_range_may_be_asked_for():
    narrow = Melody(48, 83)
    assert narrow.options() == {"lowest": 48, "highest": 83}
    assert len(narrow.vocabulary.groups["note"]) == 36
    assert words(narrow.decode(narrow.encode(tune(*SCALE)))) == words(tune(*SCALE))
    with pytest.raises(EncodingError, match="A#2|Bb2"):
        narrow.encode(tune((0, 480, 46)))


@pytest.mark.parametrize("limits", [(-1, 60), (60, 70), (60, 128), (70, 60)])
def test_a_range_without_an_octave_is_refused(limits):
    with pytest.raises(EncodingError, match=f"keys {limits[0]} to {limits[1]}, expected at least an octave within 0 to 127"):
        Melody(*limits)


def test_a_strange_metre_is_refused():
    with pytest.raises(EncodingError, match="encoding 'melody': metre 11/8, expected one of 4/4, 3/4"):
        MELODY.encode(tune((0, 2640, 60), time_signatures=(TimeSignature(0, 11, 8),)))


# --- the grammar


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_whatever_is_chosen_the_piece_has_its_bars_and_ends_on_its_tonic(seed, bars):
    grammar = MELODY.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(seed))
    score = MELODY.decode(np.array(ids, np.int32))
    assert bar_count(score) == bars == grammar.bars
    assert len(ids) == 4 + score.end_tick // 120 + 1, "the last note does not sound up to the last bar line"
    bar = 480 * 4 * score.time_signatures[0].numerator // score.time_signatures[0].denominator
    assert score.end_tick == bars * bar
    assert ends_on_tonic(score, score.key_signatures[0])
    assert score.tracks[0].start[0] == 0
    silence = score.tracks[0].start[1:] - score.tracks[0].end[:-1]
    assert silence.max(initial=0) <= bar and score.tracks[0].duration.max() <= 2 * bar
    assert np.array_equal(MELODY.encode(score), ids)


@pytest.mark.parametrize("seed", range(4))
def test_without_a_wish_a_piece_ends_all_the_same(seed):
    score = MELODY.decode(np.array(wander(MELODY.grammar(), np.random.default_rng(seed)), np.int32))
    assert 4 <= bar_count(score) <= 68
    assert ends_on_tonic(score, score.key_signatures[0])


def test_a_piece_that_will_not_end_is_brought_to_its_end():
    """Whoever never takes the end where another way is open still comes to it."""
    grammar = MELODY.grammar()
    ids = []
    while not grammar.finished:
        ways = [int(number) for number in np.flatnonzero(grammar.allowed())]
        ids.append(next((way for way in ways if way != HEAD.ids["end"]), ways[0]))
        grammar.push(ids[-1])
    assert bar_count(MELODY.decode(np.array(ids, np.int32))) == 68


def test_only_what_sounds_is_held_or_ended():
    ids = MELODY.encode(tune((0, 480, 60), (960, 480, 62)))
    vocabulary = MELODY.vocabulary
    before, sounding, silent = (MELODY.allowed(ids[:cut]) for cut in (4, 5, 9))
    for symbol, expected in (("-", (False, True, True)), ("off", (False, True, False)), ("note70", (True, True, True))):
        assert tuple(bool(mask[vocabulary.ids[symbol]]) for mask in (before, sounding, silent)) == expected


def test_a_wished_key_is_kept():
    key = parse_key("E dorian")
    ids = wander(MELODY.grammar(bars=4, key=key), np.random.default_rng(5))
    score = MELODY.decode(np.array(ids, np.int32))
    assert score.key_signatures == (key,) and score.tracks[0].pitch[-1] % 12 == 4


@pytest.mark.parametrize("bars", [-1, 0, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"encoding 'melody': {bars} bars, expected 1 to 1000"):
        MELODY.grammar(bars=bars)


@pytest.mark.parametrize("last", range(3))
@pytest.mark.parametrize("number", [0, 2])
def test_a_beginning_is_kept_and_gone_on_with(number, last):
    primer = cut_bars(read_abc(tune_text(number).encode(), "tune.abc"), 0, last)
    ids = MELODY.encode(primer, whole=False)
    begun = bar_count(primer)
    score = MELODY.decode(np.array(wander(MELODY.grammar(bars=begun + 3), np.random.default_rng(last), list(ids)), np.int32))
    given_notes, found = words(rescale(primer, 480))[0], words(score)[0]
    assert found[: len(given_notes) - 1] == given_notes[:-1]
    assert found[len(given_notes) - 1][::2] == given_notes[-1][::2]  # the last may be held on
    assert bar_count(score) == begun + 3
