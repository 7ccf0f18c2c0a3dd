"""Music that was played, as it can be written."""

import numpy as np
import pytest

from partimento.files.abc import abc_text
from partimento.score import Mark, Score, Track
from partimento.score.notation import GRID, is_notated, is_played, legible, on_grid

JIG = np.array([0, 240, 480, 720, 960, 1200])


def played(late=1, ticks_per_quarter=480):
    start = JIG * ticks_per_quarter // 480 + late
    end = (JIG + 240) * ticks_per_quarter // 480
    return Score(ticks_per_quarter, (Track(start, end - start, np.full(6, 62), np.full(6, 80)),))


def test_notes_that_a_program_strikes_a_tick_late_are_on_the_beat():
    score = played()
    assert is_played(score.tracks, 480)
    track = legible(score).tracks[0]
    assert track.start.tolist() == JIG.tolist() and track.duration.tolist() == [240] * 6


def test_what_was_written_stays_as_it_is():
    score = played(late=0)
    assert legible(score) is score
    fine = Score(480, (Track(np.array([0, 160, 320, 480]), np.array([160, 160, 160, 15]), np.full(4, 62), np.full(4, 80)),))
    assert legible(fine) is fine  # triplets and a 128th


def test_staves_can_show_notes_that_begin_on_a_grid_however_long_they_last():
    starts = np.arange(0, 1920, 160)
    assert is_notated(Score(480, (Track(starts, np.full(12, 141), np.full(12, 60), np.full(12, 80)),)))
    free = np.random.default_rng(3).integers(0, 60_000, 200)
    assert not is_notated(Score(500, (Track(np.sort(free), np.full(200, 250), np.full(200, 60), np.full(200, 80)),)))
    assert not is_notated(Score())


@pytest.mark.parametrize("ticks_per_quarter", [100, 500, 960, 32_749])
def test_any_resolution_becomes_one_that_has_both_grids(ticks_per_quarter):
    score = legible(played(late=3, ticks_per_quarter=ticks_per_quarter))
    assert score.ticks_per_quarter % GRID == 0
    assert (score.tracks[0].start * 2 / score.ticks_per_quarter).tolist() == list(range(6))


def test_each_quarter_has_the_nearer_grid():
    start, end = on_grid(np.array([2, 162, 319, 481, 598, 722, 842]), np.array([150, 300, 470, 590, 715, 830, 955]), 480)
    assert start.tolist() == [0, 160, 320, 480, 600, 720, 840]
    assert (end > start).all()


def test_triplets_that_a_file_rounds_are_triplets_again():
    start = np.concatenate([np.arange(40) * 512, 20_480 + np.array([0, 341, 683, 1024])])
    end = np.append(start[1:], 22_528)
    score = Score(1024, (Track(start, end - start, np.full(44, 62), np.full(44, 80)),))
    assert not is_played(score.tracks, 1024)
    mended = legible(score)
    third = mended.ticks_per_quarter // 3
    assert (mended.tracks[0].start[-4:] - mended.tracks[0].start[40]).tolist() == [0, third, 2 * third, 3 * third]
    assert mended.tracks[0].duration[-4:-1].tolist() == [third] * 3 and abc_text(mended, header=False).count("(3DDD") == 1


def test_a_chord_symbol_goes_along():
    score = played()
    score = Score(480, score.tracks, marks=(Mark(721, "chord", "G"),))
    assert [mark.tick for mark in legible(score).marks] == [720]
