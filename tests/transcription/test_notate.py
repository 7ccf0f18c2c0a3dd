"""From a performance to a score: bars, beats, hands, tempo, and a page that can be written."""

from dataclasses import replace

import numpy as np
import pytest
from played import march, performed, share_in_place, waltz

from partimento.errors import ScoreError
from partimento.files.abc import abc_bytes, read_abc
from partimento.files.musicxml import musicxml_bytes, read_musicxml
from partimento.score import Score, Track
from partimento.score.hands import HANDS
from partimento.score.tempo import seconds_at
from partimento.transcription.notate import notated


@pytest.fixture(scope="module")
def a_march() -> tuple[Score, Score]:
    """A performance and its notation."""
    heard = performed(march())
    return heard, notated(heard)


def test_a_march_with_rubato_stands_in_its_bars(a_march):
    heard, score = a_march
    assert [(one.numerator, one.denominator) for one in score.time_signatures] == [(4, 4)]
    assert score.note_count == heard.note_count == len(march())
    assert share_in_place(score, march(), 4) > 0.95


def test_the_grid_of_120_bpm_would_not_do(a_march):
    heard, _ = a_march
    naive = replace(heard, time_signatures=notated(heard).time_signatures)
    track = heard.tracks[0]
    grid = np.rint((track.start - track.start[0]) / 125).astype(int) * 125
    naive = replace(naive, tracks=(replace(track, start=grid),))
    assert share_in_place(naive, march(), 4) < 0.3


@pytest.mark.parametrize(("bpm", "rubato", "seed"), [(80, 0.2, 2), (110, 0.25, 3), (132, 0.1, 4)])
def test_a_waltz_at_any_tempo(bpm, rubato, seed):
    score = notated(performed(waltz(), bpm=bpm, rubato=rubato, seed=seed))
    assert (score.time_signatures[0].numerator, score.time_signatures[0].denominator) == (3, 4)
    assert share_in_place(score, waltz(), 3) > 0.9


def test_it_plays_back_at_the_times_of_the_performance(a_march):
    heard, score = a_march
    wanted = np.sort((heard.tracks[0].start - heard.tracks[0].start[0]) / 1000)
    played = np.sort(np.concatenate([seconds_at(score, track.start) for track in score.tracks]))
    assert np.abs(wanted - played).max() < 0.1
    assert np.abs(wanted - played).mean() < 0.04
    assert len({tempo.quarter_microseconds for tempo in score.tempos}) > 3  # the tempo is followed
    assert len(score.tempos) < 16 * 4  # and not written on every beat


def test_two_hands(a_march):
    _, score = a_march
    assert tuple(track.name for track in score.tracks) == HANDS
    assert score.tracks[0].pitch.min() > score.tracks[1].pitch.max()
    assert len(score.tracks[1]) == 16 * 10


def test_key_and_first_note(a_march):
    _, score = a_march
    assert [(key.tick, key.fifths, key.mode) for key in score.key_signatures] == [(0, 0, "major")]
    assert min(track.start[0] for track in score.tracks) == 0
    assert score.pickup == 0


def test_a_pickup_is_told():
    rows = [(0.0, 1.0, 67), *((at + 1, length, pitch) for at, length, pitch in march())]
    score = notated(performed(rows, seed=5))
    assert score.pickup == 480
    assert share_in_place(score, [(at + 3, length, pitch) for at, length, pitch in rows], 4) > 0.95


def test_one_voice_of_plain_values_where_notes_follow_one_another():
    rows = [(0.5 * index, 0.5, 72 + (0, 4, 7, 4)[index % 4]) for index in range(64)]
    right = notated(performed(rows, bpm=100)).tracks[0]
    assert (right.end[:-1] <= right.start[1:]).all()
    assert (right.start[1:] - right.end[:-1] == 0).mean() > 0.95  # no rests for the way they are touched


def test_pedals_stay_at_their_times():
    heard = performed(march(4))
    pedalled = replace(heard, tracks=(replace(heard.tracks[0], controls=np.array([[700, 64, 127], [4000, 64, 0]])),))
    score = notated(pedalled)
    for track in score.tracks:
        assert track.controls[:, 2].tolist() == [127, 0]
        assert seconds_at(score, track.controls[1, 0]) == pytest.approx((4000 - heard.tracks[0].start[0]) / 1000, abs=0.06)


def test_a_long_silence_is_shortened_and_said():
    heard = performed(march(4))
    track = heard.tracks[0]
    late = np.where(np.arange(len(track)) >= len(track) // 2, 3_000_000, 0)
    score = notated(replace(heard, tracks=(replace(track, start=track.start + late, controls=np.array([[3_004_000, 64, 127]])),)))
    assert score.warnings == ("silences longer than 20 s were shortened to that.",)
    assert seconds_at(score, score.end_tick) < 40
    assert seconds_at(score, score.tracks[0].controls[0, 0]) > 20
    assert notated(heard).warnings == ()


def test_the_same_performance_gives_the_same_bytes():
    heard = performed(waltz(6))
    assert musicxml_bytes(notated(heard)) == musicxml_bytes(notated(heard))


def test_musicxml_reads_back_on_two_staves_with_one_metronome_mark(a_march):
    _, score = a_march
    data = musicxml_bytes(score)
    assert data.count(b"<metronome>") == 1
    assert data.count(b"<sound tempo=") == len(score.tempos)
    assert b"<group-symbol>brace</group-symbol>" in data
    assert b"<staves>" not in data
    back = read_musicxml(data, "march.musicxml")
    assert [(t.start.tolist(), t.duration.tolist(), t.pitch.tolist()) for t in back.tracks] == [
        (t.start.tolist(), t.duration.tolist(), t.pitch.tolist()) for t in score.tracks
    ]
    assert back.tempos == score.tempos


def test_abc_reads_back(a_march):
    _, score = a_march
    back = read_abc(abc_bytes(score), "march.abc")
    assert [sorted(track.pitch.tolist()) for track in back.tracks] == [sorted(track.pitch.tolist()) for track in score.tracks]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_notes(count):
    track = Track(np.arange(count) * 500, np.full(count, 400), np.full(count, 60), np.full(count, 64))
    score = notated(Score(500, (track,)))
    assert score.note_count == count
    assert musicxml_bytes(score)


def test_only_one_hand_plays():
    rows = [(index, 1.0, 40 - index % 3) for index in range(16)]
    score = notated(performed(rows))
    assert len(score.tracks[1]) == 16
    assert musicxml_bytes(score)


def test_drums_and_own_tempo_are_left_out():
    heard = performed(march(4))
    drums = Track([0], [10], [38], [100], is_drum=True)
    both = notated(replace(heard, tracks=(*heard.tracks, drums)))
    assert both.note_count == heard.note_count


def test_nothing_to_write_down():
    with pytest.raises(ScoreError, match="holds no pitched notes, expected at least one"):
        notated(Score(500, (Track([0], [10], [38], [100], is_drum=True),)))
