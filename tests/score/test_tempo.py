import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.score import Score, Tempo, Track
from partimento.score.tempo import duration_seconds, seconds_at, tempo_map, ticks_at

TEMPOS = st.lists(st.builds(Tempo, st.integers(0, 5000), st.integers(20_000, 2_000_000)), max_size=6)


def test_without_a_tempo_a_quarter_is_half_a_second():
    assert seconds_at(Score(480), [0, 480, 960]).tolist() == [0.0, 0.5, 1.0]


def test_a_tempo_later_than_the_start_leaves_the_default_before_it():
    score = Score(100, tempos=(Tempo(200, 1_000_000),))
    assert seconds_at(score, [100, 200, 300]).tolist() == [0.5, 1.0, 2.0]


def test_of_two_tempos_at_one_tick_the_last_one_written_holds():
    score = Score(100, tempos=(Tempo(0, 250_000), Tempo(0, 1_000_000)))
    assert seconds_at(score, 100) == 1.0


def test_a_transcription_has_a_tick_a_millisecond():
    score = Score(500, tracks=(Track([1000], [234], [60], [80]),))
    assert duration_seconds(score) == pytest.approx(1.234)


@given(TEMPOS, st.lists(st.integers(0, 20_000), min_size=1, max_size=20), st.integers(1, 2000))
def test_seconds_equal_a_walk_tick_by_tick_of_the_tempos(tempos, ticks, resolution):
    score = Score(resolution, tempos=tempos)
    in_force = {0: 500_000} | {tempo.tick: tempo.quarter_microseconds for tempo in score.tempos}
    changes = sorted(in_force)
    for tick, seconds in zip(ticks, seconds_at(score, ticks), strict=True):
        walked = 0.0
        for begin, end in zip(changes, [*changes[1:], 10**9], strict=True):
            walked += max(min(tick, end) - begin, 0) * in_force[begin] / 1e6 / resolution
        assert seconds == pytest.approx(walked, rel=1e-12, abs=1e-12)


@given(TEMPOS, st.lists(st.integers(0, 20_000), min_size=1, max_size=20), st.integers(1, 2000))
def test_there_and_back_gives_the_same_tick(tempos, ticks, resolution):
    score = Score(resolution, tempos=tempos)
    assert ticks_at(score, seconds_at(score, ticks)).tolist() == ticks
    assert np.all(np.diff(seconds_at(score, np.arange(6000))) > 0)


@given(TEMPOS)
def test_the_map_begins_at_tick_zero_and_rises(tempos):
    ticks, seconds, per_tick = tempo_map(Score(96, tempos=tempos))
    assert (ticks[0], seconds[0]) == (0, 0)
    assert np.all(np.diff(ticks) > 0) and np.all(np.diff(seconds) > 0) and np.all(per_tick > 0)


def test_shapes_are_kept_and_an_empty_score_lasts_no_time():
    assert seconds_at(Score(), np.zeros((2, 3), int)).shape == (2, 3)
    assert ticks_at(Score(), np.zeros((2, 3))).shape == (2, 3)
    assert duration_seconds(Score()) == 0
