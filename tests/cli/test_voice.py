"""`partimento train --model wavenet`, and what it then sounds like."""

import json

import numpy as np
import pytest
import soundfile

from little_music import chorale_folder, run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voice")
    (folder / "piano").mkdir()
    time = np.arange(16_000) / 16_000
    for key, hz in (("A2", 110.0), ("A4", 440.0), ("A6", 1760.0)):
        soundfile.write(folder / "piano" / f"{key}v8.wav", 0.3 * np.sin(2 * np.pi * hz * time) * np.exp(-3 * time), 16_000)
    corpus = chorale_folder(folder / "corpus", 12)
    options = ["--size", "tiny", "--steps", "3", "--rows", "1", "--threads", "1", "--precision", "fp32", "--device", "cpu"]
    status, text, error = run(
        "train", corpus, "--model", "wavenet", "--piano", folder / "piano", *options, "--out", folder / "model", "--json"
    )
    assert status == 0, error
    return folder, json.loads(text)


def test_a_voice_is_packed_and_renders_a_score(trained, tmp_path):
    folder, fields = trained
    assert fields["steps"] == 3 and {"nats_per_sample", "with_other_notes"} <= set(fields)
    status, text, error = run("models", "show", folder / "model", "--json")
    assert status == 0, error
    card = json.loads(text)
    assert card["model"]["name"] == "wavenet" and card["data"]["pieces"]["train"]
    score = tmp_path / "two.abc"
    score.write_text("X:1\nT:t\nM:4/4\nL:1/4\nQ:1/4=240\nK:C\nCEGc|]\n")
    sounds = []
    for name in ("a.wav", "b.wav"):
        status, text, error = run(
            "render", score, tmp_path / name, "--voice", "wavenet", "--model", folder / "model", "--seed", "3", "--json"
        )
        assert status == 0, error
        sounds.append(soundfile.read(tmp_path / name))
    said = json.loads(text)
    assert said["voice"] == "wavenet" and said["seconds"] == pytest.approx(3, abs=0.05) and 0 <= said["note_f1"] <= 100
    assert sounds[0][1] == 16_000 and sounds[0][0].std() > 0 and np.array_equal(sounds[0][0], sounds[1][0])
    assert run("render", score, tmp_path / "c.wav", "--voice", "wavenet", "--model", folder / "model")[0] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--voice", "wavenet"], "--voice wavenet: none comes with the package. Train one"),
        (["--voice", "wavenet", "--model", "MODEL", "--program", "3"], "--program 3: a wavenet sounds as it has learnt to"),
        (["--voice", "wavenet", "--model", "MODEL", "--rate", "8000"], "--rate 8000: a wavenet sounds as it has learnt to"),
        (["--model", "MODEL"], "is for --voice wavenet. Leave it out"),
        (["--voice", "wavenet", "--model", "piano-ears"], "is a key_net and plays no sound. Train a voice"),
    ],
)
def test_what_render_refuses(trained, tmp_path, options, words):
    score = tmp_path / "one.abc"
    score.write_text("X:1\nM:4/4\nL:1/4\nK:C\nC4|]\n")
    given = [str(trained[0] / "model") if word == "MODEL" else word for word in options]
    status, _, error = run("render", score, tmp_path / "o.wav", *given)
    assert status == 1 and words in error and not (tmp_path / "o.wav").exists()


def test_a_score_without_notes_is_refused(trained, tmp_path):
    score = tmp_path / "rest.abc"
    score.write_text("X:1\nM:4/4\nL:1/4\nK:C\nz4|]\n")
    status, _, error = run("render", score, tmp_path / "o.wav", "--voice", "wavenet", "--model", trained[0] / "model")
    assert status == 1 and "the score has no notes" in error


@pytest.mark.parametrize("count", [0, 2])
def test_one_piano_is_needed(tmp_path, count):
    corpus = chorale_folder(tmp_path / "corpus", 3)
    status, _, error = run("train", corpus, "--model", "wavenet", *["--piano", "a.sf2"] * count, "--out", tmp_path / "model")
    assert status == 1 and f"--piano: {count} given, expected one" in error


def test_a_voice_writes_no_music(trained, tmp_path):
    status, _, error = run("compose", "--model", trained[0] / "model", "--out", tmp_path)
    assert status == 1 and "is an ear or a voice and writes no music" in error
