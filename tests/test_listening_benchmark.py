"""A listening page from folders of sound, and what is said of its answers."""

import base64
import importlib
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
TIME = np.arange(3 * 8_000) / 8_000


@pytest.fixture
def script(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(importlib.import_module("measure"), "RESULTS", tmp_path / "results")
    return importlib.import_module("listening")


@pytest.fixture
def folders(tmp_path):
    """Two sources of two pieces, one at twice the rate and stereo, and a piece that only one of them has."""
    for number, name in enumerate(("piano", "voice")):
        (tmp_path / name).mkdir()
        for piece in ("aria", "canon", *(["extra"] if number else [])):
            tone = (0.1 + 0.2 * number) * np.sin(2 * np.pi * (300 + 200 * number) * TIME)
            soundfile.write(tmp_path / name / f"{piece}.flac", np.stack([tone, tone], 1) if number else tone, 8_000 * (1 + number))
    return [f"{name}={tmp_path / name}" for name in ("piano", "voice")]


def run(script, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["listening.py", *map(str, words)])
    script.main()


def made(path):
    test = json.loads(re.search(r'id="facts">(.*?)</script>', path.read_text(), re.S)[1])
    return test, json.loads(base64.b64decode(test["asked"]))


def test_a_page_is_made_of_folders(script, monkeypatch, tmp_path, folders, capsys):
    out = tmp_path / "page.html"
    run(script, monkeypatch, "make", *folders, "--out", out, "--seconds", "0.5", "--each", "2", "--suffix", ".wav", "--seed", "4")
    said = capsys.readouterr().out
    assert "4 pairs of 8 clips at 8000 Hz" in said and "not in all folders, left out: extra" in said
    test, asked = made(out)
    assert len(asked) == 4 and {each["piece"] for each in asked} == {"aria", "canon"} and test["seconds"] == 0.5
    assert all(0 <= each["start_seconds"] <= 1 for each in asked)  # the shorter source lasts 1.5 s
    run(script, monkeypatch, "make", *folders, "--out", tmp_path / "few.html", "--seconds", "0.5", "--pairs", "1")
    assert len(made(tmp_path / "few.html")[1]) == 1


def test_folders_without_a_common_piece_are_refused(script, monkeypatch, tmp_path, folders):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SystemExit, match="no piece is in all folders. Give the files of one piece the same name"):
        run(script, monkeypatch, "make", *folders, f"other={tmp_path / 'empty'}")
    with pytest.raises(SystemExit):
        run(script, monkeypatch, "make", "piano")


def saved(file, listener, answers):
    entries = [{"piece": "aria", "start_seconds": n, "a": a, "b": b, "answer": answer} for n, (a, b, answer) in enumerate(answers)]
    file.write_text(json.dumps({"kind": "partimento listening", "test": "t", "listener": listener, "answers": entries}))
    return file


def test_answers_become_a_table(script, monkeypatch, tmp_path, capsys):
    files = [
        saved(tmp_path / "one.json", "one", [("piano", "voice", 1), ("voice", "piano", 5), ("piano", "voice", 3)]),
        saved(tmp_path / "two.json", "two", [("piano", "voice", 2), ("voice", "piano", 4), ("piano", "voice", 5)]),
    ]
    run(script, monkeypatch, "read", *files, files[0])
    said = capsys.readouterr().out
    assert "2 listeners, 6 answers (3 given twice)" in said
    assert re.search(r"piano : voice +4 +1 +1 +\+0\.67 +0\.\d{3}", said)
    assert json.loads(said[said.index("{") :])["pairs"][0]["wins"] == 4
    run(script, monkeypatch, "read", *files, "--publish")
    assert json.loads((tmp_path / "results" / "S11_listening.json").read_text())["sources"]["piano"]["wins"] == 4
    run(script, monkeypatch)
    assert '"losses": 1' in capsys.readouterr().out
