import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from little_music import chorale, tune_text, words
from partimento.errors import ReadError, ScoreError
from partimento.files import keys_text
from partimento.files.abc import read_abc
from partimento.files.csv import csv_bytes, read_csv
from partimento.files.keys_text import HELD, STRUCK, is_keys_text, keys_text_bytes, keys_text_losses, read_keys_text
from partimento.files.midi import midi_bytes, read_midi
from partimento.score import Score, Tempo, Track
from partimento.score.steps import MOST_STEPS

HEADER = "#keys, 50 ms a step; struck ! to x, held ā to Ř\n"


def keyboard(*notes, **fields):
    """One track of (start, length, pitch) notes; 48 ticks are a step."""
    start, length, pitch = zip(*notes, strict=True)
    return Score(480, (Track(start, length, pitch, [80] * len(notes)),), **fields)


def his_text(notes, transposition=0):
    """A text as carykh's compressor wrote it: notes are (first step, last step, key); a character a key, low to high, a blank a step.

    Source of the rule: systems read for behaviour, chr(33 + pitch - 22 + transposition), a line end after every 50 steps.
    """
    steps = [sorted({chr(33 + key - 22 + transposition) for first, last, key in notes if first <= step <= last}) for step in range(120)]
    return "".join("".join(step) + " " + ("\n" if number % 50 == 49 else "") for number, step in enumerate(steps, 1)).encode()


# --- ours


def test_a_strike_has_another_letter_than_a_hold():
    score = keyboard((0, 96, 60), (96, 48, 60), (48, 96, 64), (192, 48, 21), (192, 48, 108))
    assert keys_text_bytes(score).decode() == HEADER + "H ĨL HĬ  !x \n"
    assert words(read_keys_text(keys_text_bytes(score), "a.txt")) == words(score)
    assert keys_text_losses(score) == ()


def test_every_key_has_two_letters_that_editors_leave_alone():
    assert len(set(STRUCK + HELD)) == 2 * 88
    assert all(letter.isprintable() and not letter.isspace() for letter in STRUCK + HELD)
    assert unicodedata.normalize("NFC", HELD) == HELD
    assert (STRUCK[0], STRUCK[-1], HELD[0], HELD[-1]) == ("!", "x", "ā", "Ř")


def test_a_line_holds_two_seconds_and_the_last_ends_too():
    for steps in (39, 40, 41, 80, 81):
        lines = keys_text_bytes(keyboard((0, steps * 48, 60))).decode().split("\n")[1:]
        assert lines.pop() == ""
        assert [line.count(" ") for line in lines] == [40] * (steps // 40) + ([steps % 40] if steps % 40 else [])


notes = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 45), st.integers(21, 108)), min_size=1, max_size=25)


def one_at_a_time(found):
    """Notes of which no two sound on one key at once; touching ones stay."""
    kept = []
    for start, length, pitch in sorted(found):
        if not any(p == pitch and start < s + n for s, n, p in kept):
            kept.append((start, length, pitch))
    return [(start * 48, length * 48, pitch) for start, length, pitch in kept]


@settings(max_examples=25, deadline=None)
@given(notes)
def test_every_note_on_the_grid_comes_back_through_midi_and_csv_too(found):
    score = keyboard(*one_at_a_time(found))
    there = read_keys_text(keys_text_bytes(read_midi(midi_bytes(score), "a.mid")), "a.txt")
    back = read_csv(csv_bytes(there), "a.csv")
    assert words(back) == words(score)
    again = read_keys_text(keys_text_bytes(read_csv(csv_bytes(score), "a.csv")), "a.txt")
    assert words(read_midi(midi_bytes(again), "b.mid")) == words(score)
    assert keys_text_losses(score) == ()


def test_tempo_changes_are_heard_where_they_are():
    score = keyboard((0, 480, 60), (480, 480, 60), (960, 192, 62), tempos=(Tempo(0, 1_000_000), Tempo(480, 250_000)))
    assert words(read_keys_text(keys_text_bytes(score), "a.txt")) == [[(0, 960, 60), (960, 240, 60), (1200, 96, 62)]]


def test_a_piece_of_four_voices_comes_back():
    score = chorale(0)  # at 75 a minute a quarter is 16 steps
    back = read_keys_text(keys_text_bytes(score), "a.txt")
    played = sorted({(start * 16 // 10, pitch) for voice in words(score) for start, _, pitch in voice})
    assert sorted((start, pitch) for start, _, pitch in words(back)[0]) == played


def test_a_text_of_no_notes_is_a_header():
    assert keys_text_bytes(Score()).decode() == HEADER
    assert read_keys_text(HEADER.encode(), "a.txt").note_count == 0


@pytest.mark.parametrize(("key", "name"), [(20, "G#0|Ab0"), (109, "C#8|Db8")])
def test_a_key_that_a_piano_lacks_is_named_with_its_place(key, name):
    with pytest.raises(ScoreError, match=rf"second 1.50: ({name}) \(key {key}\), expected A0 to C8 \(keys 21 to 108\). Transpose"):
        keys_text_bytes(keyboard((0, 48, 60), (1440, 480, key)))


# --- carykh's own


def test_his_text_reads_at_its_own_pitch():
    notes = [(0, 7, 60), (0, 3, 64), (4, 7, 67), (60, 110, 36), (111, 111, 109)]
    score = read_keys_text(his_text(notes), "text0_0.txt")
    assert words(score) == [[(first * 48, (last - first + 1) * 48, key) for first, last, key in notes]]
    assert score.warnings == ()


def test_his_letters_are_written_as_he_wrote_them():
    score = keyboard((0, 96, 60), (0, 48, 64), (49 * 48, 96, 22))
    assert keys_text_bytes(score, plain=True) == b"GK G " + b" " * 47 + b"! \n! \n"


def test_plain_there_and_back_keeps_pitch_and_onset():
    score = keyboard((96, 480, 60), (96, 96, 76), (576, 240, 62), (576, 48, 22), (816, 96, 115))
    assert words(read_keys_text(keys_text_bytes(score, plain=True), "a.txt")) == words(score)
    assert keys_text_losses(score, plain=True) == ()


def test_a_plain_note_gives_way_to_the_next_strike_of_its_key():
    score = keyboard((0, 144, 60), (144, 48, 60), (192, 96, 60), (0, 96, 64))
    back = read_keys_text(keys_text_bytes(score, plain=True), "a.txt")
    assert words(back) == [[(0, 96, 60), (0, 96, 64), (144, 144, 60)]]
    assert keys_text_losses(score, plain=True) == (
        "1 note lost its last step, so that the next strike of the key is seen.",
        "1 note of one step melted into the next one of the same key.",
    )
    assert keys_text_losses(score) == ()


def test_plain_has_no_a0():
    with pytest.raises(ScoreError, match=r"A0 \(key 21\), expected (A#|Bb)0 to G8 \(keys 22 to 115\)"):
        keys_text_bytes(keyboard((0, 48, 21)), plain=True)


def test_a_trained_networks_slips_are_read_all_the_same():
    text = b"GK GK GKN GKN GN GN " * 4 + b"KG GK \n"  # one step falls
    assert words(read_keys_text(text, "a.txt"))[0][0] == (0, 26 * 48, 60)


# --- what is neither, and what is broken


NO_MUSIC = {
    "nothing": b"",
    "blanks": b"   \n  \n",
    "prose": b"The music of this folder was written by many hands. See the licence.\n",
    "no blank": b"GKN",
    "abc": tune_text(0).encode(),
    "csv": csv_bytes(chorale(0)),
    "midi": midi_bytes(chorale(0)),
    "utf-16": his_text([(0, 50, 60)]).decode().encode("utf-16"),
    "zeros": bytes(1000),
    "latin-1": "Übermäßig große Töne hört man über Höhen".encode("latin-1"),
}


@pytest.mark.parametrize("kind", NO_MUSIC)
def test_another_text_is_refused_in_one_line(kind):
    assert not is_keys_text(NO_MUSIC[kind])
    with pytest.raises(ReadError, match=r"^a\.txt: found '.*', expected a text of piano keys: .* or steps of rising letters") as caught:
        read_keys_text(NO_MUSIC[kind], "a.txt")
    assert str(caught.value).isprintable()
    assert str(caught.value).endswith(
        "Let the name of a table of midicsv end in .csv." if kind == "csv" else "partimento convert piece.mid piece.txt"
    )


def test_line_ends_and_marks_of_editors_do_not_matter():
    score = keyboard((0, 96, 60), (96, 48, 60), (1920, 480, 40))
    for plain in (False, True):
        data = keys_text_bytes(score, plain=plain)
        for changed in (data.replace(b"\n", b"\r\n"), data.replace(b"\n", b"\r"), b"\xef\xbb\xbf" + data, data.rstrip(b"\n")):
            assert is_keys_text(changed)
            assert words(read_keys_text(changed, "a.txt")) == words(read_keys_text(data, "a.txt"))


def test_strange_characters_are_left_out_and_counted():
    score = read_keys_text(HEADER.encode() + "H Ĩ Ĩ\t\0 Ĩ ".encode() + b"\xff~ L ", "a.txt")
    assert words(score) == [[(0, 192, 60), (240, 48, 64)]]
    assert score.warnings == ("a.txt, second 0.10: 4 characters that are no keys, the first of them here; left out.",)


def test_a_text_cut_anywhere_gives_what_stands_before_the_cut():
    data = keys_text_bytes(chorale(1))
    whole = words(read_keys_text(data, "a.txt"))[0]
    for cut in range(len(HEADER.encode()), len(data), 97):
        score = read_keys_text(data[:cut], "a.txt")
        found = words(score)[0] if score.tracks else []
        assert [(start, pitch) for start, _, pitch in found] == [(start, pitch) for start, _, pitch in whole][: len(found)]


def test_a_held_letter_out_of_nowhere_is_a_strike():
    assert words(read_keys_text((HEADER + "Ĩ Ĩ  Ĩ HĨ ").encode(), "a.txt")) == [[(0, 96, 60), (144, 48, 60), (192, 48, 60)]]


def test_a_text_too_large_is_refused_and_one_too_long_is_cut(monkeypatch):
    monkeypatch.setattr(keys_text, "MOST_BYTES", 100)
    with pytest.raises(ReadError, match=r"a.txt: 101 bytes, expected at most 100. Cut the text into pieces"):
        read_keys_text(b"G " * 50 + b"G", "a.txt")
    monkeypatch.undo()
    score = read_keys_text(b"G " * (MOST_STEPS + 7), "a.txt")
    assert score.end_tick == MOST_STEPS * 48
    assert score.warnings == (f"a.txt: {MOST_STEPS + 7} steps; those after {MOST_STEPS} are left out.",)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([b"", HEADER.encode(), b"#keys", b"GK "]))
def test_any_bytes_are_read_or_refused(data, before):
    try:
        score = read_keys_text(before + data, "a.txt")
    except ReadError as error:
        assert str(error).isprintable()
    else:
        assert all(0 <= int(pitch) <= 127 for track in score.tracks for pitch in np.unique(track.pitch))


def test_a_tune_goes_through_a_text():
    score = read_abc(tune_text(0).encode(), "tune.abc")
    assert read_keys_text(keys_text_bytes(score), "a.txt").note_count == score.note_count
