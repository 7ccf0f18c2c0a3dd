"""A melody that is told a second before it is played."""

import numpy as np
import pytest

from little_music import wander
from partimento.encoding.performance.codes import played_of
from partimento.encoding.performance.melody import melody_of
from partimento.encoding.performance.performance import Performance
from partimento.errors import EncodingError
from partimento.score import Score, Track
from partimento.score.meter import bar_count
from partimento.score.transform import transpose

TOLD, PEDAL = Performance(lowest=21, highest=108, melody=True), Performance("events", 21, 108, melody=True)
WAYS = pytest.mark.parametrize("encoding", [TOLD, PEDAL], ids=["folded", "events"])


def played(*notes):
    start, length, key = zip(*notes, strict=True)
    return Score(500, (Track(start, length, key, [64] * len(start)),))


def line(encoding, score):
    return [tuple(note) for note in melody_of(played_of(encoding.encode(score), encoding._layout)).tolist()]


def random_score(seed, notes=120):
    """Notes at any millisecond of 20 seconds, none of which overlaps another of its key."""
    random = np.random.default_rng(seed)
    start = np.sort(random.integers(0, 20_000, notes))
    key = 40 + np.arange(notes) * 7 % 60
    return Score(500, (Track(start, random.integers(20, 1500, notes), key, random.integers(1, 128, notes)),))


def test_the_melody_is_the_highest_line():
    chord = [(0, 900, 48), (10, 900, 64), (20, 900, 67)]  # of a chord the highest, though it comes last
    below = [(200, 100, 60), (300, 100, 62)]  # under a note that sounds
    later = [(700, 200, 55), (1000, 400, 72), (1000, 400, 60)]  # that note still sounds, but long since
    assert line(TOLD, played(*chord, *below, *later)) == [(2, 67), (70, 55), (100, 72)]


def test_it_is_told_a_second_before():
    words = TOLD.vocabulary.words(TOLD.encode(played((0, 500, 60), (1500, 250, 64), (1500, 250, 48))))
    assert words == ("start melody60 shift100 velocity16 on60 shift50 off60 melody64 shift100 on48 on64 shift25 off48 off64 end")


@WAYS
@pytest.mark.parametrize("seed", range(8))
def test_what_is_told_comes_back_and_the_music_begins_where_it_did(encoding, seed):
    score = random_score(seed)
    ids = encoding.encode(score)
    back = encoding.decode(ids)
    assert back.note_count == score.note_count
    assert np.array_equal(encoding.encode(back), ids)
    found = played_of(ids, encoding._layout)
    assert [tuple(note) for note in found.melody.tolist()] == line(encoding, score)
    assert np.array_equal(encoding.moved(ids, 2), encoding.encode(transpose(score, 2)))
    assert encoding.voice_tokens(ids) == score.note_count


@WAYS
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bars", [1, 2, 5])
def test_whatever_is_told_is_played_to_the_step(encoding, seed, bars):
    ids = np.array(wander(encoding.grammar(bars=bars), np.random.default_rng(seed)), np.int32)
    found = played_of(ids, encoding._layout)
    struck = set(zip(found.start.tolist(), found.key.tolist(), strict=True))
    assert {tuple(note) for note in found.melody.tolist()} <= struck
    score = encoding.decode(ids)
    assert bar_count(score) == bars


@WAYS
@pytest.mark.parametrize("seed", range(12))
def test_a_given_melody_is_kept(encoding, seed):
    random = np.random.default_rng([3, seed])
    start = np.cumsum(random.integers(80, 4000, 20))
    length = np.minimum(random.integers(50, 5000, 20), np.append(np.diff(start), 900))
    tune = Score(500, (Track(start, length, random.integers(60, 96, 20), random.integers(1, 128, 20)),))
    told = line(encoding, tune)
    ids = np.array(wander(encoding.below(tune), random), np.int32)
    found = played_of(ids, encoding._layout)
    assert [tuple(note) for note in found.melody.tolist()] == told
    ends = dict(zip(zip(found.start.tolist(), found.key.tolist(), strict=True), found.end.tolist(), strict=True))
    wanted = played_of(encoding.encode(tune), encoding._layout)
    for begin, key, end in zip(wanted.start.tolist(), wanted.key.tolist(), wanted.end.tolist(), strict=True):
        if (begin, key) in told:
            assert ends[begin, key] == end


def after(grammar, *words):
    """What may follow `words`, by their symbols, and the chances of one of them as they are understood."""
    ids = TOLD.vocabulary.ids
    for word in words:
        grammar.push(ids[word])
    allowed = grammar.allowed()

    def understood(*meant):
        chances = np.zeros(allowed.size)
        chances[[ids[word] for word in meant]] = 1
        found = grammar.yielded(chances, allowed)
        return {TOLD.vocabulary.symbols[number]: found[number] for number in found.nonzero()[0]}

    return {TOLD.vocabulary.symbols[number] for number in allowed.nonzero()[0]}, understood


def tune(*keys):
    """A note each second, from 1 s on."""
    return played(*((1000 * number, 1000 * number + 500, key) for number, key in enumerate(keys, start=1)))


def test_who_strikes_a_note_of_the_melody_too_early_waits_for_it():
    begun = ("start", "shift100", "melody60", "shift80", "velocity16", "on40", "shift2")
    allowed, understood = after(TOLD.below(tune(60)), *begun)
    assert "on60" not in allowed and "on61" in allowed
    assert understood("on60") == {"shift18": 1}
    allowed, _ = after(TOLD.below(tune(60)), *begun, "shift18")
    assert "on60" in allowed and "on61" not in allowed


def test_who_would_tell_a_melody_of_his_own_lets_time_pass():
    begun = ("start", "shift100", "melody60", "shift50", "velocity16", "on40", "shift2")
    allowed, understood = after(TOLD.below(tune(60, 62)), *begun)
    assert not {symbol for symbol in allowed if symbol.startswith("melody")}
    assert understood("melody70", "melody71", "shift3", "shift5") == {"shift3": 2, "shift5": 2}
    free, _ = after(TOLD.grammar(), *begun)
    assert "melody70" in free and "shift3" not in free


def test_nothing_is_told_where_no_time_may_pass():
    allowed, _ = after(TOLD.grammar(), "start", "shift100", "velocity16", "on40", "shift1", "off40", *("shift100",) * 3)
    assert not {symbol for symbol in allowed if symbol.startswith(("melody", "shift"))} and "on40" in allowed


def test_a_model_that_was_told_no_melodies_keeps_none():
    with pytest.raises(EncodingError, match="--melody: this model was not told melodies while it learnt"):
        Performance().below(played((0, 100, 60)))


def test_only_one_thing_is_told():
    with pytest.raises(EncodingError, match="melody is told by itself. Leave density and histogram out"):
        Performance(density=True, melody=True)


def test_its_options_make_it_again():
    assert Performance(**TOLD.options()).vocabulary.symbols == TOLD.vocabulary.symbols
    assert "said, and counted, twice" in TOLD.losses and len(TOLD.vocabulary) == 310 + 88
