"""The lenient reader on files that are odd, and on files that are broken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import ReadError
from partimento.files import midi_events, midi_lenient, midi_track
from partimento.files.midi import midi_bytes, read_midi
from partimento.files.midi_conductor import MOST_FINDINGS
from partimento.files.midi_lenient import read_midi_lenient
from partimento.files.midi_track import Budget
from partimento.score import KeySignature, Mark, Tempo, TimeSignature
from partimento.score.tempo import duration_seconds

END = b"\x00\xff\x2f\x00"


def chunk(body, claimed=None):
    return b"MTrk" + (len(body) if claimed is None else claimed).to_bytes(4, "big") + body


def file(*chunks, kind=1, tracks=None, division=480, size=6, extra=b""):
    count = len(chunks) if tracks is None else tracks
    head = b"".join(value.to_bytes(2, "big") for value in (kind, count, division))
    return b"MThd" + size.to_bytes(4, "big") + head + extra + b"".join(chunks)


def notes(*keys, channel=0, length=100):
    """One note after the other."""
    return b"".join(bytes((0, 0x90 | channel, key, 64, length, 0x80 | channel, key, 0)) for key in keys)


def meta(kind, content=b"", delta=0):
    return bytes((delta, 0xFF, kind, len(content))) + content


def read(data):
    return read_midi_lenient(data, "x.mid")


def ticks(score):
    return [(int(s), int(d), int(p)) for t in score.tracks for s, d, p in zip(t.start, t.duration, t.pitch, strict=True)]


SCALE = notes(60, 62, 64)
SCALE_TICKS = [(0, 100, 60), (100, 100, 62), (200, 100, 64)]


def test_an_intact_file_has_no_warnings():
    score = read(file(chunk(SCALE + END)))
    assert ticks(score) == SCALE_TICKS
    assert score.warnings == ()


@pytest.mark.parametrize(
    "data",
    [
        file(chunk(SCALE + END), kind=0),
        file(chunk(SCALE + END), size=8, extra=b"\x00\x00"),
        file(chunk(SCALE + END) + b"XFIH\x00\x00\x00\x02ab"),
        file(b"ABCD\x00\x00\x00\x00" + chunk(SCALE + END)),
        file(chunk(b"\x00\xf0\x02\x01\xf7" + SCALE + b"\x00\xf7\x01\x02" + END)),
        file(chunk(meta(0) + meta(0x21) + meta(0x7F, b"abc") + meta(0x54, b"\xff" * 5) + SCALE + END)),
        file(chunk(b"\x00\x90\x3c\x40\x64\x3c\x00\x00\x3e\x40\x64\x3e\x00\x00\x40\x40\x64\x40\x00" + END)),
        file(chunk(b"\x00\xc0\x05\x00\x06\x00\xd0\x01\x00\x02" + SCALE + b"\x00\xd0\x03\x00\x04" + END)),
    ],
    ids=["type0", "long header", "chunk after", "chunk before", "sysex", "odd metas", "running status", "running of one byte"],
)
def test_odd_and_intact(data):
    score = read(data)
    assert ticks(score) == SCALE_TICKS
    assert score.warnings == ()


def test_a_riff_container_is_opened():
    inner = file(chunk(SCALE + END))
    riff = b"RIFF" + (len(inner) + 12).to_bytes(4, "little") + b"RMIDdata" + len(inner).to_bytes(4, "little") + inner + b"LIST"
    assert ticks(read_midi(riff, "x.rmi")) == SCALE_TICKS
    assert read_midi(riff, "x.rmi").warnings == ()
    assert "RIFF container claims" in read(riff.replace(len(inner).to_bytes(4, "little") + inner, b"\xff\xff\x00\x00" + inner)).warnings[0]


def test_words_metre_key_and_tempo():
    body = meta(3, b"Tune") + meta(0x51, b"\x07\xa1\x20") + meta(0x58, b"\x06\x03\x18\x08") + meta(0x59, b"\xfd\x01") + meta(6, b"Trio")
    body += meta(5, b"la") + meta(1, b"creator: x") + meta(2, b"a") + meta(2, b"b") + meta(1, b"fermata") + meta(1, b"\xe9t\xe9")
    score = read(file(chunk(body + END), chunk(meta(4, b"Oboe") + SCALE + END)))
    assert score.tempos == (Tempo(0, 500_000),)
    assert score.time_signatures == (TimeSignature(0, 6, 8),)
    assert score.key_signatures == (KeySignature(0, -3, "minor"),)
    marks = {("section", "Trio"), ("lyric", "la"), ("text", "creator: x"), ("fermata", ""), ("text", "été")}
    assert {(m.kind, m.text) for m in score.marks} == marks
    assert dict(score.metadata) == {"title": "Tune", "copyright": "a; b"}
    assert score.tracks[0].name == "Oboe"


def test_the_last_tempo_of_a_tick_holds():
    score = read(file(chunk(meta(0x51, b"\x00\x00\x05") + meta(0x51, b"\x07\xa1\x20") + END), chunk(SCALE + END)))
    assert score.tempos == (Tempo(0, 500_000),)


def test_a_pickup_bar():
    body = meta(0x58, b"\x01\x02\x18\x08") + b"\x83\x60\xff\x58\x04\x03\x02\x18\x08"
    score = read(file(chunk(body + END), chunk(SCALE + END)))
    assert score.pickup == 480
    assert score.time_signatures == (TimeSignature(0, 3, 4),)


@pytest.mark.parametrize(("code", "per_frame", "second"), [(30, 80, 2400), (25, 40, 1000), (24, 100, 2400), (29, 100, 100 * 30 / 1.001)])
def test_film_frames_become_seconds(code, per_frame, second):
    division = (256 - code) << 8 | per_frame
    score = read(file(chunk(meta(0x51, b"\x01\x00\x00") + SCALE + END), division=division))
    assert duration_seconds(score) == pytest.approx(300 / second, rel=1e-5)
    assert score.warnings == ()


def test_patterns_follow_one_another():
    score = read(file(chunk(SCALE + END), chunk(meta(0x51, b"\x07\xa1\x20") + SCALE + END), kind=2))
    assert ticks(score)[3:] == [(start + 300, length, key) for start, length, key in SCALE_TICKS]
    assert score.tempos == (Tempo(300, 500_000),)
    assert "2 independent patterns" in score.warnings[0]


def test_patterns_past_the_last_tick_are_left_out():
    late = b"\xff\xff\xff\x7f\xb0\x40\x00" * 7
    score = read(file(chunk(late + SCALE + END), chunk(late + SCALE + END), kind=2))
    assert score.note_count == 3
    assert any("track 2: events later than tick" in line for line in score.warnings)


def test_a_track_for_each_channel_and_program():
    body = b"\x00\xc0\x05" + notes(60) + b"\x00\xc0\x06" + notes(62) + notes(36, channel=9) + b"\x00\xb0\x40\x7f"
    score = read(file(chunk(body + END)))
    assert [(t.program, t.is_drum, t.pitch.tolist()) for t in score.tracks] == [(5, False, [60]), (6, False, [62]), (0, True, [36])]
    assert [t.controls.tolist() for t in score.tracks] == [[], [[300, 64, 127]], []]


def test_what_a_track_without_notes_sets_holds_for_its_channel():
    conductor = b"\x00\xc0\x05\x00\xb0\x40\x7f\x00\xc3\x09"
    score = read(file(chunk(conductor + END), chunk(SCALE + END), chunk(notes(50) + END)))
    assert [(t.program, t.controls.tolist()) for t in score.tracks] == [(5, [[0, 64, 127]])] * 2


def test_notes_are_paired_first_in_first_out():
    body = b"\x00\x90\x3c\x01\x0a\x90\x3c\x02\x0a\x80\x3c\x00\x0a\x80\x3c\x00\x00\x80\x3c\x00"
    score = read(file(chunk(body + END)))
    assert ticks(score) == [(0, 20, 60), (10, 20, 60)]
    assert score.warnings == ()


DAMAGED = {
    "never released": (chunk(b"\x00\x90\x3c\x40\x10\x90\x3c\x41\x10\x80\x3c\x00" + END), "byte 22: 1 of 2 notes is never released"),
    "no length": (chunk(b"\x00\x90\x3c\x40\x00\x80\x3c\x00" + END), "1 note ends where it starts"),
    "no end": (chunk(SCALE), "track 1, byte 46: the track stops without an end-of-track event"),
    "more after end": (chunk(SCALE + END + b"\x00\x90\x3c\x40"), "4 bytes after the end of the track left out"),
    "cut length": (chunk(SCALE + END, 1000), "claims 1000 bytes of the 28 left in the file"),
    "short length": (chunk(SCALE + END, 12), "claims 12 bytes of the 28 left"),
    "short length and no end": (chunk(SCALE, 12), "the track stops without an end-of-track event"),
    "cut in message": (chunk(SCALE + b"\x00\x90\x3c"), "bytes 90 3c, expected data bytes below 80"),
    "cut in delta": (chunk(SCALE + b"\x81"), "the track stops within a number"),
    "cut after delta": (chunk(SCALE + b"\x01"), "the track stops before its end-of-track event"),
    "cut in meta": (chunk(SCALE + b"\x01\xff"), "a meta event that is cut"),
    "long number": (chunk(SCALE + b"\x81\x82\x83\x84\x85" + END), "a number that does not end within 4 bytes"),
    "meta too long": (chunk(SCALE + b"\x00\xff\x01\x7fabc" + END), "meta event of type 01 that claims 127 bytes where 7 are left"),
    "sysex too long": (chunk(SCALE + b"\x00\xf0\x7fabc" + END), "a system exclusive that claims 127 bytes"),
    "no such status": (chunk(SCALE + b"\x00\xf4" + END), "status byte F4, which has no meaning in a file"),
    "real time": (chunk(b"\x00\xfe" + SCALE + END), "real-time byte FE, which does not belong in a file, skipped"),
    "data without status": (
        chunk(SCALE + END) + chunk(b"\x00\x3c\x40"),
        "track 2, byte 59: bytes 3c 40, expected a status byte of 80 or above",
    ),
    "bad data byte": (chunk(SCALE + b"\x00\x90\x90\x40" + END), "bytes 90 90 40, expected data bytes below 80"),
    "running over meta": (chunk(SCALE + meta(1, b"a") + b"\x00\x3c\x00" + END), "running status goes on across a meta event"),
    "unknown meta": (chunk(b"\x00\xff\x80\x00" + SCALE + END), "meta event of type 80, expected 00 to 7F"),
    "tempo 0": (chunk(meta(0x51, b"\x00\x00\x00") + SCALE + END), "a tempo of 3 bytes and 0 us"),
    "tempo short": (chunk(meta(0x51, b"\x01") + SCALE + END), "a tempo of 1 bytes"),
    "time signature": (chunk(meta(0x58, b"\x04\x1f\x18\x08") + SCALE + END), "a time signature of 4 bytes 04 1f 18 08"),
    "key signature": (chunk(meta(0x59, b"\x08\x00") + SCALE + END), "a key signature of 2 bytes 08 00"),
    "zeros after": (chunk(SCALE + END) + bytes(99), "99 bytes that are no chunk skipped"),
    "stray between": (chunk(SCALE + END) + b"??" + chunk(END), "2 bytes that are no chunk skipped"),
    "half a head": (chunk(SCALE + END) + b"MTrk\x00", "the file stops within the head of a track"),
    "late": (chunk(SCALE + b"\xff\xff\xff\x7f\x90\x3c\x40" * 9 + END), "events later than tick 2147483647"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_stands_before_the_damage_is_kept_and_the_damage_said(case):
    chunks, said = DAMAGED[case]
    count = chunks.count(b"MTrk") - chunks.endswith(b"MTrk\x00")
    score = read_midi(file(chunks, tracks=count), "x.mid")
    assert score.note_count >= 1
    if case not in ("never released", "no length"):
        assert ticks(score)[:3] == SCALE_TICKS
    assert any(said in line for line in score.warnings), score.warnings
    assert all(line.startswith("x.mid, ") and line.isprintable() for line in score.warnings)


def test_the_header_is_repaired():
    assert "promises 5 tracks, the file has 1" in read(file(chunk(SCALE + END), tracks=5)).warnings[0]
    assert "a file of type 7" in read(file(chunk(SCALE + END), kind=7)).warnings[0]
    assert "a header of 0 bytes" in read(file(chunk(SCALE + END), size=0)).warnings[0]
    for division in (0, 0xFFFF, 0x8000, 0xE200):
        score = read(file(chunk(SCALE + END), division=division))
        assert score.ticks_per_quarter == 480
        assert f"a division of {division}" in score.warnings[0]


def test_stray_bytes_before_the_header():
    score = read(b"\xef\xbb\xbf" + file(chunk(SCALE + END)))
    assert ticks(score) == SCALE_TICKS
    assert "3 bytes before the MIDI header skipped" in score.warnings[0]


@pytest.mark.parametrize("data", [b"", b"<html>\n", b"\xff\xfeM\x00T\x00", b"PK\x03\x04" + bytes(2000) + b"MThd"])
def test_what_is_no_midi_file(data):
    with pytest.raises(ReadError, match=r"^x\.mid, byte 0: found '.*', expected a MIDI file, which begins with 'MThd'") as caught:
        read_midi(data, "x.mid")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"MThd", b"MThd\x00\x00\x00\x06\x00\x01", file(chunk(SCALE + END), size=0xFFFFFFFF)])
def test_a_header_that_is_none(data):
    with pytest.raises(ReadError, match=r"x\.mid, byte 4: a header of \d+ bytes in a file of \d+, expected 6"):
        read_midi(data, "x.mid")


@pytest.mark.parametrize("data", [file(), file() + b"MTrk\x00"])
def test_a_header_without_tracks(data):
    with pytest.raises(ReadError, match="a MIDI header and no track"):
        read_midi(data, "x.mid")


def test_damage_before_the_first_note():
    with pytest.raises(ReadError, match=r"x\.mid, track 1, byte 23: bytes 3c 40 64, expected a status byte .* No note could be read"):
        read_midi(file(chunk(b"\x00\x3c\x40\x64" + END)), "x.mid")


def test_an_intact_file_without_notes_is_a_score():
    score = read_midi(file(chunk(END)), "x.mid")
    assert (score.note_count, score.warnings) == (0, ())


def test_findings_are_counted_where_they_are_too_many():
    score = read(file(chunk(b"\x00\xfe" * 150 + SCALE + END)))
    assert len(score.warnings) == MOST_FINDINGS + 1
    assert score.warnings[-1] == "x.mid: and 50 findings more."


def test_a_file_name_of_two_lines_stays_on_one():
    assert read_midi_lenient(file(chunk(SCALE)), "two\nlines.mid").warnings[0].startswith("two\\nlines.mid, ")


def test_sizes_are_bounded(monkeypatch):
    monkeypatch.setattr(midi_lenient, "MOST_CHUNKS", 3)
    score = read(file(*[chunk(SCALE + END)] * 5))
    assert len(score.tracks) == 3
    assert "more than 3 chunks" in score.warnings[0]
    monkeypatch.setattr(midi_lenient, "Budget", lambda: Budget(steps=4))
    assert "meta events and the like; what follows" in read(file(chunk(SCALE + meta(1, b"a") * 9 + END))).warnings[0]
    monkeypatch.setattr(midi_lenient, "Budget", lambda: Budget(messages=6))
    score = read(file(chunk(SCALE + meta(1, b"a") + SCALE + END)))
    assert ticks(score) == SCALE_TICKS
    assert "messages; what follows in this track is left out" in score.warnings[0]
    monkeypatch.undo()
    monkeypatch.setattr(midi_events, "MOST_TRACKS", 2)
    assert "more than 2 instruments" in read(file(*[chunk(SCALE + END)] * 5)).warnings[0]


def test_pedals_are_not_lent_without_end(monkeypatch):
    monkeypatch.setattr(midi_events, "MOST_LENT", 1)
    score = read(file(chunk(b"\x00\xb0\x40\x7f" + END), *[chunk(SCALE + END)] * 4))
    assert [len(t.controls) for t in score.tracks] == [1, 1, 0, 0]


def test_long_tracks_are_read_in_blocks(monkeypatch):
    monkeypatch.setattr(midi_track, "_BLOCK_BYTES", 7)
    monkeypatch.setattr(midi_track, "_BLOCK_MESSAGES", 5)
    body = (
        notes(*range(40, 80)) + b"\x00\xc0\x01\x00\x02\x00\x03" + meta(6, b"B") + b"\x05\x90\x3c\x40\x05\x3c\x00\x05\xd0\x01\x05\x02" + END
    )
    blocks = read(file(chunk(body)))
    monkeypatch.undo()
    whole = read(file(chunk(body)))
    assert midi_bytes(blocks) == midi_bytes(whole)
    assert whole.marks == (Mark(4000, "section", "B"),)
    assert [t.program for t in whole.tracks] == [0, 3]
    assert blocks.warnings == whole.warnings == ()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_damage_raises_anything_but_a_read_error(data):
    intact = file(chunk(meta(3, b"a") + meta(0x58, b"\x04\x02\x18\x08") + END), chunk(b"\x00\xc0\x05" + SCALE + b"\x00\xb0\x40\x7f" + END))
    broken = bytearray(intact)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4)) or b"\x00"
    try:
        score = read_midi(bytes(broken), "x.mid")
    except ReadError as error:
        assert str(error).startswith("x.mid")
        return
    back = read_midi(midi_bytes(score), "y.mid")
    assert back.note_count == score.note_count
    assert back.warnings == ()


@pytest.mark.parametrize("size", [None, 0, 2**32 - 1])
def test_a_riff_container_is_walked_to_its_music(size):
    inner = file(chunk(SCALE + END))
    info = b"LIST" + (4001).to_bytes(4, "little") + b"INFO" + bytes(3998)  # longer than stray bytes may be, and padded
    length = (len(inner) if size is None else size).to_bytes(4, "little")
    score = read(b"RIFF" + bytes(4) + b"RMID" + info + b"data" + length + inner)
    assert ticks(score) == SCALE_TICKS
    assert bool(score.warnings) == (size is not None)


def test_music_within_a_zip_archive_is_not_guessed():
    with pytest.raises(ReadError, match="byte 0: found 'PK"):
        read(b"PK\x03\x04" + bytes(26) + file(chunk(SCALE + END)))


def test_countless_copyrights_are_joined_once():
    many = b"".join(b"\x00\xff\x02\x83\x68" + b"%08d" % number + b"c" * 480 for number in range(20_000))
    assert len(read(file(chunk(many + SCALE + END))).metadata["copyright"]) == 20_000 * 490 - 2
