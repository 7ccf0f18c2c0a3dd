from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, wander, words
from partimento.encoding.chorale import Chorale
from partimento.encoding.chorale_grammar import RANGES
from partimento.encoding.chorale_layout import (
    BAR_STEPS,
    FINAL,
    HIGHEST,
    LOWEST,
    METRES,
    NOW,
    STEP_IDS,
    VOCABULARY,
    VOICES,
    Place,
    held_id,
    key_id,
    place_id,
    struck_id,
)
from partimento.errors import EncodingError
from partimento.evaluation.voice_leading import voice_leading
from partimento.score import KeySignature, Mark, Score, TimeSignature, Track
from partimento.score.harmony import ends_on_tonic, key_of
from partimento.score.meter import bar_count, bar_starts, bar_ticks, signatures
from partimento.score.pitch import parse_key, tonic_pitch_class
from partimento.score.transform import cut_bars, rescale

CHORALE = Chorale()


def voices(*rows, **fields):
    """Four voices of (start, length, pitch) notes, 480 ticks a quarter."""
    tracks = []
    for name, row in zip(VOICES, rows, strict=True):
        start, length, pitch = zip(*row, strict=True)
        tracks.append(Track(start, length, pitch, [80] * len(row), name=name))
    return Score(480, tuple(tracks), **{"key_signatures": (KeySignature(0),), "time_signatures": (TimeSignature(0),), **fields})


def held(start, length):
    """C major, held."""
    return [[(start, length, pitch)] for pitch in (72, 67, 64, 48)]


def places(ids):
    body = [number for number in ids if number >= VOCABULARY.first["place"]]
    return [Place.of(int(number)) for number in body[::STEP_IDS]]


def is_full(score):
    last = int(bar_starts(score)[-1])
    bar = bar_ticks([s for s in signatures(score) if s.tick <= last][-1], score.ticks_per_quarter)
    return score.end_tick - last in (bar, bar - score.pickup)


# --- there and back


@pytest.mark.parametrize("pickup", [False, True])
@pytest.mark.parametrize("number", range(6))
def test_a_chorale_comes_back_note_for_note(number, pickup):
    score = chorale(number, shift=number - 3, pickup=pickup)
    ids = CHORALE.encode(score)
    back = CHORALE.decode(ids)
    assert words(back) == words(score)
    assert back.time_signatures == score.time_signatures
    assert [(k.fifths, k.mode) for k in back.key_signatures] == [(key_of(score).fifths, key_of(score).mode)]
    assert back.pickup == score.pickup
    written = {mark.tick for mark in score.marks_of("fermata")}
    last_chord = int(score.tracks[0].start[-1])
    assert {mark.tick for mark in back.marks_of("fermata")} == written | {last_chord}
    assert np.array_equal(CHORALE.encode(back), ids)
    assert CHORALE.voice_tokens(ids) == 4 * (score.end_tick // 120)
    assert len(ids) == 4 + STEP_IDS * (score.end_tick // 120)


@pytest.mark.parametrize("ticks_per_quarter", [4, 96, 10080])
def test_the_unit_of_time_does_not_matter(ticks_per_quarter):
    score = chorale(1)
    assert np.array_equal(CHORALE.encode(rescale(score, ticks_per_quarter)), CHORALE.encode(score))


def test_a_held_note_is_told_from_a_repeated_one():
    once = voices([(0, 1920, 72)], *held(0, 1920)[1:])
    again = voices([(0, 960, 72), (960, 960, 72)], *held(0, 1920)[1:])
    assert not np.array_equal(CHORALE.encode(once), CHORALE.encode(again))
    assert words(CHORALE.decode(CHORALE.encode(again))) == words(again)


def test_rests_come_back():
    score = voices([(0, 480, 72), (960, 960, 74)], [(480, 1440, 65)], [(0, 1920, 60)], [(0, 240, 48), (1800, 120, 43)])
    assert words(CHORALE.decode(CHORALE.encode(score))) == words(score)


def test_the_fermata_and_the_end_are_heard_coming():
    score = replace(voices(*(sum((held(at * 480, 480)[v] for at in range(12)), []) for v in range(4))), marks=(Mark(4 * 480, "fermata"),))
    phases = [place.phase for place in places(CHORALE.encode(score))]
    quarters = [phases[at * 4 : at * 4 + 4] for at in range(12)]
    assert [set(quarter) for quarter in quarters] == [
        {phase} for phase in (0, 1, 2, 3, NOW, 0, 0, 0, FINAL + 1, FINAL + 2, FINAL + 3, FINAL + NOW)
    ]
    assert all(place.step == at % 16 for at, place in enumerate(places(CHORALE.encode(score))))


def test_a_fermata_that_stands_within_a_note_is_that_notes():
    score = replace(chorale(0), marks=(Mark(3 * 480 + 200, "fermata"), Mark(3 * 480, "fermata")))
    back = CHORALE.decode(CHORALE.encode(score))
    assert [mark.tick for mark in back.marks_of("fermata")] == [3 * 480, 15 * 480]


def test_metres_change_where_they_changed():
    signs = (TimeSignature(0, 3, 4), TimeSignature(3 * 480, 4, 4), TimeSignature(7 * 480, 2, 2), TimeSignature(11 * 480, 3, 4))
    rows = [sum((held(at * 480, 480)[v] for at in range(14)), []) for v in range(4)]
    score = voices(*rows, time_signatures=signs)
    ids = CHORALE.encode(score)
    back = CHORALE.decode(ids)
    assert [(s.tick, s.numerator, s.denominator) for s in back.time_signatures] == [(0, 3, 4), (1440, 4, 4), (5280, 3, 4)]
    assert [place.step for place in places(ids)][::4] == [0, 4, 8, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8]
    assert words(back) == words(score)


def test_a_metre_written_after_the_last_note_is_left_out():
    score = voices(*held(0, 1920), time_signatures=(TimeSignature(0, 4, 4), TimeSignature(1920, 3, 4)))
    assert [symbol for symbol in VOCABULARY.words(CHORALE.encode(score)).split() if symbol in METRES] == ["4/4"]


@pytest.mark.parametrize(("written", "said"), [((2, 2), "4/4"), ((4, 8), "2/4"), ((6, 4), "3/2")])
def test_metres_of_the_same_length_are_said_alike(written, said):
    score = voices(*held(0, 5760), time_signatures=(TimeSignature(0, *written),))
    assert VOCABULARY.symbols[CHORALE.encode(score)[1]] == said


def test_ids_cut_short_give_the_whole_steps_before_the_cut():
    ids = CHORALE.encode(chorale(0))
    for cut, steps in ((0, 0), (1, 0), (3, 0), (4, 0), (7, 0), (8, 1), (12, 1), (13, 2)):
        back = CHORALE.decode(ids[:cut])
        assert back.end_tick == steps * 120
        assert len(back.tracks) == 4


def test_place_ids_count_up_and_back():
    seen = {place_id(Place(step, phase)): (step, phase) for phase in range(FINAL + NOW + 1) if phase != FINAL for step in range(24)}
    assert sorted(seen) == list(range(VOCABULARY.first["place"], VOCABULARY.first["struck"]))
    assert all(Place.of(number) == place for number, place in seen.items())


# --- what cannot be said


def test_three_voices_are_refused():
    score = chorale(0)
    with pytest.raises(EncodingError, match=r"3 voices with notes, expected 4 \(soprano, alto, tenor, bass\). Give all four"):
        CHORALE.encode(replace(score, tracks=score.tracks[:3]))


def test_two_notes_at_once_name_voice_and_place():
    score = voices([(0, 960, 72), (480, 480, 74)], *held(0, 960)[1:])
    with pytest.raises(EncodingError, match="voice 'soprano' has two notes at once at tick 480, expected one"):
        CHORALE.encode(score)


def test_notes_off_the_grid_name_voice_and_place():
    score = voices(held(0, 960)[0], [(0, 500, 67), (500, 460, 65)], *held(0, 960)[2:])
    with pytest.raises(EncodingError, match=r"voice 'alto' leaves the 16th grid at tick 0. Quantise first: .*--quantize 16"):
        CHORALE.encode(score)


@pytest.mark.parametrize(
    ("pitch", "name", "nearest"), [(LOWEST - 1, "B1", "B2"), (HIGHEST + 1, "A#5|Bb5", "A#4|Bb4"), (10, "A#-1|Bb-1|A#0|Bb0", "A#2|Bb2")]
)
def test_notes_out_of_range_are_named_with_the_nearest(pitch, name, nearest):
    score = voices([(0, 1920, pitch)], *held(0, 1920)[1:])
    with pytest.raises(
        EncodingError, match=rf"voice 'soprano' has ({name}) \(key {pitch}\), expected C2 to A5.*nearest it can say is ({nearest})"
    ):
        CHORALE.encode(score)


def test_a_strange_metre_is_refused():
    with pytest.raises(EncodingError, match="metre 5/4, expected one of 4/4, 3/4"):
        CHORALE.encode(voices(*held(0, 2400), time_signatures=(TimeSignature(0, 5, 4),)))


def test_a_metre_off_the_grid_is_refused():
    with pytest.raises(EncodingError, match="metre 3/4 begins off the 16th grid at tick 100. Quantise first"):
        CHORALE.encode(voices(*held(0, 2400), time_signatures=(TimeSignature(0), TimeSignature(100, 3, 4))))


# --- the grammar


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 20))
def test_whatever_is_chosen_the_piece_has_its_bars_and_ends_at_rest(seed, bars):
    grammar = CHORALE.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(seed))
    score = CHORALE.decode(np.array(ids, np.int32))
    assert bar_count(score) == bars == grammar.bars
    assert is_full(score)
    assert {track.end[-1] for track in score.tracks} == {score.end_tick}
    assert ends_on_tonic(score, score.key_signatures[0])
    for track in score.tracks:
        low, high = RANGES[track.name]
        assert low <= track.pitch.min() and track.pitch.max() <= high
    assert np.array_equal(CHORALE.encode(score)[:3], ids[:3])


@pytest.mark.parametrize("seed", range(8))
def test_without_a_wish_a_piece_ends_all_the_same(seed):
    score = CHORALE.decode(np.array(wander(CHORALE.grammar(), np.random.default_rng(seed)), np.int32))
    assert 4 <= bar_count(score) <= 70
    assert is_full(score)
    assert score.marks_of("fermata")
    assert ends_on_tonic(score, score.key_signatures[0])


def test_a_piece_that_will_not_end_is_brought_to_its_end():
    """Whoever always stays far from a fermata still comes to one."""
    grammar = CHORALE.grammar()
    ids = [VOCABULARY.ids["start"], VOCABULARY.ids["4/4"], VOCABULARY.ids["C major"]]
    for number in ids:
        grammar.push(number)
    while not grammar.finished:
        ids.append(int(np.flatnonzero(grammar.allowed())[0]))
        grammar.push(ids[-1])
    assert bar_count(CHORALE.decode(np.array(ids, np.int32))) == 68


@pytest.mark.parametrize("name", ["C", "F# minor", "Eb", "Db", "G# minor"])
def test_a_wished_key_is_kept(name):
    key = parse_key(name)
    ids = wander(CHORALE.grammar(bars=4, key=key), np.random.default_rng(5))
    assert CHORALE.decode(np.array(ids, np.int32)).key_signatures == (key,)


def test_a_church_mode_becomes_major_or_minor_by_its_third():
    for name, said in (("D dorian", "A minor"), ("G mixolydian", "C major"), ("F lydian", "C major"), ("E phrygian", "A minor")):
        mask = CHORALE.grammar(key=parse_key(name))
        for symbol in ("start", "4/4"):
            mask.push(VOCABULARY.ids[symbol])
        assert [VOCABULARY.symbols[number] for number in np.flatnonzero(mask.allowed())] == [said]


@pytest.mark.parametrize("bars", [-1, 0, 1, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars, expected 2 to 1000"):
        CHORALE.grammar(bars=bars)


def test_the_start_may_be_any_metre_on_an_eighth():
    grammar = CHORALE.grammar()
    assert VOCABULARY.words(np.flatnonzero(grammar.allowed())) == "start"
    grammar.push(VOCABULARY.ids["start"])
    assert VOCABULARY.words(np.flatnonzero(grammar.allowed())).split() == list(METRES)
    grammar.push(VOCABULARY.ids["3/4"])
    grammar.push(VOCABULARY.ids["G major"])
    steps = {Place.of(int(number)).step for number in np.flatnonzero(grammar.allowed())}
    assert steps == set(range(0, BAR_STEPS["3/4"], 2))


def test_a_voice_holds_only_what_it_sounds():
    ids = CHORALE.encode(chorale(2))
    for voice in range(4):
        mask = CHORALE.allowed(ids[: 3 + STEP_IDS + 1 + voice])
        holds = np.flatnonzero(mask[VOCABULARY.first["held"] : VOCABULARY.first["silence"]]) + LOWEST
        assert holds.tolist() == [int(chorale(2).tracks[voice].pitch[0])]


def test_voices_are_not_led_in_parallel_fifths_and_octaves():
    grammar = CHORALE.grammar()
    chord = [struck_id(key) for key in (72, 67, 64, 48)]
    for number in [VOCABULARY.ids["start"], VOCABULARY.ids["4/4"], key_id(parse_key("C")), place_id(Place(0, 0)), *chord]:
        grammar.push(number)
    grammar.push(place_id(Place(1, 0)))
    grammar.push(struck_id(74))
    grammar.push(held_id(67))
    grammar.push(struck_id(65))
    bass = {int(number) for number in np.flatnonzero(grammar.allowed())}
    assert not {struck_id(50), struck_id(62), struck_id(38)} & bass  # with the soprano from c to d
    assert {struck_id(47), struck_id(48), struck_id(60), held_id(48), struck_id(52)} <= bass  # contrary, at rest, and with the alto at rest


@pytest.mark.parametrize("seed", range(6))
def test_a_whole_piece_has_no_parallels_before_its_cadence(seed):
    score = CHORALE.decode(np.array(wander(CHORALE.grammar(bars=7), np.random.default_rng(seed)), np.int32))
    found = voice_leading(cut_bars(score, 0, 4))
    assert found.moves > 20
    assert found.parallel_fifths == found.parallel_octaves == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_dominant_comes_before_the_last_chord(seed):
    score = CHORALE.decode(np.array(wander(CHORALE.grammar(bars=5), np.random.default_rng(seed)), np.int32))
    tonic = tonic_pitch_class(score.key_signatures[0])
    last = int(score.tracks[-1].start.max())  # the bass strikes the last chord and holds it
    for back in (1, 121):  # all through the last eighth
        sounding = [{(int(p) - tonic) % 12 for p in t.pitch[(t.start <= last - back) & (t.end > last - back)]} for t in score.tracks]
        assert 11 in set.union(*sounding)
        assert sounding[-1] <= {7, 2, 11} and sounding[0] <= {7, 2, 11, 5, 0} and set.union(*sounding[1:3]) <= {7, 2, 11, 5}


# --- beginnings that are to be gone on with


def beginnings():
    changed = replace(chorale(4), time_signatures=(TimeSignature(0, 3, 4), TimeSignature(3 * 480, 4, 4), TimeSignature(7 * 480, 3, 4)))
    for name, score in {"plain": chorale(3), "pickup": chorale(3, pickup=True), "metres": changed, "long": chorale(5, bars=9)}.items():
        for last in range(3):
            yield pytest.param(cut_bars(score, 0, last), id=f"{name}-{last}")


@pytest.mark.parametrize("primer", list(beginnings()))
@pytest.mark.parametrize("more", [1, 2, 5])
def test_a_beginning_is_kept_and_gone_on_with_to_the_wished_bars(primer, more):
    ids = CHORALE.encode(primer, whole=False)
    grammar = CHORALE.grammar()
    for number in ids:
        grammar.push(int(number))
    assert grammar.bars == bar_count(primer)
    wished = max(grammar.bars + more, 2)
    whole = wander(CHORALE.grammar(bars=wished), np.random.default_rng(more), list(ids))
    score = CHORALE.decode(np.array(whole, np.int32))
    assert bar_count(score) == wished
    for track, given_track in zip(words(score), words(primer), strict=True):
        assert track[: len(given_track) - 1] == given_track[:-1]
        assert track[len(given_track) - 1][::2] == given_track[-1][::2]  # the last may be held on
    assert is_full(score) or len(primer.time_signatures) > 1


def test_a_beginning_is_left_open():
    primer = cut_bars(chorale(0), 0, 1)
    whole, opened = CHORALE.encode(primer), CHORALE.encode(primer, whole=False)
    assert VOCABULARY.symbols[whole[-1]] == "end" and len(opened) == len(whole) - 1
    assert all(place.phase < FINAL for place in places(opened))


def test_a_beginning_that_fills_the_wish_ends_at_once():
    primer = chorale(0, bars=5)
    ids = CHORALE.encode(primer, whole=False)
    score = CHORALE.decode(np.array(wander(CHORALE.grammar(bars=4), np.random.default_rng(0), list(ids)), np.int32))
    assert bar_count(score) <= 6
