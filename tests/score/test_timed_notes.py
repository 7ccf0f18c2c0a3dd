"""Notes in seconds: what a pedal holds."""

import numpy as np
import pytest

from partimento.score.timed_notes import TimedNotes, struck_again, sustained


@pytest.fixture
def notes():
    start, end, key = [3, 0, 1, 1], [3.1, 0.5, 1.5, 2.5], [60, 60, 60, 64]
    return TimedNotes(np.array(start, float), np.array(end, float), np.array(key), np.full(4, 64))


def test_a_pedal_holds_until_it_goes_up_or_the_key_is_struck_again(notes):
    assert sustained(notes, np.array([[0.25, 2], [3.5, 4]])).end.tolist() == [3.1, 1, 2, 2.5]
    assert sustained(notes, np.zeros((0, 2))).end.tolist() == notes.end.tolist()


def test_a_key_is_struck_again_by_the_next_note_of_it(notes):
    assert struck_again(notes).tolist() == [np.inf, 1, 3, np.inf]
