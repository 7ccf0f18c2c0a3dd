from dataclasses import replace

import numpy as np
import pytest

from little_music import chorale
from partimento.evaluation.kept import kept_share
from partimento.score import Score, Tempo, Track
from partimento.score.transform import transpose


def line(*starts, pitch=60, ticks=480, tempo=120):
    count = len(starts)
    notes = Track(np.array(starts), np.full(count, 10), np.full(count, pitch), np.full(count, 80))
    return Score(ticks, (notes,), (Tempo.of_bpm(0, tempo),))


def test_all_is_kept_of_the_same_music_in_any_resolution_and_tempo():
    score = chorale()
    assert kept_share(score, score) == 1
    assert kept_share(score, replace(score, tempos=(Tempo.of_bpm(0, 51),))) == 1
    assert kept_share(line(0, 480, 960), line(0, 10, 20, ticks=10, tempo=300)) == 1


def test_played_time_counts_where_written_time_does_not():
    assert kept_share(line(0, 480, 960, tempo=60), line(0, 960, 1920, tempo=120)) == 1


def test_silence_before_the_first_note_does_not_count():
    assert kept_share(line(960, 1440, 2400), line(0, 480, 1440)) == 1


def test_another_key_is_another_note():
    assert kept_share(chorale(), transpose(chorale(), 12)) < 0.2


@pytest.mark.parametrize(("moved", "share"), [(59, 1.0), (61, 0.75)])
def test_a_note_may_move_by_half_a_sixteenth(moved, share):
    assert kept_share(line(0, 480, 960, 1440, tempo=30), line(0, 480 + moved, 960, 1440, tempo=30)) == share


def test_two_notes_need_two_notes():
    assert kept_share(line(0, 0, 480, 480), line(0, 480)) == 0.5


def test_a_score_without_notes_loses_none():
    assert kept_share(Score(), chorale()) == 1
