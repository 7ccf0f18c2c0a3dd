"""A melody that was told and is yet to be struck: what is owed at each step, and by when."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from partimento.encoding.performance.layout import AHEAD_STEPS

Note = tuple[int, int, int]
"""Step, key counted from the lowest, and step of the end of a given note; the music's own steps, its lead not counted."""


EARLY_STEPS = 25
"""Steps before it is due in which what was told is not struck: a model counts a second to a few hundredths only."""


class Promises:
    """What has been told of a melody.

    Args:
        limit: Step by which the piece is over; nothing is told that could not be struck before.
        given: The melody, in order, where it is given: then it alone is told, and its notes last as long as they are to.
    """

    def __init__(self, limit: int, given: Sequence[Note] | None = None) -> None:
        self._limit = limit
        self._to_tell = None if given is None else deque(given)
        self._owed: deque[Note] = deque()  # in the order in which they are due; the step is that of the strike
        self._held: dict[int, int] = {}  # key of a given note that sounds -> step of its end
        self.last_told = -1
        """Key told last in this step, -1 for none."""

    @property
    def is_given(self) -> bool:
        """Whether the melody is given."""
        return self._to_tell is not None

    @property
    def kept(self) -> bool:
        """Whether nothing is owed any more, nor to be told."""
        return not self._owed and not self._to_tell

    def due(self, step: int) -> list[int]:
        """Return the keys that must be struck before time passes, from low to high."""
        return [key for when, key, _ in self._owed if when <= step]

    def soon(self, step: int) -> dict[int, int]:
        """Return the keys that are due within `EARLY_STEPS`, but not yet, and in how many steps."""
        coming: dict[int, int] = {}
        for when, key, _ in self._owed:
            if 0 < when - step <= EARLY_STEPS:
                coming.setdefault(key, when - step)
        return coming

    def to_tell(self, step: int) -> list[int] | None:
        """Return the keys of a given melody that must be told before time passes; None where the melody is free."""
        return None if self._to_tell is None else [key for when, key, _ in self._to_tell if when <= step]

    def may_tell(self, step: int) -> bool:
        """Whether what is told now can be struck before the end."""
        return self._to_tell is None and step + AHEAD_STEPS < self._limit

    def may_free(self, key: int, step: int) -> bool:
        """Whether a key may be let go: a given note keeps its length."""
        return self._held.get(key, 0) <= step

    def must_free(self, step: int) -> list[int]:
        """Return the keys whose given note is over."""
        return [key for key, end in self._held.items() if end <= step]

    def most_steps(self, step: int, *, all_told: bool = False) -> int:
        """Return how many steps may pass at most before something is owed; as if what must be told had been."""
        to_tell = () if all_told else list(self._to_tell or ())[:1]
        coming = [when for when, _, _ in [*list(self._owed)[:1], *to_tell]] + list(self._held.values())
        return min((when - step for when in coming), default=self._limit)

    def tell(self, key: int, step: int) -> None:
        """A key has been told."""
        end = 0
        if self._to_tell and self._to_tell[0][1] == key:
            end = self._to_tell.popleft()[2] + AHEAD_STEPS
        self._owed.append((step + AHEAD_STEPS, key, end))
        self.last_told = key

    def strike(self, key: int, step: int) -> None:
        """A key has been struck; what was owed below it can be struck no more."""
        for note in [note for note in self._owed if note[0] <= step and note[1] <= key]:
            self._owed.remove(note)
            if note[1] == key and note[2]:
                self._held[key] = note[2]

    def free(self, key: int) -> None:
        """A key has been let go."""
        self._held.pop(key, None)

    def pass_time(self, step: int) -> None:
        """It is `step` now; what was owed before can be struck no more."""
        self.last_told = -1
        while self._owed and self._owed[0][0] < step:
            self._owed.popleft()
