"""ABC in: repeats, endings, parts, and where bars start."""

import re

import pytest

from partimento.files.abc import read_abc
from partimento.score.meter import bar_starts

HEAD = "X:1\nT:t\nM:1/4\nL:1/4\nK:C\n"
LETTERS = dict(zip([60, 62, 64, 65, 67, 69, 71], "CDEFGAB", strict=True))


def read(body, head=HEAD):
    return read_abc((head + body + "\n").encode(), "x.abc")


def played(body, head=HEAD):
    """The letters of the notes as played."""
    return "".join(LETTERS[pitch] for pitch in read(body, head).tracks[0].pitch.tolist())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C|D:|", "CDCD"),
        ("|:C|D:|E|", "CDCDE"),
        ("|:C:||:D:|", "CCDD"),
        ("|:C::D:|", "CCDD"),
        ("C:|D:|", "CCDD"),
        ("|::C::|D|", "CCCD"),
        ("|:C|1 D:|2 E|]", "CDCE"),
        ("|:C|[1 D:|[2 E||F|", "CDCEF"),
        ("|:C|1-3 D:|4 E|]", "CDCDCDCE"),
        ("|:C|1,3 D:|2 E:|4 F||", "CDCECDCF"),
        ("|:C|1 D:|E|F|:G:|", "CDCEFGG"),  # an unmarked second ending
        ("C|D|1 E:|2 F|G|1 A:|2 B|", "CDECDFGAGB"),  # a second ending that nothing closes
        ("|:C|1 D:|2 E|F|G|A|B|C|D:|", "CDCEFGABCDFGABCD"),
        ("|:C|1 D:|2 D||E|", "CDCDE"),
        ("|:C\n|\n1 D:|\n2 E|]", "CDCE"),
        ("C:|2 D|", "CCD"),
    ],
)
def test_repeats_and_endings(body, expected):
    assert played(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("C|D|E|F||G|A|B|C:|", "CDEFGABCGABC"),  # back to the double bar line
        ("C|D||E|F|G|A|B|C:|", "CDEFGABC" * 2),  # a stray one: six bars behind it are no section, eight are
        ("C|D|E|F|]G|A|B|C:|", "CDEFGABCGABC"),
    ],
)
def test_a_repeat_without_a_start_goes_back_to_where_a_section_may_start(body, expected):
    assert played(body) == expected


def test_a_repeat_without_a_start_goes_back_to_the_pickup_that_fills_its_last_bar():
    head = HEAD.replace("M:1/4", "M:2/4")
    assert played("C|DE|FG|AB|CD||EF|GA|BC|D:|", head) == "CDEFGABCDEFGABCD" * 2


@pytest.mark.parametrize(
    ("order", "expected"),
    [("AB", "CD"), ("A2B", "CCD"), ("(AB)2A", "CDCDC"), ("((A)2B)2", "CCDCCD"), ("A.B.A", "CDC")],
)
def test_parts_are_played_in_their_order(order, expected):
    assert played("P:A\nC|\nP:B\nD|", HEAD.replace("M:", f"P:{order}\nM:")) == expected


def test_a_part_order_in_a_field_of_the_nottingham_collection():
    assert played("P:A\nC|\nP:B\nD:|", HEAD.replace("M:", "Y:ABA\nM:")) == "CDDC"


@pytest.mark.parametrize(
    ("head", "body", "warning"),
    [
        ("P:AB\nM:", "C|", "the header plays parts AB, but the tune names none"),
        ("P:AC\nM:", "P:A\nC|\nP:B\nD|", "plays parts C, which the tune does not have"),
        ("P:(A\nM:", "P:A\nC|", "part order '\\(A' was not understood"),
        ("P:A\nM:", "P:A\nC|\nP:B\nD|", "parts B are not in the order"),
        ("M:", "|:C|D|", "a repeat starts that never ends"),
        ("M:", "|:C|:D:|", "a repeat starts inside a repeat"),
        ("M:", ":|C|", "a repeat ends before the first note"),
        ("M:", "|:C|9 D:|", "endings 9; expected 1, 2"),
        ("M:", "|" + ":" * 50 + "C" + ":" * 50 + "|", "a repeat of 51 times; it is played 32 times"),
    ],
)
def test_what_cannot_be_played_as_written_is_told(head, body, warning):
    assert re.search(warning, " ".join(read(body, HEAD.replace("M:", head)).warnings))


def test_marks_say_where_the_source_was_folded():
    marks = [(mark.tick // 480, mark.text) for mark in read("|:C|1 D:|2 E|]").marks_of("repeat")]
    assert marks == [(0, "start"), (1, "ending"), (2, "again"), (3, "ending"), (4, "end")]
    marks = [(mark.tick // 480, mark.text) for mark in read("|:C:||:D:|").marks_of("repeat")]
    assert marks == [(0, "start"), (1, "again"), (2, "end"), (2, "start"), (3, "again"), (4, "end")]


def test_a_part_that_is_played_again_is_a_repeat_and_parts_have_names():
    score = read("P:A\nC|\nP:B\nD|", HEAD.replace("M:", "P:AAB\nM:"))
    assert [mark.text for mark in score.marks_of("repeat")] == ["start", "again", "end"]
    assert [mark.text for mark in score.marks_of("section")] == ["A", "A", "B"]


def test_a_tie_leads_into_both_endings():
    score = read("|:C|c-|1 c:|2 c2|]")
    assert score.tracks[0].duration.tolist() == [480, 960, 480, 1440]


def test_key_and_tempo_come_back_when_a_repeat_goes_back():
    score = read("[Q:1/4=100]F|[K:G][Q:1/4=50]F:|")
    assert [(key.tick, key.fifths) for key in score.key_signatures] == [(0, 0), (480, 1), (960, 0), (1440, 1)]
    assert [round(tempo.bpm) for tempo in score.tempos] == [100, 50, 100, 50]
    assert score.tracks[0].pitch.tolist() == [65, 66, 65, 66]


FOUR = "X:1\nT:t\nM:4/4\nL:1/8\nK:C\n"


@pytest.mark.parametrize(
    ("body", "pickup", "starts"),
    [
        ("A2|B8|c6|]", 480, [0, 480, 2400]),
        ("|:A2|B8|c6:|d2|e8|f6|]", 480, [0, 480, 2400, 4320, 6240, 8160, 10080]),
        ("C4|D4|E8|", 0, [0, 1920]),
        ("C8||D2|E8|", 0, [0, 1920, 2400]),
        ("C8|D6|E8|", 0, [0, 1920, 3360]),
        ("C8|D12|E8|", 0, [0, 1920, 3840, 4800]),
        ("C16|D8|", 0, [0, 1920, 3840]),
        ("|:CDEF:|", 0, [0]),
    ],
)
def test_bars_start_where_the_bar_lines_say(body, pickup, starts):
    score = read(body, FOUR)
    assert score.pickup == pickup
    assert bar_starts(score).tolist() == starts


@pytest.mark.parametrize("body", ["A2|B8|c6|]", "|:A2|B8|c6:|", "|:A2|B8|c6:||:d2|e8|f6:|", "C8||D2|E8|", "|:C8|1 D8:|2 E6||F2|G8|]"])
def test_pickups_and_the_bars_they_fill_are_meant_so(body):
    assert read(body, FOUR).warnings == ()


def test_a_bar_that_is_not_full_is_named():
    warnings = read("C8|D7|E8|\nF8|G9|A8|", FOUR).warnings
    assert warnings == (
        "x.abc, tune 1 (X:1 't'), line 6, bar 2: found 7/8, expected 4/4.",
        "x.abc, tune 1 (X:1 't'), line 7, bar 5: found 9/8, expected 4/4.",
    )


def test_many_bars_that_are_not_full_are_counted():
    assert "4 more bars are not full" in " ".join(read("C8|" + "C3|D8|" * 10 + "E8|", FOUR).warnings)


def test_voices_of_different_length_are_told():
    assert "voice '2' lasts 2 whole notes, the first voice 1" in " ".join(read("V:1\nC8|\nV:2\nC8|D8|", FOUR).warnings)
