"""midicsv tables read, written and damaged."""

import pytest

from partimento.errors import ReadError
from partimento.files import csv as csv_module
from partimento.files.csv import csv_bytes, read_csv
from partimento.files.midi import midi_bytes, read_midi
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

# The records that midicsv 1.1 (Debian) prints for a small file of one track, typed here by hand.
TABLE = """\
0, 0, Header, 1, 2, 96
1, 0, Start_track
1, 0, Title_t, "Say ""hello"", \\\\ and \\351t\\351"
1, 0, Copyright_t, "none"
1, 0, Time_signature, 3, 2, 24, 8
1, 0, Key_signature, -3, "minor"
1, 0, Tempo, 400000
1, 0, SMPTE_offset, 0, 0, 0, 0, 0
1, 96, Marker_t, "Trio"
1, 96, End_track
2, 0, Start_track
2, 0, Instrument_name_t, "Oboe"
2, 0, Sequencer_specific, 2, 1, 2
2, 0, System_exclusive, 2, 1, 247
2, 0, Program_c, 0, 68
2, 0, Control_c, 0, 64, 127
2, 0, Pitch_bend_c, 0, 8192
2, 0, Note_on_c, 0, 60, 90
2, 96, Note_on_c, 0, 60, 0
2, 96, Note_on_c, 9, 38, 91
2, 192, Note_off_c, 9, 38, 64
2, 192, End_track
0, 0, End_of_file
"""


def read(text):
    return read_csv(text.encode("latin-1"), "x.csv")


def test_a_table_of_midicsv():
    score = read(TABLE)
    assert score.warnings == ()
    assert dict(score.metadata) == {"title": 'Say "hello", \\ and été', "copyright": "none"}
    assert score.ticks_per_quarter == 96
    assert score.tempos == (Tempo(0, 400_000),)
    assert score.time_signatures == (TimeSignature(0, 3, 4),)
    assert score.key_signatures == (KeySignature(0, -3, "minor"),)
    assert score.marks == (Mark(96, "section", "Trio"),)
    oboe, drums = score.tracks
    assert (oboe.name, oboe.program, oboe.start.tolist(), oboe.duration.tolist()) == ("Oboe", 68, [0], [96])
    assert oboe.controls.tolist() == [[0, 64, 127]]
    assert (drums.is_drum, drums.pitch.tolist(), drums.velocity.tolist()) == (True, [38], [91])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "# a comment\n; another\n\n" + text,
        lambda text: text.replace("Note_on_c, 0, ", "NOTE_on_c,0,").replace("0, Header", "0,HEADER").replace("Title_t, ", "title_t,"),
        lambda text: "\xef\xbb\xbf" + text,
    ],
    ids=["crlf", "comments", "upper case", "byte order mark"],
)
def test_spellings_of_the_same_table(change):
    assert csv_bytes(read(change(TABLE))) == csv_bytes(read(TABLE))
    assert read(change(TABLE)).warnings == ()


def test_the_two_spellings_say_the_same():
    score = Score(
        tracks=(Track([0, 480], [480, 240], [60, 64], [80, 81], name='tab\tand "quotes", \\351', controls=[[0, 7, 100]]),),
        tempos=(Tempo(0, 461_538),),
        key_signatures=(KeySignature(0, -1, "dorian"),),
        time_signatures=(TimeSignature(0, 6, 8),),
        marks=(Mark(0, "lyric", "né—音"), Mark(480, "fermata")),
        pickup=240,
        metadata={"title": "Prélude", "provenance": "composed by a machine"},
    )
    table = csv_bytes(score)
    assert table.isascii()
    assert midi_bytes(read_csv(table, "x.csv")) == midi_bytes(score) == midi_bytes(read_midi(midi_bytes(score), "x.mid"))
    assert read_csv(table, "x.csv").warnings == ()


def test_lines_are_those_of_midicsv():
    lines = csv_bytes(read(TABLE)).decode("ascii").splitlines()
    assert lines[:3] == ["0, 0, Header, 1, 3, 96", "1, 0, Start_track", '1, 0, Title_t, "Say ""hello"", \\\\ and \\303\\251t\\303\\251"']
    for line in ("1, 0, Time_signature, 3, 2, 24, 8", '1, 0, Key_signature, -3, "minor"', "1, 0, Tempo, 400000", "2, 0, Program_c, 0, 68"):
        assert line in lines
    assert lines[-2:] == ["3, 192, End_track", "0, 0, End_of_file"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Pitch_bend_c, 0, 8192", "Wobble_c, 1", "line 17: record 'wobble_c' is unknown; left out"),
        ("2, 0, Pitch_bend_c", "2, x, Pitch_bend_c", "line 17: record 'pitch_bend_c' with values '2, x', expected 2 whole numbers"),
        ("Control_c, 0, 64, 127", "Control_c, 0, 64", "line 16: record 'control_c' with values '0, 64', expected 3 whole numbers"),
        ("Control_c, 0, 64, 127", "Control_c, 0, 64, 128", "with channel 0 and values [64, 128]"),
        ("Control_c, 0, 64, 127", "Control_c, 16, 64, 0", "with channel 16"),
        ("Tempo, 400000", "Tempo, 0", "line 7: a tempo of 0 us a quarter"),
        ("Time_signature, 3, 2", "Time_signature, 3, 20", "a time signature of 3 over 2^20"),
        ("Key_signature, -3", "Key_signature, 8", "a key signature of 8"),
        ('"Oboe"', "Oboe", "text Oboe without quotes around it"),
        ("1, 96, Marker_t", "1, -1, Marker_t", "track 1, tick -1, expected 0 to 65535 and 0 to 2147483647"),
        ("0, 0, Header, 1, 2, 96\n", "", "no Header record"),
        ("Header, 1, 2, 96", "Header, 1, 5, 96", "promises 5 tracks, the table has 2"),
        ("Header, 1, 2, 96", "Header, 1, 2, 0", "a division of 0"),
        ("2, 192, End_track\n", "", "track 2, line 22: no End_track record"),
        ("0, 0, End_of_file\n", "", "line 22: no End_of_file record"),
        ("2, 0, Program_c", "2, 500, Program_c", "track 2, line 16: records are not in the order of time"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_read(old, new, said):
    assert old in TABLE
    score = read(TABLE.replace(old, new))
    assert score.note_count == 2
    assert any(said in line for line in score.warnings), score.warnings


@pytest.mark.parametrize("text", ["", "name,age\nBach,65\n", "<html>", "1, 2, 3"])
def test_what_is_no_such_table(text):
    with pytest.raises(ReadError, match=r"^x\.csv, line 1: found '.*', expected a table of MIDI events, which begins like"):
        read(text)


def test_a_table_cut_before_its_first_note():
    with pytest.raises(ReadError, match=r"x\.csv, .*no End_track record.* No note could be read"):
        read("\n".join(TABLE.splitlines()[:8]).replace("1, 2, 96", "1, 1, 96"))


def test_lines_are_bounded(monkeypatch):
    monkeypatch.setattr(csv_module, "MOST_LINES", 19)
    score = read(TABLE)
    assert score.note_count == 1
    assert "line 20: 23 lines; those after 19 are left out" in score.warnings[0]
