"""From performances and pianos to an ear."""

import numpy as np
import pytest
from test_piano_stream import hands_and_foot, piano

from partimento.audio.thirds import THIRDS
from partimento.errors import ConfigError
from partimento.training.ears import EarPlan, Lessons, fit_ear, measured
from partimento.training.played_stretch import middle
from partimento.transcription.ear import Ear


@pytest.fixture(scope="module")
def bank():
    return piano()


def fitted(bank, folder, *, steps=4, resume=False):
    plan = EarPlan(size="tiny", steps=steps, precision="fp32", rows=1)
    return fit_ear(Lessons([hands_and_foot()], [hands_and_foot(40)], [bank], bank), plan=plan, folder=folder, resume=resume)


def test_an_ear_is_made_and_can_listen(bank, tmp_path):
    ear = fitted(bank, tmp_path)
    assert ear.progress.step == 4 and ear.config["units"] == 8
    assert set(ear.figures) == {"clean", "as_recorded"} and set(ear.figures["clean"]) == {
        "onset",
        "offset",
        "velocity",
        "all",
        "sounding",
        "pedal",
    }
    heard = Ear(ear.graph).hear([np.zeros(16_000, np.float32)])
    assert heard.heads.shape == (5, 50, 88)


def test_a_run_that_was_stopped_gives_the_same_ear(bank, tmp_path, monkeypatch):
    from partimento.training import loop  # noqa: PLC0415

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = fitted(bank, tmp_path / "whole")
    looked = loop.Loop._save

    def save_and_stop(self):
        looked(self)
        if self.progress.step == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop.Loop, "_save", save_and_stop)
        fitted(bank, tmp_path / "parts")
    parts = fitted(bank, tmp_path / "parts", resume=True)
    for name, weight in whole.weights.items():
        assert np.array_equal(weight, parts.weights[name]), name


def test_thresholds_are_those_that_find_most(bank):
    class Perfect:
        """Hears what is there, of every chance 0.45 times."""

        spectrum, says_pedal = THIRDS, True

        def hear(self, blocks):
            return self.heard

    from partimento.training import ears  # noqa: PLC0415
    from partimento.transcription.ear import Heard  # noqa: PLC0415
    from partimento.transcription.targets import targets_of  # noqa: PLC0415

    ear, played = Perfect(), hands_and_foot(40)
    stretch = middle(played, ears.TRIED_SECONDS)
    found, held = (targets_of(notes, frames=1500, rate=50.0) for notes in (stretch.sounding(), stretch.held()))
    curves = [
        np.rint(scale * curve * 255)
        for scale, curve in ((0.45, found.onset), (0.45, found.frame), (0.45, found.offset), (1, found.velocity), (0.25, held.frame))
    ]
    ear.heard = Heard(
        np.stack(curves).astype(np.uint8), (np.searchsorted(stretch.pedal, np.arange(1500) / 50, side="right") % 2 * 255).astype(np.uint8)
    )
    thresholds, figures = measured(ear, [played], bank)
    assert figures["clean"]["all"] > 95 and figures["clean"]["pedal"] > 95 and figures["clean"]["sounding"] > 95
    ear.heard = Heard(ear.heard.heads, 255 - ear.heard.pedal)
    assert measured(ear, [played], bank)[1]["clean"]["pedal"] < 5
    assert thresholds.onset < 0.45 and thresholds.frame < 0.45 and thresholds.held < 0.25


def test_something_must_be_learnt_from(bank, tmp_path):
    with pytest.raises(ConfigError, match="ear: size 'huge', 1 and 1 performances, 1 pianos; expected some of each"):
        fit_ear(Lessons([hands_and_foot()], [hands_and_foot()], [bank], bank), plan=EarPlan(size="huge"), folder=tmp_path)
