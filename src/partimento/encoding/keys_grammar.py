"""What may follow what in encoding `keys`, and how a piece comes to rest on a bar line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Mask
from partimento.encoding.home import Home
from partimento.encoding.keys_layout import BAR_STEPS, END, FIRST_HELD, FIRST_LOUDNESS, FIRST_STRUCK, LEVELS, SPAN, START, STEP
from partimento.errors import EncodingError
from partimento.score.steps import LOWEST_KEY

MOST_BARS = 64
"""A piece without a wished length is brought to its end so many bars after its beginning: two minutes."""

FEWEST_BARS = 4
"""Bars begun before a piece without a wished length may end."""

MOST_SILENT_STEPS = 40
"""Steps in a row in which nothing sounds."""

LAST_STEPS = 20
"""Steps of the last chord: a second, in which it rings out or is let go."""

RING_STEPS = 10
"""Steps without a strike after which a piece without a wished length may end."""

MOST_KEYS = 24
"""Keys that sound in one step: ten fingers, and what a pedal holds."""

_NEVER = -1000


class KeysGrammar:
    """Follows one piece id by id (see `encoding.Grammar`).

    Within a step keys rise. A key is held only where it sounded in the step before. A piece begins with a strike, is
    never silent for more than two seconds, and ends on a bar line. Its last second is one chord: the triad of the key that
    its notes suggest, or some of it, the tonic lowest.

    Args:
        size: Ids of the vocabulary.
        bars: Bars of two seconds that the piece must have; the model decides where None.
        loud: Whether strikes have a loudness.
    """

    def __init__(self, size: int, *, bars: int | None = None, loud: bool = False) -> None:
        if bars is not None and not 1 <= bars <= 1000:
            raise EncodingError(f"encoding 'keys': {bars} bars, expected 1 to 1000; a bar has two seconds.")
        self._size, self._wished, self._has_loudness = size, bars, loud
        self._first_end = 0  # bars from which on a piece without a wished length may end
        self._last = bars  # bar that ends the piece
        self._started = self._finished = False
        self._done = 0  # steps that have ended
        self._next_key = 0  # lowest key that may follow in this step
        self._count = 0  # keys in this step
        self._before = np.zeros(SPAN, np.bool_)  # what sounded in the step before
        self._now = np.zeros(SPAN, np.bool_)
        self._sounded = self._struck = _NEVER  # last steps in which something sounded, was struck
        self._chord: tuple[int, ...] = ()  # MIDI keys of this step so far
        self._rest: tuple[int, ...] = ()  # those of the last step that sounded
        self._home = Home()
        self._level: int | None = None
        self._level_is_new = False  # said for the strike that must follow

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars of two seconds begun so far."""
        return -(-(self._done + (self._count > 0)) // BAR_STEPS)

    @property
    def _end(self) -> int:
        """Steps the piece will have."""
        return max(self._last or 0, self.bars) * BAR_STEPS

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(self._size, np.bool_)
        if self._finished:
            return mask
        if not self._started:
            mask[START] = True
            return mask
        if self._last is None:  # asked for the first time, after a given beginning
            self._last = self.bars + MOST_BARS
            self._first_end = max(FEWEST_BARS, self.bars + 1)
        left = self._end - self._done
        if self._level_is_new:
            mask[FIRST_STRUCK + self._next_key : FIRST_HELD] = self._welcome(left)
            return mask
        if self._count == 0 and self._done % BAR_STEPS == 0:
            mask[END] = left == 0 or self._may_end_early()
        if left > 0:
            self._allow_keys(mask, left)
            mask[STEP] = self._count > 0 or self._may_be_silent(left)
        return mask

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not."""
        if number == START:
            self._started = True
        elif number == END:
            self._finished = True
        elif number == STEP:
            self._done += 1
            if self._chord:
                self._home.hear(self._chord, 1)
                self._rest, self._chord = self._chord, ()
            self._before, self._now = self._now, np.zeros(SPAN, np.bool_)
            self._next_key = self._count = 0
        elif number >= FIRST_LOUDNESS:
            self._level, self._level_is_new = number - FIRST_LOUDNESS, True
        else:
            is_struck = number < FIRST_HELD
            key = number - (FIRST_STRUCK if is_struck else FIRST_HELD)
            self._now[key] = True
            self._chord += (key + LOWEST_KEY,)
            self._next_key = key + 1
            self._count += 1
            self._sounded = self._done
            if is_struck:
                self._struck, self._level_is_new = self._done, False

    def _welcome(self, left: int) -> NDArray[np.bool_]:
        """Which keys above the last said of this step may sound, shape (keys,): any, or in the last chord those of the home triad."""
        keys = range(self._next_key, SPAN)
        if left != LAST_STEPS or not self._home.classes:
            return np.ones(len(keys), np.bool_)
        return np.array([self._home.welcomes((*self._chord, key + LOWEST_KEY)) for key in keys], np.bool_)

    def _allow_keys(self, mask: Mask, left: int) -> None:
        """Allow the keys that may sound next in this step, and a loudness before one that is struck."""
        if self._count >= MOST_KEYS:
            return
        welcome = self._welcome(left)
        mask[FIRST_HELD + self._next_key : FIRST_HELD + SPAN] = self._before[self._next_key :] & welcome
        if left < LAST_STEPS or not welcome.any():
            return
        if not self._has_loudness or self._level is not None:
            mask[FIRST_STRUCK + self._next_key : FIRST_HELD] = welcome
        if self._has_loudness:
            mask[FIRST_LOUDNESS : FIRST_LOUDNESS + LEVELS] = True
            if self._level is not None:
                mask[FIRST_LOUDNESS + self._level] = False  # it is said where it changes

    def _may_be_silent(self, left: int) -> bool:
        """Whether a step of silence may stand here; yes behind the last chord, and not in its place."""
        return left < LAST_STEPS or (left > LAST_STEPS and self._done - self._sounded <= MOST_SILENT_STEPS)

    def _may_end_early(self) -> bool:
        """Whether a piece without a wished length may end at this bar line."""
        rings_out = self._done - self._struck > RING_STEPS and self._home.welcomes(self._rest)
        return self._wished is None and self.bars >= self._first_end and rings_out and self._sounded >= self._done - BAR_STEPS
