"""What a piano can play of any score that is to be gone on with, and what is to be said of the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from partimento.encoding.performance.layout import Layout
from partimento.errors import EncodingError
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds
from partimento.words import counted

LONG_SECONDS = 600
"""Length of a beginning from which it is said that a model remembers its end alone."""

STIFF_NOTES = 24
"""Notes that all stand on a grid and are all as loud, from which on it is no playing."""

_GRIDS = (16, 24)  # notes to a whole note


def adapted(primer: Score, layout: Layout) -> tuple[Score, tuple[str, ...]]:
    """Return what a piano plays of `primer`, and a sentence on each thing that it does not, or that will be heard.

    Args:
        primer: Any score.
        layout: Its keys.

    Raises:
        EncodingError: When nothing is left of it.
    """
    remarks = []
    drums = sum(len(track) for track in primer.tracks if track.is_drum)
    tracks = [_within(track, layout) for track in primer.tracks if not track.is_drum and len(track)]
    outside = sum(len(track) for track in primer.tracks if not track.is_drum) - sum(map(len, tracks))
    tracks = [track for track in tracks if len(track)]
    kinds = ((drums, "of drums"), (outside, "that the piano has no key for"))
    left_out = [f"{counted(count, 'note')} {kind}" for count, kind in kinds if count]
    if not tracks:
        raise EncodingError(f"--primer: has no notes for a piano ({' and '.join(left_out) or 'it is empty'}). Give another.")
    if left_out:
        remarks.append(f"primer: {' and '.join(left_out)} {'was' if drums + outside == 1 else 'were'} left out.")
    if instruments := len({track.program for track in tracks}) - 1:
        remarks.append(f"primer: its {instruments + 1} instruments are played on one piano.")
    adapted = replace(primer, tracks=tuple(tracks))
    if (seconds := duration_seconds(adapted)) > LONG_SECONDS:
        remarks.append(f"primer: of its {seconds / 60:.0f} minutes the model remembers the end alone. --primer-seconds makes it shorter.")
    if _is_stiff(adapted):
        remarks.append("primer: all its notes stand on a grid and are equally loud, as nobody plays; what follows may sound as stiff.")
    return adapted, tuple(remarks)


def _within(track: Track, layout: Layout) -> Track:
    """A track without the notes that the layout has no key for."""
    inside = (track.pitch >= layout.lowest) & (track.pitch <= layout.highest)
    if inside.all():
        return track
    columns = {name: getattr(track, name)[inside] for name in ("start", "duration", "pitch", "velocity")}
    return replace(track, **columns)


def _is_stiff(score: Score) -> bool:
    """Whether it was written and not played."""
    start = np.concatenate([track.start for track in score.tracks])
    loudness = np.unique(np.concatenate([track.velocity for track in score.tracks]))
    whole = 4 * score.ticks_per_quarter
    return start.size >= STIFF_NOTES and loudness.size == 1 and any(not np.any(start * grid % whole) for grid in _GRIDS)
