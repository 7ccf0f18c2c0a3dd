from dataclasses import replace

import numpy as np
import pytest

from little_music import words
from partimento.errors import ScoreError
from partimento.score import Score, Tempo, Track
from partimento.score.note import SUSTAIN
from partimento.score.steps import MOST_STEPS, Steps, losses_of, score_of, steps_of


def keyboard(*notes, **fields):
    """One track of (start, length, pitch) notes; 48 ticks are a step at the usual tempo."""
    start, length, pitch = zip(*notes, strict=True)
    return Score(480, (Track(start, length, pitch, [80] * len(notes)),), **fields)


def cells(score):
    """What sounds: step, key, and a star where it is struck."""
    steps = steps_of(score)
    return [f"{s}:{k}{'*' if hit else ''}" for s, k, hit in zip(steps.step, steps.key, steps.struck, strict=True)]


def test_a_note_is_struck_once_and_then_held():
    assert cells(keyboard((48, 144, 60), (96, 48, 55))) == ["1:60*", "2:55*", "2:60", "3:60"]


def test_a_touching_note_of_the_same_key_is_struck_anew():
    score = keyboard((0, 96, 60), (96, 96, 60))
    assert cells(score) == ["0:60*", "1:60", "2:60*", "3:60"]
    assert words(score_of(steps_of(score))) == words(score)


def test_steps_are_fifty_milliseconds_after_a_change_of_tempo_too():
    """A quarter at 120 is 10 steps; then a quarter at 60 is 20, then one at 240 is 5."""
    score = keyboard((0, 480, 60), (480, 480, 62), (960, 480, 64), tempos=(Tempo(480, 1_000_000), Tempo(960, 250_000)))
    back = score_of(steps_of(score))
    assert words(back) == [[(0, 480, 60), (480, 960, 62), (1440, 240, 64)]]
    assert (back.ticks_per_quarter, [tempo.bpm for tempo in back.tempos]) == (480, [120])


def test_notes_move_to_the_nearest_step_and_none_vanishes():
    score = keyboard((23, 5, 60), (25, 5, 62), (71, 100, 64), (960, 1, 65))
    assert words(score_of(steps_of(score))) == [[(0, 48, 60), (48, 48, 62), (48, 144, 64), (960, 48, 65)]]
    assert losses_of(score) == ("4 of 4 notes were moved to the nearest step of 50 ms.",)


@pytest.mark.parametrize("ticks_per_quarter", [384, 480, 960, 10080])
def test_a_note_as_near_to_its_step_as_its_file_can_say_counts_as_on_it(ticks_per_quarter):
    ticks = np.rint(np.arange(0, 200, 3) * ticks_per_quarter / 10).astype(int)
    score = Score(ticks_per_quarter, (Track(ticks[:-1], np.diff(ticks), [60] * (len(ticks) - 1), [80] * (len(ticks) - 1)),))
    assert losses_of(score) == ()
    assert words(score_of(steps_of(score))) == [[(step * 48, 144, 60) for step in range(0, 198, 3)]]


def test_two_tracks_share_one_keyboard():
    """Struck at once: one strike, as long as the longer. Struck within the other: a strike more, and it sounds as long as either."""
    long, short = keyboard((0, 480, 60), (960, 480, 67)), keyboard((0, 96, 60), (1056, 96, 67))
    score = Score(480, (long.tracks[0], short.tracks[0]))
    assert words(score_of(steps_of(score))) == [[(0, 480, 60), (960, 96, 67), (1056, 384, 67)]]
    assert losses_of(score) == ("3 notes sound while another strikes the same key; one key plays both.",)


def test_the_louder_of_two_equal_strikes_is_heard():
    tracks = tuple(Track([0], [48], [60], [velocity]) for velocity in (30, 90, 50))
    assert steps_of(Score(480, tracks)).velocity.tolist() == [90]


def test_pedals_become_long_notes_and_drums_are_left_out():
    track = Track([0], [48], [60], [80], controls=np.array([[0, SUSTAIN, 127], [480, SUSTAIN, 0]]))
    score = Score(480, (track, Track([0, 48], [48, 48], [36, 38], [80, 80], is_drum=True)))
    assert words(score_of(steps_of(score))) == [[(0, 480, 60)]]
    assert losses_of(score) == ("Pedals are told by the length of notes.", "2 notes of drums were left out.")


def test_a_score_without_notes_has_no_steps():
    for score in (Score(), Score(480, (Track(),)), Score(480, (Track([0], [1], [36], [80], is_drum=True),))):
        steps = steps_of(score)
        assert (steps.count, steps.step.size) == (0, 0)
        assert score_of(steps).note_count == 0
    assert losses_of(Score()) == ()


def test_a_score_of_years_is_refused():
    longest = keyboard((0, MOST_STEPS * 48, 60))
    assert steps_of(longest).count == MOST_STEPS
    with pytest.raises(ScoreError, match=r"lasts 17895695 seconds, expected at most 7500. Cut it into pieces"):
        steps_of(replace(keyboard((2**31 - 200, 1, 60)), ticks_per_quarter=120, tempos=(Tempo(0, 1_000_000),)))
    with pytest.raises(ScoreError, match="expected at most 7500"):
        losses_of(keyboard((0, MOST_STEPS * 48 + 48, 60)))


def test_a_held_key_that_did_not_sound_counts_as_struck():
    column = np.array([0, 1, 3, 4])
    steps = Steps(column, np.array([60, 60, 60, 62]), np.zeros(4, bool), np.full(4, 80), 5)
    assert words(score_of(steps)) == [[(0, 96, 60), (144, 48, 60), (192, 48, 62)]]


def test_cells_in_any_order_are_tidied_and_a_strike_wins():
    steps = Steps.tidy(np.array([1, 0, 0, 0]), np.array([60, 64, 60, 60]), np.array([0, 1, 0, 1], bool), np.array([1, 2, 3, 4]), 2)
    assert list(zip(steps.step.tolist(), steps.key.tolist(), steps.struck.tolist(), steps.velocity.tolist(), strict=True)) == [
        (0, 60, True, 4),
        (0, 64, True, 2),
        (1, 60, False, 1),
    ]
