from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, wander, words
from partimento.encoding.encoding import Harmonising
from partimento.encoding.grid_layout import END
from partimento.encoding.polyphony import Polyphony
from partimento.encoding.polyphony_grammar import FIRST_NEW, STEP
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score, TimeSignature, Track
from partimento.score.harmony import ends_on_tonic
from partimento.score.meter import bar_count, bar_starts
from partimento.score.pitch import parse_key
from partimento.score.transform import cut_bars, merge_tracks, rescale

POLYPHONY = Polyphony()


def piece(*notes, **fields):
    """One track of (start, length, pitch) notes, 480 ticks a quarter, in C major."""
    start, length, pitch = zip(*notes, strict=True)
    made = {"key_signatures": (KeySignature(0),), "time_signatures": (TimeSignature(0),), **fields}
    return Score(480, (Track(start, length, pitch, [80] * len(notes)),), **made)


def notes(score):
    return sorted(note for track in words(rescale(score, 480)) for note in track)


def said(score, **settings):
    return POLYPHONY.vocabulary.words(POLYPHONY.encode(score, **settings))


def apart(number, **settings):
    """A chorale whose voices never sound one key together."""
    score = chorale(number, **settings)
    tracks = [replace(track, pitch=track.pitch + shift) for track, shift in zip(score.tracks, (12, 0, -12, -22), strict=True)]
    return replace(score, tracks=tuple(tracks))


# --- there and back


@pytest.mark.parametrize("pickup", [False, True])
@pytest.mark.parametrize("number", range(4))
def test_a_chorale_comes_back_note_for_note(number, pickup):
    score = apart(number, shift=number, pickup=pickup)
    ids = POLYPHONY.encode(score)
    back = POLYPHONY.decode(ids)
    assert notes(back) == notes(score)
    assert back.time_signatures == score.time_signatures and back.pickup == score.pickup
    assert np.array_equal(POLYPHONY.encode(back), ids)
    assert POLYPHONY.voice_tokens(ids) == score.note_count


def test_keys_come_from_high_to_low_struck_or_held():
    score = piece((0, 240, 60), (0, 120, 64), (120, 120, 67), (120, 120, 64), (1800, 120, 48))
    text = "start 4/4 pickup0 C major new64 new60 | new67 new64 held60 | " + "| " * 13 + "new48 |"
    assert said(score) == text + " end"
    assert said(score, whole=False) == text


def test_what_two_voices_sound_together_is_one_key():
    one, two = piece((0, 960, 60)), piece((480, 960, 60))
    both = replace(one, tracks=one.tracks + two.tracks)
    assert notes(POLYPHONY.decode(POLYPHONY.encode(both))) == [(0, 480, 60), (480, 960, 60)]


def test_metres_change_where_they_changed():
    signs = (TimeSignature(0, 3, 4), TimeSignature(1440, 4, 4), TimeSignature(5280, 3, 4))
    score = piece(*[(at * 480, 480, 60 + at % 5 + more) for at in range(14) for more in (0, 7)], time_signatures=signs)
    back = POLYPHONY.decode(POLYPHONY.encode(score))
    assert [(s.tick, s.numerator, s.denominator) for s in back.time_signatures] == [(0, 3, 4), (1440, 4, 4), (5280, 3, 4)]
    assert notes(back) == notes(score)


def test_ids_cut_short_give_the_whole_steps_before_the_cut():
    ids = POLYPHONY.encode(chorale(0))
    for cut in range(60):
        assert POLYPHONY.decode(ids[:cut]).end_tick == 120 * int((ids[:cut] == STEP).sum())


def test_what_was_not_sounding_cannot_be_held_on():
    start = [POLYPHONY.vocabulary.ids[word] for word in ("start", "4/4", "pickup0", "held60", "|", "held60", "|", "|")]
    assert notes(POLYPHONY.decode(np.array(start))) == [(0, 240, 60)]


# --- what cannot be said


def test_keys_out_of_range_are_refused():
    with pytest.raises(EncodingError, match=r"encoding 'polyphony': G#0 \(key 20\), expected A0 to C8"):
        POLYPHONY.encode(piece((0, 480, 60), (0, 480, 20)))


@pytest.mark.parametrize("limits", [(-1, 60), (60, 70), (60, 128)])
def test_a_range_without_an_octave_is_refused(limits):
    with pytest.raises(EncodingError, match=f"encoding 'polyphony': keys {limits[0]} to {limits[1]}, expected at least an octave"):
        Polyphony(*limits)


def test_a_range_may_be_asked_for():
    wide = Polyphony(0, 127)
    assert wide.options() == {"lowest": 0, "highest": 127}
    assert len(wide.vocabulary.groups["new"]) == len(wide.vocabulary.groups["held"]) == 128
    assert notes(wide.decode(wide.encode(apart(1)))) == notes(apart(1))


def test_no_notes_are_refused():
    with pytest.raises(EncodingError, match="encoding 'polyphony': no notes"):
        POLYPHONY.encode(Score())


# --- the grammar


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5))
def test_whatever_is_chosen_the_piece_has_its_bars_and_ends_on_its_triad(seed, bars):
    grammar = POLYPHONY.grammar(bars=bars)
    ids = wander(grammar, np.random.default_rng(seed))
    score = POLYPHONY.decode(np.array(ids, np.int32))
    assert bar_count(score) == bars == grammar.bars
    metre = score.time_signatures[0]
    assert score.end_tick == bars * 1920 * metre.numerator // metre.denominator
    assert ends_on_tonic(score, score.key_signatures[0])
    assert min(score.tracks[0].start) == 0
    assert np.array_equal(POLYPHONY.encode(score), ids)


@pytest.mark.parametrize("bars", [None, 3])
def test_whoever_stays_silent_where_he_may_comes_to_an_end(bars):
    grammar, ids = POLYPHONY.grammar(bars=bars), []
    while not grammar.finished:
        ways = [int(number) for number in np.flatnonzero(grammar.allowed())]
        ids.append(STEP if STEP in ways else next((way for way in ways if way != END), ways[0]))
        grammar.push(ids[-1])
    score = POLYPHONY.decode(np.array(ids, np.int32))
    assert bar_count(score) == (bars or 68)
    assert ends_on_tonic(score, score.key_signatures[0])


def test_within_a_step_keys_fall_and_only_what_sounded_is_held():
    ids = POLYPHONY.encode(piece((0, 480, 60), (0, 480, 64)))
    vocabulary = POLYPHONY.vocabulary
    first, second, third = (POLYPHONY.allowed(ids[:cut]) for cut in (5, 7, 8))  # new64 | held64
    assert vocabulary.words(np.flatnonzero(first)[:1]) == "|" and not first[FIRST_NEW + 88 :].any()
    assert first[vocabulary.ids["new63"]] and not first[vocabulary.ids["new64"]]
    assert vocabulary.words(np.flatnonzero(second)[-2:]) == "held60 held64"
    assert vocabulary.words(np.flatnonzero(third)[-1:]) == "held60"


def test_a_wished_key_is_kept():
    key = parse_key("F# minor")
    score = POLYPHONY.decode(np.array(wander(POLYPHONY.grammar(bars=2, key=key), np.random.default_rng(5)), np.int32))
    assert score.key_signatures == (key,) and score.tracks[0].pitch.min() >= 21
    last = score.tracks[0].pitch[score.tracks[0].end == score.end_tick]
    assert min(last) % 12 == 6 and {int(pitch) % 12 for pitch in last} in ({6}, {6, 9}, {6, 10}, {6, 1}, {6, 9, 1}, {6, 10, 1})


@pytest.mark.parametrize("last", range(3))
def test_a_beginning_is_kept_and_gone_on_with(last):
    primer = cut_bars(chorale(1, pickup=True), 0, last)
    ids = POLYPHONY.encode(primer, whole=False)
    begun = bar_count(primer)
    score = POLYPHONY.decode(np.array(wander(POLYPHONY.grammar(bars=begun + 2), np.random.default_rng(last), list(ids)), np.int32))
    assert bar_count(score) == begun + 2
    assert {note[::2] for note in notes(primer)} <= {note[::2] for note in notes(score)}


# --- below a melody


@pytest.mark.parametrize("number", range(3))
def test_a_melody_is_kept_note_for_note_with_all_else_below(number):
    whole = chorale(number, pickup=number == 1)
    melody = replace(whole, tracks=(replace(whole.tracks[0], pitch=whole.tracks[0].pitch),))
    rests = melody.tracks[0].duration.copy()
    rests[::3] = 240
    melody = replace(melody, tracks=(replace(melody.tracks[0], duration=rests),))
    assert isinstance(POLYPHONY, Harmonising)
    ids = wander(POLYPHONY.below(melody), np.random.default_rng(number))
    score = POLYPHONY.decode(np.array(ids, np.int32))
    assert set(notes(melody)) <= set(notes(score)) and score.note_count > melody.note_count
    for start, length, pitch in notes(melody):
        others = [
            note for note in notes(score) if note[0] < start + length and start < note[0] + note[1] and note != (start, length, pitch)
        ]
        assert all(note[2] < pitch for note in others)
    assert bar_starts(score).size == bar_starts(melody).size
    assert np.array_equal(ids[:4], POLYPHONY.encode(melody)[:4])


def test_a_melody_too_low_for_a_tonic_below_it_still_ends():
    ids = wander(POLYPHONY.below(piece((0, 960, 22), (960, 960, 22))), np.random.default_rng(0))
    assert (960, 960, 22) in notes(POLYPHONY.decode(np.array(ids)))


def test_chords_and_changing_metres_are_no_melody():
    with pytest.raises(EncodingError, match="--melody: 3 notes, some of them at once, expected one voice"):
        POLYPHONY.below(piece((0, 480, 60), (480, 480, 62), (480, 480, 64)))
    signs = (TimeSignature(0, 3, 4), TimeSignature(1440, 4, 4))
    with pytest.raises(EncodingError, match="--melody: changes its metre, expected one metre"):
        POLYPHONY.below(piece((0, 1440, 60), (1440, 1920, 62), time_signatures=signs))


def test_merging_tracks_changes_nothing():
    assert said(chorale(2)) == said(merge_tracks(chorale(2)))
