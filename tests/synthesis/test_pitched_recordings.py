import numpy as np
import pytest
from tiny_soundfont import CENTS, PERIOD
from tiny_soundfont import bank as make

from partimento.synthesis.bank import SoundBank
from partimento.synthesis.instrument import Instrument
from partimento.synthesis.low_pass import STRETCH_FRAMES
from partimento.synthesis.pitched_recordings import PitchedRecordings

RATE = 44_100


def shelf(*zones, most_bytes=2**24, **more):
    bank = SoundBank(make(zones or ({},), **more))
    instrument = Instrument(bank.zones(0))
    return PitchedRecordings(bank, RATE, most_bytes), lambda key: instrument.strike(key, 100)[0].voice


def test_kept_recordings_are_those_read_anew():
    """Whatever was asked for before, longer or shorter: vibrato and bent pitch, loops and ends included."""
    for zone in ({}, {54: 0}, {6: 50}, {7: 300, 28: -2000, 29: 1000}, {54: 0, 1: -3000, 0: 500}):
        kept, voice = shelf(zone)
        first = kept.read(voice(64), 30_000)
        longer = kept.read(voice(64), 90_000)
        fresh, other = shelf(zone)
        assert np.array_equal(longer, fresh.read(other(64), 90_000))
        assert np.array_equal(first, longer[:, : first.shape[1]])
        assert kept.read(voice(64), 100) is kept.read(voice(64), 90_000)


def test_a_vorbis_recording_is_decoded_as_far_as_it_is_needed():
    kept, voice = shelf(compressed=True)
    early = kept.read(voice(69), 2 * STRETCH_FRAMES)
    whole = kept.read(voice(69), 40 * STRETCH_FRAMES)
    assert np.array_equal(early, whole[:, : early.shape[1]])


def test_a_loop_goes_on_without_a_seam():
    kept, voice = shelf()
    sound = kept.read(voice(69), 100_000)[0, :100_000]
    wanted = 0.5 * np.sin(2 * np.pi * np.arange(100_000) * 2 ** (CENTS / 1200) / PERIOD)
    assert np.abs(sound - wanted).max() < 2e-4


def test_what_ends_is_no_longer_than_it_sounds():
    kept, voice = shelf({54: 0})
    sound = kept.read(voice(69), 10 * RATE)
    assert 22_050 <= sound.shape[1] <= 22_150 + STRETCH_FRAMES
    assert not sound[:, 22_200:].any()


@pytest.mark.parametrize(("most_bytes", "kept_count"), [(2**24, 5), (3 * 4 * 10 * STRETCH_FRAMES, 3), (1, 1)])
def test_the_shelf_holds_no_more_than_it_may(most_bytes, kept_count):
    kept, voice = shelf(most_bytes=most_bytes)
    sounds = [kept.read(voice(key), 10 * STRETCH_FRAMES) for key in range(60, 65)]
    again = [kept.read(voice(key), 10 * STRETCH_FRAMES) is sound for key, sound in reversed(list(zip(range(60, 65), sounds, strict=True)))]
    assert sum(again) == kept_count
