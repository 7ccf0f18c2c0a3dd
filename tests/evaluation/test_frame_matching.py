"""Right keys in each moment of a transcription, counted as mir_eval counts them."""

import mir_eval
import numpy as np
import pytest

from partimento.evaluation.frame_matching import frame_share
from partimento.score.timed_notes import TimedNotes


def notes(*rows):
    start, end, key = np.array(rows, float).reshape(-1, 3).T
    return TimedNotes(start, end, key.astype(int), np.full(len(key), 64))


def muddled(seed, count=60):
    """A performance with keys that sound twice at once, and how somebody heard it."""
    random = np.random.default_rng(seed)
    start, key = random.uniform(0, 6, count), random.integers(50, 70, count)
    end = start + random.uniform(0.001, 1, count)
    shift = random.normal(0, 0.03, (2, count))
    heard = random.random(count) < 0.9
    other = np.maximum(start + shift[0], 0)
    wrong = np.stack([random.uniform(5, 6, 9), random.uniform(6, 9, 9), random.integers(50, 70, 9)], 1)
    return notes(*np.stack([start, end, key], 1)), notes(*np.stack([other, np.maximum(end + shift[1], other), key], 1)[heard], *wrong)


def frequencies(side, times):
    """The frequencies that sound at each time, by mir_eval's own lists."""
    sounding = [np.unique(side.key[(side.start <= time) & (time < side.end)]) for time in times]
    return [440 * 2 ** ((keys - 69) / 12) for keys in sounding]


@pytest.mark.parametrize("seed", range(4))
def test_the_figures_are_those_of_mir_eval(seed):
    played, heard = muddled(seed)
    times = np.arange(0, 950) / 100
    found = frame_share(played, heard)
    precision, recall, *_ = mir_eval.multipitch.metrics(times, frequencies(played, times), times, frequencies(heard, times))
    assert (found.precision, found.recall) == pytest.approx((precision, recall), abs=1e-12)
    assert 0.3 < found.f1 < 1


def test_moments_are_counted():
    played = notes((0, 1, 60), (0.5, 1.5, 60), (0.07, 0.08, 72))  # 150 moments and one
    found = frame_share(played, notes((0, 0.75, 60), (0.75, 1, 61)))
    assert (found.precision, found.recall) == (75 / 100, 75 / 151)


def test_nothing_heard_or_played_is_nothing_right():
    some, none = notes((1, 2, 60)), notes()
    for played, heard in ((some, none), (none, some), (none, none)):
        assert frame_share(played, heard).f1 == 0
    assert frame_share(some, some).f1 == 1
