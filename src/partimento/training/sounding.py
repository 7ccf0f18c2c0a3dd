"""Learning to sound: the `Trainable` of a modal piano."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from partimento.models.modal_piano import ModalPiano
from partimento.training.struck_notes import StruckNotes

SIZES = (4096, 2048, 1024, 512, 256, 128)
"""Of the windows in which spectra are compared, samples."""

FLOOR_DB = 60.0
"""So far below the loudest of a spectrum nothing counts."""

_QUIET = 3e-5  # amplitude below which it does not matter what is apart: a string that has died away


class Sounding:
    """How far spectra of notes are from what they should be, in windows of several lengths.

    Source: Yamamoto et al. 2020 (Parallel WaveGAN), section 2.2: spectral convergence, and the mean distance of logarithms; in nats.

    Args:
        module: The network.
        rate: Samples a second.
    """

    def __init__(self, module: ModalPiano, rate: int) -> None:
        self.module: nn.Module = module
        self._rate = rate

    def losses(self, batch: StruckNotes) -> dict[str, Tensor]:
        """Return both distances, means over windows and notes."""
        device = next(self.module.parameters()).device
        wanted = batch.sound.to(device)
        with torch.autocast(device.type, enabled=False):
            key, velocity, begin = (column.to(device) for column in (batch.key, batch.velocity, batch.begin))
            made = self.module(key, velocity, begin, wanted.shape[1], rate=self._rate)
            parts = [distances(made, wanted, size) for size in SIZES]
        return {name: torch.stack([part[name] for part in parts]).mean() for name in parts[0]}

    @torch.no_grad()
    def validate(self, batches: Iterable[StruckNotes]) -> float:
        """Return the sum of both."""
        self.module.eval()
        sums = [float(torch.stack(list(self.losses(batch).values())).sum()) for batch in batches]
        self.module.train()
        return float(np.mean(sums))

    def state(self) -> Mapping[str, Tensor]:
        """Nothing is carried from batch to batch."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing is carried from batch to batch."""


def distances(made: Tensor, wanted: Tensor, size: int) -> dict[str, Tensor]:
    """Return how far some sounds are from others in windows of `size` samples, each a mean over the sounds.

    Args:
        made: Shape (sounds, samples).
        wanted: Same shape.
        size: Of a window; they overlap by three quarters.
    """
    window = torch.hann_window(size, device=made.device)
    scale = window.sum()
    spectra: Sequence[Tensor] = [
        torch.stft(sound, size, size // 4, window=window, center=False, return_complex=True).abs() / scale for sound in (made, wanted)
    ]
    here, there = spectra
    floor = there.amax(dim=(1, 2), keepdim=True) * 10 ** (-FLOOR_DB / 20) + _QUIET
    least = _QUIET * there[0].numel() ** 0.5
    apart = torch.linalg.vector_norm(there - here, dim=(1, 2)) / (torch.linalg.vector_norm(there, dim=(1, 2)) + least)
    logs = (torch.log(here + floor) - torch.log(there + floor)).abs().mean(dim=(1, 2))
    return {"convergence": apart.mean(), "logarithms": logs.mean()}
