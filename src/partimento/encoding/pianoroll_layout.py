"""The ids of encoding `pianoroll`: which number means what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score.pitch import pitch_name

STEPS_PER_QUARTER = 4

METRES = tuple(
    [
        "4/4",
        "3/4",
        "2/4",
        "5/4",
        "6/4",
        "7/4",
        "1/4",
        "2/2",
        "3/2",
        "4/2",
        "3/8",
        "5/8",
        "6/8",
        "7/8",
        "9/8",
        "12/8",
        "6/16",
        "9/16",
        "12/16",
    ]
)
"""Metres with places of their own."""

SAID_AS = {"8/8": "4/4", "4/8": "2/4", "2/8": "1/4", "18/16": "9/8", "24/16": "12/8"}
"""Metre -> the one of the same length by which it is said."""

SILENT, HELD, STRUCK = 0, 1, 2
"""What a key does in a step, in the order of their ids."""


def bar_steps(metre: str) -> int:
    """Return the 16ths in a bar of a metre such as ``6/8``."""
    numerator, denominator = map(int, metre.split("/"))
    return 16 * numerator // denominator


@dataclass(frozen=True)
class Layout:
    """The table for a range of keys; see `layout_of`.

    Attributes:
        lowest: Lowest MIDI key.
        highest: Highest MIDI key.
    """

    lowest: int
    highest: int

    def __deepcopy__(self, memo: dict[int, Any]) -> Layout:
        return self  # never changes, and a grammar is copied once a bar

    @property
    def keys(self) -> int:
        """Number of keys."""
        return self.highest - self.lowest + 1

    @property
    def frame(self) -> int:
        """Ids of a step: its place, then its keys."""
        return 1 + self.keys

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The ids and what they mean."""
        places = tuple(f"{metre}:{step}" for metre in METRES for step in range(bar_steps(metre)))
        return Vocabulary({"frame": ("start", "end"), "place": places, "key": ("silent", "held", "struck")})

    @cached_property
    def start(self) -> int:
        """The id every piece begins with."""
        return self.vocabulary.ids["start"]

    @cached_property
    def end(self) -> int:
        """The id after the last step."""
        return self.vocabulary.ids["end"]

    @cached_property
    def first_place(self) -> Mapping[str, int]:
        """Metre -> id of the first place of its bar."""
        return {metre: self.vocabulary.ids[f"{metre}:0"] for metre in METRES}

    @cached_property
    def silent(self) -> int:
        """The id of a silent key; held and struck follow it."""
        return self.vocabulary.first["key"]

    @cached_property
    def left(self) -> NDArray[np.int64]:
        """Steps from each id's place to the end of its bar, its own among them; 0 for an id that is no place. Shape (vocabulary,)."""
        steps = np.zeros(len(self.vocabulary), np.int64)
        for metre, first in self.first_place.items():
            bar = bar_steps(metre)
            steps[first : first + bar] = np.arange(bar, 0, -1)
        return steps

    @cached_property
    def masks(self) -> Mapping[str, NDArray[np.bool_]]:
        """Name -> ids that may come, read-only, each of shape (vocabulary,)."""
        empty = np.zeros(len(self.vocabulary), np.bool_)
        found = {"nothing": empty}
        for name, ids in {
            "start": [self.start],
            "end": [self.end],
            "place": list(self.vocabulary.ids[symbol] for symbol in self.vocabulary.groups["place"]),
            "silent or struck": [self.silent + SILENT, self.silent + STRUCK],
            "any": [self.silent + SILENT, self.silent + HELD, self.silent + STRUCK],
            "struck": [self.silent + STRUCK],
            "silent": [self.silent + SILENT],
            "silent or held": [self.silent + SILENT, self.silent + HELD],
            "held": [self.silent + HELD],
            "held or struck": [self.silent + HELD, self.silent + STRUCK],
        }.items():
            found[name] = empty.copy()
            found[name][ids] = True
        for mask in found.values():
            mask.flags.writeable = False
        return found


@lru_cache(maxsize=8)
def layout_of(lowest: int, highest: int) -> Layout:
    """Return the table for keys `lowest` to `highest`.

    Raises:
        EncodingError: When they are no range of MIDI keys of at least an octave.
    """
    if not (isinstance(lowest, int) and isinstance(highest, int) and lowest >= 0 and lowest + 11 <= highest <= 127):
        raise EncodingError(
            f"encoding 'pianoroll': keys {lowest} to {highest}, expected a range within 0 to 127 of at least an octave, "
            f"such as 21 to 108 ({pitch_name(21)} to {pitch_name(108)})."
        )
    return Layout(lowest, highest)
