"""Writing MusicXML: every measure is full, and what was written is read back the same."""

import io
import xml.etree.ElementTree as ET
import zipfile
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import ScoreError
from partimento.files import musicxml_write
from partimento.files.musicxml import musicxml_bytes, mxl_bytes, read_musicxml, read_mxl
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

QUARTER = 480


def track(*rows, **options):
    """A track of rows: start and length in quarters, key."""
    starts, lengths, pitches = zip(*rows, strict=True) if rows else ((), (), ())
    columns = [np.array([round(value * QUARTER) for value in column], np.int64) for column in (starts, lengths)]
    return Track(*columns, np.array(pitches, np.int64), np.full(len(rows), options.pop("velocity", 64)), **options)


def facts(score):
    """Everything of a score that its notation says, in a form that can be compared."""
    tracks = [
        (
            t.name,
            t.program,
            t.is_drum,
            sorted(zip(t.start.tolist(), t.duration.tolist(), t.pitch.tolist(), t.velocity.tolist(), strict=True)),
        )
        for t in score.tracks
    ]
    return tracks, score.tempos, score.time_signatures, score.key_signatures, sorted(score.marks), score.pickup, score.ticks_per_quarter


def root_of(score):
    return ET.fromstring(musicxml_bytes(score))


def check_measures(score):
    """Every voice of every measure lasts as long as the first voice of the first part, and values say what durations do."""
    quarters = {"breve": 8, "whole": 4, "half": 2, "quarter": 1} | {
        n: Fraction(1, 2**i) for i, n in enumerate(("eighth", "16th", "32nd", "64th"), 1)
    }
    parts = root_of(score).findall("part")
    lengths = []
    for part in parts:
        divisions = int(part.findtext("measure/attributes/divisions"))
        for number, measure in enumerate(part.findall("measure")):
            at, end = Fraction(0), Fraction(0)
            for element in measure:
                length = Fraction(int(element.findtext("duration", "0")), divisions)
                at += {"backup": -length, "forward": length, "note": 0 if element.find("chord") is not None else length}.get(element.tag, 0)
                end = max(end, at)
                name = element.findtext("type")
                if name in quarters:
                    value = Fraction(quarters[name]) * (2 - Fraction(1, 2 ** len(element.findall("dot"))))
                    value *= Fraction(
                        int(element.findtext("time-modification/normal-notes", "1")),
                        int(element.findtext("time-modification/actual-notes", "1")),
                    )
                    assert value == length
            assert at == end
            if part is parts[0]:
                lengths.append(end)
            assert lengths[number] == end
    return lengths


CHORALE = Score(
    QUARTER,
    tuple(
        track(*[(at, 1, pitch + shift) for at, shift in enumerate((0, 2, 4, 5, 4, 2, 0))], (7, 2, pitch), name=name, program=52)
        for name, pitch in (("Soprano", 67), ("Alto", 62), ("Tenor", 55), ("Bass", 43))
    ),
    (Tempo(0, 789_474),),
    (TimeSignature(0, 4, 4),),
    (KeySignature(0, 1, "major"), KeySignature(5 * QUARTER, -3, "minor")),
    (
        Mark(4 * QUARTER, "fermata"),
        Mark(7 * QUARTER, "fermata"),
        Mark(0, "chord", "G"),
        Mark(720, "chord", "F#m7/C#"),
        Mark(0, "section", "A"),
    ),
    QUARTER,
    {"title": "A <new> & 'old' piece", "composer": "nobody", "provenance": "composed by a machine, seed 7"},
)


def test_a_chorale_comes_back_whole():
    back = read_musicxml(musicxml_bytes(CHORALE), "x")
    assert facts(back) == facts(CHORALE)
    assert back.warnings == ()
    assert {name: back.metadata[name] for name in CHORALE.metadata} == dict(CHORALE.metadata)
    assert back.metadata["software"].startswith("partimento")
    assert check_measures(CHORALE) == [1, 4, 4]


def test_a_natural_that_is_tied_says_so_on_every_note():
    score = Score(QUARTER, (track((0, 0.5, 63), (0.5, 3, 62), (3.5, 0.5, 60)),), key_signatures=(KeySignature(0, -5),))
    tied = [n for n in root_of(score).iter("note") if n.find("tie") is not None]
    assert [(n.findtext("pitch/alter"), n.findtext("accidental")) for n in tied] == [("0", "natural"), ("0", None), ("0", None)]
    assert facts(read_musicxml(musicxml_bytes(score), "x"))[0] == facts(score)[0]


def test_what_a_reader_of_scores_wants_to_see():
    root = root_of(CHORALE)
    first = root.find("part/measure")
    assert (first.get("number"), first.get("implicit")) == ("0", "yes")
    assert [clef.findtext("sign") + clef.findtext("clef-octave-change", "") for clef in root.iter("clef")] == ["G", "G", "G-1", "F"]
    assert root.findall("part/measure")[2].findtext("barline/bar-style") == "light-heavy"
    assert root.findtext("identification/miscellaneous/miscellaneous-field") == "composed by a machine, seed 7"
    bar = root.findall("part")[1].findall("measure")[1]
    assert [(n.findtext("pitch/step"), n.findtext("pitch/alter"), n.findtext("accidental")) for n in bar.findall("note")] == [
        ("E", None, None),
        ("F", "1", None),
        ("G", None, None),
        ("F", "1", None),
    ]
    assert b"date" not in musicxml_bytes(CHORALE)


def test_accidentals_hold_for_a_bar_and_beams_join_a_beat():
    score = Score(QUARTER, (track(*[(i / 2, 0.5, pitch) for i, pitch in enumerate((61, 61, 60, 60, 62, 64, 65, 67, 61))]),))
    seen = [(n.findtext("accidental"), n.findtext("beam")) for n in root_of(score).iter("note") if n.find("pitch") is not None]
    assert [accidental for accidental, _ in seen] == ["sharp", None, "natural", None, None, None, None, None, "sharp"]
    assert [beam for _, beam in seen] == ["begin", "end"] * 4 + [None]


def test_same_score_same_bytes_plain_and_packed():
    assert musicxml_bytes(CHORALE) == musicxml_bytes(CHORALE)
    assert mxl_bytes(CHORALE) == mxl_bytes(CHORALE)
    assert facts(read_mxl(mxl_bytes(CHORALE), "x")) == facts(CHORALE)
    with zipfile.ZipFile(io.BytesIO(mxl_bytes(CHORALE))) as archive:
        assert archive.namelist() == ["META-INF/container.xml", "score.musicxml"]
        assert all(entry.date_time[0] == 1980 for entry in archive.infolist())


def test_a_keyboard_part_takes_two_staves_and_stays_one_track():
    piano = track((0, 4, 40), (0, 1, 72), (1, 3, 74), (0, 2, 76), (2, 4, 50), name="Piano")
    score = Score(QUARTER, (piano,), (), (TimeSignature(0),))
    assert root_of(score).findtext("part/measure/attributes/staves") == "2"
    assert facts(read_musicxml(musicxml_bytes(score), "x")) == facts(score)
    check_measures(score)


def test_drums_programs_velocities_and_odd_names():
    kit = track((0, 1, 36), (0, 0.5, 42), (1, 1, 38), name="Kit", is_drum=True, velocity=100)
    horn = track((0, 1, 60), (0, 1, 60), (0.5, 1, 60), name='Horn "in F" \x01', program=60, velocity=127)
    score = Score(QUARTER, (kit, horn), (), (TimeSignature(0),))
    back = read_musicxml(musicxml_bytes(score), "x")
    assert facts(back)[0] == [*facts(score)[0][:1], ('Horn "in F"', *facts(score)[0][1][1:])]


@pytest.mark.parametrize("odd", [3, 5, 6, 7, 9, 11, 12])
def test_tuplets_are_written_and_read_back(odd):
    steps = 3360 if odd == 7 else 480 * 99 // 9 if odd == 11 else 480 * 3
    whole = np.array([round(Fraction(index, odd) * steps) for index in range(odd + 1)])
    notes = Track(whole, np.full(odd + 1, steps // odd), np.arange(60, 61 + odd), np.full(odd + 1, 64))
    score = Score(steps, (notes,), (), (TimeSignature(0, 2, 4),))
    back = read_musicxml(musicxml_bytes(score), "x")
    scale = Fraction(back.ticks_per_quarter, steps)
    assert back.tracks[0].start.tolist() == [int(at * scale) for at in whole.tolist()]
    assert [edge.get("type") for edge in root_of(score).iter("tuplet")][:2] == ["start", "stop"]
    check_measures(score)


def test_a_half_note_triplet_is_one_tuplet():
    thirds = Score(
        QUARTER, (track((0, Fraction(2, 3), 60), (Fraction(2, 3), Fraction(2, 3), 62), (Fraction(4, 3), Fraction(2, 3), 64), (2, 2, 65)),)
    )
    assert [n.findtext("type") for n in root_of(thirds).iter("note")] == ["quarter", "quarter", "quarter", "half"]


def test_compound_metre_shows_its_beats():
    score = Score(QUARTER, (track((0, 3, 60), (3, 2, 62), (5, 1, 64)),), (Tempo.of_bpm(0, 90),), (TimeSignature(0, 6, 8),))
    written = [(n.findtext("type"), len(n.findall("dot"))) for n in root_of(score).iter("note")]
    assert written == [("half", 1), ("quarter", 1), ("eighth", 0), ("quarter", 0)]
    assert [element.text for element in root_of(score).find(".//metronome")] == ["quarter", None, "60"]
    check_measures(score)


def test_a_cut_bar_and_marks_between_notes_come_back():
    metres = (TimeSignature(0, 4, 4), TimeSignature(6 * QUARTER, 4, 4), TimeSignature(10 * QUARTER, 3, 8))
    marks = (Mark(3 * QUARTER, "fermata"), Mark(1000, "text", "dolce"), Mark(11 * QUARTER, "section", "B"))
    score = Score(QUARTER, (track((0, 11.5, 60)),), (Tempo(700, 500_000),), metres, (KeySignature(700, 2),), marks)
    assert facts(read_musicxml(musicxml_bytes(score), "x")) == facts(score)
    assert check_measures(score)[:3] == [4, 2, 4]


def test_a_score_without_notes_or_tracks_is_a_rest():
    assert check_measures(Score()) == [4]
    assert read_musicxml(musicxml_bytes(Score()), "x").note_count == 0


def test_a_performance_is_written_on_a_grid():
    random = np.random.default_rng(0)
    starts = np.sort(random.integers(0, 500 * 40, 200))
    played = Track(starts, random.integers(3, 1500, 200), random.integers(40, 90, 200), random.integers(20, 120, 200))
    score = Score(500, (played,))
    check_measures(score)
    back = read_musicxml(musicxml_bytes(score), "x")
    assert len(back.tracks[0]) == 200
    assert np.abs(np.sort(back.tracks[0].start / back.ticks_per_quarter) - starts / 500).max() <= 1 / 12


def test_bars_off_every_grid_are_written_with_their_exact_lengths():
    score = Score(QUARTER, (track(*[(at / 7, 1 / 7, 60 + at % 12) for at in range(40)]),), (), (TimeSignature(0),), (), (), 137)
    back = read_musicxml(musicxml_bytes(score), "x")
    assert (back.pickup / back.ticks_per_quarter, back.note_count) == (137 / 480, 40)


def test_a_few_odd_times_do_not_disturb_the_rest():
    rows = [(at, 1, 60 + at % 12) for at in range(40)]
    score = Score(QUARTER, (track(*rows, (40, Fraction(53, 480), 60), (40 + Fraction(53, 480), Fraction(77, 480), 62)),))
    back = read_musicxml(musicxml_bytes(score), "x")
    assert back.tracks[0].start[:40].tolist() == [480 * at for at in range(40)]
    assert len(back.tracks[0]) == 42


def test_too_many_measures_are_refused(monkeypatch):
    monkeypatch.setattr(musicxml_write, "MOST_MEASURES", 3)
    with pytest.raises(ScoreError, match="4 measures, expected at most 3 in MusicXML"):
        musicxml_bytes(Score(QUARTER, (track((0, 16, 60)),)))


ROW = st.tuples(st.integers(0, 90), st.integers(1, 40), st.integers(30, 95))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(ROW, max_size=25), min_size=1, max_size=3),
    st.sampled_from([(4, 4), (3, 4), (6, 8), (2, 2), (5, 8), (12, 8), (3, 2)]),
    st.sampled_from([(4, 0), (8, 0), (12, 0), (12, 6), (4, 2)]),
    st.integers(-7, 7),
)
def test_written_music_comes_back(parts, metre, grid, fifths):
    steps, pickup = grid
    tracks = []
    for number, rows in enumerate(parts):
        start, length, pitch = np.array(rows, np.int64).reshape(-1, 3).T
        tick = QUARTER // steps
        tracks.append(Track(start * tick, length * tick, pitch, np.full(start.size, 64), f"part {number}"))
    bar = 4 * QUARTER * metre[0] // metre[1]
    score = Score(QUARTER, tuple(tracks), (), (TimeSignature(0, *metre),), (KeySignature(0, fifths),), (), pickup * QUARTER // steps)
    back = read_musicxml(musicxml_bytes(score), "x")
    assert facts(back)[0] == facts(score)[0]
    assert back.warnings == ()
    if score.end_tick > score.pickup:
        assert (back.pickup, back.time_signatures, back.key_signatures) == (score.pickup, score.time_signatures, score.key_signatures)
    lengths = check_measures(score)
    full = Fraction(bar, QUARTER)
    assert all(length == full for length in lengths[1:-1])
    assert lengths[-1] in (full, full - lengths[0], lengths[0])  # the last bar may be filled up by the pickup


def test_two_hands_are_two_staves_of_one_piano():
    rows = [(0, 2, 72), (0, 2, 50), (1, 2, 76), (1, 2, 55)]
    root = root_of(Score(QUARTER, (track(*rows, name="right hand"), track(*rows, name="left hand"))))
    assert [group.get("type") for group in root.findall("part-list/part-group")] == ["start", "stop"]
    assert root.findtext("part-list/part-group/group-symbol") == "brace"
    assert [clef.findtext("sign") for clef in root.iter("clef")] == ["G", "F"]  # however far a hand reaches
    alone = root_of(Score(QUARTER, (track(*rows, name="right hand"),)))
    assert alone.find("part-list/part-group") is None


def test_tempos_of_a_performance_are_heard_and_only_the_first_is_seen():
    rows = [(quarter, 1, 60) for quarter in range(32)]
    few = Score(QUARTER, (track(*rows),), tuple(Tempo.of_bpm(at * QUARTER, 90 + at) for at in (0, 8, 16, 24)))
    many = Score(QUARTER, (track(*rows),), tuple(Tempo.of_bpm(at * QUARTER, 90 + at) for at in range(0, 32, 2)))
    assert len(list(root_of(few).iter("metronome"))) == 4
    assert len(list(root_of(many).iter("metronome"))) == 1
    assert len(list(root_of(many).iter("sound"))) == 16
    assert facts(read_musicxml(musicxml_bytes(many), "rubato.musicxml"))[1] == many.tempos
