"""What may follow what in encoding `polyphony`, and how a piece is brought to its end on time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from partimento.encoding.encoding import Mask
from partimento.encoding.grid_bars import GridBars
from partimento.encoding.grid_layout import END, HEAD, STEPS_PER_QUARTER

STEP, FIRST_NEW = len(HEAD), len(HEAD) + 1
"""Ids: the end of a step, and the first of the keys that are struck; those that are held on stand behind them."""

LONGEST_BARS = 4
"""Bars that a key may be held."""


class PolyphonyGrammar:
    """Follows one piece id by id (see `encoding.Grammar`).

    Within a step keys come from high to low, each once, struck or held on; held on is only what sounded in the step before. A
    piece begins with a note, rests for less than a bar, and ends with a quarter of its tonic triad, struck
    together or before, its tonic the lowest.

    Args:
        lowest: Lowest MIDI key.
        highest: Highest MIDI key.
        bars: See `grid_bars.GridBars`.
        key: Id of the key, or None.
        over: The top voice that is given, ids of a whole piece in this encoding, at most one key a step; its head, its bars and its
            notes are kept, and what comes is below them. None where none is given.
    """

    def __init__(
        self, lowest: int, highest: int, *, bars: int | None = None, key: int | None = None, over: Sequence[int] | None = None
    ) -> None:
        self._lowest, self._keys = lowest, highest + 1 - lowest
        self._head, self._given = _given(over)
        self._count = GridBars("polyphony", bars=bars, key=key)
        self._low = highest + 1  # the last key said in this step
        self._step: dict[int, int] = {}  # key -> steps it sounds, this one included
        self._before: dict[int, int] = {}  # the same of the step before
        self._silence = 0  # steps
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars begun so far, a pickup not counted."""
        return self._count.begun

    @property
    def _left(self) -> int | None:
        """Steps still to come, the present one included, where the length is settled."""
        return self._count.left if self._given is None else len(self._given) - self._count.steps

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(FIRST_NEW + 2 * self._keys, np.bool_)
        count = self._count
        if self._finished:
            return mask
        if not count.headed:
            if self._head:
                mask[self._head[count.ids]] = True
            else:
                count.allow_head(mask)
            return mask
        left = self._left
        if not self._step and (left <= 0 if left is not None else count.may_end and self._rests):
            mask[END] = True
            if left is not None:
                return mask
        given = self._given[count.steps] if self._given is not None else -1
        if given >= 0 and not self._step:
            mask[given] = True
        else:
            self._allow_keys(mask, left)
        return mask

    def _allow_keys(self, mask: Mask, left: int | None) -> None:
        """Allow what may sound below what is said of this step, and the step's end."""
        count, below = self._count, max(self._low - self._lowest, 0)
        on = [pitch - self._lowest for pitch, age in self._before.items() if age < LONGEST_BARS * count.bar or left is not None]
        if self._given is not None and count.steps:  # a given note ends where it was given to
            on = [place for place in on if place != (self._given[count.steps - 1] - FIRST_NEW) % self._keys]
        struck, held = np.ones(self._keys, np.bool_), np.zeros(self._keys, np.bool_)
        held[on] = True
        struck[below:] = held[below:] = False
        ends = (count.steps > 0 and self._silence + 1 < count.bar) or bool(self._step)
        if left is not None and left < STEPS_PER_QUARTER:  # the last chord is held to its end
            struck[:] = held[: int(held.nonzero()[0].max(initial=0))] = False
            ends = False
        elif left is not None and left <= max(count.bar // 2, STEPS_PER_QUARTER):  # the last half bar goes to the tonic triad
            struck &= self._triad_keys
            if left == STEPS_PER_QUARTER:
                held &= self._triad_keys
                ends = bool(self._step) and self._low % 12 == count.tonic
        mask[FIRST_NEW : FIRST_NEW + self._keys], mask[FIRST_NEW + self._keys :] = struck, held
        mask[STEP] = ends or not mask.any()

    @property
    def _thirds(self) -> set[int]:
        """Pitch classes the last chord's third may have: of one kind, and in minor Bach's major third too."""
        thirds = {(self._count.tonic + third) % 12 for third in ((3, 4) if self._count.minor else (4,))}
        return thirds & {pitch % 12 for pitch in self._step} or thirds

    @property
    def _triad_keys(self) -> Mask:
        """Keys of the tonic triad with a tonic at or below them, shape (keys,)."""
        tonic = self._count.tonic
        classes = (np.arange(self._keys) + self._lowest) % 12
        triad = np.isin(classes, [tonic, (tonic + 7) % 12, *self._thirds])
        triad[: int(np.argmax(classes == tonic))] = False
        return np.asarray(triad)

    @property
    def _rests(self) -> bool:
        """Whether the last step was of the tonic triad, over its tonic."""
        tonic = self._count.tonic
        sounds = {pitch % 12 for pitch in self._before}
        rest = sounds - {tonic, (tonic + 7) % 12}
        return bool(sounds) and min(self._before) % 12 == tonic and rest <= self._thirds and len(rest) <= 1

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        if number == END:
            self._finished = True
        elif number < len(HEAD):
            self._count.push_head(number)
        elif number == STEP:
            self._silence = 0 if self._step else self._silence + 1
            self._before, self._step = self._step, {}
            self._low = self._lowest + self._keys
            self._count.step()
        else:
            held, place = divmod(number - FIRST_NEW, self._keys)
            self._low = self._lowest + place
            self._step[self._low] = self._before.get(self._low, 0) + 1 if held else 1


def _given(over: Sequence[int] | None) -> tuple[list[int], list[int] | None]:
    """Head ids of a given voice, and the id of each of its steps, -1 where it rests."""
    if over is None:
        return [], None
    head = [int(number) for number in over if number < len(HEAD) and number != END]
    steps, top = [], -1
    for number in over:
        if number == STEP:
            steps.append(top)
            top = -1
        elif number >= FIRST_NEW:
            top = int(number)
    return head, steps
