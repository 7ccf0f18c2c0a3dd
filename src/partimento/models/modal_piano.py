"""A piano as modes: every note is a sum of damped sines, and a small network says how loud each begins and how fast it dies away.

In the manner of Renault, Mignot and Roebel 2022 (DDSP-Piano: harmonics and noise, told by networks, learnt through spectra). Differs: what
a string does after the strike is not told frame by frame but has the form that physics gives it, so a note is a product of matrices
and plays far faster than real time; a partial is two sines a little apart, which is why it beats and dies away in two parts; noise is
what many modes of the body give together. How strings are tuned is measured beforehand, partial by partial, not learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError
from partimento.models.ear_heads import KEYS
from partimento.models.modal_piano_shape import (
    BODY,
    FASTEST,
    HIGHEST_HZ,
    LEAST_LOG_AMPLITUDE,
    MODES,
    MOST_CENTS,
    MOST_LOG_AMPLITUDE,
    PARTIALS,
    QUICKEST_RISE,
    SLOWEST,
    SLOWEST_RISE,
    SOFTEST,
    body_hz,
    phases,
)

BLOCK = 256
"""Samples that share a power of every mode."""


@dataclass(frozen=True)
class ModalPianoConfig:
    """Shape of a modal piano.

    Attributes:
        units: Of its two layers.
        known: Numbers in which a key is known.
    """

    units: int = 256
    known: int = 32

    def __post_init__(self) -> None:
        if not (4 <= self.units <= 4096 and 1 <= self.known <= 1024):
            raise ConfigError(f"modal: {self.units} units, {self.known} known; expected 4 to 4,096 and 1 to 1,024.")


class ModalPiano(nn.Module):
    """The network; `forward` gives the sound of notes from any moment on.

    Args:
        config: Its shape.
        strings: Frequency of each partial of each key (Hz), shape (KEYS, PARTIALS).
    """

    strings: Tensor
    body: Tensor
    phases: Tensor

    def __init__(self, config: ModalPianoConfig, strings: Tensor) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("strings", strings.float())
        self.register_buffer("body", torch.from_numpy(body_hz()).float(), persistent=False)
        self.register_buffer("phases", torch.from_numpy(phases()).float(), persistent=False)
        self.known = nn.Embedding(KEYS, config.known)
        self.first = nn.Linear(config.known + 2, config.units)
        self.second = nn.Linear(config.units, config.units)
        self.amplitude = nn.Linear(config.units, MODES)
        self.decay = nn.Linear(config.units, MODES)
        self.apart = nn.Linear(config.units, PARTIALS)
        self.rise = nn.Linear(config.units, 1)
        with torch.no_grad():
            falling = -4.0 - 0.05 * torch.arange(PARTIALS)
            self.amplitude.bias.copy_(torch.cat([falling, falling - 1.5, torch.full((BODY,), -8.0)]))
            self.decay.bias.copy_(torch.cat([torch.full((PARTIALS,), 0.8), torch.full((PARTIALS,), -0.5), torch.full((BODY,), 3.2)]))
            self.apart.bias.copy_(torch.linspace(-1, 1, PARTIALS)[torch.randperm(PARTIALS)])

    def forward(self, key: Tensor, velocity: Tensor, begin: Tensor, samples: int, *, rate: int) -> Tensor:
        """Return the sound of notes that are held, shape (notes, samples).

        Args:
            key: From 0, the lowest, shape (notes,).
            velocity: 0 to 1, shape (notes,).
            begin: Seconds after the strike at which the sound begins, 0 or more, shape (notes,).
            samples: So many of each, a multiple of `BLOCK`.
            rate: Samples a second.
        """
        amplitude, decay, hertz, rise = self.modes(key, velocity)
        turn = torch.complex(-decay, 2 * torch.pi * hertz)  # (notes, modes), of a second
        started = torch.exp(turn * begin[:, None]) * torch.exp(2j * torch.pi * self.phases) * amplitude
        blocks = torch.arange(0, samples, BLOCK, device=key.device) / rate
        within = torch.arange(BLOCK, device=key.device) / rate
        far = started[:, None] * torch.exp(turn[:, None] * blocks[:, None])  # (notes, blocks, modes)
        near = torch.exp(turn[:, :, None] * within)  # (notes, modes, BLOCK)
        sound = (far.real @ near.real - far.imag @ near.imag).reshape(len(key), samples)
        since = begin[:, None] + torch.arange(samples, device=key.device) / rate
        return sound * -torch.expm1(-since / rise)

    def modes(self, key: Tensor, velocity: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return amplitudes, decays (1/s) and frequencies (Hz) of notes' modes, each (notes, MODES), and their rise (s), (notes, 1)."""
        with torch.autocast(key.device.type, enabled=False):
            told = torch.cat([self.known(key), velocity[:, None], torch.log(velocity[:, None] + SOFTEST)], dim=1)
            hidden = nn.functional.silu(self.second(nn.functional.silu(self.first(told))))
            lowest, highest = torch.log(hidden.new_tensor([SLOWEST, FASTEST]))
            decay = torch.exp(torch.clamp(self.decay(hidden), lowest, highest))
            strings = self.strings[key]
            second = strings * torch.exp2(MOST_CENTS / 1200 * torch.tanh(self.apart(hidden)))
            hertz = torch.cat([strings, second, self.body.expand(len(key), BODY)], dim=1)
            amplitude = torch.exp(torch.clamp(self.amplitude(hidden), LEAST_LOG_AMPLITUDE, MOST_LOG_AMPLITUDE)) * (hertz < HIGHEST_HZ)
            rise = QUICKEST_RISE + (SLOWEST_RISE - QUICKEST_RISE) * torch.sigmoid(self.rise(hidden) - 2)
        return amplitude, decay, hertz, rise
