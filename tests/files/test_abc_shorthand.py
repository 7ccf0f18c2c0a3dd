"""Macros and user symbols: what a tune abbreviates is written out before it is read."""

import pytest

from partimento.errors import ReadError
from partimento.files import abc_shorthand
from partimento.files.abc import read_abc


def read(fields, body):
    return read_abc(f"X:1\nT:t\nM:4/4\nL:1/8\n{fields}\nK:C\n{body}\n".encode(), "x.abc")


def pitches(fields, body):
    return read(fields, body).tracks[0].pitch.tolist()


@pytest.mark.parametrize(
    ("fields", "body", "expected"),
    [
        ("m: ~G3 = GAG", "~G3 A4 z|", [67, 69, 67, 69]),
        ("m: ~G3 = GAG", "~G3/2 A4|", [67, 69]),
        ("m: ~n3 = nom", "~G3 ~c'3 ~B,3|", [67, 69, 65, 84, 86, 83, 59, 60, 57]),
        ("m: ~n3 = nom", "~b3 ~C3|", [83, 84, 81, 60, 62, 59]),
        ("m: Q = C\nm: QQ = DD", "QQ Q z4|", [62, 62, 60]),
        ("m: Q = QC", 'Q "Q"E4|', [60, 64]),
    ],
)
def test_a_macro_is_written_out(fields, body, expected):
    assert pitches(fields, body) == expected


def test_a_macro_of_the_body_holds_from_there():
    assert pitches("", "C4\nm: C = D\nC4|") == [60, 62]


def test_a_symbol_of_the_user_is_the_decoration_it_names():
    assert [mark.kind for mark in read("U: W = !fermata!", "WC8|").marks] == ["fermata"]


@pytest.mark.parametrize("value", ["~G3", "= G", "x" * 300 + " = G"])
def test_a_macro_that_is_none_is_told(value):
    score = read(f"m: {value}", "G8|")
    assert score.tracks[0].pitch.tolist() == [67]
    assert "was left out, expected up to 100 such as '~G3 = G{A}G{F}G'" in score.warnings[0]


def test_macros_that_make_a_tune_too_long_are_refused(monkeypatch):
    monkeypatch.setattr(abc_shorthand, "MOST_WRITTEN", 30)
    with pytest.raises(ReadError, match=r"line 8: more than 30 signs when macros are written out, expected one tune\. Correct"):
        read("m: C = DDDDDDDDDD", "CC|\nCC|")


def test_very_many_macros_take_bounded_time():
    fields = "\n".join(f"m: Q{'Q' * (n % 150)} = {'|' * 40}" for n in range(3000))
    assert "macro" in " ".join(read(fields, "QQQ C8|").warnings)
