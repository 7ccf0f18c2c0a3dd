from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, wander
from partimento.encoding.catalog import build_encoding
from partimento.encoding.chords import Chords
from partimento.encoding.chords_grammar import FEWEST_BARS, MOST_BARS
from partimento.encoding.chords_layout import DURATIONS, METRES, UNITS, Learnt, bar_units, longest_within, normal_order
from partimento.encoding.encoding import Fitting, fitted
from partimento.errors import EncodingError
from partimento.score import Score, TimeSignature, Track
from partimento.score.meter import bar_count, bar_starts, bar_ticks, signatures
from partimento.score.transform import cut_bars, rescale, transpose

CHORDS = Chords()
KINDS = {
    "plain": {},
    "velocity": {"velocities": True},
    "joined": {"joined": True},
    "normal": {"chords": "normal"},
    "all": {"chords": "normal", "velocities": True, "joined": True},
}


def line(*notes, metre=(4, 4), **fields):
    """One track of (start, length, pitch) or (start, length, pitch, velocity) notes, 480 ticks a quarter."""
    start, length, pitch, velocity = zip(*((*note, 80)[:4] for note in notes), strict=True)
    return Score(480, (Track(start, length, pitch, velocity, program=42),), (), (TimeSignature(0, *metre),), **fields)


def words(score, encoding=CHORDS):
    return encoding.vocabulary.words(encoding.encode(score))


def onsets(score):
    """Every note's onset in units after the first, and its key."""
    first = min(int(track.start[0]) for track in score.tracks if len(track))
    return Counter(
        (round((tick - first) * UNITS / score.ticks_per_quarter), int(key))
        for track in score.tracks
        for tick, key in zip(track.start.tolist(), track.pitch, strict=True)
    )


def piece(number, bars=5):
    """A line of notes and chords with 32nds, triplets, rests and, for odd numbers, a pickup of a 16th after a silence."""
    random = np.random.default_rng([5, number])
    notes, at = [], 1800 if number % 2 else 0
    for beat in range(bars * 4):
        rhythm = [[480], [240, 240], [160, 160, 160], [60, 60, 360], [-240, 240], [120] * 4][int(random.integers(6))]
        if beat == bars * 4 - 1:
            rhythm = [360 if number % 2 else 480]
        if beat == 0:
            rhythm = [120, 480] if number % 2 else [480]
        for length in rhythm:
            chord = random.choice([0, 0, 0, 4, 7], 2)
            if length > 0:
                keys = {48 + int(random.integers(24))}
                keys |= {next(iter(keys)) + int(each) for each in chord if each}
                notes += [(at, length, key, 40 + 8 * (beat % 8)) for key in keys]
            at += abs(length)
    return line(*notes)


def loudness(score):
    """Bins of velocity that occur, by their middle; 80 where none were kept."""
    found = {int(velocity) for track in score.tracks for velocity in track.velocity}
    return {80} if found == {80} else {velocity // 8 * 8 + 4 for velocity in found}


# --- there and back


def test_the_example_of_the_docstring():
    score = line((0, 240, 43), (240, 240, 50), (480, 960, 43), (480, 480, 59), (1440, 480, 43))
    assert words(score) == "start 4/4 $0 G2 $1/2 D3 $1/2 G2 $0 B3 $2 G2 $1 end"
    assert words(score, Chords(velocities=True)).split()[:6] == ["start", "4/4", "$0", "v0", "G2", "$1/2"]
    learnt = {"chords": ["G2.B3"]}
    assert words(score, Chords(learnt=learnt)) == "start 4/4 $0 G2 $1/2 D3 $1/2 G2.B3 $2 G2 $1 end"
    assert words(score, Chords(joined=True, learnt=learnt | {"pairs": ["G2$1/2", "G2.B3$2"]})) == (
        "start 4/4 $0 G2$1/2 D3 $1/2 G2.B3$2 G2 $1 end"
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "normal" not in KINDS[kind].values()])
@pytest.mark.parametrize("number", range(4))
def test_every_onset_comes_back(kind, number):
    score = piece(number)
    for encoding in (Chords(**KINDS[kind]), Chords(**KINDS[kind]).fitted_to([piece(n) for n in (0, 1, 2)])):
        ids = encoding.encode(score)
        back = encoding.decode(ids)
        assert onsets(back) == onsets(score)
        assert back.time_signatures == score.time_signatures
        assert back.pickup == (120 if number % 2 else 0)
        assert np.array_equal(encoding.encode(back), ids)
        assert loudness(back) == (loudness(score) if KINDS[kind].get("velocities") else {80})


def test_pitch_classes_come_back_in_one_octave():
    score = line((0, 480, 43), (0, 480, 50), (0, 480, 59), (480, 480, 36), (480, 480, 48), (960, 960, 43))
    encoding = Chords(chords="normal", learnt={"chords": ["7.11.2"]})
    assert words(score, encoding) == "start 4/4 $0 7.11.2 $1 C4 $1 G2 $2 end"
    assert onsets(encoding.decode(encoding.encode(score))) == Counter({(0, 62): 1, (0, 67): 1, (0, 71): 1, (48, 60): 1, (96, 43): 1})
    assert normal_order([60, 64, 67]) == [0, 4, 7] and normal_order([59, 62, 67, 65]) == [11, 2, 5, 7]


@pytest.mark.parametrize("ticks_per_quarter", [48, 96, 10080])
def test_the_unit_of_time_does_not_matter(ticks_per_quarter):
    assert np.array_equal(CHORDS.encode(rescale(piece(1), ticks_per_quarter)), CHORDS.encode(piece(1)))


def test_all_tracks_are_one_line_and_drums_are_left_out():
    score = chorale(0)
    drums = Track([0], [480], [38], [100], is_drum=True)
    assert np.array_equal(CHORDS.encode(replace(score, tracks=(*score.tracks, drums))), CHORDS.encode(score))
    assert onsets(CHORDS.decode(CHORDS.encode(score))) == Counter(dict.fromkeys(onsets(score), 1))


def test_an_event_lasts_to_the_next_and_a_short_silence_belongs_to_it():
    score = line((0, 1000, 60), (480, 430, 62), (960, 240, 64), (1440, 480, 65))
    assert words(score) == "start 4/4 $0 C4 $1 D4 $1 E4 $1/2 R $1/2 F4 $1 end"


def test_a_length_out_of_the_table_is_held_on():
    score = line((0, 480 * 9 + 10, 60), (480 * 9 + 10, 480 * 3 - 10, 62))
    assert words(score) == "start 4/4 $0 C4 $8 ~ $1 ~ $1/48 D4 $11/4 ~ $3/16 ~ $1/24 end"
    assert CHORDS.decode(CHORDS.encode(score)).tracks[0].duration.tolist() == [4330, 1430]


def test_a_silence_before_the_first_note_is_a_pickup():
    late = line((1440, 480, 67), (1920, 1920, 60))
    assert words(late) == "start 4/4 $1 G4 $1 C4 $4 end"
    assert CHORDS.decode(CHORDS.encode(late)).pickup == 480
    written = line((0, 480, 67), (480, 1440, 60), pickup=480)
    assert words(written) == "start 4/4 $1 G4 $1 C4 $3 end"  # last bar and pickup together make one
    assert words(replace(written, pickup=470)).startswith("start 4/4 $1 R $1/48 G4 $1")


def test_a_pickup_that_cannot_be_said_begins_with_a_rest():
    score = line((480, 480, 67), (960, 480, 60), metre=(9, 4))
    assert words(score).startswith("start 9/4 $8 G4 $1")
    odd = line((10, 470, 67), (480, 480, 60), metre=(9, 4))
    assert words(odd).startswith("start 9/4 $0 R $1/48 G4 ")


def test_what_ends_before_the_bar_line_ends_with_a_rest():
    score = line((0, 480, 60), (480, 480, 64))
    assert words(score) == "start 4/4 $0 C4 $1 E4 $1 R $2 end"
    assert CHORDS.vocabulary.words(CHORDS.encode(score, whole=False)) == "start 4/4 $0 C4 $1 E4 $1"


def test_metres_change_where_they_changed():
    changes = ((0, 3, 4), (1440, 2, 4), (2400, 2, 4), (2880, 2, 4), (9999, 3, 8))  # one restated, one in the middle of a bar, one too late
    signs = tuple(TimeSignature(*change) for change in changes)
    score = replace(line((0, 1920, 60), (1920, 1920, 62)), time_signatures=signs)
    assert words(score) == "start 3/4 $0 C4 $3 2/4 $0 ~ $1 D4 $2 2/4 $0 ~ $2 end"
    back = CHORDS.decode(CHORDS.encode(score))
    assert [(sign.tick, sign.numerator) for sign in back.time_signatures] == [(0, 3), (1440, 2), (2880, 2)]
    assert onsets(back) == onsets(score)


def test_ids_cut_short_give_the_whole_events_before_the_cut():
    for encoding in (CHORDS, Chords(velocities=True)):
        ids = encoding.encode(piece(0, bars=2))
        counts = [encoding.decode(ids[:cut]).note_count for cut in range(len(ids))]
        assert counts[0] == 0 and counts == sorted(counts) and counts[-1] == encoding.decode(ids).note_count


def test_the_options_make_it_again():
    for kind in KINDS.values():
        encoding = Chords(**kind).fitted_to([piece(0), piece(2)])
        again = build_encoding(encoding.name, encoding.options())
        assert again.vocabulary == encoding.vocabulary and again.options() == encoding.options()
    assert build_encoding("chords-joined").options() == Chords(joined=True).options()
    assert build_encoding("chords-velocity").options() == Chords(velocities=True).options()
    assert build_encoding("chords-normal").options() == Chords(chords="normal").options()


def test_the_table_of_lengths_holds_notes_triplets_and_dots_and_makes_every_other():
    assert {UNITS // 8, UNITS // 6, UNITS // 3, UNITS * 3 // 8, UNITS * 3 // 4, UNITS * 3 // 2, 8 * UNITS} <= set(DURATIONS)
    for units in range(1, 900):
        rest, parts = units, 0
        while rest:
            rest -= longest_within(rest)
            parts += 1
        assert parts <= 5


# --- what is learnt


def test_what_two_pieces_share_gets_an_id_and_all_else_is_spelled():
    scores = [line((0, 480, 60), (0, 480, 64), (480, 480, key), (480, 480, key + 7)) for key in (50, 53)]
    encoding = fitted(CHORDS, scores)
    assert isinstance(encoding, Fitting)
    assert encoding.options()["learnt"] == {"chords": ["C4.E4"], "pairs": [], "program": 42, "tempo": 120.0}
    assert words(scores[0], encoding) == "start 4/4 $0 C4.E4 $1 D3 $0 A3 $1 R $2 end"
    joined = Chords(joined=True).fitted_to(scores)
    assert joined.options()["learnt"]["pairs"] == ["R$2", "C4.E4$1"]
    assert words(scores[0], joined) == "start 4/4 $0 C4.E4$1 D3 $0 A3 $1 R$2 end"
    assert encoding.decode(encoding.encode(scores[0])).tracks[0].program == 42
    assert encoding.tempo == 120.0


def test_nothing_is_learnt_from_nothing_and_from_what_cannot_be_said():
    assert CHORDS.fitted_to([]) is CHORDS
    assert CHORDS.fitted_to([Score()]) is CHORDS
    assert fitted(build_encoding("chorale"), iter([])).name == "chorale"


def test_the_groups_take_turns():
    for encoding in (CHORDS, Chords(velocities=True).fitted_to([piece(0), piece(2)])):
        groups = encoding.hints["groups"]
        ids = encoding.encode(piece(3))[1:-1]
        assert len(groups) == encoding.hints["frame"]
        for place, number in enumerate(ids):
            first, size = groups[place % len(groups)]
            assert first <= number < first + size
    assert Chords(joined=True).hints == {}


def test_units_are_notes_chords_and_rests():
    assert CHORDS.voice_tokens(CHORDS.encode(line((0, 480, 60), (480, 480, 64)))) == 3
    encoding = Chords(joined=True, learnt={"pairs": ["C4$1"]})
    assert encoding.voice_tokens(encoding.encode(line((0, 480, 60), (480, 480, 64)))) == 3
    assert CHORDS.voice_tokens(np.zeros(1)) == 1


# --- what cannot be said


def test_a_piece_without_pitched_notes_is_refused():
    with pytest.raises(EncodingError, match="has no pitched notes, expected at least one"):
        CHORDS.encode(Score(480, (Track([0], [1], [38], [9], is_drum=True),)))


def test_a_note_no_piano_has_is_refused():
    with pytest.raises(EncodingError, match=r"found (G#|Ab)0 \(key 20\), expected A0 to C8. Transpose"):
        CHORDS.encode(line((0, 480, 60), (480, 480, 20)))


def test_a_strange_metre_is_refused():
    with pytest.raises(EncodingError, match="metre 11/8, expected one of 4/4, 3/4"):
        CHORDS.encode(line((0, 480, 60), metre=(11, 8)))


def test_wrong_options_are_refused():
    with pytest.raises(EncodingError, match="chords 'some', expected full or normal"):
        Chords(chords="some")
    with pytest.raises(EncodingError, match="learnt chord 'C4.H4' is none, expected as C4.E4.G4"):
        Chords(learnt={"chords": ["C4.H4"]})
    with pytest.raises(EncodingError, match="learnt chord '4.0.7' is none, expected as 0.4.7"):
        Chords(chords="normal", learnt={"chords": ["4.0.7"]})
    with pytest.raises(EncodingError, match="2 learnt chords, expected at most 1024 names"):
        Chords(learnt={"chords": ["C4.E4", "C4.E4"]})
    with pytest.raises(EncodingError, match="learnt pair 'C4.9' is none, expected one such as G2"):
        Chords(joined=True, learnt={"pairs": ["C4$9"]})
    with pytest.raises(EncodingError, match="learnt program 128 and tempo 100.0, expected 0 to 127 and 10 to 400"):
        Learnt(program=128)
    with pytest.raises(EncodingError, match="options .* do not fit"):
        build_encoding("chords", {"learnt": {"notes": 1}})


@pytest.mark.parametrize("bars", [-1, 0, 1001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars, expected 1 to 1000"):
        CHORDS.grammar(bars=bars)


# --- the grammar


def is_full(score):
    last = int(bar_starts(score)[-1])
    bar = bar_ticks(signatures(score)[-1], score.ticks_per_quarter)
    return score.end_tick - last in (bar, bar - score.pickup)


FITTED = {name: Chords(**kind).fitted_to([piece(number) for number in range(4)]) for name, kind in KINDS.items()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.sampled_from(sorted(KINDS)))
def test_whatever_is_chosen_the_piece_has_its_bars_and_ends_on_a_bar_line(seed, bars, kind):
    encoding = FITTED[kind]
    grammar = encoding.grammar(bars=bars)
    ids = np.array(wander(grammar, np.random.default_rng(seed)), np.int32)
    score = encoding.decode(ids)
    assert bar_count(score) == bars == grammar.bars
    assert is_full(score)
    assert int(score.tracks[0].end[-1]) == score.end_tick
    assert encoding.decode(encoding.encode(score)).note_count == score.note_count


@pytest.mark.parametrize("seed", range(4))
def test_without_a_wish_a_piece_ends_all_the_same(seed):
    score = CHORDS.decode(np.array(wander(CHORDS.grammar(), np.random.default_rng(seed)), np.int32))
    assert FEWEST_BARS <= bar_count(score) <= MOST_BARS + 4
    assert is_full(score)


def test_a_piece_that_will_not_end_is_brought_to_its_end():
    grammar, ids = CHORDS.grammar(), []
    while not grammar.finished:
        may = np.flatnonzero(grammar.allowed())
        ids.append(int(next((number for number in may if number != CHORDS.vocabulary.ids["end"]), may[0])))
        ids[-1] = int(may[-1]) if len(ids) % 2 == 1 and len(ids) > 3 and may.size > 1 else ids[-1]
        grammar.push(ids[-1])
    assert bar_count(CHORDS.decode(np.array(ids, np.int32))) == MOST_BARS + 4


def allowed(text, encoding=CHORDS, **wish):
    grammar = encoding.grammar(**wish)
    for word in text.split():
        grammar.push(encoding.vocabulary.ids[word])
    return set(encoding.vocabulary.words(np.flatnonzero(grammar.allowed())).split())


def test_the_beginning():
    assert allowed("") == {"start"}
    assert allowed("start") == set(METRES)
    pickups = allowed("start 3/8")
    assert {"$0", "$1/8", "$1/2", "$11/8"} <= pickups and not {"$1/3", "$3/2", "$2"} & pickups
    first = allowed("start 3/8 $0")
    assert {"A0", "G2", "C8"} <= first and not {"R", "~", "end", "4/4", "$1"} & first


def test_a_chord_is_spelled_upwards():
    assert "$0" in allowed("start 4/4 $0 B7") and "$0" not in allowed("start 4/4 $0 C8")
    assert allowed("start 4/4 $0 Bb7 $0") == {"B7", "C8"}
    assert "C4" in allowed("start 4/4 $0 A7 $0 C8 $1")
    normal = Chords(chords="normal")
    assert allowed("start 4/4 $0 A4 $0", normal) == {"Bb4", "B4"}
    assert "$0" not in allowed("start 4/4 $0 B4", normal) | allowed("start 4/4 $0 B3", normal)


def test_a_chord_is_not_spelled_without_end():
    spelled = "start 4/4 $0 A1 $0 B1 $0 C2 $0 D2 $0"
    assert "$0" in allowed(spelled + " E2") and "$0" not in allowed(spelled + " E2 $0 F2")


def test_only_what_sounds_is_held():
    assert "~" in allowed("start 4/4 $0 C4 $1") and "~" in allowed("start 4/4 $0 C4 $1 ~ $1")
    after_rest = allowed("start 4/4 $0 C4 $1 R $1")
    assert "~" not in after_rest and "R" in after_rest


def test_a_triplet_that_was_begun_is_finished():
    lengths = allowed("start 4/4 $0 C4 $1/3 C4")
    assert {"$1/3", "$2/3", "$1/6", "$5/3"} <= lengths and not {"$1/8", "$3/8", "$1/16", "$2"} & lengths
    fine = allowed("start 4/4 $0 C4 $1/8 C4")
    assert {"$1/8", "$1/16", "$3/8", "$7/8"} <= fine and not {"$1/3", "$1", "$1/4"} & fine


BAR = " C4 $1 E4 $1 G4 $1 C4 $1"
"""It is in C major."""


def test_the_last_bar_is_filled_and_ends_under_a_note():
    lengths = allowed("start 4/4 $0" + BAR + " C4 $3 C4", bars=2)
    assert "$1" in lengths and "$1/2" in lengths and "$2" not in lengths and "$5/4" not in lengths
    assert "$1" not in allowed("start 4/4 $0" + BAR + " C4 $3 R", bars=2)
    assert allowed("start 4/4 $0" + BAR, bars=1) == {"end"}
    assert allowed("start 4/4 $1 G3 $1 C4 $3", bars=1) == {"end"}
    assert "end" in allowed("start 4/4 $0" + BAR * 4) and "end" not in allowed("start 4/4 $0" + BAR * 3)
    assert "end" not in allowed("start 4/4 $0" + BAR * 3 + " C4 $3 R $1")
    assert "end" in allowed("start 4/4 $1 G3 $1" + BAR * 3 + " C4 $3")
    assert allowed("start 4/4 $0" + BAR + " end") == set()
    assert not CHORDS.allowed(CHORDS.encode(piece(0))).any()


def test_the_last_quarter_is_the_tonic_of_what_was_heard():
    before = "start 4/4 $0" + BAR + " C4 $2"
    assert "$2" in allowed(before + " C3", bars=2) and "$2" not in allowed(before + " G3", bars=2) | allowed(before + " R", bars=2)
    assert "$1" in allowed(before + " G3", bars=2) and "$3/2" not in allowed(before + " G3", bars=2)
    last = allowed(before + " G3 $1", bars=2)
    assert last == {f"C{octave}" for octave in range(1, 9)}
    assert "~" in allowed(before + " G3 $1 C3 $1/2", bars=2) and "~" in allowed(before + " C3 $3/2", bars=2)
    assert "$1" in allowed(before + " G3 $1 C3", bars=2) and "end" in allowed(before + " G3 $1 C3 $1", bars=2)
    assert "end" not in allowed("start 4/4 $0" + BAR * 4 + " C4 $3 G4 $1")
    lengths = allowed("start 4/4 $0" + BAR + " G3 $2 ~", bars=2)
    assert "$2" not in lengths and "$1" in lengths  # what is held is no tonic


def test_a_last_chord_stands_on_the_tonic_and_has_one_third():
    encoding = Chords(learnt={"chords": ["C3.E3.G3", "C3.F3", "G2.C3", "C3.D#3.G3"]})
    fits = {
        name for name in ("C3.E3.G3", "C3.F3", "G2.C3", "C3.D#3.G3") if "$1" in allowed(f"start 4/4 $0{BAR} C4 $3 {name}", encoding, bars=2)
    }
    assert fits == {"C3.E3.G3"}
    minor = " C4 $1 D#4 $1 G4 $1 G#4 $1"
    fits = {name for name in ("C3.E3.G3", "C3.D#3.G3", "C3.F3") if "$1" in allowed(f"start 4/4 $0{minor} C4 $3 {name}", encoding, bars=2)}
    assert fits == {"C3.E3.G3", "C3.D#3.G3"}
    assert "$0" not in allowed("start 4/4 $0" + BAR + " C4 $3 C4", encoding, bars=2)  # no time to spell one


def test_silence_is_not_loud_and_notes_are_not_silent():
    encoding = Chords(velocities=True)
    assert allowed("start 4/4 $0", encoding) == {"v0"}
    assert "v0" not in allowed("start 4/4 $0 v0 C4 $1", encoding)
    assert allowed("start 4/4 $0 v0 C4 $1 v84 R $1", encoding) == {"v0"}


def test_a_pair_may_come_where_its_parts_may():
    encoding = Chords(joined=True, learnt={"pairs": ["C4$4", "C4$1", "R$1", "~$1"]})
    assert {"C4$4", "C4$1"} <= allowed("start 4/4 $0", encoding, bars=1)
    assert not {"R$1", "~$1"} & allowed("start 4/4 $0", encoding, bars=1)
    assert {"C4$1", "~$1", "C4$4", "R$1"} & allowed("start 4/4 $0 C4$1", encoding, bars=1) == {"C4$1", "~$1", "R$1"}
    assert {"C4$1", "~$1", "R$1"} & allowed("start 4/4 $0" + BAR + " C4 $3", encoding, bars=2) == {"C4$1", "~$1"}


# --- beginnings that are to be gone on with


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("kind", ["plain", "joined"])
def test_a_beginning_is_kept_and_gone_on_with_to_the_wished_bars(number, kind):
    encoding = FITTED[kind]
    primer = cut_bars(piece(number), 0, 2)
    ids = encoding.encode(primer, whole=False)
    grammar = encoding.grammar(bars=6)
    whole = wander(grammar, np.random.default_rng(number), ids.tolist())
    score = encoding.decode(np.array(whole, np.int32))
    assert bar_count(score) == 6 and is_full(score)
    given_notes = onsets(primer)
    assert given_notes == Counter({note: 1 for note in onsets(score) if note[0] <= max(given_notes)[0]})


def test_every_metre_has_a_bar_of_whole_units():
    assert [bar_units(metre) for metre in ("4/4", "3/8", "24/16")] == [192, 72, 288]
    assert all(bar_units(metre) * int(metre.split("/")[1]) == int(metre.split("/")[0]) * 4 * UNITS for metre in METRES)


def test_pieces_are_learnt_from_in_every_key():
    assert 0 in CHORDS.transpositions and len(set(CHORDS.transpositions)) == 12
    assert words(transpose(line((0, 1920, 60)), 2)) == "start 4/4 $0 D4 $4 end"
