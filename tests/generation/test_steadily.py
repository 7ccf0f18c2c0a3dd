"""`compose --steady`: a performance goes on about as fast, full and loud as it began."""

import json
from dataclasses import replace

import numpy as np
import pytest

from little_music import run
from partimento.encoding.encoding import Paced
from partimento.encoding.performance.performance import Performance
from partimento.errors import EncodingError
from partimento.files.dispatch import read, write
from partimento.generation.load import load
from partimento.models.steady import EMPTIEST, GROWTH, LOUDER, SLOWEST
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds

SLOW = Score(500, (Track(np.arange(24) * 300, np.full(24, 290), 60 + np.array([0, 4, 7, 12] * 6), np.full(24, 50)),))
"""Seven seconds of soft broken chords, a tick a millisecond."""


@pytest.mark.parametrize("encoding", [Performance(), Performance("events", density=True), Performance(lowest=21, highest=108)])
def test_a_pulse_says_what_is_heard(encoding):
    assert isinstance(encoding, Paced)
    ids, pulse = encoding.encode(SLOW), encoding.pulse
    assert pulse.strikes[ids].sum() == pulse.frees[ids].sum() == 24
    assert pulse.seconds[ids].sum() == pytest.approx(duration_seconds(SLOW))
    said = pulse.velocities[ids]
    assert said[said > 0].tolist() == encoding.decode(ids).tracks[0].velocity[:1].tolist()


def test_a_beginning_is_kept_to():
    composer = load("piano-performer")
    piece = composer.compose(SLOW, seconds=16, seed=0)
    assert np.array_equal(piece.tracks[0].pitch[:24], SLOW.tracks[0].pitch)
    limits = composer._begun[1].state[0][0, 6:]
    speed = 24 / 6.9  # up to the last key struck
    wanted = [SLOWEST * GROWTH, speed / GROWTH, EMPTIEST * GROWTH, EMPTIEST, 50 + LOUDER, 50 - LOUDER]
    assert limits == pytest.approx(wanted, rel=0.01)


def test_it_is_said_in_the_piece_and_can_be_left(tmp_path):
    write(SLOW, tmp_path / "slow.mid")
    asked = [
        "compose",
        "--model",
        "piano-performer",
        "--primer",
        tmp_path / "slow.mid",
        "--seconds",
        "10",
        "--seed",
        "1",
        "--formats",
        "mid",
    ]
    words = []
    for option in ([], ["--no-steady"]):
        status, text, error = run(*asked, *option, "--out", tmp_path / str(len(words)), "--json")
        assert status == 0, error
        words.append(read(json.loads(text)["pieces"][0]["files"]["mid"]).metadata["provenance"])
    assert "min-p 0.01, seconds 10, steady," in words[0]
    assert "steady" not in words[1]


def test_what_does_not_play_in_time_cannot_be_steady():
    composer = load("folk-tunes")
    composer.sampling = replace(composer.sampling, steady=True)
    with pytest.raises(EncodingError, match=r"--steady: a model of '\w+' does not play in time\. It is for models of 'performance'"):
        composer.compose(bars=2, seed=1)
