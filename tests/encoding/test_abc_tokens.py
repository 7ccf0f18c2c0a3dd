from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, tune_text, wander, words
from partimento.encoding.abc_signs import VOCABULARY, signs
from partimento.encoding.abc_tokens import AbcTokens
from partimento.encoding.characters import VOCABULARY as CHARACTERS
from partimento.encoding.characters import Characters, canonical_text
from partimento.errors import EncodingError
from partimento.files.abc import read_abc
from partimento.files.abc_parse import MOST_TUNE_CHARACTERS
from partimento.score import Mark, Score, Track
from partimento.score.meter import bar_count
from partimento.score.pitch import parse_key, tonic_pitch_class
from partimento.score.transform import cut_bars

TOKENS = AbcTokens()
TUNES = [
    *(tune_text(number) for number in range(6)),
    "X:1\nM:6/8\nL:1/8\nK:D\n|:A|dfa afd|gbg fdA|dfa afd|e2e efg|fgf ede|dfd BAG|FAd ecA|d3 d2:|\n",
    'X:1\nM:4/4\nL:1/8\nK:G\n|:"G"GABc dedB|"Am7"c2ec "D7/F#"B2dB|GABc dedB|1 c2A2 A2BA:|2 A2F2 G4||"Em"e4 d4|e4 d4|e4 d4|G8|]\n',
    'X:1\nM:3/4\nL:1/8\nK:F\nC2|F2 A2 "N. C."c2|[K:Bb]d2 B2 G2|[M:2/4]F4|[M:3/4]F4|]\n',
    "X:1\nM:4/4\nL:1/8\nK:Am\nA2 [CE]2 c2-c2|(3cde (5:4:5c/d/e/f/g/ A2 B2|^G4 =G4|A8|]\n",
    "X:1\nM:5/4\nL:1/8\nK:Edor\n^^E2^f'2 _B,,2A4|E3/2F/2 G6 B,2|E10|]\n",
]


def tune(text):
    return read_abc(text.encode(), "tune.abc")


def symbols(ids):
    return [VOCABULARY.symbols[int(number)] for number in ids]


# --- there and back


@pytest.mark.parametrize("text", TUNES)
def test_a_tune_comes_back_note_for_note(text):
    score = tune(text)
    ids = TOKENS.encode(score)
    back = TOKENS.decode(ids)
    scale = Fraction(back.ticks_per_quarter, score.ticks_per_quarter)
    assert words(back) == [[(start * scale, length * scale, pitch) for start, length, pitch in track] for track in words(score)]
    assert [m.text for m in back.marks_of("chord")] == [m.text for m in score.marks_of("chord")]
    assert (back.warnings, back.pickup) == ((), score.pickup * scale)
    assert np.array_equal(TOKENS.encode(back), ids)
    assert "".join(symbols(ids)[1:-1]).replace(" ", "") == canonical_text(score).replace(" ", "")


def test_a_sign_is_one_id():
    ids = TOKENS.encode(tune('X:1\nM:6/8\nL:1/8\nK:Gm\n|:"Gm"^c\'2(3ABd [GB]2|1 G6:|2 B6|]\n'))
    assert symbols(ids) == (
        ["start", "M:6/8\n", "K:G", "m\n", "|:", '"Gm"', "^c'", "2", "(3", "A", "B", "d", "[", "G", "B", "]", "2"]
        + ["|1 ", "G", "6", ":|2 ", "B", "6", "|]", "end"]
    )


def test_a_chord_symbol_without_an_id_is_spelled():
    assert [sign for _, sign in signs('"G7""G7/B""N. C."')] == ['"G7"', *'"G7/B"', *'"N. C."']


def test_tunes_are_shorter_than_in_characters():
    score = tune(TUNES[7])
    assert len(TOKENS.encode(score)) < 0.75 * len(Characters().encode(score))


@pytest.mark.parametrize("text", ["", "M:4/4\n", "M:4/4\nK:C", "M:4/4\nK:C\nA4[", 'M:4/4\nK:C\nA4"G'])
def test_ids_cut_short_give_what_stands_before_the_cut(text):
    ids = np.array([VOCABULARY.ids[sign] for _, sign in signs(text)], np.int32)
    assert TOKENS.decode(ids).note_count == text.count("A4")


# --- what cannot be said


def test_several_voices_are_refused():
    with pytest.raises(EncodingError, match="encoding 'abc_tokens': 4 voices with notes, expected one melody"):
        TOKENS.encode(chorale())


def test_a_chord_symbol_with_a_foreign_sign_is_refused():
    score = Score(480, (Track([0], [1920], [60], [80]),), marks=(Mark(0, "chord", "C\u2300"),))
    with pytest.raises(EncodingError, match="not in the vocabulary, expected ASCII. Rewrite the chord symbol"):
        TOKENS.encode(score)


def test_ids_that_are_no_abc_are_refused():
    endless = [VOCABULARY.ids[sign] for sign in ("M:4/4\n", "K:C", "\n", *"A" * MOST_TUNE_CHARACTERS)]
    with pytest.raises(EncodingError, match="encoding 'abc_tokens': composed tune.*expected one tune"):
        TOKENS.decode(np.array(endless, np.int32))


# --- the grammar


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 24))
def test_whatever_is_chosen_the_tune_has_its_bars_and_ends_on_the_tonic(seed, bars):
    grammar = TOKENS.grammar(bars=bars)
    score = TOKENS.decode(np.array(wander(grammar, np.random.default_rng(seed)), np.int32))
    assert score.warnings == ()
    assert bar_count(score) == bars == grammar.bars
    assert score.tracks[0].pitch[-1] % 12 == tonic_pitch_class(score.key_signatures[0])


def characters_may_come(grammar, symbol):
    """Whether the grammar of characters takes `symbol` character by character, as a whole sign."""
    text = grammar._text.fork()
    for character in [symbol] if symbol in ("start", "end") else symbol:
        if character not in text.next_symbols():
            return False
        text.push(CHARACTERS.ids[character])
    after = text.next_symbols() | ({" "} if text.finished else set())
    if symbol in VOCABULARY.groups["length"]:
        return not after <= set("0123456789/")
    if symbol in VOCABULARY.groups["line"]:
        return not after <= set(" |:]12") or text.finished
    return symbol not in VOCABULARY.groups["tonic"] or not after <= set("#b")


def test_a_sign_may_come_where_its_characters_may():
    random = np.random.default_rng(3)
    grammar = TOKENS.grammar(bars=2)
    written = [symbol for group, all_of in VOCABULARY.groups.items() if group != "spelled" for symbol in all_of]
    last = ""
    while not grammar.finished:
        allowed = grammar.allowed()
        if not grammar._quoted and random.random() < 0.3:
            asked = written if last not in VOCABULARY.groups["length"] + VOCABULARY.groups["line"] else []
            wrong = [symbol for symbol in asked if allowed[VOCABULARY.ids[symbol]] != characters_may_come(grammar, symbol)]
            assert wrong == [] or (last in VOCABULARY.groups["tonic"] and set(wrong) <= set("abcdefgz")), (last, wrong)
        number = int(random.choice(np.flatnonzero(allowed)))
        last = VOCABULARY.symbols[number]
        grammar.push(number)


@pytest.mark.parametrize("text", [TUNES[0], TUNES[1], TUNES[6], TUNES[7]])
def test_the_grammar_allows_what_people_write(text):
    grammar = TOKENS.grammar()
    for number in TOKENS.encode(tune(text)):
        assert grammar.allowed()[number], VOCABULARY.symbols[number]
        grammar.push(int(number))
    assert grammar.finished and not grammar.allowed().any()


def test_a_chord_symbol_with_an_id_is_not_spelled():
    ids = [VOCABULARY.ids[sign] for sign in ("start", "M:4/4\n", "K:C", "\n", '"', "G")]
    allowed = symbols(np.flatnonzero(TOKENS.allowed(np.array(ids, np.int32))))
    assert '"' not in allowed and "/" in allowed and "m" in allowed


@pytest.mark.parametrize("name", ["C", "Ebm", "F# dorian", "C# major", "Gb lydian", "B locrian", "E phrygian"])
def test_a_wished_key_is_kept(name):
    key = parse_key(name)
    ids = wander(TOKENS.grammar(bars=2, key=key), np.random.default_rng(5))
    assert TOKENS.decode(np.array(ids, np.int32)).key_signatures == (key,)


def test_bars_out_of_range_are_refused():
    with pytest.raises(EncodingError, match="1 bars, expected 2 to 1000"):
        TOKENS.grammar(bars=1)


@pytest.mark.parametrize("text", TUNES[5:])
@pytest.mark.parametrize("bars", [1, 2])
def test_a_beginning_is_kept_and_gone_on_with_to_the_wished_bars(text, bars):
    primer = cut_bars(tune(text), 0, bars - (0 if tune(text).pickup else 1))
    ids = TOKENS.encode(primer, whole=False)
    whole = wander(TOKENS.grammar(bars=bars + 3), np.random.default_rng(1), list(ids))
    score = TOKENS.decode(np.array(whole, np.int32))
    scale = Fraction(score.ticks_per_quarter, primer.ticks_per_quarter)
    kept = [(start * scale, length * scale, pitch) for start, length, pitch in words(primer)[0]]
    assert (score.warnings, bar_count(score)) == ((), bars + 3)
    assert words(score)[0][: len(kept)] == kept


def test_a_beginning_that_stops_within_a_bar_keeps_its_last_note_as_it_is():
    ids = TOKENS.encode(tune("X:1\nM:4/4\nL:1/8\nK:G\nG2A2B2c2|d2ef|]\n"), whole=False)
    assert symbols(ids)[-2:] == ["f", " "]
    allowed = symbols(np.flatnonzero(TOKENS.allowed(ids)))
    assert "2" not in allowed and "g" in allowed


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(VOCABULARY.symbols[2:]), max_size=30), st.integers(2, 8), st.integers(0, 1000))
def test_no_beginning_however_odd_keeps_a_tune_from_ending(beginning, bars, seed):
    opened = [VOCABULARY.ids[sign] for sign in ("start", "M:4/4\n", "K:C", "\n", *beginning)]
    ids = wander(TOKENS.grammar(bars=bars), np.random.default_rng(seed), opened, most=5_000)
    assert VOCABULARY.symbols[ids[-1]] == "end"
