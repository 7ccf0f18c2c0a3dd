"""Kinds of ears: by the name they are trained under, what they hear, how large they are, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from partimento.audio.mel import MEL
from partimento.audio.spectrum import Spectra
from partimento.audio.thirds import THIRDS
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_scales import byte_graph
from partimento.models.onnx_graph import Weights
from partimento.models.onsets_frames import OnsetsFrames, OnsetsFramesConfig
from partimento.models.onsets_frames_graph import onsets_frames_graph
from partimento.training.piano_stream import Listening


@dataclass(frozen=True)
class EarKind:
    """How an ear is made and taught.

    Attributes:
        model: The network's name, as bundles have it.
        source: Where it comes from.
        listening: What it hears.
        sizes: Its shapes by size; base is what is published or shipped.
        steps: How long each is trained.
        learning_rate: The highest.
        build: Makes one of its settings.
        graph: Makes a graph of its weights, its settings and some spectra that it may hear, each of shape (time, windows, bins).
    """

    model: str
    source: str
    listening: Listening
    sizes: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, int]
    learning_rate: float
    build: Callable[..., nn.Module]
    graph: Callable[[Weights, Mapping[str, Any], Sequence[Spectra]], bytes]


EARS: Mapping[str, EarKind] = {
    "ears": EarKind(
        "key_net",
        "ours: every key hears its own partials, and all share their weights",
        Listening(THIRDS, seconds=6.0, spread=True),
        {
            "tiny": {"units": 8, "dilations": (1, 2), "narrow": 2},
            "small": {"units": 32, "dilations": (1, 1, 2, 4, 8), "narrow": 8},
            "base": {"units": 64, "dilations": (1, 1, 2, 4, 8, 1, 2, 4)},
        },
        {"tiny": 20, "small": 3_000, "base": 12_000},
        3e-3,
        lambda settings: KeyNet(KeyNetConfig(**settings)),
        byte_graph,
    ),
    "onsets-frames": EarKind(
        "onsets_frames",
        "Onsets and Frames, Hawthorne et al. 2018 and 2019",
        Listening(MEL, seconds=10.0, spread=False),
        {
            "tiny": {"filters": 2, "wide": 16, "memory": 8},
            "small": {"filters": 16, "wide": 256, "memory": 128},
            "base": {},
        },
        {"tiny": 20, "small": 2_800, "base": 178_000},
        1e-3,
        lambda settings: OnsetsFrames(OnsetsFramesConfig(**settings)),
        lambda weights, settings, _: onsets_frames_graph(weights, settings),
    ),
}
"""The name an ear is trained under -> how."""
