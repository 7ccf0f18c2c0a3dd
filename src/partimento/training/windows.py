"""Pieces into windows: every row of a batch is a stretch of some piece from anywhere, and nothing is remembered from it.

That is how a network learns that reads a context at a time, such as a Transformer. A window that would begin before its piece does
begins with it, and one that would end behind it ends with it: so beginnings and ends are met often enough to be learnt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from partimento.errors import TrainingError
from partimento.training.sequences import NOTHING, Batch, Ids


class WindowStream:
    """Endless batches of windows, each of a piece in one of its variants; long pieces come more often.

    Args:
        pieces: Piece -> its variants, each ids of shape (length,), length at least 2.
        rows: Windows in a batch.
        time: Ids of a window that are read.
        seed: Sets pieces, variants and places.

    Raises:
        TrainingError: When there is nothing to read.
    """

    def __init__(self, pieces: Sequence[Sequence[Ids]], *, rows: int, time: int, seed: int) -> None:
        lengths = [len(variants[0]) for variants in pieces]
        if not lengths or min(lengths) < 2:
            raise TrainingError(f"{len(pieces)} pieces to learn from, expected at least one, and two ids in each.")
        self._pieces, self._rows, self._time = pieces, rows, time
        self._ends = np.cumsum(lengths)
        self._random = np.random.default_rng(seed)
        self._read = 0

    @property
    def epoch(self) -> int:
        """How often as many ids as all pieces have were read, the present time counted."""
        return 1 + self._read // int(self._ends[-1])

    def next(self) -> Batch:
        """Return the next batch."""
        windows = [self._draw() for _ in range(self._rows)]
        self._read += self._rows * self._time
        return batch_of(windows, self._time)

    def _draw(self) -> Ids:
        """A window and the id behind it, shape (time + 1,) or shorter."""
        place = int(self._random.integers(self._ends[-1]))
        piece = int(np.searchsorted(self._ends, place, side="right"))
        variants = self._pieces[piece]
        ids = variants[int(self._random.integers(len(variants)))]
        share = (self._ends[piece] - place) / len(variants[0])  # of the piece that follows
        middle = round((1 - share) * len(ids))
        first = min(max(middle - self._time // 2, 0), max(len(ids) - self._time - 1, 0))
        return ids[first : first + self._time + 1]

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""
        return {"random": self._random.bit_generator.state, "read": self._read}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""
        self._random.bit_generator.state = state["random"]  # type: ignore[assignment]  # JSON gives back what numpy gave
        self._read = int(state["read"])  # type: ignore[call-overload]


def batch_of(windows: Sequence[Ids], time: int) -> Batch:
    """Return windows of `time` + 1 ids side by side; shorter ones are filled up with ids that do not count."""
    ids = np.zeros((len(windows), time), np.int64)
    targets = np.full((len(windows), time), NOTHING, np.int64)
    for row, window in enumerate(windows):
        ids[row, : len(window) - 1] = window[:-1]
        targets[row, : len(window) - 1] = window[1:]
    return Batch(ids, targets, np.ones(len(windows), np.bool_))


def same_windows(pieces: Sequence[Ids], *, rows: int, time: int, most: int) -> list[Batch]:
    """Return windows to check on, always the same ones: all that the pieces hold, or `most` of them spread evenly.

    Args:
        pieces: Ids of each piece, shape (length,).
        rows: Windows in a batch.
        time: Ids of a window that are read.
        most: Windows at most.
    """
    starts = [(piece, first) for piece, ids in enumerate(pieces) for first in range(0, len(ids) - 1, time)]
    chosen: NDArray[np.int64] = np.unique(np.linspace(0, len(starts) - 1, min(most, len(starts))).astype(np.int64))
    windows = [pieces[piece][first : first + time + 1] for piece, first in (starts[int(number)] for number in chosen)]
    return [batch_of(windows[first : first + rows], time) for first in range(0, len(windows), rows)]
