import json
import re
from pathlib import Path

import numpy as np
import pytest

from little_music import run, trained, tune_folder
from partimento.bundle import load_bundle
from partimento.cli.comparison import form
from partimento.files import read
from partimento.score import Score, Track

FAST = ["--size", "tiny", "--steps", "4", "--threads", "1", "--precision", "fp32", "--device", "cpu", "--count", "2", "--bars", "8"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Three composers and one that cannot speak, on 24 tunes."""
    place = tmp_path_factory.mktemp("compare")
    models = f"markov,markov:chorale,char_rnn,{trained('markov')}"
    status, text, error = run(
        "compare", tune_folder(place / "tunes"), "--models", models, *FAST, "--out", place / "out", "--table", place / "t.md", "--json"
    )
    assert status == 0, error
    return place, json.loads(text)


def test_every_composer_has_a_row_on_the_same_pieces(compared: tuple[Path, dict]) -> None:
    place, fields = compared
    rows = {row["model"]: row for row in fields["rows"]}
    assert list(rows) == ["markov", "markov:chorale", "char_rnn", str(trained("markov"))]
    assert "expected 4" in rows["markov:chorale"]["error"] and "as --encoding: characters" in rows["markov:chorale"]["error"]
    measured = [row for row in rows.values() if "error" not in row]
    assert {row["scored_on"]["pieces"] for row in measured} == {fields["scored_pieces"]} == {fields["split"]["test"]}
    for row in measured:
        assert row["bits_per_note"] > 0 and row["parameters"] > 0 and row["tokens_per_second"] > 0 and row["keeps"] == 1
        assert set(row["originality"]) == {"longest_copy_notes", "copied_share"} and row["structure"]["bars"] == 8
        assert row["composed"] == "2 of 2" and all(read(file).note_count for file in row["pieces"])
        assert all(str(file).startswith(str(place / "out")) for file in row["pieces"])
    assert rows["char_rnn"]["steps"] == 4 and rows["char_rnn"]["seconds_to_train"] > 0
    assert rows["markov"]["bits_per_note"] < rows["char_rnn"]["bits_per_note"]
    assert fields["baseline"]["structure"]["bars"] == 8
    for structure in (fields["baseline"]["structure"], *(row["structure"] for row in measured)):
        assert 0 <= structure["structureness_short"] <= 0.9 and structure["structureness_mid"] is not None


def test_form_is_the_mean_of_those_that_have_it() -> None:
    drums = Score(500, (Track([0], [1000], [36], [80], is_drum=True),))
    pulse = {seconds: 1000 * np.arange(seconds) for seconds in (40, 90)}
    short, longer = (Score(500, (Track(start, start * 0 + 1000, start * 0 + 60, start * 0 + 80),)) for start in pulse.values())
    assert form([drums])["structureness_short"] is None and form([])["bars"] is None
    means = form([drums, short, longer])
    assert means["structureness_short"] == pytest.approx((37 / 40 + 57 / 60) / 2)  # all repetition; a minute is heard
    assert means["structureness_long"] == pytest.approx((25 / 40 + 45 / 60) / 2) and means["notes"] == pytest.approx(
        (1 + 40 + 90) / 3, abs=1e-3
    )


def test_what_was_trained_stays_as_bundles(compared: tuple[Path, dict]) -> None:
    place, _ = compared
    assert load_bundle(place / "out" / "char_rnn").card.model["preset"] == "char_rnn"


def test_a_bundle_that_knows_the_pieces_is_called_out(compared: tuple[Path, dict]) -> None:
    _, fields = compared
    known = {row["model"]: row.get("learnt_before") for row in fields["rows"]}
    assert known["markov"] == 0 and known[str(trained("markov"))] is not None


def test_the_page_and_the_table_have_every_row(compared: tuple[Path, dict]) -> None:
    place, fields = compared
    page = (place / "out" / "index.html").read_text()
    assert fields["page"] == str(place / "out" / "index.html")
    assert page.count("<audio ") == page.count("<svg ") == 3 and "markov:chorale" in page
    assert not re.search(r"(src|href)=\"(?!data:)", page)
    lines = (place / "t.md").read_text().splitlines()
    assert lines[0].startswith("| model | encoding | bits/note |") and len(lines) == 2 + 3 + 1


def test_wrong_wishes_are_refused(tmp_path: Path) -> None:
    tunes = tune_folder(tmp_path / "tunes", 4)
    for options, words in (
        (["--models", ","], "--models: names none"),
        (["--models", "markof"], "--model markof; did you mean 'markov'"),
        (["--models", "markov:choral"], "encoding 'choral'; did you mean 'chorale'"),
        (["--count", "0"], "--count 0: expected 1 or more"),
        (["--table", "x.txt"], r"--table x.txt: expected a name ending in .html"),
    ):
        status, _, error = run("compare", tunes, *options, "--out", tmp_path / "out")
        assert status == 1 and words in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
