from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, tune_text, wander, words
from partimento.encoding import lead_layout as layout
from partimento.encoding.encoding import Accompanying
from partimento.encoding.lead import Lead
from partimento.encoding.lead_layout import GROUP, HOLD, REST, VOCABULARY
from partimento.errors import EncodingError
from partimento.files.abc import read_abc
from partimento.score import Score, Tempo, TimeSignature, Track
from partimento.score.meter import bar_count
from partimento.score.transform import cut_bars, transpose

LEAD = Lead()
JIG = 'X:1\nM:6/8\nL:1/8\nK:G\n|:D|"G"GBd gdB|"C"c2e "D7"d3|"Em"eee "Am"e2d|"D7"c2A "G"G2:|\n'
REEL = 'X:1\nM:4/4\nL:1/8\nK:D\n"D"F2A2 (3dcB A2-|A2z2 "A7"c>e a2|"Bm"b/a/b/a/ f2 "G"g4|"D"d8|]\n'


def tune(text):
    return read_abc(text.encode(), "tune.abc")


def over_chords():
    """A melody called so over four bars of whole-note chords, a minor and its neighbours, at 100 quarters a minute."""
    bars = ((57, 60, 64), (53, 57, 60), (55, 59, 62), (57, 60, 64))
    start, pitch = np.array([(1920 * at, pitch) for at, bar in enumerate(bars) for pitch in bar]).T
    chords = Track(start, np.full(12, 1920), pitch, np.full(12, 60), name="piano", program=4)
    melody = Track(np.arange(16) * 480, np.full(16, 480), np.tile([69, 72, 71, 76], 4), np.full(16, 90), name="Melody", program=66)
    return Score(480, (chords, melody), (Tempo.of_bpm(0, 100),), (TimeSignature(0, 4, 4),))


# --- there and back


def test_a_melody_is_said_over_its_chords():
    ids = LEAD.encode(tune(REEL))
    assert VOCABULARY.words(ids[:22]) == "start root2 |4/4 >0 +4 x12 +7 x12 >0 +0 x4 -1 x4 -3 x4 -5 x12 |4/4 >0 hold x12 rest"
    assert VOCABULARY.symbols[ids[-1]] == "end"


@pytest.mark.parametrize("text", [JIG, REEL, *(tune_text(number) for number in range(6))])
def test_what_comes_back_says_the_same(text):
    ids = LEAD.encode(tune(text))
    back = LEAD.decode(ids)
    assert np.array_equal(LEAD.encode(back), ids)
    score = tune(text)
    assert [pitch for _, _, pitch in words(back)[0]] == score.tracks[0].pitch.tolist()
    lengths = score.tracks[0].duration / score.ticks_per_quarter
    assert np.allclose(back.tracks[0].duration / back.ticks_per_quarter, lengths)


def test_every_key_is_said_alike_but_for_the_first_root():
    one, other = LEAD.encode(tune(REEL)), LEAD.encode(transpose(tune(REEL), 5))
    differing = np.flatnonzero(one != other)
    assert VOCABULARY.words(other[differing]) == "root7"


@pytest.mark.parametrize("semitones", [-12, 12, 11])
def test_only_the_first_note_says_the_octave(semitones):
    one, other = LEAD.encode(tune(REEL)), LEAD.encode(transpose(tune(REEL), semitones))
    differing = [GROUP[int(number)] for number in one[one != other]]
    assert differing == (["root", "note"] if semitones == 11 else ["note"])


def test_a_pickup_becomes_a_rest():
    ids = LEAD.encode(tune(JIG))
    assert VOCABULARY.words(ids[2:8]) == "|6/8 >0 rest x30 -5 x6"
    assert LEAD.decode(ids).pickup == 0


def test_chords_are_heard_where_none_are_written():
    ids = LEAD.encode(over_chords())
    assert [mark.text for mark in LEAD.decode(ids).marks_of("chord")] == ["Am", "F", "G", "Am"]


def test_notes_off_the_grid_are_moved_and_small_gaps_closed():
    played = Track([7, 478, 965, 1900], [450, 470, 440, 300], [60, 62, 64, 65], [80] * 4)
    back = LEAD.decode(LEAD.encode(Score(480, (played,))))
    assert [note[:2] for note in words(back)[0]] == [(0, 480), (480, 480), (960, 960 - 480 + 0), (1920, 240)]


def test_notes_too_low_or_high_are_moved_by_octaves():
    back = LEAD.decode(LEAD.encode(Score(480, (Track([0, 480], [480, 480], [20, 120], [80, 80]),))))
    assert back.tracks[0].pitch.tolist() == [44, 72]


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 9, 20])
def test_ids_cut_short_give_what_stands_before_the_cut(length):
    ids = LEAD.encode(tune(REEL))[:length]
    assert LEAD.decode(ids).note_count == sum(GROUP[int(number)] == "length" for number in ids)


def test_a_likelihood_is_counted_in_ids():
    assert LEAD.voice_tokens(LEAD.encode(tune(REEL))) == len(LEAD.encode(tune(REEL))) - 1
    assert (LEAD.options(), LEAD.start_id, LEAD.transpositions) == ({}, 0, (0,))


# --- what cannot be said


def test_a_score_without_notes_is_refused():
    with pytest.raises(EncodingError, match="encoding 'lead': melody: the score has no pitched note"):
        LEAD.encode(Score())
    with pytest.raises(EncodingError, match="--over: melody: the score has no pitched note"):
        LEAD.grammar_over(Score())


def test_a_metre_without_id_is_refused():
    score = Score(480, (Track([0], [480], [60], [80]),), time_signatures=(TimeSignature(0, 11, 8),))
    with pytest.raises(EncodingError, match="encoding 'lead': the metre 11/8 at tick 0, expected one of 4/4"):
        LEAD.encode(score)


# --- the grammar


def keeps_the_rules(ids, beginning=0):
    """The rules of the grammar, read from what came out."""
    lead = layout.said(ids)
    events = [int(number) for number in ids[beginning:] if GROUP[int(number)] in ("note", "other")]
    assert beginning or GROUP[events[0]] == "note"
    for (start, steps, pitch), (following, _, other) in zip(lead.notes[:-1], lead.notes[1:], strict=True):
        assert start + steps <= following
        assert abs(pitch - other) <= 12
        assert not (pitch == other and steps < 6 and following == start + steps)
    starts = [(start - max(bar[0] for bar in lead.bars if bar[0] <= start)) % 12 for start, _, _ in lead.notes]
    assert set(starts) <= set(layout.GRID)
    assert lead.notes[-1][2] % 12 in lead.chords[-1][1].pitch_classes
    last, numerator, denominator = lead.bars[-1]
    assert sum(lead.notes[-1][:2]) == last + layout.METRES[f"{numerator}/{denominator}"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12))
def test_whatever_is_chosen_the_bars_are_full_and_the_rules_kept(seed, bars):
    grammar = LEAD.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(seed))
    keeps_the_rules(ids)
    score = LEAD.decode(np.array(ids, np.int32))
    assert bar_count(score) == bars == grammar.bars


def test_without_a_wish_a_melody_ends_all_the_same():
    for seed in range(4):
        ids = wander(LEAD.grammar(), np.random.default_rng(seed))
        assert 8 <= len(layout.said(ids).bars) <= 64
        assert LEAD.decode(np.array(ids, np.int32)).tracks[0].pitch[-1] % 12 in layout.said(ids).chords[-1][1].pitch_classes


@pytest.mark.parametrize("bars", [0, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"a melody of {bars} bars, expected 1 to 1000"):
        LEAD.grammar(bars=bars)


@pytest.mark.parametrize("text", [JIG, REEL])
@pytest.mark.parametrize("bars", [1, 2])
def test_a_beginning_is_kept_and_gone_on_with(text, bars):
    primer = cut_bars(tune(text), 0, bars - 1)
    ids = LEAD.encode(primer, whole=False)
    whole = wander(LEAD.grammar(bars=bars + 3), np.random.default_rng(1), list(ids))
    assert whole[: len(ids)] == ids.tolist()
    assert bar_count(LEAD.decode(np.array(whole, np.int32))) == bars + 3


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(2, len(VOCABULARY) - 1), max_size=40), st.integers(0, 1000))
def test_no_beginning_however_odd_keeps_a_melody_from_ending(numbers, seed):
    bars = sum(GROUP[number] == "bar" for number in numbers) + 2
    ids = wander(LEAD.grammar(bars=bars), np.random.default_rng(seed), [layout.START, *numbers], most=5_000)
    assert ids[-1] == layout.END
    LEAD.decode(np.array(ids, np.int32))


def test_allowed_is_what_the_grammar_says_there():
    ids = LEAD.encode(tune(REEL))
    grammar = LEAD.grammar()
    for place, number in enumerate(ids[:12]):
        assert np.array_equal(LEAD.allowed(ids[:place]), grammar.allowed())
        assert grammar.allowed()[number]
        grammar.push(int(number))


# --- over a given piece


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("piece", [over_chords(), tune(JIG), tune(REEL), chorale(), chorale(1, pickup=True)])
def test_a_new_melody_keeps_to_bars_metre_and_chords(piece, seed):
    assert isinstance(LEAD, Accompanying)
    own = LEAD.encode(piece)
    ids = wander(LEAD.grammar_over(piece), np.random.default_rng(seed))
    frame = [number for number in own.tolist() if GROUP[number] in ("root", "bar", "chord")]
    assert [number for number in ids if GROUP[number] in ("root", "bar", "chord")] == frame
    keeps_the_rules(ids)


def test_the_accompaniment_stays_as_it_was():
    piece = over_chords()
    ids = np.array(wander(LEAD.grammar_over(piece), np.random.default_rng(3)), np.int32)
    new = LEAD.put_over(ids, piece)
    melody, chords = new.tracks
    assert words(new)[1] == words(piece)[0] and (chords.program, melody.program, melody.name) == (4, 66, "melody")
    assert new.tempos == piece.tempos and new.time_signatures == piece.time_signatures
    assert melody.pitch.tolist() == LEAD.decode(ids).tracks[0].pitch.tolist()
    assert melody.start.tolist() == LEAD.decode(ids).tracks[0].start.tolist()


def test_a_melody_put_over_its_own_piece_is_the_one_it_was():
    for piece in (over_chords(), tune(JIG), replace(tune(REEL), ticks_per_quarter=480)):
        new = LEAD.put_over(LEAD.encode(piece), piece)
        assert new.tracks[0].pitch.tolist() == next(t for t in piece.tracks if t.name == "Melody" or len(piece.tracks) == 1).pitch.tolist()


def test_before_a_pickup_nothing_is_written():
    piece = tune(JIG)
    ids = np.array(wander(LEAD.grammar_over(piece), np.random.default_rng(0)), np.int32)
    assert LEAD.put_over(ids, piece).tracks[0].start.min() >= 0


def test_what_is_held_is_what_sounds():
    up = VOCABULARY.ids["+4"]
    lead = layout.said([0, 2, 14, 25, up, layout.length_id(24), 25, HOLD, layout.length_id(12), REST, layout.length_id(12)])
    assert lead.notes == [(0, 36, 64)]
    assert layout.said([0, 2, 14, 25, HOLD, layout.length_id(24)]).notes == []
