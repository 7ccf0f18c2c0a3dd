"""The presets of Play Bach from a folder of tunes to new pieces."""

import json

import numpy as np
import pytest

from little_music import run, tune_folder, tune_text
from partimento.bundle import load_bundle
from partimento.encoding.chords import Chords
from partimento.files import read
from partimento.files.abc import read_abc
from partimento.score.meter import bar_count


@pytest.fixture(scope="module")
def tunes(tmp_path_factory):
    return tune_folder(tmp_path_factory.mktemp("tunes"), 10)


@pytest.mark.parametrize("model", ["play-bach", "play-bach-onehot", "play-bach-embedding", "play-bach-micro"])
def test_a_folder_becomes_a_composer(model, tunes, tmp_path):
    options = ["--size", "tiny", "--steps", "3", "--rows", "2", "--threads", "1", "--precision", "fp32", "--device", "cpu"]
    status, text, error = run("train", tunes, "--model", model, *options, "--out", tmp_path / "m", "--json")
    assert status == 0, error
    assert json.loads(text)["valid_bits_per_note"] > 0
    card = load_bundle(tmp_path / "m").card
    assert card.encoding["name"] == "chords" and card.encoding["learnt"]["tempo"] > 0
    for part in ("train", "valid", "test"):
        assert {"metre", "pitch", "duration"} <= set(card.figures[part]["accuracy"])
        assert 0 < card.figures[part]["bits_per_note"] < 40
    assert 0 < card.figures["train"]["pieces"] <= 30
    primer = tunes / "tune004.abc"
    wish = ["--primer", primer, "--primer-bars", "2", "--bars", "4", "--seed", "1", "--formats", "mid", "--out", tmp_path]
    status, text, error = run("compose", "--model", tmp_path / "m", *wish, "--json")
    assert status == 0, error
    piece = json.loads(text)["pieces"][0]
    score, given = read(piece["files"]["mid"]), read(primer)
    assert piece["bars"] == bar_count(score) == 4 and score.end_tick % 1920 == 0
    begun = given.tracks[0].start < 2 * 4 * given.ticks_per_quarter
    starts = given.tracks[0].start[begun] * 480 // given.ticks_per_quarter
    assert np.array_equal(score.tracks[0].pitch[: len(starts)], given.tracks[0].pitch[begun])
    assert np.array_equal(score.tracks[0].start[: len(starts)], starts)


def test_heads_for_groups_that_take_turns_need_an_encoding_that_has_them(tunes, tmp_path):
    status, _, error = run(
        "train", tunes, "--model", "play-bach", "--encoding", "characters", "--size", "tiny", "--out", tmp_path, "--steps", "1"
    )
    assert status == 1 and "Take an encoding whose ids take turns, such as chords" in error


def test_a_tune_is_said_as_its_notes():
    encoding = Chords()
    tune = read_abc(tune_text(3).encode(), "tune.abc")
    assert encoding.decode(encoding.encode(tune)).tracks[0].pitch.tolist() == tune.tracks[0].pitch.tolist()
