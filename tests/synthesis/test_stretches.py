"""Music cut into stretches and put together again."""

import numpy as np
import pytest

from partimento.models.wavenet_shape import SAMPLES_PER_FRAME
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.stretches import Stretch, joined, needed, needed_samples, sounding, stretches

FADE = 640


def notes(*spans):
    start, end = np.array(spans, float).T
    return TimedNotes(start, end, np.full(len(start), 60), np.full(len(start), 80))


def test_only_what_sounds_is_made():
    assert sounding(notes((0.2, 1), (3, 4))) == [(0, 1500)]  # a silence that is short is none
    assert sounding(notes((100, 101), (0.7, 1), (50, 50.5), (50.2, 90))) == [(150, 750), (12_475, 23_000), (24_975, 25_750)]


def test_a_span_is_cut_evenly():
    assert stretches([(0, 1000), (2000, 2100)], 400) == [
        Stretch(0, 333, False),
        Stretch(333, 667, True),
        Stretch(667, 1000, True),
        Stretch(2000, 2100, False),
    ]


def sound_of(plan, lead=80):
    """The joined sound of a wave that is told by the time alone, and the wave."""
    samples = plan[-1].end * SAMPLES_PER_FRAME
    wave = np.sin(np.arange(-lead * SAMPLES_PER_FRAME, samples + 99) / 50).astype(np.float32)
    pieces = []
    for each in plan:
        piece = needed(each, wave[each.begin * SAMPLES_PER_FRAME :], lead)
        assert piece.size == needed_samples(each)
        pieces.append((each, piece))
    blocks = list(joined(pieces))
    assert all(block.size for block in blocks)
    return np.concatenate(blocks), wave[lead * SAMPLES_PER_FRAME :][:samples]


def test_stretches_join():
    made, wave = sound_of(stretches([(0, 1000)], 300))
    assert made.size == wave.size
    seams = np.zeros(wave.size, bool)
    for begin in (250, 500, 750):
        seams[begin * SAMPLES_PER_FRAME - FADE : begin * SAMPLES_PER_FRAME] = True
    seams[-FADE:] = True
    assert np.array_equal(made[~seams], wave[~seams])
    inner = seams.copy()
    inner[-FADE:] = False
    assert np.abs(made[inner]).max() <= np.sqrt(2) + 1e-5 and np.abs(made[inner] - wave[inner]).max() < 0.42  # as loud as two that differ
    assert abs(made[-1]) < 1e-6


@pytest.mark.parametrize("first", [0, 150])
def test_silence_between_is_nothing(first, monkeypatch):
    monkeypatch.setattr("partimento.synthesis.stretches._MOST_ZEROS", 1000)
    made, wave = sound_of([Stretch(first, 400, False), Stretch(1000, 1200, False)])
    assert made.size == wave.size
    assert not made[400 * SAMPLES_PER_FRAME : 1000 * SAMPLES_PER_FRAME - FADE].any()
    assert not made[: max(first * SAMPLES_PER_FRAME - FADE, 0)].any()
    whole = slice(1000 * SAMPLES_PER_FRAME, 1200 * SAMPLES_PER_FRAME - FADE)
    assert np.array_equal(made[whole], wave[whole])
    assert np.abs(np.diff(made)).max() < 0.03  # it begins and ends without a click
