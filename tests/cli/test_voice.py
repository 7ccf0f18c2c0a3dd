"""`partimento train --model wavenet`, and what it then sounds like."""

import errno
import json
import os

import numpy as np
import pytest
import soundfile

from little_music import chorale_folder, run
from partimento.bundle import load_bundle
from partimento.errors import AudioError
from partimento.files import write
from partimento.files.part_file import PartFile
from partimento.score import Score, Track
from partimento.synthesis import stretches, wavenet_voice
from partimento.synthesis.wavenet_voice import WaveNetVoice


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


def test_a_wavenet_of_mu_law_codes_too(trained, tmp_path, monkeypatch, unheard):
    monkeypatch.setattr(stretches, "TAIL_SECONDS", 0.3)
    options = ["--size", "tiny", "--steps", "2", "--rows", "1", "--threads", "1", "--precision", "fp32", "--device", "cpu"]
    given = ["--model", "wavenet", "--output", "mu_law", "--piano", trained[0] / "piano", "--out", tmp_path / "model"]
    status, _, error = run("train", trained[0] / "corpus", *given, *options)
    assert status == 0, error
    assert load_bundle(tmp_path / "model").card.model["output"] == "mu_law"
    write(Score(480, (Track([0], [240], [60], [90]),)), tmp_path / "one.mid")
    status, _, error = run("render", tmp_path / "one.mid", tmp_path / "one.wav", "--voice", "wavenet", "--model", tmp_path / "model")
    assert status == 0, error
    assert soundfile.read(tmp_path / "one.wav")[0].std() > 0


def test_a_modal_piano_learns_from_notes_alone_and_renders_a_score(trained, tmp_path):
    given = ["--model", "modal", "--piano", trained[0] / "piano", "--out", tmp_path / "model"]
    options = ["--size", "tiny", "--steps", "2", "--rows", "1", "--threads", "1", "--device", "cpu"]
    status, _, error = run("train", "corpus", *given, *options)
    assert status == 1 and "'corpus': a modal piano learns from the single notes of its --piano alone. Leave the corpus out" in error
    status, text, error = run("train", *given, *options, "--json")
    assert status == 0, error
    assert json.loads(text)["distance"] > 0
    score = tmp_path / "one.abc"
    score.write_text("X:1\nM:4/4\nL:1/4\nK:C\nC4|]\n")
    status, text, error = run("render", score, tmp_path / "o.wav", "--voice", "modal", "--model", tmp_path / "model", "--json")
    assert status == 0, error
    said = json.loads(text)
    assert said["voice"] == "modal" and said["peak"] == pytest.approx(0.89, abs=0.01) and "note_f1" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--voice", "wavenet", "--model", "MODEL", "--program", "3"], "--program 3: a wavenet sounds as it has learnt to"),
        (["--voice", "wavenet", "--model", "MODEL", "--rate", "8000"], "--rate 8000: a wavenet sounds as it has learnt to"),
        (["--voice", "modal", "--model", "MODEL"], "is a wavenet and no modal piano. Train a voice"),
        (["--model", "MODEL"], "is for --voice modal and wavenet. Leave it out"),
        (["--voice", "wavenet", "--model", "piano-ears"], "is a key_net and no WaveNet. Train a voice"),
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


@pytest.fixture
def unheard(monkeypatch):
    """No ear listens to what was rendered."""
    monkeypatch.setattr("partimento.cli.render._note_f1", lambda piece, out: 50.0)


@pytest.fixture
def in_groups(trained, tmp_path, monkeypatch, unheard):
    """How to render a third of a second in four groups; the bytes of an unbroken run."""
    monkeypatch.setattr(wavenet_voice, "AT_ONCE", 1)
    monkeypatch.setattr(wavenet_voice, "SHORTEST_SECONDS", 0.1)
    monkeypatch.setattr(wavenet_voice, "LONGEST_SECONDS", 0.1)
    monkeypatch.setattr(wavenet_voice, "LEAD_SECONDS", 0.04)
    monkeypatch.setattr(stretches, "TAIL_SECONDS", 0.2)
    score = tmp_path / "short.mid"
    write(Score(480, (Track([0, 48], [48, 48], [60, 64], [90, 90]),)), score)
    command = ["--voice", "wavenet", "--model", trained[0] / "model", "--seed", "7"]
    assert run("render", score, tmp_path / "whole.wav", *command)[0] == 0
    assert not (tmp_path / "whole.wav.part").exists()
    return ["render", score, tmp_path / "o.wav", *command], (tmp_path / "whole.wav").read_bytes()


def broken_off(monkeypatch, after, error):
    """Let `error` happen when a group is kept and so many were."""
    append = PartFile.append

    def append_or_not(parts, data):
        if len(parts) == after:
            raise error
        append(parts, data)

    monkeypatch.setattr(PartFile, "append", append_or_not)


@pytest.mark.parametrize("after", [1, 2])
def test_what_was_interrupted_goes_on_and_is_the_same(in_groups, tmp_path, monkeypatch, after):
    command, whole = in_groups
    with monkeypatch.context() as patched:
        broken_off(patched, after, KeyboardInterrupt())
        status, _, error = run(*command)
    said = "interrupted; o.wav.part keeps what is finished of it. Give the same command again, and it goes on from there."
    assert (status, error) == (130, f"partimento: {said}\n") and not (tmp_path / "o.wav").exists()
    status, text, error = run(*command, "--json")
    assert status == 0, error
    assert json.loads(text)["kept_seconds"] == pytest.approx(after * 0.076)
    assert (tmp_path / "o.wav").read_bytes() == whole and not (tmp_path / "o.wav.part").exists()


@pytest.mark.parametrize("after", [1, 6])
def test_in_the_middle_of_a_group_too(in_groups, tmp_path, monkeypatch, after):
    command, whole = in_groups
    monkeypatch.setattr(wavenet_voice, "KEPT_FRAMES", 8)  # a group has 29 frames, of which 10 are its lead-in
    with monkeypatch.context() as patched:
        broken_off(patched, after, KeyboardInterrupt())
        assert run(*command)[0] == 130
    status, text, error = run(*command, "--json")
    assert status == 0, error
    groups, parts = divmod(after, 4)
    assert json.loads(text)["kept_seconds"] == pytest.approx(0.076 * (groups + parts * 8 / 29), abs=2e-3)
    assert (tmp_path / "o.wav").read_bytes() == whole


def test_an_interruption_before_anything_is_finished_is_said(in_groups, tmp_path, monkeypatch):
    broken_off(monkeypatch, 0, KeyboardInterrupt())
    status, _, error = run(*in_groups[0])
    assert (status, error) == (130, "partimento: interrupted; o.wav was not written.\n")
    assert not any(file.name.startswith(("o.", ".o")) for file in tmp_path.iterdir())


def test_a_killed_run_leaves_half_a_group_which_is_made_again(in_groups, tmp_path, monkeypatch):
    command, whole = in_groups
    with monkeypatch.context() as patched:
        broken_off(patched, 2, KeyboardInterrupt())
        run(*command)
    part = tmp_path / "o.wav.part"
    part.write_bytes(part.read_bytes()[:-1000])
    assert run(*command)[0] == 0 and (tmp_path / "o.wav").read_bytes() == whole


@pytest.mark.parametrize("where", ["part", "target"])
def test_a_full_disk_keeps_what_is_finished(in_groups, tmp_path, monkeypatch, where):
    command, whole = in_groups
    with monkeypatch.context() as patched:
        full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def fail(*given):
            raise full

        if where == "target":
            patched.setattr("partimento.files.whole.os.replace", fail)
        else:
            broken_off(patched, 2, full)
        status, _, error = run(*command)
    assert status == 1 and error.count("\n") == 1 and not (tmp_path / "o.wav").exists()
    assert "The disk is full" in error and "o.wav.part keeps what is finished of it" in error
    status, text, _ = run(*command)
    assert status == 0 and f"; {'0.3' if where == 'target' else '0.2'} s of it were there before" in text
    assert (tmp_path / "o.wav").read_bytes() == whole


def test_another_seed_begins_anew_and_says_so(in_groups, tmp_path, monkeypatch):
    command, whole = in_groups
    with monkeypatch.context() as patched:
        broken_off(patched, 1, KeyboardInterrupt())
        run(*command)
    status, text, _ = run(*command[:-1], "8", "--json")
    assert status == 0 and "kept_seconds" not in text and (tmp_path / "o.wav").read_bytes() != whole
    assert json.loads(text)["warnings"] == ["o.wav.part: was of another score, model or seed, so all was made anew."]
    (tmp_path / "o.wav.part").write_bytes(b"half a download")
    status, _, error = run(*command)
    assert status == 1 and "o.wav.part: is in the way" in error and (tmp_path / "o.wav.part").read_bytes() == b"half a download"


def test_hours_of_silence_are_not_made(trained):
    told = []
    voice = WaveNetVoice(load_bundle(trained[0] / "model"), watch=lambda done, seconds: told.append(seconds))
    sound = voice.blocks(Score(480, (Track([0, 3 * 3600 * 960], [48, 48], [60, 64], [90, 90]),)))
    assert sum(block.shape[1] for block in sound) == pytest.approx(16_000 * (3 * 3600 + 2.05), abs=64)
    assert max(told) < 5
    with pytest.raises(AudioError, match="the score lasts 13.0 hours, expected at most 12"):
        list(voice.blocks(Score(480, (Track([13 * 3600 * 960], [480], [64], [90]),))))


def test_a_string_dies_away(trained):
    def told(done, seconds):
        raise StopIteration((done, seconds))

    voice = WaveNetVoice(load_bundle(trained[0] / "model"), watch=told)
    with pytest.raises(RuntimeError) as caught:
        next(voice.blocks(Score(480, (Track([0], [3600 * 960], [60], [90]),))))
    assert caught.value.__cause__.value == (0, 62)


def test_what_no_piano_plays_is_left_out_and_said(trained, tmp_path, monkeypatch, unheard):
    monkeypatch.setattr(stretches, "TAIL_SECONDS", 0.3)
    piano, drums = Track([0, 0, 0], [240] * 3, [60, 20, 109], [90] * 3), Track([0, 240], [240] * 2, [38, 40], [90] * 2, is_drum=True)
    voice = ["--voice", "wavenet", "--model", trained[0] / "model"]
    for name, tracks in (("all", (piano, drums)), ("one", (Track([0], [240], [60], [90]),)), ("none", (drums,))):
        write(Score(480, tracks), tmp_path / f"{name}.mid")
    status, text, error = run("render", tmp_path / "all.mid", tmp_path / "all.wav", *voice)
    assert status == 0, error
    assert "all.mid: 2 notes of drums are left out." in text and "all.mid: 2 notes outside a piano's keys (21 to 108) are left out." in text
    assert run("render", tmp_path / "one.mid", tmp_path / "one.wav", *voice)[0] == 0
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "all.wav").read_bytes()
    status, _, error = run("render", tmp_path / "none.mid", tmp_path / "none.wav", *voice)
    assert status == 1 and "the score has no notes for a piano: 2 notes of drums are left out" in error


def test_what_is_left_out_is_not_asked_of_the_ear(tmp_path):
    write(Score(480, (Track([0, 960, 1920], [960] * 3, [60, 20, 67], [90] * 3),)), tmp_path / "two.mid")
    status, text, error = run("render", tmp_path / "two.mid", tmp_path / "two.wav", "--voice", "modal", "--json")
    assert status == 0, error
    assert json.loads(text)["note_f1"] == 100 and "1 note outside a piano's keys (21 to 108) is left out" in text


def test_a_thousand_notes_at_once(trained, tmp_path, monkeypatch, unheard):
    monkeypatch.setattr(stretches, "TAIL_SECONDS", 0.3)
    write(Score(480, (Track([0] * 1000, [240] * 1000, [21 + n % 88 for n in range(1000)], [127] * 1000),)), tmp_path / "many.mid")
    assert run("render", tmp_path / "many.mid", tmp_path / "o.wav", "--voice", "wavenet", "--model", trained[0] / "model")[0] == 0
    assert np.abs(soundfile.read(tmp_path / "o.wav")[0]).max() <= 1


@pytest.mark.parametrize("count", [0, 2])
def test_one_piano_is_needed(tmp_path, count):
    corpus = chorale_folder(tmp_path / "corpus", 3)
    status, _, error = run("train", corpus, "--model", "wavenet", *["--piano", "a.sf2"] * count, "--out", tmp_path / "model")
    assert status == 1 and f"--piano: {count} given, expected one" in error


def test_a_voice_writes_no_music(trained, tmp_path):
    status, _, error = run("compose", "--model", trained[0] / "model", "--out", tmp_path)
    assert status == 1 and "is an ear, a voice or a judge and writes no music" in error
