"""The route of the article: MIDI -> a text of keys -> char-RNN -> a text of keys -> MIDI."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from little_music import chorale, run
from partimento.cli import training_run
from partimento.files import read, write
from partimento.score import TimeSignature
from partimento.score.tempo import duration_seconds, seconds_at
from partimento.training.preset import SIZES
from partimento.training.presets import preset


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of preset carykh, trained for a moment on six little pieces, with a sample by the way."""
    room = tmp_path_factory.mktemp("carykh")
    for number in range(6):
        write(chorale(number, bars=2), room / f"piece{number}.{('mid', 'txt', 'csv')[number % 3]}")
    (room / "readme.txt").write_text("Six pieces of music, and this.\n")
    out = room / "model"
    course = ["--steps", 8, "--sample-every", 8, "--rows", 2, "--threads", 1, "--device", "cpu", "--precision", "fp32"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_run, "SAMPLE_BARS", 2)
        status, text, error = run("train", room, "--model", "carykh", "--size", "tiny", *course, "--out", out, "--json")
    assert status == 0, error
    assert json.loads(text)["skipped_files"] == 0
    assert np.isfinite(json.loads(text)["valid_bits_per_note"])
    return out


def test_a_folder_becomes_a_model_and_samples_are_written_by_the_way(model: Path) -> None:
    card = json.loads((model / "card.json").read_text())
    assert card["encoding"] == {"name": "keys"}
    assert card["data"]["pieces"]["train"] + card["data"]["pieces"]["valid"] + card["data"]["pieces"]["test"] == 6
    assert read(model / "run" / "samples" / "step-000008.mid").note_count > 0
    assert 2 < duration_seconds(read(model / "run" / "samples" / "step-000008.mid")) <= 4


def test_what_it_composes_lies_on_steps_has_its_bars_and_every_format(model: Path, tmp_path: Path) -> None:
    status, text, error = run("compose", "--model", model, "--bars", 2, "--seed", 5, "--out", tmp_path, "--json")
    assert status == 0, error
    (piece,) = json.loads(text)["pieces"]
    assert piece["bars"] == 2
    assert set(piece["files"]) == {"mid", "abc", "musicxml", "wav", "png", "html"}
    assert all(Path(file).stat().st_size > 0 for file in piece["files"].values())
    score = read(piece["files"]["mid"])
    onsets = np.concatenate([seconds_at(score, track.start) for track in score.tracks]) * 20
    assert np.allclose(onsets, np.rint(onsets), atol=1e-6)
    assert run("convert", piece["files"]["mid"], tmp_path / "piece.txt")[0] == 0
    assert read(tmp_path / "piece.txt").note_count == score.note_count


def test_a_beginning_keeps_its_pace(model: Path, tmp_path: Path) -> None:
    """Ids count seconds: the tempo of a beginning is in them, and is not applied twice."""
    waltz = replace(chorale(1, bars=2), time_signatures=(TimeSignature(0, 3, 4),))  # 75 quarter notes a minute, 6.4 seconds
    primer = write(waltz, tmp_path / "primer.mid")
    status, text, error = run(
        "compose", "--model", model, "--primer", primer, "--seconds", 12, "--seed", 1, "--formats", "mid", "--out", tmp_path, "--json"
    )
    assert status == 0, error
    (piece,) = json.loads(text)["pieces"]
    assert 10 < piece["seconds"] <= 12
    given, gone_on = read(primer), read(piece["files"]["mid"])
    first = sorted({(round(float(s), 2), int(p)) for t in given.tracks for s, p in zip(seconds_at(given, t.start), t.pitch, strict=True)})
    track = gone_on.tracks[0]
    kept = list(zip(seconds_at(gone_on, track.start).round(2).tolist(), track.pitch.tolist(), strict=True))
    assert kept[: len(first)] == first


def test_its_source_says_what_is_known() -> None:
    made = preset("carykh")
    assert (made.network, made.encoding) == ("char_rnn", "keys")
    assert "not known" in made.source
    assert [made.sizes[size]["units"] for size in SIZES] == [64, 256, 512]
