import pytest

from partimento.errors import ConfigError
from partimento.training.schedule import Schedule, steps_of_minutes


def test_the_rate_rises_holds_and_falls():
    schedule = Schedule.of_steps(1000, 0.01)
    rates = [schedule.rate(step) for step in range(1001)]
    assert (schedule.warmup, schedule.decay_from) == (100, 700)
    assert rates[:100] == pytest.approx([0.01 * (step + 1) / 100 for step in range(100)])
    assert rates[100:700] == [0.01] * 600
    assert rates[700:] == pytest.approx([0.01 * (1000 - step) / 300 for step in range(700, 1001)])
    assert rates[1000] == 0


def test_a_cosine_falls_all_the_way():
    schedule = Schedule.of_steps(1000, 0.01, "cosine")
    rates = [schedule.rate(step) for step in range(1001)]
    assert (schedule.warmup, schedule.decay_from) == (100, 100)
    assert rates[100] == pytest.approx(0.01) and rates[550] == pytest.approx(0.005) and rates[1000] == pytest.approx(0)
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert Schedule.of_steps(1000, 0.01, "cosine").falling(100)


def test_an_unknown_fall_is_refused():
    with pytest.raises(ConfigError, match="schedule: decay 'stairs', expected line or cosine"):
        Schedule(10, 0.1, 0, 5, "stairs")


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 15])
def test_the_shortest_runs_learn_too(steps):
    schedule = Schedule.of_steps(steps, 0.01)
    assert all(0 < schedule.rate(step) <= 0.01 for step in range(steps))


def test_the_warmup_of_a_long_run_is_short():
    assert Schedule.of_steps(100_000, 0.01).warmup == 200


def test_a_fall_that_is_brought_forward_lasts_a_third_of_what_was_made():
    schedule = Schedule.of_steps(10_000, 0.01).fall_from(300)
    assert (schedule.decay_from, schedule.steps) == (300, 400)
    assert schedule.falling(300) and not schedule.falling(299)
    assert [schedule.rate(step) for step in (299, 300, 350, 400)] == pytest.approx([0.01, 0.01, 0.005, 0])


def test_a_fall_never_makes_a_run_longer():
    assert Schedule.of_steps(320, 0.01).fall_from(300).steps == 320


def test_a_longer_run_holds_on_from_where_it_is():
    schedule = Schedule.of_steps(500, 0.01).from_here(100)
    assert schedule.rate(100) == 0.01 and schedule.steps == 500
    shorter = Schedule.of_steps(50, 0.01).from_here(100)
    assert shorter.steps == 101 and shorter.rate(100) > 0


@pytest.mark.parametrize("settings", [(0, 0.01, 0, 0), (10, 0, 0, 0), (10, 1.0, 0, 0), (10, 0.1, -1, 0), (10, 0.1, 0, 11)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match="expected at least 1 step and a learning rate between 0 and 1"):
        Schedule(*settings)


def test_minutes_are_a_measure_of_work_and_not_of_time():
    small = steps_of_minutes(1, parameters=100_000, tokens_per_step=5120)
    assert small == round(60 / (0.02 + 6 * 100_000 * 5120 / 1.2e11))
    assert steps_of_minutes(2, parameters=100_000, tokens_per_step=5120) == pytest.approx(2 * small, abs=1)
    assert steps_of_minutes(1, parameters=10_000_000, tokens_per_step=5120) < small
    assert steps_of_minutes(1e-6, parameters=10**9, tokens_per_step=10**6) == 1


@pytest.mark.parametrize("minutes", [0, -1, 1e6, float("nan")])
def test_minutes_out_of_range_are_refused(minutes):
    with pytest.raises(ConfigError, match="--minutes .*: expected more than 0"):
        steps_of_minutes(minutes, parameters=1, tokens_per_step=1)
