import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.errors import ScoreError
from partimento.score.note import LAST_TICK, Track

NOTES = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 40), st.integers(0, 127), st.integers(1, 127)), max_size=30)


def track(notes=(), **fields):
    start, duration, pitch, velocity = zip(*notes, strict=True) if notes else ((), (), (), ())
    return Track(start, duration, pitch, velocity, **fields)


@given(NOTES)
def test_columns_are_sorted_by_start_then_pitch_and_notes_stay_whole(notes):
    made = track(notes)
    rows = list(zip(made.start.tolist(), made.duration.tolist(), made.pitch.tolist(), made.velocity.tolist(), strict=True))
    assert sorted(rows) == sorted(notes)
    assert [(row[0], row[2]) for row in rows] == sorted((row[0], row[2]) for row in notes)
    assert len(made) == len(notes)
    assert made.end.tolist() == [row[0] + row[1] for row in rows]


def test_equal_notes_keep_their_order():
    made = track([(5, 3, 60, 1), (5, 1, 60, 2), (0, 1, 60, 3)])
    assert made.velocity.tolist() == [3, 1, 2]


def test_columns_are_read_only_copies():
    start = np.array([0, 10])
    made = Track(start, [1, 1], [60, 62], [80, 80])
    start[0] = 7
    assert made.start.tolist() == [0, 10]
    for column in (made.start, made.duration, made.pitch, made.velocity, made.controls):
        with pytest.raises(ValueError, match="read-only"):
            column[...] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.program = 3


def test_reordered_columns_are_read_only_too():
    made = track([(10, 1, 60, 80), (0, 1, 60, 80)])
    assert not any(column.flags.writeable for column in (made.start, made.duration, made.pitch, made.velocity))


def test_columns_have_their_types_from_lists_arrays_and_nothing():
    for made in (Track(), track([(0, 1, 60, 80)]), Track(*(np.array([v], np.uint8) for v in (0, 1, 60, 80)))):
        assert (made.start.dtype, made.duration.dtype) == (np.int64, np.int64)
        assert (made.pitch.dtype, made.velocity.dtype) == (np.int32, np.int32)
        assert made.controls.shape == (len(made.controls), 3)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ((-1, 1, 60, 80), "note 0: start is -1, expected 0"),
        ((0, 0, 60, 80), "note 0: duration is 0, expected 1"),
        ((0, 1, 128, 80), "note 0: pitch is 128, expected 0 to 127"),
        ((0, 1, -1, 80), "note 0: pitch is -1"),
        ((0, 1, 60, 0), "note 0: velocity is 0, expected 1 to 127"),
        ((0, 1, 60, 128), "note 0: velocity is 128"),
        ((LAST_TICK, 1, 60, 80), "a note ends after tick 2147483647"),
        ((LAST_TICK + 1, 1, 60, 80), "start is 2147483648"),
    ],
)
def test_a_value_out_of_range_names_its_note(note, message):
    with pytest.raises(ScoreError, match=message):
        track([note], name="viola")


def test_the_note_named_is_the_first_wrong_one_as_given():
    with pytest.raises(ScoreError, match="track 'viola', note 2: pitch is 200"):
        track([(9, 1, 60, 80), (4, 1, 61, 80), (0, 1, 200, 80), (0, 1, 300, 80)], name="viola")


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(ScoreError, match=r"columns differ in length, {'start': 2, 'duration': 1"):
        Track([0, 1], [1], [60], [80])


@pytest.mark.parametrize("value", [[0.5], [True], ["a"], [None], np.array([1.0])])
def test_columns_of_no_whole_numbers_are_refused(value):
    with pytest.raises(ScoreError, match=r"track column 'start': found .*expected whole numbers"):
        Track(value, [1], [60], [80])


def test_a_column_of_two_dimensions_is_refused():
    with pytest.raises(ScoreError, match=r"'start': found shape \(2, 2\), expected one dimension"):
        Track([[0, 1], [2, 3]], [1] * 4, [60] * 4, [80] * 4)


@pytest.mark.parametrize("pitch", [2**32 + 60, -(2**40), 2**31])
def test_a_key_that_wraps_round_to_a_good_one_is_refused(pitch):
    with pytest.raises(ScoreError, match=r"column 'pitch': values from .* too large for music"):
        Track([0], [1], np.array([pitch]), [80])
    with pytest.raises(ScoreError, match="column 'start': values from"):
        Track(np.array([2**64 - 1], np.uint64), [1], [60], [80])


def test_a_program_out_of_range_is_refused():
    with pytest.raises(ScoreError, match="program is 128, expected 0 to 127"):
        Track(program=128)


@pytest.mark.parametrize("row", [(-1, 64, 0), (0, 128, 0), (0, 64, 128), (0, -1, 0), (0, 64, -1)])
def test_a_control_out_of_range_is_refused(row):
    with pytest.raises(ScoreError, match="a controller change is out of range"):
        Track(controls=[row])


@pytest.mark.parametrize("controls", [[(0.5, 64, 0)], [(0, 64)], [(0, 64, 0, 1)], [0, 64, 0]])
def test_controls_of_another_shape_or_kind_are_refused(controls):
    with pytest.raises(ScoreError, match="expected whole numbers, one row a change"):
        Track(controls=controls)


def test_controls_are_sorted_by_tick_and_the_pedal_is_picked_out():
    made = Track(controls=[(9, 64, 0), (0, 64, 127), (0, 7, 100), (5, 64, 64)])
    assert made.controls[:, 0].tolist() == [0, 0, 5, 9]
    assert made.controls[0].tolist() == [0, 64, 127]
    assert made.pedal.tolist() == [[0, 127], [5, 64], [9, 0]]
    assert Track().pedal.shape == (0, 2)
