"""The pictures of attention: what the script makes of bundles, a piece and a second."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from little_music import chorale
from partimento.bundle import WEIGHTS, Card, load_bundle, save_bundle
from partimento.encoding.performance.layout import Kind
from partimento.encoding.performance.performance import Performance
from partimento.errors import ConfigError
from partimento.files import write
from partimento.files.tensors import tensor_bytes
from partimento.models.layers.attention_weights import looked_at
from partimento.training.networks import build_network

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ENCODING = Performance(lowest=21, highest=108)
KINDS = ("transformer", "music_transformer", "modern_transformer")


@pytest.fixture(scope="module")
def script():
    sys.path.insert(0, str(BENCHMARKS))
    yield importlib.import_module("attention_arcs")
    sys.path.remove(str(BENCHMARKS))


def bundle(folder, kind, **facts):
    """A bundle of a random network, and the network with its weights as the bundle rounds them."""
    torch.manual_seed(1)
    settings = {"layers": 2, "units": 32, "heads": 2, "window": 20, **({"distances": 8} if kind == "music_transformer" else {}), **facts}
    module = build_network(kind, len(ENCODING.vocabulary), settings, {}).half().float().eval()
    weights = tensor_bytes({name: tensor.numpy().astype(np.float16) for name, tensor in module.state_dict().items()})
    model = {"name": kind, "preset": kind, "size": "tiny", "vocabulary": len(ENCODING.vocabulary), **settings}
    encoding = {"name": ENCODING.name, **ENCODING.options()}
    save_bundle(folder, Card(folder.name, "", "0", model, encoding, {}, {}, {}, (), {}, ""), {WEIGHTS: weights})
    return load_bundle(folder), module


@pytest.mark.parametrize("kind", KINDS)
def test_panels_have_the_weights_of_the_network_at_the_note(script, tmp_path, kind):
    found, module = bundle(tmp_path / "a", kind)
    ids = ENCODING.encode(chorale())
    moments = ENCODING.moments(ids)
    panels = script.panels_of(found, chorale(), 1.7, layers="all")
    assert [panel.title for panel in panels] == [f"a: {kind}, layer {layer} of 2" for layer in (1, 2)]
    place = panels[0].place
    assert moments.kind[place] == Kind.ON and moments.seconds[place] >= 1.7
    first = moments.seconds[(moments.kind == Kind.ON) & (moments.seconds >= 1.7)].min()
    together = (moments.kind == Kind.ON) & (moments.seconds == first)
    assert moments.seconds[place] == first and moments.key[place] == moments.key[together].max()
    expected = looked_at(module, torch.from_numpy(ids.astype(np.int64)), place)[:, :, : place + 1]  # the whole piece, beyond the note
    drawn = np.array([list(panel.heads.values()) for panel in panels])
    assert np.allclose(drawn, expected.numpy(), atol=1e-5)
    assert list(panels[0].heads) == ["head 1", "head 2"]


def test_some_layers_and_heads(script, tmp_path):
    found, _ = bundle(tmp_path / "a", "transformer")
    (panel,) = script.panels_of(found, chorale(), 0, layers="1", heads="2")
    assert panel.title.endswith("layer 1 of 2") and list(panel.heads) == ["head 2"]
    assert panel.events.lanes == ("loudness", "start, end"), "before any time has passed"


def test_one_picture_of_all(script, tmp_path, monkeypatch, capsys):
    for kind in KINDS:
        bundle(tmp_path / kind, kind)
    write(chorale(), tmp_path / "piece.mid")
    call = [*(str(tmp_path / kind) for kind in KINDS), "--piece", str(tmp_path / "piece.mid"), "--at", "3", "--before", "2"]
    for name in ("arcs.svg", "arcs.png"):
        monkeypatch.setattr(sys, "argv", ["attention_arcs.py", *call, "--out", str(tmp_path / name)])
        script.main()
        assert capsys.readouterr().out.strip().endswith(name)
    svg = (tmp_path / "arcs.svg").read_text()
    assert all(f">{kind}: {kind}, layer 2 of 2<" in svg for kind in KINDS) and svg.count('class="arc"') > 20
    assert (tmp_path / "arcs.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"at": 1e6}, r"--at 1e\+06: no note is struck from there on, the piece has \d+\.\d s"),
        ({"layers": "3"}, "--layers: '3', expected all, last, or numbers from 1 to 2"),
        ({"layers": "0"}, "--layers: '0'"),
        ({"heads": "1,x"}, "--heads: 'x', expected all"),
    ],
)
def test_what_is_not_there_is_said(script, tmp_path, settings, message):
    found, _ = bundle(tmp_path / "a", "transformer")
    with pytest.raises(ConfigError, match=message):
        script.panels_of(found, chorale(), **{"at": 0.0, **settings})


def test_more_heads_than_colours_are_to_be_chosen(script, tmp_path):
    found, _ = bundle(tmp_path / "a", "transformer", heads=16)
    with pytest.raises(ConfigError, match="--heads: 16 heads, expected 8 at most. Give some"):
        script.panels_of(found, chorale(), 0.0)
    (panel,) = script.panels_of(found, chorale(), 0.0, heads="3,16")
    assert list(panel.heads) == ["head 3", "head 16"]


def test_called_with_nothing_it_says_how_to_call_it(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["attention_arcs.py"])
    script.main()
    assert "--piece" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["attention_arcs.py", "somewhere", "--at", "3"])
    with pytest.raises(SystemExit):
        script.main()
    assert "Give --piece, --at and --out as well" in capsys.readouterr().err


def test_other_models_are_refused(script):
    shipped = load_bundle(Path(script.__file__).parent.parent / "src" / "partimento" / "zoo" / "bach-chorales")
    with pytest.raises(ConfigError, match="bach-chorales: a char_rnn of 'chorale', expected one of transformer, music_transformer"):
        script.panels_of(shipped, chorale(), 0.0)
