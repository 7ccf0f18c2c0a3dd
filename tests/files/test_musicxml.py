"""Reading MusicXML: what is in a document comes out as it sounds."""

import pytest
from musicxml_documents import ATTRIBUTES, BACKWARD, FORWARD, FULL, document, ending, keys, note, notes, read, whole

from partimento.files.musicxml import read_musicxml
from partimento.score import Mark

TIE, STOP = '<tie type="start"/>', '<tie type="stop"/>'


def test_notes_rests_chords_and_voices():
    chord = note("E", 4, 4).replace("<note>", "<note><chord/>")
    rest = "<note><rest/><duration>2</duration></note>"
    score = read(
        note("C", 4, 4)
        + chord
        + rest
        + note("B", 3, 2, alter=-1)
        + "<backup><duration>8</duration></backup>"
        + note("G", 5, 8, "<voice>2</voice>")
    )
    assert notes(score) == [(0, 2, 60), (0, 2, 64), (0, 4, 79), (3, 1, 58)]
    assert (score.ticks_per_quarter, score.tracks[0].name, score.warnings) == (480, "Flute", ())


def test_ties_join_across_bar_lines_and_only_where_they_fit():
    score = read(note("C", 4, 6) + note("D", 4, 2, TIE), note("D", 4, 4, STOP, TIE) + note("D", 4, 2, STOP) + note("D", 4, 2, STOP))
    assert notes(score) == [(0, 3, 60), (3, 4, 62), (7, 1, 62)]


def test_pickup_key_mode_tempo_and_words():
    text = (
        '<measure number="0" implicit="yes"><attributes><divisions>1</divisions><key><fifths>-3</fifths><mode>minor</mode></key>'
        "<time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
        "<direction><direction-type><metronome><beat-unit>half</beat-unit><per-minute>45</per-minute></metronome></direction-type></direction>"
        f"{note('G', 4, 1)}</measure>"
    )
    header = (
        "<work><work-title>Aria</work-title></work><identification><creator type='composer'>Anna</creator><miscellaneous>"
        "<miscellaneous-field name='provenance'>composed by a machine</miscellaneous-field></miscellaneous></identification>"
    )
    score = read_musicxml(document(text, note("C", 5, 3), note("D", 5, 3), header=header), "x")
    assert score.pickup == score.ticks_per_quarter
    assert [(s.tick, s.numerator, s.denominator) for s in score.time_signatures] == [(0, 3, 4)]
    assert [(k.tick, k.fifths, k.mode) for k in score.key_signatures] == [(0, -3, "minor")]
    assert score.tempos[0].bpm == pytest.approx(90)
    assert dict(score.metadata) == {"title": "Aria", "composer": "Anna", "provenance": "composed by a machine"}


def test_fermatas_chord_symbols_and_lyrics_become_marks():
    fermata = "<notations><fermata/></notations>"
    lyric = "<lyric><syllabic>begin</syllabic><text>Glo</text></lyric>"
    harmony = (
        "<harmony><root><root-step>F</root-step><root-alter>1</root-alter></root><kind>minor-seventh</kind>"
        "<bass><bass-step>C</bass-step><bass-alter>1</bass-alter></bass></harmony>"
    )
    score = read(note("C", 4, 4, lyric) + harmony + note("D", 4, 4, fermata))
    assert score.marks == (Mark(0, "lyric", "Glo-"), Mark(960, "chord", "F#m7/C#"), Mark(960, "fermata"))


def test_grace_notes_take_a_32nd_of_the_note_behind_them():
    grace = "<note><grace/><pitch><step>B</step><octave>3</octave></pitch></note>"
    assert notes(read(grace + FULL)) == [(0, 0.125, 59), (0.125, 3.875, 60)]


def test_transposing_instruments_sound_and_so_does_their_key():
    clarinet = (
        "<attributes><divisions>2</divisions><key><fifths>2</fifths></key><transpose><chromatic>-2</chromatic></transpose></attributes>"
    )
    score = read(clarinet + note("D", 5, 8))
    assert keys(score) == [72]
    assert score.key_signatures[0].fifths == 0


def test_drums_by_instrument_and_by_place():
    parts = (
        '<score-part id="P1"><part-name>Kit</part-name><score-instrument id="I1"/><midi-instrument id="I1">'
        '<midi-channel>10</midi-channel><midi-unpitched>37</midi-unpitched></midi-instrument><midi-instrument id="I2">'
        "<midi-unpitched>43</midi-unpitched></midi-instrument></score-part>"
    )
    place = "<unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched><duration>4</duration>"
    score = read_musicxml(document(f'<note>{place}<instrument id="I1"/></note><note>{place}</note>', part_list=parts), "x")
    assert (keys(score), score.tracks[0].is_drum) == ([36, 38], True)


def test_dynamics_set_velocities():
    forte = "<direction><direction-type><dynamics><f/></dynamics></direction-type></direction>"
    loud = note("E", 4, 2).replace("<note>", '<note dynamics="100">')
    assert read(note("C", 4, 2) + forte + note("D", 4, 4) + loud).tracks[0].velocity.tolist() == [64, 96, 90]


@pytest.mark.parametrize(
    ("measures", "order"),
    [
        ([whole("C"), FORWARD + whole("D") + BACKWARD, whole("E")], "CDDE"),
        ([whole("C"), whole("D") + BACKWARD, whole("E") + BACKWARD], "CDCDEE"),
        ([whole("C"), ending("1", whole("D"), BACKWARD), ending("2", whole("E")), whole("F")], "CDCEF"),
        ([whole("C"), ending("1, 2", whole("D"), BACKWARD), ending("3", whole("E"))], "CDCDCE"),
        ([whole("C"), whole("D") + '<sound fine="yes"/>', whole("E") + '<sound dacapo="yes"/>'], "CDECD"),
        (
            [
                whole("C"),
                '<sound segno="x"/>' + whole("D") + '<sound tocoda="y"/>',
                whole("E") + '<sound dalsegno="x"/>',
                '<sound coda="y"/>' + whole("F"),
            ],
            "CDEDF",
        ),
        ([whole("C") + BACKWARD.replace("/>", ' times="3"/>', 1), whole("D")], "CCCD"),
    ],
)
def test_repeats_endings_and_jumps_are_played(measures, order):
    assert keys(read(*measures)) == [{"C": 60, "D": 62, "E": 64, "F": 65}[letter] for letter in order]
    folded = read(*measures, unfold=False)
    assert len(folded.tracks[0]) == len(measures)
    assert len(read(*measures).time_signatures) == 1


def test_a_repeat_with_a_pickup_keeps_the_bars_in_step():
    pickup = f'<measure number="0" implicit="yes">{ATTRIBUTES}{note("G", 4, 2)}</measure>'
    score = read(pickup, FULL, note("D", 4, 6) + BACKWARD, note("E", 4, 2), FULL)
    assert score.pickup == 480
    assert len(score.time_signatures) == 1
    assert score.end_tick / 480 == 1 + 4 + 3 + 1 + 4 + 3 + 1 + 4


def test_a_short_bar_ends_where_it_ends():
    score = read(FULL, note("D", 4, 4), FULL, FULL)
    assert [signature.tick for signature in score.time_signatures] == [0, 6 * 480]


def test_folded_music_says_where_its_repeats_are():
    score = read(whole("C"), FORWARD + whole("D") + BACKWARD, unfold=False)
    assert score.marks_of("repeat") == (Mark(1920, "repeat", "start"), Mark(3840, "repeat", "end"))


def test_four_voices_on_two_staves_become_four_tracks():
    def staff_voice(step, octave, staff, voice):
        return "".join(note(step, octave, 2, f"<voice>{voice}</voice><staff>{staff}</staff>") for _ in range(4))

    back = "<backup><duration>8</duration></backup>"
    voices = [staff_voice("G", 5, 1, 1), staff_voice("E", 4, 1, 2), staff_voice("C", 4, 2, 5), staff_voice("C", 3, 2, 6)]
    score = read(back.join(voices), back.join(voices))
    assert [(track.name, track.pitch[0]) for track in score.tracks] == [("Soprano", 79), ("Alto", 64), ("Tenor", 60), ("Bass", 48)]
    chordal = back.join(
        [voices[0] + "", *voices[1:3], voices[3].replace("<note>", "<note><chord/>").replace("<note><chord/>", "<note>", 3)]
    )
    assert [track.name for track in read(chordal, chordal).tracks] == ["right hand", "left hand"]


def test_timewise_documents_and_other_encodings():
    inner = f'<part id="P1">{ATTRIBUTES}{FULL}</part>'
    text = (
        '<?xml version="1.0" encoding="{}"?><score-timewise><part-list>'
        '<score-part id="P1"><part-name>Flöte</part-name></score-part></part-list>'
        f'<measure number="1">{inner}</measure><measure number="2"><part id="P1">{FULL}</part></measure></score-timewise>'
    )
    for declared, encoding in (
        ("UTF-8", "utf-8"),
        ("UTF-16", "utf-16"),
        ("ISO-8859-1", "latin-1"),
        ("utf-8", "utf-8-sig"),
        ("UTF-16", "utf-16-le"),
    ):
        score = read_musicxml(text.format(declared).encode(encoding), "x")
        assert (score.tracks[0].name, len(score.tracks[0]), score.warnings) == ("Flöte", 2, ())
