"""Models that are counted, from the command line: trained, composed with, shown."""

import json

import pytest

from little_music import run, trained, tune_folder


@pytest.fixture(scope="module")
def dice(tmp_path_factory):
    """A bundle of dice that have read little tunes."""
    folder = tmp_path_factory.mktemp("dice")
    corpus = tune_folder(folder / "corpus", 48)
    status, _, error = run("train", corpus, "--model", "dice", "--encoding", "characters", "--out", folder / "model", "--json")
    assert status == 0, error
    return folder / "model"


def test_dice_compose_bars_they_have_read(dice, tmp_path):
    status, text, error = run(
        "compose", "--model", dice, "--bars", 8, "--count", 2, "--seed", 4, "--formats", "mid", "--out", tmp_path, "--json"
    )
    assert status == 0, error
    pieces = json.loads(text)["pieces"]
    assert [piece["bars"] for piece in pieces] == [8, 8]
    assert all(4 <= piece["seen"]["total"] <= 9 for piece in pieces)  # repeats stand folded, pickups count as bars of their own
    assert [(piece["seen"]["unit"], piece["seen"]["unseen"]) for piece in pieces] == [("bars", [])] * 2
    status, text, _ = run("compose", "--model", dice, "--bars", 8, "--seed", 4, "--formats", "mid", "--out", tmp_path)
    assert status == 0 and f"all of its {pieces[0]['seen']['total']} bars stand in what it learnt from" in text


def test_a_chain_tells_the_runs_it_has_not_read(tmp_path):
    status, text, error = run("compose", "--model", trained("markov"), "--seed", 2, "--formats", "mid", "--out", tmp_path, "--json")
    assert status == 0, error
    told = json.loads(text)["pieces"][0]["seen"]
    assert told["unit"] == "runs of 5 ids" and told["total"] > 50
    assert all(0 < entry["id"] <= told["total"] and entry["known"] < 4 and entry["symbol"] for entry in told["unseen"])
    status, text, _ = run("compose", "--model", trained("markov"), "--seed", 2, "--formats", "mid", "--out", tmp_path)
    words = f"{len(told['unseen'])} of its {told['total']} runs of 5 ids stand nowhere" if told["unseen"] else "all of its"
    assert status == 0 and words in text


def test_a_network_tells_nothing_of_the_kind(tmp_path):
    status, text, error = run("compose", "--bars", 4, "--seed", 2, "--formats", "mid", "--out", tmp_path, "--json")
    assert status == 0, error
    assert json.loads(text)["pieces"][0]["seen"] is None


def test_transitions_are_drawn(dice, tmp_path):
    for model in (trained("markov"), dice):
        path = tmp_path / "sub" / f"{model.name}.png"
        status, text, error = run("models", "show", model, "--picture", path, "--json")
        assert status == 0, error
        assert json.loads(text)["picture"] == str(path)
        data = path.read_bytes()
        assert data[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(data[16:20]) > 1000  # its width


def test_a_network_has_no_table_to_draw(tmp_path):
    status, _, error = run("models", "show", "bach-chorales", "--picture", tmp_path / "x.png")
    assert status == 1 and "expected a markov or dice" in error and not (tmp_path / "x.png").exists()
