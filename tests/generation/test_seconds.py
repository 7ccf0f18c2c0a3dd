"""An encoding that counts seconds: a beginning keeps its own time, and two seconds are a bar whatever its metre."""

import json
from dataclasses import replace

import numpy as np
import pytest

from little_music import chorale, chorale_folder, run
from partimento.files.dispatch import read, write
from partimento.generation.load import load
from partimento.generation.sampler import Writing
from partimento.generation.wish import Wish
from partimento.score import TimeSignature
from partimento.score.tempo import duration_seconds, seconds_at


@pytest.fixture(scope="module")
def performer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("performer")
    settings = ["--model", "markov", "--encoding", "performance", "--order", "3"]
    status, _, error = run("train", chorale_folder(folder / "corpus", 6), *settings, "--out", folder / "model", "--json")
    assert status == 0, error
    return folder / "model"


def composed(model, out, *wishes):
    status, text, error = run("compose", "--model", model, *wishes, "--seed", "1", "--formats", "mid", "--out", out, "--json")
    assert status == 0, error
    return json.loads(text)["pieces"][0]


def test_seconds_are_bars_of_two(performer, tmp_path):
    piece = composed(performer, tmp_path, "--seconds", "11")
    assert piece["bars"] == 6 and 10 < piece["seconds"] <= 12


def test_a_beginning_keeps_its_tempo_and_its_metre_counts_for_nothing(performer, tmp_path):
    primer = replace(chorale(0), time_signatures=(TimeSignature(0, 3, 4),))
    write(primer, tmp_path / "primer.mid")
    piece = composed(performer, tmp_path, "--primer", tmp_path / "primer.mid", "--seconds", "20")
    score = read(piece["files"]["mid"])
    assert duration_seconds(primer) == pytest.approx(12.8)
    assert 18 < piece["seconds"] <= 20
    onsets = {round(float(second), 2) for track in primer.tracks for second in seconds_at(primer, track.start)}
    found = np.round(seconds_at(score, score.tracks[0].start), 2)
    assert onsets <= set(found.tolist())


def test_a_beginning_is_read_once_for_all_that_is_written_after_it(performer, monkeypatch):
    composer, primer = load(performer), chorale(0)
    readings = []
    begin = Writing.begin
    monkeypatch.setattr(Writing, "begin", lambda *given: readings.append(given) or begin(*given))
    wish = Wish(seconds=20, primer=primer)
    pieces = [composer.write(wish, seed=3, number=number) for number in range(3)]
    assert len(readings) == 1
    assert len({piece.tracks[0].pitch.tobytes() for piece in pieces}) == 3
    again = load(performer).write(wish, seed=3, number=2)
    assert np.array_equal(again.tracks[0].pitch, pieces[2].tracks[0].pitch), "what was written before it changes nothing"


def test_a_beginning_keeps_its_loudness_and_what_is_left_out_is_said(performer, tmp_path):
    quiet = [replace(track, velocity=np.full(len(track), 13 + number)) for number, track in enumerate(chorale(0).tracks)]
    drums = replace(quiet[0], is_drum=True)
    write(replace(chorale(0), tracks=(*quiet, drums)), tmp_path / "primer.mid")
    piece = composed(performer, tmp_path, "--primer", tmp_path / "primer.mid", "--primer-seconds", "6", "--seconds", "20")
    (track,) = read(piece["files"]["mid"]).tracks
    assert set(track.velocity[track.start < 5000].tolist()) == {13, 14, 15, 16}
    assert any("notes of drums were left out" in warning for warning in piece["warnings"])


def test_of_a_beginning_longer_than_the_piece_the_first_third_of_that_is_taken(performer, tmp_path):
    primer = chorale(0)  # 12.8 s
    write(primer, tmp_path / "primer.mid")
    wishes = ("--primer", tmp_path / "primer.mid", "--seconds", 9, "--seed", 1, "--formats", "mid")
    status, text, error = run("compose", "--model", performer, *wishes, "--out", tmp_path, "--json")
    assert status == 0, error
    fields = json.loads(text)
    (piece,) = fields["pieces"]
    assert piece["warnings"][0].startswith(
        "primer: lasts 13 s, and 9 s are wished in all; it is gone on from its first 3 s. --primer-seconds"
    )
    score = read(piece["files"]["mid"])
    given = {round(float(second), 2) for track in primer.tracks for second in seconds_at(primer, track.start) if second < 2.9}
    assert len(given) > 2 and given <= set(np.round(seconds_at(score, score.tracks[0].start), 2).tolist())
    assert 7 < duration_seconds(score) <= 10 and fields["real_time_factor"] > 0


def test_a_beginning_cannot_be_asked_to_be_all(performer, tmp_path):
    write(chorale(0), tmp_path / "primer.mid")
    wishes = ("--primer", tmp_path / "primer.mid", "--primer-seconds", 10, "--seconds", 10)
    status, _, error = run("compose", "--model", performer, *wishes, "--out", tmp_path)
    assert status == 1 and "--primer-seconds 10: --seconds 10 are wished in all, the primer's included. Give less." in error
