import itertools
import math

import numpy as np
import pytest

from partimento.errors import ConfigError, ScoreError
from partimento.evaluation import structureness as module
from partimento.evaluation.structureness import Structureness, fitness, structureness
from partimento.score import Score, Track
from partimento.score.transform import transpose


def repeats(*lines, size):
    """A matrix in which only some lines are alike: pairs of first frames and a length, both ways, beside the diagonal."""
    matrix = np.full((size, size), -2.0)
    np.fill_diagonal(matrix, 1.0)
    for one, other, length in lines:
        at = np.arange(length)
        matrix[one + at, other + at] = matrix[other + at, one + at] = 1.0
    return matrix


def phrase(seed, *, seconds=10):
    """Keys for a phrase of a chord a second, no two alike in kind."""
    random = np.random.default_rng([3, seed])
    return [sorted((48 + random.choice(24, 4, replace=False)).tolist()) for _ in range(seconds)]


def played(*phrases):
    """A piece of chords, a second each, at 1,000 ticks a second."""
    chords = list(itertools.chain(*phrases))
    start = [1000 * at for at, chord in enumerate(chords) for _ in chord]
    return Score(500, (Track(start, [1000] * len(start), [key for chord in chords for key in chord], [80] * len(start)),))


@pytest.mark.parametrize("times", [2, 3, 4])
def test_a_piece_that_is_one_phrase_over_and_over_is_all_explained_but_for_the_phrase(times):
    length = 5
    lines = [(length * a, length * b, length) for a in range(times) for b in range(a)]
    found = fitness(repeats(*lines, size=length * times), length)
    assert found[::length] == pytest.approx(1 - 1 / times)  # score and coverage are both the share beyond the first
    assert found.max() == pytest.approx(1 - 1 / times)


def test_score_and_coverage_by_hand():
    matrix = repeats((0, 8, 4), size=16)
    matrix[8:12, 0:4] *= 0.5  # paths of segment 0 to 3 earn 4 by itself and 2 by its repeat, in 8 cells over 8 of 16 frames
    matrix[8:12, 0:4][matrix[8:12, 0:4] < 0] = -2
    score, coverage = (6 - 4) / 8, (8 - 4) / 16
    assert fitness(matrix, 4)[0] == pytest.approx(2 * score * coverage / (score + coverage))
    assert fitness(matrix, 4)[4] == 0  # nothing repeats it
    assert fitness(matrix, 16).tolist() == [0]  # the whole piece explains nothing but itself


def test_a_repeat_at_half_the_speed_is_found_and_one_at_a_quarter_is_not():
    for slower, found in ((2, True), (4, False)):
        matrix = repeats(size=24)
        for step in range(4):
            matrix[8 + slower * step, step] = 1.0
        assert bool(fitness(matrix, 4)[0] > 0) is found


def test_fitness_is_that_of_libfmp():
    # libfmp 1.3.0, c4s3_thumbnail: compute_accumulated_score_matrix, compute_optimal_path_family, compute_fitness.
    piece = np.array([5, 6, 9, 11, 0, 1, 2, 3, 10, 5, 5, 6, 9, 11, 0, 1, 9, 11, 9, 11])
    at = np.arange(20)
    matrix = np.where(piece[:, None] == piece, (4 + (3 * at[:, None] + 7 * at) % 5) / 8, -2.0)
    np.fill_diagonal(matrix, 1.0)
    four = [0.264705882, 0.222222222, 0.222222222, 0, 0, 0, 0, 0, 0, 0.192307692, 0.222222222, 0.222222222, 0.222222222, 0, 0, 0, 0]
    six = [0.305369128, 0.073170732, 0, 0, 0, 0, 0, 0, 0, 0.255555556, 0.272727273, 0.073170732, 0, 0, 0]
    assert fitness(matrix, 4) == pytest.approx(four, abs=1e-9)
    assert fitness(matrix, 6) == pytest.approx(six, abs=1e-9)


def paths(length, size):
    """All paths through a segment of `length` frames: lists of (row, place), first place to last."""

    def onwards(path):
        row, place = path[-1]
        if place == length - 1:
            yield path
            return
        for down, right in ((1, 1), (1, 2), (2, 1)):
            if row + down < size and place + right < length:
                yield from onwards([*path, (row + down, place + right)])

    for row in range(size):
        yield from onwards([(row, 0)])


def families(every, first):
    """All families of paths that do not overlap, from row `first` on."""
    yield []
    for path in every:
        if path[0][0] >= first:
            for others in families(every, path[-1][0] + 1):
                yield [path, *others]


@pytest.mark.parametrize("seed", range(4))
def test_no_family_of_paths_is_better(seed):
    random = np.random.default_rng(seed)
    size, length = 8, 3
    matrix = np.where(random.random((size, size)) < 0.5, random.integers(1, 1024, (size, size)) / 1024, -2.0)
    np.fill_diagonal(matrix, 1.0)
    every = list(paths(length, size))
    for begin, found in enumerate(fitness(matrix, length).tolist()):
        best = max(
            (sum(matrix[row, begin + place] for path in family for row, place in path), -cells, -covered)
            for family in families(every, 0)
            for cells, covered in [(sum(map(len, family)), sum(path[-1][0] - path[0][0] + 1 for path in family))]
        )
        score, coverage = (best[0] - length) / -best[1], (-best[2] - length) / size
        assert found == pytest.approx(2 * score * coverage / (score + coverage) if score + coverage > 0 else 0, abs=1e-12)


@pytest.mark.parametrize(
    ("matrix", "length", "message"),
    [
        (np.ones((3, 4)), 1, "a matrix of shape"),
        (np.ones((0, 0)), 1, "a matrix of shape"),
        (np.ones(4), 1, "a matrix of shape"),
        (np.full((3, 3), 0.5), 1, "a diagonal of 1"),
        (np.eye(3) * 2 - 1, 4, "expected 1 to the 3 of the matrix"),
        (np.eye(3), 0, "expected 1 to the 3 of the matrix"),
        (np.where(np.eye(3), 1, np.nan), 1, "values of -4 to 1"),
        (np.where(np.eye(3), 1, -5.0), 1, "values of -4 to 1"),
        (np.where(np.eye(3), 1, 1.5), 1, "values of -4 to 1"),
    ],
)
def test_what_is_no_self_similarity_is_refused(matrix, length, message):
    with pytest.raises(ConfigError, match=message):
        fitness(matrix, length)


def test_a_piece_that_comes_back_has_more_structure_than_one_that_does_not():
    a, b, c, d = map(phrase, range(4))
    back, onwards = structureness(played(a, a, b, a)), structureness(played(a, b, c, d))
    assert back.mid > onwards.mid + 0.15 and back.mid > 0.45
    assert back.short > onwards.short and back.long > onwards.long
    assert max(vars(back).values()) <= 0.75


def test_random_notes_have_little():
    random = np.random.default_rng(5)
    start = np.sort(random.integers(0, 60_000, 400))
    found = structureness(Score(500, (Track(start, random.integers(50, 800, 400), random.integers(40, 90, 400), [80] * 400),)))
    aaba = structureness(played(*(phrase(number) for number in (0, 0, 1, 0, 0, 1))))
    assert all(getattr(found, name) < getattr(aaba, name) - 0.1 for name in ("short", "mid", "long"))


def test_a_repeat_in_another_key_still_counts():
    score = played(phrase(0), phrase(1), phrase(0))
    for name, value in vars(structureness(transpose(score, 5))).items():
        assert value == pytest.approx(getattr(structureness(score), name), abs=1e-9)
    moved = played(phrase(0), phrase(1), [[key + 3 for key in chord] for chord in phrase(0)])
    new = played(phrase(0), phrase(1), phrase(2))
    assert structureness(moved).mid == pytest.approx(structureness(score).mid, abs=0.02)  # what leads up to it smooths in
    assert structureness(moved).mid > structureness(new).mid + 0.1


def test_a_span_longer_than_the_piece_is_not_a_number():
    seconds = [(2, [0, 0, 0]), (4, [1, 0, 0]), (8, [1, 1, 0]), (14, [1, 1, 0]), (15, [1, 1, 1])]
    for length, known in seconds:
        assert [not math.isnan(value) for value in vars(structureness(played(phrase(0, seconds=length)))).values()] == known


def test_one_chord_throughout_is_nothing_but_repetition():
    held = structureness(played([[60, 64, 67]] * 30))
    assert held == Structureness(*(pytest.approx(1 - length / 30) for length in (3, 8, 15)))


def test_long_pieces_have_their_long_spans_measured_coarsely(monkeypatch):
    score = played(*(phrase(number) for number in (0, 1, 0, 2)))
    fine = structureness(score)
    monkeypatch.setattr(module, "MOST_FRAMES", 40)
    coarse = structureness(score)
    assert (coarse.short, coarse.mid) == (fine.short, fine.mid)
    assert coarse.long != fine.long and coarse.long == pytest.approx(fine.long, abs=0.15)


def test_what_has_no_harmony_or_no_end_is_refused():
    with pytest.raises(ScoreError, match="no pitched note"):
        structureness(Score(500, (Track([0], [10], [36], [90], is_drum=True),)))
    with pytest.raises(ScoreError, match="lasts 700 s, expected 600 at most. Cut it first"):
        structureness(played(phrase(0, seconds=700)))
