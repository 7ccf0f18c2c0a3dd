import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.evaluation.structure import bars_full, ends_well, structure
from partimento.score import KeySignature, Score, TimeSignature, Track
from partimento.score.meter import bar_starts
from partimento.score.transform import rescale, transpose

C = KeySignature(0)


def voice(*notes, name="", **fields):
    """A track of (length in ticks, key) one after the other; None rests."""
    starts = np.cumsum([0, *(length for length, _ in notes)])[:-1]
    sounding = [(start, length, key) for start, (length, key) in zip(starts, notes, strict=True) if key is not None]
    start, duration, pitch = zip(*sounding, strict=True) if sounding else ((), (), ())
    return Track(start, duration, pitch, [80] * len(sounding), name=name, **fields)


def of(*tracks, **fields):
    return Score(24, tracks, **fields)


def chorale(*chords, ticks=48):
    names = ("bass", "tenor", "alto", "soprano")
    return [voice(*((ticks, key) for key in keys), name=name) for name, keys in zip(names, zip(*chords, strict=True), strict=True)]


CADENCE = ((48, 60, 64, 67), (41, 60, 65, 69), (43, 59, 62, 67), (48, 60, 64, 67))


def test_a_chorale_of_full_bars_has_no_problem_and_ends_well():
    score = of(*chorale(*CADENCE))
    assert bars_full(score) == []
    assert ends_well(score)
    assert ends_well(score, C)
    assert not ends_well(score, KeySignature(0, 1))
    assert not ends_well(of(*chorale(*CADENCE[:2])), C)


def test_a_piece_of_no_notes_is_not_full_and_does_not_end():
    for score in (Score(), of(Track()), of(voice((96, 36), is_drum=True))):
        assert not ends_well(score)
    assert bars_full(Score()) == ["no notes"]
    assert bars_full(of(voice((96, 36), is_drum=True))) == []


@pytest.mark.parametrize("missing", [1, 24, 95])
def test_an_end_within_a_bar_is_told_in_quarters(missing):
    score = of(voice((96, 60), (96 - missing, 60)))
    assert bars_full(score) == [
        f"bar 2: the piece ends {(96 - missing) / 24:g} quarter{'' if missing == 72 else 's'} into a bar of 4 quarters"
    ]
    assert not ends_well(score, C)


def test_a_pickup_may_complete_the_last_bar_or_leave_it_full():
    for last, good in ((72, True), (96, True), (48, False), (24, False)):
        score = of(voice((24, 67), (96, 64), (last, 60)), pickup=24)
        assert (bars_full(score) == []) is good
        assert ends_well(score, C) is good
    assert bars_full(of(voice((24, 67), (48, 60)), pickup=24)) == ["bar 1: the piece ends 2 quarters into a bar of 4 quarters"]
    assert bars_full(of(voice((24, 60)), pickup=24)) == []


def test_a_change_of_metre_within_a_bar_leaves_it_short():
    change = (TimeSignature(0, 4, 4), TimeSignature(168, 3, 4))
    assert bars_full(of(voice((96, 60), (72, 60), (72, 60)), time_signatures=change)) == ["bar 2: holds 3 quarters of 4 quarters"]
    on_line = (TimeSignature(0, 4, 4), TimeSignature(192, 3, 4))
    assert bars_full(of(voice((96, 60), (96, 60), (72, 60)), time_signatures=on_line)) == []


def test_a_silent_bar_is_told_for_the_voice_that_is_silent():
    tenor = voice((96, 60), (96 * 2, None), (96, 60), (96, None), (96, 60), name="tenor")
    score = of(voice((96 * 6, 67), name="soprano"), tenor)
    assert bars_full(score) == ["tenor: silent from bar 2 to 3", "tenor: silent from bar 5 to 5"]
    assert bars_full(score, voices=[0]) == []
    assert bars_full(score, voices=()) == []


def test_a_rest_within_a_bar_and_a_note_held_over_bars_are_no_silence():
    resting = voice((48, 60), (96, None), (48, 60))
    assert bars_full(of(voice((192, 67)), resting)) == []


def test_a_voice_that_starts_late_or_stops_early_is_told():
    late = voice((96, None), (96, 60), name="alto")
    early = voice((96, 60), (48, 60), name="bass")
    gone = voice((96, 60))
    problems = bars_full(of(voice((192, 67)), late, early, gone))
    assert problems == ["alto: silent from bar 1 to 1", "bass: ends 2 quarters before the piece", "track 3: silent from bar 2 to 2"]


def test_a_voice_may_be_silent_in_the_pickup_and_empty_tracks_claim_nothing_unless_asked():
    score = of(voice((24, 67), (96, 67)), voice((24, None), (96, 60)), Track(name="empty"), pickup=24)
    assert bars_full(score) == []
    assert bars_full(score, voices=[2]) == ["empty: silent from bar 1 to 1"]


@given(st.lists(st.tuples(st.sampled_from([12, 24, 48, 96]), st.sampled_from([60, 64, None])), min_size=1, max_size=20), st.integers(2, 9))
def test_verdicts_do_not_depend_on_resolution_or_key(notes, factor):
    score = of(voice(*notes), voice((96, 67), (96, 65)))
    assert bars_full(rescale(score, 24 * factor)) == bars_full(score)
    assert bars_full(transpose(score, factor)) == bars_full(score)
    same, moved = structure(score), structure(transpose(rescale(score, 24 * factor), 5))
    assert (moved.repeated_bars, moved.notes_per_quarter, moved.bars) == (same.repeated_bars, same.notes_per_quarter, same.bars)
    for name in ("grooving_similarity", "pitch_class_entropy", "pitch_class_entropy_1", "pitch_class_entropy_4"):
        assert getattr(moved, name) == pytest.approx(getattr(same, name), nan_ok=True)


@given(st.lists(st.tuples(st.sampled_from([12, 24, 48, 96]), st.sampled_from([60, None])), min_size=1, max_size=24))
def test_silences_are_those_a_walk_over_the_bars_finds(notes):
    other = voice((sum(length for length, _ in notes), 67))
    track = voice(*notes, name="x")
    told = [problem for problem in bars_full(of(other, track)) if problem.startswith("x: silent")]
    silent = set()
    for problem in told:
        first, last = (int(number) for number in problem.removeprefix("x: silent from bar ").split(" to "))
        silent |= set(range(first, last + 1))
    starts = bar_starts(of(other))
    walked = {bar + 1 for bar, at in enumerate(starts) if not np.any((track.start < at + 96) & (track.end > at))}
    assert silent == (walked if len(track) else set())


def test_numbers_of_a_small_piece():
    score = of(voice((24, 60), (24, 62), (24, 64), (24, 60), (24, 60), (24, 62), (24, 64), (24, 60), (96, 67)))
    found = structure(score)
    assert (found.bars, found.notes, found.lowest, found.highest, found.notes_per_quarter) == (3, 9, 60, 67, 9 / 12)
    assert found.repeated_bars == 1 / 3
    one_bar = 1.5  # of four notes C C D E: 1/2 log 2 + 2 (1/4 log 4)
    assert found.pitch_class_entropy_1 == pytest.approx((one_bar + one_bar + 0) / 3)
    shares = np.array([4, 2, 2, 1]) / 9
    assert found.pitch_class_entropy == pytest.approx(-(shares * np.log2(shares)).sum())
    assert found.pitch_class_entropy_4 == found.pitch_class_entropy
    assert found.grooving_similarity == pytest.approx(1 - 2 * (3 / 64) / 3)


def test_numbers_of_nothing():
    found = structure(Score())
    assert (found.bars, found.notes, found.lowest, found.highest) == (0, 0, None, None)
    numbers = (
        found.notes_per_quarter,
        found.repeated_bars,
        found.pitch_class_entropy,
        found.pitch_class_entropy_1,
        found.grooving_similarity,
    )
    assert all(math.isnan(number) for number in numbers)
    drums = structure(of(voice((24, 36), (24, 36), (48, 36), (96, 36), is_drum=True)))
    assert (drums.notes, drums.lowest, drums.repeated_bars) == (4, None, 0)
    assert math.isnan(drums.pitch_class_entropy) and not math.isnan(drums.grooving_similarity)


def test_a_bar_is_repeated_when_all_tracks_repeat_it():
    same = [(48, 60), (48, 64)] * 3
    assert structure(of(voice(*same))).repeated_bars == 2 / 3
    other = [(96, 40), (96, 41), (96, 40)]
    assert structure(of(voice(*same), voice(*other))).repeated_bars == 1 / 3
    longer = [(48, 60), (48, 64), (48, 60), (24, 64)]
    assert structure(of(voice(*longer))).repeated_bars == 0


def test_a_pickup_is_no_bar_to_repeat_or_to_groove():
    plain = [(48, 60), (48, 64)] * 2
    with_pickup = structure(of(voice((24, 67), *plain), pickup=24))
    assert (with_pickup.bars, with_pickup.repeated_bars, with_pickup.grooving_similarity) == (2, 0.5, 1.0)
    assert with_pickup.pitch_class_entropy_1 == 1.0


@given(st.lists(st.lists(st.integers(0, 15), max_size=8), min_size=2, max_size=8))
def test_grooving_similarity_is_the_mean_over_all_pairs_of_bars(bars):
    onsets = sorted({bar * 96 + position * 6 for bar, positions in enumerate(bars) for position in positions} | {len(bars) * 96 - 6})
    score = of(Track(onsets, [6] * len(onsets), [60] * len(onsets), [80] * len(onsets)))
    patterns = [{onset % 96 for onset in onsets if onset // 96 == bar} for bar in range(len(bars))]
    expected = np.mean([1 - len(a ^ b) / 64 for a, b in itertools.combinations(patterns, 2)])
    assert structure(score).grooving_similarity == pytest.approx(expected)


@given(st.lists(st.integers(60, 71), min_size=1, max_size=40))
def test_entropies_are_those_of_the_definition(keys):
    score = of(voice(*((24, key) for key in keys)))

    def entropy(part):
        shares = np.array([part.count(key) for key in set(part)]) / len(part)
        return -(shares * np.log2(shares)).sum()

    bars = [keys[at : at + 4] for at in range(0, len(keys), 4)]
    fours = [list(itertools.chain(*bars[at : at + 4])) for at in range(max(len(bars) - 3, 1))]
    found = structure(score)
    assert found.pitch_class_entropy == pytest.approx(entropy(keys), abs=1e-12)
    assert found.pitch_class_entropy_1 == pytest.approx(np.mean([entropy(bar) for bar in bars]), abs=1e-12)
    assert found.pitch_class_entropy_4 == pytest.approx(np.mean([entropy(four) for four in fours]), abs=1e-12)
