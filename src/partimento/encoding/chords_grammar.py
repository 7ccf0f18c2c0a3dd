"""What may follow what in encoding `chords`, and how a piece is brought to its end on a bar line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.chords_layout import DURATIONS, LOWEST, METRES, UNITS, Layout, bar_units
from partimento.encoding.encoding import Mask
from partimento.encoding.home import Home
from partimento.errors import EncodingError

MOST_BARS = 240
"""A piece without a wished length is brought to its end here; the longest movement of the cello suites has 223, repeats played."""

FEWEST_BARS = 4
"""Bars begun before a piece without a wished length may end."""

MOST_SPELLED = 6
"""Notes of a chord that is spelled."""

_durations = np.array(DURATIONS, np.int64)
_NOTHING, _REST, _SOUND = range(3)
_SIXTEENTH, _TRIPLET, _FINE = UNITS // 4, UNITS // 12, UNITS // 16
"""Units of a 16th, of a third of it (the finest triplet), and of a 64th."""


class ChordsGrammar:
    """Follows one piece id by id (see `encoding.Grammar`).

    It writes one metre from start to end, and ends under a sounding note, on a bar line or where the last bar and the
    pickup make one bar; its last quarter is the tonic of the key that its notes suggest, or a chord of it. A chord is spelled
    upwards. What was begun is finished: from a triplet one comes back to the 16ths in triplets, from a 32nd or a 64th
    in these.

    Args:
        layout: The encoding's table.
        bars: Bars the piece must have, its pickup and incomplete last bar together counting as one.
    """

    def __init__(self, layout: Layout, *, bars: int | None = None) -> None:
        if bars is not None and not 1 <= bars <= 1000:
            raise EncodingError(f"encoding 'chords': {bars} bars, expected 1 to 1000.")
        self._layout, self._wished_bars = layout, bars
        self._slot = -1  # -1 start, 0 what, 1 how long, 2 how loud
        self._bar = 0  # units; 0 until the metre stands
        self._pickup = 0  # units the last bar lacks
        self._past = 0  # bars completed
        self._place = 0  # units into the bar; below 0 in the pickup
        self._what = -1  # the last id that said what
        self._above = LOWEST - 1  # highest key so far of a chord that is being spelled
        self._before = _NOTHING  # what the last event was
        self._spelled: tuple[int, ...] = ()  # keys of a chord that is being spelled
        self._sounding: tuple[int, ...] = ()  # keys of the last event that struck any
        self._home = Home()
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars begun so far, a pickup not counted."""
        return self._past + (self._place > 0)

    @property
    def closing(self) -> bool:
        """Whether the last bar has begun."""
        left = self._left
        return left is not None and left <= self._bar

    @property
    def _left(self) -> int | None:
        """Units still to come, where the length is settled."""
        wished = self._wished_bars
        if wished is None:
            if self.bars < MOST_BARS:
                return None
            wished = MOST_BARS + 4
        return (wished - self._past) * self._bar - self._place - self._pickup

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        layout = self._layout
        mask = np.zeros(len(layout.vocabulary), np.bool_)
        if self._finished:
            return mask
        if self._slot == -1:
            mask[layout.start] = True
        elif self._slot == 2:
            silent = self._what <= layout.rest
            mask[layout.velocity : layout.pair] = not silent
            mask[layout.velocity] = silent
        elif self._slot == 1:
            mask[layout.duration : layout.velocity] = self._lengths(self._what)
        elif not self._bar:
            mask[layout.metre : layout.rest] = True
        else:
            self._allow_what(mask)
        return mask

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        layout = self._layout
        if number == layout.start:
            self._slot = 0
        elif number == layout.end:
            self._finished = True
        elif number >= layout.pair:
            self._what = int(layout.pair_whats[number - layout.pair])
            self._last(DURATIONS[int(layout.pair_places[number - layout.pair])])
        elif number >= layout.velocity:
            self._slot = 0
        elif number >= layout.duration:
            self._last(DURATIONS[number - layout.duration])
        else:
            self._what, self._slot = number, 1

    def _last(self, units: int) -> None:
        """Let what was said last for so long."""
        layout, what = self._layout, self._what
        self._slot = 2 if layout.velocities else 0
        if what < layout.rest:
            self._begin_metre(bar_units(METRES[what - layout.metre]), units)
            return
        if units == 0:
            self._above = max(self._above, what - layout.note + LOWEST)
            self._spelled += (what - layout.note + LOWEST,)
            return
        if what not in (layout.rest, layout.hold):
            self._sounding = (*self._spelled, *layout.keys_of(what))
        if what != layout.rest:
            self._home.hear(self._sounding, units)
        self._above, self._spelled = LOWEST - 1, ()
        self._before = _REST if what == layout.rest else self._before if what == layout.hold else _SOUND
        bars, self._place = divmod(self._place + units, self._bar) if self._place + units >= 0 else (0, self._place + units)
        self._past += bars

    def _begin_metre(self, bar: int, pickup: int) -> None:
        """Begin bars of so many units, the first of all after a pickup."""
        if self._bar:
            self._past += self._place > 0
        self._place = 0 if self._bar else -pickup
        self._pickup = 0 if self._bar else pickup
        self._bar = bar

    def _allow_what(self, mask: Mask) -> None:
        """Allow the notes, chords and rests, or the end, that may come now."""
        layout, left = self._layout, self._left
        if self._above >= LOWEST:
            mask[layout.note + self._above + 1 - LOWEST : layout.note + layout.spelled[1] + 1 - LOWEST] = True
        elif left is not None and left <= 0:
            mask[layout.end] = True
            return
        else:
            mask[layout.hold : layout.duration] = True
            mask[layout.rest] = self._before != _NOTHING and bool(self._lengths(layout.rest).any())
            if left is not None and not self._going_on().any():  # the last quarter
                mask[layout.note : layout.duration] = self._homes()
                mask[layout.hold] = self._home.welcomes(self._sounding)
            mask[layout.hold] &= self._before == _SOUND
            mask[layout.end] = left is None and self._before == _SOUND and self.bars >= FEWEST_BARS and self._is_end
            mask[layout.end] &= self._home.welcomes(self._sounding)
        if layout.pair < mask.size:
            kinds = {what: self._lengths(what) for what in np.unique(layout.pair_whats[mask[layout.pair_whats]]).tolist()}
            fits = np.array([what in kinds and kinds[what][at] for what, at in zip(layout.pair_whats, layout.pair_places, strict=True)])
            mask[layout.pair :] = mask[layout.pair_whats] & fits

    @property
    def _is_end(self) -> bool:
        """Whether a piece may end here."""
        return self._place in (0, self._bar - self._pickup)

    def _lengths(self, what: int) -> NDArray[np.bool_]:
        """How long `what` may last, shape (durations,)."""
        layout = self._layout
        if what < layout.rest:
            return self._pickups(bar_units(METRES[what - layout.metre])) if not self._bar else np.asarray(_durations == 0)
        left = self._left
        fits = self._keeps_time() if left is None else self._going_on()
        spells = what < layout.chord and layout.spelled[0] <= what - layout.note + LOWEST < layout.spelled[1]
        fits[0] = spells and len(self._spelled) < MOST_SPELLED - 1 and (left is None or fits.any())
        if left is not None and what > layout.rest and not self._spelled:
            keys = self._sounding if what == layout.hold else layout.keys_of(what)
            inside = (self._keeps_time() & (_durations > 0) & (_durations < left)) | (_durations == left)
            fits |= inside & self._home.welcomes(keys)
        return fits

    def _going_on(self) -> NDArray[np.bool_]:
        """Lengths after which there is time for an end, shape (durations,), where the length of the piece is settled."""
        most = (self._left or 0) - min(UNITS, self._bar)
        return np.asarray(self._keeps_time() & (_durations <= most) & (_durations > 0))

    def _homes(self) -> NDArray[np.bool_]:
        """Notes and chords that the piece may come to rest on, shape (notes and chords,)."""
        layout = self._layout
        return np.array([self._home.welcomes(layout.keys_of(what)) for what in range(layout.note, layout.duration)], np.bool_)

    def _keeps_time(self) -> NDArray[np.bool_]:
        """Which lengths lead from here to where a beat is parted in the same way, or to a 16th, shape (durations,)."""
        after = self._place + _durations
        sixteenths, triplets, fine = (after % step == 0 for step in (_SIXTEENTH, _TRIPLET, _FINE))
        if self._place % _SIXTEENTH == 0:
            fits = triplets | fine
        elif self._place % _TRIPLET == 0:
            fits = sixteenths | (triplets & (_durations <= -self._place % (2 * UNITS)))  # a triplet of quarters lasts a half
        elif self._place % _FINE == 0:
            fits = sixteenths | (fine & (_durations <= -self._place % _SIXTEENTH))
        else:  # a given beginning led here
            fits = triplets | fine
        return np.asarray(fits)

    @staticmethod
    def _pickups(bar: int) -> NDArray[np.bool_]:
        """Which lengths may stand before the first bar line, shape (durations,): on a 32nd, less than a bar."""
        return np.asarray((_durations < bar) & (_durations % (UNITS // 8) == 0))
