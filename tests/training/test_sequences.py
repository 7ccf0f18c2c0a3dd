import json
from collections import Counter

import numpy as np
import pytest

from partimento.errors import TrainingError
from partimento.training.sequences import NOTHING, PieceStream, whole_pieces

PIECES = [
    [np.arange(100 * piece + 10 * variant, 100 * piece + 10 * variant + 7 + piece, dtype=np.int32) for variant in range(3)]
    for piece in range(5)
]


def stream(rows=2, time=4, seed=0, pieces=PIECES):
    return PieceStream(pieces, rows=rows, time=time, seed=seed)


def read(stream, batches):
    """What each row reads: piece after piece, its chunks put together again."""
    rows = [[] for _ in range(2)]
    for _ in range(batches):
        batch = stream.next()
        for row, ids, targets, fresh in zip(rows, batch.ids, batch.targets, batch.fresh, strict=True):
            counts = targets != NOTHING
            assert np.array_equal(counts, np.arange(len(ids)) < counts.sum()), "what does not count comes last"
            if fresh:
                row.append([int(ids[0])])
            assert int(ids[0]) == row[-1][-1], "a chunk goes on where the last one stopped"
            assert ids[1 : counts.sum()].tolist() == targets[: counts.sum() - 1].tolist()
            row[-1] += targets[counts].tolist()
    return rows


def test_every_row_reads_whole_pieces_chunk_by_chunk():
    known = {tuple(variant.tolist()) for variants in PIECES for variant in variants}
    for row in read(stream(), 60):
        assert len(row) > 10
        assert {tuple(piece) for piece in row[:-1]} <= known


def test_every_piece_is_read_once_an_epoch_and_variants_take_turns():
    made = stream(rows=2)
    rows = read(made, 400)
    seen = Counter(piece[0] // 100 for row in rows for piece in row)
    assert max(seen.values()) - min(seen.values()) <= 1
    variants = Counter(piece[0] % 100 // 10 for row in rows for piece in row)
    assert len(variants) == 3 and min(variants.values()) > 0.2 * variants.total()
    assert made.epoch == -(-seen.total() // 5)


def test_a_piece_as_long_as_a_chunk_leaves_no_empty_one():
    pieces = [[np.arange(5, dtype=np.int32)], [np.arange(9, dtype=np.int32)]]
    made = stream(rows=1, time=4, pieces=pieces)
    assert all((made.next().targets != NOTHING).any() for _ in range(40))


def test_one_seed_one_order():
    one, same, other = stream(seed=3), stream(seed=3), stream(seed=4)
    batches = [[made.next().ids.tolist() for _ in range(20)] for made in (one, same, other)]
    assert batches[0] == batches[1] != batches[2]


@pytest.mark.parametrize("stop", [0, 1, 7, 33])
def test_a_stream_goes_on_where_its_state_says(stop):
    one = stream(seed=5)
    for _ in range(stop):
        one.next()
    state = json.loads(json.dumps(one.state()))
    other = stream(seed=99)
    other.restore(state)
    for _ in range(30):
        a, b = one.next(), other.next()
        assert np.array_equal(a.ids, b.ids) and np.array_equal(a.targets, b.targets) and np.array_equal(a.fresh, b.fresh)
    assert one.epoch == other.epoch


def test_nothing_to_read_is_refused():
    with pytest.raises(TrainingError, match="0 pieces to learn from, expected at least one"):
        stream(pieces=[])


def test_a_piece_of_one_id_is_refused():
    with pytest.raises(TrainingError, match="1 pieces to learn from, expected at least one, and two ids in each"):
        stream(pieces=[[np.array([1], np.int32)]])


def test_whole_pieces_reads_every_id_once():
    pieces = [np.arange(100 * n, 100 * n + length, dtype=np.int32) for n, length in enumerate([3, 12, 7, 2, 9])]
    batches = whole_pieces(pieces, rows=2, time=4)
    targets = sorted(int(number) for batch in batches for number in batch.targets[batch.targets != NOTHING])
    assert targets == sorted(int(number) for piece in pieces for number in piece[1:])
    assert [batch.fresh.tolist() for batch in batches] == [[True] * 2, [False] * 2, [False] * 2, [True] * 2, [False] * 2, [True]]


def test_whole_pieces_of_nothing():
    assert whole_pieces([], rows=2, time=4) == []
