"""Right notes of a transcription, counted as mir_eval counts them."""

import mir_eval
import numpy as np
import pytest

from partimento.evaluation.note_matching import agreement, mean_f1
from partimento.score.timed_notes import TimedNotes


def notes(*rows):
    start, end, key, velocity = np.array(rows, float).reshape(-1, 4).T
    return TimedNotes(start, end, key.astype(int), velocity.astype(int))


def muddled(seed, keys, count=150):
    """A performance on so many keys, and how somebody heard it."""
    random = np.random.default_rng(seed)
    start = random.uniform(0.3, 20, count) if keys < 10 else 0.3 + 0.15 * np.arange(count)
    key, velocity = random.integers(60 - keys // 2, 60 + keys // 2, count), random.integers(20, 120, count)
    end = start + random.uniform(0.05, 1, count)
    heard = random.random(count) < 0.9
    shift = random.normal(0, 0.04, (2, count))
    loud = np.clip(0.7 * velocity + 10 + random.normal(0, 3, count), 1, 127)
    other = np.stack([start + shift[0], np.maximum(end + shift[1], start + shift[0] + 0.01), key, loud], 1)[heard]
    wrong = random.uniform(0, 20, 12), random.uniform(20, 21, 12), random.integers(60 - keys // 2, 60 + keys // 2, 12)
    extra = np.stack([*wrong, random.integers(1, 128, 12)], 1)
    return notes(*np.stack([start, end, key, velocity], 1)), notes(*other, *extra)


@pytest.mark.parametrize("keys", [6, 70])
@pytest.mark.parametrize("seed", range(5))
def test_the_figures_are_those_of_mir_eval(seed, keys):
    """On few keys there are many largest matchings, and the line of velocities hangs on which is taken: onsets and offsets alone."""
    played, heard = muddled(seed, keys)
    found = agreement(played, heard)
    sides = []
    for side in (played, heard):
        sides += [np.stack([side.start, side.end], 1), 440 * 2 ** ((side.key - 69) / 12)]
    with_velocity = [*sides[:2], played.velocity.astype(float), *sides[2:], heard.velocity.astype(float)]
    plain, loud = mir_eval.transcription.precision_recall_f1_overlap, mir_eval.transcription_velocity.precision_recall_f1_overlap
    wanted = {
        "onset": plain(*sides, offset_ratio=None),
        "offset": plain(*sides),
        "velocity": loud(*with_velocity, offset_ratio=None),
        "all": loud(*with_velocity),
    }
    for name, (precision, recall, f1, _) in wanted.items():
        mine = getattr(found, name)
        if keys > 6 or name in ("onset", "offset"):
            assert (mine.precision, mine.recall, mine.f1) == pytest.approx((precision, recall, f1), abs=1e-9)


def test_every_note_counts_once():
    played = notes((1, 2, 60, 64), (1.04, 2, 60, 64))
    assert agreement(played, notes((1.02, 2, 60, 64))).onset.recall == 0.5
    assert agreement(notes((1.02, 2, 60, 64)), played).onset.precision == 0.5
    crossed = notes((0.995, 2, 60, 64), (1.045, 2, 60, 64))
    assert agreement(played, crossed).onset.f1 == 1


def test_nothing_heard_or_played_is_nothing_found():
    some, none = notes((1, 2, 60, 64)), notes()
    for played, heard in ((some, none), (none, some), (none, none)):
        assert agreement(played, heard).all.f1 == 0
    assert agreement(some, some).all.f1 == 1


def test_a_mean_is_over_pieces():
    some, none = notes((1, 2, 60, 64)), notes()
    assert mean_f1([agreement(some, some), agreement(some, none)]) == {"onset": 50, "offset": 50, "velocity": 50, "all": 50}
    assert mean_f1([])["onset"] == 0
