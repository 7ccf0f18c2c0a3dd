import numpy as np
import pytest

from partimento.errors import ConfigError, ScoreError
from partimento.evaluation.self_similarity import PENALTY, chroma, self_similarity, strongest
from partimento.score import Score, Tempo, Track
from partimento.score.tempo import with_tempo


def of(*notes, **fields):
    """A piece of notes (start and length in ms, key, velocity) at 1,000 ticks a second."""
    return Score(500, (Track(*zip(*notes, strict=True), **fields),))


def test_a_note_is_its_pitch_class_while_it_sounds():
    rows = chroma(of((0, 2000, 60, 80), (6000, 2000, 74, 20)))
    assert rows.shape == (16, 12)
    assert np.square(rows).sum(1) == pytest.approx(np.ones(16))
    assert rows[1, 0] == 1 and rows[13, 2] == 1  # loud or soft: a frame alone with one note is that note
    assert rows[8] == pytest.approx(np.full(12, 12**-0.5))  # silence is like nothing in particular


def test_louder_notes_weigh_more_and_old_ones_less():
    rows = chroma(of((0, 8000, 60, 40), (0, 8000, 64, 80)))
    assert rows[8, 4] == pytest.approx(2 * rows[8, 0])
    struck = chroma(of((0, 8000, 60, 80), (4000, 4000, 64, 80)))
    assert struck[12, 4] / struck[12, 0] == pytest.approx(np.exp(4 / 2))


def test_a_note_that_the_pedal_holds_sounds_on():
    dry = chroma(of((0, 100, 60, 80), (3900, 100, 62, 80)))
    held = chroma(of((0, 100, 60, 80), (3900, 100, 62, 80), controls=np.array([[0, 64, 127], [3000, 64, 0]])))
    assert dry[4, 0] == pytest.approx(12**-0.5)
    assert held[4, 0] == 1


def test_drums_are_left_out_and_seconds_follow_the_tempo():
    notes = Track([0], [1000], [60], [80])
    drums = Track([0], [9000], [36], [80], is_drum=True)
    assert chroma(Score(500, (notes, drums))).shape == (2, 12)
    assert chroma(with_tempo(Score(500, (notes,)), 60)).shape == (4, 12)
    changing = Score(500, (Track([0, 500], [500, 500], [60, 60], [80, 80]),), tempos=(Tempo.of_bpm(0, 60), Tempo.of_bpm(500, 30)))
    assert chroma(changing).shape == (6, 12)
    assert chroma(changing, rate_hz=0.5).shape == (2, 12)


def test_a_repeat_in_any_key_is_alike_and_the_matrix_is_symmetric():
    random = np.random.default_rng(0)
    keys = 48 + random.choice(24, (20, 3))
    both = np.concatenate([keys, keys + 7])
    notes = [(1000 * at, 1000, int(key), 80) for at, chord in enumerate(both) for key in chord]
    matrix = self_similarity(of(*notes))
    assert matrix.shape == (80, 80) and (matrix == matrix.T).all() and matrix.min() >= 0 and matrix.max() <= 1
    at = np.arange(40)
    assert matrix[at + 40, at].min() > 0.95  # some lines run over the seam, and its smoothing hears both sides
    assert np.median(matrix[at + 40, at]) == 1
    assert np.median(matrix) < 0.9


def test_the_repeat_may_be_slower():
    random = np.random.default_rng(1)
    keys = 48 + random.choice(24, (20, 3))
    notes = [(1000 * at, 1000, int(key), 80) for at, chord in enumerate(keys) for key in chord]
    notes += [(20_000 + 2000 * at, 2000, int(key), 80) for at, chord in enumerate(keys) for key in chord]
    matrix = self_similarity(of(*notes))
    along = [matrix[40 + 2 * at, at] for at in range(40)]
    assert np.median(along) > np.quantile(matrix, 0.9)


def test_a_quarter_of_the_cells_is_kept_and_spread():
    random = np.random.default_rng(2)
    matrix = random.permutation(400).reshape(20, 20) / 400
    kept = strongest(matrix)
    beside = ~np.eye(20, dtype=bool)
    assert ((kept > PENALTY) == (matrix >= 0.75))[beside].all()
    assert np.unique(kept[(matrix < 0.75) & beside]).tolist() == [PENALTY]
    assert kept[(matrix >= 0.75) & beside] == pytest.approx((matrix[(matrix >= 0.75) & beside] - 0.75) / (matrix.max() - 0.75))
    assert (np.diagonal(kept) == 1).all()


def test_where_all_is_alike_all_is_kept():
    assert (strongest(np.full((3, 3), 0.5)) == 1).all()
    assert strongest(np.ones((1, 1))).tolist() == [[1]]


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ConfigError, match="3 frames a second, expected one of 2.0, 1.0, 0.5"):
        chroma(of((0, 100, 60, 80)), rate_hz=3)
    with pytest.raises(ScoreError, match="no pitched note, expected one at least"):
        self_similarity(Score())
    with pytest.raises(ScoreError, match="lasts 601 s, expected 600 at most"):
        self_similarity(of((0, 601_000, 60, 80)))


def test_a_note_held_for_minutes_among_many_costs_little():
    notes = [(at, 590_000, 60, 80) for at in range(3000)]
    assert chroma(of(*notes), rate_hz=0.5).shape == (297, 12)
