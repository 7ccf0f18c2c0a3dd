"""Q7: does played music come back to what it said? Structureness over 3 to 8 s, 8 to 15 s and longer, of equally long beginnings.

Run: python benchmarks/structureness.py MAESTRO [NAME=FOLDER ...] [--pieces 20] [--seconds 120] [--picture FILE.png]
MAESTRO is the archive or a folder it was unpacked to; each FOLDER holds MIDI files, such as one model's continuations. Without
arguments it prints what was measured last. Beside them stand performances of MAESTRO's test part, evenly from all over it, and
the same ones cut into blocks of 2 s that are played in another order: what a piece has by its harmonies alone, without
their return in order. Pieces shorter than `--seconds` are left out and counted. The picture has the
first piece of each; of many groups, the last four. What was measured before of other folders stays.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from measure import measured, publish, show

from partimento.corpus.open import open_corpus
from partimento.errors import ConfigError
from partimento.evaluation.self_similarity import RATES_HZ, self_similarity
from partimento.evaluation.structureness import structureness
from partimento.files import read
from partimento.files.png import drawing_png
from partimento.files.similarity_picture import MOST_PANELS, draw_self_similarity
from partimento.files.whole import write_whole
from partimento.score import Score, Track
from partimento.score.pedal import fold_pedal
from partimento.score.tempo import duration_seconds, seconds_at, ticks_at
from partimento.score.transform import cut

FIGURE = "Q7_structureness"
BLOCK_SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro", type=Path, nargs="?")
    parser.add_argument("folders", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if options.maestro is None:
        show(FIGURE)
        return
    groups = {"maestro_test": performances(options.maestro, options.pieces, options.seconds)}
    groups["the_same_shuffled"] = [shuffled(score, seed) for seed, score in enumerate(groups["maestro_test"])]
    left_out = {}
    for entry in options.folders:
        name, _, folder = entry.partition("=")
        scores = [read(file) for file in sorted(Path(folder).glob("*.mid*"))]
        groups[name] = [beginning(score, options.seconds) for score in scores if duration_seconds(score) >= options.seconds]
        left_out[name] = len(scores) - len(groups[name])
        if not groups[name]:
            raise ConfigError(
                f"{entry}: of {len(scores)} MIDI files none is {options.seconds:g} s long. Write longer ones or give --seconds."
            )
    rows = {name: row(scores) for name, scores in groups.items()}
    definition = f"greatest fitness of a segment of such a length, over the first {options.seconds:g} s of each piece; mean and 5 to 95 %"
    before = measured(FIGURE)
    kept = (
        {name: old for name, old in before.items() if isinstance(old, dict) and "short" in old}
        if before.get("definition") == definition
        else {}
    )
    too_short = {name: count for name, count in (before.get("too_short", {}) | left_out).items() if count and name in kept | rows}
    publish(FIGURE, {"definition": definition, **kept, **rows, **({"too_short": too_short} if too_short else {})})
    if options.picture:
        shown = {name: self_similarity(groups[name][0]) for name in list(groups)[-MOST_PANELS:]}
        drawing, width = draw_self_similarity(shown, seconds_per_frame=1 / RATES_HZ[0], title="Self-similarity")
        print(write_whole(options.picture, drawing_png(drawing, width=2 * width)))


def beginning(score: Score, seconds: float) -> Score:
    """The first seconds of a piece."""
    return cut(score, 0, int(ticks_at(score, seconds)))


def performances(maestro: Path, count: int, seconds: float) -> list[Score]:
    """Beginnings of so many test performances, evenly from all that are long enough."""
    scores = [score for piece in open_corpus([f"maestro={maestro}"]).part("test") if duration_seconds(score := piece.read()) >= seconds]
    chosen = np.linspace(0, len(scores) - 1, min(count, len(scores))).astype(int).tolist()
    return [beginning(scores[at], seconds) for at in chosen]


def shuffled(score: Score, seed: int) -> Score:
    """The same notes, as long as they sound, in blocks of `BLOCK_SECONDS` in another order."""
    folded = fold_pedal(score)
    seconds = duration_seconds(score)
    order = np.random.default_rng(seed).permutation(max(int(seconds / BLOCK_SECONDS), 1))
    tracks = []
    for track in folded.tracks:
        start = seconds_at(folded, track.start)
        length = seconds_at(folded, track.end) - start
        block = np.minimum((start / BLOCK_SECONDS).astype(int), order.size - 1)
        moved = start + (order[block] - block) * BLOCK_SECONDS
        length = np.minimum(length, np.maximum(seconds - moved, 0.01))
        tracks.append(Track(np.rint(moved * 1000).astype(int), np.rint(length * 1000).astype(int).clip(1), track.pitch, track.velocity))
    return Score(500, tuple(tracks))


def row(scores: list[Score]) -> dict[str, Any]:
    """Mean and spread of each span."""
    began = time.perf_counter()
    found = [structureness(score) for score in scores]
    seconds = (time.perf_counter() - began) / len(scores)
    spans: dict[str, Any] = {"pieces": len(scores)}
    for name in ("short", "mid", "long"):
        values = np.array([getattr(each, name) for each in found])
        low, high = np.quantile(values, [0.05, 0.95])
        spans[name] = {"mean": round(float(values.mean()), 3), "5_percent": round(float(low), 3), "95_percent": round(float(high), 3)}
    return {**spans, "seconds_a_piece": round(seconds, 2)}


if __name__ == "__main__":
    main()
