"""Learning to hear: the `Trainable` of an ear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from partimento.audio.spectrum import FLOOR, TWENTY_DB, Spectrum, window
from partimento.models.ear_heads import HEADS, HELD
from partimento.training.piano_stream import Stretches

WEIGHTS = {"onset": 2.0, "frame": 1.0, "offset": 1.0, "held": 1.0, "velocity": 40.0, "pedal": 1.0}
"""What a loss counts, so that each head is heard."""


class Hearing:
    """Cross entropies of onset, frame, offset and perhaps held, summed over keys, and of the pedal; squared errors of velocities at onsets.

    Args:
        module: A `models.key_net.KeyNet`, or another ear that says the same or nothing of the pedal.
        spectrum: What it hears of a sound.
    """

    def __init__(self, module: nn.Module, spectrum: Spectrum) -> None:
        self.module, self._spectrum = module, spectrum

    def losses(self, batch: Stretches) -> dict[str, Tensor]:
        """Return the losses, each a mean over moments."""
        device = next(self.module.parameters()).device
        spectra = spectra_of(batch.sound.to(device, non_blocking=True), self._spectrum)
        colour = batch.colour.to(device, non_blocking=True)[:, None, None]
        heads, pedal = self.module(torch.where(spectra > 0, (spectra + colour).clamp(min=0), spectra))
        wanted, down = (part.to(device, non_blocking=True).float() for part in (batch.heads, batch.pedal))
        heads = heads.float()
        moments = heads.shape[0] * heads.shape[2]
        found: dict[str, Tensor] = {}
        for number, name in enumerate(HEADS[:3]):
            found[name] = binary_cross_entropy_with_logits(heads[:, number], wanted[:, number], reduction="sum") / moments
        if heads.shape[1] > len(HEADS):
            found[HELD] = binary_cross_entropy_with_logits(heads[:, -1], wanted[:, -1], reduction="sum") / moments
        loud = wanted[:, 3]
        struck = loud > 0
        found["velocity"] = ((torch.sigmoid(heads[:, 3]) - loud) ** 2 * struck).sum() / struck.sum().clamp(min=1)
        if pedal is not None:
            known = down >= 0
            missed = binary_cross_entropy_with_logits(pedal.float(), down.clamp(min=0), reduction="none")
            found["pedal"] = (missed * known).sum() / known.sum().clamp(min=1)
        return {name: WEIGHTS[name] * loss for name, loss in found.items()}

    @torch.no_grad()
    def validate(self, batches: Iterable[Stretches]) -> float:
        """Return the mean of the summed losses, dropout off."""
        self.module.eval()
        sums = [float(torch.stack(list(self.losses(batch).values())).sum()) for batch in batches]
        self.module.train()
        return float(np.mean(sums))

    def state(self) -> Mapping[str, Tensor]:
        """Nothing is carried from batch to batch."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing is carried from batch to batch."""


def spectra_of(sound: Tensor, spectrum: Spectrum) -> Tensor:
    """Return what `spectrum.of` returns of each row, where the sound is; shape (rows, time, windows, bins).

    Args:
        sound: Shape (rows, frames), frames a multiple of the spectrum's hop.
        spectrum: Which.
    """
    padded = pad(sound.float(), (spectrum.side, spectrum.side))
    found = []
    with torch.autocast(sound.device.type, enabled=False):
        for size in spectrum.windows:
            shape, shares = _window_and_shares(size, spectrum, sound.device)
            frames = padded[:, spectrum.side - size // 2 :].unfold(1, size, spectrum.hop)[:, : sound.shape[1] // spectrum.hop]
            heard = torch.fft.rfft(frames * shape)
            found.append((heard.real**2 + heard.imag**2) @ shares)
        energies = torch.stack(found, dim=2)
        return (torch.log(energies + FLOOR) - float(np.log(FLOOR))) / TWENTY_DB


@lru_cache
def _window_and_shares(size: int, spectrum: Spectrum, device: torch.device) -> tuple[Tensor, Tensor]:
    """The window, and the shares of its frequencies in the bands."""
    shape, shares = (torch.from_numpy(make(size)).to(device) for make in (window, spectrum.shares_of))
    return shape, shares
