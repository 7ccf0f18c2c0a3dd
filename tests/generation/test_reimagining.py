"""New music out of what was heard."""

from itertools import pairwise

import numpy as np
import pytest

from partimento.errors import EncodingError
from partimento.generation.load import load
from partimento.generation.phrases import LONGEST_SECONDS, SHORTEST_SECONDS, phrases
from partimento.generation.reimagining import answered, continued, highest_line, varied
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds, seconds_at
from partimento.score.transform import cut


def played(*notes):
    start, length, key = zip(*notes, strict=True)
    return Score(500, (Track(start, length, key, [70] * len(start)),))


def study(seconds, step=300):
    start = np.arange(0, seconds * 1000, step)
    return Score(500, (Track(start, np.full(start.size, step - 20), 60 + np.arange(start.size) * 5 % 24, np.full(start.size, 70)),))


@pytest.fixture(scope="module")
def performer():
    return load("piano-performer")


def test_a_phrase_ends_where_it_breathes():
    start = [*range(0, 4000, 500), *range(6000, 11_000, 500), *range(12_500, 20_000, 500)]
    score = played(*((at, 400, 60) for at in start))
    assert np.array(phrases(score)) == pytest.approx(np.array([(0, 6), (6, 12.5), (12.5, duration_seconds(score))]), abs=1e-3)
    assert phrases(played(*((at, 400, 60) for at in range(0, 11_000, 500)))) == [(0.0, pytest.approx(10.9))]


@pytest.mark.parametrize("seconds", [1, 10, 40, 100])
def test_phrases_cover_the_piece_and_keep_their_length(seconds):
    score = study(seconds)
    found = phrases(score)
    assert found[0][0] == 0 and found[-1][1] == pytest.approx(duration_seconds(score))
    assert all(end == begin for (_, end), (begin, _) in pairwise(found))
    assert all(end - begin <= LONGEST_SECONDS + SHORTEST_SECONDS for begin, end in found)
    assert len(found) == 1 or all(end - begin >= SHORTEST_SECONDS for begin, end in found)


def test_the_highest_line_is_one_voice():
    score = played((0, 900, 48), (10, 900, 64), (20, 400, 67), (200, 100, 60), (700, 300, 62), (1000, 2000, 72), (2000, 500, 71))
    line = highest_line(score).tracks[0]
    assert list(zip(line.start.tolist(), line.pitch.tolist(), strict=True)) == [(20, 67), (700, 62), (1000, 72), (2000, 71)]
    assert (line.end[:-1] <= line.start[1:]).all()


def test_what_goes_on_comes_after_what_was_heard(performer):
    heard = study(6)
    made = continued(performer, heard, 4.0, seed=3)
    assert made.new.note_count > 3 and duration_seconds(made.new) <= 4.5
    assert made.whole.note_count == heard.note_count + made.new.note_count
    start = cut(made.whole, 0, int(heard.end_tick * made.whole.ticks_per_quarter / heard.ticks_per_quarter))
    assert np.array_equal(seconds_at(start, start.tracks[0].start), seconds_at(heard, heard.tracks[0].start))
    assert continued(performer, heard, 4.0, seed=3).new.tracks[0].pitch.tolist() == made.new.tracks[0].pitch.tolist()


@pytest.mark.parametrize("heard_seconds", [1, 5])
@pytest.mark.parametrize("seconds", [0.5, 1.1, 3.9])
def test_a_little_can_be_asked_for(performer, heard_seconds, seconds):
    made = continued(performer, study(heard_seconds), seconds, seed=3)
    assert made.new.note_count and 0 < duration_seconds(made.new) <= seconds + 0.01


def test_every_phrase_has_an_answer_until_time_is_up(performer):
    heard = played(*((at, 300, 60 + at // 500 % 7) for at in (*range(0, 4000, 500), *range(5500, 10_000, 500))))
    made = answered(performer, heard, 60.0, seed=1)
    call = phrases(heard)
    assert len(call) == 2
    lengths = sum(end - begin for begin, end in call)
    assert duration_seconds(made.new) <= lengths + 2 and made.new.note_count > 4
    assert made.whole.note_count == heard.note_count + made.new.note_count
    short = answered(performer, heard, 2.0, seed=1)
    assert duration_seconds(short.new) <= 3 and short.whole.note_count == heard.note_count + short.new.note_count


def test_a_variation_keeps_the_melody():
    heard = played(*((at, 450, 72 + at // 500 % 5) for at in range(0, 4000, 500)), *((at, 900, 48) for at in range(0, 4000, 1000)))
    made = varied(load("piano-accompanist"), heard, seed=2)
    struck = set(
        zip(
            np.rint(seconds_at(made.new, made.new.tracks[0].start) * 100).astype(int).tolist(),
            made.new.tracks[0].pitch.tolist(),
            strict=True,
        )
    )
    line = highest_line(heard).tracks[0]
    first = min(at for at, _ in struck)
    wanted = {(round(at / 10), key) for at, key in zip(line.start.tolist(), line.pitch.tolist(), strict=True)}
    assert wanted <= struck or {(at + first, key) for at, key in wanted} <= struck
    assert made.whole is made.new and made.new.note_count > len(wanted)


def test_who_puts_no_voices_below_varies_nothing(performer):
    with pytest.raises(EncodingError, match="--melody"):
        varied(performer, study(3), seed=0)
