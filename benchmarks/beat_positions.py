"""Does a performance come out in its bars? Share of notes whose place in the bar is the written one, after rubato.

Run: python benchmarks/beat_positions.py FOLDER [FOLDER ...] [--most 1000]
Each FOLDER holds scores (.krn, .mid, .musicxml ...). Every piece is played by `rubato.played`, the same way each time, and written
down by `notated`. A note is right where its onset, in quarter notes from the bar line before it, is the written one: bar
lines, metre and the note value of the beat must all be found. Beside it stand the share right as a part of the bar, whatever note
values it is written in (3/8 for 3/4); the share of pieces in the right metre; and the baseline, a grid of sixteenths at 120 bpm in
4/4 from the first note on, as a MIDI file without a beat is read. Works are halved by name: `metre_weights` was fitted on one
half of each folder (tools/metre_weights.py), and the two halves are told apart. The dozen constants of `beats` were
chosen on 46 pieces of both halves of the same folders, none of them the cello suites. Without arguments it prints
what was measured last.
"""

from __future__ import annotations

import argparse
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from measure import measured, publish, show
from numpy.typing import NDArray
from rubato import Played, played

from partimento.errors import PartimentoError
from partimento.files import read
from partimento.files.dispatch import can_be_read
from partimento.score import Score
from partimento.score.meter import bar_of, bar_ticks, signatures
from partimento.score.tempo import seconds_at
from partimento.transcription.notate import notated

FIGURE = "beat_positions"
FEWEST_NOTES = 60
CLOSE_QUARTERS = 1 / 48


class Outcome(NamedTuple):
    """One piece: its notes, the shares of them that are right, and whether the metre is."""

    notes: int
    in_quarters: float
    in_bars: float
    metre: bool
    baseline: float
    seconds: float
    music_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--most", type=int, default=1000, help="pieces of a folder, evenly from all over it")
    options = parser.parse_args()
    if not options.folders:
        show(FIGURE)
        return
    rows = {}
    for folder in options.folders:
        halves: dict[str, list[Outcome]] = {"tuned_half": [], "held_out_half": []}
        for name, score, seed in pieces(folder, options.most):
            halves["held_out_half" if is_held_out(name) else "tuned_half"].append(outcome(score, played(score, seed)))
        rows[folder.name] = {half: row(outcomes) for half, outcomes in halves.items() if outcomes}
        print(folder.name, rows[folder.name], flush=True)
    definition = "share of notes whose onset, in quarters from the bar line before it, is the written one; all notes of the pieces pooled"
    kept = {name: value for name, value in measured(FIGURE).get("folders", {}).items() if name not in rows}
    publish(FIGURE, {"definition": definition, "folders": {**kept, **rows}})


def is_held_out(name: str) -> bool:
    """Whether a piece's work, its name without the number of the movement, is of the half that nothing was fitted on."""
    return zlib.crc32(re.sub(r"-\d\w*$", "", name).encode()) % 2 == 1


def pieces(folder: Path, most: int) -> Iterator[tuple[str, Score, int]]:
    """Name, score and seed of the pieces of a folder that can be read and are long enough."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and can_be_read(file) and not file.name.startswith("."))
    chosen = np.unique(np.linspace(0, len(files) - 1, min(most, len(files))).astype(int)).tolist()
    for at in chosen:
        try:
            score = read(files[at])
        except PartimentoError:
            continue
        if score.note_count >= FEWEST_NOTES:
            yield files[at].stem, score, at


def outcome(score: Score, truth: Played) -> Outcome:
    """Play, write down, compare."""
    began = time.perf_counter()
    ours = notated(truth.performance)
    seconds = time.perf_counter() - began
    track = truth.performance.tracks[0]
    written = int(np.argmax(np.bincount(np.searchsorted([s.tick for s in signatures(score)], _ticks(score, truth), side="right") - 1)))
    signature = signatures(score)[written]
    bar = bar_ticks(signature, 480) / 480
    place, our_bar = _places(ours, track.start / 1000 - track.start[0] / 1000, track.pitch)
    naive = np.rint((track.start - track.start[0]) / 125) / 4 % 4
    right = np.abs(place - truth.in_bar) < CLOSE_QUARTERS
    as_part = np.abs(place / our_bar - truth.in_bar / bar) < CLOSE_QUARTERS / bar
    found = ours.time_signatures[0]
    same = {(2, 2): (4, 4)}
    metres = [same.get((one.numerator, one.denominator), (one.numerator, one.denominator)) for one in (found, signature)]
    return Outcome(
        len(track),
        float(right.mean()),
        float(as_part.mean()),
        metres[0] == metres[1],
        float((np.abs(naive - truth.in_bar) < CLOSE_QUARTERS).mean()),
        seconds,
        float(track.start[-1] / 1000),
    )


def _ticks(score: Score, truth: Played) -> NDArray[np.int64]:
    """Where the notes were written, in ticks."""
    return np.rint(truth.quarter * score.ticks_per_quarter).astype(np.int64)


def _places(score: Score, seconds: NDArray[np.float64], pitch: NDArray[np.int32]) -> tuple[NDArray[np.float64], float]:
    """Where in its bar, in quarters, the note of each key stands that sounds nearest to each time; and how long a bar is."""
    start = np.concatenate([track.start for track in score.tracks])
    keys = np.concatenate([track.pitch for track in score.tracks])
    offset = bar_of(score, start)[1] / score.ticks_per_quarter
    offset += (start < score.pickup) * (bar_ticks(score.time_signatures[0], 480) - score.pickup) / 480
    at = seconds_at(score, start)
    place = np.full(seconds.size, -1.0)
    for key in np.unique(pitch):
        mine, ours = pitch == key, np.flatnonzero(keys == key)
        nearest = np.abs(seconds[mine][:, None] - at[ours]).argmin(axis=1)
        place[mine] = offset[ours[nearest]]
    return place, bar_ticks(score.time_signatures[0], 480) / 480


def row(outcomes: list[Outcome]) -> dict[str, Any]:
    """Figures over some pieces."""
    notes = np.array([each.notes for each in outcomes])

    def pooled(values: list[float]) -> float:
        return round(float((np.array(values) * notes).sum() / notes.sum()), 3)

    return {
        "pieces": len(outcomes),
        "notes": int(notes.sum()),
        "right": pooled([each.in_quarters for each in outcomes]),
        "baseline_120_bpm": pooled([each.baseline for each in outcomes]),
        "right_as_part_of_bar": pooled([each.in_bars for each in outcomes]),
        "right_metre_of_pieces": round(float(np.mean([each.metre for each in outcomes])), 3),
        "seconds_a_ten_minutes": round(600 * sum(each.seconds for each in outcomes) / sum(each.music_seconds for each in outcomes), 2),
    }


if __name__ == "__main__":
    main()
