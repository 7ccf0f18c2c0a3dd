"""From performances and a piano to a voice."""

import numpy as np
import pytest
import torch
from test_piano_stream import performance, piano

from partimento.errors import ConfigError
from partimento.models.ear_heads import KEYS
from partimento.models.wavenet import WaveNet, WaveNetConfig
from partimento.models.wavenet_session import WaveNetSession
from partimento.models.wavenet_shape import CONTEXT, ROLL, SAMPLES_PER_FRAME, STEP
from partimento.training.playing import LEAST_NOISE, MOST_NOISE, Playing, noise
from partimento.training.voice_stream import VoiceStream, linear_prediction
from partimento.training.voices import VoicePlan, fit_voice


@pytest.fixture(scope="module")
def bank():
    return piano()


def stream(bank, seed=0):
    return VoiceStream([performance(), performance(30)], bank, size=(2, 50), seed=seed)


def test_a_batch_has_sound_and_what_the_keys_did(bank):
    batch = stream(bank).next()
    assert batch.sound.shape == (2, 50 * SAMPLES_PER_FRAME) and batch.roll.shape == (2, 50, ROLL)
    assert float(batch.sound.abs().max()) <= 1 and batch.sound.std() > 0.001
    assert (batch.roll >= 0).all() and (batch.roll <= 1).all()


def test_sound_rises_where_a_key_is_struck(bank):
    louder = []
    for seed in range(12):
        batch = stream(bank, seed).next()
        for sound, roll in zip(batch.sound.numpy(), batch.roll.numpy(), strict=True):
            energy = np.square(sound.reshape(50, SAMPLES_PER_FRAME)).mean(axis=1)
            for frame in np.flatnonzero(roll[:, :KEYS].any(axis=1)):
                if 3 <= frame < 45:
                    louder.append(energy[frame : frame + 4].mean() > energy[frame - 3 : frame].mean())
    assert len(louder) > 10 and np.mean(louder) > 0.8


def test_it_goes_on_where_it_stood(bank):
    first = stream(bank)
    first.next()
    second = stream(bank)
    second.restore(first.state())
    assert torch.equal(first.next().sound, second.next().sound) and first.epoch == 1


def test_it_learns_to_begin_in_the_middle_of_a_note(bank):
    torch.manual_seed(0)
    playing = Playing(WaveNet(WaveNetConfig(stacks=1, layers=4, residual=8, skip=8, context=8)))
    batch = stream(bank).next()
    before = float(playing.losses(batch)["nats"].detach())
    batch.sound[:, 0] = 0.9  # the first sample counts as any other
    assert float(playing.losses(batch)["nats"].detach()) > before
    assert playing.validate([batch]) > -12


def test_batches_made_ahead_are_the_same(bank):
    one, two = stream(bank), VoiceStream([performance(), performance(30)], bank, size=(2, 50), seed=0, workers=1)
    for _ in range(3):
        assert torch.equal(one.next().sound, two.next().sound)


def test_a_voice_is_made_and_can_play(bank, tmp_path):
    plan = VoicePlan(size="tiny", steps=4, precision="fp32", rows=2)
    voice = fit_voice([performance()], [performance(40)], bank, plan=plan, folder=tmp_path)
    assert voice.progress.step == 4 and set(voice.figures) == {"nats_per_sample", "with_other_notes"}
    session = WaveNetSession(voice.graphs[CONTEXT], voice.graphs[STEP])
    sound = np.concatenate(list(session.play([session.told(np.zeros((3, ROLL), np.float32))[None]], [np.random.default_rng(0)])), axis=1)
    assert sound.shape == (1, 3 * SAMPLES_PER_FRAME) and np.isfinite(sound).all()


def test_something_must_be_learnt_from(bank, tmp_path):
    with pytest.raises(ConfigError, match="voice: size 'huge', 1 and 0 performances; expected some of each, and a size of tiny"):
        fit_voice([performance()], [], bank, plan=VoicePlan(size="huge"), folder=tmp_path)


def test_a_sketch_comes_with_what_it_is_of(bank):
    plain = stream(bank).next()
    sketched = VoiceStream([performance(), performance(30)], bank, size=(2, 50), seed=0, sketch=bank).next()
    assert plain.sketch is None and torch.equal(plain.sound, sketched.sound)
    assert torch.equal(sketched.sketch.clamp(-1, 1), sketched.sound)  # for it was made on the same piano


def test_noise_is_as_loud_as_chance_has_it():
    torch.manual_seed(0)
    made = noise(torch.zeros(40, 4096))
    loud = made.std(dim=1)
    assert LEAST_NOISE < float(loud.min()) < 1e-4 < float(loud.max()) < 1.5 * MOST_NOISE
    fast, slow = (float(part.std()) for part in (made[:, 1:] - made[:, :-1], made[:, 1:] + made[:, :-1]))
    assert slow > fast  # half of it is slow


def test_a_linear_prediction_is_what_goes_on_by_itself():
    random, made = np.random.default_rng(0), np.zeros(20_000)
    for at in range(2, len(made)):
        made[at] = 1.6 * made[at - 1] - 0.9 * made[at - 2] + random.normal()
    weights = linear_prediction([made.astype(np.float32)], 4)
    assert weights == pytest.approx([0, 0, -0.9, 1.6], abs=0.03)
    tone = np.sin(np.arange(8192) * 0.3).astype(np.float32)
    poles = np.roots([1, *-linear_prediction([tone], 8)[::-1]])
    assert np.abs(poles).max() < 1
