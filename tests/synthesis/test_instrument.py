import pytest
from tiny_soundfont import bank as make

from partimento.synthesis.bank import SoundBank
from partimento.synthesis.instrument import Instrument


def instrument(*zones, **more):
    return Instrument(SoundBank(make(zones, **more)).zones(0))


def test_left_and_right_of_a_recording_are_one_voice():
    (both,) = instrument({17: -500}, {17: 500}).strike(60, 127)
    assert len(both.voice.zones) == 2
    assert (both.left, both.right) == (pytest.approx((1, 0)), pytest.approx((0, 1)))


def test_what_is_shaped_otherwise_is_a_voice_of_its_own():
    assert len(instrument({}, {8: 9000}, {38: 0}).strike(60, 100)) == 3


def test_zones_sound_for_their_keys_and_velocities():
    layered = instrument({43: 60 << 8, 44: 63 << 8}, {43: 60 << 8, 44: 127 << 8 | 64})
    assert [len(layered.strike(key, velocity)) for key, velocity in ((60, 1), (60, 64), (61, 64))] == [1, 1, 0]
    assert layered.strike(60, 1)[0].voice is not layered.strike(60, 64)[0].voice


def test_velocities_of_one_colour_share_a_voice_and_have_gains_of_their_own():
    plain, coloured = instrument({}), instrument({}, modulators=((0x0002, 8, 4000, 0, 0),))
    soft, loud, other = (coloured.strike(60, velocity)[0] for velocity in (65, 79, 80))
    assert soft.voice is loud.voice is not other.voice
    assert 0 < soft.left[0] < loud.left[0] < other.left[0]
    assert plain.strike(60, 1)[0].voice is plain.strike(60, 127)[0].voice
