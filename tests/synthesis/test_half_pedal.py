"""A piano under hands and foot: keys with dampers of their own, pedals that are half down, strings that are struck while they ring."""

import numpy as np
import pytest
from test_note_bank import RATE, level, sines, strikes

from partimento.synthesis.half_pedal import RATE as VALUES
from partimento.synthesis.half_pedal import Foot, half_pedalled
from partimento.synthesis.note_bank import FIRST_UNDAMPED, STILL, Dampers


@pytest.fixture(scope="module")
def bank():
    return sines()


def played(bank, *notes, contact=1.0, seconds=1.5, kept=0.5, begin=0.0, **how):
    """What is heard, with a pedal that stays where it is or moves as `contact` says."""
    values = contact if isinstance(contact, np.ndarray) else np.full(round((seconds - begin) * VALUES), contact)
    return half_pedalled(bank, strikes(*notes), Foot(begin, values), seconds, dampers=Dampers(**how), kept=kept)


def test_without_a_pedal_it_is_what_the_bank_plays(bank):
    notes = ((0.1, 0.5, 60, 40), (0.2, 0.4, 72, 90), (0.3, 0.9, FIRST_UNDAMPED, 64))
    assert played(bank, *notes) == pytest.approx(bank.play(strikes(*notes), 1.5), abs=0.4 * STILL)


def test_with_the_pedal_down_strings_ring_on(bank):
    sound = played(bank, (0, 0.3, 60, 100), contact=0.0)
    assert level(sound[RATE // 2 : RATE]) == pytest.approx(level(sound[: RATE // 4]), rel=0.01)


def test_how_loud_a_piano_was_recorded_does_not_matter():
    """What is still is told from the string, not from the gain that brings a recording to its loudness."""
    loud, soft = sines(((40, 20.0), (100, 80.0))), sines(((40, 0.1), (100, 0.4)))
    notes = ((0, 0.3, 60, 64), (0.4, 0.5, 60, 30))
    for contact in (0.0, 0.3, 1.0):
        assert played(loud, *notes, contact=contact) == pytest.approx(played(soft, *notes, contact=contact), abs=1e-5)


@pytest.mark.parametrize(("contact", "half_seconds"), [(0.5, 2), (0.25, 4)])
def test_half_down_they_die_as_much_slower_as_less_weight_lies_on_them(bank, contact, half_seconds):
    full, half = played(bank, (0, 0.25, 40, 100)), played(bank, (0, 0.25, 40, 100), contact=contact)

    def decibels(sound, seconds):
        first = round((0.25 + seconds) * RATE)
        return 20 * np.log10(level(sound[first : first + 200]))

    assert decibels(full, 0) - decibels(full, 0.1) == pytest.approx(decibels(half, 0) - decibels(half, 0.1 * half_seconds), rel=0.1)


def test_a_pedal_that_comes_up_stills_what_it_held_but_not_what_a_key_holds(bank):
    contact = np.zeros(1500)
    contact[700:] = 1
    let_go, held = played(bank, (0, 0.3, 60, 100), contact=contact), played(bank, (0, 1.4, 60, 100), contact=contact)
    assert level(let_go[5000:5600]) == pytest.approx(level(held[5000:5600]), rel=0.01)
    assert level(let_go[RATE:]) < level(held[RATE : RATE + 2000]) / 30


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.8])
def test_another_strike_leaves_a_share_of_what_rings(bank, kept):
    twice = played(bank, (0, 0.3, 60, 100), (0.5, 1.4, 60, 60), contact=0.0, kept=kept)
    second = played(bank, (0.5, 1.4, 60, 60), contact=0.0)
    first = played(bank, (0, 0.3, 60, 100), contact=0.0)
    assert level((twice - second)[5000:7000]) == pytest.approx(kept * level(first[5000:7000]), abs=1e-4)


def test_what_was_struck_before_is_still_heard(bank):
    contact = np.full(2000, 0.2)
    whole = played(bank, (0, 0.6, 60, 40), (0.25, 0.9, 72, 90), contact=contact, seconds=2.0)
    later = played(bank, (-0.75, -0.15, 60, 40), (-0.5, 0.15, 72, 90), contact=contact, begin=-0.75, seconds=1.25)
    assert later == pytest.approx(whole[RATE * 3 // 4 :], abs=2e-3)
    assert not played(bank, (3, 4, 60, 40)).any()
