from itertools import pairwise

import numpy as np
import pytest

from partimento.score import Mark, Score, TimeSignature, Track
from partimento.score.chords import Harmony, harmonies, stretches

QUARTER = 480


def sounding(*bars, metre=(4, 4), pickup=0):
    """A chord of whole notes for each bar."""
    length = QUARTER * 4 * metre[0] // metre[1]
    notes = [(pickup + at * length, length, pitch) for at, bar in enumerate(bars) for pitch in bar]
    start, duration, pitch = np.array(notes).T
    return Score(
        QUARTER, (Track(start, duration, pitch, np.full(len(notes), 80)),), time_signatures=(TimeSignature(0, *metre),), pickup=pickup
    )


@pytest.mark.parametrize(
    ("notes", "chord"),
    [
        ((48, 64, 67), Harmony(0, "major")),
        ((57, 60, 64), Harmony(9, "minor")),
        ((52, 67, 72), Harmony(0, "major")),
        ((43, 59, 62, 65), Harmony(7, "seventh")),
        ((47, 50, 53), Harmony(11, "diminished")),
        ((36, 43, 52, 60), Harmony(0, "major")),
        ((45, 57), Harmony(9, "major")),
    ],
)
def test_a_chord_is_heard_in_its_notes(notes, chord):
    score = sounding(notes)
    assert harmonies(score, stretches(score)) == [chord, chord]


def test_what_sounds_in_passing_counts_less():
    score = sounding((48, 55, 60, 64))
    passing = Track([0, 240], [60, 60], [74, 77], [80, 80])
    assert harmonies(Score(QUARTER, (*score.tracks, passing)), stretches(score))[0] == Harmony(0, "major")


def test_silence_keeps_the_chord_before_and_takes_the_first_that_comes():
    score = sounding((57, 60, 64))
    parts = stretches(sounding((60,), (60,), (60,)))
    later = Score(QUARTER, (Track([1920], [1920], [50], [80]), Track([1920], [1920], [53], [80]), Track([1920], [1920], [57], [80])))
    assert harmonies(later, parts) == [Harmony(2, "minor")] * 6
    assert harmonies(score, parts) == [Harmony(9, "minor")] * 6
    assert harmonies(Score(), parts)[0] == Harmony(0, "major")


def test_drums_have_no_harmony():
    drums = Track([0], [1920], [37], [80], is_drum=True)
    score = sounding((57, 60, 64))
    assert harmonies(Score(QUARTER, (drums, *score.tracks)), stretches(score))[0] == Harmony(9, "minor")


@pytest.mark.parametrize(
    ("symbol", "chord"),
    [
        ("C", Harmony(0, "major")),
        ("Bbmaj7", Harmony(10, "major")),
        ("F#m7", Harmony(6, "minor")),
        ("G7/B", Harmony(7, "seventh")),
        ("D9", Harmony(2, "seventh")),
        ("C6", Harmony(0, "major")),
        ("Gsus4", Harmony(7, "major")),
        ("C#dim7", Harmony(1, "diminished")),
        ("Bm7b5", Harmony(11, "diminished")),
        ("Eb+", Harmony(3, "major")),
    ],
)
def test_a_chord_symbol_is_believed(symbol, chord):
    score = sounding((48, 64, 67))
    written = Score(QUARTER, score.tracks, marks=(Mark(0, "chord", symbol), Mark(900, "chord", "N.C.")))
    assert harmonies(written, stretches(score)) == [chord, chord]


def test_the_symbol_that_holds_longest_counts():
    score = sounding((48, 64, 67))
    marks = (Mark(0, "chord", "F"), Mark(240, "chord", "Am"), Mark(960, "chord", "G"))
    assert harmonies(Score(QUARTER, score.tracks, marks=marks), stretches(score)) == [Harmony(9, "minor"), Harmony(7, "major")]


@pytest.mark.parametrize(("metre", "count"), [((4, 4), 2), ((3, 4), 1), ((2, 4), 1), ((6, 8), 1), ((12, 8), 2), ((2, 2), 1), ((6, 4), 2)])
def test_bars_are_cut_in_halves(metre, count):
    parts = stretches(sounding((60,), (60,), metre=metre))
    assert len(parts) == 2 * count and sum(part.opens_bar for part in parts) == 2
    assert all(one.end == other.start for one, other in pairwise(parts))
    assert (parts[0].numerator, parts[0].denominator) == metre


def test_a_pickup_is_the_end_of_a_full_bar():
    parts = stretches(sounding((60,), (60,), pickup=QUARTER))
    assert [part.start for part in parts][:3] == [-1440, -480, 480]
