"""What an ear said becomes a score in milliseconds."""

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from partimento.bundle import STEP, Bundle, Card
from partimento.errors import BundleError
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_graph import key_net_graph
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.ear import Heard
from partimento.transcription.note_decoding import Thresholds
from partimento.transcription.targets import targets_of
from partimento.transcription.transcriber import Transcriber, load_transcriber


@pytest.fixture(scope="module")
def bundle():
    torch.manual_seed(0)
    config = KeyNetConfig(units=8, dilations=(1,), narrow=2)
    network = KeyNet(config).eval()
    graph = key_net_graph({name: value.numpy() for name, value in network.state_dict().items()}, asdict(config))
    card = Card("ear", "", "0", {"name": "key_net", **asdict(config)}, {}, {}, {}, {}, (), asdict(Thresholds()), "")
    return Bundle(Path("ear"), card, {STEP: graph})


def test_notes_and_pedal_stand_where_they_were_heard(bundle):
    notes = TimedNotes(np.array([0.5, 1.234]), np.array([1.0, 3.0]), np.array([60, 64]), np.array([40, 100]))
    targets = targets_of(notes, frames=200, rate=50.0)
    pedal = np.zeros(200, np.uint8)
    pedal[75:150] = 255
    heads = np.stack([np.rint(255 * curve) for curve in (targets.onset, targets.frame, targets.offset, targets.velocity)])
    score = Transcriber(bundle).score_of(Heard(heads.astype(np.uint8), pedal))
    track = score.tracks[0]
    assert score.ticks_per_quarter == 500 and not score.tempos
    assert track.pitch.tolist() == [60, 64] and track.velocity.tolist() == [40, 100]
    assert track.start.tolist() == pytest.approx([500, 1234], abs=3)
    assert track.end.tolist() == pytest.approx([1000, 3000], abs=25)
    assert track.controls.tolist() == [[1500, 64, 127], [3000, 64, 0]]


def test_silence_has_no_notes(bundle):
    ear = Transcriber(bundle)
    assert ear.transcribe([np.zeros(ear.sample_rate, np.float32)]).note_count == 0
    assert ear.transcribe([]).note_count == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": {"name": "markov"}}, "model 'ear': is a markov and hears nothing. Train an ear"),
        ({"sampling": {"onset": 2}}, "ear: threshold of onset: 2, expected between 0 and 1. Fetch or train it again"),
        ({"sampling": {"loudness": 0.5}}, "ear: .* Fetch or train it again"),
    ],
)
def test_what_is_no_ear_is_refused(bundle, change, words):
    with pytest.raises(BundleError, match=words):
        Transcriber(replace(bundle, card=replace(bundle.card, **change)))
    with pytest.raises(BundleError, match="ear: .* Fetch or train it again"):
        Transcriber(replace(bundle, files={STEP: b"nothing"}))


def test_a_composer_is_no_ear():
    with pytest.raises(BundleError, match="model 'folk-tunes': is a char_rnn and hears nothing"):
        load_transcriber("folk-tunes")
