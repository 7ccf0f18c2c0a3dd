"""How a performance comes to a close, where its length is wished: at the moment at which its model would end it.

A network knows well how pieces end (of 22 performances it had not heard, `piano-performer` gave the end a chance of 0.7 where it was, and
of 0.01 at most where it was not), but hardly ever comes to one in the seconds in which it has to. So the last bars are played a few times,
and wherever keys are struck it is asked how likely they are to ring out and nothing to follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from partimento.encoding.encoding import Ringing
from partimento.generation.sampler import Writer, Writing

CLOSING_BARS, SHORTEST_BARS = (1, 3), 8
"""Bars in which a piece may end, counted from the wished length back: a tenth of what is written, at least and at most; and what is so
short ends where it may."""

TIMES, CHORDS = (3, 8), 3
"""How often those bars are played, at least and at most, else once for ten bars that are written; and of each time the chords that are
asked about: those after which most likely time passes."""

ROUGH, ROUGH_NATS = (1, 2, 6), 1.5
"""Semitones, and their complements, that are rough in a last chord, and what each pair of pitch classes costs that lies so."""

LIKELY_NATS = 6.0
"""What an end costs that is good enough to stop looking: minus the log of the chance that these keys ring out, and that this is all."""


def write_to_close(writer: Writer, opened: Writing, bars: int) -> Writing:
    """Return a piece written to its end, which is a close where its grammar can let it ring out (see `encoding.Ringing`).

    Args:
        writer: Writes it.
        opened: Its beginning.
        bars: Its wished length.

    Raises:
        EncodingError: As `Writer.write`.
    """
    tenth = (bars - opened.grammar.bars) // 10
    if not isinstance(opened.grammar, Ringing) or bars - opened.grammar.bars < SHORTEST_BARS:
        return writer.write(opened)
    line = writer.write(opened, bars=bars - int(np.clip(tenth, *CLOSING_BARS)))
    best, least = None, np.inf
    for _ in range(int(np.clip(tenth, *TIMES))):
        for chord in _chords(writer, line, bars):
            nats, ended = _rung(chord)
            if nats < least and writer.accepts(ended.ids):
                best, least = ended, nats
        if least < LIKELY_NATS:
            break
    return writer.write(line) if best is None else best


def _chords(writer: Writer, line: Writing, bars: int) -> list[Writing]:
    """The piece at those chords of its last bars, played once more, after which it is likeliest that time passes."""
    draft, found = line.fork(), list[tuple[float, Writing]]()
    grammar = draft.grammar
    assert isinstance(grammar, Ringing)  # asked once: it takes longer than a choice
    while not grammar.finished and grammar.bars < bars:
        writer.go_on(draft)
        ringing = grammar.ringing()
        if not ringing:
            continue
        chance = float(_log_chances(draft)[ringing[0]])
        if len(found) < CHORDS or chance > found[-1][0]:
            found = sorted([*found, (chance, draft.fork())], key=lambda one: -one[0])[:CHORDS]
    return [chord for _, chord in found]


def _rung(chord: Writing) -> tuple[float, Writing]:
    """What it costs to let a chord ring out and end, in nats, and the piece that ends so."""
    ended = chord.fork()
    assert isinstance(ended.grammar, Ringing)
    nats = ROUGH_NATS * _rough(ended.grammar.sounding)
    for number in ended.grammar.ringing():
        nats -= float(_log_chances(ended)[number])
        ended.push(number)
    return nats, ended


def _rough(keys: Sequence[int]) -> int:
    """How many pairs of pitch classes of a chord are rough."""
    classes = sorted({key % 12 for key in keys})
    return sum((high - low) % 12 in ROUGH or (low - high) % 12 in ROUGH for low, high in combinations(classes, 2))


def _log_chances(writing: Writing) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What the model says of the next id, shape (vocabulary,)."""
    heights = writing.logits - writing.logits.max()
    return np.asarray(heights - np.log(np.exp(heights).sum()))
