"""`partimento train --model ears`."""

import json

import numpy as np
import pytest
import soundfile

from little_music import chorale_folder, run


@pytest.fixture(scope="module")
def trained(request, tmp_path_factory):
    model = getattr(request, "param", "ears")
    folder = tmp_path_factory.mktemp("ears")
    pianos = []
    for name, decay in (("bright", 2.0), ("dark", 4.0)):
        notes = folder / name
        notes.mkdir()
        for key, hz in (("A2", 110.0), ("A4", 440.0), ("A6", 1760.0)):
            time = np.arange(16_000) / 16_000
            wave = sum(np.sin(2 * np.pi * hz * partial * time) / partial for partial in (1, 2, 3))
            soundfile.write(notes / f"{key}v8.wav", 0.2 * wave * np.exp(-decay * time), 16_000)
        pianos += ["--piano", notes]
    corpus = chorale_folder(folder / "corpus", 12)
    options = ["--size", "tiny", "--steps", "2", "--rows", "1", "--threads", "1", "--precision", "fp32", "--device", "cpu"]
    status, text, error = run("train", corpus, "--model", model, *pianos, *options, "--out", folder / "model", "--json")
    assert status == 0, error
    return folder / "model", json.loads(text)


def test_an_ear_is_packed_with_what_it_can(trained):
    folder, fields = trained
    assert fields["steps"] == 2 and set(fields["f1"]) == {"clean", "as_recorded"}
    status, text, error = run("models", "show", folder, "--json")
    assert status == 0, error
    card = json.loads(text)
    assert card["model"]["name"] == "key_net" and card["encoding"] == {}
    assert set(card["sampling"]) == {"onset", "frame", "offset", "pedal", "held"}
    assert card["data"]["pieces"]["train"] > card["data"]["pieces"]["valid"] > 0
    assert run("models", "show", folder)[0] == 0


def test_an_ear_goes_on_from_another(trained, tmp_path):
    folder, _ = trained
    pianos = ["--piano", folder.parent / "bright", "--piano", folder.parent / "dark"]
    options = ["--steps", "1", "--rows", "1", "--threads", "1", "--precision", "fp32", "--device", "cpu"]
    status, _, error = run("train", folder.parent / "corpus", "--from", folder, *pianos, *options, "--out", tmp_path / "after", "--json")
    assert status == 0, error
    before, after = (json.loads(run("models", "show", each, "--json")[1]) for each in (folder, tmp_path / "after"))
    assert after["model"] == before["model"] and after["training"]["from"]["data"] == before["data"]
    assert after["training"]["learning_rate"] == pytest.approx(before["training"]["learning_rate"] / 4)


def test_a_card_does_not_say_where_a_user_keeps_things():
    from partimento.cli.piano_training import without_places  # noqa: PLC0415

    command = "partimento train maestro --piano '/home/some one/my grand' --piano fonts/b.sf2 --steps 3"
    assert without_places(command) == "partimento train maestro --piano 'my grand' --piano fonts/b.sf2 --steps 3"


def test_an_ear_writes_no_music(trained, tmp_path):
    status, _, error = run("compose", "--model", trained[0], "--out", tmp_path)
    assert status == 1
    assert "is an ear, a voice or a judge and writes no music. Take a composer" in error


def test_not_too_many_pianos_are_drawn(tmp_path):
    corpus = chorale_folder(tmp_path / "corpus", 3)
    status, _, error = run(
        "train", corpus, "--model", "ears", "--piano", "a.sf2", "--piano", "b.sf2", "--strings", "101", "--out", tmp_path / "m"
    )
    assert status == 1 and "--strings 101: expected 0 to 100" in error


@pytest.mark.parametrize("pianos", [[], ["--piano", "one.sf2"]])
def test_two_pianos_are_needed(tmp_path, pianos):
    corpus = chorale_folder(tmp_path / "corpus", 3)
    status, _, error = run("train", corpus, "--model", "ears", *pianos, "--out", tmp_path / "model")
    assert status == 1
    assert f"--piano: {len(pianos) // 2} given, expected two or more" in error


@pytest.mark.parametrize("model", ["char_rnn", "onsets_frames", "wavenet"])
def test_only_our_ears_have_the_size_live(tmp_path, model):
    status, _, error = run("train", tmp_path, "--model", model, "--size", "live", "--out", tmp_path / "model")
    assert status == 1 and f"--size live: {model} has no such size, only ears has. Give tiny, small or base." in error


@pytest.mark.parametrize("trained", ["onsets_frames"], indirect=True)
def test_onsets_and_frames_listens_like_any_ear(trained, tmp_path):
    folder, fields = trained
    assert fields["steps"] == 2 and json.loads(run("models", "show", folder, "--json")[1])["model"]["name"] == "onsets_frames"
    time = np.arange(32_000) / 16_000
    soundfile.write(tmp_path / "tone.wav", 0.2 * np.sin(2 * np.pi * 440 * time) * np.exp(-2 * time), 16_000)
    for more in ((), ("--live",)):
        status, text, error = run(
            "transcribe", tmp_path / "tone.wav", tmp_path / "notes.mid", "--model", folder, "--formats", "png", *more, "--json"
        )
        assert status == 0, error
        last = json.loads(text.splitlines()[-1])
        assert last["seconds"] == pytest.approx(2) and (tmp_path / "notes.png").exists() and (tmp_path / "notes.mid").exists()
