import functools
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest

from little_music import run, trained, tune_folder, words
from partimento.errors import ConfigError, EncodingError
from partimento.files import read, write
from partimento.generation.load import load
from partimento.generation.wish import Wish
from partimento.score import Score, Tempo, TimeSignature, Track
from partimento.score.pitch import parse_key

BARS = ((57, 60, 64), (53, 57, 60), (55, 59, 62), (57, 60, 64))


@functools.cache
def over_model() -> Path:
    """A chain of melodies over chords, counted once."""
    room = Path(tempfile.mkdtemp(prefix="over."))
    status, _, error = run("train", tune_folder(room / "tunes"), "--model", "markov", "--encoding", "lead", "--out", room / "m", "--json")
    assert status == 0, error
    return room / "m"


def piece() -> Score:
    start, pitch = np.array([(1920 * at, pitch) for at, bar in enumerate(BARS) for pitch in bar]).T
    chords = Track(start, np.full(12, 1920), pitch, np.full(12, 60), name="piano")
    melody = Track(np.arange(16) * 480, np.full(16, 480), np.tile([69, 72, 71, 76], 4), np.full(16, 90), name="Melody")
    return Score(480, (chords, melody), (Tempo.of_bpm(0, 100),), (TimeSignature(0, 4, 4),))


def test_a_new_melody_stands_in_the_accompaniment_of_the_piece():
    composer = load(over_model())
    one, other = (composer.write(Wish(over=piece()), seed=seed) for seed in (1, 2))
    assert words(one)[1] == words(other)[1] == words(piece())[0]
    assert words(one)[0] != words(other)[0] != words(piece())[1]
    assert one.end_tick == piece().end_tick and one.tempos == piece().tempos
    assert "over the chords of a given piece" in one.metadata["provenance"]
    assert words(composer.write(Wish(over=piece()), seed=1)) == words(one)


def test_a_wished_tempo_is_kept():
    assert load(over_model()).write(Wish(over=piece(), tempo=120), seed=1).tempos[0].bpm == pytest.approx(120)


@pytest.mark.parametrize(
    ("wishes", "name"),
    [({"bars": 4}, "--bars"), ({"seconds": 4}, "--seconds"), ({"key": parse_key("G")}, "--key"), ({"start": "X"}, "--start")],
)
def test_what_the_piece_itself_sets_is_refused(wishes, name):
    with pytest.raises(ConfigError, match=f"--over: the piece itself sets what {name} asks for. Leave one of the two out"):
        Wish(over=piece(), **wishes)


def test_a_model_that_knows_no_chords_is_refused():
    with pytest.raises(EncodingError, match="--over: a model of 'characters' knows no melodies over chords. Train one: partimento train"):
        load(trained("markov")).write(Wish(over=piece()), seed=1)


def test_compose_over_a_file(tmp_path):
    source = write(piece(), tmp_path / "piece.mid")
    options = ["--count", "2", "--seed", "3", "--formats", "mid", "--out", tmp_path, "--json"]
    status, out, error = run("compose", "--model", over_model(), "--over", source, *options)
    assert status == 0, error
    files = [read(one["files"]["mid"]) for one in json.loads(out)["pieces"]]
    assert [words(read(source))[0] in words(file) for file in files] == [True, True]
