"""Recordings brought to one loudness."""

import numpy as np
import pytest

from partimento.audio import level
from partimento.audio.level import REFERENCE_DB, SILENT_DB, gated_level_db, levelled

RATE = 1_000


def tone(amplitude, seconds=2.0):
    return (amplitude * np.sqrt(2) * np.sin(np.arange(round(seconds * RATE)))).astype(np.float32)


def test_silence_and_what_is_far_softer_do_not_count():
    loud, soft, silence = tone(0.1), tone(0.005), np.zeros(8 * RATE, np.float32)
    assert gated_level_db(loud, RATE) == pytest.approx(-20, abs=0.1)
    assert gated_level_db(np.concatenate([loud, silence, soft]), RATE) == pytest.approx(-20, abs=0.1)
    assert gated_level_db(silence, RATE) == SILENT_DB
    assert gated_level_db(np.zeros(0, np.float32), RATE) == SILENT_DB


@pytest.mark.parametrize("size", [1, 300, 5_000])
def test_one_factor_brings_a_recording_to_the_reference(size, monkeypatch):
    monkeypatch.setattr(level, "LOOKED_AT_SECONDS", 2)
    sound = np.concatenate([tone(0.01), tone(0.3)])  # it is judged by its beginning
    found = np.concatenate(list(levelled((sound[at : at + size] for at in range(0, len(sound), size)), RATE)))
    assert found.dtype == np.float32
    assert found == pytest.approx(sound * (found[1] / sound[1]), abs=1e-5)
    if size < 5_000:
        assert gated_level_db(found[: 2 * RATE], RATE) == pytest.approx(REFERENCE_DB, abs=0.1)


def test_silence_stays_silent_and_nothing_stays_nothing():
    (found,) = levelled([np.zeros(RATE, np.float32)], RATE)
    assert not found.any()
    assert not list(levelled([], RATE))
