"""What a network learns from, and how: one function for each way of learning that `networks.NETWORKS` names."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn

from partimento.errors import ConfigError
from partimento.models.coconet import Coconet
from partimento.training.crops import CropStream, same_crops
from partimento.training.loop import Stream, Trainable
from partimento.training.next_id import NextId
from partimento.training.orderless import Orderless
from partimento.training.prepare import Prepared
from partimento.training.sequences import PieceStream, whole_pieces
from partimento.training.team import Team
from partimento.training.windows import WindowStream, same_windows

WINDOWS_CHECKED = 128
"""Windows of the pieces to choose by that are read at each look at them."""


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


def read_in_order(module: nn.Module, prepared: Prepared, rows: int, time: int, seed: int, team: Team) -> Lessons:
    """Return lessons of whole pieces, read chunk by chunk from their first id, the state carried on.

    Args:
        module: A `next_id.StatefulModule`.
        prepared: The corpus as ids.
        rows: Pieces read side by side.
        time: Ids of a chunk.
        seed: Sets order and variants.
        team: Who trains it.
    """
    stream = PieceStream(prepared.train, rows=rows, time=time, seed=seed)
    return Lessons(NextId(module, rows=rows, team=team), stream, whole_pieces(prepared.valid, rows=rows, time=time))


def read_windows(module: nn.Module, prepared: Prepared, rows: int, time: int, seed: int, team: Team) -> Lessons:
    """Return lessons of windows from anywhere in the pieces, each read from nothing.

    Args:
        module: A `next_id.StatefulModule` without a state.
        prepared: The corpus as ids.
        rows: Windows side by side.
        time: Ids of a window.
        seed: Sets pieces, variants and places.
        team: Who trains it.
    """
    stream = WindowStream(prepared.train, rows=rows, time=time, seed=seed)
    return Lessons(NextId(module, rows=rows, team=team), stream, same_windows(prepared.valid, rows=rows, time=time, most=WINDOWS_CHECKED))


def fill_in(module: Coconet, prepared: Prepared, rows: int, time: int, seed: int, team: Team) -> Lessons:
    """Return lessons of crops of which something is hidden.

    Args:
        module: The network.
        prepared: The corpus as ids.
        rows: Crops side by side.
        time: Ids of a crop.
        seed: Sets order, variants, places and what is hidden.
        team: Who trains it.

    Raises:
        ConfigError: When they are several.
    """
    if team.size > 1:
        raise ConfigError("a coconet learns in one process. Run it without torchrun.")
    layout = module.config.layout
    steps = max(1, time // layout.step_ids)
    stream = CropStream(layout, prepared.train, rows=rows, steps=steps, seed=seed)
    return Lessons(Orderless(module), stream, same_crops(layout, prepared.valid, rows=rows, steps=steps))
