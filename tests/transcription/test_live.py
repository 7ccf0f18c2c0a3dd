"""An ear that hears music as it is played says what it would say of a recording, a little later than it happens."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from partimento.audio.level import REFERENCE_DB, SettlingLevel, gated_level_db
from partimento.audio.spectrum import SAMPLE_RATE
from partimento.audio.thirds import THIRDS
from partimento.errors import ConfigError
from partimento.evaluation.note_matching import agreement
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_graph import key_net_graph
from partimento.models.key_net_live_graph import key_net_live_graph
from partimento.score import Score, Track
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.transcription import live as module
from partimento.transcription.ear import Ear
from partimento.transcription.live import LiveTranscriber
from partimento.transcription.note_decoding import Thresholds, notes_of
from partimento.transcription.note_stream import LetGo, NoteStream, Struck
from partimento.transcription.transcriber import load_transcriber

SOBER = Thresholds(onset=0.3, frame=0.3, offset=0.4)
CREDULOUS = Thresholds(onset=0.001, frame=0.3, offset=0.4)
"""For ears that have learnt nothing."""


@pytest.fixture(scope="module")
def ear():
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1, 2), narrow=2)
    network = KeyNet(config)
    network(torch.rand(2, 30, 2, 300))
    return Ear(key_net_graph({name: value.numpy() for name, value in network.eval().state_dict().items()}, asdict(config)))


@pytest.fixture(scope="module")
def live():
    """One that hears on."""
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1, 2), narrow=2, ahead=1)
    network = KeyNet(config)
    network(torch.rand(2, 30, 2, 300))
    return Ear(key_net_live_graph({name: value.numpy() for name, value in network.eval().state_dict().items()}, asdict(config)))


def strokes(seconds):
    """Tones that begin now and then, in noise."""
    random = np.random.default_rng(1)
    sound = random.normal(0, 0.003, round(seconds * SAMPLE_RATE)).astype(np.float32)
    for at in range(0, len(sound) - 4000, 6000):
        time = np.arange(len(sound) - at) / SAMPLE_RATE
        sound[at:] += 0.2 * np.sin(2 * np.pi * random.uniform(100, 2000) * time) * np.exp(-4 * time)
    return np.asarray(sound, np.float32)


def told(listener, sound, sizes=()):
    events, at = [], 0
    for size in sizes:
        events += listener.push(sound[at : at + size])
        at += size
    return events + listener.push(sound[at:]) + listener.finish()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [(40, 0, 1, 59), (1,) * 100, (100,)])
def test_a_stream_of_curves_has_the_notes_of_the_whole(seed, sizes):
    random = np.random.default_rng(seed)
    heads = random.random((4, 100, 88)).astype(np.float32) ** [[[3]], [[0.3]], [[4]], [[1]]]
    heads = (np.rint(heads * 20) / 20).astype(np.float32)  # so that some are alike
    whole = notes_of(*heads, thresholds=SOBER, rate=50.0)
    stream, events, at = NoteStream(SOBER, rate=50.0), [], 0
    for size in sizes:
        events += stream.push(heads[:, at : at + size])
        at += size
    events += stream.finish()
    found = stream.notes()
    assert len(whole.start) > 100 and len(stream) == len(whole.start)
    for name in ("start", "end", "key", "velocity"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name)), name
    assert sum(isinstance(event, Struck) for event in events) == sum(isinstance(event, LetGo) for event in events) == len(whole.start)
    sounding = set()
    for event in events:  # a key is let go before it is struck again
        (sounding.add if isinstance(event, Struck) else sounding.remove)(event.key)
    assert not sounding


def test_a_key_is_not_struck_twice_at_once():
    heads = np.zeros((4, 20, 88), np.float32)
    heads[0, [5, 7, 12], 30] = 0.9
    assert sum(isinstance(event, Struck) for event in NoteStream(SOBER, rate=50.0).push(heads)) == 3
    events = NoteStream(SOBER, rate=50.0, apart=4).push(heads)
    assert [event.onset_seconds for event in events if isinstance(event, Struck)] == [0.1, 0.24]


def test_a_stream_of_nothing_has_no_notes():
    stream = NoteStream(SOBER, rate=50.0)
    assert not stream.push(np.zeros((4, 0, 88), np.float32)) and not stream.finish() and not stream.notes().start.size


@pytest.mark.parametrize("sizes", [(1, 2, 3), [160] * 180, [5000, 0, 12_345]])
def test_blocks_of_any_size_give_the_same_events(ear, live, sizes):
    sound = strokes(2.3)
    for each in (ear, live):
        assert told(LiveTranscriber(each, CREDULOUS), sound, sizes) == (whole := told(LiveTranscriber(each, CREDULOUS), sound))
        assert sum(isinstance(event, Struck) for event in whole) > 5


@pytest.mark.parametrize("frames", [1, 319, 320, 1919, 1920, 1921, 40_000, 41_017])
@pytest.mark.parametrize("hears_on", [False, True])
def test_who_hears_all_that_follows_hears_what_a_recording_says(ear, live, monkeypatch, frames, hears_on):
    ear = live if hears_on else ear
    monkeypatch.setattr(module.SettlingLevel, "gain", 1.0)
    monkeypatch.setattr(module, "APART_SECONDS", 0.0)
    sound = strokes(4)[:frames]
    heard = []
    monkeypatch.setattr("partimento.transcription.ear.levelled", lambda blocks, rate: blocks)
    offline = ear.hear([sound])
    listener = LiveTranscriber(ear, CREDULOUS, look_ahead_seconds=None if hears_on else 5, watch=heard.append)
    told(listener, sound)
    whole = notes_of(*(offline.curve(name) for name in ("onset", "frame", "offset", "velocity")), thresholds=CREDULOUS, rate=50.0)
    assert sum(map(len, heard)) == len(offline.pedal) == -(-frames // THIRDS.hop)
    assert listener.note_count == pytest.approx(len(whole.start), rel=0.02)  # a byte may be rounded otherwise
    assert np.abs(np.concatenate(listener._pedal).astype(int) - offline.pedal).max(initial=0) <= 1
    assert listener.score().note_count == listener.note_count


@pytest.mark.parametrize("hears_on", [False, True])
def test_notes_come_in_time(ear, live, hears_on):
    listener = LiveTranscriber(live, CREDULOUS) if hears_on else LiveTranscriber(ear, CREDULOUS, look_ahead_seconds=0.2)
    assert listener.look_ahead_seconds <= listener.reach_seconds
    sound, struck = strokes(3), 0
    for at in range(0, len(sound), 160):
        for event in listener.push(sound[at : at + 160]):
            if isinstance(event, Struck):
                struck += 1
                assert (at + 160) / SAMPLE_RATE - event.onset_seconds <= listener.latency_seconds + 0.02  # a block, half a moment
    assert struck > 5
    assert listener.latency_seconds == pytest.approx(listener.look_ahead_seconds + 0.128 + (module.ON_SECONDS if hears_on else 0.12))


def test_what_is_no_number_is_silence_and_nothing_is_no_note(ear):
    listener = LiveTranscriber(ear, Thresholds(onset=0.99))
    broken = np.full(4000, np.nan, np.float32)
    broken[::3] = np.inf
    assert not listener.push(broken) and not listener.finish() and not listener.score().note_count
    silent = LiveTranscriber(ear, CREDULOUS)
    assert not silent.finish() and not silent.score().note_count and silent.seconds == 0


def test_a_look_ahead_that_cannot_be_is_refused(ear):
    for seconds in (-0.1, 11, float("nan")):
        with pytest.raises(ConfigError, match="look-ahead of .* seconds, expected 0 to 10. Usual is 0.3"):
            LiveTranscriber(ear, CREDULOUS, look_ahead_seconds=seconds)


def test_an_ear_that_hears_on_looks_as_far_ahead_as_it_does(live):
    assert LiveTranscriber(live, CREDULOUS).look_ahead_seconds == 0.06
    with pytest.raises(ConfigError, match=r"look-ahead of 0.06 seconds: this ear always hears 0.06 s ahead. Leave"):
        LiveTranscriber(live, CREDULOUS, look_ahead_seconds=0.06)


def test_the_level_settles_where_a_recording_has_it():
    sound = np.random.default_rng(0).normal(0, 0.005, SAMPLE_RATE * 130).astype(np.float32)
    level = SettlingLevel(SAMPLE_RATE)
    assert level.gain == 1
    gains = []
    for at in range(0, len(sound), 1000):
        level.push(sound[at : at + 1000])
        gains.append(20 * np.log10(level.gain))
    wanted = REFERENCE_DB - gated_level_db(sound, SAMPLE_RATE)
    assert abs(gains[-1] - wanted) < 0.5 and np.argmax(np.array(gains) > wanted - 5) * 1000 < 4 * SAMPLE_RATE
    level.push(np.ones(SAMPLE_RATE, np.float32))
    assert 20 * np.log10(level.gain) == gains[-1]  # two minutes are over
    silent = SettlingLevel(SAMPLE_RATE)
    silent.push(np.zeros(SAMPLE_RATE * 3, np.float32))
    assert silent.gain == 1


def test_the_shipped_ear_hears_live_nearly_what_it_hears_of_a_recording():
    random = np.random.default_rng(3)
    start = np.sort(random.integers(300, 5500, 30))
    track = Track(start, random.integers(150, 700, 30), random.integers(40, 88, 30), random.integers(40, 110, 30))
    played = Score(500, (track,))
    sound = SoundfontSynthesizer().render(played)
    mono = at_its_rate(sound)
    ear = load_transcriber()
    offline = ear.transcribe([mono])
    listener = LiveTranscriber(ear.ear, ear.thresholds)
    told(listener, mono, [1600] * 50)
    assert agreement(notes(offline), notes(listener.score())).onset.f1 > 0.95
    assert agreement(notes(played), notes(listener.score())).onset.f1 > 0.8


def at_its_rate(sound):
    from partimento.audio.resample import resampled  # noqa: PLC0415

    return resampled(sound, SAMPLE_RATE).samples.mean(axis=0)


def notes(score):
    track = score.tracks[0]
    return TimedNotes(track.start / 1000, track.end / 1000, track.pitch.astype(int), track.velocity.astype(int))
