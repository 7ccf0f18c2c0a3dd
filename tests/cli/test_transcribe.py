"""`partimento transcribe`."""

import io
import json
import sys
import types
from dataclasses import asdict

import numpy as np
import pytest
import soundfile
from test_ear_training import trained  # noqa: F401  # an ear

from little_music import run
from partimento.bundle import STEP, load_bundle, save_bundle
from partimento.files import read, write
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_live_graph import key_net_live_graph
from partimento.score import Score, Track
from partimento.score.tempo import seconds_at


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


@pytest.mark.parametrize("live", [[], ["--live"]])
@pytest.mark.parametrize("model", ["piano-ears", "piano-ears-live"])
def test_what_begins_with_the_first_sample_is_heard(tmp_path, model, live):
    write(Score(480, (Track([0, 960, 960], [480, 960, 960], [60, 55, 67], [90, 80, 80]),)), tmp_path / "first.mid")
    assert run("render", tmp_path / "first.mid", tmp_path / "first.wav", "--voice", "modal")[0] == 0
    status, _, error = run("transcribe", tmp_path / "first.wav", tmp_path / "out.mid", "--model", model, *live)
    assert status == 0, error
    heard = read(tmp_path / "out.mid")
    begin = seconds_at(heard, heard.tracks[0].start)
    assert heard.tracks[0].pitch[begin < 0.1].tolist() == [60] and begin[0] == pytest.approx(0, abs=0.05)


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


def test_a_picture_stands_beside_the_notes(ear, tmp_path):
    sound = recorded(tmp_path / "a.wav")
    status, text, error = run("transcribe", sound, tmp_path / "out.csv", "--model", ear, "--formats", "csv, PNG", "--json")
    assert status == 0, error
    assert json.loads(text)["files"] == {"csv": str(tmp_path / "out.csv"), "png": str(tmp_path / "out.png")}
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_the_beginning_says_so(ear, tmp_path, monkeypatch):
    monkeypatch.setattr("partimento.files.spectrogram_picture.MOST_SECONDS", 2)
    status, text, error = run(
        "transcribe", recorded(tmp_path / "a.wav", seconds=4), tmp_path / "out.mid", "--model", ear, "--formats", "png", "--json"
    )
    assert status == 0, error
    assert "out.png: shows the first 0:02 of 0:04." in json.loads(text)["warnings"]


def piped(monkeypatch, data):
    class Pipe(io.BytesIO):
        def read1(self, size=-1, /):
            return super().read1(min(size, 5001))

    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=Pipe(data)))


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("kind", ["wav", "raw"])
def test_notes_are_told_as_they_are_heard(ear, tmp_path, monkeypatch, kind):
    recorded(tmp_path / "a.wav", rate=16_000, channels=1)
    data = (tmp_path / "a.wav").read_bytes()
    piped(monkeypatch, data if kind == "wav" else data[44:])
    status, text, error = run("transcribe", "-", tmp_path / "out.mid", "--live", "--model", ear, "--json", "--formats", "png")
    assert status == 0, error
    assert "a note is told at most 0." in error
    *events, end = lines(text)
    struck = [event for event in events if "onset_seconds" in event]
    assert end["notes"] == len(struck) == len(events) - len(struck) == read(tmp_path / "out.mid").note_count > 0
    assert set(struck[0]) == {"onset_seconds", "key", "velocity"} and end["latency_seconds"] > end["latency"]["half_window_seconds"]
    assert (tmp_path / "out.png").exists()


def test_a_file_is_heard_live_and_nothing_need_be_written(ear, tmp_path):
    sound = recorded(tmp_path / "a.wav")
    status, text, error = run("transcribe", sound, "--live", "--model", ear)
    assert status == 0, error
    assert "velocity" in text.splitlines()[0] and "notes in 2.5 s of sound" in text
    assert list(tmp_path.iterdir()) == [sound]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError("the pipe broke")])
def test_who_breaks_off_loses_nothing(ear, tmp_path, monkeypatch, failure):
    recorded(tmp_path / "a.wav", rate=16_000, channels=1)
    data = (tmp_path / "a.wav").read_bytes()

    class Pipe(io.BytesIO):
        def read1(self, size=-1, /):
            if self.tell() > 50_000:
                raise failure
            return super().read1(min(size, 5000))

    monkeypatch.setattr("sys.stdin", types.SimpleNamespace(buffer=Pipe(data)))
    status, text, error = run("transcribe", "-", tmp_path / "out.mid", "--live", "--model", ear, "--json")
    assert status == 0, error
    end = lines(text)[-1]
    assert end["seconds"] > 1.4 and end["notes"] == read(tmp_path / "out.mid").note_count > 0
    assert any("broke off: the pipe broke" in warning for warning in end["warnings"]) == (failure is not KeyboardInterrupt)


def test_an_ear_of_size_live_hears_live_and_recordings(ear, tmp_path):
    network = KeyNet(KeyNetConfig(units=8, dilations=(1, 2), narrow=2, ahead=1)).eval()
    graph = key_net_live_graph({name: value.numpy() for name, value in network.state_dict().items()}, asdict(network.config))
    save_bundle(tmp_path / "live", load_bundle(ear).card, {STEP: graph})
    sound, found = recorded(tmp_path / "a.wav", rate=16_000), []
    for more in ((), ("--live",)):
        status, text, error = run("transcribe", sound, tmp_path / "out.mid", "--model", tmp_path / "live", *more, "--json")
        assert status == 0, error
        found.append(lines(text)[-1])
    assert all(fields["seconds"] == 2.5 for fields in found) and "latency" not in found[0]
    assert found[1]["latency"]["look_ahead_seconds"] == found[1]["latency"]["ear_hears_ahead_seconds"] == 0.06
    status, _, error = run("transcribe", sound, "--live", "--model", tmp_path / "live", "--look-ahead", "0.3")
    assert status == 1 and "look-ahead of 0.3 seconds: this ear always hears 0.06 s ahead" in error


def test_what_cannot_be_heard_live_is_refused_in_one_line(ear, tmp_path, monkeypatch):
    sound, out = recorded(tmp_path / "a.wav"), tmp_path / "out.mid"
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    for arguments, words in (
        ([sound], "OUT: is missing"),
        (["-", out], "IN -: standard input is heard as it comes in. Add --live"),
        ([sound, out, "--rate", "8000"], "--rate 8000: a file tells its own rate"),
        ([sound, out, "--look-ahead", "1"], "--look-ahead 1: a recording is heard with all that follows"),
        ([sound, out, "--formats", "pgn"], "--formats pgn: is none that can stand beside OUT; did you mean 'png'?"),
        ([sound, "--live", "--formats", "png"], "--formats png: needs OUT"),
        ([sound, "--live", "--look-ahead", "11"], "look-ahead of 11.0 seconds, expected 0 to 10"),
        (["mic", "--live"], "pip install sounddevice"),
        (["mic:3", out, "--live"], "microphone 3: the package 'sounddevice' is not installed"),
        (["-", "--live"], "standard input: holds no sound"),
        (["-", "--live", "--rate", "2"], "a sample rate of 2 Hz"),
    ):
        piped(monkeypatch, b"")
        status, text, error = run("transcribe", *arguments, "--model", ear)
        assert status == 1 and words in error and len(error.strip().splitlines()) == 1 and not text
        assert not out.exists()
    monkeypatch.setattr("sys.stdin", None)
    status, _, error = run("transcribe", "-", "--live", "--model", ear)
    assert status == 1 and "standard input: is closed, expected sound" in error
