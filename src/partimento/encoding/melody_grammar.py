"""What may follow what in encoding `melody`, and how a melody is brought to its end on time."""

from __future__ import annotations

import numpy as np

from partimento.encoding.encoding import Mask
from partimento.encoding.grid_bars import GridBars
from partimento.encoding.grid_layout import END, HEAD, STEPS_PER_QUARTER

HOLD, OFF, FIRST_NOTE = len(HEAD), len(HEAD) + 1, len(HEAD) + 2
"""Ids of the events; the id of a key is `FIRST_NOTE` + key - lowest."""

LONGEST_BARS = 2
"""Bars that a note may be held."""


class MelodyGrammar:
    """Follows one melody id by id (see `encoding.Grammar`).

    A melody begins with a note, rests for less than a bar, holds no note longer than `LONGEST_BARS` bars, and ends on its tonic, which
    sounds up to the last bar line.

    Args:
        lowest: Lowest MIDI key.
        highest: Highest MIDI key.
        bars: See `grid_bars.GridBars`.
        key: Id of the key, or None.
    """

    def __init__(self, lowest: int, highest: int, *, bars: int | None = None, key: int | None = None) -> None:
        self._lowest, self._size = lowest, FIRST_NOTE + highest + 1 - lowest
        self._count = GridBars("melody", bars=bars, key=key)
        self._sounding = -1  # MIDI key, or -1
        self._run = 0  # steps since the last note or rest began
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars begun so far, a pickup not counted."""
        return self._count.begun

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(self._size, np.bool_)
        count = self._count
        if self._finished:
            return mask
        if not count.headed:
            count.allow_head(mask)
            return mask
        left = count.left
        at_rest = self._sounding >= 0 and self._sounding % 12 == count.tonic
        if count.may_end and (at_rest or left is not None):
            mask[END] = True
            if left is not None:
                return mask
        self._allow_step(mask, left, at_rest=at_rest)
        return mask

    def _allow_step(self, mask: Mask, left: int | None, *, at_rest: bool) -> None:
        """Allow what one step may do."""
        sounds = self._sounding >= 0
        bar = self._count.bar
        mask[FIRST_NOTE:] = True
        mask[OFF] = sounds
        mask[HOLD] = self._run < LONGEST_BARS * bar if sounds else 0 < self._run < bar
        if left is not None and left <= max(bar // 2, STEPS_PER_QUARTER):  # the last half bar belongs to the tonic
            mask[FIRST_NOTE:] = False
            mask[FIRST_NOTE + (self._count.tonic - self._lowest) % 12 :: 12] = True
            if left <= STEPS_PER_QUARTER:
                mask[OFF] = False
                mask[HOLD] = at_rest
                if at_rest and left < STEPS_PER_QUARTER:
                    mask[FIRST_NOTE:] = False

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        if number == END:
            self._finished = True
        elif number < len(HEAD):
            self._count.push_head(number)
        else:
            if number == HOLD:
                self._run += 1
            else:
                self._sounding = -1 if number == OFF else number - FIRST_NOTE + self._lowest
                self._run = 1
            self._count.step()
