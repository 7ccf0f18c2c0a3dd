"""How voices are measured: a run over a little piano, and what is no voice."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from partimento.bundle import bundle_folder
from partimento.score import Score, Tempo, Track
from partimento.score.tempo import duration_seconds

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
RATE = 16_000


@pytest.fixture
def script(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(importlib.import_module("measure"), "RESULTS", tmp_path / "results")
    return importlib.import_module("voices")


def scale(first=2):
    """Eight notes, a quarter of a second each, after some silence."""
    start = 500 * (first + np.arange(8))
    track = Track(start=start, duration=np.full(8, 450), pitch=np.array([60, 62, 64, 65, 67, 69, 71, 72]), velocity=np.full(8, 80))
    return Score(1000, (track,), (Tempo.of_bpm(0, 120),))


def piano(folder, partials):
    """A piano of three recorded notes."""
    folder.mkdir()
    time = np.arange(RATE) / RATE
    for key, hz in (("A2", 110.0), ("A4", 440.0), ("A6", 1760.0)):
        tone = sum(0.3 / n * np.sin(2 * np.pi * n * hz * time) for n in partials)
        soundfile.write(folder / f"{key}v8.wav", tone * np.exp(-3 * time), RATE)
    return folder


def run(script, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["voices.py", *map(str, words)])
    script.main()


def test_the_target_is_nought_apart_and_another_piano_is_not(script, monkeypatch, tmp_path, capsys):
    pianos = {name: piano(tmp_path / name, partials) for name, partials in (("mine", (1, 2, 3)), ("other", (1, 5)))}
    monkeypatch.setattr(script, "composed", lambda count, seconds: [scale()] * count)
    target = f"mine={pianos['mine']}"
    run(script, monkeypatch, "--target", target, "--pieces", "1", "--seconds", "2", *(f"{name}={place}" for name, place in pianos.items()))
    run(script, monkeypatch, "--target", target, "--pieces", "1", "--seconds", "2", f"again={pianos['other']}")
    (rows,) = json.loads((tmp_path / "results" / "S11_voices.json").read_text())["tables"].values()
    assert list(rows) == ["mine itself", "mine", "other", "again"]
    assert rows["mine"]["distance"] == rows["mine itself"]["distance"] == 0
    assert rows["other"]["convergence"] > 0.1 and rows["other"]["log_db"] > 0.5
    assert all(0 <= row["onset"] <= 100 and row["real_time_factor"] > 0 for row in rows.values())
    assert "other" in capsys.readouterr().out


def test_a_piece_begins_with_its_first_note_and_is_as_long_as_is_asked(script):
    found = script.beginning(scale(first=5), 1.0)
    assert found.tracks[0].start.tolist() == [0, 500, 1000, 1500] and duration_seconds(found) == pytest.approx(1, abs=0.05)
    assert script.beginning(scale(), 60.0).note_count == 8


def test_what_is_no_voice_is_refused(script, monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"is a key_net, expected a voice \(wavenet"):
        script.player(bundle_folder("piano-ears"))
    for words, said in ((["a=b.sf2"], "--target NAME=PIANO is missing"), (["--target", "piano"], "'piano': expected NAME=PLACE")):
        with pytest.raises(SystemExit):
            run(script, monkeypatch, *words)
        assert said in capsys.readouterr().err


def test_without_arguments_it_says_that_nothing_was_measured(script, monkeypatch, capsys):
    run(script, monkeypatch)
    assert "S11_voices: not measured in this checkout" in capsys.readouterr().out
