import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.errors import ScoreError
from partimento.score import Score, TimeSignature, Track
from partimento.score.meter import MOST_BARS, bar_count, bar_of, bar_starts, bar_ticks, signatures, tick_of

METRES = st.sampled_from([(4, 4), (3, 4), (6, 8), (7, 8), (2, 2), (1, 16)])
SIGNATURES = st.lists(st.tuples(st.integers(0, 900), METRES), max_size=4)


def lasting(ticks, **fields):
    return Score(24, tracks=(Track([0], [ticks], [60], [80]),), **fields)


@st.composite
def metric_scores(draw):
    changes = [TimeSignature(tick, *metre) for tick, metre in draw(SIGNATURES)]
    return lasting(draw(st.integers(1, 1500)), time_signatures=changes, pickup=draw(st.sampled_from([0, 0, 12, 24, 100])))


@pytest.mark.parametrize(("metre", "ticks"), [((4, 4), 96), ((3, 4), 72), ((6, 8), 72), ((2, 2), 96), ((5, 16), 30)])
def test_a_bar_is_as_long_as_its_metre_says(metre, ticks):
    assert bar_ticks(TimeSignature(0, *metre), 24) == ticks


def test_a_bar_is_never_empty():
    assert bar_ticks(TimeSignature(0, 1, 256), 1) == 1


def test_bars_of_common_time_where_no_metre_is_written():
    assert bar_starts(lasting(200)).tolist() == [0, 96, 192]
    assert signatures(Score()) == (TimeSignature(0, 4, 4),)
    assert bar_starts(Score()).tolist() == []


def test_a_change_of_metre_starts_a_bar_wherever_it_stands():
    score = lasting(300, time_signatures=(TimeSignature(0, 3, 4), TimeSignature(100, 2, 4)))
    assert bar_starts(score).tolist() == [0, 72, 100, 148, 196, 244, 292]


def test_the_last_of_two_metres_at_one_tick_holds():
    score = lasting(100, time_signatures=(TimeSignature(0, 4, 4), TimeSignature(0, 3, 4)))
    assert bar_starts(score).tolist() == [0, 72]


def test_a_pickup_is_bar_zero_and_not_counted():
    score = lasting(216, pickup=24)
    assert bar_starts(score).tolist() == [0, 24, 120]
    assert bar_count(score) == 2
    bars, offsets = bar_of(score, [0, 23, 24, 130])
    assert (bars.tolist(), offsets.tolist()) == ([0, 0, 1, 2], [0, 23, 0, 10])
    assert [tick_of(score, bar) for bar in range(4)] == [0, 24, 120, 216]


def test_a_score_without_notes_has_no_bars_even_with_a_pickup():
    assert bar_count(Score()) == 0
    assert bar_count(Score(pickup=24)) == 0


@given(metric_scores(), st.lists(st.integers(0, 3000), min_size=1, max_size=10))
def test_bar_and_offset_lead_back_to_the_tick(score, ticks):
    bars, offsets = bar_of(score, ticks)
    assert [tick_of(score, int(b), int(o)) for b, o in zip(bars, offsets, strict=True)] == ticks
    assert np.all(offsets >= 0)


@given(metric_scores())
def test_bars_rise_from_zero_are_no_longer_than_their_metre_and_are_found_by_number(score):
    starts = bar_starts(score)
    assert starts[0] == 0
    assert np.all(np.diff(starts) > 0)
    assert starts[-1] < score.end_tick
    assert [tick_of(score, bar) for bar in range(starts.size)] == starts.tolist()
    changes = signatures(score)
    for begin, end in zip(starts[score.pickup > 0 :], starts[(score.pickup > 0) + 1 :], strict=False):
        in_force = [change for change in changes if change.tick <= begin][-1]
        assert end - begin <= bar_ticks(in_force, 24)


@given(metric_scores(), st.integers(0, 3000))
def test_bars_up_to_a_tick_are_a_prefix_of_those_up_to_a_later_one(score, tick):
    short, long = bar_starts(score, tick), bar_starts(score, 3000)
    assert short.tolist() == long[long < tick].tolist()


def test_bars_behind_the_end_go_on_in_the_last_metre():
    score = lasting(10, time_signatures=(TimeSignature(0, 4, 4), TimeSignature(192, 3, 4)))
    assert [tick_of(score, bar) for bar in range(5)] == [0, 96, 192, 264, 336]
    assert tick_of(Score(24), 3, 5) == 3 * 96 + 5


def test_a_broken_length_lists_bars_only_up_to_the_limit_and_far_bars_are_found_at_once():
    score = Score(1, tracks=(Track([2**31 - 2], [1], [60], [80]),), time_signatures=(TimeSignature(0, 1, 256),))
    assert bar_starts(score).size == MOST_BARS
    assert tick_of(score, 5 * MOST_BARS) == 5 * MOST_BARS


def test_a_bar_before_the_first_is_refused():
    with pytest.raises(ScoreError, match="bar -1: expected 0, the first, or later"):
        tick_of(Score(), -1)


def test_shapes_are_kept():
    bars, offsets = bar_of(Score(24), np.array([[0, 100], [200, 300]]))
    assert bars.tolist() == [[0, 1], [2, 3]]
    assert offsets.tolist() == [[0, 4], [8, 12]]
    assert bar_of(Score(24), 100) == (1, 4)
