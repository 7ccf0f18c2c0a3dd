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
        options: Settings of its own encoding.
    """

    network: str
    encoding: str
    source: str
    mended: str
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {size: {} for size in SIZES})
    learning_rate: float = 2e-3
    rows: int = 32
    time: int = 160
    options: Mapping[str, Any] = field(default_factory=dict)


_BIAXIAL = "Johnson's biaxial RNN 2015: 300 and 300 units along time, 100 and 50 along the notes, keys 24 to 101, 10 x 128 frames"
_BIAXIAL_MENDED = (
    "Silent, held or struck by one softmax, any metre, changes of metre read and not cut off; chunks of 64 frames with the "
    "state carried on; AdamW, and validation by piece where there was none."
)
_BIAXIAL_SIZES: Mapping[str, Mapping[str, Any]] = {
    "tiny": {"time_units": (24,), "note_units": (16,), "dropout": 0.2},
    "small": {"time_units": (150, 150), "note_units": (60, 30), "dropout": 0.3},
    "base": {"time_units": (300, 300), "note_units": (100, 50), "dropout": 0.5},
}

PRESETS: dict[str, Preset] = {
    "biaxial": Preset("biaxial", "pianoroll", _BIAXIAL, _BIAXIAL_MENDED, _BIAXIAL_SIZES, 2e-3, 10, 64, {"lowest": 24, "highest": 101}),
    "biaxial-invariant": Preset(
        "biaxial",
        "pianoroll",
        "Johnson 2017 (EvoMUSART), tied parallel networks: the same without pitch and pitch class among the inputs",
        _BIAXIAL_MENDED,
        {size: {**settings, "invariant": True} for size, settings in _BIAXIAL_SIZES.items()},
        2e-3,
        10,
        64,
        {"lowest": 24, "highest": 101},
    ),
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
}


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        ConfigError: When there is none; names the nearest.
    """
    if name not in PRESETS:
        raise ConfigError(f"--model {name}{nearest(name, PRESETS)}")
    return PRESETS[name]
