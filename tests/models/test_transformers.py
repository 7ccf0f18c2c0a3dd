"""The three Transformers in torch: what they see, what they refuse, and that they learn."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from partimento.errors import ConfigError
from partimento.models.modern_transformer import EPSILON, ModernTransformer, ModernTransformerConfig, RootNorm, turned, turns
from partimento.models.music_transformer import MusicTransformer, MusicTransformerConfig
from partimento.models.transformer import Transformer, TransformerConfig, sinusoids

ALL = {
    "transformer": (Transformer, TransformerConfig),
    "music_transformer": (MusicTransformer, MusicTransformerConfig),
    "modern_transformer": (ModernTransformer, ModernTransformerConfig),
}
VOCABULARY = 11


def network(name, **settings):
    torch.manual_seed(0)
    made, config = ALL[name]
    distances = {"distances": 6} if name == "music_transformer" else {}
    module = made(config(VOCABULARY, **{"layers": 2, "units": 16, "heads": 2, "window": 8, "dropout": 0.0, **distances, **settings}))
    for parameter in module.parameters():  # some begin at zero, and would say nothing
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return module.eval()


def said(module, ids):
    with torch.no_grad():
        logits, state = module(ids, module.start(len(ids)))
    assert state == ()
    return logits


@pytest.mark.parametrize("name", ALL)
def test_what_comes_later_changes_nothing_before(name):
    module, ids = network(name), torch.randint(0, VOCABULARY, (2, 12))
    other = ids.clone()
    other[:, 7:] = (other[:, 7:] + 1) % VOCABULARY
    one, two = said(module, ids), said(module, other)
    assert one.shape == (2, 12, VOCABULARY)
    assert torch.allclose(one[:, :7], two[:, :7], atol=1e-6) and not torch.allclose(one[:, 7], two[:, 7], atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_each_layer_sees_no_farther_than_its_window(name):
    module, ids = (
        network(name, window=3, **({"distances": 3} if name == "music_transformer" else {})),
        torch.randint(0, VOCABULARY, (1, 12)),
    )
    other = ids.clone()
    other[:, 0] = (other[:, 0] + 1) % VOCABULARY
    change = (said(module, ids) - said(module, other)).abs().amax(dim=(0, 2))
    assert (change[:5] > 1e-4).all() and (change[5:] < 1e-6).all()  # two layers, each two places back


@pytest.mark.parametrize(("name", "moves"), [("transformer", True), ("music_transformer", False), ("modern_transformer", False)])
def test_only_absolute_positions_know_where_a_window_begins(name, moves):
    module = network(name, window=4, **({"distances": 4} if name == "music_transformer" else {}))
    ids = torch.randint(0, VOCABULARY, (1, 20))
    late, early = said(module, ids)[:, -1], said(module, ids[:, 7:])[:, -1]
    assert torch.allclose(late, early, atol=1e-5) is not moves


@pytest.mark.parametrize("name", ALL)
def test_a_passage_is_learnt_by_heart(name):
    module = network(name).train()
    ids = torch.randint(0, VOCABULARY, (2, 13), generator=torch.Generator().manual_seed(3))
    optimizer = torch.optim.AdamW(module.parameters(), 1e-2)
    for _ in range(120):
        optimizer.zero_grad()
        logits, _ = module(ids[:, :-1], ())
        loss = cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1


def test_distances_beyond_the_last_count_as_the_last():
    module, ids = network("music_transformer", distances=3), torch.randint(0, VOCABULARY, (1, 12))
    wide = network("music_transformer", distances=8)
    wide.load_state_dict(
        {
            name: torch.cat([value, value[:, -1:].expand(-1, 5, -1)], dim=1) if name.endswith("relative") else value
            for name, value in module.state_dict().items()
        }
    )
    assert torch.allclose(said(module, ids), said(wide, ids), atol=1e-6)


def test_an_untrained_modern_network_is_its_embedding():
    module = ModernTransformer(ModernTransformerConfig(VOCABULARY, 3, 16, 2, dropout=0.0))
    ids = torch.randint(0, VOCABULARY, (1, 5))
    assert torch.allclose(said(module, ids), module.output(module.norm(module.embed(ids))), atol=1e-6)


def test_the_norm_and_its_gradient_are_those_of_torch():
    torch.manual_seed(0)
    stream, weight = torch.randn(2, 3, 8, dtype=torch.float64, requires_grad=True), torch.randn(8, dtype=torch.float64)
    ours, theirs = RootNorm(8).double(), torch.nn.RMSNorm(8, eps=EPSILON, dtype=torch.float64)
    found = []
    for norm in (ours, theirs):
        norm.weight.data.copy_(weight)
        (norm(stream) ** 3).sum().backward()
        found.append((norm(stream), stream.grad.clone(), norm.weight.grad.clone()))
        stream.grad = None
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(*found, strict=True))


def test_a_turn_keeps_lengths_and_tells_distances_alone():
    vectors = torch.randn(1, 9, 2, 1, 8, dtype=torch.float64, requires_grad=True)
    turn = turns(9, 8, 100.0).double()
    found = turned(vectors, turn)
    assert torch.allclose(found.norm(dim=-1), vectors.norm(dim=-1))
    same = torch.ones(1, 9, 2, 1, 8, dtype=torch.float64)
    dots = turned(same, turn)[0, :, 0, 0] @ turned(same, turn)[0, :, 1, 0].T
    assert torch.allclose(dots[3, 1], dots[8, 6]) and not torch.allclose(dots[3, 1], dots[3, 2])
    assert torch.autograd.gradcheck(lambda part: turned(part, turn), (vectors,))


def test_sinusoids_are_all_different_and_go_on():
    places = sinusoids(500, 16)
    assert places.shape == (500, 16) and torch.equal(places[:20], sinusoids(20, 16))
    assert torch.pdist(places).min() > 0.05


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"layers": 0}, "layers is 0, expected 1 to 48"),
        ({"units": 18, "heads": 2}, "units is 18, expected a multiple of twice its 2 heads"),
        ({"window": 0}, "window is 0, expected 1 to 65536"),
        ({"dropout": 1.0}, "dropout is 1.0, expected 0 to below 1"),
    ],
)
def test_settings_out_of_range_are_refused(name, settings, words):
    with pytest.raises(ConfigError, match=f"{name}: {words}"):
        ALL[name][1](VOCABULARY, **{**({"distances": 1} if name == "music_transformer" and settings.get("window", 1) else {}), **settings})


def test_more_distances_than_are_seen_are_refused():
    with pytest.raises(ConfigError, match="music_transformer: distances is 9, expected 1 to 8"):
        MusicTransformerConfig(VOCABULARY, window=8, distances=9)


def test_no_rotation_is_refused():
    with pytest.raises(ConfigError, match="modern_transformer: slowest is 1, expected above 1"):
        ModernTransformerConfig(VOCABULARY, slowest=1)
