"""Pieces of several voices on a grid of steps as the cells that a convolution reads, and back; for the network and its graph alike.

The ids of a piece are a start, a metre, a key, then each step: its place, and what each voice does, from the highest down;
at last an end. A metre may also stand before a place. A cell is one voice at one step. It says what sounds, and only
where that is the key that sounded before, also whether it is struck anew: so a cell that is known tells nothing
of one before it that is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ConfigError

Cells = NDArray[np.int64]
"""What stands in each cell, shape (..., voices, steps): `OUTSIDE`, `UNKNOWN`, `REST`, then keys, then keys struck again."""

OUTSIDE, UNKNOWN, REST, FIRST_KEY = 0, 1, 2, 3

IMPOSSIBLE = -1e9
"""Logit of what cannot be."""

START, END, FIRST_METRE = 0, 1, 2


@dataclass(frozen=True)
class Layout:
    """Which id means what.

    Attributes:
        vocabulary: Number of ids.
        voices: Voices of a step, the highest first.
        keys: Keys that a voice may have.
        bars: Steps in a bar of each metre.
        tonics: Semitones from the lowest key up to the next tonic, for each key signature.
        minor: Whether each key signature is a minor one.
        phases: Meanings of a place beside its step in the bar.
    """

    vocabulary: int
    voices: int = 0
    keys: int = 0
    bars: tuple[int, ...] = ()
    tonics: tuple[int, ...] = ()
    minor: tuple[bool, ...] = ()
    phases: int = 0

    @classmethod
    def of(cls, vocabulary: int, hint: Mapping[str, Any]) -> Layout:
        """Return the layout that an encoding's hint ``voices`` describes.

        Raises:
            ConfigError: When it describes none, or one of another number of ids.
        """
        values: dict[str, Any] = {name: tuple(value) if isinstance(value, Sequence) else value for name, value in hint.items()}
        try:
            layout = cls(vocabulary, **values)
        except TypeError:
            layout = cls(-1)
        if not layout.voices or layout.rest != vocabulary - 1 or len(layout.minor) != len(layout.tonics):
            raise ConfigError(
                f"coconet: {vocabulary} ids and a hint of voices {dict(hint)}; expected four voices on a grid, as encoding 'chorale' "
                "has them. Use --encoding chorale, or a char_rnn for this encoding."
            )
        return layout

    @property
    def longest_bar(self) -> int:
        """Steps of the longest bar."""
        return max(self.bars, default=0)

    @property
    def places(self) -> int:
        """Number of places."""
        return self.phases * self.longest_bar

    @property
    def first_signature(self) -> int:
        """Id of the first key signature."""
        return FIRST_METRE + len(self.bars)

    @property
    def first_place(self) -> int:
        """Id of the first place."""
        return self.first_signature + len(self.tonics)

    @property
    def first_struck(self) -> int:
        """Id that strikes the lowest key."""
        return self.first_place + self.places

    @property
    def first_held(self) -> int:
        """Id that holds the lowest key."""
        return self.first_struck + self.keys

    @property
    def rest(self) -> int:
        """Id of a voice that rests."""
        return self.first_held + self.keys

    @property
    def step_ids(self) -> int:
        """Ids of a step."""
        return 1 + self.voices

    @property
    def outcomes(self) -> int:
        """What may come after a step: the end, a metre, a place."""
        return 1 + len(self.bars) + self.places

    @property
    def values(self) -> int:
        """Number of values of a cell."""
        return FIRST_KEY + 2 * self.keys

    @cached_property
    def outcome_ids(self) -> NDArray[np.int64]:
        """Id of each outcome, shape (outcomes,)."""
        places = np.arange(self.first_place, self.first_struck)
        return np.concatenate([[END], np.arange(FIRST_METRE, self.first_signature), places])

    def place_outcomes(self, step: int) -> NDArray[np.int64]:
        """Return the outcomes that are places at `step` of a bar, shape (phases,)."""
        return 1 + len(self.bars) + step + self.longest_bar * np.arange(self.phases)

    @cached_property
    def may_follow(self) -> NDArray[np.bool_]:
        """What may come after each place in each metre, shape (metres, places, outcomes): the next step of the bar, a metre, the end."""
        may = np.zeros((len(self.bars), self.places, self.outcomes), np.bool_)
        may[:, :, : 1 + len(self.bars)] = True
        for metre, bar in enumerate(self.bars):
            for place in range(self.places):
                may[metre, place, self.place_outcomes((place % self.longest_bar + 1) % bar)] = True
        return may

    def sounding(self, cells: Cells) -> NDArray[np.int64]:
        """Return the key of each cell, counted from the lowest, -1 where there is none or it is not known."""
        return np.where(cells >= FIRST_KEY, (cells - FIRST_KEY) % self.keys, -1)


@dataclass(frozen=True, eq=False)
class Sheet:
    """A piece, or the beginning of one, taken apart.

    Attributes:
        signature: Number of its key signature.
        metres: Number of each step's metre, shape (steps,).
        places: Number of each step's place, shape (steps,).
        cells: Shape (voices, steps).
        changes: Whether a metre is said before the step, the first one's not counted; shape (steps,).
        at: Where in the ids each step's place stands, shape (steps,).
        ended: Whether it has ended.
    """

    signature: int
    metres: NDArray[np.int64]
    places: NDArray[np.int64]
    cells: Cells
    changes: NDArray[np.bool_]
    at: NDArray[np.int64]
    ended: bool


def sheet_of(layout: Layout, ids: NDArray[np.integer]) -> Sheet:
    """Return a piece taken apart; voices may be -1, not known, and only whole steps are read.

    Args:
        layout: Which id means what.
        ids: Shape (length,).
    """
    wide = np.asarray(ids, np.int64)
    is_place = (wide >= layout.first_place) & (wide < layout.first_struck)
    at = np.flatnonzero(is_place)
    at = at[at + layout.voices < wide.size]
    is_metre = (wide >= FIRST_METRE) & (wide < layout.first_signature)
    last_metre = np.maximum.accumulate(np.where(is_metre, np.arange(wide.size), 0))
    rows = wide[at[None, :] + 1 + np.arange(layout.voices)[:, None]]
    signatures = np.flatnonzero((wide >= layout.first_signature) & (wide < layout.first_place))
    return Sheet(
        int(wide[signatures[0]]) - layout.first_signature if signatures.size else 0,
        wide[last_metre[at]] - FIRST_METRE,
        wide[at] - layout.first_place,
        cells_of(layout, rows),
        (np.arange(at.size) > 0) & is_metre[at - 1],
        at,
        bool(wide.size and wide[-1] == END),
    )


def cells_of(layout: Layout, rows: NDArray[np.int64]) -> Cells:
    """Return what voices do as cells; whether a key is struck again is said only where it is known what sounded before.

    Args:
        layout: Which id means what.
        rows: Ids, -1 where not known, shape (voices, steps).
    """
    known = rows >= 0
    key = np.where(known & (rows != layout.rest), (rows - layout.first_struck) % layout.keys, -1)
    before = np.concatenate([np.full((len(rows), 1), -1), key[:, :-1]], axis=1)
    again = (key >= 0) & (before == key) & (rows < layout.first_held)
    cells = np.where(key >= 0, FIRST_KEY + key + layout.keys * again, REST)
    return np.where(known, cells, UNKNOWN)
