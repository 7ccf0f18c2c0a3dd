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
    modern_transformer,
    music_transformer,
    play_bach,
    play_bach_conv,
    play_bach_conv_graph,
    play_bach_graph,
    play_bach_onehot,
    play_bach_onehot_graph,
    transformer,
    transformer_scales,
)
from partimento.training.lessons import Lessons, fill_in, read_in_order, read_windows
from partimento.training.prepare import Prepared
from partimento.training.team import Team

Weights = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Network:
    """How a network is built, and how one step of it becomes a graph.

    Attributes:
        config: Makes its settings from ``vocabulary`` and keywords; a dataclass that refuses what does not fit.
        module: Makes the untrained network from the settings, with a ``config``; what else it must be its lessons say.
        graph: Turns its weights (float32), its settings (JSON values) and some of what it is to write, ids of shape (rows, time), into a
            graph for the session that `bundle.SESSIONS` names.
        hints: Which of an encoding's `hints` its settings take.
        lessons: What it learns from and how: from module, corpus, rows, ids of a chunk, seed and team.
        work: Time that an id takes over that of its weights' products, where `--minutes` are turned into steps: what is computed
            more than once, and what is slow (attention id by id, convolutions of few channels).
    """

    config: Callable[..., Any]
    module: Callable[[Any], nn.Module]
    graph: Callable[[Weights, Mapping[str, Any], NDArray[np.int32]], bytes]
    hints: tuple[str, ...] = ()
    lessons: Callable[[Any, Prepared, int, int, int, Team], Lessons] = read_in_order
    work: float = 1.0


def _alone(graph: Callable[[Weights, Mapping[str, Any]], bytes]) -> Callable[[Weights, Mapping[str, Any], NDArray[np.int32]], bytes]:
    """A graph that needs nothing to read."""
    return lambda weights, config, _: graph(weights, config)


NETWORKS: dict[str, Network] = {
    "attention_rnn": Network(
        attention_rnn.AttentionRnnConfig, attention_rnn.AttentionRnn, _alone(attention_rnn_graph.step_graph), work=10.0
    ),
    "biaxial": Network(
        biaxial.BiaxialConfig,
        biaxial.Biaxial,
        _alone(lambda weights, config: biaxial_graph.step_graph(weights, config, epsilon=batch_norm.EPSILON)),
        ("frame", "lowest", "metres"),
    ),
    "char_rnn": Network(
        char_rnn.CharRnnConfig,
        char_rnn.CharRnn,
        _alone(lambda weights, config: char_rnn_graph.step_graph(weights, cell=config["cell"], lags=tuple(config["lags"]))),
        ("lags",),
    ),
    "coconet": Network(coconet.CoconetConfig, coconet.Coconet, _alone(coconet_graph.cells_graph), ("voices",), fill_in, 46 / 5),
    "modern_transformer": Network(
        modern_transformer.ModernTransformerConfig, modern_transformer.ModernTransformer, transformer_scales.step_graph, (), read_windows
    ),
    "music_transformer": Network(
        music_transformer.MusicTransformerConfig, music_transformer.MusicTransformer, transformer_scales.step_graph, (), read_windows
    ),
    "play_bach": Network(
        play_bach.PlayBachConfig,
        play_bach.PlayBach,
        _alone(
            lambda weights, config: play_bach_graph.step_graph(
                weights, vocabulary=config["vocabulary"], groups=config["groups"], epsilon=batch_norm.EPSILON
            )
        ),
        ("groups",),
    ),
    "play_bach_onehot": Network(
        play_bach_onehot.PlayBachOnehotConfig,
        play_bach_onehot.PlayBachOnehot,
        _alone(lambda weights, _: play_bach_onehot_graph.step_graph(weights, epsilon=batch_norm.EPSILON, slope=play_bach_onehot.SLOPE)),
    ),
    "play_bach_conv": Network(
        play_bach_conv.PlayBachConvConfig,
        play_bach_conv.PlayBachConv,
        _alone(lambda weights, _: play_bach_conv_graph.step_graph(weights, epsilon=batch_norm.EPSILON)),
        work=5.0,
    ),
    "transformer": Network(transformer.TransformerConfig, transformer.Transformer, transformer_scales.step_graph, (), read_windows),
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
