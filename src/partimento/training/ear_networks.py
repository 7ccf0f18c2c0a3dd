"""Networks that hear: how they are made, and how a graph is made of their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from partimento.audio.spectrum import Spectra
from partimento.models.key_net import KeyNet, KeyNetConfig
from partimento.models.key_net_scales import byte_graph
from partimento.models.onnx_graph import Weights
from partimento.models.onsets_frames import OnsetsFrames, OnsetsFramesConfig
from partimento.models.onsets_frames_graph import onsets_frames_graph


@dataclass(frozen=True)
class EarNetwork:
    """One network.

    Attributes:
        build: Makes one of its settings.
        graph: Makes a graph of its weights, its settings and some spectra that it may hear, each of shape (time, windows, bins).
    """

    build: Callable[[Mapping[str, Any]], nn.Module]
    graph: Callable[[Weights, Mapping[str, Any], Sequence[Spectra]], bytes]


EAR_NETWORKS: Mapping[str, EarNetwork] = {
    "key_net": EarNetwork(lambda settings: KeyNet(KeyNetConfig(**settings)), byte_graph),
    "onsets_frames": EarNetwork(
        lambda settings: OnsetsFrames(OnsetsFramesConfig(**settings)), lambda weights, settings, _: onsets_frames_graph(weights, settings)
    ),
}
"""Name in a bundle -> how."""
