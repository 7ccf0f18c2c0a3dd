"""`partimento reimagine`: from sound to other sound."""

import errno
import json
import os

import numpy as np
import pytest
import soundfile

import partimento
from little_music import run
from partimento.score import Score, Track


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Four seconds of piano."""
    start = np.arange(0, 4000, 250)
    score = Score(500, (Track(start, np.full(16, 240), 60 + np.array([0, 4, 7, 12] * 4), np.full(16, 80)),))
    file = tmp_path_factory.mktemp("recording") / "mine.wav"
    sound = partimento.render(score)
    soundfile.write(file, sound.to_mono().samples[0], sound.sample_rate)
    return file


@pytest.mark.parametrize("how", ["--continue", "--answer", "--vary"])
def test_a_recording_becomes_another(recording, tmp_path, how):
    out = tmp_path / "new.flac"
    status, text, error = run("reimagine", recording, out, how, "--seconds", "3", "--seed", "5", "--keep-midi", "--json")
    assert status == 0, error
    fields = json.loads(text)
    assert fields["heard_notes"] == pytest.approx(16, abs=2) and fields["new_notes"] > 0 and fields["how"] == how[2:]
    assert set(fields["files"]) == {"flac", "html", "heard_mid", "invented_mid"}
    assert partimento.read(fields["files"]["invented_mid"]).note_count == fields["new_notes"]
    assert soundfile.info(out).duration == pytest.approx(fields["seconds"], abs=0.01)
    page = (tmp_path / "new.html").read_text()
    assert page.count("<audio") == 3 and all(f"<h2>{name}</h2>" in page for name in ("heard", "invented", "sounding"))


def test_scores_are_left_out_unless_they_are_kept(recording, tmp_path):
    status, text, error = run("reimagine", recording, tmp_path / "new.wav", "--seconds", "2", "--seed", "5")
    assert status == 0, error
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new.html", "new.wav"]
    assert "notes heard" in text and "new ones by piano-performer" in text


def test_what_was_heard_is_kept_when_nothing_can_be_invented(recording, tmp_path):
    status, _, error = run("reimagine", recording, tmp_path / "new.wav", "--model", "nobody", "--seconds", "2")
    assert status == 1 and "nobody" in error
    assert [file.name for file in tmp_path.iterdir()] == ["new-heard.mid"]


def test_what_was_invented_is_kept_when_it_cannot_sound(recording, tmp_path):
    (tmp_path / "bad.sf2").write_bytes(b"RIFF no bank")
    options = ["--soundfont", tmp_path / "bad.sf2", "--seconds", "2", "--seed", "1"]
    status, _, error = run("reimagine", recording, tmp_path / "new.wav", *options)
    assert status == 1 and "bad.sf2" in error
    assert {"new-heard.mid", "new-invented.mid"} <= {file.name for file in tmp_path.iterdir()}


def test_what_was_invented_is_kept_when_the_disk_is_full(recording, tmp_path, monkeypatch):
    fsync = os.fsync

    def full(handle):  # of the sound, which is the only large file
        if os.fstat(handle).st_size > 100_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr("partimento.files.whole.os.fsync", full)
    status, _, error = run("reimagine", recording, tmp_path / "new.wav", "--seconds", "2", "--seed", "1")
    assert status == 1 and "new.wav: could not be written (No space left on device). The disk is full" in error
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new-heard.mid", "new-invented.mid"]
    assert partimento.read(tmp_path / "new-invented.mid").note_count


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--continue", "--vary"], "--continue, --vary and --answer: give one of them"),
        (["--seconds", "0"], "--seconds 0: expected 1 to 600"),
        (["--seconds", "1000"], "--seconds 1000: expected 1 to 600"),
        (["--seed", "-1"], "--seed -1: expected 0 or more"),
        (["--voice", "wavenet", "--soundfont", "a.sf2"], "--soundfont a.sf2: a wavenet sounds as it has learnt to"),
    ],
)
def test_what_is_refused(recording, tmp_path, options, words):
    status, _, error = run("reimagine", recording, tmp_path / "new.wav", *options)
    assert status == 1 and words in error and not (tmp_path / "new.wav").exists()


def test_silence_and_another_kind_of_file_are_refused(recording, tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(32_000), 16_000)
    status, _, error = run("reimagine", tmp_path / "silence.wav", tmp_path / "new.wav")
    assert status == 1 and "silence.wav: no notes of a piano were heard, so there is nothing to go on from" in error
    status, _, error = run("reimagine", recording, tmp_path / "new.mid")
    assert status == 1 and "'.mid' is no kind of sound that can be written" in error
