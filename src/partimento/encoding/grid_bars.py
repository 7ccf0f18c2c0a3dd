"""Follows the head and the bars of a piece on a 16th grid, and says when it may, and when it must, come to its end."""

from __future__ import annotations

from partimento.encoding.encoding import Mask
from partimento.encoding.grid_layout import BAR_STEPS, HEAD, HEAD_IDS, key_signature
from partimento.errors import EncodingError
from partimento.score.pitch import MODE_FIFTHS, tonic_pitch_class

MOST_BARS = 64
"""A piece without a wished length is brought to its end from here on, within four bars."""

FEWEST_BARS = 4
"""Bars begun before a piece without a wished length may end."""


class GridBars:
    """Counts steps and bars; a grammar holds one and asks it.

    Args:
        name: The encoding that counts, for error messages.
        bars: Bars the piece must have, its pickup and incomplete last bar together counting as one.
        key: Id of the key it must be in; the model's choice where None.
    """

    def __init__(self, name: str, *, bars: int | None, key: int | None) -> None:
        if bars is not None and not 1 <= bars <= 1000:
            raise EncodingError(f"encoding '{name}': {bars} bars, expected 1 to 1000.")
        self._wished, self._key = bars, key
        self._headed = 0  # ids of the head that stand
        self._pickup = 0
        self.bar = 16
        """Steps in a bar."""
        self.place = 0
        """Steps into the bar of the step that comes next."""
        self.begun = 0
        """Bars begun, a pickup not counted."""
        self.steps = 0
        """Steps that stand."""
        self.tonic, self.minor = 0, False
        """Pitch class of the tonic, and whether its third is minor."""

    @property
    def headed(self) -> bool:
        """Whether the head stands."""
        return self._headed >= HEAD_IDS

    @property
    def ids(self) -> int:
        """Ids of the head that stand."""
        return self._headed

    @property
    def left(self) -> int | None:
        """Steps still to come, where the length is settled."""
        wished = self._wished
        if wished is None:
            if self.begun < MOST_BARS:
                return None
            wished = MOST_BARS + 4
        return (wished - self.begun) * self.bar + -self.place % self.bar - self._pickup

    @property
    def may_end(self) -> bool:
        """Whether the piece may end here: on a bar line, or where the last bar and the pickup make one bar."""
        if self.left is not None:
            return self.left <= 0
        return self.begun >= FEWEST_BARS and self.place in (0, self.bar - self._pickup)

    def allow_head(self, mask: Mask) -> None:
        """Allow the next id of the head."""
        group = ("frame", "metre", "pickup", "key")[self._headed]
        first = HEAD.first[group]
        count = {"frame": 1, "pickup": self.bar}.get(group, len(HEAD.groups[group]))
        mask[first : first + count] = True
        if group == "key" and self._key is not None:
            mask[first : first + count] = False
            mask[self._key] = True

    def push_head(self, number: int) -> None:
        """Take an id of the head, or a change of metre."""
        symbol = HEAD.symbols[number]
        if symbol in BAR_STEPS:
            self.bar, self.place = BAR_STEPS[symbol], 0
            self._pickup = 0
        elif number >= HEAD.first["key"]:
            key = key_signature(number)
            self.tonic, self.minor = tonic_pitch_class(key), MODE_FIFTHS[key.mode] < -1
        elif number >= HEAD.first["pickup"]:
            self._pickup = number - HEAD.first["pickup"]
            self.place = -self._pickup % self.bar
        self._headed += 1

    def step(self) -> None:
        """Take one step."""
        self.begun += self.place == 0
        self.place = (self.place + 1) % self.bar
        self.steps += 1
