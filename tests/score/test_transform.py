import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from some_scores import parts, rows, scores, sounding, track

from partimento.errors import ScoreError
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.meter import bar_of, bar_starts
from partimento.score.pitch import tonic_pitch_class
from partimento.score.tempo import duration_seconds, seconds_at, stretch, with_tempo
from partimento.score.transform import cut, cut_bars, join, merge_tracks, quantize, rescale, transpose

# --- transpose -------------------------------------------------------------------------------------------------


@given(scores(), st.integers(-30, 30))
def test_transposing_moves_every_pitch_and_leaves_drums_and_time_alone(score, semitones):
    moved = transpose(score, semitones)
    for old, new in zip(score.tracks, moved.tracks, strict=True):
        assert np.array_equal(new.pitch, old.pitch + (0 if old.is_drum else semitones))
        assert np.array_equal(new.start, old.start) and np.array_equal(new.controls, old.controls)
    for old, new in zip(score.key_signatures, moved.key_signatures, strict=True):
        assert (tonic_pitch_class(new) - tonic_pitch_class(old) - semitones) % 12 == 0
        assert (new.tick, new.mode) == (old.tick, old.mode)
        assert abs(new.fifths) <= 6 or semitones % 12 == 0
    assert moved.tempos == score.tempos


@given(scores(), st.sampled_from([0, 12, -12, 24]))
def test_octaves_leave_keys_and_chord_symbols_as_written(score, semitones):
    moved = transpose(score, semitones)
    assert (moved.key_signatures, moved.marks) == (score.key_signatures, score.marks)


def test_chord_symbols_are_spelled_as_their_key_asks():
    marks = (Mark(0, "chord", "Bb"), Mark(0, "lyric", "Amen"), Mark(96, "chord", "F#m"))
    score = Score(24, key_signatures=(KeySignature(0, -2), KeySignature(96, 2)), marks=marks)
    moved = transpose(score, 1)
    assert [key.fifths for key in moved.key_signatures] == [5, -3]
    assert [mark.text for mark in moved.marks] == ["B", "Amen", "Gm"]
    assert [mark.text for mark in transpose(score, -1).marks] == ["A", "Amen", "Fm"]


def test_chord_symbols_without_a_key_move_as_in_c_major():
    score = Score(marks=(Mark(0, "chord", "C"), Mark(0, "chord", "Am/G")))
    assert [mark.text for mark in transpose(score, 1).marks] == ["Db", "Bbm/Ab"]
    assert [mark.text for mark in transpose(score, 2).marks] == ["D", "Bm/A"]


def test_six_accidentals_stay_on_the_side_they_come_from():
    assert transpose(Score(key_signatures=(KeySignature(0, -1),)), 1).key_signatures[0].fifths == -6
    assert transpose(Score(key_signatures=(KeySignature(0, 1),)), -1).key_signatures[0].fifths == 6


def test_a_note_that_leaves_the_keys_is_named():
    score = Score(tracks=(track((0, 1, 60, 80), (5, 1, 120, 80), name="flute"),))
    with pytest.raises(ScoreError, match=r"track 'flute', note 1 at tick 5: C9 moved by \+8 semitones is MIDI key 128"):
        transpose(score, 8)
    with pytest.raises(ScoreError, match=r"note 0 at tick 0: C4 moved by -61 semitones is MIDI key -1"):
        transpose(score, -61)
    assert transpose(Score(tracks=(track((0, 1, 120, 80), is_drum=True),)), 8).tracks[0].pitch.tolist() == [120]


# --- cut -------------------------------------------------------------------------------------------------------


@given(scores(), st.integers(0, 500), st.integers(1, 300))
def test_a_cut_sounds_as_the_same_span_did(score, start, length):
    part = cut(score, start, start + length)
    heard = {(index, tick - start, pitch) for index, tick, pitch in sounding(score, start + length) if tick >= start}
    assert sounding(part, 10**6) == heard
    assert part.end_tick <= length
    seconds = seconds_at(score, start + np.arange(length + 1)) - seconds_at(score, start)
    assert np.allclose(seconds_at(part, np.arange(length + 1)), seconds)


@given(scores(), st.integers(0, 500), st.integers(1, 300))
def test_bar_lines_stand_where_they_stood(score, start, length):
    part = cut(score, start, start + length)
    lines = bar_starts(score, start + length)
    here = {int(line) - start for line in lines if start <= line}
    if 0 in here and start == 0 and score.pickup:
        assert part.pickup == score.pickup
    assert set(bar_starts(part, length).tolist()) == here | {0}
    assert (part.pickup == 0) == (0 in here and not (start == 0 and score.pickup))


@given(scores(), st.integers(0, 500), st.integers(1, 300))
def test_a_cut_begins_with_the_key_and_controls_in_force(score, start, length):
    part = cut(score, start, start + length)
    key = [key for key in score.key_signatures if key.tick <= start][-1:]
    assert [(k.fifths, k.mode) for k in part.key_signatures if k.tick == 0] == [(k.fifths, k.mode) for k in key]
    for old, new in zip(score.tracks, part.tracks, strict=True):
        for tick in (0, length - 1):

            def state(controls, at):
                return {number: value for when, number, value in controls.tolist() if when <= at}

            assert state(new.controls, tick) == state(old.controls, start + tick)
    assert [mark.text for mark in part.marks] == [mark.text for mark in score.marks if start <= mark.tick < start + length]


@given(scores(), st.integers(0, 400), st.integers(1, 200), st.integers(1, 200))
def test_cutting_twice_is_cutting_once(score, start, skip, length):
    once = cut(score, start + skip, start + skip + length)
    twice = cut(cut(score, start, start + skip + length), skip, skip + length)
    assert parts(once)[:-1] == parts(twice)[:-1]
    assert min(once.pickup, length) == min(twice.pickup, length)  # a metre behind the end may have named the next bar line


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5)])
def test_a_cut_of_nothing_is_refused(start, end):
    with pytest.raises(ScoreError, match=f"cut from tick {start} to {end}: expected a start of 0 or later"):
        cut(Score(), start, end)


def test_bars_are_cut_by_number_with_both_ends():
    score = Score(24, (track(*((24 * n, 24, 60 + n, 80) for n in range(13))),), pickup=24)  # a pickup and three bars
    assert cut_bars(score, 0, 0).tracks[0].pitch.tolist() == [60]
    assert cut_bars(score, 0, 0).pickup == 24
    part = cut_bars(score, 2, 3)
    assert (part.tracks[0].pitch.tolist(), part.pickup) == ([65, 66, 67, 68, 69, 70, 71, 72], 0)
    assert parts(cut_bars(score, 0, 3)) == parts(score)


@pytest.mark.parametrize(("first", "last"), [(-1, 0), (1, 0), (0, 2), (2, 2)])
def test_bars_the_score_has_not_are_refused(first, last):
    with pytest.raises(ScoreError, match=f"bars {first} to {last}: the score has bars 0 to 1"):
        cut_bars(Score(24, (track((0, 100, 60, 80)),)), first, last)


# --- join ------------------------------------------------------------------------------------------------------


@given(scores(), scores())
def test_a_join_holds_both_and_the_second_begins_on_a_bar_line(first, second):
    both = join(first, second)
    assert both.note_count == first.note_count + second.note_count
    if not first.note_count or not second.note_count:
        return
    scaled = rescale(first, both.ticks_per_quarter), rescale(second, both.ticks_per_quarter)
    line = both.end_tick - scaled[1].end_tick + scaled[1].pickup
    assert line - scaled[1].pickup >= scaled[0].end_tick
    assert bar_of(both, line)[1] == 0
    later = sorted((s - line + scaled[1].pickup, d, p, v) for t in both.tracks for s, d, p, v in rows(t))[-second.note_count :]
    assert later == sorted(row for t in scaled[1].tracks for row in rows(t))


@given(scores(), scores())
def test_in_a_join_both_keep_their_tempo_and_bar_lines(first, second):
    both = join(first, second)
    if not first.note_count or not second.note_count:
        return
    first, second = rescale(first, both.ticks_per_quarter), rescale(second, both.ticks_per_quarter)
    at = both.end_tick - second.end_tick
    ticks = np.arange(0, second.end_tick + 1)
    assert np.allclose(seconds_at(both, at + ticks) - seconds_at(both, at), seconds_at(second, ticks))
    assert np.allclose(seconds_at(both, np.arange(at + 1)), seconds_at(first, np.arange(at + 1)))
    assert bar_starts(both, first.end_tick).tolist() == bar_starts(first, first.end_tick).tolist()
    lines = bar_starts(second) + at
    assert set(bar_starts(both)[bar_starts(both) >= at + second.pickup].tolist()) == set(lines[lines >= at + second.pickup].tolist())


@given(scores(), st.integers(1, 399))
def test_cutting_and_joining_gives_the_same_music(score, at):
    both = join(cut(score, 0, at), cut(score, at, 600), at_tick=at)
    assert sounding(both, 600) == sounding(score, 600)
    assert np.allclose(seconds_at(both, np.arange(600)), seconds_at(score, np.arange(600)))
    assert bar_starts(both, 600).tolist() == bar_starts(score, 600).tolist()
    assert [mark.text for mark in both.marks] == [mark.text for mark in score.marks]


def test_a_pickup_completes_the_last_bar():
    verse = Score(24, (track((0, 24, 60, 80), (24, 72, 62, 80)),), pickup=24)  # a quarter, then three of four
    both = join(verse, verse)
    assert both.tracks[0].start.tolist() == [0, 24, 96, 120]
    assert both.pickup == 24
    assert both.time_signatures == ()
    assert bar_starts(both).tolist() == [0, 24, 120]


def test_a_join_says_metre_tempo_and_key_only_where_they_change():
    waltz = Score(24, (track((0, 72, 60, 80)),), (Tempo(0, 400_000),), (TimeSignature(0, 3, 4),), (KeySignature(0, 1),))
    plain = Score(24, (track((0, 96, 60, 80)),))
    again = join(waltz, waltz)
    assert (again.tempos, again.time_signatures, again.key_signatures) == (waltz.tempos, waltz.time_signatures, waltz.key_signatures)
    both = join(waltz, plain)
    assert both.tempos == (Tempo(0, 400_000), Tempo(72, 500_000))
    assert both.time_signatures == (TimeSignature(0, 3, 4), TimeSignature(72, 4, 4))
    assert join(plain, waltz).key_signatures == (KeySignature(96, 1),)


def test_tracks_go_on_by_name_then_by_place_and_others_are_added():
    first = Score(24, (track((0, 96, 60, 80), name="right"), track((0, 96, 40, 80), name="left"), track(program=40)))
    second = Score(24, (track((0, 9, 41, 80), name="left"), track((0, 9, 61, 80)), track((0, 9, 70, 80), program=41)))
    both = join(first, second)
    assert [t.pitch.tolist() for t in both.tracks] == [[60], [40, 41], [], [61], [70]]
    assert [t.name for t in join(Score(24, (track((0, 9, 1, 1)),)), second).tracks][:2] == ["left", ""]


def test_resolutions_meet_in_their_common_multiple_or_the_finer():
    one, other = Score(24, (track((0, 8, 60, 80)),)), Score(25, (track((0, 25, 60, 80)),))
    both = join(one, other)
    assert both.ticks_per_quarter == 600
    assert rows(both.tracks[0]) == [(0, 200, 60, 80), (2400, 600, 60, 80)]
    odd = join(Score(32767, one.tracks), Score(32766, other.tracks))
    assert odd.ticks_per_quarter == 32767


def test_pedals_left_down_are_lifted_at_the_join():
    first = Score(24, (track((0, 96, 60, 80), controls=[(0, 64, 127), (0, 7, 90), (5, 67, 0)]),))
    both = join(first, Score(24, (track((0, 96, 60, 80), controls=[(3, 64, 100)]),)))
    assert both.tracks[0].controls.tolist() == [[0, 64, 127], [0, 7, 90], [5, 67, 0], [96, 64, 0], [99, 64, 100]]


def test_words_of_both_are_kept_and_the_first_ones_win():
    first = Score(metadata={"title": "A"}, warnings=("x",), tracks=(track((0, 1, 60, 80)),))
    both = join(first, Score(metadata={"title": "B", "composer": "C"}, warnings=("y",)))
    assert (dict(both.metadata), both.warnings) == ({"title": "A", "composer": "C"}, ("x", "y"))
    nothing = join(Score(metadata={"title": "A"}), Score(96, first.tracks, pickup=5))
    assert (dict(nothing.metadata), nothing.pickup, nothing.note_count) == ({"title": "A"}, 25, 1)


def test_a_join_before_the_first_tick_is_refused():
    with pytest.raises(ScoreError, match="join at tick 0: expected 1 or later"):
        join(Score(), Score(), at_tick=0)


# --- rescale and quantize ---------------------------------------------------------------------------------------


@given(scores(), st.integers(1, 20))
def test_a_multiple_of_the_resolution_is_exact_and_comes_back(score, factor):
    fine = rescale(score, score.ticks_per_quarter * factor)
    assert parts(rescale(fine, score.ticks_per_quarter)) == parts(score)
    assert fine.end_tick == score.end_tick * factor
    assert np.allclose(seconds_at(fine, fine.end_tick), seconds_at(score, score.end_tick))


@given(scores(), st.integers(1, 2000))
def test_rescaling_rounds_to_the_nearest_tick_and_keeps_every_note(score, resolution):
    scaled = rescale(score, resolution)
    assert scaled.note_count == score.note_count
    for old, new in zip(score.tracks, scaled.tracks, strict=True):
        exact = np.sort(old.start) * resolution / score.ticks_per_quarter
        assert np.all(np.abs(np.sort(new.start) - exact) <= 0.5)
        assert np.all(new.duration >= 1)
        assert new.controls.shape == old.controls.shape


def test_notes_that_touched_still_touch():
    score = Score(480, (track((0, 213, 60, 80), (213, 213, 62, 80), (426, 54, 64, 80)),))
    scaled = rescale(score, 24).tracks[0]
    assert scaled.start[1:].tolist() == scaled.end[:-1].tolist()


@pytest.mark.parametrize("resolution", [0, -5, 32768])
def test_a_resolution_out_of_range_is_refused(resolution):
    with pytest.raises(ScoreError, match=f"rescale to {resolution} ticks per quarter: expected 1 to 32767"):
        rescale(Score(), resolution)


def test_a_rescaled_tick_too_large_for_a_file_is_refused():
    with pytest.raises(ScoreError, match="expected 0 to 2147483647"):
        rescale(Score(1, (track((2**30, 1, 60, 80)),)), 480)


@given(scores(), st.sampled_from([1, 4, 12, 16, 24, 32]))
def test_quantized_notes_stand_on_the_grid_near_where_they_were(score, grid):
    made = quantize(score, grid)
    step = 4 * made.ticks_per_quarter // grid
    assert step * grid == 4 * made.ticks_per_quarter
    factor = made.ticks_per_quarter // score.ticks_per_quarter
    for old, new in zip(score.tracks, made.tracks, strict=True):
        assert np.all(new.start % step == 0) and np.all(new.duration % step == 0) and np.all(new.duration >= step)
        assert len({(s, p) for s, _, p, _ in rows(new)}) == len(new)
        where = {(s, p) for s, _, p, _ in rows(new)}
        for start, _, pitch, _ in rows(old):
            assert any((s, pitch) in where and abs(s - start * factor) * 2 <= step for s in range(0, 600 * factor, step))
    assert parts(quantize(made, grid)) == parts(made)


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 30)), min_size=1, max_size=20), st.sampled_from([4, 8, 16]))
def test_quantizing_makes_no_new_overlap_of_one_key(lengths, grid):
    notes, tick = [], 0
    for length, rest in lengths:
        notes.append((tick, length, 60, 80))
        tick += length + rest
    made = quantize(Score(24, (track(*notes),)), grid).tracks[0]
    assert np.all(made.start[1:] >= made.end[:-1])


def test_doubled_notes_become_one_as_long_and_loud_as_the_longest_and_loudest():
    score = Score(24, (track((0, 24, 60, 50), (1, 48, 60, 90), (2, 24, 64, 70)),))
    assert rows(quantize(score, 16).tracks[0]) == [(0, 24, 64, 70), (0, 48, 60, 90)]


def test_a_grid_finer_than_the_ticks_raises_the_resolution():
    made = quantize(Score(1, (track((1, 1, 60, 80)),)), 12)
    assert (made.ticks_per_quarter, rows(made.tracks[0])) == (3, [(3, 3, 60, 80)])


def test_metre_keys_marks_and_pickup_go_to_the_grid_and_tempo_and_pedal_stay():
    score = Score(
        24,
        (track((0, 24, 60, 80), controls=[(5, 64, 127)]),),
        (Tempo(7),),
        (TimeSignature(25),),
        (KeySignature(23),),
        (Mark(26, "chord", "C"),),
        pickup=23,
    )
    made = quantize(score, 4)
    assert (made.time_signatures[0].tick, made.key_signatures[0].tick, made.marks[0].tick, made.pickup) == (24, 24, 24, 24)
    assert (made.tempos[0].tick, made.tracks[0].controls.tolist()) == (7, [[5, 64, 127]])


def test_grids_of_no_steps_or_too_fine_are_refused():
    with pytest.raises(ScoreError, match="quantize to a grid of 0: expected steps in a whole note"):
        quantize(Score(), 0)
    with pytest.raises(ScoreError, match="quantize to a grid of 99991: too fine for 32767"):
        quantize(Score(), 99991)


# --- tempo and tracks -------------------------------------------------------------------------------------------


def test_one_tempo_holds_throughout():
    score = Score(24, tempos=(Tempo(0, 300_000), Tempo(96, 900_000)))
    slow = with_tempo(score, 60)
    assert slow.tempos == (Tempo(0, 1_000_000),)
    with pytest.raises(ScoreError, match="tempo of 0 bpm"):
        with_tempo(score, 0)


def test_a_stretched_score_keeps_its_ticks_and_takes_longer():
    score = Score(24, (Track(np.array([0, 96]), np.array([24, 24]), np.array([60, 62]), np.array([64, 64])),), (Tempo(48, 900_000),))
    slower = stretch(score, 1.05)
    assert slower.tracks == score.tracks
    assert slower.tempos == (Tempo(0, 525_000), Tempo(48, 945_000))
    assert duration_seconds(slower) == pytest.approx(1.05 * duration_seconds(score))
    with pytest.raises(ScoreError, match="stretching by 0: expected a factor above 0"):
        stretch(score, 0)


@given(scores())
def test_merging_keeps_every_note_once_and_drums_apart(score):
    merged = merge_tracks(score)
    assert [t.is_drum for t in merged.tracks] == sorted({t.is_drum for t in score.tracks})
    for is_drum in {t.is_drum for t in score.tracks}:
        old = [row for t in score.tracks if t.is_drum == is_drum for row in rows(t)]
        new = next(rows(t) for t in merged.tracks if t.is_drum == is_drum)
        assert sorted({(s, p) for s, _, p, _ in old}) == sorted((s, p) for s, _, p, _ in new)
        for start, duration, pitch, velocity in new:
            same = [row for row in old if (row[0], row[2]) == (start, pitch)]
            assert (duration, velocity) == (max(row[1] for row in same), max(row[3] for row in same))
    assert sum(len(t.controls) for t in merged.tracks) == sum(len(t.controls) for t in score.tracks)


def test_merging_keeps_the_first_tracks_name_and_program():
    score = Score(24, (track((0, 1, 60, 80), name="right", program=5), track((0, 1, 40, 80), name="left", program=6)))
    merged = merge_tracks(score).tracks
    assert [(t.name, t.program, t.pitch.tolist()) for t in merged] == [("right", 5, [40, 60])]
    assert merge_tracks(Score()).tracks == ()


def test_words_and_warnings_survive_every_transformation():
    score = Score(24, (track((0, 96, 60, 80)),), metadata={"title": "A"}, warnings=("w",))
    changed = [
        transpose(score, 1),
        cut(score, 0, 9),
        cut_bars(score, 0, 0),
        rescale(score, 96),
        quantize(score, 16),
        with_tempo(score, 90),
        merge_tracks(score),
        join(score, score),
    ]
    assert all(dict(one.metadata) == {"title": "A"} and one.warnings[:1] == ("w",) for one in changed)
    assert math.gcd(*(one.note_count for one in changed)) == 1
