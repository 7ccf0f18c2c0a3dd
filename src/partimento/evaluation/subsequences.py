"""Whether a model wrote anything but what it has read, id by id.

A Markov chain of order k that never backs off writes nothing but runs of k + 1 ids that stand in what it read; dice throw
nothing but bars that stand there. A grammar that insists, a chance left to the unseen, or a beginning given by hand may
each force a step that was never read. `seen` finds those steps with what the model itself remembers, and needs no
corpus. `copied` takes the pieces themselves and finds the longest run of ids that stands in one of them, and where.

Ids are compared as they stand, so that the same music in another key is other music; `copying` compares melodies in any
key.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.models.dice import Dice
from partimento.models.markov import Markov
from partimento.models.model import SequenceModel


@dataclass(frozen=True)
class Seen:
    """How much of a piece its model has read.

    Attributes:
        unit: What was looked for, such as ``runs of 6 ids`` or ``bars``.
        total: How many of them the piece has.
        unseen: Ids of the piece, from 0, at which one ends that was never read (of runs), or begins (of bars).
        known: How far back what was read reaches at each of `unseen`: ids before it; for bars 0.
    """

    unit: str
    total: int
    unseen: tuple[int, ...]
    known: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether all of the piece was read before."""
        return not self.unseen


def seen(model: SequenceModel, ids: NDArray[np.integer]) -> Seen | None:
    """Return how much of a piece stands in what its model has read; None for a model that does not remember it.

    Args:
        model: What wrote it.
        ids: The piece, shape (length,).
    """
    if isinstance(model, Markov):
        lengths = model.seen(ids)
        wanted = np.minimum(model.order, np.arange(lengths.size))
        unseen = np.flatnonzero(lengths < wanted)
        return Seen(f"runs of {model.order + 1} ids", max(lengths.size - 1, 0), tuple(unseen.tolist()), tuple(lengths[unseen].tolist()))
    if isinstance(model, Dice):
        bars = model.read(ids)
        unseen = np.array([begin for begin, stands in bars if not stands], np.int64)
        return Seen("bars", len(bars), tuple(unseen.tolist()), (0,) * unseen.size)
    return None


@dataclass(frozen=True)
class Copied:
    """Runs of ids that a piece shares with the pieces of a corpus.

    Attributes:
        lengths: For each id of the piece, the longest run ending with it that stands in the corpus, shape (length,).
        longest: Ids of the longest one.
        begins: Where it begins in the piece.
        piece: The piece of the corpus it stands in; None where no id is shared.
        place: Where it begins there, in ids.
    """

    lengths: NDArray[np.int64]
    longest: int
    begins: int
    piece: str | None
    place: int


class Library:
    """Pieces that runs of ids are looked up in.

    Args:
        pieces: Name -> ids, shape (length,), below 65,536.
    """

    def __init__(self, pieces: Mapping[str, NDArray[np.integer]]) -> None:
        self._names = list(pieces)
        parts = [_letters(ids) for ids in pieces.values()]
        self._begins = np.cumsum([0, *(len(part) + 1 for part in parts)]).tolist()
        self._text = _BETWEEN.join(parts)  # Python finds a run of letters faster than any table we could keep

    def copied(self, ids: NDArray[np.integer]) -> Copied:
        """Return the runs of ids that a piece shares with these.

        Args:
            ids: The piece, shape (length,).
        """
        letters = _letters(ids)
        lengths = np.zeros(len(letters), np.int64)
        begin = longest = begins = found = 0
        for end in range(1, len(letters) + 1):
            at = self._text.find(letters[begin:end])
            while at < 0:
                begin += 1
                at = self._text.find(letters[begin:end])
            lengths[end - 1] = end - begin
            if end - begin > longest:
                longest, begins, found = end - begin, begin, at
        if not longest:
            return Copied(lengths, 0, 0, None, 0)
        piece = bisect_right(self._begins, found) - 1
        return Copied(lengths, longest, begins, self._names[piece], found - self._begins[piece])


_BETWEEN = "\0"


def _letters(ids: NDArray[np.integer]) -> str:
    """Ids as a text of one letter each, none of them the one that stands between pieces."""
    return "".join(map(chr, (np.asarray(ids, np.int64) + 1).tolist()))
