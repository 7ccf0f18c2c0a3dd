from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, tune_text, wander, words
from partimento.encoding.characters import VOCABULARY, Characters, canonical_text
from partimento.encoding.encoding import Formed
from partimento.errors import EncodingError
from partimento.files.abc import read_abc
from partimento.files.abc_parse import MOST_TUNE_CHARACTERS
from partimento.score import KeySignature, Mark, Score, TimeSignature, Track
from partimento.score.meter import bar_count, bar_starts, bar_ticks, signatures
from partimento.score.pitch import parse_key, tonic_pitch_class
from partimento.score.transform import cut_bars

CHARACTERS = Characters()
WRITTEN = [
    tune_text(0),
    tune_text(1),
    "X:1\nM:6/8\nL:1/8\nK:D\n|:A|dfa afd|gbg fdA|dfa afd|e2e efg|fgf ede|dfd BAG|FAd ecA|d3 d2:|\n",
    'X:1\nM:4/4\nL:1/8\nK:G\n|:"G"GABc dedB|"Am"c2ec "D7/F#"B2dB|GABc dedB|1 c2A2 A2BA:|2 A2F2 G4||"Em"e4 d4|e4 d4|e4 d4|G8|]\n',
    "X:1\nM:3/4\nL:1/8\nK:F\nC2|F2 A2 c2|[K:Bb]d2 B2 G2|[M:2/4]F4|[M:3/4]F4|]\n",
    "X:1\nM:4/4\nL:1/8\nK:Am\nA2 [CE]2 c2-c2|(3cde (5:4:5c/d/e/f/g/ A2 B2|^G4 =G4|A8|]\n",
    "X:1\nM:9/8\nL:1/8\nK:Edor\nE2F G2A B2^c|d6 d3|z3 E6|E6 E3|B6 B3|E6 E3|B6 B3|E3 E6|]\n",
]


def tune(text):
    return read_abc(text.encode(), "tune.abc")


def text_of(ids):
    return "".join(VOCABULARY.symbols[int(number)] for number in ids if number >= VOCABULARY.ids["\n"])


def one_voice(*notes, **fields):
    start, length, pitch = zip(*notes, strict=True)
    return Score(480, (Track(start, length, pitch, [80] * len(start)),), **fields)


# --- there and back


@pytest.mark.parametrize("text", [*WRITTEN, *(tune_text(number) for number in range(2, 14))])
def test_a_tune_comes_back_note_for_note(text):
    score = tune(text)
    ids = CHARACTERS.encode(score)
    back = CHARACTERS.decode(ids)
    assert back.warnings == ()
    assert ids.dtype == np.int32 and ids.ndim == 1
    scale = Fraction(back.ticks_per_quarter, score.ticks_per_quarter)
    expected = [[(start * scale, length * scale, pitch) for start, length, pitch in track] for track in words(score)]
    assert words(back) == expected
    assert [m.text for m in back.marks_of("chord")] == [m.text for m in score.marks_of("chord")]
    assert [(k.fifths, k.mode) for k in back.key_signatures] == [(k.fifths, k.mode) for k in score.key_signatures]
    assert back.pickup == score.pickup * scale
    assert np.array_equal(CHARACTERS.encode(back), ids)


def test_the_text_is_the_same_however_it_was_typed():
    one = tune("X:7\nT:Typed so\nM:4/4\nL:1/4\nK:G\nG A B c |\n d e f g |]\n")
    other = tune("X:1\nT:Or so\nQ:1/4=80\nM:C\nL:1/8\nK:Gmaj\nG2A2B2c2|d2e2f2g2|]\n")
    assert canonical_text(one) == canonical_text(other) == "M:4/4\nK:G\nG2A2 B2c2|d2e2 f2g2|]"


def test_a_score_without_metre_or_key_gets_both():
    text = canonical_text(one_voice((0, 480, 62), (480, 480, 66), (960, 480, 69), (1440, 480, 62)))
    assert text.startswith("M:4/4\nK:D\n")
    late = one_voice((0, 1920, 60), (1920, 1920, 67), key_signatures=(KeySignature(1920, 1),))
    assert canonical_text(late).startswith("M:4/4\nK:")
    assert "K:none" not in canonical_text(late)


def test_what_is_not_kept_is_dropped_in_silence():
    score = one_voice((0, 1920, 60), (1920, 1920, 60), key_signatures=(KeySignature(0),), metadata={"title": "T"})
    marked = replace(score, marks=(Mark(0, "lyric", "la"), Mark(0, "fermata"), Mark(0, "section", "A")))
    assert canonical_text(marked) == canonical_text(score)


def test_a_likelihood_is_counted_in_characters():
    ids = CHARACTERS.encode(tune(tune_text(0)))
    assert CHARACTERS.voice_tokens(ids) == len(ids) - 1


# --- what cannot be said


def test_several_voices_are_refused():
    with pytest.raises(EncodingError, match="4 voices with notes, expected one melody. Keep one track"):
        CHARACTERS.encode(chorale())


def test_a_score_without_notes_is_refused():
    with pytest.raises(EncodingError, match="0 voices with notes"):
        CHARACTERS.encode(Score())


def test_drums_are_refused():
    with pytest.raises(EncodingError, match="expected one melody"):
        CHARACTERS.encode(Score(480, (Track([0], [480], [36], [80], is_drum=True),)))


def test_metres_over_16_are_refused():
    with pytest.raises(EncodingError, match="unit length L:1/16, expected L:1/8"):
        CHARACTERS.encode(one_voice((0, 120, 60), time_signatures=(TimeSignature(0, 3, 16),)))


def test_a_chord_symbol_with_a_foreign_sign_is_refused():
    score = one_voice((0, 1920, 60), marks=(Mark(0, "chord", "C\u2300"),))
    with pytest.raises(EncodingError, match="not in the vocabulary, expected ASCII. Rewrite the chord symbol"):
        CHARACTERS.encode(score)


def test_ids_that_are_no_abc_are_refused():
    endless = [VOCABULARY.ids[character] for character in "M:4/4\nK:C\n" + "A" * MOST_TUNE_CHARACTERS]
    with pytest.raises(EncodingError, match="encoding 'characters': composed tune.*expected one tune"):
        CHARACTERS.decode(np.array(endless, np.int32))


@pytest.mark.parametrize(("text", "notes"), [("", 0), ("M:4/", 0), ("M:4/4\nK:", 0), ("M:4/4\nK:C\nA4|[", 1), ("M:4/4\nK:C\nA4 B4|c", 3)])
def test_ids_cut_short_give_what_stands_before_the_cut(text, notes):
    assert CHARACTERS.decode(np.array([VOCABULARY.ids[character] for character in text], np.int32)).note_count == notes


# --- the grammar


def is_full(score):
    """Whether the last bar is as long as the metre wants, or lacks just what the pickup has."""
    last = int(bar_starts(score)[-1])
    bar = bar_ticks([s for s in signatures(score) if s.tick <= last][-1], score.ticks_per_quarter)
    return score.end_tick - last in (bar, bar - score.pickup)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 40))
def test_whatever_is_chosen_the_tune_has_its_bars_and_ends_on_the_tonic(seed, bars):
    grammar = CHARACTERS.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(seed))
    score = CHARACTERS.decode(np.array(ids, np.int32))
    assert score.warnings == ()
    assert bar_count(score) == bars == grammar.bars
    assert is_full(score)
    track = score.tracks[0]
    assert track.pitch[-1] % 12 == tonic_pitch_class(score.key_signatures[0])
    assert track.duration[-1] >= score.ticks_per_quarter
    assert np.array_equal(CHARACTERS.encode(score)[:4], ids[:4])


@pytest.mark.parametrize("seed", range(6))
def test_without_a_wish_a_tune_ends_all_the_same(seed):
    score = CHARACTERS.decode(np.array(wander(CHARACTERS.grammar(), np.random.default_rng(seed)), np.int32))
    assert score.warnings == ()
    assert 8 <= bar_count(score) <= 96
    assert score.tracks[0].pitch[-1] % 12 == tonic_pitch_class(score.key_signatures[0])


@pytest.mark.parametrize("name", ["C", "Ebm", "F# dorian", "C# major", "Gb lydian", "B locrian", "A mixolydian", "E phrygian"])
def test_a_wished_key_is_kept(name):
    key = parse_key(name)
    ids = wander(CHARACTERS.grammar(bars=4, key=key), np.random.default_rng(5))
    assert CHARACTERS.decode(np.array(ids, np.int32)).key_signatures == (key,)


@pytest.mark.parametrize("bars", [-1, 0, 1, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars, expected 2 to 1000"):
        CHARACTERS.grammar(bars=bars)


@pytest.mark.parametrize("text", [text for text in WRITTEN if "[" not in text and "(5" not in text and "^G4" not in text])
def test_the_grammar_allows_what_people_write(text):
    ids = CHARACTERS.encode(tune(text))
    grammar = CHARACTERS.grammar()
    for place, number in enumerate(ids):
        assert grammar.allowed()[number], f"{text_of(ids[:place])!r} may not go on with {VOCABULARY.symbols[number]!r}"
        grammar.push(int(number))
    assert grammar.finished and not grammar.allowed().any()


def test_allowed_is_what_the_grammar_says_there():
    ids = CHARACTERS.encode(tune(tune_text(3)))
    for place in (0, 1, 5, 12, 20):
        grammar = CHARACTERS.grammar()
        for number in ids[:place]:
            grammar.push(int(number))
        assert np.array_equal(CHARACTERS.allowed(ids[:place]), grammar.allowed())


def test_the_end_may_only_stand_after_a_full_bar():
    ids = CHARACTERS.encode(tune(tune_text(0)))
    end = VOCABULARY.ids["end"]
    places = [place for place in range(1, len(ids)) if CHARACTERS.allowed(ids[:place])[end]]
    assert places == [len(ids) - 1]


# --- beginnings that are to be gone on with


def beginnings():
    for text in WRITTEN:
        score = tune(text)
        for bars in range(1, 4):
            last = min(bars - (0 if score.pickup else 1), int(bar_starts(score).size) - 1)
            yield pytest.param(cut_bars(score, 0, last), id=f"{text.split()[2]}-{bars}")


@pytest.mark.parametrize("primer", list(beginnings()))
@pytest.mark.parametrize("seed", [1, 2])
def test_a_beginning_is_kept_and_gone_on_with_to_the_wished_bars(primer, seed):
    ids = CHARACTERS.encode(primer, whole=False)
    grammar = CHARACTERS.grammar()
    for number in ids:
        grammar.push(int(number))
    assert grammar.bars == bar_count(primer)
    wished = grammar.bars + 4
    whole = wander(CHARACTERS.grammar(bars=wished), np.random.default_rng(seed), list(ids))
    score = CHARACTERS.decode(np.array(whole, np.int32))
    assert score.warnings == ()
    assert bar_count(score) == wished
    scale = Fraction(score.ticks_per_quarter, primer.ticks_per_quarter)
    kept = [(start * scale, length * scale, pitch) for start, length, pitch in words(primer)[0]]
    assert words(score)[0][: len(kept)] == kept


def test_a_beginning_that_stops_within_a_bar_goes_on_within_it():
    primer = tune("X:1\nM:4/4\nL:1/8\nK:G\nG2A2B2c2|d2e2|]\n")
    ids = CHARACTERS.encode(primer, whole=False)
    assert text_of(ids).endswith("|d2e2 ")
    score = CHARACTERS.decode(np.array(wander(CHARACTERS.grammar(bars=4), np.random.default_rng(0), list(ids)), np.int32))
    notes = words(score)[0]
    assert bar_count(score) == 4
    assert (notes[5][0] + notes[5][1], notes[6][0]) == (notes[6][0], 3 * bar_ticks(TimeSignature(0), score.ticks_per_quarter) // 2)


def test_a_beginning_that_is_only_a_pickup_goes_on_with_the_first_bar():
    primer = tune("X:1\nM:4/4\nL:1/8\nK:G\nD2|G8|G6|]\n")
    ids = CHARACTERS.encode(cut_bars(primer, 0, 0), whole=False)
    assert text_of(ids) == "M:4/4\nK:G\nD2|"
    score = CHARACTERS.decode(np.array(wander(CHARACTERS.grammar(bars=3), np.random.default_rng(3), list(ids)), np.int32))
    assert (bar_count(score), score.pickup) == (3, score.ticks_per_quarter)
    assert is_full(score)


def test_repeats_that_the_grammar_does_not_follow_are_written_out():
    primer = tune("X:1\nM:2/4\nL:1/8\nK:C\n|:C4|1 D4:|2 E4:|3 F4||G4|]\n")
    ids = CHARACTERS.encode(primer, whole=False)
    score = CHARACTERS.decode(np.array(wander(CHARACTERS.grammar(bars=12), np.random.default_rng(0), list(ids)), np.int32))
    assert score.warnings == ()
    assert bar_count(score) == 12
    assert [pitch for _, _, pitch in words(score)[0][:7]] == [60, 62, 60, 64, 60, 65, 67]


FRAGMENTS = [
    "|1 ",
    ":|2 ",
    "|:",
    ":|",
    "||",
    "|]",
    "|",
    "|",
    "|",
    "A",
    "B2",
    "c/2",
    "G3/4",
    "(3",
    "(5:4:5",
    "[CE]2",
    "[K:D]",
    "[M:3/4]",
    "[M:2/4]",
    "-",
    "&",
    " ",
    '"G"',
    '"N.C."',
    "z2",
    "^",
    "=",
    ",",
    "'",
    "~",
    "!",
    "{",
    ")",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=30), st.integers(2, 12), st.integers(0, 1000))
def test_no_beginning_however_odd_keeps_a_tune_from_ending(fragments, bars, seed):
    text = "M:4/4\nK:C\n" + "".join(fragments)
    beginning = [VOCABULARY.ids["start"], *(VOCABULARY.ids[character] for character in text)]
    ids = wander(CHARACTERS.grammar(bars=bars), np.random.default_rng(seed), beginning, most=5_000)
    assert ids[-1] == VOCABULARY.ids["end"]


def test_a_bar_begins_with_its_first_sign_and_the_form_is_known():
    grammar = CHARACTERS.grammar()
    begun, forms = [], []
    for symbol in ["start", *'M:2/4\nK:C\n|:"C"C4|D4|E4|C4:|']:
        grammar.push(CHARACTERS.vocabulary.ids[symbol])
        begun.append(grammar.bars)
        forms.append(grammar.form)
    text = '|:"C"C4|D4|E4|C4:|'
    assert begun[-len(text) :] == [0, 0, *[1] * 6, *[3] * 3, *[5] * 3, *[7] * 4]
    grammar.push(CHARACTERS.vocabulary.ids["end"])
    assert grammar.bars == 8
    within = [forms[-len(text) + at] for at in (2, 8, 11, 14)]  # where the four bars begin
    assert len(set(within)) == 4 and isinstance(grammar, Formed)
