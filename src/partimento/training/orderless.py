"""Learning to fill in whatever is hidden of a score: the `Trainable` of the Coconet.

Source: orderless NADE (Uria, Murray, Larochelle 2014) as in "Counterpoint by Convolution" (2017): cross entropy over the
hidden cells, divided by their number, so that every ordering of the cells counts alike. Differs: some crops are
hidden as they are when a piece is read from left to right, see `crops`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, pad

from partimento.models.coconet import Coconet, Seen
from partimento.models.coconet_cells import FIRST_KEY, IMPOSSIBLE, REST, UNKNOWN
from partimento.training.crops import Crop
from partimento.training.sequences import NOTHING

OPENING_SHARE = 0.001
"""What the head of a piece, three ids of a thousand, counts for."""


class Orderless:
    """Cross entropy of what is hidden, and of the place that follows, in nats per id.

    Args:
        module: The network.
    """

    def __init__(self, module: Coconet) -> None:
        self.module: nn.Module = module
        self._network = module
        self._may_follow = torch.from_numpy(module.config.layout.may_follow)

    def losses(self, batch: Crop) -> dict[str, Tensor]:
        """Return the parts of the loss by name; together they are about nats per id."""
        layout = self._network.config.layout
        device = self._network.outcome.weight.device
        share = 1 / layout.step_ids
        return {
            "cells": (1 - share) * self._cells(batch, device),
            "places": share * self._places(batch, device),
            "opening": OPENING_SHARE * self._opening(batch, device),
        }

    @torch.no_grad()
    def validate(self, batches: Iterable[Crop]) -> float:
        """Return the loss over crops that are always the same, dropout off."""
        self.module.eval()
        total, count = 0.0, 0
        for batch in batches:
            rows = len(batch.cells)
            total, count = total + rows * float(sum(self.losses(batch).values())), count + rows
        self.module.train()
        return total / max(count, 1)

    def state(self) -> Mapping[str, Tensor]:
        """Return nothing: no batch knows of another."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Carry on from nothing."""

    def _cells(self, batch: Crop, device: torch.device) -> Tensor:
        """Nats per hidden cell."""
        keys = self._network.config.layout.keys
        seen = Seen(*(_tensor(part, device) for part in (batch.seen, batch.places, batch.metres, batch.signature)))
        cells, weights = _tensor(batch.cells, device), _tensor(batch.weights, device)
        said = self._network(seen)
        key = torch.where(cells >= FIRST_KEY, (cells - FIRST_KEY) % keys, keys)  # a rest stands after the keys
        nats = cross_entropy(said.keys.flatten(0, 2), key.flatten(), reduction="none").view(key.shape)
        before = pad(key, (1, 0), value=-1)[:, :, :-1]
        same = (before == key) & (cells != REST)
        again = said.again.gather(3, key.clamp(max=keys - 1)[..., None])[..., 0]
        struck = binary_cross_entropy_with_logits(again, (cells >= FIRST_KEY + keys).float(), reduction="none")
        return ((nats + struck * same) * weights).sum() / len(cells)

    def _places(self, batch: Crop, device: torch.device) -> Tensor:
        """Nats per place, or what else follows a step."""
        cells = _tensor(batch.cells, device)
        hidden = _tensor(batch.hidden, device)[:, None, None] & (cells > UNKNOWN)
        places, metres = _tensor(batch.all_places, device), _tensor(batch.all_metres, device)
        seen = Seen(cells.masked_fill(hidden, UNKNOWN), places, metres, _tensor(batch.signature, device))
        steps = metres.shape[1]
        may = self._may_follow.to(device)[(metres - 1).clamp(min=0), (places[:, -steps:] - 1).clamp(min=0)]
        logits = self._network.follows(seen).masked_fill(~may, IMPOSSIBLE)
        follows = _tensor(batch.follows, device)
        return cross_entropy(logits.flatten(0, 1), follows.flatten(), ignore_index=NOTHING)

    def _opening(self, batch: Crop, device: torch.device) -> Tensor:
        """Nats of a piece's first metre, its key and its first place."""
        metre, place = _tensor(batch.opening, device).unbind(1)
        first, signature, places = self._network.opening()
        rows = first.expand(len(metre), -1)
        return (
            cross_entropy(rows, metre)
            + cross_entropy(signature[metre], _tensor(batch.signature, device))
            + cross_entropy(places[metre], place)
        )


def _tensor(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """An array where the network is."""
    return torch.from_numpy(array).to(device)
