"""What keys do, frame by frame."""

import numpy as np

from partimento.models.ear_heads import KEYS
from partimento.models.wavenet_shape import ROLL
from partimento.score.timed_notes import Performance, TimedNotes
from partimento.synthesis.note_roll import note_roll


def performance(*notes, pedal=()):
    start, end, key, velocity = (np.array(column) for column in zip(*notes, strict=True))
    return Performance(TimedNotes(start.astype(float), end.astype(float), key, velocity), np.array(pedal, float))


def test_a_key_is_struck_once_and_held():
    roll = note_roll(performance((0.1, 0.2, 60, 127), (0.2, 0.3, 60, 63.5)), 100)
    assert roll.shape == (100, ROLL) and roll.dtype == np.float32
    struck, held = roll[:, 60 - 21], roll[:, KEYS + 60 - 21]
    assert np.flatnonzero(struck).tolist() == [25, 50] and struck[[25, 50]].tolist() == [1, 0.5]
    assert np.flatnonzero(held).tolist() == list(range(25, 75)) and held[49:51].tolist() == [1, 0.5]
    assert roll.sum() == struck.sum() + held.sum()


def test_what_began_before_is_only_held_and_what_is_over_is_not():
    roll = note_roll(performance((-1, 0.02, 21, 100), (-2, -1, 22, 100), (0.38, 9, 108, 100), (0.41, 9, 107, 100), (0, 1, 20, 100)), 100)
    assert np.flatnonzero(roll[:, KEYS]).tolist() == [0, 1, 2, 3, 4]
    assert not roll[:, 0].any() and roll[95, KEYS - 1] > 0
    assert np.flatnonzero(roll.any(axis=0)).tolist() == [KEYS - 1, KEYS, 2 * KEYS - 1]


def test_the_shortest_note_has_a_frame_and_the_pedal_its_time():
    roll = note_roll(performance((0.1, 0.1001, 60, 100), pedal=[0.2, 0.3, 0.38]), 100)
    assert roll[:, KEYS + 39].any() and np.flatnonzero(roll[:, -1]).tolist() == [*range(50, 75), *range(95, 100)]


def test_a_part_of_a_roll_is_that_part():
    played = performance((0.1, 0.2, 60, 127), (0.15, 0.9, 62, 60), (0.5, 0.6, 64, 80), pedal=[0.2, 0.45])
    whole, part = note_roll(played, 250), note_roll(played, 60, first=40)
    assert np.array_equal(part, whole[40:100])
    before = note_roll(played, 40, first=-20)
    assert not before[:20].any() and np.array_equal(before[20:], whole[:20])
