"""ABC in: damage is told, bombs are refused, and nothing but a ReadError ever comes out."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import ReadError
from partimento.files import abc_book, abc_parse, abc_play, abc_unfold
from partimento.files.abc import abc_text, read_abc, read_tune_book

HEAD = "X:1\nT:t\nM:4/4\nL:1/8\nK:C\n"


def read(text):
    return read_abc(text.encode(), "x.abc")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b" \n\t\n", "^x.abc: holds no text, expected ABC notation. Check that the file was saved.$"),
        (b"Ogawa\xff" + bytes(60), "holds 60 NUL bytes, expected ABC text. It is another kind of file"),
        (b"<html><body>404</body></html>", "holds no tune, expected lines such as 'X:1' and 'K:G'"),
        (b"X:1\nT:a\n", "tune 1 \\(X:1 'a'\\), line 2: no K: field and no notes"),
    ],
)
def test_what_is_no_abc_is_refused(data, message):
    with pytest.raises(ReadError, match=message):
        read_abc(data, "x.abc")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("C999999999|", "tune 1 \\(X:1 't'\\), line 6: a note length of 9 signs, expected one such as 2, /2 or 3/2. Correct the line"),
        ("C" + "/" * 5000, "a note length of 5000 signs"),
        ("C/0|", "a note length of '/0', expected more than nothing and no division by 0"),
        ("C999999|", "a note or rest of 125000 whole notes, expected 1/32768 to 64"),
        ("C/99999|", "whole notes, expected 1/32768 to 64"),
        ("Z1000000000|", "a rest of 1000000000 bars, expected 1 to 1000"),
        ("Z0|", "a rest of 0 bars, expected 1 to 1000"),
        ("".join(f"[V:{i}]C" for i in range(600)), "more than 512 voices"),
    ],
)
def test_a_length_or_a_number_that_no_tune_has_is_refused(body, message):
    with pytest.raises(ReadError, match=message):
        read(HEAD + body + "\n")


def test_a_tune_that_gets_too_long_when_played_is_refused(monkeypatch):
    bomb = read("X:1\nP:((A99)99)99\nK:C\nP:A\nCDEF|GABc|\n")
    assert bomb.note_count == 8
    assert "part order '((A99)99)99' was not understood; parts are played as they stand" in bomb.warnings[0]
    monkeypatch.setattr(abc_unfold, "MOST_STEPS", 50)
    with pytest.raises(ReadError, match="more than 50 bars when repeats are played, expected one tune. Shorten the tune"):
        read("X:1\nP:A50\nK:C\nP:A\nCDEF|GABc|\n")


def test_limits_on_notes_characters_and_length(monkeypatch):
    monkeypatch.setattr(abc_play, "MOST_PLAYED", 7)
    with pytest.raises(ReadError, match="8 notes when repeats are played, expected at most 7"):
        read(HEAD + "|:CDEF:|\n")
    monkeypatch.setattr(abc_play, "MOST_PLAYED", 1000)
    monkeypatch.setattr(abc_play, "LAST_TICK", 3000)
    with pytest.raises(ReadError, match="2 whole notes long when repeats are played"):
        read(HEAD + "C8|D8|\n")
    monkeypatch.setattr(abc_parse, "MOST_EVENTS", 3)
    with pytest.raises(ReadError, match="more than 3 notes and rests, expected one tune"):
        read(HEAD + "CDEF|\n")
    monkeypatch.setattr(abc_parse, "MOST_TUNE_CHARACTERS", 10)
    with pytest.raises(ReadError, match="more than 10 characters, expected one tune. Cut it into several"):
        read(HEAD + "C|\n")


def test_all_tunes_broken():
    with pytest.raises(ReadError, match="tune 1 .*a note length of '/0'.* \\(and 1 more broken tunes\\)"):
        read("X:1\nK:C\nC/0|\n\nX:2\nK:C\nC/0|\n")


@pytest.mark.parametrize(
    ("text", "count", "warning"),
    [
        (HEAD + "C2 [CEG D2 E2|F8|", 7, "the chord '\\[CEG' was never closed; it was taken to end there"),
        (HEAD + "C2 [C D2 E2|F8|", 5, "a bracket was never closed"),
        (HEAD + "C2 {de D2 E2|F8|", 6, "{ was never closed on its line"),
        (HEAD + 'C2 "Am D2 E2|F8|', 4, "\" was never closed on its line; '\"Am' was left out"),
        (HEAD + "C2 !trill D2 E2|F8|", 4, "signs that are no music were left out: 'i' \\(1\\), 'l' \\(2\\), 'r' \\(1\\), 't' \\(1\\)"),
        (HEAD + "C2 [K:G D2 E2|F8|", 4, "the field '\\[K:G' was never closed"),
        (HEAD + "C (0CDE (999999:1:9CDE|", 7, "tuplet '\\(0' was left out"),
        (HEAD + "C >>>> D|", 2, "broken rhythm '>>>>' was left out"),
        (HEAD + "| > D|", 1, "'>' stands behind no note"),
        (HEAD + "| - D|", 1, "a tie stands behind no note"),
        (HEAD + "A-B A-A|", 3, "1 ties lead to another note and were read as slurs"),
        (HEAD + "C'''''''''' D|", 1, "a note out of the range of MIDI was left out"),
        (HEAD + "^/C _3/2B|", 2, "microtone '\\^/' was moved to the nearest semitone"),
        (HEAD + "[] C|", 1, "an empty chord was left out"),
        (HEAD + "C {d}|", 1, "1 grace notes before no note were left out"),
        (HEAD + "{cdefgabcdef}C/64 D|", 2, "11 grace notes stand before a note too short for them"),
        (HEAD + "CD@;D|", 3, "signs that are no music were left out: ';' \\(1\\), '@' \\(1\\)"),
        (HEAD + "M:4/4 CD|\n", 2, "notes on the line of the M: field; read as music"),
        (HEAD + "CD| M:3/4 CD|\n", 4, "the field 'M:3/4' stands among notes without brackets; it was followed"),
        (HEAD + "[K:Xyz]C [M:x]D [L:x]E [Q:x]F|", 4, "key 'Xyz' was not understood; the one before holds"),
        (HEAD + "[M:x]D|", 1, "metre 'x' was not understood; the one before holds"),
        (HEAD + "[L:x]E|", 1, "unit note length 'x' was not understood; the one before holds"),
        (HEAD + "CD\nw:a b c\n", 2, "more syllables than notes"),
        (HEAD + "%%begintext\nCD|\n", 0, "a block that ends with '%%endtext' was never closed"),
        ("X:1\nM:-3/4\nK:C\nC|", 1, "metre '-3/4' was not understood; read as free metre"),
        ("X:1\nM:1000000/1\nK:C\nC|", 1, "metre '1000000/1' was not understood"),
        ("X:1\nL:1/0\nK:C\nC|", 1, "unit note length '1/0' was not understood"),
        ("X:1\nQ:0\nK:C\nC|", 1, "tempo '0' was not understood and was left out"),
        ("X:1\nQ:1/4=99999999999\nK:C\nC|", 1, "tempo '1/4=99999999999' was not understood"),
        ("X:1\nK:Q\nC|", 1, "key 'Q' was not understood; read as C major"),
        ("X:1\nK:G |CD|\nC|", 3, "notes on the line of the K: field; read as music"),
        ("X:one\nK:C\nC|", 1, "'X:one', expected a number"),
        ("X:1\nL:1/8\nCDEF|", 4, "notes before any K: field; read in C major"),
        ("X:1\nwhat is this\nK:C\nC|", 1, "'what is this' is no header field and was left out"),
        ("X:1\nK:C\nC\0D|", 2, "1 NUL bytes were left out"),
        ("X:1\nK:C\n\nCDEF|GABc|\n", 8, "an empty line inside the tune; the lines behind it were read as its music"),
        ("X:1\nT:a\n\nM:4/4\nK:C\nCDEF GABc|\n", 8, "an empty line inside the tune"),
        (HEAD + "CDEF GABc|\n\nCDEF|GABc|\n", 8, "1 lines behind an empty line look like music and were left out"),
        (HEAD + "z8|", 0, "holds no notes"),
        (HEAD + "CD/17|", 2, "1 lengths are too fine"),
    ],
)
def test_damage_is_repaired_with_a_warning_that_says_what_was_lost(text, count, warning):
    score = read(text)
    assert score.note_count == count
    assert re.search(warning, " ".join(score.warnings))
    assert all(line.startswith("x.abc") and "\n" not in line for line in score.warnings)


def test_many_findings_are_counted_and_not_all_told():
    warnings = read(HEAD + "[] " * 500 + "C|\n").warnings
    assert len(warnings) < 60
    assert "480 more findings of this kind" in " ".join(warnings)


@pytest.mark.parametrize(
    "body",
    ["[" * 40000, "{" * 40000, '"a' * 40000, '"' + "a[b" * 30000, "(" * 40000, "!a" * 30000, "+a" * 30000, "|" * 40000, ":" * 40000]
    + ["A||" * 9000 + ":|", "|:A" * 9000, "|1A:|2B" * 5000, "A|" + "1," * 40000, "[K:G]" * 20000, "[M:3/4]C[M:4/4]D" * 900]
    + ["C>" * 10000, "C-D-" * 5000, "C&" * 9000, "[" + "C" * 40000 + "]", "{" + "c" * 40000 + "}d", "^" * 40000, "C" * 49000]
    + ["CDEF|\nw:" + "la " * 40000, '"' + "mamami" * 4 + 'X"C', "[CEG " * 9000, "Z1000|" * 5000],
    ids=lambda body: f"{body[:8]}*{len(body)}",
)
def test_long_and_repeated_things_take_bounded_time(body):
    start = time.process_time()
    try:
        score = read(HEAD + body + "\n")
    except ReadError as error:
        assert str(error).startswith("x.abc")
    else:
        assert len(score.warnings) < 60
    assert time.process_time() - start < 20  # seconds; a square law would take minutes


def test_a_book_of_very_many_tunes_is_bounded(monkeypatch):
    monkeypatch.setattr(abc_book, "MOST_TUNES", 3)
    assert len(read_tune_book(b"X:1\nK:C\nC|\n\n" * 10, "x.abc").tunes) == 3


def test_text_of_others_stays_text():
    text = (
        'X:1\nT:\x1b]0;owned\x07%s{0}<svg>\nK:C\nV:../../etc/passwd name="; rm -rf ~"\n%%beginsvg\n<svg onload=alert(1)>\n%%endsvg\nCDEF|\n'
    )
    score = read(text)
    assert score.metadata["title"] == ["]0;owned", "s{0}<svg>"][0]  # what follows % is a comment
    assert score.tracks[0].name == "; rm -rf ~"
    assert score.note_count == 4


SIGNS = [*"ABCDEFGabcdefgzxZXy0123456789/|:[](){}<>^_=,'-~.!\"& \n\\%$*+HTuv#\0\r\t", "|:", ":|", "|1", ":|2", "[1", "[V:2]", "[V:1]"]
SIGNS += ["[K:Am]", "[K:none]", "[M:3/4]", "[M:none]", "[L:1/4]", "[Q:1/4=90]", "(3", "(5:4:5", "!fermata!", '"Am"', '"^hi"', "{c}", "[CE]"]
SIGNS += [
    "\nP:B\n",
    "\nw:la lo-la _ *\n",
    "|]",
    "||",
    "::",
    "A2",
    "B3/2",
    "c/",
    "e>f",
    "|",
    "|",
    "\nX:2\n",
    "\nK:G\n",
    "\n\n",
    "%%begintext\n",
]
HEADS = ["X:1\nK:C\n", HEAD, "X:1\nM:6/8\nP:AAB\nK:F#\n", "X:1\nM:none\nK:D exp ^f\n", "M:3/16\nL:1/16\nK:HP\n", ""]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(HEADS), st.lists(st.sampled_from(SIGNS), max_size=60).map("".join))
def test_any_text_gives_a_score_that_can_be_written_or_one_read_error(head, body):
    try:
        score = read(head + body)
    except ReadError as error:
        assert str(error).startswith("x.abc")
        return
    back = read(abc_text(score))
    assert back.note_count == score.note_count
    assert back.end_tick * score.ticks_per_quarter == score.end_tick * back.ticks_per_quarter


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_score_or_one_read_error(data):
    try:
        score = read_abc(b"X:1\nK:C\n" + data, "x.abc")
    except ReadError as error:
        assert str(error).startswith("x.abc")
    else:
        assert score.note_count >= 0
