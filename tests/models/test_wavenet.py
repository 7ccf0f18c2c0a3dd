"""WaveNet: what a sample hangs on, what it costs, and the same sound from its graphs."""

import copy
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.wavenet import WaveNet, WaveNetConfig, mu_law_codes, nats_of
from partimento.models.wavenet_graph import wavenet_graphs
from partimento.models.wavenet_lead import SKETCH_SHARE
from partimento.models.wavenet_session import WaveNetSession
from partimento.models.wavenet_shape import CONTEXT, LOUD, MIXTURES, ROLL, SAMPLES_PER_FRAME, STEP, outputs_of

SMALL = WaveNetConfig(stacks=2, layers=4, residual=8, skip=12, context=6, context_stacks=1, context_layers=2, linear=16)
OUTPUTS = pytest.mark.parametrize("config", [SMALL, replace(SMALL, output="mu_law")], ids=["logistics", "mu_law"])


def network(config=SMALL):
    """A network with weights that say something."""
    torch.manual_seed(0)
    module = WaveNet(config)
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(1.5)
        module.output.weight.mul_(10)
        if config.output == "logistics":
            module.linear.normal_(0, 0.1)
            module.output.weight[MIXTURES : 2 * MIXTURES].mul_(100)
    return module.eval()


def session(module):
    graphs = wavenet_graphs({name: value.numpy() for name, value in module.state_dict().items()}, asdict(module.config))
    return WaveNetSession(graphs[CONTEXT], graphs[STEP])


def chances(*seeds):
    return [np.random.default_rng(seed) for seed in seeds]


def played(player, *given, **options):
    """The sound of stretches, frames behind each other."""
    return np.concatenate(list(player.play(*given, **options)), axis=1)


def rolls(frames, *, seed=0):
    return np.random.default_rng(seed).random((frames, ROLL)).astype(np.float32)


@OUTPUTS
def test_what_is_played_is_what_the_network_says_of_it(config):
    """Without chance, every sample is the likeliest one, given those before it."""
    module = network(config)
    player = session(module)
    roll = rolls(7)
    told = np.stack([player.told(roll)[:5], player.told(roll)[2:7]])
    sound = played(player, [told[:, :2], told[:, 2:]], chances(0, 1), temperature=0)
    assert sound.shape == (2, 5 * SAMPLES_PER_FRAME)
    with torch.no_grad():
        whole = torch.from_numpy(np.pad(sound[:1], ((0, 0), (0, 2 * SAMPLES_PER_FRAME))))
        said = module(whole, torch.from_numpy(roll[None]))[0, : sound.shape[1]]
    if config.output == "mu_law":
        same = said.argmax(dim=1) == mu_law_codes(torch.from_numpy(sound[0]))
        assert same.float().mean() > 0.97  # two codes may be as likely
        return
    assert sound.std() > 0.01
    weights, middles, _ = said.chunk(3, dim=1)
    likeliest = middles.gather(1, weights.argmax(dim=1, keepdim=True))[:, 0].clamp(-1, 1)
    assert sound[0] == pytest.approx(likeliest.numpy(), abs=1e-4)


def test_a_sample_hangs_on_those_within_reach_and_no_later_one():
    module = network()
    samples = (torch.rand(1, 4 * SAMPLES_PER_FRAME) - 0.5) / LOUD
    other = samples.clone()
    at = 3 * SAMPLES_PER_FRAME
    other[:, : at - module.reach] = 0
    other[:, at:] = 0.9 / LOUD
    roll = torch.from_numpy(rolls(4)[None])
    with torch.no_grad():
        mine, its = module(samples, roll)[0, at], module(other, roll)[0, at]
        assert torch.allclose(mine, its, atol=1e-4)
        other[:, at - module.reach] = 0.9 / LOUD
        assert not torch.equal(its, module(other, roll)[0, at])
    assert module.reach == session(module).reach == 1 + 2 * 15


def test_what_the_keys_do_is_heard():
    module = network()
    samples = torch.zeros(1, 2 * SAMPLES_PER_FRAME)
    with torch.no_grad():
        one, other = (module(samples, torch.from_numpy(rolls(2, seed=seed)[None])) for seed in (0, 1))
    assert (one - other).abs().max() > 0.01


def test_chances_of_all_values_are_one():
    said = torch.randn(1, 1, outputs_of("logistics"))
    said[..., 2 * MIXTURES :] -= 3  # as narrow as sound is
    values = torch.linspace(-1, 1, 65536)
    chances = torch.exp(-nats_of(said.expand(1, 65536, -1), values[None], "logistics"))
    assert float(chances.sum()) == pytest.approx(1, abs=2e-3)
    said = torch.randn(1, 1, outputs_of("mu_law"))
    codes = torch.linspace(-1, 1, 256)
    heights = torch.sign(codes) * torch.expm1(codes.abs() * math.log(256)) / 255
    assert mu_law_codes(heights).tolist() == list(range(256))
    assert float(torch.exp(-nats_of(said.expand(1, 256, -1), heights[None], "mu_law")).sum()) == pytest.approx(1, abs=1e-4)


def test_a_sure_and_narrow_guess_costs_little_and_a_wrong_one_much():
    said = torch.zeros(1, 1, outputs_of("logistics"))
    said[..., MIXTURES : 2 * MIXTURES] = 0.25
    said[..., 2 * MIXTURES :] = -8
    right, wrong = (float(nats_of(said, torch.tensor([[value]]), "logistics")) for value in (0.25, 0.5))
    assert right < 4 and wrong > 100
    assert torch.isfinite(nats_of(said, torch.tensor([[-1.0]]), "logistics")).all()


@OUTPUTS
def test_one_stretch_can_be_learnt(config):
    module = network(config).train()
    time = torch.arange(6 * SAMPLES_PER_FRAME) / 16_000
    samples, roll = 0.4 * torch.sin(2 * torch.pi * 440 * time)[None], torch.from_numpy(rolls(6)[None])
    optimizer = torch.optim.AdamW(module.parameters(), lr=5e-3)
    losses = []
    for _ in range(80):
        loss = nats_of(module(samples, roll), samples, config.output).mean()
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0] - 1.5


def test_stretches_do_not_hear_each_other():
    player = session(network())
    told = np.stack([player.told(rolls(3, seed=seed)) for seed in (0, 1)])
    both = played(player, [told], chances(0, 1), temperature=0)
    assert both[:1] == pytest.approx(played(player, [told[:1]], chances(9), temperature=0), abs=1e-5)


def test_a_stretch_has_its_own_chance():
    player = session(network())
    told = np.stack([player.told(rolls(3, seed=seed)) for seed in (0, 1)])
    both = played(player, [told], chances(5, 6))
    assert both[:1] == pytest.approx(played(player, [told[:1]], chances(5)), abs=1e-3)
    assert np.abs(both[1:] - played(player, [told[1:]], chances(5))).max() > 0.01


def test_the_same_seed_is_the_same_sound():
    player = session(network())
    told = player.told(rolls(3))[None]
    one = played(player, [told], chances(5))
    assert np.array_equal(one, played(player, [told[:, :1], told[:, 1:]], chances(5)))
    assert not np.array_equal(one, played(player, [told], chances(6)))
    assert one.shape == (1, 3 * SAMPLES_PER_FRAME) and np.abs(one).max() <= 1


@pytest.mark.parametrize("sketched", [False, True])
@pytest.mark.parametrize("frames", [1, 4, 11])
def test_what_was_broken_off_goes_on_to_the_same_bytes(sketched, frames):
    """Also where a stretch is being led back: the second says full scale now and then."""
    player = session(network(replace(SMALL, sketched=sketched)))
    count = 14
    told = np.stack([player.told(rolls(count, seed=seed)) for seed in (0, 1)])
    if sketched:
        sketch = np.random.default_rng(1).normal(0, 0.02, (2, count, SAMPLES_PER_FRAME)).astype(np.float32)
        told = np.concatenate([told, sketch], axis=2)
    whole = played(player, [told], chances(5, 6))
    before, after = np.split(whole, [frames * SAMPLES_PER_FRAME], axis=1)
    assert np.array_equal(after, played(player, [told[:, :3], told[:, 3:]], chances(5, 6), before=before))
    assert not np.array_equal(after, played(player, [told], chances(5, 6), before=0 * before))
    assert list(player.play([told], chances(5, 6), before=whole)) == []


@pytest.mark.parametrize("wrong", [{"stacks": 0}, {"layers": 15}, {"residual": 2000}, {"output": "gaussian"}])
def test_a_shape_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match="wavenet: .*expected"):
        WaveNetConfig(**wrong)


def test_what_is_no_wavenet_and_no_roll_is_refused():
    module = network()
    graphs = wavenet_graphs({name: value.numpy() for name, value in module.state_dict().items()}, asdict(module.config))
    with pytest.raises(ValueError, match="do not say how far they look back, expected those of a WaveNet"):
        WaveNetSession(graphs[STEP], graphs[CONTEXT])
    with pytest.raises(ValueError, match=r"a roll has shape \(3, 5\), expected \(frames, 177\)"):
        session(module).told(np.zeros((3, 5), np.float32))


def test_a_sketch_is_heard_and_played_by_alike():
    module = network(replace(SMALL, sketched=True))
    player = session(module)
    roll, sketch = rolls(3), np.random.default_rng(1).normal(0, 0.2, (1, 3, SAMPLES_PER_FRAME)).astype(np.float32)
    told = np.concatenate([player.told(roll)[None], sketch], axis=2)
    sound = played(player, [told[:, :1], told[:, 1:]], chances(0), temperature=0)
    with torch.no_grad():
        given = torch.from_numpy(sketch.reshape(1, -1))
        said = module(torch.from_numpy(sound), torch.from_numpy(roll[None]), given)[0]
        other = module(torch.from_numpy(sound), torch.from_numpy(roll[None]), 0 * given)[0]
    weights, middles, _ = said.chunk(3, dim=1)
    likeliest = middles.gather(1, weights.argmax(dim=1, keepdim=True))[:, 0].clamp(-1, 1)
    assert player.sketched and not session(network()).sketched
    assert sound[0] == pytest.approx(likeliest.numpy(), abs=1e-4) and not torch.allclose(said, other)


def test_what_runs_away_is_led_back_by_its_sketch():
    """A network that says full scale whatever it hears, beside one that says silence: as long as it looks back, each time."""
    module = network(replace(SMALL, sketched=True))
    player = session(module)
    long = -(-player.reach // SAMPLES_PER_FRAME)
    frames = 3 * long + 6
    quiet, loud = (copy.deepcopy(module) for _ in range(2))
    for changed, middle in ((quiet, 0.0), (loud, 100.0)):
        with torch.no_grad():
            changed.linear.zero_()
            changed.output.weight.zero_()
            changed.output.bias[MIXTURES : 2 * MIXTURES] = middle
    sketch = np.random.default_rng(1).normal(0, 0.05, (1, frames, SAMPLES_PER_FRAME)).astype(np.float32)
    told = np.concatenate([player.told(rolls(frames))[None], sketch], axis=2)
    silent, full = (played(session(changed), [told], chances(0), temperature=0)[0].reshape(frames, -1) for changed in (quiet, loud))
    assert not silent.any()
    led = np.isclose(full, SKETCH_SHARE * sketch[0], atol=1e-6).all(axis=1)
    assert full[0] == pytest.approx(1) and led.tolist() == (9 * [False, False, *[True] * (long - 1)])[:frames]
