import pytest

from partimento.errors import ReadError
from partimento.files.abc import read_abc
from partimento.files.abc_songs import song_texts, songs
from partimento.score import KeySignature, TimeSignature

REEL = "GABc dedB|dedB dedB|c2ec B2dB|A2F2 G4|"


def pitches(score):
    return score.tracks[0].pitch.tolist()


def test_music_without_any_header_is_a_song():
    found = songs(f"It wrote this:\n\n{REEL}\n")
    (tune,) = found.tunes
    assert tune.note_count == 25 and tune.end_tick == 16 * tune.ticks_per_quarter
    assert (tune.time_signatures[0], tune.key_signatures[0]) == (TimeSignature(0, 4, 4), KeySignature(0))
    assert tune.metadata["title"] == "Song 1"
    assert found.findings == tune.warnings
    assert "lacks T:Song 1, X:1, M:4/4, L:1/8, K:C; so much was supplied" in found.findings[0]


@pytest.mark.parametrize(
    ("bar", "metre"), [("ABc def", (6, 8)), ("ABc def gab", (9, 8)), ("A2B2", (2, 4)), ("A/2B/2c A (3cde f", (6, 8)), ("A", (4, 4))]
)
def test_a_metre_that_is_missing_follows_from_the_bars(bar, metre):
    signature = songs(f"K:D\n{bar}|{bar}|{bar}|\n").tunes[0].time_signatures[0]
    assert (signature.numerator, signature.denominator) == metre


def test_what_stands_in_a_header_is_kept():
    text = f"X:7\nT:The Foo\nZ:me\nM:2/2\nL:1/16\nK:Ador\n{REEL}\n"
    (tune,) = song_texts(text)
    assert tune.warnings == () and list(tune.lines) == ["X:7", "T:The Foo", "Z:me", "M:2/2", "L:1/16", "K:Ador", f"{REEL}"]
    assert pitches(songs(text).tunes[0]) == pitches(read_abc(text.encode(), "foo.abc"))


def test_what_a_header_says_wrongly_is_supplied_and_said():
    found = songs(f"M:6/\nL:one\nK:Q#\n{REEL}\n")
    assert (found.tunes[0].time_signatures[0].numerator, found.tunes[0].key_signatures[0].fifths) == (4, 0)
    for wrong in ("'M:6/' says nothing, and is taken to be M:4/4", "'L:one' says nothing", "'K:Q#' says nothing, and is taken to be K:C"):
        assert any(wrong in line for line in found.findings)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("A2B2 c", "the last bar 'A2B2 c' was broken off"),
        ('A2B2 c2d2|e4 "D', "'\"D' was broken off at the end"),
        ("A2B2 c2d2|e4 [ce", "'[ce' was broken off at the end"),
        ("A2B2 c2d2|e4 {g", "'{g' was broken off at the end"),
        ("A2B2 c2d2|e4 (3", "'(3' was broken off at the end"),
        ("A2B2 c2d2|e4 ^", "'^' was broken off at the end"),
    ],
)
def test_what_was_broken_off_at_the_end_is_left_out(end, said):
    (tune,) = songs(f"X:1\nT:T\nM:4/4\nL:1/8\nK:G\n{REEL}\n{end}").tunes
    assert any(said in line for line in tune.warnings)
    assert tune.note_count == 25 + (4 if "|" in end else 0)
    assert tune.end_tick % (4 * tune.ticks_per_quarter) == 0


@pytest.mark.parametrize("end", ["A2B2 c2d2", "A2B2 c2d2|", "A2B2 c2d2|]", "A2B2 c2d2:|", "A2B2 [ce]2d2"])
def test_a_whole_last_bar_stays(end):
    (tune,) = songs(f"X:1\nT:T\nM:4/4\nL:1/8\nK:G\n|:{REEL}{end}").tunes
    assert not any("broken off" in line for line in tune.warnings)
    assert pitches(tune)[-1] == 74


def test_songs_stand_between_blank_lines_and_at_their_numbers():
    text = f"X:1\nK:G\n{REEL}\nX:2\nK:D\n{REEL}\n\nsome words\n\nT:Alone\n\n{REEL}\n\n{REEL}\n"
    found = songs(text)
    assert [tune.metadata["title"] for tune in found.tunes] == ["Song 1", "Song 2", "Alone", "Song 4"]
    assert [tune.key_signatures[0].fifths for tune in found.tunes] == [1, 2, 0, 0]


def test_a_line_that_is_neither_is_left_out_and_said():
    found = songs(f"{REEL}\nand so it goes\n{REEL}\n")
    assert found.tunes[0].note_count == 50
    assert any("the line 'and so it goes' is neither a field nor music" in line for line in found.findings)


def test_music_behind_a_field_is_music():
    (tune,) = songs(f"M:4/4\nK:D|:{REEL}").tunes
    assert (tune.note_count, tune.key_signatures[0].fifths) == (25, 2)


def test_where_nothing_is_found_it_is_said_what_was_looked_for():
    with pytest.raises(ReadError, match=r"notes.txt: found no song; looked in 3 lines .*none stands there.*more training"):
        songs("Only words\n\nand words.", "notes.txt")


def test_a_song_that_cannot_be_read_is_named():
    endless = "AAAAAAAA|" * 6_300
    found = songs(f"{endless}\n\n{REEL}")
    assert len(found.tunes) == 1 and any("more than 50000 notes" in line for line in found.findings)
    with pytest.raises(ReadError, match="found no song.*1 could not be read, the first: the text, tune 1"):
        songs(endless)


def test_an_abc_file_without_any_header_is_read():
    score = read_abc(f"{REEL}\n".encode(), "bare.abc")
    assert score.note_count == 25
    assert any("bare.abc, tune 1" in line and "the header lacks" in line for line in score.warnings)
    with pytest.raises(ReadError, match="holds no tune, expected lines such as"):
        read_abc(b"Only words.\n", "words.abc")
