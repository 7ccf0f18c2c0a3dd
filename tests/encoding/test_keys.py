import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, wander, words
from partimento.encoding.catalog import build_encoding
from partimento.encoding.keys import Keys
from partimento.encoding.keys_grammar import FEWEST_BARS, LAST_STEPS, MOST_BARS, MOST_KEYS, MOST_SILENT_STEPS
from partimento.encoding.keys_layout import BAR_STEPS, END, FIRST_HELD, FIRST_LOUDNESS, FIRST_STRUCK, SPAN, START, STEP
from partimento.errors import EncodingError
from partimento.score import Score, Tempo, Track
from partimento.score.meter import bar_count
from partimento.score.steps import LOWEST_KEY, MOST_STEPS, steps_of
from partimento.score.transform import cut_bars, transpose

KEYS, LOUD = Keys(), Keys(velocity=True)


def keyboard(*notes, velocity=80, **fields):
    """One track of (start, length, pitch) notes; 48 ticks are a step."""
    start, length, pitch = zip(*notes, strict=True)
    return Score(480, (Track(start, length, pitch, np.broadcast_to(velocity, len(notes))),), **fields)


def struck(key):
    return FIRST_STRUCK + key - LOWEST_KEY


def held(key):
    return FIRST_HELD + key - LOWEST_KEY


def at(*ids, bars=None, encoding=KEYS):
    """A grammar that has taken the start and `ids`."""
    grammar = encoding.grammar(bars=bars)
    for number in (START, *ids):
        grammar.push(number)
    return grammar


def may(grammar):
    return set(np.flatnonzero(grammar.allowed()).tolist())


# --- there and back


def test_a_piece_is_said_step_by_step():
    ids = KEYS.encode(keyboard((0, 96, 60), (96, 48, 60), (48, 48, 64), (144, 48, 21)))
    assert ids.dtype == np.int32
    said = [START, struck(60), STEP, held(60), struck(64), STEP, struck(60), STEP, struck(21), STEP, *[STEP] * 36, END]
    assert ids.tolist() == said
    assert KEYS.vocabulary.words(ids[:9]) == "start H   Ĩ L   H   !"


def test_touching_notes_lengths_and_silence_come_back():
    score = keyboard((480, 96, 60), (576, 48, 60), (480, 960, 64), (3840, 480, 108), (3840, 480, 21))
    assert words(KEYS.decode(KEYS.encode(score))) == words(score)


@pytest.mark.parametrize("encoding", [KEYS, LOUD], ids=["plain", "loud"])
@pytest.mark.parametrize("number", range(4))
def test_what_was_decoded_encodes_alike(encoding, number):
    ids = encoding.encode(chorale(number, shift=number))
    back = encoding.decode(ids)
    assert np.array_equal(encoding.encode(back), ids)
    assert (back.ticks_per_quarter, [tempo.bpm for tempo in back.tempos]) == (480, [120])
    assert encoding.voice_tokens(ids) == back.note_count


def test_every_semitone_keeps_its_pitch():
    """No copy comes back a semitone flat, as carykh's did."""
    for pitch in range(21, 109):
        assert words(KEYS.decode(KEYS.encode(keyboard((0, 48, pitch))))) == [[(0, 48, pitch)]]


def test_steps_are_fifty_milliseconds_whatever_the_tempo():
    slow = keyboard((0, 480, 60), (480, 480, 62), tempos=(Tempo(0, 1_000_000), Tempo(480, 250_000)))
    assert words(KEYS.decode(KEYS.encode(slow))) == [[(0, 960, 60), (960, 240, 62)]]


def test_all_tracks_but_drums_play_on_one_keyboard():
    piano, organ = Track([0], [480], [60], [80]), Track([0, 240], [480, 480], [60, 67], [80, 80], program=19)
    drums = Track([0], [480], [40], [80], is_drum=True)
    score = Score(480, (piano, organ, drums))
    assert words(KEYS.decode(KEYS.encode(score))) == [[(0, 480, 60), (240, 480, 67)]]


def test_a_whole_piece_ends_on_a_bar_line_and_an_open_one_after_its_last_step():
    for steps in (1, 39, 40, 41):
        score = keyboard((0, steps * 48, 60))
        whole, opened = KEYS.encode(score), KEYS.encode(score, whole=False)
        assert (whole == STEP).sum() == BAR_STEPS * (1 + (steps > 40))
        assert whole[-1] == END and (whole[:-1] != END).all()
        assert opened.tolist() == [START, struck(60), STEP, *[held(60), STEP] * (steps - 1)]


def test_ids_cut_short_give_what_stands_before_the_cut():
    ids = KEYS.encode(keyboard((0, 96, 60), (96, 96, 62)))
    assert [words(KEYS.decode(ids[:cut])) for cut in (0, 1, 2, 4, 6)] == [
        [],
        [],
        [[(0, 48, 60)]],
        [[(0, 96, 60)]],
        [[(0, 96, 60), (96, 48, 62)]],
    ]


def test_six_copies_are_learnt_from():
    assert KEYS.transpositions == (0, 1, 2, 3, 4, 5)
    high = keyboard((0, 48, 105))
    assert KEYS.encode(transpose(high, 3))[1] == struck(108)
    with pytest.raises(
        EncodingError, match=r"(C#|Db)8 \(key 109\) at second 0.00, expected A0 to C8 \(keys 21 to 108\). Transpose the piece"
    ):
        KEYS.encode(transpose(high, 4))


# --- loudness


def test_loudness_is_said_where_it_changes():
    score = keyboard((0, 48, 60), (48, 96, 60), (48, 48, 64), (96, 48, 67), velocity=[12, 12, 100, 103])
    ids = LOUD.encode(score)
    soft, loud = FIRST_LOUDNESS + 1, FIRST_LOUDNESS + 12
    assert ids[:12].tolist() == [START, soft, struck(60), STEP, struck(60), loud, struck(64), STEP, held(60), struck(67), STEP, STEP]
    assert LOUD.decode(ids).tracks[0].velocity.tolist() == [12, 12, 100, 100]
    assert words(LOUD.decode(ids)) == words(score)


@pytest.mark.parametrize("velocity", [1, 7, 8, 64, 127])
def test_a_loudness_comes_back_within_four(velocity):
    back = LOUD.decode(LOUD.encode(keyboard((0, 48, 60), velocity=velocity)))
    assert abs(int(back.tracks[0].velocity[0]) - velocity) <= 4
    assert KEYS.decode(KEYS.encode(keyboard((0, 48, 60), velocity=velocity))).tracks[0].velocity.tolist() == [80]


def test_options_make_the_same_encoding_again():
    for encoding, size in ((KEYS, 179), (LOUD, 195)):
        again = build_encoding("keys", encoding.options())
        assert (again.options(), len(again.vocabulary), again.losses) == (encoding.options(), size, encoding.losses)
    assert "no loudness" in KEYS.losses and "16 levels" in LOUD.losses
    with pytest.raises(EncodingError, match="velocity is 'yes', expected true or false"):
        build_encoding("keys", {"velocity": "yes"})


# --- what cannot be said


def test_a_score_without_notes_is_refused():
    with pytest.raises(EncodingError, match="the score has no notes but drums, expected at least one"):
        KEYS.encode(Score(480, (Track([0], [48], [40], [80], is_drum=True),)))


def test_a_score_of_hours_is_refused():
    with pytest.raises(EncodingError, match=r"encoding 'keys': score: lasts 7500 seconds, expected at most 7500"):
        KEYS.encode(keyboard((0, MOST_STEPS * 48 + 1, 60)))


# --- the grammar


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8), st.booleans())
def test_whatever_is_chosen_the_piece_has_its_bars_and_comes_to_rest(seed, bars, loud):
    encoding = LOUD if loud else KEYS
    grammar = encoding.grammar(bars=bars)
    ids = np.array(wander(grammar, np.random.default_rng(seed)), np.int32)
    score = encoding.decode(ids)
    assert bar_count(score) == grammar.bars == bars
    assert (ids == STEP).sum() == bars * BAR_STEPS
    assert np.array_equal(encoding.encode(score), ids)
    steps = steps_of(score)
    assert steps.step[0] == 0
    assert np.diff(np.unique(steps.step)).max(initial=0) <= MOST_SILENT_STEPS + 1
    assert steps.step[steps.struck].max() <= bars * BAR_STEPS - LAST_STEPS
    last = np.sort(steps.key[steps.step == bars * BAR_STEPS - LAST_STEPS])
    assert last.size and {int(key - last[0]) % 12 for key in last} in ({0}, {0, 7}, {0, 3}, {0, 4}, {0, 3, 7}, {0, 4, 7})


def test_without_a_wish_a_piece_ends_all_the_same():
    for seed in range(2):
        grammar = KEYS.grammar()
        wander(grammar, np.random.default_rng(seed))
        assert FEWEST_BARS <= grammar.bars <= MOST_BARS


def test_a_key_is_held_only_where_it_sounded_in_the_step_before():
    grammar = at(struck(60), struck(64), STEP)
    assert may(grammar) & set(range(FIRST_HELD, FIRST_HELD + SPAN)) == {held(60), held(64)}
    for number in (held(64), STEP):
        grammar.push(number)
    assert may(grammar) & set(range(FIRST_HELD, FIRST_HELD + SPAN)) == {held(64)}
    grammar.push(STEP)
    assert not may(grammar) & set(range(FIRST_HELD, FIRST_HELD + SPAN))


def test_keys_of_a_step_rise():
    grammar = at(struck(50), struck(60), struck(70), STEP, held(60))
    assert may(grammar) == {STEP, held(70), *range(struck(61), struck(108) + 1)}
    grammar.push(struck(108))
    assert may(grammar) == {STEP}


def test_a_piece_begins_with_a_strike_and_is_never_silent_for_long():
    assert may(KEYS.grammar()) == {START}
    assert may(at()) == set(range(struck(21), struck(108) + 1))
    silent = at(struck(60), *[STEP] * (1 + MOST_SILENT_STEPS))
    assert STEP not in may(silent) and struck(60) in may(silent)
    assert STEP in may(at(struck(60), *[STEP] * MOST_SILENT_STEPS))


def test_fingers_run_out():
    grammar = at(*range(struck(30), struck(30 + MOST_KEYS)))
    assert may(grammar) == {STEP}


def test_a_piece_ends_at_its_last_bar_line_and_at_no_other_place():
    ids = [struck(60), STEP, *[held(60), STEP] * (BAR_STEPS - 1)]
    assert may(at(*ids, bars=1)) == {END}
    assert END not in may(at(*ids[:-2], bars=1)) | may(at(*ids, bars=2))
    done = at(*ids, END, bars=1)
    assert done.finished and not may(done)


def test_the_last_second_is_a_chord_on_the_tonic():
    first = [key for pitch in (60, 64, 67, 60) for key in (struck(pitch), *[STEP] * 10)]
    waiting = at(*first, *[STEP] * (BAR_STEPS - LAST_STEPS), bars=2)
    assert may(waiting) == {struck(pitch) for pitch in range(24, 109, 12)}
    waiting.push(struck(48))
    assert STEP in may(waiting) and {struck(52), struck(55), struck(60)} <= may(waiting) and not {struck(51), struck(50)} & may(waiting)
    waiting.push(STEP)
    assert may(waiting) == {STEP, held(48)}


def test_loudness_before_the_last_chord_does_not_change_its_keys():
    first = [FIRST_LOUDNESS + 5, *[key for pitch in (60, 64, 67, 60) for key in (struck(pitch), *[STEP] * 10)]]
    waiting = at(*first, *[STEP] * (BAR_STEPS - LAST_STEPS), FIRST_LOUDNESS + 2, encoding=LOUD, bars=2)
    assert may(waiting) == {struck(pitch) for pitch in range(24, 109, 12)}


def test_without_a_wish_an_end_waits_for_the_last_strike_to_ring_out():
    bar = [struck(60), STEP, *[held(60), STEP] * (BAR_STEPS - 1)]
    assert END in may(_after(bar * FEWEST_BARS))
    late = bar[:-2] + [struck(60), STEP]
    assert END not in may(_after(bar * (FEWEST_BARS - 1) + late))
    assert END not in may(_after(bar * (FEWEST_BARS - 2)))


def _after(ids):
    """A grammar that was asked at the very start, before `ids`."""
    grammar = at()
    grammar.allowed()
    for number in ids:
        grammar.push(number)
    return grammar


def test_loudness_comes_before_a_strike_and_only_where_it_changes():
    start = at(encoding=LOUD)
    assert may(start) == set(range(FIRST_LOUDNESS, FIRST_LOUDNESS + 16))
    start.push(FIRST_LOUDNESS + 5)
    assert may(start) == set(range(struck(21), struck(108) + 1))
    start.push(struck(60))
    assert may(start) == {
        STEP,
        *range(struck(61), struck(108) + 1),
        *set(range(FIRST_LOUDNESS, FIRST_LOUDNESS + 16)) - {FIRST_LOUDNESS + 5},
    }
    start.push(struck(108))
    assert may(start) == {STEP}


def test_allowed_follows_given_ids():
    ids = KEYS.encode(chorale(0))
    for cut in (0, 1, 2, 5, 40, len(ids) - 2):
        assert KEYS.allowed(ids[:cut])[ids[cut]]


@pytest.mark.parametrize("bars", [-1, 0, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars, expected 1 to 1000; a bar has two seconds"):
        KEYS.grammar(bars=bars)


# --- beginnings that are to be gone on with


@pytest.mark.parametrize("more", [1, 3])
def test_a_beginning_is_kept_and_gone_on_with_to_the_wished_bars(more):
    primer = cut_bars(chorale(3), 0, 1)
    ids = KEYS.encode(primer, whole=False)
    grammar = at(*ids[1:])
    wished = grammar.bars + more
    score = KEYS.decode(np.array(wander(KEYS.grammar(bars=wished), np.random.default_rng(more), list(ids)), np.int32))
    assert bar_count(score) == wished
    given_notes, kept = words(KEYS.decode(ids))[0], words(score)[0]
    end = KEYS.decode(ids).end_tick
    assert [note for note in kept if note[0] < end and note[0] + note[1] < end] == [n for n in given_notes if n[0] + n[1] < end]
    assert [(start, pitch) for start, _, pitch in kept if start < end] == [(start, pitch) for start, _, pitch in given_notes]


def test_a_long_beginning_is_gone_on_with_too():
    """Without a wish the end is counted from where the beginning ends."""
    bar = [struck(60), STEP, *[held(60), STEP] * (BAR_STEPS - 1)]
    grammar = at(*bar * (MOST_BARS + 3))
    assert END not in may(grammar) and struck(62) in may(grammar)
