"""The composers people know, by the names they know them by: a network, the encoding it speaks, its sizes.

A preset re-makes a published system on this project's seam. `source` says where its numbers come from, `mended` what
is done differently here and why. Size ``base`` is the published one, ``small`` what an evening on two cores trains,
``tiny`` is for tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from partimento.errors import ConfigError, nearest

SIZES = ("tiny", "small", "base")


@dataclass(frozen=True)
class Preset:
    """One composer.

    Attributes:
        network: One of `networks.NETWORKS`, or of `counted.COUNTED`.
        encoding: What it speaks unless another is asked for.
        source: Paper or program, with its numbers.
        mended: What differs here.
        sizes: Size -> settings of the network.
        learning_rate: Highest learning rate.
        rows: Pieces read side by side.
        time: Ids read of each piece in one step; frames, where an encoding's hints name a ``frame``.
    """

    network: str
    encoding: str
    source: str
    mended: str
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {size: {} for size in SIZES})
    learning_rate: float = 2e-3
    rows: int = 32
    time: int = 160


PRESETS: dict[str, Preset] = {
    "markov": Preset(
        "markov",
        "characters",
        "Xenakis 1958; back-off by Witten and Bell 1991, method C",
        "Any order on any encoding, every order mixed in, so that every piece has a likelihood.",
    ),
    "char_rnn": Preset(
        "char_rnn",
        "characters",
        "Karpathy's char-rnn 2015: 2 layers of 512 are what most of its users name",
        "An embedding in place of one-hot, validation by piece, dropout on every path.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 2, "units": 384, "dropout": 0.25},
            "base": {"layers": 2, "units": 512, "dropout": 0.25},
        },
    ),
    "melody-rnn": Preset(
        "char_rnn",
        "melody",
        "Magenta's Melody RNN 2016, basic: 2 layers of 128, dropout .5, learning rate 1e-3",
        "An embedding in place of one-hot; metre, pickup and key at the head; all keys in place of C alone; whole pieces, state carried.",
        {
            "tiny": {"layers": 1, "units": 64, "lags": ()},
            "small": {"layers": 2, "units": 128, "dropout": 0.25, "lags": ()},
            "base": {"layers": 2, "units": 128, "dropout": 0.5, "lags": ()},
        },
        1e-3,
        time=128,
    ),
    "lookback-rnn": Preset(
        "char_rnn",
        "melody",
        "Magenta's Lookback RNN 2016 (Waite): as melody-rnn, and it sees what stood one and two bars ago",
        "Bars of 12 and of 16 steps; whether the last event repeated one a bar or two ago is for the network to see.",
        {
            "tiny": {"layers": 1, "units": 64},
            "small": {"layers": 2, "units": 128, "dropout": 0.25},
            "base": {"layers": 2, "units": 128, "dropout": 0.5},
        },
        1e-3,
        time=128,
    ),
    "attention-rnn": Preset(
        "attention_rnn",
        "melody",
        "Magenta's Attention RNN 2016 (Waite; Bahdanau et al. 2015): 2 layers of 128, attention over the last 40 outputs, dropout .5",
        "An embedding in place of one-hot and of the lookback's inputs; places before the piece are not attended to.",
        {
            "tiny": {"layers": 1, "units": 64, "span": 16},
            "small": {"layers": 2, "units": 128, "dropout": 0.25},
            "base": {"layers": 2, "units": 128, "dropout": 0.5},
        },
        1e-3,
        time=128,
    ),
    "polyphony-rnn": Preset(
        "char_rnn",
        "polyphony",
        "Magenta's Polyphony RNN 2016: 3 layers of 256, dropout .5, learning rate 1e-3",
        "An embedding in place of one-hot; metre, pickup and key at the head; whole pieces, state carried.",
        {
            "tiny": {"layers": 1, "units": 64},
            "small": {"layers": 2, "units": 256, "dropout": 0.25},
            "base": {"layers": 3, "units": 256, "dropout": 0.5},
        },
        1e-3,
    ),
    "performance-rnn": Preset(
        "char_rnn",
        "performance",
        "Magenta's Performance RNN 2017 with dynamics: 3 layers of 512, learning rate 1e-3, batches of 64",
        "An embedding in place of one-hot; one order of events within a step; whole performances, state carried.",
        {
            "tiny": {"layers": 1, "units": 64},
            "small": {"layers": 2, "units": 384},
            "base": {"layers": 3, "units": 512},
        },
        1e-3,
        rows=64,
        time=256,
    ),
}


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        ConfigError: When there is none; names the nearest.
    """
    if name not in PRESETS:
        raise ConfigError(f"--model {name}{nearest(name, PRESETS)}")
    return PRESETS[name]
