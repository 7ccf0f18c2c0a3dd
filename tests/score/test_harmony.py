import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.errors import ScoreError
from partimento.score import KeySignature, Score, TimeSignature, Track
from partimento.score.harmony import (
    Chord,
    chord_of,
    ends_on_tonic,
    estimate_key,
    fifths_within,
    final_notes,
    is_melody,
    key_of,
    likeliest_triad,
    pitch_class_weights,
    transpose_chord_symbol,
)
from partimento.score.pitch import parse_key, tonic_pitch_class
from partimento.score.transform import transpose

C, A_MINOR = KeySignature(0), KeySignature(0, 0, "minor")


def melody(*pitches, ticks=24, **fields):
    count = len(pitches)
    return Score(24, (Track(np.arange(count) * ticks, [ticks] * count, pitches, [80] * count),), **fields)


def chords(*sonorities, ticks=48, **fields):
    """One track a voice, bass last, each chord `ticks` long."""
    voices = [Track(np.arange(len(v)) * ticks, [ticks] * len(v), v, [80] * len(v)) for v in zip(*sonorities, strict=True)]
    return Score(24, tuple(reversed(voices)), **fields)


SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
TONIC, DOMINANT, SUBDOMINANT = (48, 60, 64, 67), (43, 59, 62, 67), (41, 60, 65, 69)
MINOR_TONIC, MINOR_DOMINANT = (45, 60, 64, 69), (40, 59, 64, 68)


@pytest.mark.parametrize(
    ("pitches", "chord", "name"),
    [
        ((60, 64, 67), Chord(0, "major"), "C"),
        ((64, 67, 72), Chord(0, "major"), "C"),
        ((45, 60, 64, 69, 81), Chord(9, "minor"), "Am"),
        ((59, 62, 65), Chord(11, "diminished"), "Bdim"),
        ((64, 68, 72), Chord(4, "augmented"), "E+"),
        ((66, 70, 73), Chord(6, "major"), "F#"),
        ((60,), None, None),
        ((60, 67), None, None),
        ((60, 62, 67), None, None),
        ((55, 59, 62, 65), None, None),
        ((), None, None),
    ],
)
def test_triads_have_their_names(pitches, chord, name):
    assert chord_of(pitches) == chord
    assert chord is None or chord.name() == name


@given(st.integers(0, 11), st.sampled_from([(0, 4, 7), (0, 3, 7), (0, 3, 6)]), st.permutations(range(3)), st.integers(0, 8))
def test_a_triad_is_known_in_every_inversion_and_octave(root, shape, order, octave):
    notes = [root + shape[index] + 12 * ((octave + place) % 9) for place, index in enumerate(order)]
    found = chord_of(notes)
    assert found == chord_of([(root + degree) % 12 for degree in shape])
    assert found.root == root


@pytest.mark.parametrize("root", range(12))
@pytest.mark.parametrize(("shape", "quality"), [((0, 4, 7), "major"), ((0, 3, 7), "minor"), ((0, 3, 6), "diminished")])
def test_the_likeliest_triad_is_the_one_that_sounds_also_with_a_passing_note(root, shape, quality):
    weights = np.zeros(12)
    weights[[(root + step) % 12 for step in shape]] = 2, 1, 1
    assert likeliest_triad(weights, root) == Chord(root, quality)
    weights[(root + 2) % 12] += 0.5
    assert likeliest_triad(weights, 60 + root) == Chord(root, quality)


def test_of_two_triads_alike_the_bass_decides():
    weights = np.bincount([0, 4, 7, 9], minlength=12)  # C E G A: C major with a sixth, or A minor with a seventh
    assert likeliest_triad(weights, 48) == Chord(0, "major")
    assert likeliest_triad(weights, 45) == Chord(9, "minor")


def test_chord_names_follow_the_signature():
    assert Chord(10, "major").name(-2) == "Bb"
    assert Chord(10, "minor").name(5) == "A#m"


@pytest.mark.parametrize(
    ("symbol", "fifths", "moved"),
    [
        ("C", 2, "D"),
        ("Am7", 2, "Bm7"),
        ("Bb/D", 2, "C/E"),
        ("F#dim", -2, "Edim"),
        ("C", 7, "C#"),
        ("C", -5, "Db"),
        ("Gsus4", 1, "Dsus4"),
        ("C6/9", 2, "D6/9"),
        ("Cmaj7#11", 3, "Amaj7#11"),
        ("E♭m", 3, "Cm"),
        ("C+", 2, "D+"),
        ("(G)", 2, "(A)"),
        ("Dm7b5/Ab", 2, "Em7b5/Bb"),
        ("B#", 5, "B"),  # B sharp moved to a double sharp takes the plain name
        ("Fb", -7, "Eb"),
        ("N.C.", 2, "N.C."),
        ("D.C.", 2, "D.C."),
        ("Coda", 2, "Coda"),
        ("Fine", 2, "Fine"),
        ("", 2, ""),
        ("Am7", 0, "Am7"),
    ],
)
def test_chord_symbols_move_on_the_line_of_fifths(symbol, fifths, moved):
    assert transpose_chord_symbol(symbol, fifths) == moved


@given(st.integers(-12, 12), st.sampled_from("CDEFGAB"), st.sampled_from(["", "#", "b"]), st.sampled_from(["", "m", "7", "dim"]))
def test_a_moved_symbol_sounds_moved(fifths, letter, accidental, quality):
    def root(symbol):
        sign = symbol[1:2] if symbol[1:2] in ("#", "b") else ""
        return (dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))[symbol[0]] + {"#": 1, "b": -1, "": 0}[sign]) % 12

    symbol = letter + accidental + quality
    moved = transpose_chord_symbol(symbol, fifths)
    assert root(moved) == (root(symbol) + 7 * fifths) % 12
    assert moved.endswith(quality)


@given(st.integers(-40, 40))
def test_the_nearest_signature_sounds_the_same(fifths):
    for flats in (False, True):
        near = fifths_within(fifths, flats=flats)
        assert (near - fifths) % 12 == 0
        assert -6 <= near <= 6
    assert fifths_within(6) == 6 and fifths_within(6, flats=True) == -6


def test_weights_are_quarters_of_sounding_time_without_drums():
    drums = Track([0], [960], [61], [80], is_drum=True)
    score = Score(24, (Track([0, 0, 24], [48, 24, 12], [60, 72, 67], [80] * 3), drums))
    weights = pitch_class_weights(score)
    assert weights[0] == 3 and weights[7] == 0.5 and weights.sum() == 3.5


@pytest.mark.parametrize("semitones", range(12))
def test_the_key_of_a_cadence_is_found_in_every_key(semitones):
    major = transpose(chords(TONIC, SUBDOMINANT, DOMINANT, TONIC), semitones)
    minor = transpose(chords(MINOR_TONIC, (38, 57, 65, 69), MINOR_DOMINANT, MINOR_TONIC), semitones)
    for score, mode, tonic in ((major, "major", 0), (minor, "minor", 9)):
        key = estimate_key(score)
        assert (key.mode, tonic_pitch_class(key)) == (mode, (tonic + semitones) % 12)
        assert -5 <= key.fifths <= 6
        assert key_of(score) == key
        assert ends_on_tonic(score, key)


def test_a_key_needs_pitched_notes():
    drums = Score(tracks=(Track([0], [9], [38], [80], is_drum=True),))
    for score in (Score(), drums):
        with pytest.raises(ScoreError, match="the score has no pitched note"):
            estimate_key(score)
        with pytest.raises(ScoreError, match="the score has no pitched note"):
            key_of(score)
        assert final_notes(score) == ()
        assert not ends_on_tonic(score, C)
    assert key_of(Score(key_signatures=(KeySignature(0, 3),))) == KeySignature(0, 3)


def test_every_pitch_class_alike_still_gives_a_key():
    assert estimate_key(melody(*range(60, 72))).mode in ("major", "minor")


def test_a_written_mode_other_than_major_is_believed():
    score = melody(*SCALE, key_signatures=(KeySignature(0, 0, "dorian"), KeySignature(99, 1, "major")))
    assert key_of(score) == KeySignature(0, 0, "dorian")


def test_a_signature_read_as_major_is_minor_where_the_piece_ends_there():
    ending_on_a = chords(TONIC, DOMINANT, MINOR_DOMINANT, (45, 61, 64, 69), key_signatures=(C,))
    assert key_of(ending_on_a) == A_MINOR
    assert key_of(chords(MINOR_TONIC, MINOR_DOMINANT, TONIC, key_signatures=(C,))) == C


def test_a_piece_that_ends_on_neither_tonic_takes_the_mode_its_notes_match():
    half_close = chords(MINOR_TONIC, (38, 57, 65, 69), MINOR_TONIC, MINOR_DOMINANT, key_signatures=(C,))
    assert key_of(half_close) == A_MINOR
    assert key_of(chords(TONIC, SUBDOMINANT, TONIC, DOMINANT, key_signatures=(C,))) == C


def test_the_final_sonority_is_what_sounds_when_the_last_note_begins():
    # tenor resolves F to E under held notes; a drum stroke follows
    held = [Track([0], [96], [p], [80]) for p in (72, 67, 48)]
    score = Score(24, (*held, Track([0, 48], [48, 48], [65, 64], [80, 80]), Track([72], [4], [36], [80], is_drum=True)))
    assert final_notes(score) == (48, 64, 67, 72)
    assert ends_on_tonic(score, C)
    assert not is_melody(score)


@pytest.mark.parametrize(
    ("final", "key", "good"),
    [
        ((48, 60, 64, 67), C, True),
        ((48, 60, 64, 72), C, True),  # no fifth
        ((48, 60, 67, 72), C, True),  # no third
        ((36, 48, 60, 72), C, True),  # bare octaves
        ((52, 60, 67, 72), C, False),  # first inversion
        ((43, 60, 64, 67), C, False),  # six-four
        ((48, 60, 64, 70), C, False),  # a seventh
        ((48, 60, 63, 67), C, False),  # minor third in major
        ((45, 60, 64, 69), C, False),  # sixth degree
        ((45, 60, 64, 69), A_MINOR, True),
        ((45, 61, 64, 69), A_MINOR, True),  # Picardy third
        ((45, 60, 61, 69), A_MINOR, False),  # both thirds
        ((50, 62, 65, 69), KeySignature(0, 0, "dorian"), True),
        ((43, 59, 62, 67), KeySignature(0, 0, "mixolydian"), True),
        ((43, 58, 62, 67), KeySignature(0, 0, "mixolydian"), False),
    ],
)
def test_a_tonic_chord_is_what_the_docstring_says(final, key, good):
    assert ends_on_tonic(chords(DOMINANT, final), key) is good


def test_a_tonic_chord_must_last_a_quarter_or_a_shorter_beat():
    assert ends_on_tonic(chords(DOMINANT, TONIC, ticks=24), C)
    assert not ends_on_tonic(chords(DOMINANT, TONIC, ticks=23), C)
    assert ends_on_tonic(chords(DOMINANT, TONIC, ticks=12, time_signatures=(TimeSignature(0, 6, 8),)), C)
    assert not ends_on_tonic(chords(DOMINANT, TONIC, ticks=11, time_signatures=(TimeSignature(0, 6, 8),)), C)
    assert ends_on_tonic(chords(DOMINANT, TONIC, ticks=24, time_signatures=(TimeSignature(0, 3, 2),)), C)


def test_a_melody_ends_on_its_tonic_in_any_octave_and_length():
    assert is_melody(melody(*SCALE))
    assert ends_on_tonic(melody(60, 67, 72), C)
    assert ends_on_tonic(melody(60, 67, 36, ticks=3), C)
    assert not ends_on_tonic(melody(60, 67), C)
    assert ends_on_tonic(melody(*SCALE, 69), A_MINOR)


def test_a_melody_over_two_tracks_that_take_turns_is_a_melody_and_touching_notes_too():
    turns = Score(24, (Track([0, 48], [24, 24], [60, 64], [80, 80]), Track([24], [24], [62], [80])))
    assert is_melody(turns)
    assert not is_melody(Score(24, (Track([0, 23], [24, 24], [60, 64], [80, 80]),)))
    assert not is_melody(Score())


def test_written_keys_move_the_verdict():
    assert ends_on_tonic(transpose(melody(60, 67, 60), 3), parse_key("Eb"))
    assert not ends_on_tonic(transpose(melody(60, 67, 60), 3), C)
