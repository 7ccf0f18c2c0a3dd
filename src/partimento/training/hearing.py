"""Learning to hear: the `Trainable` of an ear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from partimento.training.piano_stream import Stretches
from partimento.transcription.targets import Targets

WEIGHTS = {"onset": 2.0, "frame": 1.0, "offset": 1.0, "velocity": 40.0, "pedal": 1.0}
"""What a loss counts, so that each head is heard."""


class Hearing:
    """Cross entropies of onset, frame and offset, summed over the keys, and of the pedal; the squared error of velocities at onsets.

    Args:
        module: A `models.key_net.KeyNet`.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module

    def losses(self, batch: Stretches) -> dict[str, Tensor]:
        """Return the losses, each a mean over moments."""
        device = next(self.module.parameters()).device
        heads, pedal = self.module(torch.from_numpy(batch.spectra).to(device))
        heads, pedal = heads.float(), pedal.float()
        moments = heads.shape[0] * heads.shape[2]
        found: dict[str, Tensor] = {}
        for number, name in enumerate(("onset", "frame", "offset")):
            wanted = _stacked(batch.targets, name).to(device)
            found[name] = binary_cross_entropy_with_logits(heads[:, number], wanted, reduction="sum") / moments
        loud = _stacked(batch.targets, "velocity").to(device)
        struck = loud > 0
        found["velocity"] = ((torch.sigmoid(heads[:, 3]) - loud) ** 2 * struck).sum() / struck.sum().clamp(min=1)
        down = torch.from_numpy(batch.pedal).to(device)
        known = down >= 0
        missed = binary_cross_entropy_with_logits(pedal, down.clamp(min=0), reduction="none")
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


def _stacked(targets: Sequence[Targets], name: str) -> Tensor:
    """One target of all rows, shape (rows, time, keys)."""
    return torch.from_numpy(np.stack([getattr(each, name) for each in targets]))
