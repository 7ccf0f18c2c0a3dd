"""The judge: a small network that says whether what it hears is a piano.

Ours, after no paper: four convolutions over time and bins, the last of them looked at twice. The mean over everything says what the
sound is like as a whole, and the greatest over the bins of the mean over time what it is like where most goes on, wherever on the
keyboard that is. 30 thousand weights, for it must be told of many instruments and remember none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError
from partimento.models.batch_norm import BatchNorm
from partimento.models.piano_judge_shape import LAYERS, pads_of

DROPOUT = 0.3
"""Share of what is heard in the end that is dropped in training."""


@dataclass(frozen=True)
class PianoJudgeConfig:
    """Shape of a judge.

    Attributes:
        channels: Of the first convolution; the others have up to three times as many.
        bins: Bins of a spectrum.
        windows: Spectra of one moment.
    """

    channels: int = 16
    bins: int = 300
    windows: int = 2

    def __post_init__(self) -> None:
        if not (1 <= self.channels <= 256 and 24 <= self.bins <= 4096 and 1 <= self.windows <= 16):
            raise ConfigError(
                f"judge: {self.channels} channels, {self.bins} bins, {self.windows} windows; "
                "expected 1 to 256 channels, 24 to 4,096 bins, 1 to 16 windows."
            )


class PianoJudge(nn.Module):
    """The network; `forward` hears stretches and says of each how much it is a piano.

    Args:
        config: Its shape.
    """

    def __init__(self, config: PianoJudgeConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.windows, *(times * config.channels for times, _, _ in LAYERS)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, kernel, strides, pads_of(kernel))
            for before, after, (_, kernel, strides) in zip(widths[:-1], widths[1:], LAYERS, strict=True)
        )
        self.norms = nn.ModuleList(BatchNorm(width) for width in widths[1:])
        self.dropout = nn.Dropout(DROPOUT)
        self.out = nn.Linear(2 * widths[-1], 1)

    def forward(self, spectra: Tensor) -> Tensor:
        """Return the logit that each stretch is a piano, shape (batch,).

        Args:
            spectra: Shape (batch, time, windows, bins), see `audio.thirds`; any time.
        """
        hidden = spectra.transpose(1, 2)  # (batch, windows, time, bins)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = torch.relu(norm(convolution(hidden)))
        whole = torch.cat([hidden.mean(dim=(2, 3)), hidden.mean(dim=2).amax(dim=2)], dim=1)
        said: Tensor = self.out(self.dropout(whole))
        return said.squeeze(1)
