"""Onsets and Frames: four stacks of convolutions, of which three have a memory, and frames that know where notes begin and end.

Source: Hawthorne et al. 2018 (Onsets and Frames: Dual-Objective Piano Transcription), in the form for MAESTRO of Hawthorne et al. 2019,
which has the offset stack. Its convolutions are Kelz et al.'s (2016). Unusual: the frame stack hears what the onset and the offset
stack say, and does not teach them by it. Differs: optimiser, rate and the weights of the losses are those of our other ear. It says
nothing of the pedal: a note lasts as long as its string sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError
from partimento.models.ear_heads import HEADS, KEYS

EDGES = ("onset", "offset")
"""Stacks with a memory of their own."""

RARE = -4.0
"""What a head says before it has learnt: few keys do anything."""


@dataclass(frozen=True)
class OnsetsFramesConfig:
    """Shape of an ear. The papers' is the default.

    Attributes:
        bins: Bands of a spectrum.
        filters: Channels of the first two convolutions; the third has twice as many.
        wide: Units of a stack's fully connected layer.
        memory: Units of an LSTM, in each direction.
        dropout: Share of what convolutions say that is dropped in training.
        wide_dropout: Share of units of the fully connected layer that are dropped.
    """

    bins: int = 229
    filters: int = 48
    wide: int = 768
    memory: int = 256
    dropout: float = 0.25
    wide_dropout: float = 0.5

    def __post_init__(self) -> None:
        shares = (self.dropout, self.wide_dropout)
        if min(self.bins // 4, self.filters, self.wide, self.memory) < 1 or not all(0 <= share < 1 for share in shares):
            raise ConfigError(
                f"ear: {self.bins} bins, {self.filters} filters, {self.wide} wide, memory {self.memory}, dropout {shares}; "
                "expected at least 4 bins, 1 of each of the others, dropout from 0 to below 1."
            )


class OnsetsFrames(nn.Module):
    """The network; `forward` hears spectra and returns what each key does in each."""

    def __init__(self, config: OnsetsFramesConfig) -> None:
        super().__init__()
        self.config = config
        self.acoustic = nn.ModuleDict({name: Acoustic(config) for name in HEADS})
        width = 2 * config.memory
        self.memory = nn.ModuleDict({name: nn.LSTM(config.wide, config.memory, batch_first=True, bidirectional=True) for name in EDGES})
        self.together = nn.LSTM(3 * KEYS, config.memory, batch_first=True, bidirectional=True)
        heads = {"onset": width, "offset": width, "activation": config.wide, "frame": width, "velocity": config.wide}
        self.heads = nn.ModuleDict({name: nn.Linear(size, KEYS) for name, size in heads.items()})
        with torch.no_grad():
            for name in ("onset", "offset", "activation", "frame"):
                self.heads[name].bias.fill_(RARE)  # type: ignore[operator]

    def forward(self, spectra: Tensor) -> tuple[Tensor, None]:
        """Return logits of onset, frame, offset and velocity / 128, shape (batch, heads, time, keys), and nothing of the pedal.

        Args:
            spectra: Shape (batch, time, 1, bins), see `audio.mel`.
        """
        heard = spectra.transpose(1, 2)  # (batch, 1, time, bins)
        said = {name: self.acoustic[name](heard) for name in HEADS}  # each (batch, time, wide)
        onset, offset = (self.heads[name](self.memory[name](said[name])[0]) for name in EDGES)
        activation = self.heads["activation"](said["frame"])
        chances = [torch.sigmoid(logits) for logits in (onset.detach(), activation, offset.detach())]
        frame = self.heads["frame"](self.together(torch.cat(chances, dim=2))[0])
        return torch.stack([onset, frame, offset, self.heads["velocity"](said["velocity"])], dim=1), None


class Acoustic(nn.Module):
    """Convolutions over time and frequency, and a layer that joins all frequencies."""

    def __init__(self, config: OnsetsFramesConfig) -> None:
        super().__init__()
        sizes = (1, config.filters, config.filters, 2 * config.filters)
        self.convolutions = nn.ModuleList(nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in sizes[1:])
        self.pool = nn.MaxPool2d((1, 2))
        self.dropout = nn.Dropout(config.dropout)
        self.wide = nn.Linear(sizes[-1] * (config.bins // 2 // 2), config.wide)
        self.wide_dropout = nn.Dropout(config.wide_dropout)

    def forward(self, heard: Tensor) -> Tensor:
        """Return what is heard at each moment, shape (batch, time, wide), of (batch, 1, time, bins)."""
        hidden = heard
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            hidden = torch.relu(norm(convolution(hidden)))
            if number:
                hidden = self.dropout(self.pool(hidden))
        said: Tensor = self.wide_dropout(torch.relu(self.wide(hidden.transpose(1, 2).flatten(2))))
        return said
