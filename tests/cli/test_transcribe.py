"""`partimento transcribe`."""

import json

import numpy as np
import pytest
import soundfile
from test_ear_training import trained  # noqa: F401  # an ear

from little_music import run
from partimento.bundle import STEP, load_bundle, save_bundle
from partimento.files import read


@pytest.fixture(scope="module")
def ear(trained, tmp_path_factory):  # noqa: F811
    """It has learnt next to nothing; so that it hears something, it believes anything."""
    bundle = load_bundle(trained[0])
    folder = tmp_path_factory.mktemp("credulous")
    from dataclasses import replace  # noqa: PLC0415

    save_bundle(folder, replace(bundle.card, sampling={**bundle.card.sampling, "onset": 0.001}), {STEP: bundle.files[STEP]})
    return folder


def recorded(path, seconds=2.5, rate=44_100, channels=2):
    time = np.arange(round(seconds * rate)) / rate
    sound = 0.3 * np.sin(2 * np.pi * 440 * time) * np.exp(-time)
    soundfile.write(path, np.stack([sound] * channels, axis=1), rate)
    return path


@pytest.mark.parametrize(("name", "rate"), [("a.wav", 44_100), ("a.flac", 8_000), ("a.ogg", 22_050), ("a.mp3", 48_000)])
def test_notes_are_written_down(ear, tmp_path, name, rate):
    status, text, error = run("transcribe", recorded(tmp_path / name, rate=rate), tmp_path / "out.mid", "--model", ear, "--json")
    assert status == 0, error
    fields = json.loads(text)
    assert fields["seconds"] == pytest.approx(2.5, abs=0.1) and fields["real_time_factor"] > 0
    assert fields["notes"] > 0
    score = read(tmp_path / "out.mid")
    assert score.note_count == fields["notes"]
    assert bool(fields["warnings"]) == (rate == 8_000)


@pytest.mark.parametrize("name", ["out.musicxml", "out.abc"])
def test_a_score_in_bars_is_written(ear, tmp_path, name):
    status, text, error = run("transcribe", recorded(tmp_path / "a.wav", seconds=6), tmp_path / name, "--model", ear, "--json")
    assert status == 0, error
    score = read(tmp_path / name)
    assert score.note_count > 0 and score.time_signatures
    assert 20 < json.loads(text)["tempo"] < 400


def test_silence_is_said(ear, tmp_path):
    soundfile.write(tmp_path / "nothing.wav", np.zeros(8_000), 16_000)
    status, text, error = run("transcribe", tmp_path / "nothing.wav", tmp_path / "out.csv", "--model", ear, "--json")
    assert status == 0, error
    assert "nothing.wav: silent from beginning to end." in json.loads(text)["warnings"]


def test_what_cannot_be_is_refused_in_one_line(ear, tmp_path):
    sound = recorded(tmp_path / "a.wav")
    for arguments, words in (
        ([sound, tmp_path / "out.png", "--model", ear], "out.png: '.png' is no format that can be written here"),
        ([tmp_path / "none.wav", tmp_path / "out.mid", "--model", ear], "none.wav"),
        ([sound, tmp_path / "out.mid", "--model", "folk-tunes"], "hears nothing"),
        ([sound, tmp_path / "out.mid", "--model", tmp_path / "nowhere"], "neither a folder nor a shipped model"),
    ):
        status, _, error = run("transcribe", *arguments)
        assert status == 1 and words in error and len(error.strip().splitlines()) == 1
        assert not (tmp_path / "out.mid").exists()
