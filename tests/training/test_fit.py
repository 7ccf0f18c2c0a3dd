import numpy as np
import pytest
import torch

from little_music import tune_text
from partimento.corpus.corpus import Corpus, Piece
from partimento.encoding.characters import Characters
from partimento.errors import ConfigError, TrainingError
from partimento.files.abc import read_abc
from partimento.training.fit import Plan, fit
from partimento.training.prepare import prepare


@pytest.fixture(scope="module")
def prepared():
    pieces = []
    for number in range(5):
        score = read_abc(tune_text(number).encode(), "tune.abc")
        pieces.append(Piece(str(number), lambda score=score: score, "", "", "valid" if number == 0 else "train"))
    return prepare(Corpus("tunes", tuple(pieces), "", "", ""), Characters())


def plan(**settings):
    tiny = {"layers": 1, "units": 64, "dropout": 0.25, "cell": settings.pop("cell", "lstm")}
    made = {"settings": tiny, "steps": 3, "device": "cpu", "precision": "fp32", "threads": 1, **settings}
    return Plan(len(Characters().vocabulary), **made)


def test_the_best_weights_and_what_they_are_come_back(prepared, tmp_path):
    seen = []
    fitted = fit(prepared, plan(), tmp_path, after_step=lambda progress, graph: seen.append((progress.step, graph()[:2])))
    assert [step for step, _ in seen] == [1, 2, 3] and seen[-1][1] == fitted.graph[:2]
    assert fitted.progress.step == 3 and fitted.progress.ended == "all 3 steps made"
    assert fitted.tokens == fitted.tokens_now == 3 * 32 * 160
    assert {value.dtype for value in fitted.weights.values()} == {np.dtype(np.float32)}
    assert fitted.weights["output.weight"].shape == (len(Characters().vocabulary), 64)
    assert fitted.config["cell"] == "lstm" and fitted.config["lags"] == []
    assert (fitted.settings["steps"], fitted.settings["threads"], fitted.settings["device"]) == (3, 1, "cpu")
    again = fit(prepared, plan(), tmp_path, resume=True)
    assert again.tokens_now == 0 and again.tokens == fitted.tokens
    assert all(np.array_equal(again.weights[name], value) for name, value in fitted.weights.items())


def test_one_seed_one_network(prepared, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    one, other = (fit(prepared, plan(steps=1), tmp_path / name).weights for name in "ab")
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_another_encoding_or_size_is_another_run(prepared, tmp_path):
    fit(prepared, plan(steps=1, encoding={"name": "characters"}), tmp_path)
    with pytest.raises(TrainingError, match="was trained with name characters, now chorale"):
        fit(prepared, plan(steps=1, encoding={"name": "chorale"}), tmp_path, resume=True)
    with pytest.raises(TrainingError, match="was trained with cell lstm, now gru"):
        fit(prepared, plan(steps=1, encoding={"name": "characters"}, cell="gru"), tmp_path, resume=True)


def test_steps_and_minutes_exclude_each_other(prepared, tmp_path):
    with pytest.raises(ConfigError, match="--steps and --minutes: give one of them"):
        fit(prepared, plan(minutes=1.0), tmp_path)


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_threads_out_of_range_are_refused(prepared, tmp_path, threads):
    with pytest.raises(ConfigError, match=f"--threads {threads}: expected 1 to 256"):
        fit(prepared, plan(threads=threads), tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(prepared, tmp_path):
    with pytest.raises(ConfigError, match="--device cuda: torch finds no GPU here"):
        fit(prepared, plan(device="cuda"), tmp_path)


@pytest.mark.parametrize("steps", [0, -5])
def test_no_steps_are_refused(prepared, tmp_path, steps):
    with pytest.raises(ConfigError, match="expected at least 1 step"):
        fit(prepared, plan(steps=steps), tmp_path)
