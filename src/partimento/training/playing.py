"""Learning to play: the `Trainable` of a WaveNet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from partimento.models.wavenet import WaveNet, nats_of
from partimento.training.voice_stream import VoiceStretches


class Playing:
    """What samples cost.

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
        return {"nats": self._nats(batch).mean()}

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

    def _nats(self, batch: VoiceStretches) -> Tensor:
        """What each sample costs, shape (rows, samples)."""
        device = next(self.module.parameters()).device
        sound, roll = batch.sound.to(device), batch.roll.to(device)
        return nats_of(self.module(sound, roll), sound, self._output)
