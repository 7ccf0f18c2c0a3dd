"""Every preset learns for a moment and writes a whole piece."""

import json
from pathlib import Path

import pytest

from little_music import chorale_folder, run, tune_folder
from partimento.bundle import load_bundle
from partimento.files import read
from partimento.training.presets import PRESETS

TUNES = {"characters", "abc_tokens", "melody", ""}
"""Encodings that are tried on tunes; the others on four voices."""


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """A few tunes, a few chorales."""
    place = tmp_path_factory.mktemp("corpora")
    return {True: tune_folder(place / "tunes", 8), False: chorale_folder(place / "chorales", 5)}


ALIKE = ("biaxial-invariant",)
"""What differs from another preset in one setting, and takes long."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] if name in ALIKE else []) for name in PRESETS])
def test_a_preset_trains_measures_and_composes(name: str, corpora: dict[bool, Path], tmp_path: Path) -> None:
    corpus = corpora[PRESETS[name].encoding in TUNES]
    course = [
        "--size",
        "tiny",
        "--steps",
        "2",
        "--rows",
        "2",
        "--threads",
        "1",
        "--device",
        "cpu",
        "--precision",
        "fp32",
        "--sample-every",
        "0",
    ]
    status, text, error = run("train", corpus, "--model", name, *course, "--out", tmp_path / "model", "--json")
    assert status == 0, error
    fields = json.loads(text)
    assert fields["valid_bits_per_note"] > 0 and fields["skipped_files"] == 0
    status, text, error = run(
        "compose", "--model", tmp_path / "model", "--bars", "2", "--seed", "3", "--formats", "mid", "--out", tmp_path, "--json"
    )
    assert status == 0, error
    (piece,) = json.loads(text)["pieces"]
    assert read(piece["files"]["mid"]).note_count == piece["notes"] > 0
    assert piece["bars"] == 2


@pytest.mark.parametrize("decay", ["line", "cosine"])
def test_how_the_learning_rate_falls_is_asked_for_and_said(decay: str, corpora: dict[bool, Path], tmp_path: Path) -> None:
    course = ["--size", "tiny", "--steps", "2", "--rows", "2", "--threads", "1", "--device", "cpu", "--precision", "fp32"]
    status, _, error = run("train", corpora[False], "--model", "music_transformer", *course, "--decay", decay, "--out", tmp_path / "m")
    assert status == 0, error
    training = load_bundle(tmp_path / "m").card.training
    assert (training["decay"], training["optimizer"]) == (decay, "muon")


def test_another_fall_is_refused(corpora: dict[bool, Path], tmp_path: Path) -> None:
    status, _, error = run("train", corpora[False], "--decay", "stairs", "--out", tmp_path / "m")
    assert status == 2 and "--decay" in error
