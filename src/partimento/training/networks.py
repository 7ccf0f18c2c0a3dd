"""Name -> network: what is needed to train one and to compose with it. Add one here and in files of its own in `models`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from partimento.errors import ConfigError, nearest
from partimento.models import (
    attention_rnn,
    attention_rnn_graph,
    batch_norm,
    biaxial,
    biaxial_graph,
    char_rnn,
    char_rnn_graph,
    coconet,
    coconet_graph,
    play_bach,
    play_bach_conv,
    play_bach_conv_graph,
    play_bach_graph,
    play_bach_onehot,
    play_bach_onehot_graph,
)
from partimento.training.lessons import Lessons, fill_in, read_in_order
from partimento.training.prepare import Prepared
from partimento.training.team import Team

Weights = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Network:
    """How a network is built, and how one step of it becomes a graph.

    Attributes:
        config: Makes its settings from ``vocabulary`` and keywords; a dataclass that refuses what does not fit.
        module: Makes the untrained network from the settings, with a ``config``; what else it must be its lessons say.
        graph: Turns its weights (float32) and settings (JSON values) into a graph for `models.onnx_session`.
        hints: Which of an encoding's `hints` its settings take.
        lessons: What it learns from and how: from module, corpus, rows, ids of a chunk, seed and team.
        uses: How often a weight is used for an id, where `--minutes` are turned into steps.
    """

    config: Callable[..., Any]
    module: Callable[[Any], nn.Module]
    graph: Callable[[Weights, Mapping[str, Any]], bytes]
    hints: tuple[str, ...] = ()
    lessons: Callable[[Any, Prepared, int, int, int, Team], Lessons] = read_in_order
    uses: float = 1.0


NETWORKS: dict[str, Network] = {
    "attention_rnn": Network(attention_rnn.AttentionRnnConfig, attention_rnn.AttentionRnn, attention_rnn_graph.step_graph),
    "biaxial": Network(
        biaxial.BiaxialConfig,
        biaxial.Biaxial,
        lambda weights, config: biaxial_graph.step_graph(weights, config, epsilon=batch_norm.EPSILON),
        ("frame", "lowest", "metres"),
    ),
    "char_rnn": Network(
        char_rnn.CharRnnConfig,
        char_rnn.CharRnn,
        lambda weights, config: char_rnn_graph.step_graph(weights, cell=config["cell"], lags=tuple(config["lags"])),
        ("lags",),
    ),
    "coconet": Network(coconet.CoconetConfig, coconet.Coconet, coconet_graph.cells_graph, ("voices",), fill_in, 46 / 5),
    "play_bach": Network(
        play_bach.PlayBachConfig,
        play_bach.PlayBach,
        lambda weights, config: play_bach_graph.step_graph(
            weights, vocabulary=config["vocabulary"], groups=config["groups"], epsilon=batch_norm.EPSILON
        ),
        ("groups",),
    ),
    "play_bach_onehot": Network(
        play_bach_onehot.PlayBachOnehotConfig,
        play_bach_onehot.PlayBachOnehot,
        lambda weights, config: play_bach_onehot_graph.step_graph(weights, epsilon=batch_norm.EPSILON, slope=play_bach_onehot.SLOPE),
    ),
    "play_bach_conv": Network(
        play_bach_conv.PlayBachConvConfig,
        play_bach_conv.PlayBachConv,
        lambda weights, config: play_bach_conv_graph.step_graph(weights, epsilon=batch_norm.EPSILON),
    ),
}


def build_network(name: str, vocabulary: int, settings: Mapping[str, Any], hints: Mapping[str, Any]) -> nn.Module:
    """Return an untrained network.

    Args:
        name: One of `NETWORKS`.
        vocabulary: Number of ids.
        settings: Of its config; they go before the hints.
        hints: What the encoding says of its ids; the network takes what it knows.

    Raises:
        ConfigError: When the name or a setting is unknown or out of range.
    """
    if name not in NETWORKS:
        raise ConfigError(f"network '{name}'{nearest(name, NETWORKS)}")
    network = NETWORKS[name]
    known = {hint: hints[hint] for hint in network.hints if hint in hints}
    try:
        config = network.config(vocabulary=vocabulary, **{**known, **settings})
    except TypeError as error:
        raise ConfigError(f"network '{name}': settings {dict(settings)} do not fit ({error}).") from error
    return network.module(config)
