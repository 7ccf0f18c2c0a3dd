"""A coconet from a folder of chorales to pieces, as a user goes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from little_music import chorale, chorale_folder, outside, run, trained, words
from partimento.files.dispatch import read, write
from partimento.score.meter import bar_count
from partimento.score.transform import rescale


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coconet")
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
        "2",
        "--json",
    ]
    status, text, error = run("train", chorale_folder(folder / "corpus", 6), "--model", "coconet", *options, "--out", folder / "model")
    assert status == 0, error
    assert json.loads(text)["valid_bits_per_note"] > 0
    assert sorted(path.suffix for path in (folder / "model" / "run" / "samples").iterdir()) == [".abc", ".mid"]
    return folder / "model"


def composed(model, out, *wishes):
    status, text, error = run("compose", "--model", model, "--seed", "1", "--formats", "mid", "--out", out, "--json", *wishes)
    assert status == 0, error
    (piece,) = json.loads(text)["pieces"]
    return Path(piece["files"]["mid"])


def test_the_same_seed_the_same_bytes(model, tmp_path):
    one, other = (composed(model, tmp_path / name, "--bars", "2", "--key", "D minor").read_bytes() for name in "ab")
    assert one == other and bar_count(read(tmp_path / "a" / "model-1-1.mid")) == 2


def test_a_melody_gets_voices_below(model, tmp_path):
    melody = replace(chorale(3), tracks=chorale(3).tracks[:1])
    write(melody, tmp_path / "melody.mid")
    score = rescale(read(composed(model, tmp_path, "--melody", tmp_path / "melody.mid")), 480)
    assert len(score.tracks) == 4 and words(score)[0] == words(melody)[0]


def test_a_passage_is_written_anew_and_the_rest_kept(model, tmp_path):
    piece = chorale(2, bars=4)
    write(piece, tmp_path / "piece.mid")
    score = rescale(read(composed(model, tmp_path, "--rewrite", tmp_path / "piece.mid", "--passage", "2")), 480)
    assert outside(score, 1920, 3840) == outside(piece, 1920, 3840)
    assert words(score) != words(piece)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["--rewrite", "piece.mid"], "--rewrite and --passage: give both of them"),
        (["--rewrite", "piece.mid", "--passage", "two"], "--passage two: expected a first and a last bar, such as 5-8"),
        (["--rewrite", "piece.mid", "--passage", "9-9"], "--passage 9-9: the piece has bars 1 to 4"),
        (["--rewrite", "piece.mid", "--passage", "1-2", "--bars", "3"], "--rewrite: the piece itself sets what --bars asks for"),
    ],
)
def test_passages_that_cannot_be_are_refused(model, tmp_path, wishes, expected):
    write(chorale(2, bars=4), tmp_path / "piece.mid")
    given = [tmp_path / word if word.endswith(".mid") else word for word in wishes]
    status, _, error = run("compose", "--model", model, *given, "--out", tmp_path)
    assert status == 1 and expected in error


def test_a_model_that_writes_in_order_rewrites_nothing(tmp_path):
    write(chorale(2, bars=4), tmp_path / "piece.mid")
    status, _, error = run("compose", "--model", trained("chorales"), "--rewrite", tmp_path / "piece.mid", "--passage", "1-2")
    assert status == 1 and "--rewrite: a char_rnn cannot look ahead. Take a model that fills in: a coconet" in error
