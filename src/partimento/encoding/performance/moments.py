"""When each id of a performance happens and on which key, so that what a model makes of it can be drawn where it sounds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Ids
from partimento.encoding.performance.layout import FIRST_ON, STEPS_PER_SECOND, Kind, Layout


class Moments(NamedTuple):
    """Where ids stand in the music they say, in their order.

    Attributes:
        seconds: When, shape (ids,); 0 for what comes before the music, the middle of it for time that passes.
        key: MIDI key that is struck, let go or told, shape (ids,); 0 for an id without one.
        kind: What each does, shape (ids,), values of `Kind`.
    """

    seconds: NDArray[np.float64]
    key: NDArray[np.int64]
    kind: NDArray[np.uint8]


def moments_of(ids: Ids, layout: Layout) -> Moments:
    """Return where each id stands.

    Args:
        ids: A performance from its beginning, shape (ids,).
        layout: Which number means what.
    """
    kind, passes = layout.kinds.take(ids), layout.steps.take(ids).astype(np.int64)
    middle = np.cumsum(passes) - passes / 2
    seconds = np.maximum(middle - layout.lead, 0) / STEPS_PER_SECOND
    first = np.zeros(len(Kind), np.int64)
    first[[Kind.ON, Kind.OFF, Kind.MELODY]] = FIRST_ON, layout.first_off, layout.first_melody
    has_key = np.isin(kind, (Kind.ON, Kind.OFF, Kind.MELODY))
    key = np.where(has_key, np.asarray(ids) - first.take(kind) + layout.lowest, 0)
    return Moments(seconds, key, kind)
