"""Voices by the name people know them by: how large they are, and how long they learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VoicePreset:
    """One voice.

    Attributes:
        source: Paper, with its numbers.
        mended: What differs here.
        sizes: Size -> settings of the network; base is what is published.
        steps: Size -> how long it is trained.
        frames: Size -> frames of a stretch, 250 a second.
        rows: Stretches of a batch.
        learning_rate: The highest.
    """

    source: str
    mended: str
    sizes: Mapping[str, Mapping[str, Any]]
    steps: Mapping[str, int]
    frames: Mapping[str, int]
    rows: int
    learning_rate: float


VOICES: Mapping[str, VoicePreset] = {
    "wavenet": VoicePreset(
        "WaveNet, van den Oord et al. 2016, told notes as in Hawthorne et al. 2019: 3 stacks of 10 layers, context 2 times 6, 16 bits",
        "Channels are ours, for none are published; strikes and the pedal are told by themselves; logistics lie around a linear "
        "prediction; small is given a sketch of its notes.",
        {
            "tiny": {"stacks": 1, "layers": 4, "residual": 8, "skip": 8, "context": 8, "context_stacks": 1, "context_layers": 2},
            "small": {"stacks": 2, "layers": 9, "residual": 32, "skip": 64, "context": 48, "context_layers": 4, "sketched": True},
            "base": {},
        },
        {"tiny": 20, "small": 20_000, "base": 10_000},
        {"tiny": 8, "small": 160, "base": 320},
        4,
        2e-3,
    ),
    "modal": VoicePreset(
        "DDSP-Piano, Renault, Mignot and Roebel 2022: harmonics and noise that networks tell, learnt through spectra of several sizes",
        "Partials die away as physics has it, in two parts, so a note is a product of matrices; their tuning is measured; no room.",
        {"tiny": {"units": 8, "known": 4}, "small": {}, "base": {"units": 512, "known": 64}},
        {"tiny": 20, "small": 8_000, "base": 16_000},
        {"tiny": 64, "small": 256, "base": 256},
        16,
        2e-3,
    ),
}
"""The name a voice is trained under -> what it is."""
