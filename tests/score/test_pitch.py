import pytest
from hypothesis import given
from hypothesis import strategies as st

from partimento.errors import ScoreError
from partimento.score import KeySignature
from partimento.score.pitch import LETTERS, MODE_FIFTHS, alteration, key_name, parse_key, pitch_name, spell, tonic_pitch_class
from partimento.score.score import MODES

FIFTHS = st.integers(-7, 7)
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@given(st.integers(0, 127), FIFTHS, st.booleans())
def test_a_spelling_sounds_as_its_key(pitch, fifths, minor):
    letter, alter, octave = spell(pitch, fifths, minor)
    assert letter in LETTERS
    assert -2 <= alter <= 2
    assert 12 * (octave + 1) + SEMITONES[letter] + alter == pitch


@given(FIFTHS, st.booleans(), st.integers(0, 9))
def test_the_scale_of_a_signature_takes_its_seven_letters_and_accidentals(fifths, minor, octave):
    tonic = tonic_pitch_class(KeySignature(0, fifths)) + 12 * octave
    spelled = [spell(tonic + step, fifths, minor) for step in (0, 2, 4, 5, 7, 9, 11) if tonic + step < 128]
    letters = [letter for letter, _, _ in spelled]
    assert len(set(letters)) == len(letters)
    assert all(alter == alteration(letter, fifths) for letter, alter, _ in spelled)


@pytest.mark.parametrize(
    ("pitch", "fifths", "minor", "spelled"),
    [
        (60, 0, False, ("C", 0, 4)),
        (59, -7, False, ("C", -1, 4)),  # C flat 4 is the B below middle C
        (60, 7, False, ("B", 1, 3)),  # B sharp 3 is middle C
        (68, 0, True, ("G", 1, 4)),  # the leading note of A minor
        (66, 0, True, ("F", 1, 4)),  # and its raised sixth
        (70, -1, False, ("B", -1, 4)),
        (63, -3, True, ("E", -1, 4)),
        (71, -3, True, ("B", 0, 4)),  # the leading note of C minor
        (61, -3, True, ("D", -1, 4)),  # the lowered second of C minor, not a raised first
        (66, 0, False, ("F", 1, 4)),
        (70, 0, False, ("B", -1, 4)),
        (67, 6, True, ("F", 2, 4)),  # F double sharp, the Picardy third of D sharp minor
    ],
)
def test_notes_are_spelled_as_musicians_write_them(pitch, fifths, minor, spelled):
    assert spell(pitch, fifths, minor) == spelled


def test_names_are_scientific():
    assert [pitch_name(p) for p in (0, 21, 60, 69, 127)] == ["C-1", "A0", "C4", "A4", "G9"]
    assert pitch_name(58, -2) == "Bb3"
    assert pitch_name(54, 2) == "F#3"


@pytest.mark.parametrize(
    ("text", "fifths", "mode"),
    [
        ("C", 0, "major"),
        ("Am", 0, "minor"),
        ("a", 0, "minor"),
        ("b", 2, "minor"),
        ("bb", -5, "minor"),
        ("Bb", -2, "major"),
        ("B flat minor", -5, "minor"),
        ("F#dor", 4, "dorian"),
        ("F# Dorian", 4, "dorian"),
        ("Cb", -7, "major"),
        ("C♯", 7, "major"),
        ("E- major", -3, "major"),
        ("EMIX", 3, "mixolydian"),
        ("D phrygian", -2, "phrygian"),
        ("F lyd", 0, "lydian"),
        ("B locrian", 0, "locrian"),
        ("c major", 0, "major"),
        ("CM", 0, "major"),
        ("Gmaj", 1, "major"),
        ("A aeolian", 0, "minor"),
        ("  C ionian ", 0, "major"),
    ],
)
def test_keys_are_read_in_the_ways_people_write_them(text, fifths, mode):
    assert parse_key(text, 7) == KeySignature(7, fifths, mode)


@given(FIFTHS, st.sampled_from(["major", "minor"]))
def test_a_keys_name_reads_back(fifths, mode):
    key = KeySignature(0, fifths, mode)
    assert parse_key(key_name(key)) == key


@given(FIFTHS, st.sampled_from(MODES))
def test_the_tonic_of_every_mode_is_the_first_letter_of_its_name(fifths, mode):
    key = KeySignature(0, fifths, mode)
    name = key_name(key).split()[0]
    assert (SEMITONES[name[0]] + name.count("#") - name.count("b")) % 12 == tonic_pitch_class(key)


def test_the_white_keys_give_every_mode_its_tonic():
    tonics = {mode: tonic_pitch_class(KeySignature(0, 0, mode)) for mode in MODES}
    assert tonics == {"major": 0, "dorian": 2, "phrygian": 4, "lydian": 5, "mixolydian": 7, "minor": 9, "locrian": 11}
    assert set(MODE_FIFTHS) == set(MODES)


@pytest.mark.parametrize("text", ["", "H", "C##", "1", "C minor x", "Cmajor7"])
def test_text_that_is_no_key_is_refused(text):
    with pytest.raises(ScoreError, match=r"expected a letter A to G"):
        parse_key(text)


@pytest.mark.parametrize("text", ["C blue", "Gz"])
def test_an_unknown_mode_is_refused(text):
    with pytest.raises(ScoreError, match=r"is no mode\. Modes are major, minor"):
        parse_key(text)


@pytest.mark.parametrize("text", ["G# major", "Fb", "Db minor", "A# major"])
def test_a_key_of_more_than_seven_accidentals_is_refused(text):
    with pytest.raises(ScoreError, match=r"needs \d+ sharps or flats, expected at most 7"):
        parse_key(text)
