"""The biaxial presets from a folder of scores to a piece, as a user goes."""

import json

import pytest

from little_music import chorale_folder, run
from partimento.errors import ConfigError
from partimento.files.dispatch import read
from partimento.generation.load import load
from partimento.score.meter import bar_count


@pytest.mark.parametrize("name", ["biaxial", "biaxial-invariant"])
def test_a_biaxial_is_trained_and_composes(name, tmp_path):
    corpus = chorale_folder(tmp_path / "corpus", 6)
    options = [
        "--size",
        "tiny",
        "--steps",
        "2",
        "--rows",
        "2",
        "--threads",
        "1",
        "--precision",
        "fp32",
        "--device",
        "cpu",
        "--sample-every",
        "0",
    ]
    status, text, error = run("train", corpus, "--model", name, *options, "--out", tmp_path / "model", "--json")
    assert status == 0, error
    assert json.loads(text)["steps"] == 2
    composer = load(tmp_path / "model")
    assert composer.encoding.options() == {"lowest": 24, "highest": 101}
    assert composer.bundle.card.model["invariant"] == (name == "biaxial-invariant")
    if name == "biaxial":
        pieces = {}
        for more in ([], ["--conservative"]):
            status, text, error = run(
                "compose",
                "--model",
                tmp_path / "model",
                "--bars",
                "1",
                "--seed",
                "3",
                "--formats",
                "mid",
                "--out",
                tmp_path,
                *more,
                "--json",
            )
            assert status == 0, error
            pieces[len(more)] = read(json.loads(text)["pieces"][0]["files"]["mid"])
        assert [bar_count(piece) for piece in pieces.values()] == [1, 1]


def test_a_model_without_frames_cannot_be_conservative():
    composer = load("folk-tunes")
    composer.sampling = type(composer.sampling)(conservative=True)
    with pytest.raises(ConfigError, match="conservative: frames of 1 ids .* It is for models of encoding 'pianoroll'"):
        composer.compose(bars=2, seed=1)
