"""Notes as columns: a corpus has seven million of them, so a track is four arrays, not a list of objects."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ScoreError

Ticks = NDArray[np.int64]
"""Positions or lengths in ticks, shape (notes,)."""

Keys = NDArray[np.int32]
"""MIDI key numbers or velocities, shape (notes,)."""

SUSTAIN, SOSTENUTO, SOFT = 64, 66, 67
"""MIDI controller numbers of the three pedals."""

LAST_TICK = 2**31 - 1
"""The last tick a score may hold: what a Standard MIDI File and a C reader can count."""


def _column(values: object, dtype: type, name: str) -> NDArray[np.int64]:
    """Return `values` as a read-only one-dimensional integer array."""
    array = np.asarray(values)
    if array.ndim == 0:
        array = array.reshape(1)
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in "iu":
        raise ScoreError(f"track column '{name}': found {array.dtype}, expected whole numbers. Round before building a Track.")
    if array.ndim != 1:
        raise ScoreError(f"track column '{name}': found shape {array.shape}, expected one dimension, a value for each note.")
    if not np.can_cast(array.dtype, dtype) and (array.min() < np.iinfo(dtype).min or array.max() > np.iinfo(dtype).max):
        raise ScoreError(f"track column '{name}': values from {array.min()} to {array.max()}, too large for music. Clip or drop the notes.")
    array = np.array(array, dtype=dtype)
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class Track:
    """One instrument's or one voice's notes, sorted by start, then pitch.

    Attributes:
        start: Onset of each note in ticks, shape (notes,), 0 or later.
        duration: Length of each note in ticks, shape (notes,), at least 1.
        pitch: MIDI key of each note, shape (notes,), 0 to 127; 60 is middle C.
        velocity: Loudness of each note, shape (notes,), 1 to 127.
        name: What the source calls the track; may be empty.
        program: General MIDI program, 0 to 127; 0 is the grand piano.
        is_drum: True for the percussion channel, where `pitch` names an instrument.
        controls: Controller changes, shape (changes, 3): tick, controller number, value. Pedals are
            controllers 64 (sustain), 66 (sostenuto) and 67 (soft).

    Raises:
        ScoreError: When a column has another length or a value out of range.
    """

    start: Ticks = field(default_factory=lambda: np.zeros(0, np.int64))
    duration: Ticks = field(default_factory=lambda: np.zeros(0, np.int64))
    pitch: Keys = field(default_factory=lambda: np.zeros(0, np.int32))
    velocity: Keys = field(default_factory=lambda: np.zeros(0, np.int32))
    name: str = ""
    program: int = 0
    is_drum: bool = False
    controls: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))

    def __post_init__(self) -> None:
        columns = {
            "start": _column(self.start, np.int64, "start"),
            "duration": _column(self.duration, np.int64, "duration"),
            "pitch": _column(self.pitch, np.int32, "pitch"),
            "velocity": _column(self.velocity, np.int32, "velocity"),
        }
        sizes = {name: column.size for name, column in columns.items()}
        if len(set(sizes.values())) > 1:
            raise ScoreError(f"track '{self.name}': columns differ in length, {sizes}. Give every note all four values.")
        end = columns["start"] + columns["duration"]
        bounds = (("start", 0, LAST_TICK), ("duration", 1, LAST_TICK), ("pitch", 0, 127), ("velocity", 1, 127))
        for name, low, high in bounds:
            column = columns[name]
            if column.size and (column.min() < low or column.max() > high):
                wrong = int(np.flatnonzero((column < low) | (column > high))[0])
                raise ScoreError(
                    f"track '{self.name}', note {wrong}: {name} is {int(column[wrong])}, expected {low} to {high}. Clip or drop the note."
                )
        if end.size and int(end.max()) > LAST_TICK:
            raise ScoreError(f"track '{self.name}': a note ends after tick {LAST_TICK}. Rescale to fewer ticks per quarter.")
        if not 0 <= self.program <= 127:
            raise ScoreError(f"track '{self.name}': program is {self.program}, expected 0 to 127.")
        place = columns["start"] * 128 + columns["pitch"]
        if (place[1:] < place[:-1]).any():
            order = np.argsort(place, kind="stable")
            for name, column in columns.items():
                columns[name] = column[order]
                columns[name].flags.writeable = False
        for name, column in columns.items():
            object.__setattr__(self, name, column)
        object.__setattr__(self, "controls", self._checked_controls())

    def _checked_controls(self) -> NDArray[np.int64]:
        """Return the controller changes sorted by tick, read-only."""
        controls = np.asarray(self.controls)
        if controls.size and (controls.dtype.kind not in "iu" or controls.ndim != 2 or controls.shape[1] != 3):
            raise ScoreError(
                f"track '{self.name}': controls are {controls.dtype} of shape {controls.shape}, expected whole numbers, "
                "one row a change: tick, controller, value."
            )
        controls = np.array(controls.reshape(-1, 3), np.int64, order="F")  # each column in one piece: most questions are to one
        if controls.size and (controls.min() < 0 or controls[:, 1].max() > 127 or controls[:, 2].max() > 127):
            raise ScoreError(
                f"track '{self.name}': a controller change is out of range. Ticks start at 0, numbers and values are 0 to 127."
            )
        tick = controls[:, 0]
        if (tick[1:] < tick[:-1]).any():
            controls = np.asfortranarray(controls[np.argsort(tick, kind="stable")])
        controls.flags.writeable = False
        return controls

    def __reduce__(self) -> tuple[type[Track], tuple[object, ...]]:
        return Track, tuple(getattr(self, each.name) for each in fields(self))  # built anew, so that the columns stay read-only

    def __len__(self) -> int:
        return int(self.start.size)

    @property
    def end(self) -> Ticks:
        """End of each note in ticks, shape (notes,)."""
        return self.start + self.duration

    @property
    def pedal(self) -> NDArray[np.int64]:
        """Sustain pedal changes, shape (changes, 2): tick, value (64 and above is down)."""
        return np.asarray(self.controls[self.controls[:, 1] == SUSTAIN][:, [0, 2]])
