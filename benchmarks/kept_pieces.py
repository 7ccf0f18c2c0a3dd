"""What composers write for a figure, kept as MIDI, so that a figure that was interrupted need not write them again."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from partimento.files import read, write
from partimento.generation.composer import Composer
from partimento.generation.wish import Wish
from partimento.score import Score

SEED = 2026


def asked(words: str | None, count: int) -> argparse.Namespace:
    """Return what stands on the command line of a figure of performers: `maestro`, `bundles` (NAME=BUNDLE), `out`, `count`."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro", type=Path, nargs="?")
    parser.add_argument("bundles", nargs="*", metavar="NAME=BUNDLE")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=count)
    return parser.parse_args()


def written(composer: Composer, wishes: Iterable[Wish], folder: Path | None) -> Iterator[Score]:
    """Yield a piece for each wish, read from `folder` where it lies there already, and kept there where there is a folder."""
    for number, wish in enumerate(wishes):
        file = folder and folder / f"{number:03}.mid"
        if file and file.exists():
            yield read(file)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = composer.write(wish, seed=SEED, number=number)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            write(score, file)
        yield score
