"""Performances with hands and foot apart: they end where tables say, and can be cut."""

import numpy as np
import pytest

from partimento.score import Score, Track
from partimento.score.timed_notes import Performance
from partimento.training.hands_and_foot import HandsAndFoot


def random_score(seed, *, pedals=1, last_up=True):
    """Notes at random under a foot that moves at random; a tick a millisecond."""
    random = np.random.default_rng(seed)
    tracks = []
    for number in range(2):
        start, moves = np.sort(random.integers(0, 10_000, 80)), np.sort(random.integers(0, 12_000, 30))
        controls = np.stack([moves, np.full(30, 64), random.integers(0, 128, 30)], axis=1)
        if last_up:
            controls[-1, 2] = 0
        held = np.array([[500, 66, 127], [900, 66, 0]])
        controls = controls if number < pedals else np.zeros((0, 3), np.int64)
        controls = np.concatenate([controls, held])
        controls = controls[np.argsort(controls[:, 0], kind="stable")]
        tracks.append(
            Track(start, random.integers(20, 600, 80), random.integers(50, 70, 80), random.integers(1, 128, 80), controls=controls)
        )
    return Score(500, tuple(tracks) if pedals == 2 else (tracks[0],))


@pytest.mark.parametrize("last_up", [True, False])
@pytest.mark.parametrize("pedals", [0, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_it_sounds_as_long_as_the_tables_say(seed, pedals, last_up):
    score = random_score(seed, pedals=pedals, last_up=last_up)
    found, wanted = HandsAndFoot.of(score), Performance.of(score)
    sounding = found.sounding()
    for name in ("start", "key", "velocity"):
        assert np.array_equal(getattr(sounding, name), getattr(wanted.notes, name))
    assert sounding.end == pytest.approx(wanted.notes.end)
    if pedals == 1:
        assert (found.strikes.end < sounding.end).any()
        assert found.pedal[: len(wanted.pedal) - 1].tolist() == pytest.approx(wanted.pedal[: len(found.pedal)][: len(wanted.pedal) - 1])
    else:
        assert not len(found.moved)


def test_a_part_begins_at_nothing_and_knows_how_the_foot_stood():
    whole = HandsAndFoot.of(random_score(0))
    part = whole.between(4.0, 6.0, before=1.0)
    assert part.strikes.start.min() >= -1 and part.strikes.start.max() < 2
    assert len(part.strikes) == ((whole.strikes.start >= 3) & (whole.strikes.start < 6)).sum()
    at = np.searchsorted(whole.moved, 3.0, side="right") - 1
    assert part.moved[0] == whole.moved[at] - 4 and part.depth[0] == whole.depth[at]
    same = part.strikes.start + 4
    ends = dict(zip(zip(whole.strikes.start.round(6), whole.strikes.key, strict=True), whole.sounding().end, strict=True))
    for begin, key, end in zip(same.round(6), part.strikes.key, part.sounding().end, strict=True):
        if end < 2:  # what is beyond is not known
            assert end + 4 == pytest.approx(ends[begin, key])


def test_before_the_first_move_the_pedal_is_up():
    score = random_score(3)
    found = HandsAndFoot.of(score)
    assert not found.between(0, found.moved[0]).pedal.size
    assert found.seconds == pytest.approx(found.strikes.end.max())


def test_hands_hold_a_key_until_it_is_struck_again():
    found = HandsAndFoot.of(random_score(4))
    held = found.held()
    assert (held.end <= found.strikes.end).all() and (held.end < found.strikes.end).any()
    for key in np.unique(held.key):
        mine = held.key == key
        assert (held.end[mine][:-1] <= held.start[mine][1:]).all()


def test_a_stretch_may_have_a_pedal_and_no_notes():
    rest = HandsAndFoot.of(random_score(0)).between(30, 31)
    nothing = HandsAndFoot(rest.strikes, np.array([0.5]), np.array([100.0]))
    assert not len(nothing.sounding()) and not len(nothing.held())
