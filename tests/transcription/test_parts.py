"""The parts of notation, each by itself: chords, beats, levels of a bar, hands, lengths, tempo marks."""

import numpy as np
import pytest

from partimento.transcription.accents import KINDS, accents, chords_of
from partimento.transcription.barlines import barred, barred_as, passages_of
from partimento.transcription.beats import STEPS, tracked
from partimento.transcription.lengths import readable
from partimento.transcription.metre import FINE, METRES, Barring, Heard, barrings, evidence, levels_of
from partimento.transcription.metre_weights import BAR_LINE_WEIGHTS, METRE_WEIGHTS
from partimento.transcription.tempo_marks import TOLERANCE_SECONDS, tempo_marks


def flat(count):
    """Accents that say nothing."""
    return np.column_stack([np.ones(count), np.zeros((count, KINDS - 1))])


def test_notes_close_together_are_one_chord():
    assert chords_of(np.array([0.0, 0.02, 0.034, 0.05, 0.2])).tolist() == [0, 0, 0, 1, 2]


def test_accents_hear_what_is_low_loud_full_and_long():
    seconds = np.arange(12) * 0.3
    chord = np.append(np.arange(12), [6, 6])
    pitch = np.append(np.full(12, 72), [48, 60])
    columns = accents(chord, seconds, pitch=pitch, velocity=np.where(chord == 6, 100, 60), held=np.where(chord == 6, 1.0, 0.2))
    assert columns.shape == (12, KINDS)
    for kind in (2, 3, 4, 5):
        assert np.argmax(columns[:, kind]) == 6, kind


def test_beats_follow_a_slowing_tempo_through_eighths_and_quarters():
    quarters = np.cumsum(np.tile([0.5, 0.5, 1.0, 0.25, 0.25, 0.5], 12))
    beat = 0.5 * np.exp(quarters / 100)  # a third slower at the end
    seconds = np.cumsum(np.diff(quarters, prepend=0) * beat)
    found = tracked(seconds, flat(seconds.size))
    steps = np.diff(found.step) / np.diff(quarters)
    assert steps.min() == steps.max()
    assert steps[0] in (STEPS // 2, STEPS, 2 * STEPS)  # which of them is the quarter is not asked here
    assert found.beat_seconds[-1] / found.beat_seconds[0] == pytest.approx(beat[-1] / beat[0], rel=0.1)


def test_a_triplet_is_no_sixteenth():
    quarters = np.append(np.arange(16), np.arange(16, 24, 1 / 3))
    found = tracked(quarters * 0.6, flat(quarters.size))
    steps = np.diff(found.step)
    assert set((steps[:15] / steps[-1]).tolist()) == {3.0}
    assert set(steps[16:].tolist()) == {steps[-1]}


@pytest.mark.parametrize("metre", METRES)
def test_levels_of_a_bar(metre):
    level = levels_of(FINE, *metre)
    assert level.size == FINE * 4 * metre[0] // metre[1]
    assert np.flatnonzero(level == 6).tolist() == [0]
    beats = {(4, 4): 3, (2, 4): 2, (3, 4): 3, (6, 8): 2, (3, 8): 3, (12, 8): 4, (9, 8): 3}[metre]
    assert (level >= 4).sum() == beats + (metre == (4, 4))


def test_evidence_has_a_weight_for_everything():
    places = np.arange(24) * FINE // 2
    what = Heard(places, flat(24), 0.5 / FINE, np.full((24, 12), 12**-0.5))
    for barring in barrings(what.unit_seconds):
        assert evidence(what, barring).shape == (barring.origins.size, BAR_LINE_WEIGHTS.size) == (barring.origins.size, METRE_WEIGHTS.size)


def test_slow_and_fast_quarters_are_in_question_but_no_absurd_ones():
    assert {each.quarter for each in barrings(0.5 / FINE)} >= {FINE // 2, FINE, 2 * FINE}
    assert FINE // 2 not in {each.quarter for each in barrings(0.42 / FINE)}  # 286 a minute
    assert Barring(FINE, (3, 4)).bar == 3 * FINE


def test_passages_cover_all_chords():
    place = np.cumsum(np.full(500, FINE // 4))
    passages = passages_of(place)
    assert [low for low, _ in passages[1:]] == [high for _, high in passages[:-1]]
    assert passages[0][0] == 0
    assert passages[-1][1] == 500
    assert len(passages) > 4


def low_on(bar_lines, places):
    """Chords a quarter of half a second at `places`, those on bar lines lower, longer and of other harmony."""
    columns = flat(places.size)
    columns[bar_lines, 2:5] = 1.0
    columns[bar_lines, 6] = 0.8
    return Heard(places, columns, 0.5 / FINE, np.full((places.size, 12), 12**-0.5))


def test_bar_lines_move_along_where_a_beat_was_lost():
    beat = np.delete(np.arange(120), 60)
    tracked_as = beat + 1 - (beat > 60)
    what = low_on(beat % 3 == 0, tracked_as * FINE)
    bars = barred_as(what, Barring(FINE, (3, 4)))
    on_line = bars.place[what.accents[:, 4] > 0] % bars.barring.bar == 0
    assert on_line.mean() > 0.85
    assert on_line[:10].all()
    assert on_line[-10:].all()


def test_what_speaks_for_bars_is_no_matter_of_length():
    short, long = (low_on(np.arange(count) % 3 == 0, np.arange(count) * FINE) for count in (72, 288))
    one, other = (barred_as(what, Barring(FINE, (3, 4))).evidence for what in (short, long))
    assert one == pytest.approx(other, abs=0.05)


def test_the_likeliest_bars_are_those_with_most_evidence():
    what = low_on(np.arange(96) % 3 == 0, np.arange(96) * FINE)
    ways = {barring: barred_as(what, barring).evidence @ METRE_WEIGHTS for barring in barrings(what.unit_seconds)}
    assert barred(what).barring == max(ways, key=ways.__getitem__)
    assert barred(what).barring.bar == 3 * FINE


def test_touch_is_no_rest_but_a_rest_is():
    start = np.array([0, 480, 960, 1920])
    lengths = readable(start, np.array([250, 300, 120, 480]), np.full(4, 72), is_right=True)
    assert lengths.tolist() == [480, 480, 120, 480]


def test_a_held_melody_note_stands_over_the_accompaniment():
    start = np.array([0, 0, 240, 480, 720, 960])
    pitch = np.array([60, 76, 64, 67, 64, 77])
    held = np.array([200, 900, 200, 200, 200, 400])
    assert readable(start, held, pitch, is_right=True).tolist()[:5] == [240, 960, 240, 240, 240]
    assert readable(start, held, pitch, is_right=False).tolist()[1] == 240  # the left hand holds its lowest note


def test_tempo_marks_keep_time_and_do_not_add_up():
    ticks = np.arange(0, 200 * 240, 240)
    random = np.random.default_rng(3)
    seconds = np.cumsum(0.25 * np.exp(0.2 * np.sin(ticks / 5000)) + random.normal(0, 0.004, 200))
    marks = tempo_marks(ticks, seconds, beat=480, quarter=480)
    at, now, played = 0, 0.0, []
    for tick in ticks.tolist():
        tempo = [mark for mark in marks if mark.tick <= at][-1]
        while at < tick:
            tempo = [mark for mark in marks if mark.tick <= at][-1]
            step = min([tick, *(mark.tick for mark in marks if mark.tick > at)])
            now += (step - at) / 480 * tempo.quarter_microseconds / 1e6
            at = step
        played.append(now)
    assert np.abs(np.array(played) - (seconds - seconds[0])).max() < 1.5 * TOLERANCE_SECONDS
    assert len(marks) < 60
    assert all(mark.tick % 480 == 0 and abs(mark.bpm - round(mark.bpm)) < 0.01 for mark in marks)
