"""ABC in: what a tune says becomes notes. Golden onsets, keys and lengths: abc2midi 4.84 (Debian abcmidi, ``-NGUI``) on these texts."""

import pytest

from partimento.files import abc
from partimento.files.abc import read_abc, read_tune_book
from partimento.score import KeySignature, TimeSignature

HEAD = "X:1\nT:t\nM:4/4\nL:1/8\nK:C\n"


def read(text):
    return read_abc(text.encode(), "x.abc")


def notes(score):
    """Onset, key and length of every note."""
    return sorted(note for t in score.tracks for note in zip(t.start.tolist(), t.pitch.tolist(), t.duration.tolist(), strict=True))


def pitches(body, head=HEAD):
    return [pitch for _, pitch, _ in notes(read(head + body + "\n"))]


def lengths(body, head=HEAD):
    """Lengths in eighths."""
    return [length / 240 for _, _, length in notes(read(head + body + "\n"))]


def texts(score, kind):
    return [(mark.tick, mark.text) for mark in score.marks_of(kind)]


JIG = "X:1\nT:g\nM:6/8\nL:1/8\nK:Edor\nB,|:E2F GAB|c>d e (3efg d|{a}^g4 z2:|\n"
JIG_PASS = [(0, 64, 480), (480, 66, 240), (720, 67, 240), (960, 69, 240), (1200, 71, 240), (1440, 73, 360), (1800, 74, 120)]
JIG_PASS += [(1920, 76, 240), (2160, 76, 160), (2320, 78, 160), (2480, 79, 160), (2640, 74, 240), (2880, 81, 60), (2940, 80, 900)]
ENDINGS = "X:1\nT:g\nM:2/4\nL:1/8\nK:Gm\nD|:G>A B/2A/2G|1 _A2 G2:|2 ^F3||\n[M:3/4]z2 B2 A>G|G6|]\n"
TIES = "X:1\nT:g\nM:4/4\nL:1/4\nK:D\nc-c =c^c|F4-|F (3:2:2f2d A|[DF]-[DF] d//e//f/ g|]\n"
PARTS = "X:1\nT:g\nP:AB2A\nM:4/4\nL:1/4\nK:C\nP:A\nCDEF|\nP:B\nG4|\n"
VOICES = "X:1\nT:g\nM:3/4\nL:1/4\nK:F\nV:1\n|:ABc|d3:|\nV:2\n|:F2C|B,3:|\n"
MODES = "X:1\nT:g\nM:4/4\nL:1/8\nK:F# phr\nFGAB cdef|[K:Bb lyd]BAGF EDCB,|[K:C exp _e^f]CDEF GAGc|[K:HP]FGAB cdef|]\n"
GOLDEN = {
    "jig": (JIG, [(0, 59, 240)] + [(a + b, p, d) for b in (240, 4560) for a, p, d in JIG_PASS]),
    "endings": (
        ENDINGS,
        [(0, 62, 240), (240, 67, 360), (600, 69, 120), (720, 70, 120), (840, 69, 120), (960, 67, 240), (1200, 68, 480), (1680, 67, 480)]
        + [(2160, 67, 360), (2520, 69, 120), (2640, 70, 120), (2760, 69, 120), (2880, 67, 240), (3120, 66, 720)]
        + [(4320, 70, 480), (4800, 69, 360), (5160, 67, 120), (5280, 67, 1440)],
    ),
    "ties": (
        TIES,
        [(0, 73, 960), (960, 72, 480), (1440, 73, 480), (1920, 66, 2400), (4320, 78, 640), (4960, 74, 320), (5280, 69, 480)]
        + [(5760, 62, 960), (5760, 66, 960), (6720, 74, 120), (6840, 76, 120), (6960, 78, 240), (7200, 79, 480)],
    ),
    "parts": (
        PARTS,
        [(0, 60, 480), (480, 62, 480), (960, 64, 480), (1440, 65, 480), (1920, 67, 1920), (3840, 67, 1920)]
        + [(5760, 60, 480), (6240, 62, 480), (6720, 64, 480), (7200, 65, 480)],
    ),
    "voices": (
        VOICES,
        [
            (a + b, p, d)
            for b in (0, 2880)
            for a, p, d in [(0, 65, 960), (0, 69, 480), (480, 70, 480), (960, 60, 480), (960, 72, 480), (1440, 58, 1440), (1440, 74, 1440)]
        ],
    ),
    "modes": (
        MODES,
        list(
            zip(
                range(0, 7680, 240),
                [66, 67, 69, 71, 73, 74, 76, 78, 70, 69, 67, 65, 64, 62, 60, 58]
                + [60, 62, 63, 66, 67, 69, 67, 72, 66, 67, 69, 71, 73, 74, 76, 78],
                [240] * 32,
                strict=True,
            )
        ),
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_tune_sounds_as_abc2midi_plays_it(name):
    text, expected = GOLDEN[name]
    score = read(text)
    assert notes(score) == expected
    assert score.warnings == ()


def test_pickup_metre_key_and_titles_are_kept():
    score = read(JIG.replace("T:g", "T:One\nT:Two\nC:Somebody\nR:jig"))
    assert score.pickup == 240
    assert score.ticks_per_quarter == 480
    assert score.time_signatures == (TimeSignature(0, 6, 8),)
    assert score.key_signatures == (KeySignature(0, 2, "dorian"),)
    assert dict(score.metadata) == {"reference": "1", "title": "One; Two", "composer": "Somebody", "rhythm": "jig"}


@pytest.mark.parametrize(
    ("key", "fifths", "mode"),
    [("Am", 0, "minor"), ("G", 1, "major"), ("Bb", -2, "major"), ("F#m", 3, "minor"), ("D Mixolydian", 1, "mixolydian")]
    + [("Ador", 1, "dorian"), ("E Phrygian", 0, "phrygian"), ("F lydian", 0, "lydian"), ("B loc", 0, "locrian"), ("HP", 2, "mixolydian")]
    + [("D Phr ^f", -2, "phrygian"), ("Gm clef=bass", -2, "minor"), ("C exp _b_e", -2, "dorian"), ("G#", -4, "major")],
)
def test_keys(key, fifths, mode):
    (signature,) = read(f"X:1\nK:{key}\nC|\n").key_signatures
    assert (signature.fifths, signature.mode) == (fifths, mode)


def test_no_key_and_no_metre():
    score = read("X:1\nM:none\nK:none\nFcB|A|\n")
    assert score.key_signatures == () == score.time_signatures
    assert [p for _, p, _ in notes(score)] == [65, 72, 71, 69]


def test_global_accidentals_beside_the_mode():
    assert pitches("EFGB", "X:1\nL:1/8\nK:D Phr ^f\n") == [63, 66, 67, 70]


def test_accidentals_hold_to_the_end_of_the_bar_in_their_octave():
    assert pitches("^Ffc'F =FF^^F__B|FB") == [66, 77, 84, 66, 65, 65, 67, 69, 65, 71]


def test_accidentals_reach_as_far_as_the_file_says():
    assert pitches("%%propagate-accidentals pitch\n^Ff|") == [66, 78]
    assert pitches("I:propagate-accidentals not\n^FF|") == [66, 65]


def test_an_accidental_goes_over_the_bar_line_with_a_tie_only():
    assert notes(read(HEAD + "^F8-|F4 F4|\n")) == [(0, 66, 2880), (2880, 65, 960)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [("C D2 E/ F/4 G// A3/2 B7/", [1, 2, 0.5, 0.25, 0.25, 1.5, 3.5]), ("C>D E<F G>>A", [1.5, 0.5, 0.5, 1.5, 1.75, 0.25])]
    + [("(3CDE (2FG (5:4:5ABcde", [2 / 3] * 3 + [1.5] * 2 + [0.8] * 5), ("(3::2C2D E", [4 / 3, 2 / 3, 1]), ("[C2E2] [CE]3 ", [2, 2, 3, 3])]
    + [("[CE>]G", [1, 1, 1]), ("(3:2:4C/D/EF G", [1 / 3, 1 / 3, 2 / 3, 2 / 3, 1]), ("C >D", [1.5, 0.5])],
)
def test_lengths_tuplets_and_broken_rhythm(body, expected):
    assert lengths(body, HEAD.replace("4/4", "none")) == pytest.approx(expected)


@pytest.mark.parametrize(("metre", "units"), [("6/8", 3), ("4/4", 2)])
def test_a_quintuplet_takes_the_time_that_the_metre_gives(metre, units):
    assert sum(lengths("(5CDEFG", HEAD.replace("4/4", metre))) == pytest.approx(units)


def test_septuplets_raise_the_resolution_until_all_is_whole():
    score = read(HEAD + "(7:4:7CDEFGAB c4|\n")
    assert score.ticks_per_quarter == 3360
    assert [d for _, _, d in notes(score)] == [960] * 7 + [6720]


def test_times_that_no_resolution_makes_whole_are_rounded_with_a_warning():
    score = read(HEAD + "(7:4:7CDEFGAB (11:8:11CDEFGABcdef (13:8:13CDEFGABcdefga C/128|\n")
    assert score.ticks_per_quarter == 480
    assert "times need more than 32767 ticks per quarter" in " ".join(score.warnings)


def test_rests_spacers_and_bar_rests_take_their_time():
    assert notes(read(HEAD + "z4 x4|Z2|y2 C4 D4|\n")) == [(5760, 60, 960), (6720, 62, 960)]


def test_grace_notes_take_a_32nd_or_less_from_the_note_behind_them():
    assert notes(read(HEAD + "{cd}C2 {e}D/8|\n")) == [(0, 72, 60), (60, 74, 60), (120, 60, 360), (480, 76, 15), (495, 62, 15)]
    assert texts(read(HEAD + "{cd}C2|\n"), "grace") == [(0, "2")]


def test_chord_symbols_stay_symbols_and_add_no_notes():
    score = read(HEAD + '"Am7"A2 "G/b"B2 "^slowly"c2 "Verse"d2|"F#dim"e8|\n')
    assert texts(score, "chord") == [(0, "Am7"), (480, "G/b"), (1920, "F#dim")]
    assert texts(score, "text") == [(960, "slowly"), (1440, "Verse")]
    assert score.note_count == 5


def test_fermatas_and_decorations():
    score = read(HEAD + "!fermata!C2 HD2 !trill!E .~TuvF +accent+G2|\n")
    assert texts(score, "fermata") == [(0, ""), (480, "")]
    assert score.note_count == 5


def test_a_jump_is_not_followed_but_told():
    score = read(HEAD + "C8|!D.C.!D8|\n")
    assert "the jump 'D.C.' is not followed" in score.warnings[0]


def test_overlays_sound_together_and_tie_in_their_own_layer():
    score = read(HEAD + "c4 d4-&E8-|d8&E8|\n")
    assert notes(score) == [(0, 64, 3840), (0, 72, 960), (960, 74, 2880)]


def test_voices_by_line_and_inline_with_names_and_transposition():
    score = read('X:1\nM:4/4\nL:1/4\nV:S name="Soprano"\nV:B clef=bass octave=-1\nK:C\n[V:S]CDEF|\n[V:B]C4|\nV:S\nG4|\nV:B\nG4|\n')
    assert [track.name for track in score.tracks] == ["Soprano", "B"]
    assert [track.pitch.tolist() for track in score.tracks] == [[60, 62, 64, 65, 67], [48, 55]]


def test_a_voice_without_repeat_signs_follows_the_first_that_has_some():
    score = read("X:1\nM:2/4\nL:1/4\nK:C\nV:1\n|:CD:|E2|\nV:2\nC,2|E,2|\n")
    assert score.tracks[1].pitch.tolist() == [48, 48, 52]


def test_tempo_in_every_form():
    for text, bpm in (("1/4=120", 120), ("3/8=80", 120), ('"Allegro" 1/2=60', 120), ("120", 120), ("C2=120", 120), ("1/8 1/8=120", 120)):
        (tempo,) = read(f"X:1\nL:1/8\nQ:{text}\nK:C\nC|\n").tempos
        assert tempo.bpm == pytest.approx(bpm, rel=1e-5), text


def test_key_metre_length_and_tempo_change_inside():
    score = read(HEAD + "C8|[K:D][M:3/4][L:1/4][Q:1/4=90]FcF|\nK:C\nM:2/4\nF2|\n")
    assert [(k.tick, k.fifths) for k in score.key_signatures] == [(0, 0), (1920, 2), (3360, 0)]
    assert [(m.tick, m.numerator) for m in score.time_signatures] == [(0, 4), (1920, 3), (3360, 2)]
    assert [round(t.bpm) for t in score.tempos] == [90]
    assert [p for _, p, _ in notes(score)] == [60, 66, 73, 66, 65]


def test_lyrics_follow_their_notes_and_their_verse():
    score = read(HEAD + "|:C2 D2 E2 F2:|\nw: one two-three *\nw: four~five _ six\n")
    assert texts(score, "lyric") == [(0, "one"), (480, "two-"), (960, "three"), (1920, "four five"), (2880, "six")]


def test_old_line_breaks_comments_escapes_and_continuations():
    score = read("X:1\nT:Caf\\'e \\& \\u00e9t&eacute; \\% % a remark\nL:1/8\nK:C % key\nCD|!\nE!FG!A\\\nB|% end\nc`d|\n")
    assert score.metadata["title"] == "Café & été %"
    assert [p for _, p, _ in notes(score)] == [60, 62, 64, 65, 67, 69, 71, 72, 74]


def test_a_broken_rhythm_goes_on_over_a_bar_line():
    assert lengths("A2B2 c2d>|e f2 g4|") == [2, 2, 2, 1.5, 0.5, 2, 4]


def test_a_chord_between_plus_signs_is_one_and_a_decoration_none():
    assert notes(read(HEAD + "+CE+4 +_BD2+ +fff+G2|")) == [(0, 60, 960), (0, 64, 960), (960, 62, 480), (960, 70, 240), (1200, 67, 480)]
    assert texts(read(HEAD + "+fermata+C8|"), "fermata") == [(0, "")]


def test_an_invisible_bar_line_hides_no_repeat():
    assert pitches("C8|: D8|E8 [|]:| F8|") == [60, 62, 64, 62, 64, 65]
    assert pitches("C8 [|] D8|") == [60, 62]


def test_a_book_keeps_the_good_tunes_and_names_the_broken():
    book = "free text\n\n" + HEAD + "CDEF|\n\nX:2\nT:bad\nK:C\nC999999999|\n\nmore text\n\nX:3\nK:G\nF|\nX:4\nK:C\nC|\n"
    read_book = read_tune_book(book.encode(), "b.abc")
    assert [score.metadata["reference"] for score in read_book.tunes] == ["1", "3", "4"]
    assert len(read_book.broken) == 1
    assert "b.abc, tune 2 (X:2 'bad'), line 13: a note length of 9 signs" in read_book.broken[0]


def test_the_first_readable_tune_is_given_with_a_warning_that_names_the_broken_one():
    score = read("X:1\nT:bad\nK:C\nC/0|\n\n" + HEAD.replace("X:1", "X:2") + "C8|\n")
    assert score.metadata["reference"] == "2"
    assert "tune 1 (X:1 'bad'), line 4: a note length of '/0'" in score.warnings[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding):
    text = "X:1\nT:Cnocán\nM:4/4\nK:C\nCDEF GABc|\n"
    score = read_abc(text.encode(encoding), "x.abc")
    assert score.metadata["title"] == "Cnocán"
    assert score.note_count == 8
    assert score.warnings == ()


# --- books as one piece

BOOK = "X:1\nT:One\nM:3/4\nL:1/4\nK:G\nD|GAB|G2:|\n\nX:2\nT:Two\nM:4/4\nL:1/4\nK:D\nDEFG|A4|\n\nX:3\nT:Three\nM:4/4\nL:1/4\nK:D\nF4|\n"


def test_the_tunes_of_a_book_follow_one_another():
    score = read_abc(BOOK.encode(), "book.abc")
    tunes = read_tune_book(BOOK.encode(), "book.abc").tunes
    assert score.tracks[0].pitch.tolist() == [int(key) for tune in tunes for key in tune.tracks[0].pitch]
    assert [(mark.tick // score.ticks_per_quarter, mark.text) for mark in score.marks_of("text")] == [
        (0, "One"),
        (13, "Two"),
        (21, "Three"),
    ]
    assert [(s.numerator, s.denominator) for s in score.time_signatures] == [(3, 4), (4, 4)]
    assert [key.fifths for key in score.key_signatures] == [1, 2]
    assert score.metadata["title"] == "book.abc"
    assert score.warnings == ("book.abc: 3 tunes, read one after the other as one piece.",)


def test_a_broken_tune_of_a_book_is_named_and_the_rest_kept():
    score = read_abc((BOOK + "\nX:4\nT:Bad\nK:C\nC/0|\n").encode(), "book.abc")
    assert score.note_count == read_abc(BOOK.encode(), "book.abc").note_count
    assert any("tune 4" in warning for warning in score.warnings)


def test_a_book_too_long_for_one_piece_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(abc, "MOST_TUNES", 2)
    score = read_abc(BOOK.encode(), "book.abc")
    assert score.note_count == read_abc(BOOK.split("X:3", maxsplit=1)[0].encode(), "book.abc").note_count
    assert score.warnings[-1] == "book.abc: 3 tunes; those after the first 2 were left out. Cut the file into several."
