"""A corpus as fingerprints: enough to recognise its music, and no score of it.

A melody is described so that neither key nor tempo nor the unit of notation matters. Every pitched track is one
line: the highest note of each onset (the skyline; onsets less than a 32nd note after the first of a group belong
to it, so that rolled chords and grace notes are one onset). A note is its interval in semitones from the note
before, and the ratio of the time since then to the time before that, in half octaves (2 log2, rounded, -8 to 8).
Ratios need no beat, so that a tune written in half the values is the same tune, and played music with its small
unevenness compares with written music. How long a note sounds does not matter: players and readers differ in it.
What is lost: near rhythms such as a dotted and a double-dotted one may count as one, and accompaniment in the
same track hides a melody where it interleaves.

Every `GRAM` notes in a row become one 32-bit hash, and the hashes are kept in order: five bytes a note. (A hash is
no cipher: who guesses a melody can confirm it.) Consecutive hashes that meet consecutive places of one line chain
to a run, which is therefore measured to the note. Two different passages of `GRAM` notes meet by chance once in
2**32 / (hashes in the corpus) tries, about 1 in 12,000 for 360,000.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from partimento.errors import BundleError
from partimento.score.meter import bar_of
from partimento.score.note import Track
from partimento.score.score import Score

GRAM = 8
"""Notes in a row that make up one hash: the shortest run that counts as copied."""

SCHEME = 1
"""Version of the description and the hash; fingerprints of another one cannot be compared."""

ONSETS_PER_QUARTER = 8
"""Onsets closer than a quarter note over this are one."""

RATIO_LIMIT = 8
"""Largest rhythm ratio told apart, in half octaves: 16 times as long."""

Line = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Onsets in ticks and MIDI keys, each of shape (notes,)."""


class Place(NamedTuple):
    """Where a run begins: a piece, its bar as printed (a pickup is 0, the first full bar 1), a note of its line from 0."""

    piece: str
    bar: int
    note: int


def skyline(track: Track, ticks_per_quarter: int) -> Line:
    """Return a track's line: the onset of each group of onsets and its highest key."""
    first = np.flatnonzero(np.append(True, np.diff(track.start) > 0)) if len(track) else np.zeros(0, np.int64)
    onsets = track.start[first]
    keep = np.ones(onsets.size, bool)
    if np.any(np.diff(onsets) * ONSETS_PER_QUARTER < ticks_per_quarter):
        begin = onsets[0]
        for index in range(1, onsets.size):
            keep[index] = (onsets[index] - begin) * ONSETS_PER_QUARTER >= ticks_per_quarter
            begin = onsets[index] if keep[index] else begin
    if not first.size:
        return onsets, np.zeros(0, np.int64)
    return onsets[keep], np.maximum.reduceat(track.pitch, first[keep]).astype(np.int64)


def lines(score: Score) -> list[tuple[int, Line]]:
    """Return each pitched track's index and line."""
    return [(i, skyline(t, score.ticks_per_quarter)) for i, t in enumerate(score.tracks) if len(t) and not t.is_drum]


def gram_hashes(onsets: NDArray[np.int64], pitches: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return one hash for every `GRAM` notes in a row.

    Args:
        onsets: Rising ticks, shape (..., notes).
        pitches: MIDI keys, shape (..., notes).

    Returns:
        Hashes, shape (..., max(notes - GRAM + 1, 0)).
    """
    count = max(onsets.shape[-1] - GRAM + 1, 0)
    if not count:
        return np.zeros((*onsets.shape[:-1], 0), np.uint32)
    interval = (np.diff(pitches) + 128).astype(np.uint64)
    between = np.diff(onsets).astype(np.float64)
    ratio = np.rint(2 * np.log2(between[..., 1:] / between[..., :-1]))
    rhythm = (np.clip(ratio, -RATIO_LIMIT, RATIO_LIMIT) + RATIO_LIMIT + 1).astype(np.uint64) << np.uint64(8)
    value = _mixed(interval[..., :count])  # the first interval has no ratio: the note before the run is not in it
    for step in range(1, GRAM - 1):
        value = _mixed(value + interval[..., step : step + count] + rhythm[..., step - 1 : step - 1 + count])
    return (value >> np.uint64(32)).astype(np.uint32)


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea, Flood 2014): a fixed mixing of 64 bits."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def printed_bars(score: Score, onsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of the bar, as printed, of each onset (a pickup is 0, the first full bar 1)."""
    return bar_of(score, onsets)[0] + (0 if score.pickup else 1)


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """The hashes of a corpus, in order.

    Attributes:
        pieces: Name of each piece, shape (pieces,).
        notes: Notes of each piece that were compared, shape (pieces,).
        line_piece: Piece of each line, shape (lines,).
        line_grams: Hashes of each line, at least 1, shape (lines,).
        hashes: All lines' hashes one after the other, shape (grams,).
        bar_steps: Bars from the hash before (from 0 for a line's first), at most 255, shape (grams,).

    Raises:
        BundleError: When the parts do not fit together.
    """

    pieces: tuple[str, ...]
    notes: NDArray[np.uint32]
    line_piece: NDArray[np.uint32]
    line_grams: NDArray[np.uint32]
    hashes: NDArray[np.uint32]
    bar_steps: NDArray[np.uint8]
    line_start: NDArray[np.int64] = field(init=False, repr=False)
    _order: NDArray[np.int64] = field(init=False, repr=False)
    _sorted: NDArray[np.uint32] = field(init=False, repr=False)
    _line_of: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ends = np.cumsum(self.line_grams, dtype=np.int64)
        fits = (
            len(self.notes) == len(self.pieces)
            and len(self.line_piece) == len(self.line_grams)
            and len(self.hashes) == len(self.bar_steps) == (int(ends[-1]) if ends.size else 0)
            and (not ends.size or (self.line_grams.min() > 0 and self.line_piece.max() < len(self.pieces)))
        )
        if not fits:
            raise BundleError("fingerprints: the lists differ in length. The file is damaged; take it from its bundle again.")
        order = np.argsort(self.hashes, kind="stable")
        derived = {
            "line_start": ends - self.line_grams,
            "_order": order,
            "_sorted": self.hashes[order],
            "_line_of": np.repeat(np.arange(ends.size), self.line_grams),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, Score]]) -> Fingerprints:
        """Return the fingerprints of pieces, each given by its name and score."""
        names: list[str] = []
        notes: list[int] = []
        line_piece: list[int] = []
        hashes: list[NDArray[np.uint32]] = []
        bar_steps: list[NDArray[np.uint8]] = []
        for name, score in pieces:
            compared = lines(score)
            for _, (onsets, pitches) in compared:
                grams = gram_hashes(onsets, pitches)
                if grams.size:
                    line_piece.append(len(names))
                    hashes.append(grams)
                    steps = np.diff(printed_bars(score, onsets[: grams.size]), prepend=0)
                    bar_steps.append(np.minimum(steps, 255).astype(np.uint8))
            names.append(name)
            notes.append(sum(onsets.size for _, (onsets, _) in compared))
        return cls(
            tuple(names),
            np.array(notes, np.uint32),
            np.array(line_piece, np.uint32),
            np.array([grams.size for grams in hashes], np.uint32),
            np.concatenate([*hashes, np.zeros(0, np.uint32)]),
            np.concatenate([*bar_steps, np.zeros(0, np.uint8)]),
        )

    def joined(self, later: Fingerprints) -> Fingerprints:
        """Return the fingerprints of both corpora, the pieces of `later` behind the others."""
        line_piece = np.concatenate([self.line_piece, later.line_piece + np.uint32(len(self.pieces))])
        rest = ("notes", "line_grams", "hashes", "bar_steps")
        columns = {name: np.concatenate([getattr(self, name), getattr(later, name)]) for name in rest}
        return Fingerprints(self.pieces + later.pieces, line_piece=line_piece, **columns)

    def to_bytes(self) -> bytes:
        """Return the fingerprints as the bytes of a safetensors file; equal fingerprints give equal bytes."""
        tensors = {name: getattr(self, name) for name in _STORED}
        tensors["pieces"] = np.frombuffer(json.dumps(self.pieces).encode(), np.uint8)
        tensors["scheme"] = np.array([SCHEME, GRAM], np.uint32)
        return save({name: np.ascontiguousarray(value) for name, value in tensors.items()})

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "fingerprints") -> Fingerprints:
        """Return the fingerprints that `to_bytes` wrote.

        Raises:
            BundleError: When the bytes are damaged, something else, or of another version.
        """
        remedy = "Take the file from its bundle again."
        try:
            tensors = load(data)
            pieces = json.loads(tensors["pieces"].tobytes())
            scheme = tensors["scheme"].tolist()
            stored = {key: tensors[key] for key in _STORED}
        except (SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
            raise BundleError(f"{name}: no fingerprints of a corpus ({error}). {remedy}") from error
        if scheme != [SCHEME, GRAM]:
            raise BundleError(f"{name}: fingerprints of scheme {scheme}, expected {[SCHEME, GRAM]}. Make them again with this version.")
        good_names = isinstance(pieces, list) and all(isinstance(piece, str) for piece in pieces)
        if not good_names or any(value.ndim != 1 or value.dtype != _STORED[key] for key, value in stored.items()):
            raise BundleError(f"{name}: a list of the fingerprints is of another kind than expected. {remedy}")
        return cls(tuple(pieces), **stored)

    def spans(self, hashes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return, for each of `hashes`, the span of its places in the index: first and one past the last."""
        return np.searchsorted(self._sorted, hashes, "left"), np.searchsorted(self._sorted, hashes, "right")

    def advance(self, runs: Runs, low: int, high: int, allowed: NDArray[np.bool_] | None = None) -> Runs:
        """Return the copied runs after one more hash.

        Args:
            runs: The runs that end with the hash before; `NO_RUNS` where a line begins.
            low: First place of the hash in the index, as `spans` gives it.
            high: One past the last.
            allowed: Which pieces count, shape (pieces,); all where None.
        """
        places = self._order[low:high]  # rising, as the sort is stable
        if allowed is not None:
            places = places[allowed[self.line_piece[self._line_of[places]]]]
        if not places.size:
            return NO_RUNS
        lengths = np.full(places.size, GRAM, np.int64)
        if runs.places.size:
            at = np.minimum(np.searchsorted(runs.places, places - 1), runs.places.size - 1)
            goes_on = (runs.places[at] == places - 1) & (self.line_start[self._line_of[places]] != places)
            lengths[goes_on] = runs.lengths[at[goes_on]] + 1
        return Runs(places, lengths)

    def place(self, gram: int) -> Place:
        """Return where the hash at index `gram` of `hashes` stands."""
        line = int(self._line_of[gram])
        begin = int(self.line_start[line])
        return Place(self.pieces[self.line_piece[line]], int(self.bar_steps[begin : gram + 1].sum(dtype=np.int64)), gram - begin)


_STORED = {"notes": np.uint32, "line_piece": np.uint32, "line_grams": np.uint32, "hashes": np.uint32, "bar_steps": np.uint8}


class Runs(NamedTuple):
    """Copied runs that end here: index of their last hash, rising, and their length in notes, shapes (runs,)."""

    places: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @property
    def longest(self) -> int:
        """Notes of the longest one, 0 where there is none."""
        return int(self.lengths.max(initial=0))


NO_RUNS = Runs(np.zeros(0, np.int64), np.zeros(0, np.int64))
