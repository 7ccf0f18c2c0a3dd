"""Reading **kern: spines that split and join, sections, repeats, grace notes, and files that do not add up."""

import pytest
from musicxml_documents import notes

from partimento.errors import ReadError
from partimento.files import kern
from partimento.files.kern import read_kern
from partimento.score import KeySignature, Mark, TimeSignature


def read(text, **options):
    """A file whose columns are parted by blanks in twos."""
    return read_kern("\n".join("\t".join(line.strip().split("  ")) for line in text.strip().splitlines()).encode(), "tune.krn", **options)


CHORALE = """
!!!COM: Bach, Johann Sebastian
!!!OTL@@DE: Aus meines Herzens Grunde
**kern  **kern
*ICvox  *ICvox
*I"Bass  *I"Soprano
*>[A,A,B]  *>[A,A,B]
*>A  *>A
*clefF4  *clefG2
*k[f#]  *k[f#]
*G:  *G:
*M3/4  *M3/4
*MM100  *MM100
4GG  4g
=1  =1
4G  2g
4E  .
4F#  [4dd
=2  =2
2G;  4dd];
.  4r
=:|!  =:|!
*>B  *>B
4C  8cc-L
.  8ccnJ
=3  =3
2.GG  2.b
==  ==
*-  *-
"""


def test_a_chorale_with_sections():
    score = read(CHORALE)
    assert [track.name for track in score.tracks] == ["Soprano", "Bass"]
    once = [(0, 1, 67), (1, 2, 67), (3, 2, 74)]
    assert notes(score, 0) == [*once, *[(at + 6, length, key) for at, length, key in once], (12, 0.5, 71), (12.5, 0.5, 72), (13, 3, 71)]
    assert score.pickup == 480
    assert score.time_signatures == (TimeSignature(0, 3, 4),)
    assert score.key_signatures == (KeySignature(0, 1, "major"),)
    assert score.tempos[0].bpm == pytest.approx(100)
    assert score.marks_of("fermata") == (Mark(1920, "fermata"), Mark(4800, "fermata"))
    assert dict(score.metadata) == {"composer": "Bach, Johann Sebastian", "title": "Aus meines Herzens Grunde"}
    assert score.warnings == ()
    folded = read(CHORALE, unfold=False)
    assert (len(folded.tracks[0]), folded.marks_of("repeat")) == (6, (Mark(6 * 480, "repeat", "end"),))


def test_repeat_signs_where_no_sections_are_listed():
    plain = "\n".join(line for line in CHORALE.splitlines() if not line.startswith("*>"))
    assert notes(read(plain)) == notes(read(CHORALE))
    wrong = CHORALE.replace("*>[A,A,B]  *>[A,A,B]", "*>[A,X]  *>[A,X]")
    score = read(wrong)
    assert notes(score) == notes(read(CHORALE))
    assert "the list of sections names 'X'" in score.warnings[0]


def test_spines_split_join_and_change_places():
    score = read("""
        **kern  **text  **kern
        *  *  *^
        2C  la  4e  [2g
        .  .  4f  .
        *  *  *v  *v
        2D  lo  2g]
        =  =  =
        *x  *  *x
        2a  lu  1E
        2b  .  .
        =  =  =
        *-  *-  *-
    """)
    assert notes(score, 0) == [(0, 1, 64), (0, 4, 67), (1, 1, 65), (4, 2, 69), (6, 2, 71)]
    assert notes(score, 1) == [(0, 2, 48), (2, 2, 50), (4, 4, 52)]
    assert score.warnings == ()


def test_neighbours_of_two_spines_may_join_and_a_spine_may_begin_late():
    joined = read("**kern  **kern\n*^  *^\n4C  4E  4G  4c\n*v  *v  *v  *v\n4D  4d\n*-  *-")
    assert [len(track) for track in joined.tracks] == [3, 3]
    crossed = read("**kern  **kern\n*^  *^\n4C  4E  4G  4c\n*  *v  *v  *\n4D  4F  4d\n*-  *-  *-")
    assert [len(track) for track in crossed.tracks] == [3, 4]
    late = read("**kern\n4c\n*+\n*  **kern\n4d  4D\n*-  *-")
    assert notes(late, 0) == [(1, 1, 50)]


def test_staves_of_a_keyboard_are_two_hands_with_loudness():
    score = read("""
        **kern  **kern  **dynam
        *Ipiano  *Ipiano  *Ipiano
        *M2/4  *M2/4  *
        4C 4E  4g 4b  f
        8GGq  .  .
        4.D  4.a  p
        .  32ddq  .
        .  32eeq  .
        =  =  =
        *-  *-  *-
    """)
    assert [(track.name, track.program) for track in score.tracks] == [("right hand", 0), ("left hand", 0)]
    assert notes(score, 0)[2:] == [(1, 1.5, 69)] and notes(score, 1)[2:] == [(1, 0.125, 43), (1.125, 1.375, 50)]
    assert [track.velocity.tolist() for track in score.tracks] == [[96, 96, 49], [96, 96, 49, 49]]


def test_a_left_hand_that_crosses_is_the_left_hand():
    score = read("**kern  **kern\n*Ipiano  *Ipiano\n4ccc  4c\n4ddd  4d\n*-  *-")
    assert [(track.name, track.pitch[0]) for track in score.tracks] == [("right hand", 60), ("left hand", 84)]


def test_an_organ_on_three_staves_is_one_track():
    score = read("**kern  **kern  **kern\n*Iorgan  *Iorgan  *Iorgan\n4C  4c  4g\n*-  *-  *-")
    assert [track.pitch.tolist() for track in score.tracks] == [[48, 60, 67]]


def test_lengths_pitches_and_metres():
    score = read("""
        **kern
        *M2+3/8
        12CC#L
        12D--
        12eJ
        5%2GGn
        *M4/4
        0r
        3%2c
        3.c
        *-
    """)
    assert notes(score)[:3] == [(0, 1 / 3, 37), (1 / 3, 1 / 3, 48), (2 / 3, 1 / 3, 64)]
    assert notes(score)[3] == (1, 1.6, 43)
    assert [round(length, 4) for _, length, _ in notes(score)[4:]] == [2.6667, 2]
    assert [(s.numerator, s.denominator) for s in score.time_signatures][:2] == [(5, 8), (4, 4)]


def test_a_key_says_its_mode():
    assert read("**kern\n*k[b-]\n*g:dor\n1g\n*-").key_signatures == (KeySignature(0, -1, "dorian"),)
    assert read("**kern\n*k[b-e-]\n*g:\n1g\n*D:\n1d\n*-").key_signatures == (KeySignature(0, -2, "minor"),)


@pytest.mark.parametrize(
    ("text", "said", "count"),
    [
        ("**kern\n*M4/4\n4xx\n2.c\n*-", "line 3: '4xx' is no note; it was read as a rest", 1),
        ("**kern\nc\n4d\n*-", "line 2: 'c' is no note; it was left out", 1),
        ("**kern\n4c\n4d", "a spine is not ended", 2),
        ("**kern  **kern\n4c\n4d  4e\n*-  *-", "1 fields, expected 2; the line was left out", 2),
        ("**kern\n4c  4d\n*-", "2 fields, expected 1; the rest of the line", 1),
        ("4c\n**kern\n4c\n*-", "data before any exclusive interpretation", 1),
        ("4c  **kern\n4c  4d\n*-  *-", "line 1: '4c' among exclusive interpretations", 1),
        ("**kern  **kern\n2c  4c\n4d  4d\n*-  *-", "the earlier waited", 4),
        ("**kern\n*M3/4\n=1\n1c\n=2\n*-", "measure 1 holds 4 beats in 3/4", 1),
        ("**kern\n*M4/3\n4c\n*-", "metre 4/3 is none", 1),
        ("**kern\n*MM1\n4c\n*-", "tempo '*MM1' cannot be played", 1),
        ("**kern\n*k[f#f#f#f#f#f#f#f#]\n4c\n*-", "key signature of 8 fifths", 1),
        ("**kern\n" + " ".join(["4c"] * 70) + "\n*-", "a chord of more than 64 notes", 64),
    ],
)
def test_what_does_not_add_up_is_named(text, said, count):
    score = read(text)
    assert any(said in warning for warning in score.warnings), score.warnings
    assert score.note_count == count


def test_latin_1_is_read():
    assert read_kern("!!!OTL: Früh\n**kern\n4c\n*-".encode("latin-1"), "x").metadata["title"] == "Früh"


def refused(data):
    with pytest.raises(ReadError) as error:
        read_kern(data, "bad.krn")
    return str(error.value)


def test_what_is_no_kern_is_refused(monkeypatch):
    assert "bad.krn: holds no **kern spine" in refused(b"X:1\nK:C\n")
    assert "bad.krn: holds no note and no bar" in refused(b"**kern\n*-\n")
    monkeypatch.setattr(kern, "MOST_SPINES", 2)
    assert "line 1: 3 spines, expected at most 2" in refused(b"**kern\t**kern\t**kern\n")
    assert "line 3: 4 spines, expected at most 2" in refused(b"**kern\n*^\n*^\t*^\n")
    monkeypatch.setattr(kern, "MOST_CELLS", 6)
    assert "line 7: 3 spines of 3 bars, expected one piece" in refused(b"**kern\n4c\n=\n**kern\n4c\n=\n**kern\n")
    assert "line 13: 1 spines of 7 bars, expected one piece" in refused(b"**kern\n" + b"".join(b"4c\n=\n" for _ in range(9)))
    monkeypatch.setattr(kern, "MOST_TOKENS", 2)
    assert "line 4: more than 2 notes and rests" in refused(b"**kern\n4c\n4d\n4e\n")
    monkeypatch.setattr(kern, "MOST_LINES", 1)
    assert "more than 1 lines" in refused(b"**kern\n4c\n4d\n*-\n")
