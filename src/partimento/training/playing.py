"""Learning to play: the `Trainable` of a WaveNet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, pad

from partimento.models.wavenet import WaveNet, nats_of
from partimento.training.voice_stream import VoiceStretches

LEAST_NOISE, MOST_NOISE = 1e-5, 4e-4
"""Of what is added to the samples that are heard, standard deviation of a stretch."""

SLOW = 0.98
"""What a slow noise keeps of itself from sample to sample."""


class Playing:
    """What samples cost.

    In training the samples that are heard are not quite those that were played: with noise, fast or slow, of any loudness up to a
    hundredth of the music's. So the network learns to come back from its own mistakes, where it would else follow them (as Valin and
    Skoglund 2019, LPCNet, section 3.4).

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
    """Return noise for some stretches, each as loud as chance has it, half of it fast and half slow; same shape, (rows, samples)."""
    loud = torch.exp(torch.empty(len(sound), 2, 1, device=sound.device).uniform_(math.log(LEAST_NOISE), math.log(MOST_NOISE)))
    fast, slow = torch.randn(2, *sound.shape, device=sound.device)
    count = min(256, sound.shape[1])
    kept = SLOW ** torch.arange(count, device=sound.device).flip(0)
    smooth = conv1d(pad(slow[:, None], (count - 1, 0)), kept[None, None])[:, 0] * (1 - SLOW**2) ** 0.5
    both: Tensor = loud[:, 0] * fast + loud[:, 1] * smooth
    return both
