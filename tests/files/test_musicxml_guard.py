"""Damaged and hostile MusicXML: repaired and named, or refused in one line; nothing outside the file is touched."""

import io
import warnings
import zipfile

import pytest
from musicxml_documents import ATTRIBUTES, BACKWARD, FULL, document, ending, keys, note, notes, read

from partimento.errors import ReadError
from partimento.files import musicxml, musicxml_tree, notation
from partimento.files.musicxml import read_musicxml, read_mxl

METRONOME = (
    "<direction><direction-type><metronome><beat-unit>{}</beat-unit><per-minute>{}</per-minute></metronome></direction-type></direction>"
)


@pytest.mark.parametrize(
    ("measure", "said", "count"),
    [
        (FULL.replace("<duration>8", "<duration>NaN"), "duration 'NaN' is no length of music; it was left out", 0),
        (FULL.replace("<duration>8</duration>", "<type>half</type>"), "its note value was taken", 1),
        (FULL.replace("<octave>4", "<octave>x"), "is none; it was read as a rest", 0),
        (note("C", 4, 8, alter=99), "pitch 'C 99 4' is none", 0),
        (note("B", 9, 8), "sounds outside MIDI keys", 0),
        ("<note><duration>8</duration></note>", "without a pitch", 0),
        (FULL + "<backup><duration>99</duration></backup>", "before the start of the measure", 1),
        (FULL.replace("<note>", "<note><chord/>"), "a chord note without a first note", 1),
        (FULL + FULL + note(), "measure 1: holds 9 beats in 4/4", 3),
        ("<sound tempo='-120'/>" + FULL, "a tempo that cannot be played", 1),
        ("<note><grace/><pitch><step>C</step><octave>4</octave></pitch></note>", "1 grace notes before no note", 0),
        ("<attributes><time><beats>4</beats><beat-type>0</beat-type></time></attributes>" + FULL, "time signature 4/0 is none", 1),
        (note() + "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>", "within a measure", 1),
        ("<attributes><key><fifths>99</fifths></key></attributes>" + FULL, "a key of '99' fifths", 1),
        ("<attributes><transpose><chromatic>999</chromatic></transpose></attributes>" + FULL, "no instrument has", 1),
        ("<attributes><staves>9999999</staves></attributes>" + FULL, "'9999999' staves", 1),
        (
            "<attributes><measure-style><multiple-rest>99999999</multiple-rest></measure-style></attributes>" + FULL,
            "a rest of '99999999' measures",
            1,
        ),
        (
            "<attributes><divisions>-4</divisions></attributes>" + FULL.replace("</note>", "<type>half</type></note>"),
            "divisions '-4' are none",
            1,
        ),
        (FULL + BACKWARD.replace("/>", ' times="1000000000"/>', 1), "a repeat of 1000000000 times; it is played twice", 2),
        (FULL + '<sound dalsegno="x"/>', "dal segno without a segno", 1),
        (ending("2", FULL), "is never reached", 1),
        (FULL.replace("<duration>8", "<duration>0"), "a note without length", 0),
        (FULL.replace("<note>", '<note dynamics="loud">'), "a loudness of 'loud' is no number", 1),
        ('<sound dynamics="NaN"/>' + FULL, "a loudness of 'NaN' is no number", 1),
        ("<direction><offset>x</offset></direction>" + FULL, "an offset of 'x' is no number", 1),
        (METRONOME.format("quarter", "NaN") + FULL, "a metronome mark of 'NaN' is no number", 1),
        (METRONOME.format("acorn", "90") + FULL, "a metronome mark for 'acorn', which is no note value", 1),
        (ending("one", FULL), "an ending of number 'one'", 1),
        ('<barline><repeat direction="backward" times="x"/></barline>' + FULL, "a repeat of 'x' times; it is played twice", 2),
        ('<barline><repeat direction="up"/></barline>' + FULL, "a repeat of direction 'up'", 1),
        ("<attributes><key><fifths>1</fifths><mode>sad</mode></key></attributes>" + FULL, "a key of mode 'sad'; it was read as major", 1),
        ("<harmony><root><root-step>H</root-step></root><kind>major</kind></harmony>" + FULL, "a chord symbol without a root", 1),
    ],
)
def test_damage_is_repaired_and_named(measure, said, count):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score = read(measure)
    assert any(said in warning for warning in score.warnings), score.warnings
    assert all(warning.startswith("tune.musicxml, ") for warning in score.warnings)
    assert score.note_count == count


def test_missing_divisions_parts_and_lists_are_said():
    bare = f'<score-partwise><part id="P9"><measure number="1">{note("C", 4, 3)}</measure></part></score-partwise>'
    score = read_musicxml(bare.encode(), "x")
    assert score.warnings == (
        "x, line 1: part 'P9' is not in the part list; it was read without a name.",
        "x, part P9, measure 1, line 1: divisions are missing; note values are taken instead.",
    )
    twice = document(FULL, part_list='<score-part id="P1"/><score-part id="P1"/><score-part id="P2"/>')
    assert [w.split(": ", 1)[1][:9] for w in read_musicxml(twice, "x").warnings] == ["part 'P1'", "0 measure"]
    instrument = "<midi-instrument><midi-channel>99</midi-channel><midi-program>999</midi-program></midi-instrument>"
    midi = f'<score-part id="P1">{instrument}</score-part>'
    assert "are none; the piano was taken" in read_musicxml(document(FULL, part_list=midi), "x").warnings[0]


def test_a_document_that_breaks_off_keeps_what_stood_before():
    whole_document = document(FULL, FULL, FULL)
    cut = whole_document[: whole_document.rindex(b"<duration>")]
    score = read_musicxml(cut, "x")
    assert score.note_count == 2
    assert "no well-formed XML" in score.warnings[0]
    amp = document("<direction><direction-type><words>A & B</words></direction-type></direction>" + FULL, FULL)
    score = read_musicxml(amp, "x")
    assert (score.note_count, score.marks_of("text")[0].text) == (2, "A & B")
    assert "an '&' that begins no entity" in score.warnings[0]
    assert "some bytes are no utf-8" in read_musicxml(whole_document.replace(b"Flute", b"Fl\xf6te"), "x").warnings[0]
    assert "encoding 'x-user' is unknown" in read_musicxml(b'<?xml version="1.0" encoding="x-user"?>' + whole_document, "x").warnings[0]


def test_many_findings_are_counted_not_listed():
    score = read(*[FULL + FULL.replace("<octave>4", "<octave>x") for _ in range(100)])
    assert len(score.warnings) == notation.MOST_WARNINGS + 1
    assert "more findings" in score.warnings[-1]


def test_divisions_of_large_primes_and_of_tuplets():
    plain = ATTRIBUTES.replace("<divisions>2", "<divisions>997")
    score = read_musicxml(document(f"<measure>{plain}{note('C', 4, 1)}{note('D', 4, 3987)}</measure>"), "x")
    assert score.ticks_per_quarter == 30240
    assert "were rounded to 30240" in score.warnings[0]
    seven = ATTRIBUTES.replace("<divisions>2", "<divisions>7")
    score = read_musicxml(document(f"<measure>{seven}{note('C', 4, 1)}{note('D', 4, 27)}</measure>"), "x")
    assert (score.ticks_per_quarter, score.tracks[0].duration.tolist()) == (3360, [480, 12960])


def refused(data, reader=read_musicxml, name="bad.musicxml"):
    with pytest.raises(ReadError) as error:
        reader(data, name)
    assert str(error.value).startswith(name)
    return str(error.value)


def test_entities_and_strange_documents_are_refused(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    for declaration in (f'<!ENTITY x SYSTEM "{secret.as_uri()}">', '<!ENTITY % p "q">', '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">'):
        message = refused(f"<!DOCTYPE score-partwise [{declaration}]>".encode() + document(FULL.replace("<voice>", "&x;<voice>")))
        assert "declares the entity" in message
        assert "SECRET" not in message
    harmless = b'<!DOCTYPE score-partwise PUBLIC "-//X" "http://127.0.0.1:9/x.dtd" [<!ENTITY n "Flute">]>' + document(FULL).replace(
        b"Flute", b"&n;"
    )
    assert read_musicxml(harmless, "x").tracks[0].name == "Flute"
    assert "the document is 'html', expected score-partwise or score-timewise" in refused(b"<html/>")
    assert "holds no text" in refused(b" \n ")
    assert "holds no measure" in refused(b"<score-partwise/>")
    assert "no well-formed XML (no element found), and no measure stands before it" in refused(document(FULL)[:60])
    assert "an element of more than 200,000 characters" in refused(document("<words>" + "x" * 300_000 + "</words>"))
    assert "more than 100 nested elements" in refused(document("<x>" * 500 + "</x>" * 500))


def test_bounds(monkeypatch):
    monkeypatch.setattr(musicxml_tree, "MOST_KEPT", 10)
    assert "more than 10 elements in one measure" in refused(document(FULL * 5))
    monkeypatch.setattr(musicxml_tree, "MOST_ELEMENTS", 12)
    assert "more than 12 elements" in refused(document("", *[FULL] * 5))
    monkeypatch.undo()
    monkeypatch.setattr(musicxml, "MOST_MEASURES", 2)
    assert "more than 2 measures" in refused(document(FULL, FULL, FULL))
    monkeypatch.setattr(musicxml, "MOST_PARTS", 1)
    assert "more than 1 parts" in refused(document(FULL).replace(b"</score-partwise>", b'<part id="P2"><measure/></part></score-partwise>'))
    monkeypatch.undo()
    monkeypatch.setattr(notation, "MOST_PLAYED", 3)
    assert "4 notes when repeats are played, expected at most 3" in refused(document(FULL, FULL + BACKWARD))
    monkeypatch.undo()
    monkeypatch.setattr(musicxml_tree, "MOST_OF_MUSIC", 12)
    assert "more than 12 elements of music" in refused(document("", *[FULL] * 5))
    monkeypatch.undo()
    monkeypatch.setattr(musicxml, "MOST_CELLS", 2)
    assert "more than 2 measures in all parts" in refused(document(FULL, FULL, FULL))
    monkeypatch.undo()
    monkeypatch.setattr(notation, "MOST_PLAYED_BARS", 3)
    assert "4 bars of 1 parts when repeats are played" in refused(document(FULL, FULL + BACKWARD))
    monkeypatch.undo()
    monkeypatch.setattr(notation, "MOST_PLAYED", 5)
    words = "<direction><direction-type><words>dolce</words></direction-type></direction>"
    assert "8 signs when repeats are played, expected at most 5" in refused(document(words * 3 + FULL + BACKWARD))
    monkeypatch.undo()
    gap = "<forward><duration>2000</duration></forward>"
    assert "quarter notes long" in refused(document(*[gap * 10] * 500))


def archive(*entries, container="score.xml", compression=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        if container:
            made.writestr("META-INF/container.xml", f'<container><rootfiles><rootfile full-path="{container}"/></rootfiles></container>')
        for name, data in entries:
            made.writestr(name, data)
    return file.getvalue()


def test_compressed_files():
    good = archive(("score.xml", document(FULL)))
    assert read_mxl(good, "x").note_count == 1
    assert "a compressed file under a plain name" in read_musicxml(good, "x").warnings[0]
    assert "a plain document under a compressed file's name" in read_mxl(document(FULL), "x").warnings[0]
    assert "which is missing; 'a.musicxml' was read" in read_mxl(archive(("a.musicxml", document(FULL))), "x").warnings[0]
    assert "names no score" in read_mxl(archive(("a.xml", document(FULL)), container=""), "x").warnings[0]


def test_hostile_archives_are_refused(monkeypatch):
    def said(data):
        return refused(data, read_mxl, "bad.mxl")

    good = archive(("score.xml", document(FULL)))
    assert "expected a zip archive" in said(b"%PDF-1.4")
    assert "a damaged zip archive" in said(good[: len(good) // 2])
    assert "an archive without a score" in said(archive(("readme.txt", "x"), container=""))
    link = zipfile.ZipInfo("score.xml")
    link.external_attr = 0o120777 << 16
    assert "is a link" in said(archive((link, "/etc/hostname")))
    assert "is packed by method 12" in said(archive(("score.xml", document(FULL)), compression=zipfile.ZIP_BZIP2))
    encrypted = bytearray(good)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = good.rindex(mark)
        encrypted[at + offset] |= 1
    assert "is encrypted" in said(bytes(encrypted))
    monkeypatch.setattr(musicxml, "LARGEST_DOCUMENT_BYTES", 100)
    assert "unpacks to more than 100 bytes" in said(archive(("score.xml", document(FULL)), container=""))
    monkeypatch.setattr(musicxml, "MOST_ENTRIES", 1)
    assert "more than 1 entries" in said(good)


def test_a_plain_entity_may_not_make_the_document_long():
    def said(declarations, text):
        return refused(f"<!DOCTYPE score-partwise [{declarations}]>".encode() + document(f"<x>{text}</x>" + FULL))

    word = f'<!ENTITY x "{"x" * 200}">'
    assert "declares the entity 'x'" in said(word, "&x;" * 5001)
    assert "declares the entity 'x100'" in said("".join(f'<!ENTITY x{number} "a">' for number in range(101)), "")
    assert read_musicxml(f"<!DOCTYPE score-partwise [{word}]>".encode() + document(FULL + "<x>&x;&x;</x>"), "x").note_count == 1


def test_an_element_of_countless_attributes_is_refused():
    attributes = " ".join(f'a{number}=""' for number in range(101))
    assert "an element of 101 attributes" in refused(document(f"<x {attributes}/>" + FULL))


def test_countless_tempos_are_cut_and_said():
    score = read("".join(f'<sound tempo="{number}"/>' for number in range(40, 240)) + FULL)
    assert score.warnings == ("tune.musicxml, part P1, measure 1: more than 100 tempos; the others were left out.",)
    assert [round(tempo.bpm) for tempo in score.tempos] == [139]


def test_ties_of_countless_voices_are_joined_at_once():
    many = range(8_000)
    begin = "".join(note("C", 4, 8, '<tie type="start"/>', f"<voice>{voice}</voice>").replace("<note>", "<note><chord/>") for voice in many)
    end = "".join(note("C", 4, 8, '<tie type="stop"/>', f"<voice>{voice}</voice>").replace("<note>", "<note><chord/>") for voice in many)
    score = read(note("C", 4, 8) + begin, note("C", 4, 8) + end)
    assert score.note_count == 2 + len(many)
    assert int(score.tracks[0].duration.max()) == 8 * score.ticks_per_quarter


def test_a_tie_goes_on_in_its_own_voice():
    one, two = (note("C", 4, 8, '<tie type="start"/>', f"<voice>{voice}</voice>").replace("<note>", head) for voice, head in VOICES)
    first, second = (
        note("C", 4, 8, '<tie type="stop"/>', f"<voice>{voice}</voice>").replace("<note>", head) for voice, head in VOICES[::-1]
    )
    score = read(one + BACK + two, first + BACK + second)
    assert score.tracks[0].velocity.tolist() == [45, 90]
    assert notes(score) == [(0.0, 8.0, 60), (0.0, 8.0, 60)]


VOICES = ((1, '<note dynamics="50">'), (2, '<note dynamics="100">'))
BACK = "<backup><duration>8</duration></backup>"


def test_warnings_are_short_printable_lines():
    long = document(FULL.replace("<step>C", "<step>\u2028\n")).replace(b'part id="P1"', b'part id="' + b"P" * 5000 + b'"')
    for warning in read_musicxml(long, "a\nb").warnings:
        assert warning.isprintable()
        assert len(warning) < 200


def test_the_lowest_key_comes_back_as_b_sharp():
    assert keys(read(note("B", -2, 8, alter=1))) == [0]


def test_an_archive_with_an_empty_name_or_a_broken_directory():
    good = archive(("q", ""), ("score.xml", document(FULL)))
    at = good.rindex(b"q") - 46  # its place in the directory; the lengths of name and extra field stand at 28 and 30
    assert read_mxl(good[: at + 28] + b"\0\0\1\0" + good[at + 32 :], "x").note_count == 1
    long = archive(("x" * 300 + ".xml", document(FULL)), container="")
    message = refused(long.replace(b"xxx.xml", b"xxy.xml", 1), read_mxl, "bad.mxl")  # quotes both of them
    assert "a damaged zip archive (File name in directory 'xxx" in message
    assert len(message) < 200
