"""The harmony of a piece, half bar by half bar: from its chord symbols, or heard in its notes.

A `Harmony` is a root and one of four qualities, what a player of melodies over chords needs to know. Where chord symbols
are written, that one counts which holds longest in a stretch; elsewhere the stretch's notes are matched with chords:
what sounds for long, the lowest most of all, should belong to the chord, the rest not (after T. Fujishima, "Realtime chord
recognition of musical sound", 1999, with durations in place of spectra).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.score.harmony import read_chord_symbol
from partimento.score.meter import bar_starts, bar_ticks, signatures
from partimento.score.score import Score

QUALITIES: dict[str, tuple[int, ...]] = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "seventh": (0, 4, 7, 10),
    "diminished": (0, 3, 6),
}
"""Quality -> semitones above the root."""

SUFFIXES = {"major": "", "minor": "m", "seventh": "7", "diminished": "dim"}
"""Quality -> what follows the root in a chord symbol."""

_BASS_SHARE = 0.25
"""What the lowest note counts for, as a share of all that sounds, where it is the root."""

_RARITY = {"major": 0.0, "minor": 0.0, "seventh": 0.02, "diminished": 0.04}
"""What a chord must fit better by, to be believed before a plainer one."""


class Harmony(NamedTuple):
    """A root's pitch class, 0 is C, and one of `QUALITIES`."""

    root: int
    quality: str

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The chord's notes."""
        return frozenset((self.root + interval) % 12 for interval in QUALITIES[self.quality])


class Stretch(NamedTuple):
    """A bar, or half of one.

    Attributes:
        start: Its first tick; before 0 in a bar whose beginning a pickup lacks.
        end: The tick behind it.
        opens_bar: Whether a bar begins with it.
        numerator: Of the metre.
        denominator: Of the metre.
    """

    start: int
    end: int
    opens_bar: bool
    numerator: int
    denominator: int


def stretches(score: Score) -> list[Stretch]:
    """Return the halves of bars with 2, 4, ... beats, and other bars as a whole; a pickup counts as the end of a full bar."""
    changes = signatures(score)
    found = []
    for tick in bar_starts(score).tolist():
        signature = [each for each in changes if each.tick <= tick][-1]
        length = bar_ticks(signature, score.ticks_per_quarter)
        start = score.pickup - length if score.pickup and tick == 0 else tick
        halves = 2 if signature.numerator % 2 == 0 and signature.numerator > 2 and length % 2 == 0 else 1
        halves = 1 if signature.denominator == 8 and signature.numerator == 6 else halves
        for half in range(halves):
            begin, end = start + half * length // halves, start + (half + 1) * length // halves
            found.append(Stretch(begin, end, half == 0, signature.numerator, signature.denominator))
    return found


def harmonies(score: Score, parts: Sequence[Stretch]) -> list[Harmony]:
    """Return the chord of each stretch; where nothing sounds, the one before holds on.

    Args:
        score: With chord symbols, or with an accompaniment.
        parts: As `stretches` returns them.
    """
    written = [(mark.tick, chord) for mark in score.marks_of("chord") if (chord := _of_symbol(mark.text)) is not None]
    heard = _written(written, parts) if written else [_heard(score, part) for part in parts]
    known = next((chord for chord in heard if chord is not None), Harmony(0, "major"))
    found = []
    for chord in heard:
        known = chord or known
        found.append(known)
    return found


def _of_symbol(symbol: str) -> Harmony | None:
    """A chord symbol's root and the nearest quality."""
    read = read_chord_symbol(symbol)
    if read is None:
        return None
    root, words = read
    if words.startswith(("dim", "°", "o", "ø")) or "b5" in words:
        return Harmony(root, "diminished")
    if words.startswith(("min", "mi", "m", "-")) and not words.startswith(("maj", "ma")):
        return Harmony(root, "minor")
    plain = words.startswith(("maj", "ma", "M", "Δ", "6", "sus", "add", "aug", "+"))
    return Harmony(root, "seventh" if not plain and any(number in words for number in ("7", "9", "11", "13")) else "major")


def _written(written: list[tuple[int, Harmony]], parts: Sequence[Stretch]) -> list[Harmony | None]:
    """The symbol that holds longest in each stretch."""
    ends = [tick for tick, _ in written[1:]] + [max(parts[-1].end, written[-1][0] + 1)] if parts else []
    found: list[Harmony | None] = []
    for part in parts:
        held: dict[Harmony, int] = {}
        for (tick, chord), end in zip(written, ends, strict=True):
            if (overlap := min(end, part.end) - max(tick, part.start)) > 0:
                held[chord] = held.get(chord, 0) + overlap
        found.append(max(held, key=lambda chord: held[chord]) if held else None)
    return found


def _heard(score: Score, part: Stretch) -> Harmony | None:
    """The chord that what sounds in a stretch fits best."""
    weights: NDArray[np.float64] = np.zeros(12)
    lowest = 128
    for track in score.tracks:
        if track.is_drum or not len(track):
            continue
        lengths = np.minimum(track.end, part.end) - np.maximum(track.start, part.start)
        sounding = lengths > 0
        weights += np.bincount(track.pitch[sounding] % 12, weights=lengths[sounding], minlength=12)
        lowest = min(lowest, int(track.pitch[sounding].min(initial=128)))
    if not weights.any():
        return None
    weights /= weights.sum()
    weights[lowest % 12] += _BASS_SHARE / 2
    fits = {}
    for quality, intervals in QUALITIES.items():
        for root in range(12):
            inside = weights[[(root + interval) % 12 for interval in intervals]].sum()
            missing = 0.05 * sum(weights[(root + interval) % 12] == 0 for interval in intervals)
            bass = _BASS_SHARE * (lowest % 12 == root)
            fits[Harmony(root, quality)] = inside + bass - missing - _RARITY[quality]
    return max(fits, key=lambda chord: fits[chord])
