import numpy as np
import pytest

from partimento.models.steady import (
    EMPTIEST,
    ENOUGH,
    FASTEST,
    FEWEST_BESIDE,
    FULLEST,
    GROWTH,
    LOUDER,
    LOUDEST,
    MOST_BESIDE,
    POWER,
    SLOWEST,
    TILT,
    Pulse,
    Steady,
)

# start, a strike, a tenth of a second, a whole one, soft (20), loud (100), a key let go
STRIKE, TENTH, SECOND, SOFT, LOUD, FREE = range(1, 7)
PULSE = Pulse(
    np.arange(7) == STRIKE,
    np.arange(7) == FREE,
    np.array([0, 0, 0.1, 1.0, 0, 0, 0]),
    np.array([0, 0, 0, 0, 20.0, 100.0, 0]),
    np.zeros(7, bool),
)


class Fixed:
    """The same logits whatever comes; its state counts the ids."""

    vocabulary = 7

    def start(self, batch):
        return (np.zeros(batch, np.int64),)

    def step(self, ids, state):
        return np.zeros((len(ids), 7), np.float32), (state[0] + 1,)


class Reader(Fixed):
    """The same, which reads many at once."""

    memory = 7

    def read_many(self, ids, state):
        return np.zeros((*np.shape(ids), 7), np.float32), (state[0] + np.shape(ids)[1],)


def heard(ids, model=None, given=()):
    """The logits after each of `ids`, and the last state."""
    model = model or Steady(Fixed(), PULSE)
    state, rows = model.start(1), []
    if len(given):
        _, state = model.read_many(np.array([given]), state)
    for number in ids:
        logits, state = model.step(np.array([number]), state)
        rows.append(logits[0])
    return np.array(rows), state


def playing(strikes, *, velocity=64, seconds=10, sounding=3):
    """Ids of so many strikes a second, as loud as an id says where there is one, of which so many keys sound until the next."""
    first = {20: [SOFT], 100: [LOUD]}.get(velocity, [])
    begun = [*[STRIKE] * strikes, *[FREE] * (strikes - sounding), SECOND, *[FREE] * min(sounding, strikes)]
    return [0, *first, *begun * seconds]


def test_what_is_usual_stays_as_it_is():
    rows, state = heard(playing(10))
    assert not rows.any()
    assert state[-1].tolist() == [211]  # the model's own


def test_who_plays_too_fast_strikes_less_by_a_power_of_the_excess():
    rows, state = heard(playing(30))
    speed = state[0][0, 0] / state[0][0, 3]
    assert speed == pytest.approx(30, rel=0.06)
    assert rows[-1] == pytest.approx(np.array([0, 1, 0, 0, 1, 1, 1]) * -POWER * np.log(speed / FASTEST), rel=1e-5)


def test_who_plays_too_slowly_strikes_more():
    rows, _ = heard(playing(2, seconds=20))
    assert rows[-1][STRIKE] == pytest.approx(POWER * np.log(SLOWEST / 2), rel=0.1)
    assert rows[-1][SECOND] == 0


@pytest.mark.parametrize(("sounding", "limit"), [(1, EMPTIEST), (0, EMPTIEST), (10, FULLEST)])
def test_who_holds_too_little_or_too_much_lets_go_less_or_more(sounding, limit):
    rows, _ = heard(playing(10, sounding=sounding))
    assert rows[-1][FREE] == pytest.approx(POWER * np.log(max(sounding, 1e-3) / limit), rel=1e-4)
    assert not rows[-1][[STRIKE, TENTH, SECOND, SOFT, LOUD]].any()


@pytest.mark.parametrize(("velocity", "beyond"), [(100, 100 - LOUDEST), (20, 20 - 46)])
def test_who_plays_too_loud_or_too_soft_is_led_back(velocity, beyond):
    rows, _ = heard(playing(10, velocity=velocity))
    assert rows[-1][SOFT] == pytest.approx(-TILT * beyond * (20 - velocity), rel=1e-4)
    assert rows[-1][LOUD] == pytest.approx(-TILT * beyond * (100 - velocity), rel=1e-4)
    assert not rows[-1][[STRIKE, TENTH, SECOND]].any()


def test_nothing_is_held_back_before_there_is_enough_to_tell():
    few, enough = round(ENOUGH * 10) - 1, round(ENOUGH * 10) + 1
    assert not heard([0, *[STRIKE] * 400, *[TENTH] * few])[0].any()
    assert heard([0, *[STRIKE] * 400, *[TENTH] * enough])[0][-1].any()


@pytest.mark.parametrize("model", [Steady(Fixed(), PULSE), Steady(Reader(), PULSE)])
def test_a_beginning_sets_the_limits(model):
    given = playing(7, velocity=20, seconds=8, sounding=4)
    logits, state = model.read_many(np.array([given]), model.start(1))
    assert logits.shape == (1, len(given), 7)
    limits = [7 * GROWTH, SLOWEST, 4 * GROWTH, 4, 56, 20 - LOUDER]  # not softer than is usual for the loudest
    assert state[0][0, 6:] == pytest.approx(limits)
    assert state[-1].tolist() == [len(given)]
    rows, _ = heard(playing(20)[1:], model, given)
    assert rows[-1][STRIKE] < 0  # usual, but not after this


def test_who_accompanies_plays_so_many_notes_to_each_of_the_melody():
    _, state = heard([], Steady(Fixed(), PULSE, melody=2.0))
    assert state[0][0, [6, 7]].tolist() == [2 * MOST_BESIDE, 2 * FEWEST_BESIDE]
    _, state = heard([], Steady(Fixed(), PULSE, melody=20.0))
    assert state[0][0, [6, 7]].tolist() == [FASTEST, SLOWEST]


def test_limits_stay_among_the_usual():
    _, state = heard([], given=playing(40, velocity=100, seconds=8))
    assert state[0][0, [6, 10]] == pytest.approx([FASTEST, LOUDEST])
    _, state = heard([], given=[0, SECOND, SECOND, SECOND])  # nothing struck
    assert state[0][0, 6] == FASTEST


def test_rows_go_their_own_ways_and_states_stay():
    model = Steady(Fixed(), PULSE)
    state = model.start(2)
    for ids in np.array([playing(30), playing(10) + [0] * 400]).T:
        before = state[0].copy()
        logits, after = model.step(ids, state)
        assert np.array_equal(state[0], before)
        state = after
    assert logits[0, STRIKE] < 0 == logits[1, STRIKE]


def test_it_says_how_much_must_be_read():
    assert Steady(Reader(), PULSE).memory == 7
    assert Steady(Fixed(), PULSE).memory > 1 << 30
