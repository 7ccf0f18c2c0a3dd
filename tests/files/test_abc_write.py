"""ABC out: canonical, and it reads back to the same music."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.files.abc import abc_bytes, abc_text, read_abc, tune_body
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

FIELDS = ("ticks_per_quarter", "tempos", "time_signatures", "key_signatures", "marks", "pickup")


def read(text):
    return read_abc(text.encode(), "x.abc")


def tune(body, head="M:4/4\nL:1/8\nK:C\n"):
    return read(f"X:1\nT:t\n{head}{body}\n")


def columns(score):
    return [(t.name, t.program, t.is_drum, t.start.tolist(), t.duration.tolist(), t.pitch.tolist()) for t in score.tracks]


def same(a, b):
    """Fail where two scores are not the same music."""
    assert columns(a) == columns(b)
    for name in FIELDS:
        assert getattr(a, name) == getattr(b, name), name
    assert {**a.metadata, "reference": "1"} == {**b.metadata, "reference": "1"}


def again(score):
    """Write, read, compare, write again; returns the body."""
    text = abc_text(score)
    back = read(text)
    same(back, score)
    assert abc_text(back) == text
    return tune_body(score)


def body(source, head="M:4/4\nL:1/8\nK:C\n"):
    return again(tune(source, head)).rstrip("\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("C D E F G A B c", "CDEF GABc|]"),
        ("c3d e2fg|a8", "c3d e2fg|a8|]"),
        ("c5d3", "c4-c d3|]"),
        ("c7d", "c4-c3 d|]"),
        ("c3/2d/2 e/4f/4g/2 a4", "c3/2d/2e/4f/4g/2a4 z|]"),
        ("(3cde (3f2g2a2 z2", "(3cde(3f2g2 a2z2|]"),
        ("(3:2:2c2d (5:4:5efgab c'2", "(3:2:2c2d(5:4:5efg abc'2|]"),
        ("c4-c4-|c8", "c8-|c8|]"),
        ("[CEG]2[Ac]-[Ac]", "[CEG]2[Ac]2 z4|]"),
        ("^F F =F f ^f2 F2|F", "^FF=F=f ^f2F2|Fz3z4|]"),
        ("^F2f2", "^F2=f2 z4|]"),  # said again for readers to whom ^F holds in every octave
        ("__B^^c", "Adz6|]"),
        ('"C"c2"G7"B2 "^slow"c4', '"C"c2"G7"B2 c4|]'),
        ("c4-!fermata!c4", "c4- !fermata!c4|]"),
        ("{cd}e4 z4", "{cd}e4 z4|]"),
        ("C,,C,Cc c'c''", "C,,C,Cc c'c''z2|]"),
        ("c8&e4g4|c8", "e4 g4&c8|c8|]"),
        ("[C2E4]G2 z4", "E4 z4&C2G2 z4|]"),
        ("A4|B8|c4|]", "A4|B8|c4|]"),
        ("c8||d4|e8|]", "c8|d4|e8|]"),
        ("c8|[M:3/4]d6|[K:D]f6|[K:G]e2[K:Am]d4", "c8|[M:3/4]d6|\nK:D\nf6|\nK:G\ne2 [K:Am]d4|]"),
    ],
)
def test_what_is_written(source, expected):
    assert body(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("|:c8|d8:|", "|:c8|d8:|"),
        ("|:c8:|:d8:|e8", "|:c8:|\n|:d8:|\ne8|]"),
        ("|::c8::|", "|::c8::|"),
        ("|:c8|1 d8:|2 e8|]", "|:c8|1 d8:|2 e8|]"),
        ("|:c8|1,3 d8:|2,4 e8|]f8", "|:c8|1,3 d8:|2,4 e8||\nf8|]"),
        ("|:c8|1 d8:|2 d8|]", "|:c8|d8:|"),
        ("|:G2|c8|d6:|", "|:G2|c8|d6:|"),
        ("G2|:c8|d8:|", "G2|\n|:c8|d8:|"),
        ("|:c8-|1 c4d4:|2 c8|]", "|:c8-|1 c4 d4:|2 c8|]"),
        ("c8|:[K:D]f8|[K:G]f8:|", "c8|\nK:D\n|:f8|\nK:G\nf8:|"),
        ('|:"C"c8:|', '|:"C"c8:|'),
        ("c8|" * 6, "c8|c8|c8|c8|\nc8|c8|]"),
        ("G2|" + "c8|" * 5, "G2|c8|c8|c8|c8|\nc8|]"),
        ("|:" + "c8|" * 7 + "1 d8:|2 e8|]", "|:c8|c8|c8|c8|\nc8|c8|c8|1 d8:|2 e8|]"),
    ],
)
def test_repeats_are_folded_and_lines_broken(source, expected):
    assert body(source) == expected


def test_one_line_and_the_bare_tune():
    score = tune("|:c8|1 d8:|2 e8|]f8", "M:6/8\nL:1/8\nQ:1/4=90\nK:Ador\n")
    assert tune_body(score, line_bars=None).count("\n") == 1
    assert abc_text(score, header=False, line_bars=None).startswith("M:6/8\nL:1/8\nK:Ador\n")
    same(read(abc_text(score)), score)


def test_unequal_passes_are_written_out():
    score = tune("|:c8|d8:|")
    pitch = score.tracks[0].pitch.copy()
    pitch[-1] += 1
    track = score.tracks[0]
    changed = Score(480, (Track(track.start, track.duration, pitch, track.velocity),), (), score.time_signatures, (), score.marks)
    assert tune_body(changed) == "c8|d8|c8|^d8|]\n"


def test_chord_symbols_that_differ_keep_a_repeat_from_being_folded():
    score = tune('|:"C"c8:|')
    chords = (*score.marks_of("repeat"), Mark(0, "chord", "C"), Mark(1920, "chord", "F"))
    changed = Score(480, score.tracks, (), score.time_signatures, score.key_signatures, chords)
    assert tune_body(changed) == '"C"c8|"F"c8|]\n'


@pytest.mark.parametrize(
    ("key", "written"),
    [(KeySignature(0, 1), "G"), (KeySignature(0, 0, "minor"), "Am"), (KeySignature(0, 0, "dorian"), "Ddor")]
    + [(KeySignature(0, -3, "mixolydian"), "Bbmix"), (KeySignature(0, 6, "lydian"), "Blyd"), (KeySignature(0, -7), "Cb"), (None, "none")],
)
def test_keys_and_their_scales(key, written):
    score = Score(480, (track_of([60, 62, 64, 65, 67, 69, 71, 72]),), (), (TimeSignature(0),), (key,) if key else ())
    assert f"\nK:{written}\n" in abc_text(score)
    again(score)


def track_of(pitches, length=240):
    count = len(pitches)
    return Track(np.arange(count) * length, [length] * count, pitches, [80] * count)


@pytest.mark.parametrize(
    ("fifths", "mode", "pitches", "written"),
    [
        (1, "mixolydian", [65, 66, 68], "=F"),  # never ^E
        (3, "major", [63, 70, 65], "^D"),
        (-3, "major", [66, 64], "^F=E"),
        (0, "minor", [68, 66], "^G^F"),
        (4, "minor", [60, 61], "^B,C"),
        (6, "major", [62, 60], "=D=C"),
    ],
)
def test_accidentals_are_spelled_as_musicians_do(fifths, mode, pitches, written):
    score = Score(480, (track_of(pitches),), (), (TimeSignature(0),), (KeySignature(0, fifths, mode),))
    assert tune_body(score).startswith(written)


def test_several_tracks_with_names_and_programs():
    score = Score(
        480,
        (
            Track([0, 1920], [1920, 960], [60, 62], [80] * 2, 'Oh "A" 50% & \\', 40),
            Track([0], [480], [40], [80], "", 0, True),
            Track(name="silent"),
        ),
        (Tempo(0, 333333), Tempo(1920, 612345)),
        (TimeSignature(0, 3, 4),),
        (KeySignature(0),),
        metadata={"title": "One & 100%", "composer": "Nobody", "provenance": "composed by a machine", "words": "la la"},
    )
    text = abc_text(score)
    assert "N:Provenance: composed by a machine\n" in text
    assert text.endswith(
        'K:C\nV:1 name="Oh &quot;A&quot; 50\\% \\& \\\\"\n%%MIDI program 40\nC6-|C2 [Q:1/4=97.984]D4|]\n'
        'V:2 name=""\n%%MIDI channel 10\nE,,2 z4|z6|]\nV:3 name="silent"\nz6|z6|]\nW:la la\n'
    )
    again(score)


def test_voices_stand_one_behind_the_other_each_with_its_changes_of_key():
    score = tune("V:1\nc8|[K:G]f8|\nV:2\nC8|[K:G]F8|")
    assert tune_body(score) == "V:1\nc8|\nK:G\nf8|]\nV:2\nC8|\nK:G\nF8|]\n"
    again(score)


def test_a_mark_that_stands_twice_is_written_once():
    score = Score(480, (track_of([60]),), (), (TimeSignature(0),), (), (Mark(0, "chord", "C"), Mark(0, "chord", "C")))
    assert tune_body(score).startswith('"C"C')


def test_lyrics_parts_and_words_are_written_too():
    score = tune('[P:A]|:"^slowly"c2 d2 e4|f8:|\nw: one two-three four\nw: five\n[P:B]g8|\nw:end', "M:4/4\nL:1/8\nP:AB\nK:C\n")
    text = abc_text(score)
    assert "[P:A]" in text
    assert "w:one two- three four\nw:five * * *\n" in text
    same(read(text), score)


def test_an_unusual_metre_takes_smaller_units():
    score = tune("c3|d3|", "M:3/16\nL:1/16\nK:C\n")
    assert "M:3/16\nL:1/16\n" in abc_text(score)
    again(score)


def test_a_score_without_notes_or_with_a_pickup_only():
    again(tune("z8|"))
    again(Score(480, (Track([0], [240], [60], [80]),), (), (TimeSignature(0),), (KeySignature(0),), pickup=240))


def test_a_file_says_its_version():
    assert abc_bytes(tune("c8|")).startswith(b"%abc-2.1\nX:1\nT:t\n")


@pytest.mark.parametrize("microseconds", [500000, 333333, 612345, 1, 0xFFFFFF])
@pytest.mark.parametrize("metre", [(4, 4), (6, 8)])
def test_tempos_read_back_exactly(microseconds, metre):
    score = Score(480, (track_of([60] * 8),), (Tempo(0, microseconds),), (TimeSignature(0, *metre),), (KeySignature(0),))
    if 1 < microseconds < 0xFFFFFF:
        again(score)
    else:
        assert "tempo" in " ".join(read(abc_text(score)).warnings)  # no tempo that anybody plays


@st.composite
def scores(draw):
    """Scores on a grid: chords, overlaps, several tracks, pickups, changes of key, chord symbols."""
    grid = draw(st.sampled_from([60, 80, 96, 120, 160, 240]))
    numerator, denominator = draw(st.sampled_from([(4, 4), (3, 4), (6, 8), (9, 8), (5, 8), (2, 2)]))
    full = 1920 * numerator // denominator
    pickup = draw(st.integers(0, (full - 1) // grid)) * grid
    tracks = []
    for _ in range(draw(st.integers(1, 2))):
        drawn = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(40, 90), st.integers(1, 9)), min_size=1, max_size=20))
        found = sorted(drawn, key=lambda note: (note[0], note[1], note[2]))
        start, pitch, length = (np.array(column) for column in zip(*found, strict=True))
        tracks.append(Track(start * grid, length * grid, pitch, [80] * len(found)))
    end = max(int(track.end.max()) for track in tracks)
    keys = [KeySignature(0, draw(st.integers(-7, 7)), draw(st.sampled_from(["major", "minor", "dorian"])))]
    at = draw(st.integers(1, 20)) * grid
    second = KeySignature(at, draw(st.integers(-7, 7)), "lydian")
    if at < end:
        keys.append(second)
    chords = {
        tick * grid: name for tick, name in draw(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(["Am7", "G/b", "C"])), max_size=3))
    }
    marks = tuple(Mark(tick, "chord", chords[tick]) for tick in sorted(chords) if tick < end)
    return Score(480, tuple(tracks), (), (TimeSignature(0, numerator, denominator),), tuple(keys), marks, pickup)


@settings(max_examples=60, deadline=None)
@given(scores())
def test_any_score_on_a_grid_reads_back_exactly(score):
    text = abc_text(score)
    back = read(text)
    assert [c[3:] for c in columns(back)] == [c[3:] for c in columns(score)]
    for name in FIELDS:
        assert getattr(back, name) == getattr(score, name), name
    assert abc_text(back).splitlines()[-1] == text.splitlines()[-1]
