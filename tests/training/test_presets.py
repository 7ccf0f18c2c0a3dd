import pytest
import torch

from partimento.errors import ConfigError
from partimento.training.counted import COUNTED
from partimento.training.networks import build_network
from partimento.training.preset import SIZES
from partimento.training.presets import PRESETS, preset


def built(name, size):
    made = preset(name)
    encoding = made.speaks()
    with torch.device("meta"):
        return build_network(made.network, len(encoding.vocabulary), made.sizes[size], encoding.hints)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_can_be_built_in_every_size(name):
    made = preset(name)
    assert made.source and made.mended and set(made.sizes) == set(SIZES)
    if made.network not in COUNTED:
        counts = [sum(weights.numel() for weights in built(name, size).parameters()) for size in SIZES]
        assert min(counts) == counts[0] < 250_000


def test_the_published_sizes():
    rows = {name: dict(preset(name).sizes["base"]) for name in ("nottingham", "mit-lab", "folk-rnn")}
    assert (rows["nottingham"]["layers"], rows["nottingham"]["units"], rows["nottingham"]["dropout"]) == (2, 512, 0.2)
    assert (rows["mit-lab"]["layers"], rows["mit-lab"]["units"], rows["mit-lab"]["embedding"]) == (1, 1024, 256)
    assert (rows["folk-rnn"]["layers"], rows["folk-rnn"]["units"], rows["folk-rnn"]["dropout"]) == (3, 512, 0.5)
    assert preset("folk-rnn").learning_rate == 3e-3


def test_folk_rnn_is_as_large_as_published_where_only_its_ends_differ():
    """Version 2 has 5,599,881 parameters: 137 signs, one-hot, and one bias a layer where torch has two that are added."""
    shapes = {name: weights.numel() for name, weights in built("folk-rnn", "base").named_parameters()}
    layers = sum(count for name, count in shapes.items() if name.endswith(("_hh_l0", "_l1", "_l2")))
    second_biases = 2 * 4 * 512  # of the upper layers
    ends = 4 * 512 * 137 + 137 * 512 + 137
    assert layers - second_biases + ends == 5_599_881


def test_an_unknown_preset_is_told_the_nearest():
    with pytest.raises(ConfigError, match="--model folk-rn.*folk-rnn"):
        preset("folk-rn")
