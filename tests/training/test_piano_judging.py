"""A judge is told pianos and other instruments that play the same notes."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_piano_stream import hands_and_foot, piano

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.errors import ConfigError
from partimento.models.piano_judge import PianoJudgeConfig
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.piano_judging import (
    CROP_MOMENTS,
    FAMILIES,
    LIKE_PIANOS,
    PIANO,
    RANGES,
    SECONDS,
    Band,
    JudgePlan,
    Stretches,
    fit_judge,
    heard_anew,
    in_texture,
    rendered,
)
from partimento.transcription.piano_judge import Judge

sys.path.insert(0, str(Path(__file__).parents[1] / "synthesis"))
from tiny_soundfont import bank as font


def test_ranges_are_those_of_instruments():
    for program, (low, high) in RANGES.items():
        assert 0 < program < 128 and 21 <= low <= high - 12 and high <= 108 and program // 8 in FAMILIES
    assert set(LIKE_PIANOS) <= set(RANGES)


@pytest.fixture(scope="module")
def band(tmp_path_factory):
    path = tmp_path_factory.mktemp("font") / "sine.sf2"
    path.write_bytes(font(presets=[(0, program) for program in sorted(RANGES)]))
    return Band([hands_and_foot()], [piano()], [SoundfontSynthesizer(path, sample_rate=SAMPLE_RATE, room=0)])


def test_pianos_and_others_play_by_turns(band):
    told = []
    found, again = (rendered(band, 3, np.random.default_rng(1), progress=told.append) for _ in range(2))
    assert found.spectra.shape == (6, 200, 2, 300) and found.spectra.dtype == np.float16
    assert (found.programs[::2] == PIANO).all() and set(found.programs[1::2]) <= set(RANGES)
    assert np.array_equal(found.spectra, again.spectra) and told == [1, 2, 3] * 2
    means = found.spectra.mean(axis=(1, 2, 3), dtype=float)
    assert (means > 0.1).all()


def test_nothing_is_learnt_from_a_stretch_in_which_an_instrument_is_silent(band):
    """Its notes are over before the stretch begins, where a piano's may still ring."""
    start = np.arange(8) * 9.0
    seldom = HandsAndFoot(TimedNotes(start, start + 0.2, np.full(8, 60), np.full(8, 64)), np.zeros(0), np.zeros(0))
    found = rendered(Band([seldom], band.pianos, band.fonts), 8, np.random.default_rng(0))
    assert 0 < np.count_nonzero(found.programs != PIANO) < 8


def test_what_cannot_be_learnt_from_is_refused(band):
    with pytest.raises(ConfigError, match="judge: 1 performances, 0 pianos, 1 SoundFonts; expected some of each"):
        Band(band.performances, [], band.fonts)
    late = HandsAndFoot(TimedNotes(*(np.array([value]) for value in (9.0, 9.5, 60, 64))), np.zeros(0), np.zeros(0))
    seldom = Band([late], band.pianos, band.fonts)
    with pytest.raises(ConfigError, match=r"judge: in none of 1 stretches of 1 performances a note begins\. Give others, or more"):
        rendered(seldom, 1, np.random.default_rng(0))
    alone = Stretches(np.zeros((2, 200, 2, 300), np.float16), np.array([PIANO, PIANO]))
    with pytest.raises(ConfigError, match="judge: 2 of 2 stretches to learn from are pianos; expected some, and some others"):
        fit_judge(alone, alone, plan=JudgePlan(steps=1))


def test_notes_are_played_as_an_instrument_plays_them():
    notes = TimedNotes(
        np.array([0.0, 0.0, 0.01, 1.0, 1.5, 1.51]),
        np.array([2.0, 2.0, 2.0, 3.0, 1.6, 1.6]),
        np.array([36, 64, 60, 100, 48, 60]),
        np.full(6, 64),
    )
    stretch, counts = HandsAndFoot(notes, np.array([1.0]), np.array([90.0])), set()
    for seed in range(40):
        found = in_texture(stretch, np.random.default_rng(seed), (55, 79))
        strikes = found.strikes
        counts.add(len(strikes))
        assert found.moved.tolist() == [1.0] and (np.diff(strikes.start) >= 0).all()
        assert strikes.key.min() >= 55 and strikes.key.max() <= 79 and set(strikes.key % 12) <= {0, 4}
        assert (strikes.end - strikes.start >= 0.049).all()
        if len(strikes) == 3:  # one at a time: the highest, each over when the next begins
            assert strikes.key.tolist() == [64, 76, 60]
            assert strikes.end.tolist() == pytest.approx([1.02, 1.53, 1.61], abs=0.01)
    assert counts == {3, 4}  # of a key struck twice within 50 ms one is left


def test_a_stretch_is_heard_otherwise_each_time():
    spectra = np.random.default_rng(0).uniform(1, 2, (200, 2, 300)).astype(np.float32)
    spectra[:, :, 100:] = 0
    found = [heard_anew(spectra, np.random.default_rng(seed)) for seed in range(20)]
    for each in found:
        assert each.shape == (CROP_MOMENTS, 2, 300) and each.dtype == np.float32
        assert not each[:, :, 104:296].any() and each[:, :, 10:90].min() > 0
    assert len({round(float(each.mean()), 6) for each in found}) == 20
    assert heard_anew(spectra[:30], np.random.default_rng(0)).shape == (30, 2, 300)


def lines_and_noise(count, seed):
    """Spectra with a few lines for pianos, and as loud ones with none for guitars."""
    random = np.random.default_rng(seed)
    programs = np.where(np.arange(count) % 2, 24, PIANO)
    spectra = random.uniform(0.3, 0.7, (count, 200, 2, 300))
    for number in np.flatnonzero(programs == PIANO):
        spectra[number, :, :, random.integers(20, 280, 6)] += 2
    return Stretches(spectra.astype(np.float16), programs)


def test_lines_are_told_from_noise():
    plan = JudgePlan(steps=60, rows=8, learning_rate=1e-2, least=-0.5, shape=PianoJudgeConfig(channels=2))
    train, held_out, told = lines_and_noise(24, 0), lines_and_noise(12, 1), []
    judge = fit_judge(train, held_out, plan=plan, progress=told.append)
    assert judge.figures == {"accuracy": 100.0, "pianos": 100.0, "others": 100.0, "families": {"guitars": 100.0}}
    assert told == [*range(1, 61)]
    assert judge.config == {"channels": 2, "bins": 300, "windows": 2} and judge.settings["steps"] == 60
    assert Judge(judge.graph).least == -0.5 and SECONDS == 4
    short = replace(plan, steps=2)
    assert fit_judge(train, held_out, plan=short).graph == fit_judge(train, held_out, plan=short).graph
