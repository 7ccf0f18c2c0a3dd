from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, wander
from partimento.encoding.performance.codes import played_of
from partimento.encoding.performance.grammar import FORGOTTEN, LONGEST_NOTE, LONGEST_SILENCE
from partimento.encoding.performance.layout import Kind, Layout
from partimento.encoding.performance.performance import Performance
from partimento.errors import EncodingError
from partimento.score import Score, Tempo, Track
from partimento.score.meter import bar_count
from partimento.score.pedal import fold_pedal
from partimento.score.tempo import seconds_at
from partimento.score.transform import transpose

PERFORMANCE, PEDAL = Performance(), Performance("events")
WAYS = pytest.mark.parametrize("encoding", [PERFORMANCE, PEDAL], ids=["folded", "events"])


def played(*notes, controls=(), **fields):
    """One track of (start, length, key, velocity) notes, a tick a millisecond."""
    start, length, key, velocity = zip(*notes, strict=True)
    track = Track(start, length, key, velocity, controls=np.array(controls, np.int64).reshape(-1, 3))
    return Score(500, (track,), **fields)


def random_score(seed, notes=200, *, overlapping=True, pedal=True):
    """Notes at any millisecond of 20 seconds on few keys, so that equal ones overlap, with a pedal that moves."""
    random = np.random.default_rng([7, seed])
    start = np.sort(random.integers(0, 20_000, notes))
    length = random.integers(1, 3000 if overlapping else 40, notes)
    key = random.integers(60, 72, notes) if overlapping else 21 + np.arange(notes) % 88
    moves = np.sort(random.integers(0, 22_000, 40)) if pedal else np.zeros(0, int)
    controls = np.stack([moves, np.full(moves.size, 64), random.integers(0, 128, moves.size)], axis=1)
    return Score(500, (Track(start, length, key, random.integers(1, 128, notes), controls=controls),))


def in_steps(score):
    """What is to come back: steps of onset and end (equal keys first in, first out), key, bin of loudness."""
    rows = []
    for track in score.tracks:
        on, off = (np.rint(seconds_at(score, ticks) * 100).astype(int) for ticks in (track.start, track.end))
        rows += list(zip(on, np.maximum(off, on + 1), track.pitch, (track.velocity - 1) // 4, strict=True))
    found = []
    for key in {row[2] for row in rows}:
        own = sorted((row for row in rows if row[2] == key), key=lambda row: (row[0], row[3]))
        ends = sorted(row[1] for row in own)
        found += [(on, off, int(key), int(loud)) for (on, _, _, loud), off in zip(own, ends, strict=True)]
    return sorted((int(on), int(off), key, loud) for on, off, key, loud in found)


def said(encoding, score, **settings):
    return encoding.vocabulary.words(encoding.encode(score, **settings))


# --- there and back


def test_what_is_struck_how_loud_and_when():
    score = played((0, 120, 60, 70), (120, 1500, 64, 70), (120, 1500, 60, 1), (3620, 10, 61, 127))
    text = (
        "start velocity18 on60 shift12 off60 velocity1 on60 velocity18 on64 shift100 shift50 off60 off64 "
        "shift100 shift100 velocity32 on61 shift1 off61"
    )
    assert said(PERFORMANCE, score) == text + " end"
    assert said(PERFORMANCE, score, whole=False) == text.removesuffix(" shift1 off61"), "who goes on lets go what still sounds"


def test_the_codes_are_those_of_the_paper():
    sizes = {name: len(group) for name, group in PERFORMANCE.vocabulary.groups.items()}
    assert sizes == {"frame": 2, "on": 128, "off": 128, "shift": 100, "velocity": 32}
    transformer = Performance(lowest=21, highest=108)
    assert len(transformer.vocabulary) == 310
    assert len(PEDAL.vocabulary) == 392


@WAYS
@pytest.mark.parametrize("seed", range(12))
def test_every_note_comes_back_within_a_step_and_a_bin(encoding, seed):
    score = random_score(seed, overlapping=seed % 3 > 0)
    ids = encoding.encode(score)
    back = encoding.decode(ids)
    assert in_steps(back) == in_steps(fold_pedal(score) if encoding is PERFORMANCE else score)
    assert np.array_equal(encoding.encode(back), ids)
    assert encoding.voice_tokens(ids) == score.note_count


@pytest.mark.parametrize("seed", range(3))
def test_lone_notes_come_back_within_ten_milliseconds(seed):
    score = random_score(seed, 80, overlapping=False, pedal=False)
    back = PERFORMANCE.decode(PERFORMANCE.encode(score)).tracks[0]
    order = np.lexsort((score.tracks[0].pitch, np.rint(score.tracks[0].start / 10)))
    for column in ("start", "end"):
        given_column = getattr(score.tracks[0], column)[order]
        long = score.tracks[0].duration[order] >= 10
        assert np.abs(getattr(back, column) - given_column)[long].max() <= 5
    assert np.abs(back.velocity - score.tracks[0].velocity[order]).max() <= 2


def test_tempo_becomes_time():
    slow = replace(played((0, 500, 60, 64), (1000, 500, 62, 64)), tempos=(Tempo.of_bpm(0, 60), Tempo.of_bpm(1000, 240)))
    assert said(PERFORMANCE, slow) == "start velocity16 on60 shift100 off60 shift100 on62 shift25 off62 end"


def test_all_tracks_but_drums_play_on_one_piano():
    score = chorale(1)
    drums = Track([0], [480], [40], [100], is_drum=True)
    one = PERFORMANCE.decode(PERFORMANCE.encode(replace(score, tracks=(drums, *score.tracks))))
    assert in_steps(one) == in_steps(score)


def test_equal_keys_end_in_the_order_they_began():
    back = PERFORMANCE.decode(PERFORMANCE.encode(played((0, 1000, 60, 64), (200, 300, 60, 64)))).tracks[0]
    assert list(zip(back.start.tolist(), back.end.tolist(), strict=True)) == [(0, 500), (200, 1000)]


def test_a_note_shorter_than_a_step_lasts_one():
    assert said(PERFORMANCE, played((100, 1, 60, 64))) == "start shift10 velocity16 on60 shift1 off60 end"


def test_the_pedal_is_heard_in_the_notes_or_said():
    pedalled = played((0, 100, 60, 64), controls=[(50, 64, 90), (700, 64, 10)])
    assert said(PERFORMANCE, pedalled) == "start velocity16 on60 shift70 off60 end"
    assert said(PEDAL, pedalled) == "start velocity16 on60 shift5 down shift5 off60 shift60 up end"
    assert PEDAL.decode(PEDAL.encode(pedalled)).tracks[0].pedal.tolist() == [[50, 127], [700, 0]]
    never_up = played((0, 100, 60, 64), (50, 500, 62, 64), controls=[(50, 64, 90), (60, 64, 100)])
    assert said(PEDAL, never_up).endswith("shift45 off62 up end")
    flutter = played((0, 100, 60, 64), controls=[(20, 64, 127), (22, 64, 0), (24, 64, 127), (61, 64, 0)])
    assert said(PEDAL, flutter) == "start velocity16 on60 shift2 down shift4 up shift4 off60 end"


# --- ids that no grammar watched over


def test_ends_of_what_does_not_sound_are_passed_over():
    words = "start off60 velocity3 on60 shift10 off60 off60 on60 shift5 off61 off60 shift9 off60 on62 shift3"
    ids = np.array([PERFORMANCE.vocabulary.ids[word] for word in words.split()])
    assert in_steps(PERFORMANCE.decode(ids)) == [(0, 10, 60, 2), (10, 15, 60, 2), (24, 27, 62, 2)]


@pytest.mark.parametrize("seed", range(20))
def test_any_ids_at_all_pair_as_one_by_one(seed):
    random = np.random.default_rng(seed)
    layout = Layout(60, 72)
    odds = np.where(layout.kinds == Kind.SHIFT, 0.2, 1)
    ids = random.choice(layout.size, int(random.integers(0, 60)), p=odds / odds.sum())
    now, loud, sounding, notes = 0, 15, {}, []
    for number in ids.tolist():
        now += int(layout.steps[number])
        if layout.first_velocity <= number:
            loud = number - layout.first_velocity
        elif 2 <= number < layout.first_off:
            notes.append([now, None, number + 58, loud])
            sounding.setdefault(number + 58, []).append(notes[-1])
        elif layout.first_off <= number < layout.first_shift and sounding.get(number - layout.first_off + 60):
            sounding[number - layout.first_off + 60].pop(0)[1] = now
    expected = sorted([on, max(on + 1, now if off is None else off), key, loud] for on, off, key, loud in notes)
    found = played_of(ids.astype(np.int32), layout)
    assert sorted(map(list, zip(*(column.tolist() for column in found[:4]), strict=True))) == expected


def test_a_piece_cut_short_gives_what_stands_before_the_cut():
    ids = PERFORMANCE.encode(random_score(1))
    for cut in range(0, len(ids), 7):
        back = PERFORMANCE.decode(ids[:cut])
        assert back.note_count == sum(2 <= number < 130 for number in ids[:cut])


# --- what cannot be said


@pytest.mark.parametrize("encoding", [Performance(lowest=21, highest=108), PEDAL, Performance(density=True, histogram=True)])
def test_ids_are_moved_as_if_the_score_had_been(encoding):
    score = random_score(3)
    ids = encoding.encode(score)
    for semitones in (-3, 0, 2):
        moved = encoding.moved(ids, semitones)
        assert moved.dtype == np.int32 and np.array_equal(moved, encoding.encode(transpose(score, semitones)))


def test_ids_are_not_moved_off_the_keyboard():
    encoding = Performance(lowest=21, highest=108)
    ids = encoding.encode(played((0, 100, 107, 60), (0, 100, 22, 60)))
    assert encoding.moved(ids, 1) is not None and encoding.moved(ids, -1) is not None
    assert encoding.moved(ids, 2) is None and encoding.moved(ids, -2) is None
    assert np.array_equal(encoding.moved(np.array([0, 1], np.int32), 5), [0, 1])


def test_no_notes_are_refused():
    with pytest.raises(EncodingError, match=r"encoding 'performance': no notes \(drums not counted\), expected at least one"):
        PERFORMANCE.encode(Score())


@pytest.mark.parametrize(("key", "name"), [(20, "G#0"), (109, "C#8")])
def test_keys_out_of_range_are_refused(key, name):
    with pytest.raises(EncodingError, match=rf"{name} \(key {key}\), expected A0 to C8. Transpose the piece"):
        Performance(lowest=21, highest=108).encode(played((0, 10, key, 64), (0, 10, 60, 64)))


def test_another_way_with_the_pedal_is_refused():
    with pytest.raises(EncodingError, match="encoding 'performance': pedal 'event'; did you mean 'events'"):
        Performance("event")


@pytest.mark.parametrize("limits", [(-1, 60), (60, 70), (60, 128), (98, 127), (0, 31)])
def test_a_range_without_an_octave_is_refused(limits):
    with pytest.raises(
        EncodingError, match=f"keys {limits[0]} to {limits[1]}, expected within 0 to 127, with at least an octave of the piano's"
    ):
        Layout(*limits)


def test_what_an_encoding_is_made_of_comes_back():
    assert Performance(**PEDAL.options()).options() == {"pedal": "events", "lowest": 0, "highest": 127}
    assert "sustain pedal up or down" in PEDAL.losses and "pedal in the note lengths" in PERFORMANCE.losses


# --- the grammar


@WAYS
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), bars=st.integers(1, 5))
def test_whatever_is_chosen_the_piece_lasts_its_bars_and_ends_in_silence(encoding, seed, bars):
    grammar = encoding.grammar(bars=bars)
    ids = np.array(wander(grammar, np.random.default_rng(seed)), np.int32)
    score = encoding.decode(ids)
    assert bar_count(score) == bars == grammar.bars
    assert np.array_equal(encoding.encode(score), ids), "a performance has one sequence of ids"
    track = score.tracks[0]
    assert track.pitch.min() >= 21 and track.pitch.max() <= 108
    assert track.duration.max() <= 10 * LONGEST_NOTE
    ends = np.maximum.accumulate(track.end)
    assert (track.start[1:] - ends[:-1]).max(initial=0) <= 10 * LONGEST_SILENCE
    order = np.lexsort((track.start, track.pitch))
    same = np.diff(track.pitch[order]) == 0
    assert np.all((track.end[order][:-1] <= track.start[order][1:])[same]), "a sounding key was struck"


class Idle:
    """Chooses the first way of `order` that is open, each a predicate on a symbol."""

    def __init__(self, *order):
        self.order = order

    def write(self, grammar, encoding, most=20_000):
        ids = []
        while not grammar.finished:
            ways = [encoding.vocabulary.symbols[number] for number in np.flatnonzero(grammar.allowed())]
            chosen = next((way for wish in self.order for way in ways[::-1] if wish(way)), ways[-1])
            ids.append(encoding.vocabulary.ids[chosen])
            grammar.push(ids[-1])
            assert len(ids) < most
        return ids


def test_no_key_is_stuck_and_no_silence_lasts():
    idle = Idle(lambda word: word.startswith("shift"))
    track = PERFORMANCE.decode(np.array(idle.write(PERFORMANCE.grammar(bars=20), PERFORMANCE))).tracks[0]
    assert set(track.duration.tolist()[:-1]) == {10 * LONGEST_NOTE}
    assert track.start[0] == 10 * LONGEST_SILENCE


@WAYS
def test_whoever_never_ends_is_ended(encoding):
    idle = Idle(lambda word: word.startswith("off"), lambda word: word.startswith("on"), lambda word: word == "shift100")
    score = encoding.decode(np.array(idle.write(encoding.grammar(), encoding)))
    assert bar_count(score) == 64


def test_what_may_follow_what():
    def after(words, encoding=PERFORMANCE):
        grammar = encoding.grammar(bars=9)
        for word in words.split():
            grammar.push(encoding.vocabulary.ids[word])
        return {encoding.vocabulary.symbols[number] for number in np.flatnonzero(grammar.allowed())}

    assert after("") == {"start"}
    assert after("start") == {f"velocity{bin}" for bin in range(1, 33)} | {f"shift{steps}" for steps in range(1, 101)}
    assert after("start velocity9") == {f"on{key}" for key in range(21, 109)}
    one = after("start velocity9 on60")
    assert "on61" in one and not {"on60", "on59", "off60", "velocity9", "end"} & one and "velocity8" in one
    assert not {word for word in after("start velocity9 on60 shift7") if word.startswith("shift")}
    assert {"off60", "on59", "on61"} <= after("start velocity9 on60 shift7") and "on60" not in after("start velocity9 on60 shift7")
    assert "on60" in after("start velocity9 on60 shift7 off60")
    assert {"off61", "shift3"} <= after("start velocity9 on60 on61 shift7 off60")
    assert "off60" not in after("start velocity9 on60 on61 shift7 off61")
    pedal = after("start velocity9 on60 shift7 down", PEDAL)
    assert not {"up", "down", "off60"} & pedal and "on61" in pedal
    assert "end" not in after("start velocity9 on60" + 16 * " shift100 off60 on60" + " down shift100 off60", PEDAL)


@WAYS
def test_what_may_not_come_is_taken_for_what_was_meant(encoding):
    """A wait too long is the longest that may be, and who strikes a key that sounds lets it go first."""
    ids = encoding.vocabulary.ids

    def taken(*words):
        grammar = encoding.grammar(bars=9)
        for word in ("start", *words):
            grammar.push(ids[word])
        allowed = grammar.allowed()
        taken = {}
        for number, symbol in enumerate(encoding.vocabulary.symbols):
            found = grammar.yielded(np.arange(allowed.size) == number, allowed)
            place = int(found.argmax())
            assert set(found.nonzero()[0].tolist()) - {place} <= {ids["off60"]}, "of what lets go, the forgotten key has its share"
            assert (allowed[place] and not allowed[number]) or place == number
            taken |= {symbol: encoding.vocabulary.symbols[place]} if place != number else {}
        return taken

    held = ("velocity17", "on60", *("shift100",) * 9, "shift60", "velocity16", "on64", "shift30")  # of the 10 s of the first 0.1 are left
    assert taken(*held, "off64") == {f"shift{steps}": "shift10" for steps in range(11, 101)}
    assert taken(*held) == {"on60": "off60", "on64": "off64"}
    assert taken("velocity17", "on60", "shift5", "on62") == {}, "who has struck something in this step lets nothing go"
    assert taken("velocity17", "on60", "shift5") == {"on60": "off60"}
    assert taken("velocity17", "on60") == {}


@WAYS
@pytest.mark.parametrize("waited", [(), ("shift1",)], ids=["time may pass", "something has to happen"])
def test_a_key_that_was_forgotten_is_let_go_with_others(encoding, waited):
    """After three seconds it takes a share of the chance that any other is let go, and of nothing else."""
    ids, grammar = encoding.vocabulary.ids, encoding.grammar(bars=9)
    begun = ("start", "velocity17", "on40", "on41", "shift100", "shift100", "velocity16", "on60", "on62", "shift99")
    for word in (*begun, *(waited or ("shift100",))):
        grammar.push(ids[word])
    allowed, chances = grammar.allowed(), np.zeros(len(ids))
    chances[[ids[word] for word in ("off60", "off62", "velocity20")]] = 0.5, 0.3, 0.2
    found = grammar.yielded(chances, allowed)
    shares = {symbol: pytest.approx(found[number]) for symbol, number in ids.items() if found[number]}
    assert shares == {"off40": 0.8 * FORGOTTEN, "off41": 0.8 * FORGOTTEN} | {
        "off60": 0.5 * (1 - 2 * FORGOTTEN),
        "off62": 0.3 * (1 - 2 * FORGOTTEN),
        "velocity20": 0.2,
    }
    grammar.push(ids["off40"])
    grammar.push(ids["off41"])
    assert grammar.yielded(chances, grammar.allowed()) == pytest.approx(chances), "nothing is forgotten any more"


@pytest.mark.parametrize("bars", [0, 10_001])
def test_bars_out_of_range_are_refused(bars):
    with pytest.raises(EncodingError, match=f"{bars} bars of 2 seconds, expected 1 to 10000"):
        PERFORMANCE.grammar(bars=bars)


@WAYS
@pytest.mark.parametrize("seed", range(3))
def test_a_beginning_is_kept_and_gone_on_with(encoding, seed):
    primer = random_score(seed, 60)
    ids = encoding.encode(primer, whole=False)
    begun = -(-max(row[1] for row in in_steps(encoding.decode(ids))) // 200)
    score = encoding.decode(np.array(wander(encoding.grammar(bars=begun + 3), np.random.default_rng(seed), list(ids)), np.int32))
    assert bar_count(score) == begun + 3
    given, found = in_steps(encoding.decode(ids)), in_steps(score)
    last = max(row[1] for row in given)  # what still sounds is let go by whoever goes on
    assert {row for row in given if row[1] < last} <= set(found)
    assert {row[::2] for row in given} <= {row[::2] for row in found}


def test_allowed_reads_the_whole_beginning():
    ids = PERFORMANCE.encode(random_score(0))
    grammar = PERFORMANCE.grammar()
    for number in ids[:300]:
        grammar.push(int(number))
    assert np.array_equal(PERFORMANCE.allowed(ids[:300]), grammar.allowed())
