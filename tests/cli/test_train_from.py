"""`partimento train --from`: a model that has learnt goes on."""

import json

import numpy as np
import pytest

from little_music import chorale_folder, run, trained, tune_folder
from partimento.bundle import FINGERPRINTS, WEIGHTS, load_bundle
from partimento.evaluation.fingerprints import Fingerprints
from partimento.files.tensors import read_tensors

SHORT = ("--threads", "1", "--precision", "fp32", "--device", "cpu", "--sample-every", "0", "--json")


def train(*arguments):
    status, text, error = run("train", *arguments, *SHORT)
    assert status == 0, error
    return json.loads(text)


@pytest.fixture(scope="module")
def first():
    return trained("tunes")


@pytest.fixture(scope="module")
def second(first, tmp_path_factory):
    folder = tmp_path_factory.mktemp("second")
    fields = train(tune_folder(folder / "mine", 5), "--from", first, "--steps", "2", "--out", folder / "model")
    return folder / "model", fields


def test_it_begins_where_the_other_ended(first, second):
    folder, _ = second
    log = [json.loads(line) for line in (folder / "run" / "log.jsonl").read_text().splitlines()]
    assert log[0]["step"] == 0 and log[0]["train_nats_per_token"] is None
    anew = [json.loads(line) for line in (first / "run" / "log.jsonl").read_text().splitlines()]
    assert log[0]["valid_nats_per_token"] < anew[0]["valid_nats_per_token"]
    before, after = (read_tensors(load_bundle(each).files[WEIGHTS], WEIGHTS) for each in (first, folder))
    assert {name: value.shape for name, value in before.items()} == {name: value.shape for name, value in after.items()}
    assert max(float(np.abs(after[name].astype(float) - value).max()) for name, value in before.items()) < 0.1


def test_its_card_says_where_it_comes_from(first, second):
    card, before = load_bundle(second[0]).card, load_bundle(first)
    assert card.training["from"]["fingerprint"] == before.fingerprint and card.training["from"]["data"] == before.card.data
    assert card.model == before.card.model and card.encoding == before.card.encoding
    assert card.training["learning_rate"] == pytest.approx(before.card.training["learning_rate"] / 4)
    assert before.card.permission in card.permission


def test_copies_of_what_it_knew_before_are_told_as_well(first, second):
    before, after = (Fingerprints.from_bytes(load_bundle(each).files[FINGERPRINTS]) for each in (first, second[0]))
    assert after.pieces[: len(before.pieces)] == before.pieces and len(after.pieces) > len(before.pieces)
    assert np.isin(before.hashes, after.hashes).all()
    assert after.place(len(after.hashes) - 1).piece == after.pieces[-1]


def test_weights_that_nothing_makes_better_are_kept(first, tmp_path):
    train(tune_folder(tmp_path / "mine", 5), "--from", first, "--steps", "1", "--learning-rate", "0.9", "--out", tmp_path / "model")
    assert load_bundle(tmp_path / "model").card.training["best_step"] == 0


def test_another_start_is_another_run(first, second, tmp_path):
    tunes = tune_folder(tmp_path / "mine", 5)
    train(tunes, "--from", first, "--steps", "1", "--out", tmp_path / "model")
    status, _, error = run("train", tunes, "--from", second[0], "--steps", "2", "--resume", "--out", tmp_path / "model", *SHORT)
    assert status == 1 and "was trained with from" in error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "minuet-dice"), "holds tables that were counted"),
        (("--from", "piano-modal"), "is a voice"),
        (("--from", "bach-choral"), "neither a folder nor a shipped model"),
        (("--from", "folk-tunes", "--size", "base"), "--size base: --from folk-tunes has small, and keeps it"),
        (("--from", "folk-tunes", "--model", "play-bach"), "--model play-bach: --from folk-tunes has char_rnn"),
        (("--from", "folk-tunes", "--encoding", "chorale"), "--encoding chorale: --from folk-tunes has characters"),
    ],
)
def test_what_cannot_be_is_refused(options, words, tmp_path):
    status, _, error = run("train", tune_folder(tmp_path / "tunes", 4), *options, "--out", tmp_path / "model")
    assert status == 1 and words in error and len(error.strip().splitlines()) == 1


def test_pieces_that_its_encoding_cannot_say_are_refused(tmp_path):
    status, _, error = run("train", chorale_folder(tmp_path / "four", 6), "--from", "folk-tunes", "--out", tmp_path / "model")
    assert status == 1 and "expected one melody" in error
