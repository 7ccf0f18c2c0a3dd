import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from partimento.errors import BundleError
from partimento.evaluation.fingerprints import GRAM, NO_RUNS, Fingerprints, Place, gram_hashes, lines, skyline
from partimento.score import Score, TimeSignature, Track
from partimento.score.tempo import with_tempo
from partimento.score.transform import rescale, transpose


def tune(seed, notes=40, **fields):
    """A random melody in 24 ticks a quarter, of eighths, quarters and dotted notes."""
    random = np.random.default_rng(seed)
    lengths = random.choice([12, 24, 36, 6], notes)
    start = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return Track(start, lengths, random.integers(55, 80, notes), [80] * notes, **fields)


def of(*tracks, **fields):
    return Score(24, tracks, **fields)


def hashes(score):
    return [gram_hashes(*line).tolist() for _, line in lines(score)]


@pytest.mark.parametrize("notes", [0, 1, 7, 8, 9, 30])
def test_there_is_a_hash_for_every_eight_notes_in_a_row(notes):
    assert len(hashes(of(tune(1, notes)))[0] if notes else []) == max(notes - GRAM + 1, 0)
    assert gram_hashes(np.zeros((3, notes), int) + np.arange(notes), np.zeros((3, notes), int)).shape == (3, max(notes - GRAM + 1, 0))


@given(st.integers(0, 1000), st.integers(-30, 30), st.integers(1, 50))
def test_key_tempo_and_unit_of_notation_do_not_matter(seed, semitones, factor):
    score = of(tune(seed))
    assert hashes(transpose(score, semitones)) == hashes(score)
    assert hashes(with_tempo(rescale(score, 24 * factor), 61)) == hashes(score)
    doubled = Track(score.tracks[0].start * 2, score.tracks[0].duration, score.tracks[0].pitch, score.tracks[0].velocity)
    assert hashes(of(doubled)) == hashes(score)


def test_sounding_lengths_and_loudness_do_not_matter():
    track = tune(3)
    assert hashes(of(Track(track.start, [1] * 40, track.pitch, [20] * 40))) == hashes(of(track))


@given(st.integers(0, 1000), st.integers(0, 39))
def test_one_changed_key_changes_just_the_hashes_it_is_in(seed, note):
    track = tune(seed)
    pitch = track.pitch.copy()
    pitch[note] += 1
    before, after = hashes(of(track))[0], hashes(of(Track(track.start, track.duration, pitch, track.velocity)))[0]
    changed = [index for index in range(len(before)) if before[index] != after[index]]
    assert changed == [index for index in range(len(before)) if index <= note < index + GRAM]


def test_a_changed_rhythm_changes_the_hash_and_small_unevenness_does_not():
    pitch, even = np.arange(60, 76), np.arange(16) * 1000
    played = even + np.random.default_rng(0).integers(-40, 41, 16)
    assert gram_hashes(even, pitch).tolist() == gram_hashes(played, pitch).tolist()
    swung = even + 333 * (np.arange(16) % 2)
    assert not set(gram_hashes(even, pitch).tolist()) & set(gram_hashes(swung, pitch).tolist())


def test_the_hash_is_the_same_everywhere():
    # Fingerprints are shipped: these numbers may only change together with SCHEME.
    start = np.array([0, 2, 3, 4, 8, 9, 10, 12, 16])
    pitch = np.array([60, 62, 64, 60, 67, 65, 64, 62, 60])
    assert gram_hashes(start, pitch).tolist() == [705139938, 3161392330]


def test_hashes_spread_evenly():
    random = np.random.default_rng(5)
    start = np.cumsum(random.integers(1, 5, 200_000))
    found = gram_hashes(start, random.integers(40, 90, 200_000))
    assert np.unique(found).size > 199_900  # about 5 pairs of 32-bit numbers meet by chance
    for bit in range(32):
        assert 0.49 < ((found >> np.uint32(bit)) & 1).mean() < 0.51


def test_the_skyline_is_the_highest_note_of_each_onset():
    chords = Track([0, 0, 24, 24, 48], [24] * 5, [60, 72, 71, 55, 69], [80] * 5)
    assert [column.tolist() for column in skyline(chords, 24)] == [[0, 24, 48], [72, 71, 69]]
    assert [column.tolist() for column in skyline(Track(), 24)] == [[], []]


def test_rolled_chords_and_grace_notes_are_one_onset():
    rolled = Track([0, 20, 40, 480, 500, 960], [400] * 6, [60, 64, 67, 62, 71, 60], [80] * 6)
    onsets, pitches = skyline(rolled, 480)
    assert (onsets.tolist(), pitches.tolist()) == ([0, 480, 960], [67, 71, 60])
    thirty_seconds = Track([0, 60, 120], [60] * 3, [60, 62, 64], [80] * 3)
    assert skyline(thirty_seconds, 480)[0].tolist() == [0, 60, 120]
    chain = Track([0, 50, 100, 150], [9] * 4, [60, 62, 64, 65], [80] * 4)  # 50 apart, but 100 and 150 from the first
    assert [column.tolist() for column in skyline(chain, 480)] == [[0, 100], [62, 65]]


def test_drums_and_empty_tracks_are_no_lines():
    assert [index for index, _ in lines(of(Track(), tune(1, is_drum=True), tune(2)))] == [2]


def test_fingerprints_know_pieces_lines_and_bars():
    quarters = Track(np.arange(20) * 24, [24] * 20, 60 + np.arange(20) * 2, [80] * 20)
    made = Fingerprints.of([("short", of(tune(1, 5))), ("a", of(tune(2, 10), tune(3, 12))), ("b", of(quarters, pickup=24))])
    assert made.pieces == ("short", "a", "b")
    assert made.notes.tolist() == [5, 22, 20]
    assert (made.line_piece.tolist(), made.line_grams.tolist()) == ([1, 1, 2], [3, 5, 13])
    assert made.place(0) == Place("a", 1, 0)
    assert made.place(3) == Place("a", 1, 0)
    assert [made.place(8 + note) for note in (0, 1, 4, 5, 12)] == [
        Place("b", bar, note) for note, bar in ((0, 0), (1, 1), (4, 1), (5, 2), (12, 3))
    ]


def test_long_rests_are_counted_in_bars_up_to_255():
    start = np.concatenate([np.arange(9), [300 * 4], 300 * 4 + np.arange(1, 9)])
    score = Score(1, (Track(start, [1] * 18, [60] * 18, [80] * 18),), time_signatures=(TimeSignature(0, 4, 4),))
    made = Fingerprints.of([("a", score)])
    assert made.bar_steps.max() == 255


@pytest.fixture
def made():
    return Fingerprints.of([(name, of(tune(seed), tune(seed + 50))) for seed, name in enumerate(["ä", "b", "b"])])


def test_bytes_come_back_and_are_the_same_every_time(made):
    data = made.to_bytes()
    again = Fingerprints.from_bytes(data)
    assert again.pieces == made.pieces
    for name in ("notes", "line_piece", "line_grams", "hashes", "bar_steps"):
        assert np.array_equal(getattr(again, name), getattr(made, name))
    assert again.to_bytes() == data
    assert len(data) < 5 * made.hashes.size + 1000
    empty = Fingerprints.from_bytes(Fingerprints.of([]).to_bytes())
    assert (empty.pieces, empty.hashes.size) == ((), 0)


def test_a_corpus_of_a_quarter_million_notes_is_small():
    made = Fingerprints.of([(f"piece {seed}", of(*(tune(seed * 4 + voice, 68) for voice in range(4)))) for seed in range(371)])
    assert made.notes.sum() > 100_000
    assert len(made.to_bytes()) < 600_000


@pytest.mark.parametrize("damage", [lambda d: b"", lambda d: d[:40], lambda d: d[:-1], lambda d: b"\xff" * 8 + d[8:], lambda d: d + b"x"])
def test_damaged_bytes_are_refused(made, damage):
    with pytest.raises(BundleError, match=r"copies\.bin: no fingerprints of a corpus \(.*Take the file from its bundle again"):
        Fingerprints.from_bytes(damage(made.to_bytes()), "copies.bin")


def changed(made, **tensors):
    return save({**load(made.to_bytes()), **tensors})


@pytest.mark.parametrize("text", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_damaged_names_are_refused(made, text):
    with pytest.raises(BundleError, match="no fingerprints of a corpus"):
        Fingerprints.from_bytes(changed(made, pieces=np.frombuffer(text, np.uint8)))


def test_another_scheme_is_refused(made):
    with pytest.raises(BundleError, match=r"fingerprints of scheme \[1, 12\], expected \[1, 8\]\. Make them again"):
        Fingerprints.from_bytes(changed(made, scheme=np.array([1, 12], np.uint32)))


@pytest.mark.parametrize(
    "tensors",
    [
        {"hashes": np.zeros(3, np.int64)},
        {"hashes": np.zeros((3, 3), np.uint32)},
        {"pieces": np.frombuffer(json.dumps({"a": 1}).encode(), np.uint8)},
        {"pieces": np.frombuffer(json.dumps([1, 2, 3]).encode(), np.uint8)},
    ],
)
def test_lists_of_another_kind_are_refused(made, tensors):
    with pytest.raises(BundleError, match="a list of the fingerprints is of another kind than expected"):
        Fingerprints.from_bytes(changed(made, **tensors))


@pytest.mark.parametrize(
    "tensors",
    [
        {"hashes": np.zeros(3, np.uint32)},
        {"notes": np.zeros(9, np.uint32)},
        {"line_piece": np.array([0, 0, 1, 1, 2, 3], np.uint32)},
        {"line_grams": np.array([0, 66, 33, 33, 33, 33], np.uint32)},
        {"bar_steps": np.zeros(0, np.uint8)},
    ],
)
def test_lists_that_do_not_fit_together_are_refused(made, tensors):
    with pytest.raises(BundleError, match="the lists differ in length"):
        Fingerprints.from_bytes(changed(made, **tensors))


def test_runs_chain_within_a_line_and_not_over_its_end(made):
    one, two = int(made.line_grams[0]), int(made.line_grams[1])
    runs = NO_RUNS
    for gram in range(one + two):
        low, high = made.spans(made.hashes[gram : gram + 1])
        runs = made.advance(runs, int(low[0]), int(high[0]))
        assert runs.longest == GRAM + (gram if gram < one else gram - one)
