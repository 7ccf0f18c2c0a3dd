"""Where a piece is at home: the tonic that the notes so far suggest, for grammars of encodings that say no key."""

from __future__ import annotations

import numpy as np

from partimento.score.harmony import key_fit


class Home:
    """Hears notes one by one. A key whose tonic has not been heard is none."""

    def __init__(self) -> None:
        self._weights = np.zeros(12)
        self._classes: tuple[int, ...] | None = ()  # None where more was heard since they were asked for

    @property
    def classes(self) -> tuple[int, ...]:
        """Pitch classes a last chord may have: the tonic first, its fifth, and its third or thirds; empty before the first note."""
        if self._classes is None:
            fit = np.where(self._weights > 0, key_fit(self._weights), -np.inf)
            minor, tonic = divmod(int(np.argmax(fit)), 12)
            self._classes = tuple((tonic + step) % 12 for step in ((0, 7, 3, 4) if minor else (0, 7, 4)))
        return self._classes

    def hear(self, pitches: tuple[int, ...], length: float) -> None:
        """Take notes that sound for `length`, in any unit."""
        for pitch in pitches:
            self._weights[pitch % 12] += length
        self._classes = None if pitches else self._classes

    def welcomes(self, pitches: tuple[int, ...]) -> bool:
        """Return whether a piece may come to rest on these, the lowest first: the tonic lowest, of its triad, with one third at most.

        Before the first note everything is at home.
        """
        if not self.classes or not pitches:
            return bool(pitches)
        heard = {pitch % 12 for pitch in pitches}
        return pitches[0] % 12 == self.classes[0] and heard <= {*self.classes} and len(heard & {*self.classes[2:]}) <= 1
