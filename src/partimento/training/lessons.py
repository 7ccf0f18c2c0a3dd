"""What a network learns from, and how: one function for each way of learning that `networks.NETWORKS` names."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn

from partimento.models.coconet import Coconet
from partimento.training.crops import CropStream, same_crops
from partimento.training.loop import Stream, Trainable
from partimento.training.next_id import NextId
from partimento.training.orderless import Orderless
from partimento.training.prepare import Prepared
from partimento.training.sequences import PieceStream, whole_pieces


class Lessons(NamedTuple):
    """What `loop.Loop` takes.

    Attributes:
        trainable: Turns a batch into losses.
        stream: Batches to learn from.
        validation: What to choose by.
    """

    trainable: Trainable
    stream: Stream
    validation: Any


def read_in_order(module: nn.Module, prepared: Prepared, rows: int, time: int, seed: int) -> Lessons:
    """Return lessons of whole pieces, read chunk by chunk from their first id, the state carried on.

    Args:
        module: A `next_id.StatefulModule`.
        prepared: The corpus as ids.
        rows: Pieces read side by side.
        time: Ids of a chunk.
        seed: Sets order and variants.
    """
    stream = PieceStream(prepared.train, rows=rows, time=time, seed=seed)
    return Lessons(NextId(module, rows=rows), stream, whole_pieces(prepared.valid, rows=rows, time=time))


def fill_in(module: Coconet, prepared: Prepared, rows: int, time: int, seed: int) -> Lessons:
    """Return lessons of crops of which something is hidden.

    Args:
        module: The network.
        prepared: The corpus as ids.
        rows: Crops side by side.
        time: Ids of a crop.
        seed: Sets order, variants, places and what is hidden.
    """
    layout = module.config.layout
    steps = max(1, time // layout.step_ids)
    stream = CropStream(layout, prepared.train, rows=rows, steps=steps, seed=seed)
    return Lessons(Orderless(module), stream, same_crops(layout, prepared.valid, rows=rows, steps=steps))
