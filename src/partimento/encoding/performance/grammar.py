"""What may follow what in encoding `performance`: nothing stuck, nothing struck twice, and an end in silence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Mask
from partimento.encoding.performance.layout import (
    BAR_STEPS,
    END,
    FIRST_ON,
    LONGEST_SHIFT,
    PIANO,
    START,
    STEPS_PER_SECOND,
    VELOCITIES,
    Layout,
)
from partimento.encoding.performance.promises import Note, Promises
from partimento.errors import EncodingError

LONGEST_NOTE = 1000
"""Steps after which a key is let go; of 1,000 notes of MAESTRO with their pedal one lasts longer."""

LONG_NOTE, FORGOTTEN = 300, 0.06
"""Steps after which a key counts as forgotten, and the share that it then takes of the chance to let others go. A model hardly ever
lets go what has sounded for so long: 0.6 % of its notes last for ten seconds, of players' 0.06 %; with this share 0.08 %."""

LONGEST_SILENCE = 300
"""Steps after which something is struck."""

SHORTEST_RING, LONGEST_RING = 120, 250
"""Steps for which the last keys of a piece ring out, at least and at most."""

MOST_BARS = 64
"""A piece without a wished length ends here: after two minutes."""

FEWEST_BARS = 4
"""Bars before a piece without a wished length may end."""


class PerformanceGrammar:
    """Follows one performance id by id (see `encoding.Grammar`).

    Within a step keys are let go from low to high, then the pedal moves, then keys are struck from low to high; only what sounds is
    let go, and only what does not is struck, on the keys of a piano; a word on loudness says another than before, and a key is struck
    after it; time passes in the longest shifts first. A piece ends in its last bar, as the last key is let go, or before, where
    it is let ring out (`ringing`). Where controls are told,
    they come before whatever happens first in each second. A melody is told last in a step, from low to high; nothing is struck before
    the first of it is due, and what was told is struck a second later to the step.

    Args:
        layout: Which number means what.
        bars: Bars of two seconds the piece must have, and the time before the music where a melody is told beforehand.
        melody: Notes of the melody that is to be told and played, and of no other; free where None.
    """

    def __init__(self, layout: Layout, *, bars: int | None = None, melody: Sequence[Note] | None = None) -> None:
        if bars is not None and not 1 <= bars <= 10_000:
            raise EncodingError(f"encoding 'performance': {bars} bars of 2 seconds, expected 1 to 10000.")
        self._layout = layout
        self._limit = (MOST_BARS if bars is None else bars) * BAR_STEPS + layout.lead
        self._earliest_end = (FEWEST_BARS if bars is None else bars - 1) * BAR_STEPS + layout.lead
        self._promises = Promises(self._limit, melody) if layout.melody else None
        self._step = 0
        self._silent_since = 0
        self._sounding: dict[int, list[int]] = {}  # key, counted from the lowest -> steps at which it was struck
        self._velocity = -1
        self._pedal_down = False
        self._last = -1  # the last id
        self._told, self._telling = -1, 0  # last second of which all controls are told, and how many of them are of this one
        self._freed, self._struck, self._moved = -1, -1, False  # last keys of this step, and whether the pedal moved in it
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars begun so far."""
        return -(-max(self._step - self._layout.lead, 0) // BAR_STEPS)

    @property
    def sounding(self) -> list[int]:
        """MIDI keys that sound now, from low to high."""
        return sorted(self._layout.lowest + key for key in self._sounding)

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        layout = self._layout
        mask = np.zeros(layout.size, np.bool_)
        if self._finished:
            return mask
        if self._last < 0:
            mask[START] = True
        elif layout.controls and self._step // STEPS_PER_SECOND > self._told:
            mask[layout.controls[self._telling].start : layout.controls[self._telling].stop] = True
            if not self._telling:
                self._allow_time(mask)
        elif layout.first_velocity <= self._last < layout.pedal_up:
            self._allow_struck(mask)
        elif self._promises is not None and self._promises.last_told >= 0:
            self._allow_told(mask, self._promises)
        elif due := self._overdue():
            self._allow_freed(mask, min(due))
        elif not self._sounding and self._step >= self._limit:
            mask[layout.pedal_up if self._pedal_down else END] = True
        else:
            self._allow_anything(mask)
        return mask

    def yielded(self, chances: NDArray[np.float64], allowed: Mask) -> NDArray[np.float64]:
        """Return the chances with those of what may not come given to what is meant by it (see `Yielding`).

        A wait too long stands for the longest that may be; who would strike a key that sounds lets it go first, where that may be; who
        would strike a key somewhat before it is due waits; who would tell of a melody what is not given lets time pass; and who would
        let time pass though something of the melody has to come first does that. A key that was forgotten (see `FORGOTTEN`) takes its
        share.
        """
        layout = self._layout
        found = np.arange(layout.size)
        freed = allowed[layout.first_off : layout.first_shift].nonzero()[0]
        found[FIRST_ON + freed] = layout.first_off + freed
        waits = allowed[layout.first_shift : layout.first_velocity].nonzero()[0]
        if waits.size:
            longest = layout.first_shift + int(waits[-1])
            found[longest : layout.first_velocity] = longest
            for key, steps in () if self._promises is None else self._promises.soon(self._step).items():
                found[FIRST_ON + key] = min(layout.first_shift + steps - 1, longest)
        else:
            found[layout.first_shift : layout.first_velocity] = self._first_of_all(allowed)
        moved = self._remembered(_summed(found, chances), freed)
        if self._promises is None or not waits.size:
            return moved
        untold = moved[layout.first_melody :] * ~allowed[layout.first_melody :]
        moved[layout.first_melody :] -= untold
        time = moved[layout.first_shift + waits]
        moved[layout.first_shift + waits] = time * (1 + untold.sum() / max(float(time.sum()), 1e-30))
        return moved

    def _remembered(self, chances: NDArray[np.float64], freed: NDArray[np.intp]) -> NDArray[np.float64]:
        """The chances, changed in place, where `freed` may be let go: keys that were forgotten take a share of what the others have."""
        forgotten = [key for key in freed.tolist() if self._step - self._sounding[key][0] >= LONG_NOTE]
        if forgotten:
            lets_go, share = chances[self._layout.first_off + freed], min(FORGOTTEN, 0.5 / len(forgotten))
            chances[self._layout.first_off + freed] = lets_go * (1 - share * len(forgotten))
            chances[[self._layout.first_off + key for key in forgotten]] += share * lets_go.sum()
        return chances

    def _first_of_all(self, allowed: Mask) -> NDArray[np.intp]:
        """What is done before time may pass, for each length of it: the next of a given melody is told, or what is due is struck."""
        layout, promises = self._layout, self._promises
        waits = np.arange(layout.first_shift, layout.first_velocity)
        if promises is None:
            return waits
        if promises.is_given and (told := allowed[layout.first_melody :].nonzero()[0]).size:
            return np.full(waits.size, layout.first_melody + int(told[0]))
        due = promises.due(self._step)
        return np.full(waits.size, FIRST_ON + min(due)) if due and allowed[FIRST_ON + min(due)] else waits

    def _overdue(self) -> list[int]:
        """Keys that must be let go before anything else."""
        due = [key for key, since in self._sounding.items() if self._step - since[0] >= LONGEST_NOTE or self._step >= self._limit]
        if self._promises is not None:
            due += [key for key in self._promises.must_free(self._step) if key in self._sounding]
            due += [key for key in self._promises.due(self._step) if key in self._sounding]
        return due

    def _allow_told(self, mask: Mask, promises: Promises) -> None:
        """Allow to tell more of the melody, where time may pass thereafter, and time to pass once all of it is told."""
        first, wanted = self._layout.first_melody, promises.to_tell(self._step)
        if self._most_steps(all_told=True) > 0:
            if wanted:
                mask[first + wanted[0]] = True
                return
            if wanted is None and promises.may_tell(self._step):
                mask[first + promises.last_told + 1 :] = True
        self._allow_time(mask)

    def ringing(self) -> list[int]:
        """Return the ids that let ring what sounds and end (see `encoding.Ringing`), where two keys sound or more, one just struck."""
        layout = self._layout
        if self._struck < 0 or len(self._sounding) < 2 or self._promises is not None or layout.controls:
            return []
        longest = min(since[0] for since in self._sounding.values()) + LONGEST_NOTE
        steps = min(LONGEST_RING, self._limit - self._step, longest - self._step)
        if steps < SHORTEST_RING:
            return []
        shifts = [LONGEST_SHIFT] * (steps // LONGEST_SHIFT) + [steps % LONGEST_SHIFT] * bool(steps % LONGEST_SHIFT)
        frees = [layout.first_off + key for key in sorted(self._sounding) for _ in self._sounding[key]]
        return [*(layout.first_shift + shift - 1 for shift in shifts), *frees, *([layout.pedal_up] if self._pedal_down else []), END]

    def _allow_anything(self, mask: Mask) -> None:
        """Allow what may come where nothing has to."""
        layout = self._layout
        if self._struck < 0 and not self._moved:
            self._allow_freed(mask, layout.keys)
        if layout.pedal and self._struck < 0 and not self._moved:
            mask[layout.pedal_up + (not self._pedal_down)] = True
        self._allow_struck(mask)
        strikes = mask[FIRST_ON : layout.first_off]
        if strikes.any():
            mask[layout.first_velocity : layout.first_velocity + VELOCITIES] = True
            if self._velocity >= 0:
                mask[layout.first_velocity + self._velocity] = False
            else:
                strikes[:] = False
        owes = False
        if self._promises is not None and not self._promises.due(self._step):
            self._allow_told(mask, self._promises)
            owes = not self._promises.kept
        elif self._promises is None:
            self._allow_time(mask)
        at_rest = not self._sounding and not self._pedal_down and (self._freed >= 0 or self._moved)
        mask[END] = at_rest and self._struck < 0 and self._step > self._earliest_end and not owes

    def _allow_time(self, mask: Mask) -> None:
        """Allow time to pass, as far as it may; after less than the longest shift, or what was told, something has to happen.

        Where a melody is given, what happens may be that the model would tell some of its own: so time may pass again.
        """
        first = self._layout.first_shift
        is_given = self._promises is not None and self._promises.is_given
        halted = first <= self._last < first + LONGEST_SHIFT - 1 and not is_given
        if halted or self._layout.first_control <= self._last < self._layout.first_melody:
            return
        most = self._most_steps()
        if is_given and self._step < self._layout.lead:  # nothing else can happen before
            mask[first + most - 1] = True
            return
        mask[first : first + max(min(most, LONGEST_SHIFT), 0)] = True

    def _most_steps(self, *, all_told: bool = False) -> int:
        """How many steps may pass before something must happen, 0 or less where it must now; as if all were told that has to be."""
        most, promises = self._limit - self._step, self._promises
        if promises is not None:
            owed = promises.most_steps(self._step, all_told=all_told)
            if promises.is_given and self._step < self._layout.lead:
                return min(owed, self._layout.lead - self._step)
            most = min(most, owed + (not self._sounding))
        if self._sounding:
            return min(most, min(since[0] for since in self._sounding.values()) + LONGEST_NOTE - self._step)
        return min(most - 1, self._silent_since + LONGEST_SILENCE - self._step)

    def _allow_freed(self, mask: Mask, most: int) -> None:
        """Allow to let go what sounds, above what this step has let go already, up to key `most`; what must go goes in any case."""
        keys = [key for key in self._sounding if self._freed < key <= most]
        if self._promises is not None:
            keys = [key for key in keys if self._promises.may_free(key, self._step)]
        for key in keys or ([most] if most in self._sounding else []):
            mask[self._layout.first_off + key] = True

    def _allow_struck(self, mask: Mask) -> None:
        """Allow to strike what does not sound, above what this step has struck already."""
        lowest, struck = self._layout.lowest, self._struck
        if self._step < self._layout.lead:
            return
        mask[FIRST_ON + max(struck + 1, PIANO.start - lowest) : min(FIRST_ON + PIANO.stop - lowest, self._layout.first_off)] = True
        for key in self._sounding:
            mask[FIRST_ON + key] = False
        if self._promises is not None:
            for key in self._promises.soon(self._step):
                mask[FIRST_ON + key] = False
            if due := self._promises.due(self._step):
                mask[FIRST_ON + min(due)] = True
                mask[FIRST_ON + min(due) + 1 : self._layout.first_off] = False

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        layout = self._layout
        self._last = number
        if number == END:
            self._finished = True
        elif number >= layout.first_melody and self._promises is not None:
            self._promises.tell(number - layout.first_melody, self._step)
        elif number >= layout.first_control:
            self._telling += 1
            if self._telling == len(layout.controls):
                self._told, self._telling = self._step // STEPS_PER_SECOND, 0
        elif number >= layout.pedal_up:
            self._pedal_down, self._moved = number > layout.pedal_up, True
        elif number >= layout.first_velocity:
            self._velocity = number - layout.first_velocity
        elif number >= layout.first_shift:
            self._step += number - layout.first_shift + 1
            self._freed, self._struck, self._moved = -1, -1, False
            if self._promises is not None:
                self._promises.pass_time(self._step)
        elif number >= layout.first_off:
            self._free(number - layout.first_off)
        elif number >= FIRST_ON:
            self._struck = number - FIRST_ON
            self._sounding.setdefault(self._struck, []).append(self._step)
            if self._promises is not None:
                self._promises.strike(self._struck, self._step)

    def _free(self, key: int) -> None:
        """Let the first of a key's notes go."""
        self._freed = max(self._freed, key)
        if self._promises is not None:
            self._promises.free(key)
        since = self._sounding.get(key, [])[1:]
        if since:
            self._sounding[key] = since
        elif key in self._sounding:
            del self._sounding[key]
            if not self._sounding:
                self._silent_since = self._step


def _summed(places: NDArray[np.intp], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chances, each added where it is to go; both and the result of one shape."""
    return np.asarray(np.bincount(places, chances, chances.size), np.float64)
