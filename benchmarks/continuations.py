"""Do performers go on as people do? 100 beginnings that no model has heard, each continued once.

Run: python benchmarks/continuations.py MAESTRO NAME=BUNDLE [NAME=BUNDLE ...] [--out DIR]
Each of 100 performances of the test part gives its first 20 seconds; a model plays on until 120. What it adds is laid beside what
the player went on with, and beside the same stretch of every performance of the training part. With --out the pieces are kept as
MIDI, and those that lie there already are measured and not composed again. Models measured before keep their rows, as long as
what is usual is the same. Without arguments: what was measured last.
Goal: nothing silent for more than 5 s, no note longer than 10 s, notes a second and mean loudness of at least 90 within the middle
90 % of the training part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from kept_pieces import asked, written
from measure import measured, publish, show

from partimento.corpus.corpus import Corpus, Piece
from partimento.corpus.open import open_corpus
from partimento.generation.composer import Composer
from partimento.generation.load import load
from partimento.generation.wish import Wish
from partimento.score import Score
from partimento.score.pedal import fold_pedal
from partimento.score.tempo import duration_seconds, seconds_at, ticks_at
from partimento.score.transform import cut

FIGURE = "Q7_continuations"
PIECES, GIVEN, END = 100, 20.0, 120.0
LONGEST_SILENCE, LONGEST_NOTE = 5.0, 10.0
"""Seconds."""

ROUNDING = 0.02
"""Seconds by which the program's steps of time may miss a limit."""


@dataclass(frozen=True)
class Playing:
    """How a stretch of piano is played.

    Attributes:
        silence: Longest time in which nothing sounds, seconds.
        held: Longest time for which a key is down, the pedal not counted, seconds.
        density: Notes a second.
        loudness: Mean velocity.
    """

    silence: float
    held: float
    density: float
    loudness: float


def main() -> None:
    options = asked(__doc__, PIECES)
    if not options.bundles:
        show(FIGURE)
        return
    corpus = open_corpus([f"maestro={options.maestro}"])
    limits = usual(corpus)
    test = chosen(corpus, options.count)
    rows = {"players": row([stretch_of(piece.read()) for piece in test], limits)}
    for entry in options.bundles:
        name, _, folder = entry.partition("=")
        rows[name] = row(continued(load(folder), test, options.out and options.out / name), limits)
    before = measured(FIGURE)
    kept = {name: old for name, old in before.items() if isinstance(old, dict) and before["usual"] == limits}
    if kept.get("players", rows["players"])["pieces"] > len(test):
        del rows["players"]  # those of more pieces say more
    publish(FIGURE, {"definition": __doc__.split("\n")[0], **kept, "usual": limits, **rows})


def chosen(corpus: Corpus, count: int) -> list[Piece]:
    """Some of the test part, from all over it, that last long enough."""
    long = [piece for piece in corpus.part("test") if duration_seconds(piece.read()) > END]
    return [long[place] for place in np.linspace(0, len(long) - 1, min(count, len(long))).round().astype(int)]


def stretch_of(score: Score) -> Score:
    """What is played from the end of what is given on."""
    begin, end = ticks_at(score, [GIVEN, END]).tolist()
    return cut(score, begin, end)


def usual(corpus: Corpus) -> dict[str, list[float]]:
    """Middle 90 % of notes a second and loudness in the training part."""
    scores = (piece.read() for piece in corpus.part("train"))
    found = [playing(stretch_of(score)) for score in scores if duration_seconds(score) > END]
    return {
        name: [round(float(edge), 3) for edge in np.percentile([getattr(each, name) for each in found], (5, 95))]
        for name in ("density", "loudness")
    }


def continued(composer: Composer, pieces: Sequence[Piece], kept: Path | None) -> list[Score]:
    """What a model adds to the beginning of each piece."""
    scores = (piece.read() for piece in pieces)
    wishes = (Wish(primer=cut(score, 0, int(ticks_at(score, GIVEN))), seconds=END) for score in scores)
    return [stretch_of(whole) for whole in written(composer, wishes, kept)]


def playing(score: Score) -> Playing:
    """How a stretch of piano is played; one without a note is one silence."""
    folded = [track for track in fold_pedal(score).tracks if len(track)]
    length = float(seconds_at(score, [score.end_tick])[0])
    if not folded:
        return Playing(END - GIVEN, 0.0, 0.0, 0.0)
    start, end = (np.concatenate([seconds_at(score, getattr(track, name)) for track in folded]) for name in ("start", "end"))
    order = np.argsort(start)
    until = np.maximum.accumulate(end[order])
    gaps = np.append(start[order], max(length, until[-1])) - np.insert(until, 0, 0.0)
    pressed = np.concatenate([seconds_at(score, track.end) - seconds_at(score, track.start) for track in score.tracks if len(track)])
    loud = np.concatenate([track.velocity for track in folded])
    return Playing(float(gaps.max()), float(pressed.max()), start.size / max(length, 1.0), float(loud.mean()))


def row(scores: Sequence[Score], limits: dict[str, list[float]]) -> dict[str, Any]:
    """How many keep to what people do."""
    found = [playing(score) for score in scores]
    inside = {name: [low <= getattr(each, name) <= high for each in found] for name, (low, high) in limits.items()}
    return {
        "pieces": len(found),
        "silent_for_5_s": sum(each.silence > LONGEST_SILENCE + ROUNDING for each in found),
        "note_beyond_10_s": sum(each.held > LONGEST_NOTE + ROUNDING for each in found),
        "density_usual": sum(inside["density"]),
        "loudness_usual": sum(inside["loudness"]),
        "both_usual": sum(map(all, zip(*inside.values(), strict=True))),
        "notes_per_second": round(float(np.mean([each.density for each in found])), 2),
        "mean_velocity": round(float(np.mean([each.loudness for each in found])), 1),
    }


if __name__ == "__main__":
    main()
