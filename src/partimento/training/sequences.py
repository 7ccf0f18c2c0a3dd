"""Pieces into batches: every row of a batch reads whole pieces from their first id, chunk after chunk.

A row's state is carried from chunk to chunk and starts from nothing at each new piece, exactly as when
composing. The last chunk of a piece is filled up with ids that do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.errors import TrainingError

Ids = NDArray[np.int32]

NOTHING = -1
"""Target of a place that does not count."""


@dataclass(frozen=True)
class Batch:
    """One step's worth of music.

    Attributes:
        ids: What is read, shape (rows, time).
        targets: What follows each id, shape (rows, time); `NOTHING` where the chunk is only filled up.
        fresh: Rows that begin a new piece with this chunk, shape (rows,).
    """

    ids: NDArray[np.int64]
    targets: NDArray[np.int64]
    fresh: NDArray[np.bool_]


class PieceStream:
    """Endless batches over pieces, each in one of its variants (transpositions), in a new order every epoch.

    Args:
        pieces: Piece -> its variants, each ids of shape (length,), length at least 2.
        rows: Pieces read side by side.
        time: Ids in a chunk.
        seed: Sets order and variants.

    Raises:
        TrainingError: When there is nothing to read.
    """

    def __init__(self, pieces: Sequence[Sequence[Ids]], *, rows: int, time: int, seed: int) -> None:
        if not pieces or any(len(ids) < 2 for variants in pieces for ids in variants):
            raise TrainingError(f"{len(pieces)} pieces to learn from, expected at least one, and two ids in each.")
        self._pieces, self._rows, self._time = pieces, rows, time
        self._random = np.random.default_rng(seed)
        self.epoch = 0
        self._order: list[int] = []
        self._reading: list[list[int]] = [[0, 0, -1]] * rows  # piece, variant, offset; -1: nothing yet

    def next(self) -> Batch:
        """Return the next batch."""
        ids = np.zeros((self._rows, self._time), np.int64)
        targets = np.full((self._rows, self._time), NOTHING, np.int64)
        fresh = np.zeros(self._rows, np.bool_)
        for row in range(self._rows):
            piece, variant, offset = self._reading[row]
            if offset < 0 or offset + 1 >= len(self._pieces[piece][variant]):
                piece, variant, offset = self._draw()
                fresh[row] = True
            chunk = self._pieces[piece][variant][offset : offset + self._time + 1]
            ids[row, : len(chunk) - 1] = chunk[:-1]
            targets[row, : len(chunk) - 1] = chunk[1:]
            self._reading[row] = [piece, variant, offset + self._time]
        return Batch(ids, targets, fresh)

    def _draw(self) -> list[int]:
        """Choose the next piece and its variant."""
        if not self._order:
            self._order = [int(piece) for piece in self._random.permutation(len(self._pieces))]
            self.epoch += 1
        piece = self._order.pop()
        return [piece, int(self._random.integers(len(self._pieces[piece]))), 0]

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {
            "random": self._random.bit_generator.state,
            "epoch": self.epoch,
            "order": list(self._order),
            "reading": [list(row) for row in self._reading],
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]  # JSON gives back what numpy gave
        self.epoch = int(state["epoch"])  # type: ignore[call-overload]
        self._order = list(state["order"])  # type: ignore[call-overload]
        self._reading = [list(row) for row in state["reading"]]  # type: ignore[attr-defined]


def whole_pieces(pieces: Sequence[Ids], *, rows: int, time: int) -> list[Batch]:
    """Return batches that read each piece once from its start, longest first, state carried within a piece.

    Args:
        pieces: Ids of each piece, shape (length,).
        rows: Pieces read side by side.
        time: Ids in a chunk.
    """
    batches = []
    ordered = sorted(pieces, key=len, reverse=True)
    for first in range(0, len(ordered), rows):
        group = ordered[first : first + rows]
        for offset in range(0, len(group[0]) - 1, time):
            ids = np.zeros((len(group), time), np.int64)
            targets = np.full((len(group), time), NOTHING, np.int64)
            for row, piece in enumerate(group):
                chunk = piece[offset : offset + time + 1]
                if len(chunk) > 1:
                    ids[row, : len(chunk) - 1] = chunk[:-1]
                    targets[row, : len(chunk) - 1] = chunk[1:]
            batches.append(Batch(ids, targets, np.full(len(group), offset == 0)))
    return batches
