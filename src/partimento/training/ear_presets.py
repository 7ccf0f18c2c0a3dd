"""Ears by the name people know them by: what they hear of a sound, how large they are, how long they learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partimento.audio.mel import MEL
from partimento.audio.spectrum import Spectrum
from partimento.audio.thirds import THIRDS


@dataclass(frozen=True)
class Listening:
    """How an ear listens to stretches.

    Attributes:
        spectrum: What it hears of them.
        seconds: How long they are.
        spread: Whether it feels onsets and offsets around them, or in the nearest moment alone.
    """

    spectrum: Spectrum
    seconds: float
    spread: bool


@dataclass(frozen=True)
class EarPreset:
    """One ear.

    Attributes:
        network: One of `ear_networks.EAR_NETWORKS`.
        source: Paper or program, with its numbers.
        mended: What differs here.
        listening: What it hears.
        sizes: Size -> settings of the network; base is what is published or shipped.
        steps: Size -> how long it is trained.
        learning_rate: The highest.
    """

    network: str
    source: str
    mended: str
    listening: Listening
    sizes: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, int]
    learning_rate: float


EARS: Mapping[str, EarPreset] = {
    "ears": EarPreset(
        "key_net",
        "Ours: every key hears its own partials, and all share their weights (Bittner et al. 2022 stack harmonics likewise)",
        "-",
        Listening(THIRDS, seconds=6.0, spread=True),
        {
            "tiny": {"units": 8, "dilations": (1, 2), "narrow": 2, "held": True},
            "small": {"units": 32, "dilations": (1, 1, 2, 4, 8), "narrow": 8, "held": True},
            "live": {"units": 32, "dilations": (1, 1, 2, 4, 8), "narrow": 8, "ahead": 3},
            "base": {"units": 64, "dilations": (1, 1, 2, 4, 8, 1, 2, 4), "held": True},
        },
        {"tiny": 20, "small": 3_000, "live": 12_000, "base": 12_000},
        3e-3,
    ),
    "onsets_frames": EarPreset(
        "onsets_frames",
        "Onsets and Frames, Hawthorne et al. 2018 and 2019: 229 mel bands, 48, 48 and 96 filters, 768 units, LSTMs of 256, 178,000 steps",
        "Learns from rendered pianos, in rooms and through telephones, as ours does; AdamW, half a cosine; steps of 10 s.",
        Listening(MEL, seconds=10.0, spread=False),
        {
            "tiny": {"filters": 2, "wide": 16, "memory": 8},
            "small": {"filters": 16, "wide": 256, "memory": 128},
            "base": {},
        },
        {"tiny": 20, "small": 2_800, "base": 178_000},
        1e-3,
    ),
}
"""The name an ear is trained under -> what it is."""
