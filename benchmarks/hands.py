"""How many notes of a piano are told to be played by the hand that plays them, where a score says so.

Run: python benchmarks/hands.py FOLDER [FOLDER ...]
Of every score of a folder that has a keyboard on two staves, both hands are joined and told apart again by `score.hands`, without a look at
the staves, and by middle C, as notation programs do. Prints the mean share over the pieces of each folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from partimento.errors import PartimentoError
from partimento.files import read
from partimento.score import Score, Track
from partimento.score.hands import HANDS, right_of

MIDDLE_C = 60


def shares(score: Score) -> tuple[float, float] | None:
    """Shares of notes that both ways tell right; None where a score does not say which hand plays what."""
    tracks = [track for name in HANDS for track in score.tracks if track.name == name and len(track)]
    if [track.name for track in tracks] != list(HANDS):
        return None
    columns = [np.concatenate([getattr(track, name) for track in tracks]) for name in ("start", "duration", "pitch", "velocity")]
    right = np.repeat((True, False), [len(track) for track in tracks])[np.lexsort((columns[2], columns[0]))]
    both = Track(*columns)
    told = right_of(both, score.ticks_per_quarter)
    return float(np.mean(told == right)), float(np.mean((both.pitch >= MIDDLE_C) == right))


def main(folders: list[Path]) -> None:
    """Print a line a folder."""
    print("folder, pieces, hands told right, by middle C")
    for folder in folders:
        found = []
        for file in sorted(file for kind in ("krn", "musicxml", "mxl") for file in folder.rglob(f"*.{kind}")):
            try:
                share = shares(read(file))
            except PartimentoError as error:
                print(error, file=sys.stderr)
                continue
            found += [share] if share is not None else []
        told, middle = np.mean(found, axis=0) if found else (np.nan, np.nan)
        print(f"{folder.name}: {len(found)}, {100 * told:.1f} %, {100 * middle:.1f} %", flush=True)


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])
