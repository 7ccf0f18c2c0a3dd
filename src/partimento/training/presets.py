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
    "play-bach": Preset(
        "play_bach",
        "chords",
        "Boudalier's Play Bach 2021, model 2: embeddings of 200, 2 layers of 300, attention, heads for pitch and duration; "
        "accuracy of pitch 0.95 in training and 0.47 in validation, of duration 0.98 and 0.85, after 46 epochs",
        "Attention over 64 events (his saw one state); batch normalisation as in his model 1; duration knows the pitch; whole pieces "
        "read in order, split by piece (his windows overlapped across the split); AdamW; metre, pickup and end are said.",
        {
            "tiny": {"embedding": 32, "units": 64, "window": 40, "dropout": 0.25},
            "small": {"embedding": 100, "units": 200, "dropout": 0.4},
            "base": {"embedding": 200, "units": 300, "dropout": 0.4},
        },
        learning_rate=3e-3,
        rows=16,
        time=100,
    ),
    "play-bach-onehot": Preset(
        "play_bach_onehot",
        "chords",
        "Boudalier's Play Bach 2021, model 1: one-hot, 2 layers of 300, batch normalisation, dropout 0.4",
        "Pitch and duration in turn; whole pieces read in order with the state carried on, split by piece; AdamW.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 2, "units": 200, "dropout": 0.4},
            "base": {"layers": 2, "units": 300, "dropout": 0.4},
        },
        learning_rate=3e-3,
        rows=16,
        time=100,
    ),
    "play-bach-embedding": Preset(
        "char_rnn",
        "chords",
        "Boudalier's Play Bach 2021, model 3: embedding of 50, 2 layers of 300; size small has the one layer of its variant micro",
        "Pitch and duration in turn; whole pieces read in order with the state carried on, split by piece; AdamW.",
        {
            "tiny": {"layers": 1, "units": 64, "embedding": 50, "dropout": 0.25},
            "small": {"layers": 1, "units": 300, "embedding": 50, "dropout": 0.4},
            "base": {"layers": 2, "units": 300, "embedding": 50, "dropout": 0.4},
        },
        learning_rate=2e-3,
        rows=16,
        time=100,
    ),
    "play-bach-micro": Preset(
        "play_bach_conv",
        "chords",
        "Boudalier's micro_bach 2021, model 4: the last 100 ids as 10 x 10 numbers, convolutions of 80 and 64 channels",
        "Pitch and duration in turn, so 50 events; sizes tiny and small see learnt numbers in place of an id's own; split by piece; AdamW.",
        {
            "tiny": {"channels": 20, "embedding": 8},
            "small": {"channels": 80, "embedding": 16},
            "base": {"channels": 80},
        },
        learning_rate=2e-3,
        rows=16,
        time=50,
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
