"""`partimento render` with the instruments of a SoundFont: long, loud and hostile scores."""

import errno
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from little_music import run
from partimento.cli.progress import MusicBar
from partimento.files import write
from partimento.score import Score, Track
from partimento.synthesis import bank, soundfont

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))
from tiny_soundfont import bank as make


@pytest.fixture
def player(tmp_path):
    """How to play with a bank of one sine wave for keys 60 to 72."""
    (tmp_path / "sine.sf2").write_bytes(make([{43: 72 << 8 | 60}]))
    return ["--soundfont", tmp_path / "sine.sf2", "--rate", "8000"]


def score(path, start, pitch, **more):
    count = len(start)
    write(Score(480, (Track(start, [480] * count, pitch, [127] * count, **more),)), path)
    return path


def test_a_thousand_notes_at_once_do_not_clip(player, tmp_path):
    status, text, error = run("render", score(tmp_path / "a.mid", [0] * 1000, [60, 67] * 500), tmp_path / "o.wav", *player, "--json")
    assert status == 0, error
    assert json.loads(text)["peak"] == pytest.approx(10 ** (-1 / 20), abs=1e-3)
    assert np.abs(soundfile.read(tmp_path / "o.wav")[0]).max() < 0.9


def test_an_hour_between_two_notes(player, tmp_path):
    status, text, error = run("render", score(tmp_path / "a.mid", [0, 3600 * 960], [60, 67]), tmp_path / "o.wav", *player, "--json")
    assert status == 0, error
    assert json.loads(text)["seconds"] == pytest.approx(3600 + 2.5, abs=0.01)
    late, _ = soundfile.read(tmp_path / "o.wav", start=3600 * 8000, frames=4000)
    assert late.std() > 0.1
    status, _, error = run("render", score(tmp_path / "b.mid", [0, 13 * 3600 * 960], [60, 67]), tmp_path / "p.wav", *player)
    assert status == 1 and "score: lasts 13.0 hours, expected at most 12. Cut it, or check its tempo." in error
    assert not (tmp_path / "p.wav").exists()


def test_a_better_bank_is_told_of_once_where_none_is_installed(player, tmp_path, monkeypatch):
    advice, piece = "apt install musescore-general-soundfont-small", score(tmp_path / "a.mid", [0], [60])
    assert advice not in run("render", piece, tmp_path / "given.wav", *player)[1]
    monkeypatch.setattr(bank, "INSTALLED", ())
    monkeypatch.setattr(soundfont, "INSTALLED", ())
    status, text, error = run("render", piece, tmp_path / "o.wav")
    assert status == 0, error
    assert text.count(advice) == 1
    assert json.loads(run("render", piece, tmp_path / "o.wav", "--json")[1])["warnings"] == []


def test_notes_that_the_bank_has_not_are_counted(player, tmp_path):
    status, text, _ = run("render", score(tmp_path / "a.mid", [0, 0, 480], [60, 20, 90]), tmp_path / "o.wav", *player)
    assert status == 0 and "a.mid: 2 of 3 notes have no recording in sine.sf2 and are left out." in text
    status, _, error = run("render", score(tmp_path / "b.mid", [0], [90]), tmp_path / "p.wav", *player)
    assert status == 1 and "score: 1 of 1 notes has no recording in sine.sf2 and is left out. Choose another" in error
    assert not (tmp_path / "p.wav").exists()


def test_a_score_without_notes_and_a_bank_that_is_none(player, tmp_path):
    (tmp_path / "rest.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nz4|]\n")
    status, _, error = run("render", tmp_path / "rest.abc", tmp_path / "o.wav", *player)
    assert status == 1 and "score: holds no notes, expected at least one" in error
    (tmp_path / "sine.sf2").write_bytes(make()[:3000])
    status, _, error = run("render", score(tmp_path / "a.mid", [0], [60]), tmp_path / "o.wav", *player)
    assert status == 1 and "soundfont 'sine.sf2': chunk b'smpl' claims" in error and error.count("\n") == 1
    assert not (tmp_path / "o.wav").exists()


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "The disk is full"), (errno.EIO, "Check the path and the disk")])
def test_a_disk_that_will_not_take_it(player, tmp_path, monkeypatch, code, words):
    file = score(tmp_path / "a.mid", [0], [60])
    (tmp_path / "o.wav").write_bytes(b"old")

    def fail(*given):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("partimento.files.whole.os.fsync", fail)
    status, _, error = run("render", file, tmp_path / "o.wav", *player)
    assert status == 1 and words in error and error.endswith(" o.wav was not written.\n") and error.count("\n") == 1
    assert (tmp_path / "o.wav").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mid", "o.wav", "sine.sf2"]


def test_an_interruption_leaves_nothing(player, tmp_path, monkeypatch):
    def interrupt(*given):
        raise KeyboardInterrupt

    file = score(tmp_path / "a.mid", [0], [60])
    (tmp_path / "o.wav.part").write_bytes(b"somebody's")
    monkeypatch.setattr("partimento.files.whole.os.fsync", interrupt)
    assert run("render", file, tmp_path / "o.wav", *player)[::2] == (130, "partimento: interrupted; o.wav was not written.\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mid", "o.wav.part", "sine.sf2"]


def test_the_bar_is_shown_on_a_terminal_and_nowhere_else(capsys, monkeypatch):
    with MusicBar() as bar:
        bar(2.0, 10.0)
        bar(10.0, 10.0)
    assert capsys.readouterr() == ("", "") and (bar.kept, bar.done, bar.seconds) == (2, 10, 10)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with MusicBar() as bar:
        bar(2.0, 10.0)
        bar(10.0, 10.0)
    said = capsys.readouterr()
    assert "10.0 of 10.0 s of music" in said.err and not said.out
