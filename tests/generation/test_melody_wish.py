"""`--melody`: voices composed below a given one."""

import json
from dataclasses import replace

import numpy as np
import pytest

from little_music import chorale, chorale_folder, run, trained, words
from partimento.errors import ConfigError
from partimento.files.dispatch import read, write
from partimento.generation.wish import Wish
from partimento.score import KeySignature
from partimento.score.tempo import seconds_at
from partimento.score.transform import rescale


@pytest.fixture(scope="module")
def harmoniser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("harmoniser")
    corpus = chorale_folder(folder / "corpus", 6)
    status, _, error = run(
        "train", corpus, "--model", "markov", "--encoding", "polyphony", "--order", "3", "--out", folder / "model", "--json"
    )
    assert status == 0, error
    return folder / "model"


def test_a_melody_is_kept_and_what_is_composed_goes_below(harmoniser, tmp_path):
    melody = replace(chorale(3), tracks=chorale(3).tracks[:1])
    write(melody, tmp_path / "melody.mid")
    wishes = ["--melody", tmp_path / "melody.mid", "--seed", "1", "--formats", "mid", "--out", tmp_path, "--json"]
    status, text, error = run("compose", "--model", harmoniser, *wishes)
    assert status == 0, error
    made = json.loads(text)["pieces"][0]
    score = rescale(read(made["files"]["mid"]), 480)
    notes = {note for track in words(score) for note in track}
    assert set(words(melody)[0]) <= notes and made["notes"] > melody.note_count
    assert made["bars"] == 4
    assert score.tempos[0].bpm == pytest.approx(melody.tempos[0].bpm)
    assert "below a given melody" in text or "below a given melody" in str(read(made["files"]["mid"]).metadata)


def test_a_model_of_another_encoding_says_that_it_cannot(tmp_path):
    write(chorale(3), tmp_path / "melody.mid")
    status, _, error = run("compose", "--model", trained("markov"), "--melody", tmp_path / "melody.mid", "--out", tmp_path)
    assert status == 1
    assert "--melody: a model of encoding 'characters' puts no voices below a melody" in error


@pytest.mark.parametrize("wish", [{"bars": 4}, {"seconds": 9.0}, {"key": KeySignature(0)}, {"primer": chorale(0)}])
def test_what_the_melody_settles_is_not_asked_for(wish):
    with pytest.raises(ConfigError, match=f"--melody: the piece itself sets what --{next(iter(wish))} asks for"):
        Wish(melody=chorale(1), **wish)


def test_a_network_of_chorales_puts_three_voices_below(tmp_path):
    melody = replace(chorale(2), tracks=chorale(2).tracks[:1])
    write(melody, tmp_path / "melody.mid")
    wishes = ["--melody", tmp_path / "melody.mid", "--seed", "1", "--formats", "mid", "--out", tmp_path, "--json"]
    status, text, error = run("compose", "--model", trained("chorales"), *wishes)
    assert status == 0, error
    score = rescale(read(json.loads(text)["pieces"][0]["files"]["mid"]), 480)
    assert len(score.tracks) == 4 and words(score)[0] == words(melody)[0]


def test_a_performer_keeps_a_melody_in_its_own_time(tmp_path):
    quick = ["--size", "tiny", "--steps", "2", "--rows", "2", "--threads", "1", "--device", "cpu", "--precision", "fp32"]
    corpus, course = chorale_folder(tmp_path / "corpus", 6), [*quick, "--sample-every", "0", "--out", tmp_path / "model", "--json"]
    status, _, error = run("train", corpus, "--model", "modern-melody", *course)
    assert status == 0, error
    melody = replace(chorale(2), tracks=chorale(2).tracks[:1])
    write(melody, tmp_path / "melody.mid")
    wishes = ["--melody", tmp_path / "melody.mid", "--seed", "1", "--formats", "mid", "--out", tmp_path, "--json"]
    status, text, error = run("compose", "--model", tmp_path / "model", *wishes)
    assert status == 0, error
    (made,) = read(json.loads(text)["pieces"][0]["files"]["mid"]).tracks
    (given,) = melody.tracks
    begins, ends = (np.round(seconds_at(melody, ticks), 2) for ticks in (given.start, given.end))
    notes = set(zip((made.start / 1000).tolist(), (made.end / 1000).tolist(), made.pitch.tolist(), strict=True))
    assert set(zip(begins.tolist(), ends.tolist(), given.pitch.tolist(), strict=True)) <= notes
    assert len(made) > len(given)
