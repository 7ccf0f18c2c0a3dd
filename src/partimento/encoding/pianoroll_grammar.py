"""What may follow what in encoding `pianoroll`; asked for every key of every step, so it looks things up."""

from __future__ import annotations

from partimento.encoding.encoding import Mask
from partimento.encoding.home import Home
from partimento.encoding.pianoroll_layout import HELD, STEPS_PER_QUARTER, STRUCK, Layout
from partimento.errors import EncodingError

MOST_BARS = 64
"""A piece without a wished length is ended here."""

FEWEST_BARS = 4
"""Bars begun before a piece without a wished length may end."""

_MIDDLE_C = 60


class PianoRollGrammar:
    """Follows one piece id by id (see `encoding.Grammar`).

    It writes one metre from start to end, with a pickup or without, and ends on a bar line. A key is held only where it
    sounded in the step before. No bar is silent: where one is about to be, what sounded last is struck again. The last
    quarter is one chord: the triad of the key that its notes suggest, or some of it, the tonic lowest.

    Args:
        layout: The ids.
        bars: Bars the piece must have, a pickup not counted.
        written: Keys that may be struck, numbered from the layout's first; all where None.

    Raises:
        EncodingError: When there are none, or too many.
    """

    def __init__(self, layout: Layout, *, bars: int | None = None, written: range | None = None) -> None:
        if bars is not None and not 1 <= bars <= 1000:
            raise EncodingError(f"encoding 'pianoroll': {bars} bars, expected 1 to 1000.")
        self._layout = layout
        self._wished = bars
        self._written = range(layout.keys) if written is None else written
        self._begun = 0  # bars begun, a pickup not counted
        self._slot = -1  # -1 start, 0 place, 1 to keys the keys
        self._place = -1  # id of the place of this step
        self._bar = 0  # first place of its metre
        self._sounds = [False] * layout.keys  # of each key, in this step where it has been said, else in the one before
        self._here = False  # whether something sounds in this step
        self._silent = 0  # silent steps up to the last
        self._last = min(max(_MIDDLE_C - layout.lowest, self._written[0]), self._written[-1])  # highest key of the last step that sounded
        self._top = self._last  # highest key of this step so far
        self._must_sound = False
        self._chord: tuple[int, ...] = ()  # MIDI keys that sound in this step so far; when it has ended, in the last
        self._low = self._last  # lowest key of the last step that sounded
        self._home = Home()
        self._finished = False

    @property
    def finished(self) -> bool:
        """True when the piece has ended."""
        return self._finished

    @property
    def bars(self) -> int:
        """Bars begun so far, a pickup not counted."""
        return self._begun

    @property
    def closing(self) -> bool:
        """Whether the last bar has begun."""
        return self._begun >= self._most

    @property
    def _most(self) -> int:
        """Bars of the piece at most."""
        return MOST_BARS if self._wished is None else self._wished

    def allowed(self) -> Mask:
        """Return which ids may come next, shape (vocabulary,), read-only."""
        masks = self._layout.masks
        if self._finished:
            return masks["nothing"]
        if self._slot > 0:
            key = self._slot - 1
            left = int(self._layout.left[self._place])
            last = min(STEPS_PER_QUARTER, int(self._layout.left[self._bar]))
            if self.closing and left <= last:
                return masks[self._last_chord(key) if left == last else "held" if self._sounds[key] else "silent"]
            if self._must_sound and key == self._last and not self._here:
                return masks["struck"]
            if key not in self._written:
                return masks["silent or held" if self._sounds[key] else "silent"]
            return masks["any"] if self._sounds[key] else masks["silent or struck"]
        if self._slot < 0:
            return masks["start"]
        return masks["place"] if self._place < 0 else self._next_places()

    def _last_chord(self, key: int) -> str:
        """What a key may do where the last chord begins, as the name of a mask."""
        sounds, classes = self._sounds[key], self._home.classes
        if key not in self._written and not sounds:
            return "silent"
        if not self._here and key == self._root:
            return "held or struck" if sounds else "struck"
        pitch = key + self._layout.lowest
        welcome = self._home.welcomes((*self._chord, pitch)) if self._here else not classes or pitch % 12 == classes[0]
        return ("any" if sounds else "silent or struck") if welcome else "silent"

    @property
    def _root(self) -> int:
        """The key that sounds in the last chord where none below does: the tonic nearest to the last bass."""
        lowest, classes = self._layout.lowest, self._home.classes
        tonics = [key for key in self._written if not classes or (key + lowest) % 12 == classes[0]]
        return min(tonics or self._written, key=lambda key: abs(key - self._low))

    def _next_places(self) -> Mask:
        """The place after the last one, or at a bar line the end."""
        layout = self._layout
        inside = layout.left[self._place] > 1
        if not inside and self.closing:
            return layout.masks["end"]
        mask = layout.masks["nothing"].copy()
        mask[self._place + 1 if inside else self._bar] = True
        rests = self._wished is None and self._begun >= FEWEST_BARS and self._home.welcomes(self._chord)
        mask[layout.end] = not inside and rests
        return mask

    def push(self, number: int) -> None:
        """Take the next id, whether `allowed` has it or not: a given beginning may break the rules."""
        layout = self._layout
        if self._slot > 0:
            key, does = self._slot - 1, number - layout.silent
            sounds = does == STRUCK or (does == HELD and self._sounds[key])
            self._sounds[key] = sounds
            if sounds:
                self._here, self._top = True, key
                self._chord += (key + layout.lowest,)
            self._slot += 1
            if self._slot == layout.frame:
                self._leave()
        elif number == layout.end:
            self._finished = True
        elif self._slot == 0:
            self._enter(number)
        else:
            self._slot = 0

    def _enter(self, place: int) -> None:
        """Begin the step at `place`."""
        layout = self._layout
        self._bar = max(first for first in layout.first_place.values() if first <= place)
        self._begun += place == self._bar
        self._place = place
        self._here, self._chord = False, ()
        self._must_sound = self._silent >= layout.left[self._bar] - 1
        self._slot = 1

    def _leave(self) -> None:
        """End a step."""
        if self._here:
            self._last, self._low = self._top, self._chord[0] - self._layout.lowest
            self._home.hear(self._chord, 1)
        self._silent = 0 if self._here else self._silent + 1
        self._slot = 0
