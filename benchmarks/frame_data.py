"""The four collections of Boulanger-Lewandowski et al. 2012 as binary frames, and what a frame costs without any network.

A collection is a file of MATLAB 5 with the cell arrays `traindata`, `validdata` and `testdata`, each cell the frames of one
piece, shape (frames, 88), 1 where a key of the piano sounds. Read here without scipy.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
"""One piece, shape (frames, 88)."""

KEYS = 88
SETS = ("JSB_Chorales", "Nottingham", "MuseData", "Piano_midi")
PARTS = {"train": "traindata", "valid": "validdata", "test": "testdata"}

_COMPRESSED, _MATRIX, _CELL = 15, 14, 1
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}


def load_set(folder: Path, name: str) -> dict[str, list[Frames]]:
    """Return part -> pieces of the collection `name`, one of `SETS`."""
    arrays = read_mat((folder / f"{name}.mat").read_bytes())
    return {part: [np.ascontiguousarray(piece, np.uint8) for piece in arrays[word]] for part, word in PARTS.items()}


def read_mat(data: bytes) -> dict[str, list[NDArray[np.generic]]]:
    """Return the cell arrays of a MATLAB 5 file, name -> the numeric arrays in it.

    Raises:
        ValueError: When it is no such file, or holds something else.
    """
    if len(data) < 128 or data[126:128] != b"IM":
        raise ValueError("no little-endian MATLAB 5 file")
    found = {}
    for kind, body in _elements(data[128:]):
        inner = next(_elements(zlib.decompress(body))) if kind == _COMPRESSED else (kind, body)
        name, cells = _matrix(inner[1])
        if not isinstance(cells, list):
            raise ValueError(f"'{name}' is no cell array")
        found[name] = cells
    return found


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each element's type and bytes; up to four bytes stand in the tag itself."""
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind >> 16:
            yield kind & 0xFFFF, data[at + 4 : at + 4 + (kind >> 16)]
            at += 8
        else:
            yield kind, data[at + 8 : at + 8 + size]
            at += 8 + size + (0 if kind == _COMPRESSED else -size % 8)


def _matrix(data: bytes) -> tuple[str, NDArray[np.generic] | list[NDArray[np.generic]]]:
    """An array's name and its numbers, or the arrays of its cells."""
    parts = _elements(data)
    flags, shape, name = (next(parts)[1] for _ in range(3))
    word = name.decode("ascii")
    if flags[0] == _CELL:
        cells = [_matrix(body)[1] for kind, body in parts if kind == _MATRIX]
        return word, [cell for cell in cells if not isinstance(cell, list)]
    kind, body = next(parts)
    if kind not in _NUMBERS:
        raise ValueError(f"'{word}' holds elements of type {kind}")
    return word, np.frombuffer(body, f"<{_NUMBERS[kind]}").reshape(np.frombuffer(shape, "<i4"), order="F")


@dataclass(frozen=True)
class Nats:
    """What the pieces of one part cost.

    Attributes:
        frames: Nats of every frame of every piece, each piece of shape (frames,), summed over the 88 keys.
    """

    frames: Sequence[NDArray[np.float64]]

    def rows(self) -> dict[str, float]:
        """Return the figures that are quoted."""
        return {
            "nats_per_frame_pooled": round(float(np.concatenate(self.frames).mean()), 4),
            "nats_per_frame_mean_of_sequences": round(float(np.mean([piece.mean() for piece in self.frames])), 4),
            "nats_per_frame_pooled_without_first": round(float(np.concatenate([piece[1:] for piece in self.frames]).mean()), 4),
        }


def floors(train: Sequence[Frames], test: Sequence[Frames]) -> Mapping[str, Nats]:
    """Return what key-wise counts give: each key's share of frames, and each key's chain of order 1; half a frame added to counts."""
    rolls = np.concatenate(train).astype(np.float64)
    share = (rolls.sum(axis=0) + 0.5) / (len(rolls) + 1)
    before = np.concatenate([np.concatenate([np.zeros((1, KEYS)), piece[:-1]]) for piece in train])
    on = np.stack([((before == state) * rolls).sum(axis=0) + 0.5 for state in (0, 1)])
    seen = np.stack([(before == state).sum(axis=0) + 1 for state in (0, 1)])
    chance = on / seen
    marginal, markov = [], []
    for piece in test:
        marginal.append(-np.where(piece, np.log(share), np.log1p(-share)).sum(axis=1))
        last = np.concatenate([np.zeros((1, KEYS), np.int64), piece[:-1]])
        given = np.where(last, chance[1], chance[0])
        markov.append(-np.where(piece, np.log(given), np.log1p(-given)).sum(axis=1))
    return {"marginal": Nats(marginal), "markov": Nats(markov)}


def continuations(piece: Frames) -> tuple[Frames, NDArray[np.int64]]:
    """Return, for every frame, what followed the passage most like the one just heard.

    That passage is the earlier one that agrees with the last frames for the longest time, the latest of such; where not
    even the last frame was heard before, there is none, and the frame is empty.

    Returns:
        The frames that followed, shape (frames, 88), and for how many frames the passages agree, shape (frames,).
    """
    _, numbers = np.unique(piece, axis=0, return_inverse=True)
    numbers = numbers.ravel()
    after, lengths = np.zeros_like(piece), np.zeros(len(piece), np.int64)
    agree = np.zeros(len(piece), np.int64)  # [s]: frames before s that agree with those before the present frame
    for now in range(1, len(piece)):
        agree[1:now] = np.where(numbers[: now - 1] == numbers[now - 1], agree[: now - 1] + 1, 0)
        if now > 1 and agree[1:now].any():
            best = now - 1 - int(np.argmax(agree[1:now][::-1]))
            after[now], lengths[now] = piece[best], agree[best]
    return after, lengths
