"""How ears are measured beside others' ears: what is cut, what the pedal holds, and a run over a little recording."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from partimento.score.timed_notes import TimedNotes

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
RATE = 16_000


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("transcription")


def notes(*rows):
    start, end, key, velocity = np.array(rows, float).reshape(-1, 4).T
    return TimedNotes(start, end, key.astype(int), velocity.astype(int))


@pytest.fixture
def recordings(tmp_path):
    """A recording of 8 s, of which a peer has heard the first 6 s, as it keeps them."""
    for folder in ("flac", "tsv"):
        (tmp_path / "in" / folder).mkdir(parents=True)
    time = np.arange(8 * RATE) / RATE
    soundfile.write(tmp_path / "in" / "flac" / "one.flac", 0.3 * np.sin(2 * np.pi * 440 * time) * np.exp(-time), RATE)
    (tmp_path / "in" / "tsv" / "one.tsv").write_text("onset offset note velocity\n1 7 60 64\n2 3 64 64\n6.5 7 67 64\n")
    heard = {"start": [1.01, 2], "end": [2, 3], "key": [60.0, 65], "velocity": [60.0, 60], "pedal": [[1.5, 6]]}
    kept = tmp_path / "kept" / "first-6-s" / "transkun"
    kept.mkdir(parents=True)
    np.savez(kept / "one.npz", **heard, seconds=6.0, took_seconds=12.0)
    return tmp_path


def run(script, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["transcription.py", *map(str, words)])
    script.main()


def test_what_begins_before_the_cut_counts_and_ends_there(script):
    found = script.cut(notes((0, 1, 60, 64), (1.5, 4, 62, 65), (2, 3, 64, 66)), 2)
    assert (found.start.tolist(), found.end.tolist(), found.key.tolist(), found.velocity.tolist()) == ([0, 1.5], [1, 2], [60, 62], [64, 65])


def test_ours_and_a_peer_stand_in_one_table(script, recordings, monkeypatch, capsys):
    monkeypatch.setattr(sys.modules["measure"], "RESULTS", recordings / "results")
    words = ("--seconds", 6, "--peers", "transkun,transkun-keys", "--python", sys.executable, "--kept", recordings / "kept", "--worse", 1)
    run(script, monkeypatch, recordings / "in", *words)
    found = json.loads((recordings / "results" / "Q5_transcription.json").read_text())
    rows = found["tables"]["first 6 s"]
    assert list(rows) == ["piano-ears", "transkun", "transkun-keys"]
    wanted = {"pieces": 1, "onset": 50, "offset": 50, "precision": 50, "recall": 50, "real_time_factor": 0.5}
    assert {part: rows["transkun"][part] for part in wanted} == wanted
    assert rows["transkun-keys"]["frame"] == round(100 * 2 * 99 / (600 + 199), 2)
    assert rows["transkun"]["frame"] == round(100 * 2 * 499 / (600 + 899), 2)  # the pedal holds both until it goes up
    assert found["made_worse"]["piano-ears"]["pieces"] == 1
    assert soundfile.info(recordings / "kept" / "first-6-s" / "sound" / "one.flac").duration == 6
    capsys.readouterr()
    run(script, monkeypatch)
    shown = capsys.readouterr().out
    assert "first 6 s\near" in shown
    assert "\ntranskun" in shown


def test_peers_that_are_not_there_are_named(script, recordings, monkeypatch, capsys):
    for words, message in (
        (("--peers", "mt3"), "--peers: mt3, expected some of basic-pitch"),
        (("--python", recordings / "none"), "none is not there. make .venv-peers/made installs the peers; --peers none leaves them out."),
    ):
        with pytest.raises(SystemExit):
            run(script, monkeypatch, recordings / "in", *words)
        assert message in capsys.readouterr().err
