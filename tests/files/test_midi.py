"""MIDI written and read back, and symusic's fast path against our own reader."""

import io
from dataclasses import replace
from types import SimpleNamespace

import mido
import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import ScoreError
from partimento.files import midi as midi_module
from partimento.files.midi import midi_bytes, read_midi
from partimento.files.midi_lenient import read_midi_lenient
from partimento.files.midi_write import MOST_DELTA, assign_channels
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.note import LAST_TICK
from partimento.score.tempo import duration_seconds


def track(*notes, **more):
    columns = list(zip(*notes, strict=True)) or [[], [], [], []]
    return Track(*columns, **more)


def notes_of(one):
    return sorted(zip(one.start.tolist(), one.duration.tolist(), one.pitch.tolist(), one.velocity.tolist(), strict=True))


def content(score):
    """Everything a score says, in values that compare."""
    tracks = [(t.name, t.program, t.is_drum, t.controls.tolist(), notes_of(t)) for t in score.tracks]
    signatures = (score.tempos, score.time_signatures, score.key_signatures)
    return (score.ticks_per_quarter, *signatures, score.marks, score.pickup, dict(score.metadata), score.warnings, tracks)


def again(score):
    return read_midi(midi_bytes(score), "again.mid")


FULL = Score(
    ticks_per_quarter=96,
    tracks=(
        track((0, 96, 60, 80), (96, 96, 64, 81), name="Soprano", program=52, controls=[[0, 7, 100], [10, 64, 127], [90, 64, 0]]),
        track((0, 192, 48, 70), name="Bass ♭", program=32),
        track((0, 10, 36, 100), (96, 10, 38, 100), name="Drums", is_drum=True),
    ),
    tempos=(Tempo(0, 500_000), Tempo(96, 400_000)),
    time_signatures=(TimeSignature(0, 3, 4), TimeSignature(288, 6, 8)),
    key_signatures=(KeySignature(0, -3, "minor"), KeySignature(96, 2, "dorian")),
    marks=(
        Mark(0, "chord", "Am7"),
        Mark(0, "section", "A"),
        Mark(0, "text", "chord: not one"),
        Mark(0, "text", "info x: not metadata"),
        Mark(24, "lyric", "Ky-"),
        Mark(48, "repeat", "start"),
        Mark(96, "fermata"),
        Mark(96, "figure", "6/4"),
        Mark(96, "text", "dolce"),
    ),
    metadata={"title": "Prélude", "composer": "J. S. Bach", "copyright": "none", "provenance": "composed by a machine", "rhythm": "reel"},
)


def test_everything_comes_back():
    assert content(again(FULL)) == content(FULL)


def test_the_same_score_gives_the_same_bytes():
    assert midi_bytes(FULL) == midi_bytes(again(FULL))


def test_mido_reads_what_was_written():
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(FULL)))
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 96, 4)
    conducting = [message for message in file.tracks[0] if message.type != "end_of_track"]
    assert conducting[0].type == "track_name"
    assert any(message.type == "text" and message.text == "provenance: composed by a machine" for message in conducting)
    struck = [m for one in file.tracks for m in one if m.type == "note_on" and m.velocity]
    assert len(struck) == FULL.note_count
    now = last = 0.0
    for message in file:
        now += message.time
        last = now if message.type == "note_on" else last
    assert last == pytest.approx(duration_seconds(FULL))


def test_symusic_reads_the_same_notes():
    found = symusic.Score.from_midi(midi_bytes(FULL))
    theirs = sorted((n.time, n.duration, n.pitch, n.velocity) for t in found.tracks for n in t.notes)
    assert theirs == sorted(note for t in FULL.tracks for note in notes_of(t))
    assert [t.qpm for t in found.tempos] == pytest.approx([tempo.bpm for tempo in FULL.tempos])


@pytest.mark.parametrize("pickup", [24, 96, 100, 287])
def test_a_pickup_comes_back(pickup):
    score = replace(FULL, pickup=pickup, time_signatures=(TimeSignature(0, 3, 4), TimeSignature(pickup + 288, 2, 4)))
    assert content(again(score)) == content(score)


def test_a_pickup_is_a_first_bar_of_a_shorter_signature():
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(replace(FULL, pickup=48, time_signatures=(TimeSignature(0, 4, 4),)))))
    ticks = np.cumsum([message.time for message in file.tracks[0]]).tolist()
    signatures = [(m.numerator, m.denominator, t) for m, t in zip(file.tracks[0], ticks, strict=True) if m.type == "time_signature"]
    assert signatures == [(1, 8, 0), (4, 4, 48)]


def test_a_short_first_bar_that_is_no_pickup_stays():
    score = replace(FULL, time_signatures=(TimeSignature(0, 2, 4), TimeSignature(192, 4, 4)))
    assert content(again(score)) == content(score)


def test_a_note_ends_where_its_key_is_struck_again():
    score = Score(tracks=(track((0, 1000, 60, 80), (480, 100, 60, 90), (480, 700, 60, 91), (600, 10, 61, 1)),))
    assert notes_of(again(score).tracks[0]) == [(0, 480, 60, 80), (480, 100, 60, 90), (480, 700, 60, 91), (600, 10, 61, 1)]


@pytest.mark.parametrize("programs", [1, 14, 20])
def test_thirty_melodic_tracks_share_fifteen_channels(programs):
    tracks = tuple(track((i, 10, 60, 80), (i + 50, 10, 60 + i, 80), name=str(i), program=i % programs) for i in range(30))
    channels = assign_channels(tracks)
    assert set(channels) == set(range(16)) - {9}
    score = Score(tracks=tracks)
    assert content(again(score)) == content(score)
    # Whoever plays the file in the order of time hears each note with its track's program.
    sounding = {}
    heard = {}
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(midi_bytes(score))).tracks):
        if message.type == "program_change":
            sounding[message.channel] = message.program
        if message.type == "note_on" and message.velocity and message.note > 60:
            heard[message.note] = sounding[message.channel]
    assert heard == {60 + i: i % programs for i in range(1, 30)}


def test_channels_are_kept_for_programs_to_come():
    few = [track((0, 1, 60, 1), program=p) for p in [0] * 16 + [1]]
    assert assign_channels(few)[:14] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14]
    assert assign_channels(few)[16] == 15
    assert assign_channels([track((0, 1, 60, 1), is_drum=True), *few[:2]]) == [9, 0, 1]


def test_a_silence_longer_than_a_number_can_say():
    score = Score(tracks=(track((0, 10, 60, 80), (3 * MOST_DELTA, 10, 62, 80)),))
    assert content(again(score)) == content(score)


def test_a_track_without_notes_is_written_and_not_read():
    assert len(mido.MidiFile(file=io.BytesIO(midi_bytes(Score(tracks=(Track(name="tacet"),))))).tracks) == 2
    assert again(Score(tracks=(Track(name="tacet"),))).tracks == ()


def test_a_score_with_too_many_tracks():
    with pytest.raises(ScoreError, match="65535 tracks, a MIDI file holds at most 65534"):
        midi_bytes(Score(tracks=(Track(),) * 65_535))


@pytest.mark.parametrize("tick", [0.5, LAST_TICK + 1])
def test_a_mark_at_no_tick(tick):
    with pytest.raises(ScoreError, match=r"Mark at tick .* expected a whole tick"):
        midi_bytes(Score(marks=(Mark(tick, "text", "late"),)))


def test_a_controller_after_the_last_tick():
    with pytest.raises(ScoreError, match="controller change after tick"):
        midi_bytes(Score(tracks=(track((0, 1, 60, 1), controls=[[LAST_TICK + 1, 64, 0]]),)))


def test_a_mark_of_two_words():
    with pytest.raises(ScoreError, match="kind 'two words', expected one word"):
        midi_bytes(Score(marks=(Mark(0, "two words", ""),)))


def test_a_track_that_was_broken_after_it_was_made():
    broken = track((0, 10, 60, 80))
    object.__setattr__(broken, "start", np.array([-5]))
    with pytest.raises(ScoreError, match="start is -5, expected 0 to"):
        midi_bytes(Score(tracks=(broken,)))


NOTE = st.tuples(st.integers(0, 400), st.integers(1, 200), st.integers(58, 64), st.integers(1, 127))
CONTROL = st.tuples(st.integers(0, 400), st.sampled_from([7, 10, 11, 64, 66, 67]), st.integers(0, 127))
TEXT = st.text(max_size=6)
MARKS = st.builds(Mark, st.integers(0, 300), st.sampled_from(["chord", "fermata", "lyric", "text", "section", "repeat"]), TEXT)


@st.composite
def scores(draw):
    tracks = []
    for _ in range(draw(st.integers(0, 4))):
        found = draw(st.lists(NOTE, min_size=1, max_size=12))
        controls = draw(st.lists(CONTROL, max_size=4))
        is_drum = draw(st.booleans())
        tracks.append(track(*found, program=draw(st.integers(0, 127)), is_drum=is_drum, controls=np.array(controls).reshape(-1, 3)))
    return Score(
        ticks_per_quarter=draw(st.integers(1, 32767)),
        tracks=tuple(tracks),
        tempos=tuple(Tempo(t, u) for t, u in draw(st.dictionaries(st.integers(0, 300), st.integers(1, 0xFFFFFF), max_size=3)).items()),
        marks=tuple(draw(st.lists(MARKS, max_size=4))),
    )


@settings(max_examples=60, deadline=None)
@given(scores())
def test_any_score_comes_back(score):
    found = again(score)
    assert found.warnings == ()
    assert [len(t) for t in found.tracks] == [len(t) for t in score.tracks]
    assert [sorted(zip(t.start, t.pitch, t.velocity, strict=True)) for t in found.tracks] == [
        sorted(zip(t.start, t.pitch, t.velocity, strict=True)) for t in score.tracks
    ]
    assert [t.controls.tolist() for t in found.tracks] == [t.controls.tolist() for t in score.tracks]
    assert [t.program for t in found.tracks] == [t.program for t in score.tracks]
    assert found.tempos == score.tempos
    assert sorted(found.marks) == sorted(score.marks)
    assert midi_bytes(found) == midi_bytes(again(found))


DELTA = st.sampled_from([b"\x00", b"\x05", b"\x60", b"\x81\x00", b"\x83\x60", b"\x81\x80\x00"])
MESSAGE = st.sampled_from(
    [bytes((status, key, value)) for status in (0x90, 0x80, 0x91) for key in (60, 61) for value in (0, 64)]
    + [
        b"\xb0\x40\x7f",
        b"\xb0\x01\x7f",
        b"\xe0\x00\x40",
        b"\xc0\x05",
        b"\xd0\x07",
        b"\xa0\x3c\x01",
        b"\x3c\x40",
        b"\x3c\x00",
        b"\xff\x01\x01A",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(DELTA, MESSAGE), max_size=14), DELTA)
def test_both_readers_agree(events, first):
    """symusic's reading, wherever it is trusted, is our own reader's, with the same findings."""
    body = first + b"\x90\x3c\x40\x10\x90\x3c\x00" + b"".join(d + m for d, m in events) + b"\x00\xff\x2f\x00"
    file = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(body).to_bytes(4, "big") + body
    assert content(read_midi(file, "x.mid")) == content(read_midi_lenient(file, "x.mid"))


def test_a_performance_is_read_by_symusic(monkeypatch):
    score = Score(tracks=(track((0, 96, 60, 80), (96, 96, 64, 81), program=3, controls=[[10, 64, 127]]),))

    def refuse(data, name):
        raise AssertionError("the fast path was not taken")

    monkeypatch.setattr(midi_module, "read_midi_lenient", refuse)
    assert content(again(score)) == content(score)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x00\x90\x3c\x40\x10\x90\x3e\x40\x10\x3c\x00", "a note that is never released, which symusic drops in silence"),
        (b"\x00\x90\x3c\x40\x00\x3c\x00", "a note without length"),
        (b"\x00\x90\x3c\x40\x10\x3c\x00" + b"\xff\xff\xff\x7f\xb0\x40\x00" * 10, "times that do not fit into 32 bits"),
    ],
)
def test_what_symusic_would_hide_is_found(body, why):
    body += b"\x00\xff\x2f\x00"
    file = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xe0MTrk" + len(body).to_bytes(4, "big") + body
    assert read_midi(file, "x.mid").warnings, why
    assert content(read_midi(file, "x.mid")) == content(read_midi_lenient(file, "x.mid"))


def test_where_symusic_fails_our_reader_reads(monkeypatch):
    def fail(data):
        raise RuntimeError("no")

    monkeypatch.setattr(midi_module, "symusic", SimpleNamespace(Score=SimpleNamespace(from_midi=fail)))
    assert content(again(FULL)) == content(FULL)
    performance = Score(tracks=FULL.tracks[:1])
    assert content(again(performance)) == content(performance)


def test_a_very_long_file_is_read_in_blocks(monkeypatch):
    data = midi_bytes(Score(tracks=(Track([0, 480], [480, 480], [60, 62], [64, 64]),)))
    monkeypatch.setattr(midi_module, "_MOST_BYTES", len(data) - 1)
    monkeypatch.setattr(midi_module, "_played", None)  # would be called by the fast reader
    assert read_midi(data, "x.mid").note_count == 2
