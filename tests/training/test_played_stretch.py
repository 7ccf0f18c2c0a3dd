"""Stretches that an ear learns from: what pianists and chance do in them, and how pianos take it."""

import numpy as np
import pytest
from test_piano_stream import hands_and_foot, piano

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.synthesis.half_pedal import RATE
from partimento.synthesis.note_bank import Dampers
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.played_stretch import DEEP_DEPTH, Mechanics, by_chance, down, played, sound_of


def mechanics(**how):
    return Mechanics(**{"dampers": Dampers(), "off": 80.0, "on": 20.0, "bend": 1.0, "seconds": 0.002, "kept": 0.5, **how})


def stretch(*moves):
    strikes = hands_and_foot(4).strikes
    return HandsAndFoot(strikes, *(np.array(column, float) for column in zip(*moves, strict=True)))


@pytest.mark.parametrize(("depth", "contact"), [(0, 1), (20, 1), (50, 0.5), (65, 0.25), (80, 0), (127, 0)])
def test_dampers_lie_on_the_strings_as_far_as_the_pedal_is_up(depth, contact):
    foot = mechanics().foot(stretch((0.5, depth), (0.8, 0)), 1.0)
    assert foot.contact[[100, 490, 900]].tolist() == [1, 1, 1]
    assert foot.contact[700] == pytest.approx(contact)
    assert mechanics(bend=3).foot(stretch((0.5, depth)), 1.0).contact[700] == pytest.approx(contact**3)


def test_they_follow_it_in_some_time():
    contact = mechanics(seconds=0.1).foot(stretch((0.5, 127)), 1.0).contact
    falls = np.flatnonzero((contact < 1) & (contact > 0)) / RATE
    assert 0.44 < falls[0] < falls[-1] < 0.56 and contact[500] == pytest.approx((80 - 63.5) / 60, abs=0.02)


def test_a_performance_is_played_in_many_ways():
    performance = hands_and_foot()
    found = [played(performance, np.random.default_rng(seed), 5.0) for seed in range(60)]
    assert len({round(float(np.diff(np.unique(each.strikes.start))[0]), 4) for each in found}) > 40  # tempi
    depths = np.array([each.depth.max(initial=0) for each in found])
    assert (depths == 127).any() and ((depths > 0) & (depths < 64)).any() and DEEP_DEPTH > 1
    for each in found:
        assert (each.strikes.start < 5).all() and (each.strikes.key >= 21).all() and (each.strikes.velocity >= 1).all()


def test_the_tables_say_down_from_the_middle_on():
    assert down(stretch((0.1, 63), (0.2, 64), (0.35, 127), (0.5, 0)), 10.0, 8).tolist() == [0, 0, 1, 1, 1, 0, 0, 0]


def test_chance_has_a_foot_now_and_then():
    found = [by_chance(np.random.default_rng(seed), 4.0) for seed in range(40)]
    assert {known for _, known in found} == {True, False}
    assert all(len(notes.moved) == 0 for notes, known in found if not known)
    assert any(len(np.unique(notes.strikes.key)) < 14 < len(notes.strikes) for notes, _ in found)


def test_it_sounds_in_time_and_in_tune():
    """On other keys and retuned, late and out of tune: the note that is played is within half a semitone of where it should be."""
    bank = piano()
    note = HandsAndFoot(hands_and_foot(1).strikes, np.zeros(0), np.zeros(0))  # key 40, from 0 to 0.2 s
    for seed in range(20):
        sound = sound_of(note, bank, np.random.default_rng(seed), SAMPLE_RATE)
        assert sound.shape == (SAMPLE_RATE,) and sound.dtype == np.float32
        spectrum = np.abs(np.fft.rfft(sound[1600:5000], 1 << 16))[: 1 << 11]
        hz = spectrum.argmax() * SAMPLE_RATE / (1 << 16)
        partial = round(hz / 82.41)
        assert partial >= 1 and abs(12 * np.log2(hz / partial / 82.41)) < 0.5
        assert np.abs(sound[:3000]).max() > 3 * np.abs(sound[-800:]).max()
