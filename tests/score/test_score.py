import copy
import dataclasses
import pickle

import pytest
from hypothesis import given
from some_scores import parts, scores

from partimento.errors import ScoreError
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track


def test_an_empty_score_is_a_score():
    score = Score()
    assert (score.note_count, score.end_tick, score.ticks_per_quarter) == (0, 0, 480)
    assert Score(tracks=(Track(),)).end_tick == 0


def test_counts_and_end_are_over_all_tracks():
    score = Score(tracks=(Track([0], [100], [60], [80]), Track([10, 20], [5, 5], [60, 61], [80, 80]), Track()))
    assert (score.note_count, score.end_tick) == (3, 100)


def test_lists_become_tuples_in_tick_order_and_equal_ticks_keep_theirs():
    marks = [Mark(5, "text", "b"), Mark(0, "text", "z"), Mark(5, "chord", "a")]
    score = Score(tracks=[Track()], tempos=[Tempo(9), Tempo(3)], marks=marks, key_signatures=[KeySignature(4), KeySignature(1)])
    assert [mark.text for mark in score.marks] == ["z", "b", "a"]
    assert [tempo.tick for tempo in score.tempos] == [3, 9]
    assert isinstance(score.tracks, tuple)
    assert score.marks_of("chord") == (Mark(5, "chord", "a"),)


@given(scores())
def test_a_score_can_be_sent_to_another_process_and_copied(score):
    for other in (pickle.loads(pickle.dumps(score)), copy.deepcopy(score)):
        assert parts(other) == parts(score)
        assert dict(other.metadata) == dict(score.metadata)
        assert not any(track.start.flags.writeable for track in other.tracks)


def test_a_score_cannot_be_changed_even_through_its_metadata():
    words = {"title": "A"}
    score = Score(metadata=words)
    words["title"] = "B"
    assert score.metadata["title"] == "A"
    with pytest.raises(TypeError, match="does not support item assignment"):
        score.metadata["title"] = "C"
    with pytest.raises(dataclasses.FrozenInstanceError):
        score.pickup = 3


def test_added_warnings_and_words_leave_the_old_score_alone():
    score = Score(metadata={"title": "A"}, warnings=("one",))
    assert score.with_warnings("two", "three").warnings == ("one", "two", "three")
    assert dict(score.with_metadata(title="B", composer="C").metadata) == {"title": "B", "composer": "C"}
    assert (score.warnings, dict(score.metadata)) == (("one",), {"title": "A"})


def test_a_shallow_copy_is_equal_in_content():
    score = Score(96, (Track([0], [1], [60], [80]),), metadata={"title": "A"})
    again = copy.copy(score)
    assert again.tracks is score.tracks
    assert dict(again.metadata) == {"title": "A"}


@pytest.mark.parametrize("resolution", [0, -1, 32768])
def test_a_resolution_out_of_range_is_refused(resolution):
    with pytest.raises(ScoreError, match=f"{resolution} ticks per quarter, expected 1 to 32767"):
        Score(resolution)


@pytest.mark.parametrize("pickup", [-1, 2**31])
def test_a_pickup_out_of_range_is_refused(pickup):
    with pytest.raises(ScoreError, match=f"a pickup of {pickup} ticks"):
        Score(pickup=pickup)


@pytest.mark.parametrize(("tick", "microseconds"), [(-1, 500_000), (0, 0), (0, 2**24)])
def test_a_tempo_out_of_range_is_refused(tick, microseconds):
    with pytest.raises(ScoreError, match=f"tempo at tick {tick}: {microseconds} us a quarter"):
        Tempo(tick, microseconds)


@pytest.mark.parametrize("bpm", [0, -3, float("nan"), float("inf")])
def test_a_tempo_of_no_number_is_refused(bpm):
    with pytest.raises(ScoreError, match="bpm: expected more than 0"):
        Tempo.of_bpm(0, bpm)


def test_bpm_is_microseconds_upside_down_and_stays_writable():
    assert Tempo.of_bpm(7, 120) == Tempo(7, 500_000)
    assert Tempo(0, 600_000).bpm == 100
    assert Tempo.of_bpm(0, 1).quarter_microseconds == 0xFFFFFF
    assert Tempo.of_bpm(0, 1e9).quarter_microseconds == 1


@pytest.mark.parametrize("values", [(-1, 4, 4), (0, 0, 4), (0, 256, 4), (0, 4, 3), (0, 4, 0), (0, 4, -4), (0, 4, 512)])
def test_a_metre_out_of_range_is_refused(values):
    with pytest.raises(ScoreError, match=f"time signature at tick {values[0]}: {values[1]}/{values[2]}"):
        TimeSignature(*values)


@pytest.mark.parametrize("values", [(-1, 0, "major"), (0, 8, "major"), (0, -8, "major"), (0, 0, "ionian")])
def test_a_key_out_of_range_is_refused(values):
    with pytest.raises(ScoreError, match=f"key signature at tick {values[0]}: {values[1]} fifths {values[2]}"):
        KeySignature(*values)
