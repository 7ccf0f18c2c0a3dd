"""The ear: one small network that listens at every key of the piano alike.

Ours. What a key sounds like is its partials, and they lie at the same distances on a logarithmic scale whatever the key. So each key is
given the spectrum around its own partials, and all keys share their weights: what is learnt of one is known of all, and 0.2 million
weights do what networks over the whole spectrum need millions for (Bittner et al. 2022 stack harmonics likewise). Two spectra are heard
at once, which halves the work. Time is heard by dilated convolutions, for each key by itself; after each of them keys hear each other, at
every interval: a few channels are convolved along the keys, over the whole keyboard, as one product of matrices. Unusual: an onset is
not a frame but a height that rises and falls around it, so that its time can be told between frames (Kong et al. 2021). An ear that is
to hear while music is played hears little ahead: only its first blocks do.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from partimento.errors import ConfigError
from partimento.models.ear_heads import FIRST_KEY, HEADS, KEYS
from partimento.models.key_net_shape import PARTIALS, PEDAL_SPAN, PEDAL_UNITS, TOGETHER, pads_of, reach_of

RARE = [-4.0, -3.0, -4.0, 0.0, -3.0]
"""What each head says before it has learnt: few keys do anything."""


@dataclass(frozen=True)
class KeyNetConfig:
    """Shape of an ear.

    Attributes:
        bins: Bins of a spectrum, and of them three a key.
        lowest: MIDI key of the first three.
        windows: Spectra of one moment.
        units: Channels of a key.
        dilations: Of the convolutions along time, one a block, in pairs of spectra.
        narrow: Channels by which keys hear each other.
        dropout: Share of channels dropped in training.
        ahead: Blocks that hear as far ahead as back, from the first on; the others, and what is said of the pedal, hear back, twice as
            far. None where all hear ahead, the pedal's too.
        held: Whether it also says which keys are down, whatever sounds on.
    """

    bins: int = 300
    lowest: int = 20
    windows: int = 2
    units: int = 64
    dilations: tuple[int, ...] = (1, 1, 2, 4, 8, 1, 2, 4)
    narrow: int = 16
    dropout: float = 0.1
    ahead: int | None = None
    held: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "dilations", tuple(self.dilations))
        fits = self.bins % 3 == 0 and 8 <= self.units <= 512 and 1 <= self.narrow <= 64 and 0 <= self.dropout < 1
        if not fits or not self.dilations or min(self.dilations) < 1:
            raise ConfigError(
                f"ear: {self.bins} bins, {self.units} units, {self.narrow} narrow, dilations {self.dilations}, dropout {self.dropout}; "
                "expected 3 bins a key, 8 to 512 units, 1 to 64 narrow ones, at least one dilation, dropout from 0 to below 1."
            )
        if self.ahead is not None and not 0 <= self.ahead <= len(self.dilations):
            raise ConfigError(f"ear: {self.ahead} blocks hear ahead, expected 0 to {len(self.dilations)}, as many as there are, or None.")


class KeyNet(nn.Module):
    """The network; `forward` hears spectra and returns what each key does in each.

    Attributes:
        reach: Spectra to either side of those heard at once that an answer hangs on.
    """

    places: Tensor

    def __init__(self, config: KeyNetConfig) -> None:
        super().__init__()
        self.config = config
        units = config.units
        centre = 3 * (FIRST_KEY - config.lowest + torch.arange(KEYS)) + 1
        places = centre + torch.tensor([partial + side for partial in PARTIALS for side in (-1, 0, 1)])[:, None]
        self.register_buffer("places", torch.where((places >= 0) & (places < config.bins), places, config.bins), persistent=False)
        self.stem = nn.Conv2d(TOGETHER * config.windows * len(places), units, 1)
        self.register = nn.Parameter(torch.zeros(units, 1, KEYS))
        self.blocks = nn.ModuleList(
            Block(config, dilation, centred=config.ahead is None or number < config.ahead)
            for number, dilation in enumerate(config.dilations)
        )
        self.norm = nn.BatchNorm2d(units)
        self.wide = nn.Conv2d(units, units, 1)
        self.count = len(HEADS) + config.held
        self.heads = nn.Conv2d(units, TOGETHER * self.count, 1)
        self.pedal_wide = nn.Conv1d(2 * units, PEDAL_UNITS, PEDAL_SPAN)
        self.pedal = nn.Conv1d(PEDAL_UNITS, TOGETHER, PEDAL_SPAN)
        with torch.no_grad():
            self.heads.bias.copy_(torch.tensor(RARE[: self.count]).repeat(TOGETHER))  # type: ignore[union-attr]  # it has one
        self.pedal_pads = pads_of(PEDAL_SPAN - 1, centred=config.ahead is None)
        self.reach = reach_of(config.dilations, config.ahead)

    def forward(self, spectra: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of the heads, shape (batch, heads, time, keys), and of the pedal, (batch, time).

        The heads are onset, frame, offset, velocity / 128 and perhaps held.

        Args:
            spectra: Shape (batch, time, windows, bins), see `audio.thirds`; time a multiple of `TOGETHER`.
        """
        batch, time = spectra.shape[:2]
        heard = pad(spectra, (0, 1))[..., self.places]  # (batch, time, windows, partials, keys)
        heard = heard.reshape(batch, time // TOGETHER, -1, KEYS).transpose(1, 2)
        hidden = self.stem(heard)
        hidden = hidden + self.register.to(hidden.dtype)  # what is added up stays in bf16 where products are
        for block in self.blocks:
            hidden = block(hidden)
        hidden = torch.relu(self.wide(torch.relu(self.norm(hidden))))
        whole = torch.cat([hidden.mean(dim=3), hidden.amax(dim=3)], dim=1)  # (batch, 2 * units, time / TOGETHER)
        said = self.heads(hidden).unflatten(1, (TOGETHER, self.count))
        pedal = self.pedal(pad(torch.relu(self.pedal_wide(pad(whole, self.pedal_pads))), self.pedal_pads))
        return said.permute(0, 2, 3, 1, 4).reshape(batch, self.count, time, KEYS), pedal.transpose(1, 2).reshape(batch, time)


class Block(nn.Module):
    """Time, for each key by itself, then the keys at every interval; what it says is added to what it heard."""

    turned: Tensor

    def __init__(self, config: KeyNetConfig, dilation: int, *, centred: bool) -> None:
        super().__init__()
        units, narrow = config.units, config.narrow
        self.centred, self.side = centred, dilation
        self.time = nn.Conv2d(units, units, (3, 1), padding=(dilation if centred else 2 * dilation, 0), dilation=(dilation, 1))
        self.after = nn.BatchNorm2d(units)
        self.narrow = nn.Conv2d(units, narrow, 1)
        self.intervals = nn.Parameter(torch.randn(narrow, 2 * KEYS - 1) / KEYS**0.5)
        self.point = nn.Conv2d(units + narrow, units, 1)
        self.dropout = nn.Dropout2d(config.dropout)
        keys = torch.arange(KEYS)
        self.register_buffer("turned", keys - keys[:, None] + KEYS - 1, persistent=False)  # the interval from one key to another

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the next hidden state, shape (batch, units, time, keys)."""
        said = self.time(hidden)
        if not self.centred:  # silence before it and behind it, of which the latter was not asked for
            said = said[:, :, : hidden.shape[2]]
        said = torch.relu(self.after(said))
        own = self.narrow(said).permute(1, 0, 2, 3)  # (narrow, batch, time, keys)
        others = torch.bmm(own.flatten(1, 2), self.intervals[:, self.turned].to(own.dtype)).view(own.shape).permute(1, 0, 2, 3)
        added: Tensor = self.dropout(self.point(torch.cat([said, others], dim=1)))
        return hidden + added
