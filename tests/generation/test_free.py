import json

import pytest

from little_music import run, trained
from partimento.errors import ConfigError, EncodingError
from partimento.files.abc_songs import songs
from partimento.generation.free import MOST_FREE_IDS, NoRules
from partimento.generation.load import load
from partimento.generation.wish import Condition, Wish
from partimento.score import Score
from partimento.score.pitch import parse_key


def test_without_rules_all_but_the_start_may_come():
    rules = NoRules(4, start_id=0, end_id=3)
    assert rules.allowed().tolist() == [False, True, True, True]
    rules.push(3)
    assert rules.finished and not rules.allowed().any()


def test_a_text_without_end_is_cut_off():
    rules = NoRules(4, start_id=0, end_id=None)
    for _ in range(MOST_FREE_IDS):
        assert not rules.finished
        rules.push(1)
    assert rules.finished and rules.bars > 0


def test_the_text_is_kept_beside_the_tune_that_can_be_made_of_it():
    composer = load(trained("markov"))
    text, score = composer.write_freely(Wish(start="M:4/4\nK:C\n", tempo=80), seed=1)
    assert text.startswith("M:4/4\nK:C\n")
    assert score.note_count == songs(text).tunes[0].note_count > 0
    assert score.tempos[0].bpm == pytest.approx(80)
    assert "seed 1, piece 1" in score.metadata["provenance"]
    assert composer.write_freely(Wish(start="M:4/4\nK:C\n"), seed=1)[0] == text != composer.write_freely(Wish(), seed=2)[0]


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        (Wish(bars=4), "--bars"),
        (Wish(seconds=4), "--seconds"),
        (Wish(key=parse_key("G")), "--key"),
        (Wish(primer=Score()), "--primer"),
        (Wish(condition=Condition("max-copy 9", lambda score, since: True)), "--max-copy"),
    ],
)
def test_what_only_rules_can_keep_is_refused(wish, name):
    with pytest.raises(ConfigError, match=f"--no-grammar: {name} is kept by the grammar alone. Leave one of the two out"):
        load(trained("markov")).write_freely(wish, seed=1)


def test_a_seed_below_nought_is_refused():
    with pytest.raises(ConfigError, match="--seed -1: expected 0 or more"):
        load(trained("markov")).write_freely(Wish(), seed=-1)


def test_a_model_of_scores_writes_no_text():
    with pytest.raises(EncodingError, match="--no-grammar: a model of 'chorale' writes no text"):
        load("bach-chorales").write_freely(Wish(), seed=1)


def test_a_piece_has_one_beginning():
    with pytest.raises(ConfigError, match="--primer and --start: give one of them"):
        Wish(primer=Score(), start="X")


def test_compose_begins_with_a_text(tmp_path):
    options = ["--model", trained("markov"), "--out", tmp_path, "--formats", "abc", "--seed", 1, "--json"]
    status, out, error = run("compose", *map(str, options), "--bars", "4", "--start", r"X:1\nM:6/8\nK:Em\nE2G B2e|")
    assert (status, error) == (0, "")
    text = (tmp_path / json.loads(out)["pieces"][0]["files"]["abc"].rsplit("/", 1)[1]).read_text()
    assert "M:6/8" in text and "K:Em\nE2G B2e|" in text
    status, out, error = run("compose", *map(str, options), "--start", r"M:6/8\nK:Em\nE2G B2e2|")
    assert status == 1 and "'2' at character 19 cannot stand after" in error and error.count("\n") == 1
    status, out, error = run("compose", *map(str, options), "--no-grammar", "--start", r"M:6/8\nK:Em\nE2G")
    assert status == 0, error
    assert json.loads(out)["pieces"][0]["raw"].startswith("M:6/8\nK:Em\nE2G")


def test_where_no_music_was_written_the_text_is_shown_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("partimento.generation.free.MOST_FREE_IDS", 3)
    status, out, error = run("compose", "--model", trained("markov"), "--out", tmp_path, "--no-grammar", "--seed", "1", "--json")
    piece = json.loads(out)["pieces"][0]
    assert (status, error, piece["files"], piece["notes"], piece["key"]) == (0, "", {}, 0, None)
    assert len(piece["raw"]) == 2 and "found no song" in piece["warnings"][0]
