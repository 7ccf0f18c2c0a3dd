"""The colours of pianos and microphones, as an ear that hears them for long would find them."""

import functools

import numpy as np

from partimento.audio.colour import centred, colour_of
from partimento.audio.spectrum import SAMPLE_RATE
from partimento.audio.thirds import THIRDS
from partimento.score import Score, Track
from partimento.synthesis.note_bank import NoteBank
from partimento.training.colours import colour_of_piano, correction_of
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.microphone import recorded_with_power


@functools.cache
def bank(slope):
    """Every key some partials, and each key louder than the one below by `slope` dB."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    layers = []
    for key in range(21, 109):
        hz = 440 * 2 ** ((key - 69) / 12)
        partials = [n for n in range(1, 12) if hz * n < 7_500]
        wave = sum(np.sin(2 * np.pi * hz * n * time + n) / n**2 for n in partials) * 10 ** (slope * (key - 64) / 20)
        layers.append([(64.0, (0.1 * wave * np.exp(-3 * time)).astype(np.float32))])
    return NoteBank(layers, SAMPLE_RATE)


def piece(seed):
    """Half a minute of notes all over the keyboard; a tick a millisecond."""
    random = np.random.default_rng(seed)
    start = np.sort(random.integers(0, 30_000, 300))
    track = Track(start, np.full(300, 300), random.integers(28, 100, 300), random.integers(40, 90, 300))
    return HandsAndFoot.of(Score(500, (track,)))


def test_a_bright_piano_is_told_from_a_dull_one():
    pieces = [piece(seed) for seed in range(3)]
    bright, dull = (colour_of_piano(bank(slope), pieces, THIRDS) for slope in (0.1, -0.1))
    apart = centred(bright - dull)
    assert apart[220:250].mean() > 0.1 and apart[40:70].mean() < -0.1
    assert np.array_equal(bright, colour_of_piano(bank(0.1), pieces, THIRDS))


def test_what_is_known_of_a_recording_brings_it_to_the_colour_that_its_sound_would():
    """The correction is found from what coloured the sound; the colour of the sound itself, which is long here, agrees with it."""
    pieces = [piece(seed) for seed in range(3)]
    mine, reference = (colour_of_piano(bank(slope), pieces, THIRDS) for slope in (0.1, -0.1))
    before, after = [], []
    for seed in range(3):
        random = np.random.default_rng(seed)
        clean = bank(0.1).play(pieces[seed % 3].sounding(), 30.0)
        sound, power = recorded_with_power(clean, random, SAMPLE_RATE)
        assert power.ndim == 1 and (power >= 0).all()
        found = colour_of(THIRDS.of(sound))
        curve = correction_of(reference - mine, power, THIRDS, np.random.default_rng(1))
        before.append(np.abs(centred(reference - found))[40:260].mean())
        after.append(np.abs(centred(reference - found - curve))[40:260].mean())
    assert np.mean(after) < 0.75 * np.mean(before)
