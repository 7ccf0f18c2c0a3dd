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
    "nottingham": Preset(
        "char_rnn",
        "characters",
        "PanagiotisPtr's and sav132's Music-Generation-RNN (Keras, Nottingham ABC): 2 LSTM of 512, dropout .2, windows of "
        "100 with stride 1, batch 1024, Adam, 50 epochs",
        "There a character is one number, its place in the alphabet over the alphabet's size, nothing is held back to check "
        "on, and writing takes the likeliest character, with random ones thrown in every 250. Here an embedding, whole tunes "
        "with the state carried on, a split by melody, drawing by chance under a grammar, 32 rows.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.2},
            "small": {"layers": 2, "units": 256, "dropout": 0.2},
            "base": {"layers": 2, "units": 512, "dropout": 0.2},
        },
        time=100,
    ),
    "mit-lab": Preset(
        "char_rnn",
        "characters",
        "MIT 6.S191, lab 1, part 2 (2024; irish.abc): embedding 256, one LSTM of 1024, Adam 5e-3, 3000 steps of 8 x 100 "
        "characters at random places",
        "Whole tunes from their beginning with the state carried on, dropout .2 and a split by melody, where the lab has "
        "neither; a rate of 2e-3 that rises and falls, 32 rows; the text of a tune is canonical, and a grammar ends each "
        "tune, so that no song has to be looked for.",
        {
            "tiny": {"layers": 1, "units": 64, "embedding": 32, "dropout": 0.2},
            "small": {"layers": 1, "units": 512, "embedding": 256, "dropout": 0.2},
            "base": {"layers": 1, "units": 1024, "embedding": 256, "dropout": 0.2},
        },
        time=100,
    ),
    "folk-rnn": Preset(
        "char_rnn",
        "abc_tokens",
        "Sturm, Santos, Ben-Tal, Korshunova 2016: 3 LSTM of 512 over one-hot signs, dropout .5, rate .003 falling by .97 an "
        "epoch after 20, batch 64, gradients clipped at 5, 100 epochs, 5 % held back; 137 signs and 5,599,881 parameters in version 2",
        "A table of signs in place of one-hot, a rate that rises and falls over the whole run, a split by melody; keys as "
        "written, and learnt from in seven transpositions, where their version 3 has all in C.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 3, "units": 256, "dropout": 0.3},
            "base": {"layers": 3, "units": 512, "dropout": 0.5},
        },
        learning_rate=3e-3,
        rows=64,
        time=128,
    ),
    "deepjazz": Preset(
        "char_rnn",
        "lead",
        "J.-S. Kim's deepjazz (2016): 2 LSTM of 128, dropout .2, RMSprop, windows of 20 tokens every 3, batch 128, 128 epochs over 72 "
        "beats of one MIDI file, whose parts are written into the program",
        "Any piece and any number of them: melody, accompaniment and chords are found, whole melodies are read with the state carried "
        "on, notes are told from the root of their chord; its cleaning up afterwards is a grammar beforehand. It needs at least two "
        "pieces, one of them to check on.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.2},
            "small": {"layers": 2, "units": 128, "dropout": 0.2},
            "base": {"layers": 2, "units": 128, "dropout": 0.2},
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
