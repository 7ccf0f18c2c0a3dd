import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.evaluation.copying import Interval, Originality, mean_interval, originality, self_borrowing
from partimento.evaluation.fingerprints import GRAM, Fingerprints, Place
from partimento.score import Score, Track
from partimento.score.transform import cut, join, rescale, transpose


def line(notes, **fields):
    """A track of (length, key) notes one after the other."""
    lengths, keys = [length for length, _ in notes], [key for _, key in notes]
    return Track(np.cumsum([0, *lengths])[:-1], lengths, keys, [80] * len(notes), **fields)


def of(*tracks, **fields):
    return Score(24, tracks, **fields)


def tune(seed, notes=40):
    random = np.random.default_rng(seed)
    return [(int(length), int(key)) for length, key in zip(random.choice([12, 24, 36], notes), random.integers(55, 80, notes), strict=True)]


@pytest.fixture(scope="module")
def corpus():
    return {f"piece {seed}": of(line(tune(seed)), line(tune(seed + 100))) for seed in range(20)}


@pytest.fixture(scope="module")
def prints(corpus):
    return Fingerprints.of(corpus.items())


# Few lengths and keys, and melodies put together from pieces of pieces: runs are shared, broken and joined again often.
FEW = st.lists(st.tuples(st.sampled_from([6, 12]), st.sampled_from([60, 62])), max_size=24)


@st.composite
def related(draw):
    """A melody and one to three pieces that it was partly taken from."""
    pieces = draw(st.lists(FEW, min_size=1, max_size=3))
    melody = []
    for _ in range(draw(st.integers(1, 3))):
        piece = draw(st.sampled_from(pieces))
        begin = draw(st.integers(0, max(len(piece) - 1, 0)))
        melody += draw(st.lists(st.sampled_from([(6, 60), (12, 62)]), max_size=2)) + piece[begin : begin + draw(st.integers(5, 24))]
    return melody, pieces


def described(notes):
    """Interval and rhythm ratio of each note as the docstring of `fingerprints` defines them, in plain Python."""
    return [
        (key - before, None if earlier is None else round(2 * math.log2(length / earlier)))
        for (earlier, _), (length, before), (_, key) in zip([(None, 0), *notes], notes, notes[1:], strict=False)
    ]


def longest_shared(one, other):
    """The longest run of notes that two melodies share, and how many notes of `one` stand in runs of GRAM or more, by brute force."""
    a, b = described(one), described(other)
    best, inside = 0, set()
    for i in range(len(one)):
        for j in range(len(other)):
            length = 0
            while i + length < len(a) and j + length < len(b):
                same = a[i + length] == b[j + length] if length else a[i][0] == b[j][0]  # the first interval of a run has no ratio
                if not same:
                    break
                length += 1
            notes = length + 1
            if notes >= GRAM:
                best = max(best, notes)
                inside.update(range(i, i + notes))
    return best, len(inside)


@settings(max_examples=150)
@given(related())
def test_runs_and_shares_are_those_of_brute_force(both):
    melody, others = both
    found = originality(of(line(melody)), Fingerprints.of((str(n), of(line(other))) for n, other in enumerate(others)))
    assert found.longest_copy_notes == max(longest_shared(melody, other)[0] for other in others)
    if len(others) == 1:
        assert found.copied_share == pytest.approx(longest_shared(melody, others[0])[1] / max(len(melody), 1))


def test_a_piece_is_wholly_a_copy_of_itself_in_any_key_tempo_and_resolution(corpus, prints):
    for score in (corpus["piece 7"], transpose(corpus["piece 7"], -5), rescale(corpus["piece 7"], 480)):
        assert originality(score, prints) == Originality(40, 1.0, 80, Place("piece 7", 1, 0), 0, 1)


def test_a_new_melody_is_no_copy(prints):
    assert originality(of(line(tune(999, 200))), prints) == Originality(0, 0.0, 200)
    assert originality(Score(), prints) == Originality(0, 0.0, 0)


def test_a_borrowed_passage_is_measured_to_the_note_and_found_in_both_scores(corpus, prints):
    passage = tune(103)[10:23]  # the second voice of piece 3, 13 notes
    melody = of(line([*tune(500, 8), *passage, *tune(501, 9)]))
    found = originality(melody, prints)
    assert (found.longest_copy_notes, found.source.piece, found.source.note, found.track) == (13, "piece 3", 10, 0)
    assert found.copied_share == 13 / 30
    begin = sum(length for length, _ in tune(500, 8))
    assert found.bar == begin // 96 + 1
    assert found.source.bar == sum(length for length, _ in tune(103)[:10]) // 96 + 1


def test_what_was_given_is_no_copy(prints):
    given, new = tune(3)[:12], [*tune(3)[12:22], *tune(501, 9)]  # it goes on as the piece does, for ten notes
    whole, join = of(line([*given, *new])), sum(length for length, _ in given)
    assert originality(whole, prints).longest_copy_notes == 22
    found = originality(whole, prints, since=join)
    assert (found.longest_copy_notes, found.notes, found.source.note, found.bar) == (10, 19, 12, join // 96 + 1)
    assert originality(whole, prints, since=10**6) == Originality(0, 0.0, 0)


def test_seven_notes_are_nobodys(prints):
    assert originality(of(line([*tune(500, 8), *tune(3)[10:17], *tune(501, 9)])), prints).longest_copy_notes == 0
    assert originality(of(line([*tune(500, 8), *tune(3)[10:18], *tune(501, 9)])), prints).longest_copy_notes == 8


def test_a_run_does_not_go_on_from_one_piece_into_another(corpus):
    melody = of(line([*tune(3)[:12], *tune(4)[:12]]))
    apart = Fingerprints.of([("3", of(line(tune(3)[:12]))), ("4", of(line(tune(4)[:12])))])
    assert originality(melody, apart).longest_copy_notes == 12
    assert originality(melody, apart).copied_share == 1.0


def test_pieces_can_be_left_out(corpus, prints):
    found = originality(corpus["piece 7"], prints, exclude=["piece 7"])
    assert (found.longest_copy_notes, found.copied_share) == (0, 0.0)
    twice = Fingerprints.of([("a", corpus["piece 7"]), ("b", corpus["piece 7"])])
    assert originality(corpus["piece 7"], twice, exclude=["a"]).source.piece == "b"
    assert originality(corpus["piece 7"], twice, exclude=["a", "b"]).source is None


def test_repeated_notes_and_scales_count():
    same, scale = [(12, 60)] * 20, [(12, 60 + step) for step in range(10)]
    prints = Fingerprints.of([("same", of(line(same))), ("scale", of(line(scale)))])
    assert originality(of(line([(24, 70)] * 12)), prints).longest_copy_notes == 12
    assert originality(of(line([(24, 50 + step) for step in range(9)])), prints).longest_copy_notes == 9


def test_drums_are_not_compared_and_chords_by_their_top_note():
    melody = line(tune(1))
    prints = Fingerprints.of([("tune", of(melody))])
    assert originality(of(line(tune(1), is_drum=True)), prints) == Originality(0, 0.0, 0)
    accompanied = Track(
        np.repeat(melody.start, 2), np.repeat(melody.duration, 2), np.repeat(melody.pitch, 2) - [0, 9] * 40, np.repeat(melody.velocity, 2)
    )
    assert originality(of(accompanied), prints).longest_copy_notes == 40


def test_the_bar_is_the_printed_one():
    score = of(line([(24, 60 + (n * 5) % 13) for n in range(30)]), pickup=24)
    prints = Fingerprints.of([("a", score)])
    inner = cut(score, 24 + 96, 24 + 96 * 5)  # bars 2 to 5, as printed
    found = originality(inner, prints)
    assert (found.longest_copy_notes, found.source.bar, found.bar) == (16, 2, 1)


def test_a_copy_after_a_copy_is_found_in_a_join(corpus, prints):
    both = join(corpus["piece 1"], corpus["piece 2"])
    assert originality(both, prints).copied_share == 1.0


# --- the corpus's own rate ---------------------------------------------------------------------------------------


def test_a_corpus_of_strangers_borrows_nothing_and_one_of_twins_everything(corpus, prints):
    alone = self_borrowing(prints)
    assert (alone.share, alone.longest_mean) == (Interval(0, 0, 0), Interval(0, 0, 0))
    twins = Fingerprints.of([*corpus.items(), *((f"{name} again", score) for name, score in corpus.items())])
    both = self_borrowing(twins)
    assert (both.share, both.longest_mean) == (Interval(1, 1, 1), Interval(40, 40, 40))
    assert self_borrowing(twins, work_of={name: name.removesuffix(" again") for name in twins.pieces}).share == Interval(0, 0, 0)


def test_each_piece_is_held_against_all_others_but_itself():
    pieces = {
        "a": [*tune(1, 20), *tune(2, 20)],
        "b": [*tune(3, 30), *tune(2, 20)[5:17]],
        "c": [*tune(4, 10), *tune(1, 20)[:8]],
        "short": tune(5, 3),
    }
    prints = Fingerprints.of((name, of(line(notes))) for name, notes in pieces.items())
    found = self_borrowing(prints)
    expected = [originality(of(line(notes)), prints, exclude=[name]) for name, notes in pieces.items()]
    assert found.longest.tolist() == [one.longest_copy_notes for one in expected] == [12, 12, 8, 0]
    assert found.shares.tolist() == [one.copied_share for one in expected] == [20 / 40, 12 / 42, 8 / 18, 0]
    assert found.share.mean == pytest.approx(np.mean(found.shares))
    assert found.share.low < found.share.mean < found.share.high


def test_progress_is_told_piece_by_piece(prints):
    told = []
    self_borrowing(prints, progress=lambda done, of_all: told.append((done, of_all)))
    assert told == [(piece, 20) for piece in range(20)]


def test_the_interval_is_a_bootstrap_and_the_same_each_time():
    values = np.random.default_rng(3).normal(5, 2, 400)
    mean, low, high = mean_interval(values)
    assert mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / np.sqrt(400)  # what theory says of a mean of many
    assert low == pytest.approx(mean - half, abs=0.15 * half)
    assert high == pytest.approx(mean + half, abs=0.15 * half)
    assert mean_interval(values) == (mean, low, high)
    assert mean_interval(values, seed=1) != (mean, low, high)
    assert all(math.isnan(number) for number in mean_interval(np.zeros(0)))
