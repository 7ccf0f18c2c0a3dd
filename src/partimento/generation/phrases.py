"""Where a performance breathes: its phrases, for those who answer them."""

from __future__ import annotations

import numpy as np

from partimento.score import Score
from partimento.score.tempo import duration_seconds, seconds_at

SHORTEST_SECONDS, LONGEST_SECONDS = 3.0, 12.0

BREATH_SECONDS = 0.7
"""A wait between two strikes at which a phrase ends that might go on."""


def phrases(score: Score) -> list[tuple[float, float]]:
    """Return the phrases of a performance, in seconds: from the first note on, each ends where the next one begins.

    A phrase ends at the longest wait between two strikes that leaves it, and what follows, at least `SHORTEST_SECONDS` long; one that would
    be longer than `LONGEST_SECONDS` must end, another only at a wait of `BREATH_SECONDS`.

    Args:
        score: With at least one note.
    """
    strikes = np.unique(np.concatenate([seconds_at(score, track.start) for track in score.tracks if len(track)]))
    end = duration_seconds(score)
    found: list[tuple[float, float]] = []
    begin = float(strikes[0])
    while True:
        last = min(begin + LONGEST_SECONDS, end - SHORTEST_SECONDS)
        inner = strikes[(strikes >= begin + SHORTEST_SECONDS) & (strikes <= last)]
        waits = inner - strikes[np.searchsorted(strikes, inner) - 1]
        must = end - begin > LONGEST_SECONDS
        if not must and not (waits >= BREATH_SECONDS).any():
            return [*found, (begin, end)]
        place = float(inner[np.argmax(waits)]) if inner.size else last
        found.append((begin, place))
        begin = place
