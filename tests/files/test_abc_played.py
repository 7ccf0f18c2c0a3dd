"""MIDI that other programs made, as ABC that people read."""

import json

import numpy as np

from little_music import run
from partimento.encoding.characters import Characters
from partimento.files import read, write
from partimento.files.abc import abc_bytes, abc_losses
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
    from partimento.files.abc import read_abc  # noqa: PLC0415

    return read_abc(abc_bytes(score), "jig.abc")


def test_a_char_rnn_reads_it_as_a_jig():
    encoding = Characters()
    ids = encoding.encode(late_jig())
    assert len(ids) < 50
    assert encoding.decode(ids).tracks[0].duration.tolist() == [240] * 12


def test_convert_says_so(tmp_path):
    write(late_jig(), tmp_path / "jig.mid")
    status, text, error = run("convert", tmp_path / "jig.mid", tmp_path / "jig.abc", "--json")
    assert status == 0, error
    assert any("nearest 32nds and sextuplets" in warning for warning in json.loads(text)["warnings"])
    assert read(tmp_path / "jig.abc").note_count == 12
