"""The check of whole arrays says exactly what the expressions of `midi_track` say, and both readers still agree."""

from types import SimpleNamespace

import pytest
import symusic
from hypothesis import example, given, settings
from hypothesis import strategies as st

from partimento.errors import ReadError
from partimento.files import midi as midi_module
from partimento.files import midi_track
from partimento.files.midi import read_midi
from partimento.files.midi_lenient import read_midi_lenient
from partimento.files.midi_plain import plain_messages
from partimento.files.midi_track import ONE_PROGRAM

END = b"\x00\xff\x2f\x00"

LOW, HIGH = st.integers(0, 127), st.integers(128, 255)
TIME = st.one_of(
    st.sampled_from([b"\x00", b"\x05", b"\x81\x00", b"\x83\x60", b"\x81\x80\x00", b"\xff\xff\x7f", b"\xff\xff\xff\x7f"]),
    st.builds(lambda high, low: bytes([*high, low]), st.lists(HIGH, max_size=3), LOW),
)
KEY = st.sampled_from([60, 61, 64])
ONE_CHANNEL = st.one_of(
    st.builds(lambda status, key, value: bytes((status, key, value)), st.sampled_from([0x93, 0x93, 0x83]), KEY, st.sampled_from([0, 64])),
    st.builds(lambda status, one, two: bytes((status, one, two)), st.sampled_from([0xA3, 0xB3, 0xB3, 0xE3]), LOW, LOW),
    st.builds(lambda one, two: bytes((one, two)), KEY, st.sampled_from([0, 64, 127])),  # running status
)
OTHERS = st.sampled_from(
    [b"\xc3\x05", b"\xd3\x07", b"\x05", b"\x90\x3c\x40", b"\xff\x01\x01A", b"\xf0\x02\x01\xf7", b"\xf8", b"\x93\x3c\xf8"]
)
PLAIN = st.lists(st.builds(bytes.__add__, TIME, ONE_CHANNEL), min_size=1, max_size=12).map(b"".join)
MIXED = st.lists(st.builds(bytes.__add__, TIME, st.one_of(ONE_CHANNEL, ONE_CHANNEL, OTHERS)), min_size=1, max_size=12).map(b"".join)


@st.composite
def damaged(draw, sound=PLAIN):
    """Bytes that were messages, with up to three flipped, lost or put in."""
    body = bytearray(draw(sound))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        how = draw(st.sampled_from(["flip", "lose", "insert", "cut"]))
        if how == "flip" and body:
            body[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "lose":
            del body[at : at + 1]
        elif how == "insert":
            body.insert(at, draw(st.integers(0, 255)))
        else:
            del body[at + 1 :]
    return bytes(body)


def by_expression(body):
    """The channel of messages that the expression takes whole, if they are of one channel and have two bytes of data each, else None."""
    found = ONE_PROGRAM.match(body)
    if not body or found is None or found.end() != len(body):
        return None
    heads = [event[midi_track.number_at(event, 0, len(event))[1]] for event in midi_track._EVENT.findall(body)]
    statuses = {head for head in heads if head >= 0x80}
    channels = {status & 15 for status in statuses}
    return channels.pop() if len(channels) == 1 and not any(0xC0 <= status < 0xE0 for status in statuses) else None


def ticks_of(body):
    """Where the last of plain messages stands, number by number."""
    place = tick = 0
    while place < len(body):
        delta, place = midi_track.number_at(body, place, len(body))
        tick, place = tick + delta, place + 2 + (body[place] >= 0x80)
    return tick


@settings(max_examples=400, deadline=None)
@given(st.one_of(damaged(), damaged(MIXED), st.binary(min_size=1, max_size=12)), st.binary(max_size=3), st.binary(max_size=3))
@example(b"\x00\x3c\x40\x00\x93\x3c\x40", b"", b"")  # data before the first status
@example(b"\x00\x93\x3c\x40\x81", b"", b"\x00")  # half a time at the end
@example(b"\x00\x93\x3c\x40\x00\xc3\x05\x06", b"", b"")  # kinds of message that have not two bytes
@example(b"\x00\x93\x3c\x40\x00\xd3\x05\x06", b"", b"")
@example(b"\x00\x93\x3c\x40\x00\xf3\x05\x06", b"", b"")
@example(b"\xff\xff\xff\xff\x7f\x93\x3c\x40", b"", b"")  # a time of five bytes
@example(b"\x00\x93\x93\x3c\x40", b"", b"")
def test_the_verdict_is_that_of_the_expressions(body, before, after):
    data = before + body + after
    found = plain_messages(data, len(before), len(before) + len(body)) if body else None
    assert (None if found is None else found.channel) == by_expression(body)
    if found is not None:
        assert found.before_tick > ticks_of(body)


def test_plain_messages_are_taken():
    body = b"\x00\xb3\x40\x7f\x81\x80\x00\x93\x3c\x40\x83\x60\x3c\x00"
    assert plain_messages(body, 0, len(body)) is not None
    assert plain_messages(body, 0, len(body)).channel == 3


def file(*chunks):
    head = b"MThd\x00\x00\x00\x06\x00\x01" + len(chunks).to_bytes(2, "big") + b"\x01\xe0"
    return head + b"".join(b"MTrk" + len(chunk).to_bytes(4, "big") + chunk for chunk in chunks)


def outcome(read, data):
    """All that a reader says of a file, its refusal too."""
    try:
        score = read(data, "x.mid")
    except ReadError as error:
        return str(error)
    tracks = [
        (
            one.name,
            one.program,
            one.is_drum,
            one.controls.tolist(),
            *(column.tolist() for column in (one.start, one.duration, one.pitch, one.velocity)),
        )
        for one in score.tracks
    ]
    return (score.ticks_per_quarter, score.tempos, score.marks, score.pickup, dict(score.metadata), score.warnings, tracks)


def notes_first(body):
    """A note that is whole, so that there is something to read."""
    return b"\x00\x93\x3c\x40\x10\x83\x3c\x00" + body


BEFORE = [b"", b"\x00\xc3\x07", b"\x00\xc2\x07", b"\x10\xff\x51\x03\x07\xa1\x20\x00\xc3\x01", b"\x00\xff\x03\x01A"]
BODY = st.one_of(PLAIN, PLAIN.map(notes_first), damaged(), damaged(MIXED).map(notes_first))


@settings(max_examples=300, deadline=None)
@given(
    BODY, TIME, st.sampled_from([b"", b"\x00\xc3\x07", b"\x00\xc2\x07", b"\x10\xff\x51\x03\x07\xa1\x20\x00\xc3\x01", b"\x00\xff\x03\x01A"])
)
def test_both_readers_agree(body, last, before):
    data = file(before + body + last + END[1:])
    assert outcome(read_midi, data) == outcome(read_midi_lenient, data)


@settings(max_examples=200, deadline=None)
@given(damaged(PLAIN.map(lambda body: file(b"\x00\xff\x51\x03\x07\xa1\x20" + END, b"\x00\xc3\x05" + notes_first(body) + END))))
def test_both_readers_agree_on_any_damage(data):
    assert outcome(read_midi, data) == outcome(read_midi_lenient, data)


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x93\x3c\x40\x10\x3c\x00",  # running status
        b"\x00\xc3\x05\x00\x93\x3c\x40\x83\x60\x83\x3c\x00",
        b"\x00\xff\x03\x05Piano\x00\xc3\x05\x00\x93\x3c\x40\x83\x60\x83\x3c\x00",
    ],
)
def test_a_performance_needs_no_expression(monkeypatch, body):
    def refuse(*_):
        raise AssertionError("an expression was asked")

    data = file(body + b"\x81\x80\x00" + END[1:])
    expected = outcome(read_midi_lenient, data)
    monkeypatch.setattr(midi_module, "_expressed", refuse)
    monkeypatch.setattr(midi_module, "read_midi_lenient", refuse)
    assert outcome(read_midi, data) == expected


@pytest.mark.parametrize(("times", "is_asked"), [(7, True), (8, False)])
def test_no_time_that_could_wrap_around_reaches_symusic(monkeypatch, times, is_asked):
    """Times are added up in 32 bits there: eight of the longest are too much."""
    asked = []

    def from_midi(data):
        asked.append(data)
        return symusic.Score.from_midi(data)

    body = b"\x00\x93\x3c\x40" + b"\xff\xff\xff\x7f\x3d\x00" * times + b"\x00\x3c\x00" + END
    monkeypatch.setattr(midi_module, "symusic", SimpleNamespace(Score=SimpleNamespace(from_midi=from_midi)))
    assert outcome(read_midi, file(body)) == outcome(read_midi_lenient, file(body))
    assert bool(asked) == is_asked
