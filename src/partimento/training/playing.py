"""Learning to play: the `Trainable` of a WaveNet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from partimento.models.wavenet import WaveNet, nats_of
from partimento.models.wavenet_shape import SAMPLE_RATE
from partimento.training.voice_stream import VoiceStretches

LEAST_NOISE, MOST_NOISE = 1e-5, 2e-4
"""Of what is added to the samples that are heard, standard deviation of a stretch."""

TONES, LEAST_TONE, MOST_TONE = 4, 1e-4, 3e-2
"""Tones that nobody plays: how many are added to every second stretch, and how loud each is."""

LOWEST_TONE, HIGHEST_TONE = 4.0, 4_000.0
"""Hz."""


class Playing:
    """What samples cost.

    In training the samples that are heard are not quite those that were played: with noise (as in Valin and Skoglund 2019, LPCNet, section
    3.4), and every second time with tones that nobody plays. So the network learns to come back from its own mistakes, where it would
    else follow them, and that what it is told counts for more than what it hears.

    Before a stretch there is silence, though notes may sound on in it: so the network learns to begin in the middle, as it has to
    where long pieces are played in stretches.

    Args:
        module: The network.
    """

    def __init__(self, module: WaveNet) -> None:
        self.module: nn.Module = module
        self._output = module.config.output

    def losses(self, batch: VoiceStretches) -> dict[str, Tensor]:
        """Return nats a sample."""
        return {"nats": self._nats(batch, noisy=True).mean()}

    @torch.no_grad()
    def validate(self, batches: Iterable[VoiceStretches]) -> float:
        """Return nats a sample."""
        self.module.eval()
        found = [float(self._nats(batch).mean()) for batch in batches]
        self.module.train()
        return float(np.mean(found))

    def state(self) -> Mapping[str, Tensor]:
        """Nothing is carried from batch to batch."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing is carried from batch to batch."""

    def _nats(self, batch: VoiceStretches, *, noisy: bool = False) -> Tensor:
        """What each sample costs, shape (rows, samples)."""
        device = next(self.module.parameters()).device
        sound, roll = batch.sound.to(device), batch.roll.to(device)
        heard = sound + noise(sound) if noisy else sound
        sketch = None if batch.sketch is None else batch.sketch.to(device)
        return nats_of(self.module(heard, roll, sketch), sound, self._output)


def noise(sound: Tensor) -> Tensor:
    """Return what is added to some stretches, shape (rows, samples): noise as loud as chance has it, and to every second one tones."""
    rows, samples = sound.shape
    loud = _between(LEAST_NOISE, MOST_NOISE, (rows, 1), sound.device)
    hertz = _between(LOWEST_TONE, HIGHEST_TONE, (rows, TONES, 1), sound.device)
    high = _between(LEAST_TONE, MOST_TONE, (rows, TONES, 1), sound.device) * (torch.rand(rows, 1, 1, device=sound.device) < 1 / 2)
    turns = hertz * torch.arange(samples, device=sound.device) / SAMPLE_RATE + torch.rand(rows, TONES, 1, device=sound.device)
    tones: Tensor = (high * torch.sin(2 * math.pi * turns)).sum(dim=1)
    return tones + loud * torch.randn(rows, samples, device=sound.device)


def _between(least: float, most: float, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Numbers by chance, their logarithms evenly spread."""
    return torch.exp(torch.empty(shape, device=device).uniform_(math.log(least), math.log(most)))
