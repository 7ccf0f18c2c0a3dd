"""A judge hears stretches and says whether a sound hardly is a piano; the transcriber warns of it once."""

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from partimento import bundle as bundles
from partimento.audio.spectrum import SAMPLE_RATE
from partimento.audio.thirds import THIRDS
from partimento.bundle import STEP, Bundle, Card, save_bundle
from partimento.errors import BundleError
from partimento.models.batch_norm import EPSILON
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_graph import key_net_graph
from partimento.models.onnx_graph import with_facts
from partimento.models.piano_judge import PianoJudge, PianoJudgeConfig
from partimento.models.piano_judge_graph import piano_judge_graph
from partimento.transcription import piano_judge, transcriber
from partimento.transcription.certainty import Piano
from partimento.transcription.note_decoding import Thresholds
from partimento.transcription.piano_judge import JUDGE, LEAST, STRETCH_MOMENTS, TOGETHER, Judge, shipped_judge
from partimento.transcription.transcriber import Transcriber


def graph(bias=None, *, facts=None):
    """A judge with weights by chance, or one that always says the same."""
    torch.manual_seed(0)
    config = PianoJudgeConfig(channels=2)
    weights = {name: value.numpy().copy() for name, value in PianoJudge(config).eval().state_dict().items()}
    if bias is not None:
        weights["out.weight"][:], weights["out.bias"][:] = 0, bias
    return with_facts(piano_judge_graph(weights, asdict(config), epsilon=EPSILON), {LEAST: "0.0"} if facts is None else facts)


def spectra(moments, level=2.0):
    return np.random.default_rng(moments).uniform(0, level, (moments, 2, 300)).astype(np.float32)


def doubted(judge, *parts):
    judging = judge.judging()
    for part in parts:
        judging.push(part)
    return judging.finish()


class Meaning:
    """A judge whose logit is the mean of what it hears, less one; it keeps them."""

    least = 0.0

    def __init__(self):
        self.said = []

    def logits(self, stretches):
        self.said += (found := stretches.mean(axis=(1, 2, 3)) - 1).tolist()
        return found

    def judging(self):
        return piano_judge.Judging(self)


@pytest.mark.parametrize("size", [1, 199, 200, 1601, 4000])
def test_blocks_of_any_size_say_the_same(size):
    whole, judge = spectra(4 * TOGETHER * STRETCH_MOMENTS // 3), Judge(graph())
    for least in np.linspace(-1, 1, 5):
        judge.least = least
        parts = [whole[first : first + size] for first in range(0, len(whole), size)]
        assert doubted(judge, *parts) == doubted(judge, whole) == (judge.logits(whole[:1800].reshape(9, 200, 2, 300)).mean() < least)


def test_stretches_that_are_silent_are_not_judged():
    judge = Meaning()
    assert doubted(judge, spectra(400, 1.5), np.zeros((200, 2, 300), np.float32), spectra(200, 3.0)[:, :, :]) is False
    assert judge.said == pytest.approx([-0.25, -0.25, 0.5], abs=0.01)
    for always in (5.0, -5.0):
        assert not doubted(Judge(graph(always)), np.zeros((900, 2, 300), np.float32), spectra(400, 0.4))
        assert not doubted(Judge(graph(always)))


@pytest.mark.parametrize(("moments", "judged"), [(0, 0), (49, 0), (50, 1), (199, 1), (200, 1), (399, 1), (400, 2), (1799, 8), (1800, 9)])
def test_a_short_sound_is_judged_as_a_whole_and_what_is_left_of_a_long_one_not(moments, judged):
    judge = Meaning()
    assert doubted(judge, spectra(moments, 1.5)) is (judged > 0)
    assert len(judge.said) == judged


def test_little_is_kept_of_hours():
    judging = Meaning().judging()
    for _ in range(200):
        judging.push(spectra(500))
        assert sum(map(len, judging._coming)) < TOGETHER * STRETCH_MOMENTS
        assert all(each.base is None or each.base.nbytes < 4_000_000 for each in judging._coming)


@pytest.fixture(scope="module")
def ear():
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1,), narrow=2)
    weights = {name: value.numpy() for name, value in KeyNet(config).eval().state_dict().items()}
    card = Card("ear", "", "0", {"name": "key_net", **asdict(config)}, {}, {}, {}, {}, (), asdict(Thresholds()), "")
    return Bundle(Path("ear"), card, {STEP: key_net_graph(weights, asdict(config))})


def noise(seconds=5):
    return np.random.default_rng(0).uniform(-0.2, 0.2, seconds * SAMPLE_RATE).astype(np.float32)


def listened(ear, judge, watch=None):
    recording = SimpleNamespace(blocks=lambda frames: iter([noise()]), warnings=(), name="flute.wav")
    return Transcriber(ear, judge=judge).listen(recording, watch=watch)


@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize(("always", "doubts"), [(-5.0, True), (5.0, False), (None, False)])
def test_there_is_one_warning_where_either_doubts(ear, monkeypatch, sure, always, doubts):
    monkeypatch.setattr(transcriber, "piano_in", lambda heard, rate, hears_on: Piano(heard, 0.0, not sure))
    monkeypatch.setattr(Transcriber, "score_of", lambda self, heard: transcriber.score_of_notes(ONE_NOTE, np.zeros((0, 2))))
    judge = None if always is None else Judge(graph(always))
    seen = []
    for score, name in ((Transcriber(ear, judge=judge).transcribe([noise()]), ""), (listened(ear, judge, seen.append), "flute.wav: ")):
        warned = [words for words in score.warnings if words.startswith(f"{name}hardly sounds like a piano")]
        assert len(warned) == len(score.warnings) == (doubts or not sure)
    assert np.concatenate(seen).shape == (250, 2, 300)  # whoever else watches sees all


ONE_NOTE = transcriber.TimedNotes(np.array([0.5]), np.array([1.0]), np.array([60]), np.array([64]))


def test_what_is_left_out_is_said_in_place_of_doubt(ear, monkeypatch):
    monkeypatch.setattr(transcriber, "piano_in", lambda heard, rate, hears_on: Piano(heard, 3.0, False))
    (words,) = Transcriber(ear, judge=Judge(graph(-5.0))).transcribe([noise()]).warnings
    assert words.startswith("3 s of it sound like speech")


def test_an_ear_that_hears_otherwise_is_not_judged(ear):
    other = Judge(graph(-5.0, facts={LEAST: "0.0", "spectrum": "mel"}))
    assert Transcriber(ear, judge=other)._judge is None
    assert Judge(graph()).spectrum == THIRDS.name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"nothing", "onnxruntime does not take the graph"),
        (graph(facts={}), "does not say what it hears and from where on it is a piano"),
        (graph(facts={LEAST: "nan"}), "says nan of where a piano begins, expected a number"),
    ],
)
def test_what_is_no_judge_is_refused(data, words, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=words):
        Judge(data)
    shipped_as(data, tmp_path, monkeypatch)
    with pytest.raises(BundleError, match=rf"{JUDGE}: .*{words}.* Fetch it again\."):
        shipped_judge()


def shipped_as(data, folder, monkeypatch):
    """Let the package come with this judge and nothing else."""
    monkeypatch.setattr(bundles, "ZOO", folder)
    if data is not None:
        save_bundle(folder / JUDGE, Card(JUDGE, "", "0", {"name": "piano_judge"}, {}, {}, {}, {}, (), {}, ""), {STEP: data})


def test_where_a_judge_is_shipped_it_is_asked(ear, tmp_path, monkeypatch):
    save_bundle(tmp_path / "ear", ear.card, dict(ear.files))
    (tmp_path / "zoo").mkdir()
    shipped_as(None, tmp_path / "zoo", monkeypatch)
    assert shipped_judge() is None
    assert transcriber.load_transcriber(tmp_path / "ear")._judge is None
    shipped_as(graph(-5.0), tmp_path / "zoo", monkeypatch)
    assert transcriber.load_transcriber(tmp_path / "ear")._judge is not None
