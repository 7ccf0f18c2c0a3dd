"""What may follow what in a melody over chords, of encoding `lead`.

Every stretch is filled, and the piece ends at a bar line on a note of its chord. Of deepjazz's rules for cleaning up
afterwards, these hold beforehand: the first note is no rest; notes stand on the grid, triplets are three equal ones; a note
shorter than an eighth is not struck twice in a row. And: no leap of more than an octave, a range of G3 to E6, no more than
two quarters of silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from partimento.encoding import lead_layout as layout
from partimento.encoding.encoding import Mask
from partimento.encoding.lead_layout import GROUP, HOLD, REST, VOCABULARY
from partimento.errors import EncodingError
from partimento.score.chords import Harmony

LOW, HIGH = 55, 88
"""MIDI keys that are written: G3 to E6."""

WIDEST_LEAP = 12
FAST = 6
"""Steps; shorter notes are fast."""

MOST_SILENCE = 24
FEWEST_BARS, MOST_BARS = 8, 64
"""Bars of a piece for which none were wished."""

_LENGTHS = (3, 6, 9, 12, 18, 24, 36, 48, 72)


class LeadGrammar:
    """Follows one melody id by id (see `encoding.Grammar`).

    Args:
        bars: Bars it must have; the model decides where None.
        skeleton: The ids of metre and chords it must keep to: the first root, then bars and chords in their order.
    """

    def __init__(self, *, bars: int | None = None, skeleton: Sequence[int] | None = None) -> None:
        if bars is not None and not 1 <= bars <= 1000:
            raise EncodingError(f"a melody of {bars} bars, expected 1 to 1000.")
        self._wished = bars
        self._skeleton = None if skeleton is None else tuple(skeleton)
        self._taken = 0  # ids of the skeleton behind us
        self._stage = "start"  # start, root, bar, chord, event, length, end
        self._bars = 0
        self._metre = ""
        self._parts = 0  # stretches begun in this bar
        self._steps = 0  # of a stretch
        self._place = 0  # steps since the stretch began
        self._chord = Harmony(0, "major")
        self._event = REST
        self._pitch = layout.first_pitch(0)  # of the last note
        self._sounded = False  # whether there was one
        self._last = 0  # steps of the last note; 0 behind a rest
        self._silence = 0

    def __deepcopy__(self, memo: object) -> LeadGrammar:
        return copy(self)  # nothing in it is changed in place

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._stage == "end"

    @property
    def bars(self) -> int:
        """Bars begun so far."""
        return self._bars

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,)."""
        mask = np.zeros(len(VOCABULARY), np.bool_)
        mask[self._next()] = True
        return mask

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        group = GROUP[number]
        self._taken += group in ("root", "bar", "chord")
        if number == layout.END:
            self._stage = "end"
        elif number == layout.START:
            self._stage = "root"
        elif group == "root":
            self._chord, self._stage = Harmony(number - VOCABULARY.first["root"], "major"), "bar"
            self._pitch = layout.first_pitch(self._chord.root)
        elif group == "bar":
            self._metre = VOCABULARY.symbols[number][1:]
            numerator, denominator = map(int, self._metre.split("/"))
            self._steps = layout.METRES[self._metre] // layout.halves(numerator, denominator)
            self._bars, self._parts, self._stage = self._bars + 1, 0, "chord"
        elif group == "chord":
            self._chord = layout.chord_of(number, self._chord.root)
            self._parts, self._place, self._stage = self._parts + 1, 0, "event"
        elif group == "length":
            self._push_length(layout.steps_of(number))
        else:
            self._event, self._stage = number, "length"

    def _push_length(self, steps: int) -> None:
        """A note, a rest or a held note is over."""
        self._place += steps
        if self._event == REST:
            self._last, self._silence = 0, self._silence + steps
        elif self._event == HOLD:
            self._last += steps
        else:
            self._pitch = layout.pitch_of(self._event, self._chord.root, self._pitch)
            self._sounded, self._last, self._silence = True, steps, 0
        full = self._place >= self._steps
        last = not self._metre or self._parts * self._steps >= layout.METRES[self._metre]
        self._stage = "event" if not full else "bar" if last else "chord"

    # ---- what may come

    def _next(self) -> list[int]:
        """The ids that may come next."""
        if self._stage == "end":
            return []
        if self._stage == "start":
            return [layout.START]
        if self._stage in ("root", "bar", "chord"):
            return self._planned() if self._skeleton is not None else self._frame()
        return self._events() if self._stage == "event" else [layout.length_id(steps) for steps in self._lengths()]

    def _planned(self) -> list[int]:
        """What the skeleton wants here, or the end."""
        skeleton = self._skeleton or ()
        return [skeleton[self._taken]] if self._taken < len(skeleton) else [layout.END]

    def _frame(self) -> list[int]:
        """Roots, bars and chords of the model's own choice."""
        if self._stage == "bar" and self._metre:
            ends = self._bars >= (self._wished or MOST_BARS)
            if ends:
                return [layout.END]
            rests = self._wished is None and self._bars >= FEWEST_BARS and self._last > 0 and self._fits(self._pitch)
            return [VOCABULARY.ids[f"|{self._metre}"], *([layout.END] if rests else [])]
        first = VOCABULARY.first[self._stage]
        return list(range(first, first + len(VOCABULARY.groups[self._stage])))

    def _fits(self, pitch: int) -> bool:
        """Whether a MIDI key is a note of the chord."""
        return pitch % 12 in self._chord.pitch_classes

    def _final(self) -> bool:
        """Whether the piece must end with this stretch."""
        if self._skeleton is not None:
            return self._taken >= len(self._skeleton)
        whole = not self._metre or self._parts * self._steps >= layout.METRES[self._metre]
        return whole and self._bars >= (self._wished or MOST_BARS)

    def _events(self) -> list[int]:
        """Notes, a rest, or what sounds held on."""
        final = self._final()
        near = self._sounded and LOW <= self._pitch <= HIGH
        low, high = (max(LOW, self._pitch - WIDEST_LEAP), min(HIGH, self._pitch + WIDEST_LEAP)) if near else (LOW, HIGH)
        again = self._pitch if 0 < self._last < FAST else None
        pitches = [pitch for pitch in range(low, high + 1) if pitch != again and (not final or self._fits(pitch))]
        notes = [layout.note_id(pitch, self._chord.root, self._pitch) for pitch in pitches]
        found = [number for number in notes if number is not None]
        begins = self._place == 0 and self._sounded
        if begins and self._last > 0 and (not final or self._fits(self._pitch)):
            found.append(HOLD)
        silent = self._last == 0 and not begins
        if self._sounded and not final and not silent and self._silence < MOST_SILENCE:
            found.append(REST)
        return found

    def _lengths(self) -> list[int]:
        """Lengths after which one stands on the grid, within the stretch."""
        room, beat = self._steps - self._place, self._place % layout.STEPS_PER_QUARTER
        if room < 1:
            return [1]  # an odd given beginning has filled more than the stretch
        if beat in (4, 8):
            found = [4]
        else:
            found = [steps for steps in _LENGTHS if (self._place + steps) % 3 == 0]
            found += [4] if beat == 0 and room >= layout.STEPS_PER_QUARTER else []
        most = room if self._event != REST else min(room, max(MOST_SILENCE - self._silence, 3))
        fitting = [steps for steps in found if steps <= most]
        return fitting or [min(room, layout.LONGEST)]
