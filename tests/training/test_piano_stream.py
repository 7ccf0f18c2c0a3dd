"""What an ear learns from: stretches of performances, and of notes at random, with what is to be heard in them."""

import json

import numpy as np
import pytest
import torch

from partimento.audio.mel import MEL
from partimento.audio.spectrum import SAMPLE_RATE
from partimento.audio.thirds import THIRDS
from partimento.models.ear_heads import HEADS
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.score import Score, Track
from partimento.score.timed_notes import Performance
from partimento.synthesis.note_bank import NoteBank
from partimento.training.colours import ColouredPiano
from partimento.training.ear_presets import Listening
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.hearing import Hearing, spectra_of
from partimento.training.piano_stream import UNKNOWN, PianoStream
from partimento.training.played_stretch import struck_again, thrown


def piano():
    """Every key a few partials that die away."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    layers = []
    for key in range(21, 109):
        hz = 440 * 2 ** ((key - 69) / 12)
        wave = sum(np.sin(2 * np.pi * hz * partial * time) / partial for partial in range(1, 6) if hz * partial < 7_500)
        layers.append([(64.0, (0.1 * wave * np.exp(-2 * time)).astype(np.float32))])
    return NoteBank(layers, SAMPLE_RATE)


def score(notes=60):
    """A scale with the pedal down now and then; a tick a millisecond."""
    start = np.arange(notes) * 250
    track = Track(start, np.full(notes, 200), 40 + np.arange(notes) % 40, 40 + np.arange(notes))
    pedal = np.array([[1000, 64, 127], [3000, 64, 0], [9000, 64, 127], [9500, 64, 0]])
    return Score(500, (Track(track.start, track.duration, track.pitch, track.velocity, controls=pedal),))


def performance(notes=60):
    return Performance.of(score(notes))


def hands_and_foot(notes=60):
    return HandsAndFoot.of(score(notes))


@pytest.fixture(scope="module")
def bank():
    return piano()


LISTENING = Listening(THIRDS, seconds=2.0, spread=True)


def stream(bank, *, seed=0, rows=2, workers=0, listening=LISTENING):
    own = ColouredPiano(bank, np.zeros(listening.spectrum.bins, np.float32))
    return PianoStream([hands_and_foot(), hands_and_foot(30)], [own], listening, rows=rows, seed=seed, workers=workers)


def test_a_performance_counts_seconds_and_ends_with_the_damper():
    found = performance()
    assert found.pedal.tolist() == [1.0, 3.0, 9.0, 9.5]
    ends = found.notes.end - found.notes.start
    assert ends[0] == pytest.approx(0.2)
    assert ends[4] == pytest.approx(2.0)  # struck at 1 s, held by the pedal until 3 s
    assert found.seconds == pytest.approx(14.95)


def test_a_batch_has_sound_and_what_is_heard_in_it(bank):
    batch = stream(bank).next()
    assert batch.sound.shape == (2, 2 * SAMPLE_RATE) and batch.sound.dtype == torch.float32
    assert batch.colour.shape == (2, THIRDS.bins) and batch.colour.dtype == torch.float32
    assert batch.pedal.shape == (2, 100) and set(batch.pedal.unique().tolist()) <= {0, 1, UNKNOWN}
    assert batch.heads.shape == (2, len(HEADS) + 1, 100, 88)
    sounding = batch.heads[:, HEADS.index("frame")].float().mean(dim=(1, 2))
    assert ((sounding > 0) & (sounding < 0.5)).all()


@pytest.mark.parametrize("spectrum", [THIRDS, MEL])
def test_spectra_are_those_that_an_ear_hears(bank, spectrum):
    sound = stream(bank, listening=Listening(spectrum, seconds=2.0, spread=False)).next().sound
    for row, spectra in zip(sound, spectra_of(sound, spectrum), strict=True):
        assert spectra.numpy() == pytest.approx(spectrum.of(row.numpy()), abs=1e-3)


def test_an_ear_of_moments_is_told_the_nearest_alone(bank):
    batch = stream(bank, listening=Listening(MEL, seconds=2.0, spread=False)).next()
    assert batch.heads.shape == (2, len(HEADS) + 1, 62, 88) and batch.sound.shape == (2, 62 * 512)
    assert set(batch.heads[:, :3].unique().tolist()) == {0, 1}
    assert (batch.heads[:, HEADS.index("velocity")] > 0).sum() == batch.heads[:, 0].sum()


def test_what_is_to_be_heard_is_heard(bank):
    """Where a frame says that a key sounds, its bins have more energy than a semitone off."""
    heard, beside = [], []
    for seed in range(6):
        batch = stream(bank, seed=seed).next()
        for spectra, onset in zip(spectra_of(batch.sound, THIRDS).numpy(), batch.heads[:, 0].numpy(), strict=True):
            time, key = np.nonzero(onset > 0.9)
            bins = 3 * (key + 21 - 20) + 1
            heard.append(spectra[np.minimum(time + 3, 99), 0, bins].mean())
            beside.append(spectra[np.minimum(time + 3, 99), 0, bins + 4].mean())
    assert np.mean(heard) > np.mean(beside) + 0.1


def test_it_goes_on_where_it_stood(bank):
    first = stream(bank)
    first.next()
    state = json.loads(json.dumps(first.state()))
    second = stream(bank)
    second.restore(state)
    assert torch.equal(first.next().sound, second.next().sound)
    assert first.epoch == second.epoch == 1


def test_processes_that_render_ahead_make_the_same_batches(bank):
    alone, helped = stream(bank), stream(bank, workers=2)
    for _ in range(3):
        one, other = alone.next(), helped.next()
        assert all(torch.equal(getattr(one, part), getattr(other, part)) for part in ("sound", "colour", "heads", "pedal"))
    helped.restore({"number": 1})
    assert torch.equal(helped.next().sound, stream(bank)[1].sound)


@pytest.mark.parametrize("make", [thrown, struck_again])
def test_no_key_is_thrown_twice_at_a_time(make):
    for seed in range(20):
        notes = make(np.random.default_rng(seed), 6.0)
        for key in np.unique(notes.key):
            mine = notes.key == key
            start, end = notes.start[mine], notes.end[mine]
            assert (np.diff(start) > 0).all() and (end[:-1] <= start[1:] + 1e-9).all() and (end > start).all()


def test_one_batch_can_be_learnt(bank):
    torch.manual_seed(0)
    batch = stream(bank).next()
    hearing = Hearing(KeyNet(KeyNetConfig(units=16, dilations=(1, 2), narrow=4, dropout=0.0)), THIRDS)
    optimizer = torch.optim.AdamW(hearing.module.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        found = hearing.losses(batch)
        assert set(found) == {"onset", "frame", "offset", "velocity", "pedal"}
        loss = torch.stack(list(found.values())).sum()
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 3
    hearing.module.train()
    assert hearing.validate([batch]) > 0 and hearing.module.training
