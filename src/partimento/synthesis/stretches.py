"""Long music cut into stretches that are made apart, and put together again: when something sounds, and nothing else.

Times are frames of a note roll, 250 a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.models.wavenet_shape import SAMPLE_RATE, SAMPLES_PER_FRAME
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.note_roll import FRAMES_PER_SECOND
from partimento.synthesis.synthesizer import TAIL_SECONDS

FADE_SECONDS = 0.04
"""How long a stretch takes over from the one before, or from silence."""

BEFORE_SECONDS = 0.1
"""How long before a note something may sound; after its end it may for `TAIL_SECONDS`."""

SHORTEST_SILENCE_SECONDS = 0.5
"""A shorter one is made like everything else."""

_FADE = round(FADE_SECONDS * SAMPLE_RATE)
_MOST_ZEROS = 60 * SAMPLE_RATE  # in one block

Sound = NDArray[np.float32]


class Stretch(NamedTuple):
    """From its first frame to the one behind its last; `follows` tells whether it goes on from the stretch before, else from silence."""

    begin: int
    end: int
    follows: bool


def sounding(notes: TimedNotes) -> list[tuple[int, int]]:
    """Return when something sounds, in frames, each beginning and end."""
    begins = np.maximum(np.floor((notes.start - BEFORE_SECONDS) * FRAMES_PER_SECOND), 0).astype(np.int64)
    ends = np.ceil((notes.end + TAIL_SECONDS) * FRAMES_PER_SECOND).astype(np.int64)
    order = np.argsort(begins, kind="stable")
    begins, ends = begins[order], np.maximum.accumulate(ends[order])
    silent = round(SHORTEST_SILENCE_SECONDS * FRAMES_PER_SECOND)
    begins[0] = begins[0] if begins[0] >= silent else 0
    apart = np.flatnonzero(begins[1:] >= ends[:-1] + silent)
    firsts, lasts = np.append(0, apart + 1), np.append(apart, len(begins) - 1)
    return list(zip(begins[firsts].tolist(), ends[lasts].tolist(), strict=True))


def stretches(spans: Sequence[tuple[int, int]], most: int) -> list[Stretch]:
    """Return spans of time cut into stretches of at most so many frames, those of a span equally long or nearly so."""
    cut = []
    for begin, end in spans:
        edges = np.linspace(begin, end, -(-(end - begin) // most) + 1).round().astype(int).tolist()
        cut += [Stretch(first, last, first > begin) for first, last in pairwise(edges)]
    return cut


def needed_samples(stretch: Stretch) -> int:
    """Return how many samples `joined` needs of a stretch: what fades in, and the stretch itself."""
    return _FADE + (stretch.end - stretch.begin) * SAMPLES_PER_FRAME


def needed(stretch: Stretch, made: Sound, lead: int) -> Sound:
    """Return those samples.

    Args:
        stretch: The stretch.
        made: Samples from `lead` frames before it to its end at least.
        lead: Frames.
    """
    begin = lead * SAMPLES_PER_FRAME - _FADE
    return made[begin : begin + needed_samples(stretch)]


def joined(pieces: Iterable[tuple[Stretch, Sound]]) -> Iterator[Sound]:
    """Yield the sound of all stretches, from 0 s to the end of the last, in blocks of shape (samples,).

    Args:
        pieces: Each with what `needed` returned of it.
    """
    rise, fall = (wave(np.linspace(0, np.pi / 2, _FADE, dtype=np.float32)) for wave in (np.sin, np.cos))
    at, held = 0, np.zeros(0, np.float32)  # the next sample, and what is to be faded over when it comes
    for stretch, piece in pieces:
        body = piece.copy()
        if stretch.begin == 0:
            body = body[_FADE:]
        else:
            body[:_FADE] *= rise
            if stretch.follows:
                body[:_FADE] += held * fall
            else:
                if held.size:
                    yield held * fall
                at += held.size
                begin = stretch.begin * SAMPLES_PER_FRAME - _FADE
                for first in range(at, begin, _MOST_ZEROS):
                    yield np.zeros(min(_MOST_ZEROS, begin - first), np.float32)
                at = begin
        held = body[body.size - _FADE :]
        at += body.size - _FADE
        yield body[: body.size - _FADE]
    yield held * fall
