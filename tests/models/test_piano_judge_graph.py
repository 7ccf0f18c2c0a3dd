"""The judge: the same in torch and in its graph, for stretches of any length."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from partimento.errors import ConfigError
from partimento.models.batch_norm import EPSILON
from partimento.models.onnx_session import opened
from partimento.models.piano_judge import PianoJudge, PianoJudgeConfig
from partimento.models.piano_judge_graph import piano_judge_graph


def judge(config):
    """A network with weights and statistics of its own."""
    torch.manual_seed(0)
    network = PianoJudge(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.1 * torch.randn_like(weight)
        network(torch.rand(4, 40, config.windows, config.bins))  # sets the statistics
    return network.eval()


@pytest.mark.parametrize("config", [PianoJudgeConfig(channels=4), PianoJudgeConfig(channels=2, bins=30, windows=1)])
@pytest.mark.parametrize(("batch", "time"), [(1, 1), (3, 200), (2, 57)])
def test_the_graph_says_what_the_network_says(config, batch, time):
    network = judge(config)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    session = opened(piano_judge_graph(weights, asdict(config), epsilon=EPSILON))
    spectra = np.random.default_rng(time).random((batch, time, config.windows, config.bins), np.float32)
    (found,) = session.run(["logit"], {"spectra": spectra})
    with torch.no_grad():
        wanted = network(torch.from_numpy(spectra)).numpy()
    assert found.shape == wanted.shape == (batch,)
    assert found == pytest.approx(wanted, abs=1e-5)
    assert session.get_modelmeta().custom_metadata_map["spectrum"] == "thirds"


def test_it_is_small():
    assert 30_000 < sum(weight.numel() for weight in PianoJudge(PianoJudgeConfig()).parameters()) < 33_000


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"channels": 257}, {"bins": 23}, {"windows": 0}])
def test_a_shape_that_cannot_be_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"judge: .* expected 1 to 256 channels, 24 to 4,096 bins, 1 to 16 windows"):
        PianoJudgeConfig(**wrong)
