import pytest

from partimento.encoding.catalog import ENCODINGS, build_encoding
from partimento.errors import ConfigError
from partimento.training.counted import COUNTED
from partimento.training.networks import NETWORKS, build_network
from partimento.training.preset import SIZES
from partimento.training.presets import PRESETS


@pytest.mark.parametrize("name", sorted(name for name, made in PRESETS.items() if made.network in NETWORKS))
@pytest.mark.parametrize("size", ["tiny", "small"])
def test_every_preset_builds_on_its_encoding(name, size):
    made = PRESETS[name]
    encoding = build_encoding(made.encoding)
    module = build_network(made.network, len(encoding.vocabulary), made.sizes[size], encoding.hints)
    assert sum(weight.numel() for weight in module.parameters()) > 1000


def test_every_preset_has_every_size_and_a_known_encoding():
    for made in PRESETS.values():
        assert set(made.sizes) == set(SIZES)
        assert made.encoding in ENCODINGS or (made.encoding == "" and made.network in COUNTED)
        assert (made.network in NETWORKS) != (made.network in COUNTED)


def test_a_setting_goes_before_a_hint():
    assert build_network("char_rnn", 9, {"layers": 1, "units": 8}, {"lags": (2, 4)}).config.lags == (2, 4)
    assert build_network("char_rnn", 9, {"layers": 1, "units": 8, "lags": ()}, {"lags": (2, 4)}).config.lags == ()


def test_an_unknown_setting_is_named():
    with pytest.raises(ConfigError, match="network 'attention_rnn': settings {'cell': 'gru'} do not fit"):
        build_network("attention_rnn", 9, {"cell": "gru"}, {})
