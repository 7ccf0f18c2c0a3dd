"""Performances as scores: `convert --beats`, and what `compose` writes of a pianist's model."""

import json
import re

import numpy as np
import pytest

from little_music import run
from partimento.cli.piece_files import write_piece
from partimento.files import read, write
from partimento.score import Score, Track
from partimento.score.tempo import seconds_at


@pytest.fixture
def rubato():
    """Sixteen bars of four chords in each hand, half a second a beat, slower and faster by a tenth; a tick a millisecond."""
    beats = np.cumsum(500 * (1 + 0.1 * np.sin(np.arange(64) / 5))).astype(np.int64) + 250
    rows = [(at, 400, key, 90 if n % 4 == 0 else 70) for n, at in enumerate(beats.tolist()) for key in (48 + n % 4 * 5, 64 + n % 3, 72)]
    start, duration, pitch, velocity = np.array(rows).T
    return Score(500, (Track(start, duration, pitch, velocity),))


def test_beats_are_tracked_where_asked(rubato, tmp_path):
    write(rubato, tmp_path / "played.mid")
    status, text, error = run("convert", tmp_path / "played.mid", tmp_path / "score.musicxml", "--beats", "--json")
    assert status == 0, error
    assert json.loads(text) == {"notes": rubato.note_count, "warnings": []}
    score = read(tmp_path / "score.musicxml")
    assert [track.name for track in score.tracks] == ["right hand", "left hand"]
    on_beat = np.concatenate([track.start for track in score.tracks]) % (score.ticks_per_quarter // 2) == 0
    assert on_beat.mean() > 0.95


def test_drums_alone_have_no_beats_to_track(tmp_path):
    drums = Score(480, (Track(np.array([0]), np.array([100]), np.array([38]), np.array([90]), is_drum=True),))
    write(drums, tmp_path / "drums.mid")
    status, _, error = run("convert", tmp_path / "drums.mid", tmp_path / "score.abc", "--beats")
    assert status == 1 and "no pitched notes" in error


def test_a_played_piece_stands_in_bars_and_sounds_as_it_was_played(rubato, tmp_path):
    made = write_piece(rubato, tmp_path, "piece", ["mid", "abc", "musicxml", "html"])
    assert read(made["mid"]).tracks[0].start.tolist() == rubato.tracks[0].start.tolist()
    assert len(read(made["musicxml"]).tracks) == 2 and 'name="left hand"' in made["abc"].read_text()
    page = made["html"].read_text()
    assert "<h2>Score</h2>" in page
    times = json.loads(re.search(r'"notes": ?(\[\[.*?\]\])', page)[1])
    began = np.unique([round(begin, 3) for _, begin, _ in times])
    played = np.unique(seconds_at(rubato, rubato.tracks[0].start))
    assert max(np.abs(played - at).min() for at in began) < 0.06
