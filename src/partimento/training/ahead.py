"""Batches that other processes make ahead: each hangs on its number alone, so they are the same whoever makes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TypeVar

from torch.utils.data import DataLoader, Dataset

Batch = TypeVar("Batch")

AHEAD = 4
"""Batches that each process makes ahead."""


def coming(batches: Dataset[Batch], first: int, *, workers: int) -> Iterator[Batch]:
    """Yield the batches from number `first` on, without end.

    Args:
        batches: Gives one by its number, from 0.
        first: That comes first.
        workers: Processes that make them ahead; with 0 each is made when it is asked for.
    """
    if not workers:
        return (batches[number] for number in count(first))
    ahead = DataLoader(batches, batch_size=None, sampler=count(first), num_workers=workers, prefetch_factor=AHEAD, collate_fn=_as_it_is)
    return iter(ahead)


def _as_it_is(batch: Batch) -> Batch:
    """A batch that another process has made."""
    return batch
