"""WaveNet that plays notes: sound sample by sample, each from those before it and from what the keys do.

Source: van den Oord et al. 2016 (WaveNet); conditioned on a roll of notes, and with a mixture of logistics for 16 bits, as in Hawthorne et
al. 2019 (MAESTRO, section 5), whose preset is `base`: 3 stacks of 10 layers, a context stack of 2 times 6. Unusual: what the
keys do is told at 250 Hz, and the context stack hears it in both directions, for notes are known beforehand. Differs: where the
papers are silent (channels) ours are chosen; a layer hears two samples; mu-law codes go in as amplitudes, not as one of 256;
logistics lie around a linear prediction (as in Valin and Skoglund 2019, LPCNet), whose weights are worked out beforehand and then
learnt on: without it a network takes a billion samples to find what they say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, cross_entropy, log_softmax, logsigmoid, pad, softplus

from partimento.errors import ConfigError
from partimento.models.ear_heads import KEYS
from partimento.models.wavenet_shape import LEAST_LOG_SCALE, LOUD, MIXTURES, MU_LAW, ROLL, dilations_of, outputs_of

OUTPUTS = ("logistics", "mu_law")

FIRST_LOG_SCALES = (-6.0, -1.0)
"""Of what it hears: logarithms of the mixture's scales before anything is learnt."""


@dataclass(frozen=True)
class WaveNetConfig:
    """Shape of a WaveNet.

    Attributes:
        stacks: How often dilations begin anew at 1.
        layers: Of a stack; each one's dilation is twice that of the one before.
        residual: Channels that go from layer to layer.
        skip: Channels that every layer adds to for the output.
        context: Channels of the context stack.
        context_stacks: As `stacks`.
        context_layers: As `layers`.
        output: ``logistics``, a mixture of them over 16 bits, or ``mu_law``, 256 codes.
        sketched: Whether it is also given a sketch of each sample, made of the notes by rule (see `synthesis.sketch`).
        linear: Samples before one of which a sum with weights is taken for the middles of logistics to lie around.
    """

    stacks: int = 3
    layers: int = 10
    residual: int = 64
    skip: int = 128
    context: int = 64
    context_stacks: int = 2
    context_layers: int = 6
    output: str = "logistics"
    sketched: bool = False
    linear: int = 32

    def __post_init__(self) -> None:
        sizes = (self.stacks, self.layers, self.residual, self.skip, self.context, self.context_stacks, self.context_layers)
        if (
            min(sizes) < 1
            or max(self.layers, self.context_layers) > 14
            or max(self.residual, self.skip, self.context) > 1024
            or not 1 <= self.linear <= 512
        ):
            raise ConfigError(f"wavenet: {vars(self)}; expected 1 to 14 layers of a stack, 1 to 1,024 channels, 1 to 512 linear.")
        if self.output not in OUTPUTS:
            raise ConfigError(f"wavenet: output '{self.output}', expected {' or '.join(OUTPUTS)}.")


class WaveNet(nn.Module):
    """The network; `forward` hears whole stretches, which is how it learns.

    Args:
        config: Its shape.
        strings: Frequencies of the partials in its sketch (Hz), shape (KEYS, partials); only where it is given one.

    Attributes:
        reach: Samples before one that it hangs on.
    """

    def __init__(self, config: WaveNetConfig, strings: Tensor | None = None) -> None:
        super().__init__()
        self.config = config
        if config.sketched:
            self.register_buffer("strings", torch.zeros(KEYS, 1) if strings is None else strings.float())
        if config.output == "logistics":
            self.linear = nn.Parameter(torch.zeros(config.linear))
        self.context_entry = nn.Conv1d(ROLL, config.context, 3, padding=1)
        self.context = nn.ModuleList(
            ContextLayer(config.context, dilation) for dilation in dilations_of(config.context_stacks, config.context_layers)
        )
        self.dilations = dilations_of(config.stacks, config.layers)
        self.told = nn.Conv1d(config.context, 2 * config.residual * len(self.dilations), 1)
        self.entry = nn.Linear(2 if config.sketched else 1, config.residual)
        self.layers = nn.ModuleList(Layer(config) for _ in self.dilations)
        self.wide = nn.Linear(config.skip, config.skip)
        self.output = nn.Linear(config.skip, outputs_of(config.output))
        self.reach = 1 + sum(self.dilations)
        if config.output == "logistics":  # at first, the linear prediction with mistakes of all sizes
            self.reach = max(self.reach, config.linear)
            with torch.no_grad():
                self.output.weight[MIXTURES : 2 * MIXTURES].mul_(0.01)
                self.output.bias[MIXTURES : 2 * MIXTURES] = 0
                self.output.bias[2 * MIXTURES :] = torch.linspace(*FIRST_LOG_SCALES, MIXTURES)

    def forward(self, samples: Tensor, roll: Tensor, sketch: Tensor | None = None) -> Tensor:
        """Return what is said of every sample, given those before it, shape (batch, samples, outputs).

        Args:
            samples: -1 to 1, shape (batch, samples), a multiple of `SAMPLES_PER_FRAME`; before the first one there is silence.
            roll: What the keys do, shape (batch, frames, ROLL), see `wavenet_shape`.
            sketch: Shape (batch, samples), where it is given one; known beforehand, so that a sample hangs on its own.
        """
        told, before = self.heard(roll), pad(samples, (1, 0))[:, :-1]
        with torch.autocast(samples.device.type, enabled=False):  # what is to be told to 16 bits must not be heard in 8
            hidden = self.entry(LOUD * torch.stack([before] if sketch is None else [before, sketch], dim=2))
        skipped = hidden.new_zeros(1)
        for layer, dilation, says in zip(self.layers, self.dilations, told.chunk(len(self.layers), dim=2), strict=True):
            past = pad(hidden, (0, 0, dilation, 0))[:, : hidden.shape[1]]
            hidden, skip = layer(past, hidden, says)
            skipped = skipped + skip
        with torch.autocast(samples.device.type, enabled=False):
            said: Tensor = self.output(torch.relu(self.wide(torch.relu(skipped))))
            if self.config.output == "logistics":
                weights, middles, scales = said.chunk(3, dim=2)
                last = pad(samples, (len(self.linear), 0))[:, None, :-1]
                guess = conv1d(last, self.linear[None, None])[:, 0, :, None]
                said = torch.cat([weights, guess + middles / LOUD, scales - math.log(LOUD)], dim=2)
        return said

    def heard(self, roll: Tensor) -> Tensor:
        """Return what the layers are told of what the keys do, shape (batch, frames, layers * 2 * residual)."""
        hidden = self.context_entry(roll.transpose(1, 2))
        for layer in self.context:
            hidden = layer(hidden)
        told: Tensor = self.told(hidden).transpose(1, 2)
        return told


class ContextLayer(nn.Module):
    """A gated convolution in both directions, added to what it heard."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.gated = nn.Conv1d(channels, 2 * channels, 3, padding=dilation, dilation=dilation)
        self.point = nn.Conv1d(channels, channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the same shape, (batch, channels, frames)."""
        value, gate = self.gated(hidden).chunk(2, dim=1)
        added: Tensor = self.point(torch.tanh(value) * torch.sigmoid(gate))
        return hidden + added


class Layer(nn.Module):
    """A residual block."""

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        self.gated = nn.Linear(2 * config.residual, 2 * config.residual)
        self.out = nn.Linear(config.residual, config.residual + config.skip)
        self.residual = config.residual

    def forward(self, past: Tensor, now: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next hidden state, shape (batch, samples, residual), and what is added for the output, (batch, samples, skip).

        What is told, (batch, frames, 2 * residual), holds for all samples of a frame.
        """
        heard = self.gated(torch.cat([past, now], dim=2)).unflatten(1, (told.shape[1], now.shape[1] // told.shape[1]))
        value, gate = (heard + told[:, :, None]).flatten(1, 2).chunk(2, dim=2)
        said = self.out(torch.tanh(value) * torch.sigmoid(gate)).float()
        return now + said[..., : self.residual], said[..., self.residual :]


def mu_law_codes(samples: Tensor) -> Tensor:
    """Return the code, 0 to `MU_LAW`, of each sample, -1 to 1 (the law of ITU-T G.711, continuous)."""
    law = torch.sign(samples) * torch.log1p(MU_LAW * samples.abs()) / math.log1p(MU_LAW)
    return torch.round((law + 1) / 2 * MU_LAW).long()


def nats_of(said: Tensor, samples: Tensor, output: str) -> Tensor:
    """Return what each sample costs, minus the natural logarithm of its chance among 65,536 or 256 values, shape (batch, samples).

    Source: Salimans et al. 2017 (PixelCNN++), section 2.1: the chance of a value is what the mixture has between the middles to its
    neighbours, the outermost values have all that lies beyond.

    Args:
        said: Of `WaveNet.forward`.
        samples: The same that it heard, -1 to 1.
        output: One of `OUTPUTS`.
    """
    if output == "mu_law":
        return cross_entropy(said.float().transpose(1, 2), mu_law_codes(samples), reduction="none")
    weights, middles, scales = said.float().chunk(3, dim=2)
    scales = scales.clamp(min=LEAST_LOG_SCALE)
    half = 1 / 65535
    off, sharp = samples[..., None] - middles, torch.exp(-scales)
    above, below = sharp * (off + half), sharp * (off - half)
    inside = torch.sigmoid(above) - torch.sigmoid(below)
    narrow = (
        sharp * off - scales - 2 * softplus(sharp * off) + math.log(2 * half)
    )  # the density times the step, where the difference is lost
    between = torch.where(inside > 1e-5, torch.log(inside.clamp(min=1e-12)), narrow)
    edge = samples[..., None]
    chance = torch.where(edge < half - 1, logsigmoid(above), torch.where(edge > 1 - half, -softplus(below), between))
    return -torch.logsumexp(chance + log_softmax(weights, dim=2), dim=2)
