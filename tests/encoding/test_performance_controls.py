"""What encoding `performance` tells of the music that follows: notes a second, pitch classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import wander
from partimento.encoding.encoding import Steerable
from partimento.encoding.performance.layout import Kind
from partimento.encoding.performance.performance import Performance
from partimento.score import Score, Track
from partimento.score.meter import bar_count

PLAIN = Performance()
DENSITY, PITCH, MULTI = Performance(density=True), Performance(histogram=True), Performance("events", density=True, histogram=True)
TOLD = pytest.mark.parametrize("encoding", [DENSITY, PITCH, MULTI], ids=["density", "pitch", "multi"])
SIGNS = (0, 1, 1.4, 2, 2.8, 4, 5.7, 8, 11.3, 16, 22.6, 32, 45.3, 64)


def played(*notes):
    """One track of (start, length, key) notes, a tick a millisecond."""
    start, length, key = zip(*notes, strict=True)
    return Score(500, (Track(start, length, key, np.full(len(start), 64)),))


def random_score(seed, notes=300):
    """Notes in bunches, so that some seconds are dense and others empty."""
    random = np.random.default_rng([11, seed])
    start = np.sort((random.integers(0, 20, notes) ** 2 * 100 + random.integers(0, 600, notes)) // 10 * 10)
    return Score(500, (Track(start, random.integers(1, 300, notes) * 10, random.integers(30, 90, notes), random.integers(1, 128, notes)),))


def is_told(encoding, ids):
    """Which ids are no music."""
    layout = encoding._layout
    return layout.kinds.take(ids) == Kind.CONTROL


def tellings(encoding, ids):
    """Step -> what is told there, in symbols."""
    layout, found = encoding._layout, {}
    now = np.cumsum(layout.steps.take(ids))
    for place in np.flatnonzero(is_told(encoding, ids)).tolist():
        found.setdefault(int(now[place]), []).append(encoding.vocabulary.symbols[ids[place]])
    return found


def said(encoding, score, **options):
    return encoding.vocabulary.words(encoding.encode(score, **options))


def test_what_is_told_before_what():
    score = played((500, 500, 60), (1200, 200, 64), (3700, 300, 67))
    words = "shift50 density0 velocity16 on60 shift50 density0 off60 shift20 on64 shift20 off64 shift100 shift100"
    assert said(DENSITY, score) == f"start {words} shift30 density1 on67 shift30 density0 off67 end"
    assert said(PITCH, score, whole=False).split()[:7] == [
        "start",
        "shift50",
        "F-C-G:022",
        "D-A-E:002",
        "B-F#-C#:000",
        "G#-D#-Bb:000",
        "velocity16",
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_density_is_that_of_three_seconds_from_there_on(seed):
    score = random_score(seed)
    onsets, end = score.tracks[0].start // 10, int(score.tracks[0].end.max()) // 10
    found = tellings(DENSITY, DENSITY.encode(score))
    assert len({word for words in found.values() for word in words}) > 4, "the scores are to differ"
    for step, words in found.items():
        notes = sum(step <= onset < step + 300 for onset in onsets.tolist())
        density = notes / max(1.0, min(3.0, (end - step) / 100))
        assert words == [f"density{max(sign for sign in SIGNS if sign <= density):g}"]


@pytest.mark.parametrize("seed", range(4))
def test_the_pitch_classes_are_those_that_sound_in_five_seconds(seed):
    score = random_score(seed, 60)
    notes = list(zip(score.tracks[0].start // 10, score.tracks[0].end // 10, score.tracks[0].pitch % 12, strict=True))
    names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "Bb", "B"]
    for step, words in tellings(PITCH, PITCH.encode(score)).items():
        sounding = dict.fromkeys(range(12), 0)
        for start, end, pitch_class in notes:
            sounding[int(pitch_class)] += max(0, min(int(end), step + 500) - max(int(start), step))
        total = sum(sounding.values())
        level = {names[one]: (24 * length >= total) + (6 * length >= total) if length else 0 for one, length in sounding.items()}
        triples = [("F", "C", "G"), ("D", "A", "E"), ("B", "F#", "C#"), ("G#", "D#", "Bb")]
        assert words == ["-".join(triple) + ":" + "".join(str(level[name]) for name in triple) for triple in triples]


@TOLD
@pytest.mark.parametrize("seed", range(4))
def test_without_what_is_told_it_is_the_plain_encoding(encoding, seed):
    plain = Performance("events") if encoding is MULTI else PLAIN
    score = random_score(seed)
    ids = encoding.encode(score)
    assert np.array_equal(ids[~is_told(encoding, ids)], plain.encode(score))
    for column in ("start", "duration", "pitch", "velocity"):
        assert np.array_equal(getattr(encoding.decode(ids).tracks[0], column), getattr(plain.decode(plain.encode(score)).tracks[0], column))
    assert encoding.voice_tokens(ids) == score.note_count


@TOLD
@pytest.mark.parametrize("seed", range(4))
def test_it_is_told_once_in_every_second_in_which_something_happens(encoding, seed):
    ids = encoding.encode(random_score(seed))
    layout = encoding._layout
    now, kinds = np.cumsum(layout.steps.take(ids)), layout.kinds.take(ids)
    happens = now[(kinds != Kind.SHIFT) & (kinds != Kind.FRAME) & (kinds != Kind.CONTROL)]
    found = tellings(encoding, ids)
    assert sorted(step // 100 for step in found) == sorted(set((happens // 100).tolist()))
    assert set(found) <= set(happens.tolist())
    assert {len(words) for words in found.values()} == {len(layout.controls)}


@TOLD
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32), bars=st.integers(1, 4))
def test_whatever_is_chosen_it_is_told_where_it_has_to_be(encoding, seed, bars):
    grammar = encoding.grammar(bars=bars)
    ids = np.array(wander(grammar, np.random.default_rng(seed)), np.int32)
    score = encoding.decode(ids)
    again = encoding.encode(score)
    assert bar_count(score) == bars == grammar.bars
    assert np.array_equal(ids[~is_told(encoding, ids)], again[~is_told(encoding, again)])
    assert np.array_equal(np.flatnonzero(is_told(encoding, ids)), np.flatnonzero(is_told(encoding, again))), "told at other places"


def test_what_may_follow_what():
    def after(words):
        grammar = MULTI.grammar(bars=9)
        for word in words.split():
            grammar.push(MULTI.vocabulary.ids[word])
        return {MULTI.vocabulary.symbols[number] for number in np.flatnonzero(grammar.allowed())}

    densities, shifts = {f"density{sign:g}" for sign in SIGNS}, {f"shift{steps}" for steps in range(1, 101)}
    velocities = {f"velocity{loud}" for loud in range(1, 33)}
    assert after("start") == densities | shifts
    assert after("start shift20") == densities
    assert {word[:-3] for word in after("start shift20 density8")} == {"F-C-G:"}
    told = " density8 F-C-G:111 D-A-E:111 B-F#-C#:100 G#-D#-Bb:000"
    assert after("start" + told) == velocities | {"down"}
    struck = "start" + told + " velocity9 on60"
    assert not after(struck + " shift99") & densities
    assert after(struck + " shift99 shift1") == densities
    assert after(struck + " shift100") == densities | shifts
    assert "off60" in after(struck + " shift100" + told) and not after(struck + " shift100" + told) & (shifts | densities)


def test_allowed_reads_the_whole_beginning():
    plain = np.array(wander(PLAIN.grammar(bars=1), np.random.default_rng(0)), np.int32)
    ids = MULTI.encode(PLAIN.decode(plain))
    places = [*range(0, len(ids) - 1, 7), *np.flatnonzero(is_told(MULTI, ids)).tolist()]
    assert all(MULTI.allowed(ids[:place])[ids[place]] for place in places)


@pytest.mark.parametrize(("wish", "sign"), [(0, 0), (0.9, 0), (1, 1), (2, 2), (8, 8), (11, 8), (12, 11.3), (20, 16), (64, 64)])
def test_a_wished_density_is_that_of_its_bin(wish, sign):
    ((group, number),) = DENSITY.wished(notes_per_second=wish)
    assert DENSITY.vocabulary.symbols[number] == f"density{sign:g}"
    assert list(group) == [DENSITY.vocabulary.ids[f"density{other:g}"] for other in SIGNS]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ((2, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1), "F-C-G:121 D-A-E:111 B-F#-C#:100 G#-D#-Bb:000"),
        ((0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1), "F-C-G:100 D-A-E:000 B-F#-C#:111 G#-D#-Bb:111"),
        ((1,) * 12, "F-C-G:111 D-A-E:111 B-F#-C#:111 G#-D#-Bb:111"),
        ((0.5, 0, 0, 0, 0.3, 0, 0, 0.2, 0, 0, 0, 0), "F-C-G:022 D-A-E:002 B-F#-C#:000 G#-D#-Bb:000"),
    ],
)
def test_wished_pitch_classes_are_told_in_three_levels(weights, words):
    wished = MULTI.wished(pitch_classes=weights)
    assert MULTI.vocabulary.words(number for _, number in wished) == words
    assert [number in group for group, number in wished] == [True] * 4
    assert len(MULTI.wished(notes_per_second=3, pitch_classes=weights)) == 5


def test_what_can_be_steered_says_so():
    assert isinstance(PLAIN, Steerable) and PLAIN.controls == frozenset()
    assert MULTI.controls == {"notes_per_second", "pitch_classes"} and PITCH.controls == {"pitch_classes"}
    assert Performance(**MULTI.options()).options() == MULTI.options()
    assert "density" not in PLAIN.options() and (len(PLAIN.vocabulary), len(DENSITY.vocabulary), len(PITCH.vocabulary)) == (390, 404, 498)
    assert "told" in MULTI.losses and "told" not in PLAIN.losses
