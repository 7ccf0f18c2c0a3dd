import json
from collections import Counter

import numpy as np
import pytest

from partimento.errors import TrainingError
from partimento.training.sequences import NOTHING
from partimento.training.windows import WindowStream, same_windows

LENGTHS = (40, 7, 100)
PIECES = [[np.arange(1000 * piece + 500 * variant, 1000 * piece + 500 * variant + length, dtype=np.int32) for variant in range(2)]
          for piece, length in enumerate(LENGTHS)]  # fmt: skip


def stream(seed=0, **settings):
    return WindowStream(PIECES, **{"rows": 4, "time": 10, **settings}, seed=seed)


def windows(batches):
    """Each window as a list, its last target included."""
    for batch in batches:
        for ids, targets in zip(batch.ids, batch.targets, strict=True):
            counts = int((targets != NOTHING).sum())
            assert (targets[counts:] == NOTHING).all() and ids[1:counts].tolist() == targets[: counts - 1].tolist()
            yield [*ids[:counts].tolist(), int(targets[counts - 1])]


def test_every_window_is_a_stretch_of_one_copy_of_one_piece():
    made = stream()
    found = list(windows(made.next() for _ in range(200)))
    whole = [ids.tolist() for variants in PIECES for ids in variants]
    for window in found:
        piece, variant = window[0] // 1000, window[0] % 1000 // 500
        ids = whole[2 * piece + variant]
        first = ids.index(window[0])
        assert window == ids[first : first + 11]
        assert len(window) == min(11, LENGTHS[piece])
    assert {(window[0] // 1000, window[0] % 1000 // 500) for window in found} == {
        (piece, variant) for piece in range(3) for variant in range(2)
    }


def test_long_pieces_come_more_often_and_beginnings_and_ends_are_met():
    made = stream()
    found = list(windows(made.next() for _ in range(1000)))
    often = Counter(window[0] // 1000 for window in found)
    for piece, length in enumerate(LENGTHS):
        assert often[piece] / len(found) == pytest.approx(length / sum(LENGTHS), abs=0.03)
    long = [window for window in found if window[0] // 1000 == 2]
    first, last = (sum(window[place] % 500 == at for window in long) / len(long) for place, at in ((0, 0), (-1, 99)))
    assert first == pytest.approx(0.05, abs=0.02) and last == pytest.approx(0.05, abs=0.02)


def test_an_epoch_is_as_many_ids_as_there_are():
    made = stream()
    assert made.epoch == 1
    for _ in range(4):
        made.next()
    assert made.epoch == 2  # 160 of 147


def test_a_stream_goes_on_from_its_state():
    one = stream(seed=5)
    one.next()
    state = json.loads(json.dumps(one.state()))
    other = stream(seed=9)
    other.restore(state)
    for _ in range(3):
        assert np.array_equal(one.next().ids, other.next().ids)
    assert one.epoch == other.epoch


def test_copies_of_other_lengths_are_read_at_the_same_place():
    slow = [[np.arange(100, dtype=np.int32), np.arange(1000, 1200, dtype=np.int32)]]
    made = WindowStream(slow, rows=50, time=10, seed=1)
    found = list(windows(made.next() for _ in range(20)))
    middles = [(window[0] - 1000) / 190 if window[0] >= 1000 else window[0] / 90 for window in found]
    assert np.histogram(middles, 5, (0, 1))[0] == pytest.approx(200, abs=60)


def test_the_same_windows_are_checked_on_each_time():
    pieces = [variants[0] for variants in PIECES]
    every = list(windows(same_windows(pieces, rows=4, time=10, most=1000)))
    assert sum(len(window) - 1 for window in every) == sum(LENGTHS) - 3
    assert every[0] == list(range(11)) and every[1] == list(range(10, 21))
    some = list(windows(same_windows(pieces, rows=4, time=10, most=5)))
    assert len(some) == 5 and all(window in every for window in some)
    assert {window[0] // 1000 for window in some} == {0, 2}


@pytest.mark.parametrize("pieces", [[], [[np.array([1], np.int32)]]])
def test_nothing_to_read_is_refused(pieces):
    with pytest.raises(TrainingError, match="pieces to learn from, expected at least one, and two ids in each"):
        WindowStream(pieces, rows=1, time=4, seed=0)
