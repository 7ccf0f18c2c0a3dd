"""MIDI that other programs made, as ABC that people read."""

import json

import numpy as np

from little_music import run
from partimento.encoding.characters import Characters
from partimento.files import read, write
from partimento.files.abc import abc_bytes, abc_losses, abc_text, read_abc
from partimento.score import KeySignature, Score, TimeSignature, Track


def late_jig():
    """Twelve eighths, each struck a tick late, as abc2midi writes them."""
    start = np.arange(12) * 240 + 1
    pitch = np.array([74, 71, 67, 64, 64, 67, 64, 64, 67, 71, 74, 73])
    track = Track(start, np.full(12, 239), pitch, np.full(12, 80))
    return Score(480, (track,), time_signatures=(TimeSignature(0, 6, 8),), key_signatures=(KeySignature(0, 1, "minor"),))


def test_a_jig_is_written_as_a_jig():
    assert "dBG EEG|EEG Bd^c|]" in abc_bytes(late_jig()).decode()
    assert abc_losses(late_jig()) and not abc_losses(read_back(late_jig()))


def read_back(score):
    """The score that its ABC says."""
    return read_abc(abc_bytes(score), "jig.abc")


def test_a_char_rnn_reads_it_as_a_jig():
    encoding = Characters()
    ids = encoding.encode(late_jig())
    assert len(ids) < 50
    assert encoding.decode(ids).tracks[0].duration.tolist() == [240] * 12


def test_what_is_rounded_is_said_too():
    start = np.append(np.arange(40) * 512, 20_480 + 341)
    score = Score(1024, (Track(start, np.full(41, 300 + 212), np.full(41, 62), np.full(41, 80)),))
    assert abc_losses(score) == ("a few times that no note values say were moved to the nearest 128th or triplet.",)


def test_convert_says_so(tmp_path):
    write(late_jig(), tmp_path / "jig.mid")
    status, text, error = run("convert", tmp_path / "jig.mid", tmp_path / "jig.abc", "--json")
    assert status == 0, error
    assert any("nearest 32nds and sextuplets" in warning for warning in json.loads(text)["warnings"])
    assert read(tmp_path / "jig.abc").note_count == 12


def test_rests_inside_triplets_end_with_them():
    """A third of an eighth, then a rest of two thirds and of two more: not one tuplet over all of them."""
    start = np.array([0, 80, 400, 480, 560, 880])
    track = Track(start, np.full(6, 80), np.full(6, 72), np.full(6, 80))
    score = Score(480, (track,), time_signatures=(TimeSignature(0, 3, 4),))
    text = abc_text(score, header=False).splitlines()[-1]
    assert text == "(3c/2c/2z/2(3:2:2zc/2 (3c/2c/2z/2(3:2:2zc/2 z2|]"
    back = read_abc(f"X:1\nM:3/4\nL:1/8\nK:C\n{text}\n".encode(), "triplets.abc")
    assert (back.tracks[0].start * 480 // back.ticks_per_quarter).tolist() == start.tolist()
