from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, tune_text, wander, words
from partimento.encoding.catalog import build_encoding
from partimento.encoding.pianoroll import MOST_STEPS, PianoRoll
from partimento.encoding.pianoroll_grammar import FEWEST_BARS, MOST_BARS
from partimento.encoding.pianoroll_layout import METRES, SAID_AS, bar_steps, layout_of
from partimento.errors import EncodingError
from partimento.files.abc import read_abc
from partimento.score import KeySignature, Score, TimeSignature, Track
from partimento.score.meter import bar_count, bar_starts, bar_ticks, signatures
from partimento.score.transform import cut_bars, merge_tracks, rescale

PIANO = PianoRoll()
SMALL = PianoRoll(55, 72)
WORDS = PIANO.vocabulary.ids


def piece(notes, **fields):
    """One track of (start, length, pitch) notes, 480 ticks a quarter."""
    start, length, pitch = zip(*notes, strict=True)
    return Score(480, (Track(start, length, pitch, [80] * len(notes)),), **fields)


def frames(ids, encoding=PIANO):
    """Words of each step's place, and the keys that sound in it with what they do."""
    vocabulary, width = encoding.vocabulary, encoding.hints["frame"]
    body = np.array([number for number in ids if vocabulary.symbols[number] not in ("start", "end")]).reshape(-1, width)
    low = encoding.hints["lowest"]
    return [
        (
            vocabulary.symbols[row[0]],
            {low + key: vocabulary.symbols[row[1 + key]] for key in np.flatnonzero(row[1:] != vocabulary.ids["silent"])},
        )
        for row in body
    ]


def places(ids, encoding=PIANO):
    return [place for place, _ in frames(ids, encoding)]


def signs(score):
    return [(sign.tick // 120, f"{sign.numerator}/{sign.denominator}") for sign in score.time_signatures]


# --- there and back


@pytest.mark.parametrize("pickup", [False, True])
@pytest.mark.parametrize("number", range(3))
def test_a_chorale_comes_back_note_for_note_in_one_track(number, pickup):
    score = chorale(number, pickup=pickup)
    ids = PIANO.encode(score)
    back = PIANO.decode(ids)
    assert words(back) == words(merge_tracks(score))
    assert (back.pickup, signs(back)) == (score.pickup, [(0, "4/4")])
    assert np.array_equal(PIANO.encode(back), ids)
    assert PIANO.voice_tokens(ids) == (len(ids) - 2) // 89
    assert (ids[0], ids[-1]) == (PIANO.start_id, WORDS["end"])


def test_every_step_says_its_place_and_then_all_keys():
    ids = SMALL.encode(piece([(0, 240, 60), (120, 360, 64), (240, 240, 60)], time_signatures=(TimeSignature(0, 2, 4),)))
    assert SMALL.hints["frame"] == 19
    assert len(ids) == 2 + 8 * 19
    assert frames(ids, SMALL) == [
        ("2/4:0", {60: "struck"}),
        ("2/4:1", {60: "held", 64: "struck"}),
        ("2/4:2", {60: "struck", 64: "held"}),
        ("2/4:3", {60: "held", 64: "held"}),
        *((f"2/4:{step}", {}) for step in range(4, 8)),
    ]


@pytest.mark.parametrize("ticks_per_quarter", [4, 96, 10080])
def test_the_unit_of_time_does_not_matter(ticks_per_quarter):
    assert np.array_equal(PIANO.encode(rescale(chorale(1), ticks_per_quarter)), PIANO.encode(chorale(1)))


def test_the_grid_is_read_in_the_middle_of_a_step():
    ids = PIANO.encode(piece([(0, 59, 60), (60, 61, 62), (61, 300, 64), (470, 30, 65)]))
    assert frames(ids)[:5] == [
        ("4/4:0", {60: "struck", 62: "struck"}),  # the middle of the first step is at tick 60
        ("4/4:1", {64: "struck"}),
        ("4/4:2", {64: "held"}),
        ("4/4:3", {}),
        ("4/4:4", {65: "struck"}),  # met by no middle, and yet heard
    ]


def test_voices_that_meet_on_a_key_become_one():
    long, again = Track([0], [960], [60], [80]), Track([240, 720], [240, 480], [60, 60], [80, 80])
    back = PIANO.decode(PIANO.encode(Score(480, (long, again))))
    assert words(back) == [[(0, 240, 60), (240, 480, 60), (720, 480, 60)]]


def test_drums_are_left_out():
    drums = Track([0], [960], [36], [80], is_drum=True)
    assert np.array_equal(PIANO.encode(replace(chorale(0), tracks=(*chorale(0).tracks, drums))), PIANO.encode(chorale(0)))


@pytest.mark.parametrize("number", range(4))
def test_a_tune_comes_back(number):
    score = read_abc(tune_text(number).encode(), "tune")
    ids = PIANO.encode(score)
    back = PIANO.decode(ids)
    assert words(rescale(back, score.ticks_per_quarter)) == words(merge_tracks(score))
    assert np.array_equal(PIANO.encode(back), ids)


@pytest.mark.parametrize("metre", [*METRES, *SAID_AS])
def test_every_metre_has_its_bars(metre):
    sign = TimeSignature(0, *map(int, metre.split("/")))
    steps, said = bar_steps(metre), SAID_AS.get(metre, metre)
    ids = PIANO.encode(piece([(0, 120 * steps, 60), (120 * steps, 120, 62)], time_signatures=(sign,)))
    assert places(ids) == [f"{said}:{step}" for step in range(steps)] * 2
    assert signs(PIANO.decode(ids)) == [(0, said)]


def test_metres_change_where_they_changed():
    written = (TimeSignature(0, 3, 4), TimeSignature(1440, 4, 4), TimeSignature(3360, 6, 8))
    score = piece([(at * 480, 480, 60) for at in range(10)], time_signatures=written)
    ids = PIANO.encode(score)
    assert places(ids)[::4] == ["3/4:0", "3/4:4", "3/4:8", "4/4:0", "4/4:4", "4/4:8", "4/4:12", "6/8:0", "6/8:4", "6/8:8"]
    assert signs(PIANO.decode(ids)) == [(0, "3/4"), (12, "4/4"), (28, "6/8")]


def test_a_bar_cut_short_begins_late_and_ends_on_the_line():
    written = (TimeSignature(0), TimeSignature(960 + 1920), TimeSignature(960 + 2 * 1920, 3, 4))
    score = piece([(at * 480, 480, 60) for at in range(13)], time_signatures=written)
    ids = PIANO.encode(score)
    assert places(ids)[::4] == [
        "4/4:0",
        "4/4:4",
        "4/4:8",
        "4/4:12",
        "4/4:8",
        "4/4:12",
        "4/4:0",
        "4/4:4",
        "4/4:8",
        "4/4:12",
        *("3/4:0", "3/4:4", "3/4:8"),
    ]
    back = PIANO.decode(ids)
    assert signs(back) == [(0, "4/4"), (16, "4/4"), (24, "4/4"), (40, "3/4")]
    assert bar_starts(back).tolist() == [120 * step for step in (0, 16, 24, 40)]
    assert np.array_equal(PIANO.encode(back), ids)


@pytest.mark.parametrize(("pickup", "first"), [(120, "3/4:11"), (480, "3/4:8"), (1440, "3/4:0")])
def test_a_pickup_begins_late_in_its_bar(pickup, first):
    score = piece([(0, pickup, 60), (pickup, 1440, 62)], time_signatures=(TimeSignature(0, 3, 4),), pickup=pickup)
    ids = PIANO.encode(score)
    assert places(ids)[0] == first
    assert places(ids)[pickup // 120] == "3/4:0"
    assert PIANO.decode(ids).pickup == pickup % 1440


def test_a_metre_that_changes_after_the_pickup():
    score = piece([(0, 480, 60), (480, 1440, 62)], time_signatures=(TimeSignature(0), TimeSignature(480, 3, 4)), pickup=480)
    ids = PIANO.encode(score)
    assert places(ids)[::4] == ["4/4:12", "3/4:0", "3/4:4", "3/4:8"]
    assert (PIANO.decode(ids).pickup, signs(PIANO.decode(ids))) == (480, [(0, "4/4"), (4, "3/4")])


def test_a_piece_shorter_than_its_pickup_and_a_metre_after_its_end():
    ids = PIANO.encode(piece([(0, 240, 60)], pickup=480, time_signatures=(TimeSignature(0), TimeSignature(1920, 3, 4))))
    assert places(ids) == ["4/4:12", "4/4:13", "4/4:14", "4/4:15"]


def test_the_last_bar_is_filled_up_unless_the_piece_is_left_open():
    score = piece([(0, 2400, 60)])
    whole, opened = PIANO.encode(score), PIANO.encode(score, whole=False)
    assert (len(frames(whole)), len(frames(opened))) == (32, 20)
    assert np.array_equal(whole[: len(opened)], opened)


def test_ids_cut_short_or_wrong_give_what_stands_before():
    ids = PIANO.encode(chorale(0))
    for cut, steps in ((0, 0), (1, 0), (89, 0), (90, 1), (178, 1), (179, 2)):
        assert PIANO.decode(ids[:cut]).end_tick == steps * 120
    wrong = ids.copy()
    wrong[1 + 3 * 89] = WORDS["held"]  # where a place should be
    assert PIANO.decode(wrong).end_tick == 3 * 120


def test_a_key_held_that_did_not_sound_is_struck():
    ids = SMALL.encode(piece([(0, 480, 60)]))
    ids[1 + 1 + 60 - 55] = SMALL.vocabulary.ids["held"]
    assert words(SMALL.decode(ids)) == [[(0, 480, 60)]]


# --- what cannot be said


def test_no_notes_are_refused():
    with pytest.raises(EncodingError, match="the score has no pitched notes, expected at least one"):
        PIANO.encode(Score(480, (Track([0], [1], [40], [80], is_drum=True),)))


def test_notes_out_of_range_are_named():
    with pytest.raises(EncodingError, match=r"track .. has C#5 \(key 73\), expected G3 to C5. Transpose"):
        SMALL.encode(piece([(0, 480, 73)]))


def test_a_strange_metre_is_refused_with_its_place():
    with pytest.raises(EncodingError, match="metre 11/8 at tick 1920, expected one of 4/4, 3/4"):
        PIANO.encode(piece([(0, 4800, 60)], time_signatures=(TimeSignature(0), TimeSignature(1920, 11, 8))))


def test_a_piece_without_end_is_refused():
    with pytest.raises(EncodingError, match=f"steps of a 16th, expected at most {MOST_STEPS}. Cut the piece"):
        PIANO.encode(Score(1, (Track([2**30], [1], [60], [80]),)))


@pytest.mark.parametrize("keys", [(-1, 40), (60, 70), (60, 128), (60.0, 90), ("a", 3)])
def test_no_range_of_keys_is_refused(keys):
    with pytest.raises(EncodingError, match="expected a range within 0 to 127 of at least an octave"):
        PianoRoll(*keys)


def test_the_range_is_its_option():
    assert SMALL.options() == {"lowest": 55, "highest": 72}
    assert len(build_encoding("pianoroll", SMALL.options()).encode(piece([(0, 120, 60)]))) == 2 + 16 * 19
    assert len(SMALL.vocabulary) == len(PIANO.vocabulary) < 512


# --- the grammar


def is_full(score):
    """Whether the last note begins in the last bar that was asked for is for the caller; here: no bar is silent."""
    starts = bar_starts(score)
    track = score.tracks[0]
    ends = [*starts[1:], starts[-1] + bar_ticks(signatures(score)[0], 480)]
    return all(
        np.any((track.start < end) & (track.end > begin)) for begin, end in list(zip(starts, ends, strict=True))[bool(score.pickup) :]
    )


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_whatever_is_chosen_the_piece_has_its_bars(seed, bars):
    grammar = SMALL.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(seed))
    score = SMALL.decode(np.array(ids, np.int32))
    assert bar_count(score) == bars == grammar.bars
    assert len(signatures(score)) == 1
    assert is_full(score)
    assert places(ids, SMALL)[-1].split(":")[1] == str(bar_steps(places(ids, SMALL)[-1].split(":")[0]) - 1)
    assert score.note_count
    assert np.array_equal(SMALL.encode(score), ids)


def test_without_a_wish_a_piece_ends_all_the_same():
    counts = []
    for seed in range(8):
        counts.append(bar_count(SMALL.decode(np.array(wander(SMALL.grammar(), np.random.default_rng(seed), most=60_000), np.int32))))
    assert min(counts) >= FEWEST_BARS and max(counts) <= MOST_BARS


def test_a_piece_that_will_not_end_or_sound_is_brought_to_both():
    """Whoever always takes the last way open but the end, and always silence, still strikes a key in every bar and ends."""
    grammar, silence = SMALL.grammar(), SMALL.vocabulary.ids["silent"]
    ids = [SMALL.start_id, SMALL.vocabulary.ids["3/8:0"]]
    for number in ids:
        grammar.push(number)
    while not grammar.finished:
        allowed = grammar.allowed()
        ids.append(silence if allowed[silence] else int(np.flatnonzero(allowed)[-1]))
        grammar.push(ids[-1])
    score = SMALL.decode(np.array(ids, np.int32))
    assert bar_count(score) == MOST_BARS == grammar.bars
    assert is_full(score)
    assert set(score.tracks[0].pitch) == {60}  # middle C, where nothing sounded before
    assert not grammar.allowed().any()


def test_what_sounded_last_breaks_the_silence():
    grammar = SMALL.grammar(bars=3)
    beginning = SMALL.encode(piece([(0, 480, 64), (0, 240, 67)], time_signatures=(TimeSignature(0, 2, 4),)), whole=False)
    ids, silence = wander_silently(grammar, beginning), SMALL.vocabulary.ids["silent"]
    assert words(SMALL.decode(np.array(ids, np.int32)))[0][2:] == [(480 + 7 * 120, 120, 64), (480 + 15 * 120, 600, 64)]
    assert silence in ids  # and the last quarter is held on


def test_it_composes_within_the_keys_it_was_fitted_to():
    fitted = SMALL.fitted_to([piece([(0, 480, 60), (0, 480, 64)]), piece([(0, 480, 67)]), piece([(0, 480, 100)])])
    assert fitted.options() == {"lowest": 55, "highest": 72, "written": [60, 67]}
    assert build_encoding("pianoroll", fitted.options()).options() == fitted.options()
    assert np.array_equal(fitted.encode(piece([(0, 480, 57)])), SMALL.encode(piece([(0, 480, 57)])))
    assert SMALL.fitted_to([]).options() == SMALL.options()
    for seed in range(4):
        score = fitted.decode(np.array(wander(fitted.grammar(bars=3), np.random.default_rng(seed), most=60_000), np.int32))
        assert score.tracks[0].pitch.min() >= 60 and score.tracks[0].pitch.max() <= 67


def test_a_key_beyond_them_that_was_given_may_be_held_on():
    fitted = PianoRoll(55, 72, written=(60, 67))
    ids = fitted.encode(piece([(0, 960, 57), (0, 480, 64)]), whole=False)[: 1 + 4 * 19]
    grammar = fitted.grammar(bars=2)
    for number in (*ids.tolist(), fitted.vocabulary.ids["4/4:4"], *[fitted.vocabulary.ids["silent"]] * 2):
        grammar.push(number)
    assert fitted.vocabulary.words(np.flatnonzero(grammar.allowed())).split() == ["silent", "held"]


def test_keys_to_write_must_be_keys_that_can_be_said():
    with pytest.raises(EncodingError, match="keys 50 to 60 are written, expected a range within 55 to 72"):
        PianoRoll(55, 72, written=(50, 60))


@pytest.mark.parametrize("seed", range(6))
def test_the_last_quarter_is_a_chord_on_its_root(seed):
    track = SMALL.decode(np.array(wander(SMALL.grammar(bars=3), np.random.default_rng(seed), most=60_000), np.int32)).tracks[0]
    last = track.end == track.end.max()
    above = {int(pitch - track.pitch[last].min()) % 12 for pitch in track.pitch[last]}
    assert above <= {0, 7, 3} or above <= {0, 7, 4}
    assert track.duration[last].min() >= min(480, track.end.max())
    assert not np.any(~last & (track.end > track.end.max() - 480))


def test_the_last_chord_is_that_of_the_key():
    scale = [(480 * at, 480, pitch) for at, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72))]
    beginning = SMALL.encode(piece(scale, time_signatures=(TimeSignature(0, 4, 4),)), whole=False)
    score = SMALL.decode(np.array(wander_silently(SMALL.grammar(bars=3), beginning), np.int32))
    assert score.tracks[0].pitch[-1] % 12 == 0


def wander_silently(grammar, beginning):
    ids, silence = [int(number) for number in beginning], SMALL.vocabulary.ids["silent"]
    for number in ids:
        grammar.push(number)
    while not grammar.finished:
        allowed = grammar.allowed()
        ids.append(silence if allowed[silence] else int(np.flatnonzero(allowed)[0]))
        grammar.push(ids[-1])
    return ids


def test_a_key_holds_only_where_it_sounded():
    ids = SMALL.encode(piece([(0, 120, 60), (120, 240, 62)]))
    held = SMALL.vocabulary.ids["held"]
    for step, sounding in ((0, set()), (1, {60}), (2, {62}), (3, {62}), (4, set())):
        may = {55 + key for key in range(18) if SMALL.allowed(ids[: 1 + step * 19 + 1 + key])[held]}
        assert may == sounding


def test_places_follow_each_other_and_a_piece_begins_anywhere():
    grammar = SMALL.grammar(bars=2)
    assert SMALL.vocabulary.words(np.flatnonzero(grammar.allowed())) == "start"
    grammar.push(SMALL.start_id)
    assert set(SMALL.vocabulary.words(np.flatnonzero(grammar.allowed())).split()) == set(SMALL.vocabulary.groups["place"])
    ids = wander(SMALL.grammar(bars=2), np.random.default_rng(0), [SMALL.start_id, SMALL.vocabulary.ids["6/8:10"]])
    assert places(ids, SMALL) == ["6/8:10", "6/8:11", *[f"6/8:{step}" for step in range(12)] * 2]


def test_what_is_allowed_cannot_be_spoilt():
    with pytest.raises(ValueError, match="read-only"):
        SMALL.grammar().allowed()[0] = False


def test_a_key_wished_is_left_to_a_transposition():
    assert wander(SMALL.grammar(bars=1, key=KeySignature(0, 3)), np.random.default_rng(0)) == wander(
        SMALL.grammar(bars=1), np.random.default_rng(0)
    )


@pytest.mark.parametrize("bars", [-1, 0, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars, expected 1 to 1000"):
        SMALL.grammar(bars=bars)


@pytest.mark.parametrize("pickup", [False, True])
@pytest.mark.parametrize("last", [0, 1, 2])
def test_a_beginning_is_kept_and_gone_on_with_to_the_wished_bars(last, pickup):
    primer = cut_bars(chorale(3, pickup=pickup), 0, last)
    ids = PIANO.encode(primer, whole=False)
    grammar = PIANO.grammar()
    for number in ids:
        grammar.push(int(number))
    assert grammar.bars == bar_count(primer)
    wished = grammar.bars + 1
    whole = wander(PIANO.grammar(bars=wished), np.random.default_rng(last), list(ids))
    assert whole[: len(ids)] == ids.tolist()
    assert bar_count(PIANO.decode(np.array(whole, np.int32))) == wished


def test_a_change_of_metre_in_a_beginning_is_gone_on_with():
    primer = piece([(at * 480, 480, 60) for at in range(7)], time_signatures=(TimeSignature(0), TimeSignature(1920, 3, 4)))
    ids = wander(SMALL.grammar(bars=4), np.random.default_rng(1), SMALL.encode(primer, whole=False).tolist())
    assert signs(SMALL.decode(np.array(ids, np.int32))) == [(0, "4/4"), (16, "3/4")]
    assert places(ids, SMALL)[-1] == "3/4:11"


def test_a_layout_is_made_once_and_shared_by_copies():
    assert layout_of(55, 72) is layout_of(55, 72)
