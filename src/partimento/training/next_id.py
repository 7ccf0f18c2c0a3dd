"""Learning to say the next id: the `Trainable` of every sequence model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from partimento.training.sequences import NOTHING, Batch
from partimento.training.team import ALONE, Team

Carry = tuple[Tensor, ...]


class StatefulModule(Protocol):
    """A module that reads chunks and hands its state on; every part of a state has the batch first."""

    def start(self, batch: int) -> Carry:
        """Return the state before the first id."""

    def __call__(self, ids: Tensor, state: Carry) -> tuple[Tensor, Carry]:
        """Read ids of shape (batch, time); return logits (batch, time, vocabulary) and the next state."""


class ScoringModule(StatefulModule, Protocol):
    """A module that knows a cheaper way to its loss than logits over the whole vocabulary."""

    def nats(self, ids: Tensor, targets: Tensor, state: Carry) -> tuple[Tensor, Carry]:
        """Read ids; return the summed cross entropy of `targets` where they are not negative, and the next state."""


class NextId:
    """Cross entropy of the id that follows, with the state carried from one batch to the next.

    Args:
        module: The network, a `StatefulModule`; where it is a `ScoringModule` too, it is asked for its loss and not for logits.
        rows: Rows of the training batches, those of the whole team.
        team: Who trains it; each takes its own rows of every batch.
    """

    def __init__(self, module: nn.Module, *, rows: int, team: Team = ALONE) -> None:
        self.module = self._network = module
        self._team, self._own = team, team.own(rows)
        self._carry: Carry = self._start(self._own.stop - self._own.start)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Return ``{"nats_per_token": mean}`` over the ids that count, and carry the state on.

        In a team it is the process's share of what, averaged over the team, is that mean.
        """
        own = Batch(batch.ids[self._own], batch.targets[self._own], batch.fresh[self._own])
        total, _, self._carry = self._read(own, self._carry)
        return {"nats_per_token": total * self._team.size / max(int((batch.targets != NOTHING).sum()), 1)}

    @torch.no_grad()
    def validate(self, batches: Iterable[Batch]) -> float:
        """Return nats per id over whole pieces, dropout off; each process of a team reads them all."""
        self.module.eval()
        totals, counts = 0.0, 0
        state: Carry = ()
        for batch in batches:
            if bool(batch.fresh.all()):
                state = self._start(len(batch.fresh))
            total, count, state = self._read(batch, state)
            totals, counts = totals + float(total), counts + count
        self.module.train()
        return totals / max(counts, 1)

    def state(self) -> Mapping[str, Tensor]:
        """Return the carried state of all rows, named; of a larger team only its leader gets it."""
        parts = [self._team.gathered(tensor.contiguous()) for tensor in self._carry]
        return {str(index): torch.cat(each) for index, each in enumerate(parts) if each}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Carry on from `state`."""
        self._carry = tuple(state[str(index)][self._own].to(old.device) for index, old in enumerate(self._carry))

    def _start(self, rows: int) -> Carry:
        """The module's state before the first id."""
        carry: Carry = self._network.start(rows)  # type: ignore[operator]  # nn.Module hides its own methods' types
        return carry

    def _read(self, batch: Batch, carry: Carry) -> tuple[Tensor, int, Carry]:
        """Summed loss, number of ids that count, and the next state."""
        device = next(self.module.parameters()).device
        ids, targets = (torch.from_numpy(array).to(device) for array in (batch.ids, batch.targets))
        state = _reset(carry, self._start(len(batch.fresh)), torch.from_numpy(batch.fresh).to(device))
        if hasattr(self.module, "nats"):  # not where a team has wrapped it
            total, after = self.module.nats(ids, targets, state)  # type: ignore[operator]  # nn.Module hides its own methods' types
        else:
            logits, after = self.module(ids, state)
            total = cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=NOTHING, reduction="sum")
        return (
            total,
            int((batch.targets != NOTHING).sum()),
            tuple(part.detach().to(old.dtype) for part, old in zip(after, state, strict=True)),
        )


def _reset(carry: Carry, fresh: Carry, rows: Tensor) -> Carry:
    """The carried state, from nothing in `rows`; every part of a state has the batch first."""
    return tuple(torch.where(rows.view(-1, *[1] * (old.dim() - 1)), new, old) for old, new in zip(carry, fresh, strict=True))
