"""The biaxial presets from a folder of scores to a piece, as a user goes."""

import json

import pytest

from little_music import chorale_folder, run
from partimento.encoding.catalog import build_encoding
from partimento.errors import ConfigError
from partimento.files.dispatch import read
from partimento.generation.load import load
from partimento.score.meter import bar_count
from partimento.training.networks import NETWORKS
from partimento.training.preset import SIZES
from partimento.training.presets import preset


def test_a_biaxial_is_trained_and_composes(tmp_path):
    corpus, model = chorale_folder(tmp_path / "corpus", 3), tmp_path / "model"
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
    status, text, error = run("train", corpus, "--model", "biaxial-invariant", *options, "--out", model, "--json")
    assert status == 0, error
    assert json.loads(text)["steps"] == 2
    card = load(model).bundle.card
    assert (card.encoding["lowest"], card.encoding["highest"], card.model["invariant"]) == (24, 101, True)
    asked = ["--bars", "1", "--seed", "3", "--conservative", "--formats", "mid", "--json"]
    status, text, error = run("compose", "--model", model, *asked, "--out", tmp_path)
    assert status == 0, error
    piece = read(json.loads(text)["pieces"][0]["files"]["mid"])
    assert bar_count(piece) == 1


@pytest.mark.parametrize("name", ["biaxial", "biaxial-invariant"])
@pytest.mark.parametrize("size", SIZES)
def test_every_size_of_the_presets_can_be_made(name, size):
    made = preset(name)
    encoding = build_encoding(made.encoding, made.options)
    known = {hint: encoding.hints[hint] for hint in NETWORKS[made.network].hints}
    config = NETWORKS[made.network].config(vocabulary=len(encoding.vocabulary), **known, **made.sizes[size])
    assert (config.keys, config.choices) == (78, 3)
    assert config.invariant == (name == "biaxial-invariant")
    if size == "base":
        assert (config.time_units, config.note_units, config.dropout) == ((300, 300), (100, 50), 0.5)


def test_a_model_without_frames_cannot_be_conservative():
    composer = load("folk-tunes")
    composer.sampling = type(composer.sampling)(conservative=True)
    with pytest.raises(ConfigError, match="conservative: frames of 1 ids .* It is for models of encoding 'pianoroll'"):
        composer.compose(bars=2, seed=1)
