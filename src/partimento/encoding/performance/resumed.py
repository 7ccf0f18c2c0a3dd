"""A beginning as it was played, and what a model plays on: joined so that no seam is heard.

Ids know time to 10 ms, loudness in steps, and pedals by what sounds. What was given keeps its own milliseconds, loudness and pedals;
only the notes that still sound where the model takes over end where the model lets them go.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Ids
from partimento.encoding.performance.codes import Played, played_of
from partimento.encoding.performance.layout import STEPS_PER_SECOND, Kind, Layout
from partimento.score import Score, Track
from partimento.score.note import SOFT, SOSTENUTO, SUSTAIN
from partimento.score.pedal import DOWN, sounding_end
from partimento.score.tempo import seconds_at

MILLISECONDS = 1000 // STEPS_PER_SECOND
"""Of a step."""

Column = NDArray[np.int64]


class Given(NamedTuple):
    """The notes of a beginning, in the order in which ids say them.

    Attributes:
        start: Milliseconds, shape (notes,).
        key_up: When the key is let go.
        silent: When the note is heard no more, pedals counted.
        key: MIDI key.
        velocity: 1 to 127.
        controls: Millisecond, number and value of each pedal's movements, shape (movements, 3).
    """

    start: Column
    key_up: Column
    silent: Column
    key: Column
    velocity: Column
    controls: Column

    @classmethod
    def of(cls, primer: Score) -> Given:
        """Return the notes of a score that has some, drums left out."""
        tracks = [track for track in primer.tracks if len(track) and not track.is_drum]
        end = primer.end_tick
        start, key_up, silent = (
            _milliseconds(primer, np.concatenate(columns))
            for columns in zip(*((track.start, track.end, sounding_end(track, end)) for track in tracks), strict=True)
        )
        key, velocity = (np.concatenate([getattr(track, name) for track in tracks]).astype(np.int64) for name in ("pitch", "velocity"))
        order = np.lexsort((velocity, key, np.rint(start / MILLISECONDS)))
        controls = np.concatenate([track.controls for track in tracks])
        controls = controls[np.isin(controls[:, 1], (SUSTAIN, SOSTENUTO, SOFT))]
        controls[:, 0] = _milliseconds(primer, controls[:, 0])
        controls = controls[np.argsort(controls[:, 0], kind="stable")]
        return cls(start[order], key_up[order], silent[order], key[order], velocity[order], controls)


def resumed(ids: Ids, primer: Score, layout: Layout) -> Track:
    """Return what `ids` say, a tick a millisecond, what is said of `primer` as it was given.

    Args:
        ids: A performance whose first notes are those of `primer`.
        primer: As it was encoded.
        layout: Which number means what.
    """
    given, said = Given.of(primer), played_of(ids, layout)
    count = given.start.size
    strikes = np.flatnonzero(layout.kinds.take(ids) == Kind.ON)
    begun = int(layout.steps.take(ids[: strikes[count - 1]]).sum()) * MILLISECONDS  # the last note that was given
    handed = min([*(said.start[count:] * MILLISECONDS)[:1].tolist(), max(int(given.silent.max()), begun)])  # where the model takes over
    last = np.maximum(np.rint(given.silent / MILLISECONDS), np.rint(given.start / MILLISECONDS) + 1)
    open_end = last == last.max()  # what is let go in the last step is not said (see `ids_of`)
    end = np.where(open_end, said.end[:count] * MILLISECONDS, np.where(given.silent > handed, given.silent, given.key_up))
    return Track(
        np.concatenate([given.start, said.start[count:] * MILLISECONDS]),
        np.concatenate([np.maximum(end - given.start, 1), (said.end - said.start)[count:] * MILLISECONDS]),
        np.concatenate([given.key, said.key[count:]]).astype(np.int32),
        np.concatenate([given.velocity, said.velocity[count:] * 4 + 2]).astype(np.int32),
        controls=_pedals(given.controls, said, handed, begun, layout),
    )


def _pedals(given: Column, said: Played, handed: int, begun: int, layout: Layout) -> Column:
    """The movements that were given up to where the model takes over, and its own; what it does not say is let go there."""
    before = given[given[:, 0] < handed]
    numbers = (SOSTENUTO, SOFT) if layout.pedal else (SUSTAIN, SOSTENUTO, SOFT)
    held = [number for number in numbers if (before[before[:, 1] == number, 2][-1:] >= DOWN).any()]
    after = [(handed, number, 0) for number in held]
    if layout.pedal:
        after += [(int(step) * MILLISECONDS, SUSTAIN, 127 * int(down)) for step, down in said.pedal if step * MILLISECONDS > begun]
    return np.concatenate([before, np.array(after, np.int64).reshape(-1, 3)])


def _milliseconds(score: Score, ticks: NDArray[Any]) -> Column:
    """Ticks in milliseconds, the nearest."""
    return np.rint(seconds_at(score, ticks) * 1000).astype(np.int64)
