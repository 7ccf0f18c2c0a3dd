"""Convolutions over a score as over a picture: what stands in any cell, given whatever is known of the others.

Paper: Huang, Cooijmans, Roberts, Courville, Eck, "Counterpoint by Convolution" (ISMIR 2017): four voices as channels of
a picture of steps and keys, 3 x 3 convolutions with residual connections, one softmax a cell over its keys. Differs:
the place in the bar, fermatas and the key are heard too; a key that sounds on may be struck again, which a second
output says; in place of batch normalisation, which would hear crops with little known as those with much, each
residual block has a gain and begins small (after SkipInit: De and Smith, NeurIPS 2020); smaller sizes dilate
their convolutions, as the same authors did in "The Bach Doodle" (ISMIR 2019), so that few layers see far.
Unusual: a small network beside it says the place that follows a step, so that a piece has a likelihood as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, dropout2d, pad, relu

from partimento.errors import ConfigError
from partimento.models import coconet_inputs as inputs
from partimento.models.coconet_cells import FIRST_KEY, IMPOSSIBLE, REST, Layout

GAIN = 0.25
"""What a residual block says at first: little, so that many of them add up to no more than one."""


@dataclass(frozen=True)
class CoconetConfig:
    """Shape of a network.

    Attributes:
        vocabulary: Number of ids.
        voices: The encoding's hint of that name.
        layers: Convolutions of 3 x 3 between the first one and the output; even, for two stand in each residual block.
        channels: Their width.
        dilations: How far apart the cells are that a convolution sees, in turn; 1 for neighbours.
        dropout: Share of channels dropped in training, 0 to below 1.
        place_units: Width of the network that says the next place.
        span: Steps that are remembered when a piece is read id by id.
    """

    vocabulary: int
    voices: Mapping[str, Any] = field(default_factory=dict)
    layers: int = 64
    channels: int = 128
    dilations: tuple[int, ...] = (1,)
    dropout: float = 0.0
    place_units: int = 96
    span: int = 64

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))
        if not (2 <= self.layers <= 128 and self.layers % 2 == 0 and 8 <= self.channels <= 512 and 8 <= self.place_units <= 1024):
            raise ConfigError(
                f"coconet: {self.layers} layers of {self.channels} and {self.place_units} units for places, "
                "expected an even number of 2 to 128, 8 to 512 and 8 to 1024."
            )
        if not self.dilations or not all(1 <= dilation <= 16 for dilation in self.dilations):
            raise ConfigError(f"coconet: dilations are {self.dilations}, expected some of 1 to 16.")
        if not 0 <= self.dropout < 1 or not 4 <= self.span <= inputs.MARGIN:
            raise ConfigError(
                f"coconet: dropout is {self.dropout}, span {self.span}; expected 0 to below 1, and 4 to {inputs.MARGIN} steps."
            )
        _ = self.layout

    @cached_property
    def layout(self) -> Layout:
        """Which id means what."""
        return Layout.of(self.vocabulary, self.voices)

    @property
    def steps_apart(self) -> list[int]:
        """The dilation of each layer."""
        return [self.dilations[layer % len(self.dilations)] for layer in range(self.layers)]


class Seen(NamedTuple):
    """What is known of a stretch of music.

    Attributes:
        cells: Shape (batch, voices, steps), see `coconet_cells`.
        places: Of the steps and the `MARGIN` steps before them, 0 where there is none or it is not known, else its number
            and 1; shape (batch, MARGIN + steps).
        metres: 0 where there is none, else its number and 1; shape (batch, steps).
        signatures: Number of the key signature, shape (batch,).
    """

    cells: Tensor
    places: Tensor
    metres: Tensor
    signatures: Tensor


class Said(NamedTuple):
    """What the network says of a stretch of music.

    Attributes:
        keys: Logits of what sounds in each cell, the keys and at last a rest; shape (batch, voices, steps, keys + 1).
        again: Logit that a key, should it have sounded before and sound now, is struck again; shape (batch, voices, steps, keys).
    """

    keys: Tensor
    again: Tensor


class Coconet(nn.Module):
    """The network: `forward` fills cells in, `follows` says what comes after a step."""

    planes: Tensor
    tonics: Tensor
    phase_of: Tensor

    def __init__(self, config: CoconetConfig) -> None:
        super().__init__()
        self.config = config
        layout, width, units = config.layout, config.channels, config.place_units
        self.entry = nn.Conv2d(inputs.channels(layout), width, 3, padding=1)
        self.step_embed = nn.Parameter(0.3 * torch.randn(layout.longest_bar, width))
        self.phase_embed = nn.Parameter(0.3 * torch.randn(layout.phases, width))
        self.metre_embed = nn.Parameter(0.3 * torch.randn(len(layout.bars), width))
        layers = [nn.Conv2d(width, width, 3, padding=step, dilation=step) for step in config.steps_apart]
        self.convolutions = nn.ModuleList(layers)
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        self.gains = nn.Parameter(torch.full((config.layers // 2, width), GAIN))
        self.output = nn.Conv2d(width, 2 * layout.voices, 1)
        self.rest = nn.Linear(width, layout.voices)
        self.first_metre_embed = nn.Parameter(torch.zeros(len(layout.bars)))
        self.signature_embed = nn.Parameter(torch.zeros(len(layout.bars), len(layout.tonics)))
        self.first_place_embed = nn.Parameter(torch.zeros(len(layout.bars), layout.places))
        self.now_embed = nn.Parameter(0.1 * torch.randn(1 + layout.places, units))
        self.lag_embed = nn.Parameter(0.1 * torch.randn(len(inputs.LAGS), 1 + layout.phases, units))
        self.bar_embed = nn.Parameter(0.1 * torch.randn(1 + len(layout.bars), units))
        self.heard_embed = nn.Parameter(0.1 * torch.randn(layout.voices, inputs.HEARD, units))
        self.outcome = nn.Linear(units, layout.outcomes)
        for name, value in (
            ("planes", inputs.planes(layout)),
            ("tonics", inputs.tonic_planes(layout)),
            ("phase_of", inputs.phase_of(layout)),
        ):
            self.register_buffer(name, torch.from_numpy(value), persistent=False)

    def forward(self, seen: Seen) -> Said:
        """Return what stands in every cell, given what is known of the others."""
        hidden = self.entry(self._picture(seen)) + self._beat(seen.places[:, inputs.MARGIN :], seen.metres).mT[..., None]
        for block, gain in enumerate(self.gains):
            one, two = self.convolutions[2 * block], self.convolutions[2 * block + 1]
            inner = relu(one(relu(hidden)))
            if self.config.dropout:
                inner = dropout2d(inner, self.config.dropout, self.training)
            apart = self.config.steps_apart[2 * block + 1]
            change = conv2d(inner, two.weight * gain[:, None, None, None], two.bias * gain, padding=apart, dilation=apart)
            hidden = hidden + change
        last = relu(hidden)
        batch, voices, steps = seen.cells.shape
        cells = self.output(last).float().view(batch, 2, voices, steps, -1)
        rest = self.rest(last.float().mean(dim=3).mT).float().mT[..., None]  # (batch, voices, steps, 1)
        return Said(torch.cat([cells[:, 0], rest], dim=-1), cells[:, 1])

    def follows(self, seen: Seen) -> Tensor:
        """Return logits of what comes after each step, shape (batch, steps, outcomes); what cannot is for the caller to know."""
        margin, steps = inputs.MARGIN, seen.cells.shape[2]
        hidden = self.now_embed[seen.places[:, margin:]] + self.bar_embed[seen.metres]
        phases = self.phase_of[seen.places]
        for number, lag in enumerate(inputs.LAGS):
            hidden = hidden + self.lag_embed[number][phases[:, margin - lag : margin - lag + steps]]
        heard = self._heard(seen)
        for voice in range(heard.shape[1]):
            hidden = hidden + self.heard_embed[voice][heard[:, voice]]
        logits: Tensor = self.outcome(relu(hidden))
        return logits.float()

    def opening(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of the first metre (metres,), of the signature (metres, signatures), of the first place (metres, places)."""
        layout = self.config.layout
        places = inputs.SHARPNESS * self.first_place_embed
        beyond = (
            torch.arange(layout.places, device=places.device) % layout.longest_bar
            >= torch.tensor(layout.bars, device=places.device)[:, None]
        )
        return inputs.SHARPNESS * self.first_metre_embed, inputs.SHARPNESS * self.signature_embed, places.masked_fill(beyond, IMPOSSIBLE)

    def _picture(self, seen: Seen) -> Tensor:
        """The planes of every voice, and where tonics lie, shape (batch, planes, steps, keys)."""
        shown = self.planes[seen.cells]  # (batch, voices, steps, planes, keys)
        shown = shown.transpose(2, 3).flatten(1, 2)
        tonics = self.tonics[seen.signatures][:, :, None].expand(-1, -1, shown.shape[2], -1)
        return torch.cat([shown, tonics], dim=1).contiguous(memory_format=torch.channels_last)

    def _beat(self, places: Tensor, metres: Tensor) -> Tensor:
        """What the place of each step says to every key, shape (batch, steps, channels); nothing where it is not known."""
        none = (0, 0, 1, 0)
        table = (self.phase_embed[:, None] + self.step_embed).flatten(0, 1)  # (places, channels), phase by phase
        return pad(table, none)[places] + pad(self.metre_embed, none)[metres]

    def _heard(self, seen: Seen) -> Tensor:
        """What each voice does in words that a place may hang on, shape (batch, voices, steps); see `coconet_inputs.HEARD`."""
        layout, cells = self.config.layout, seen.cells
        tonic = torch.tensor(layout.tonics, device=cells.device)[seen.signatures][:, None, None]
        key = torch.where(cells >= FIRST_KEY, (cells - FIRST_KEY) % layout.keys, -1)
        struck = (key != pad(key, (1, 0), value=-1)[:, :, :-1]) | (cells >= FIRST_KEY + layout.keys)
        return torch.where(key >= 0, 2 + 2 * ((key - tonic) % 12) + struck, (cells == REST).long())
