"""What composers write for a figure, kept as MIDI, so that a figure that was interrupted need not write them again."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

from partimento.files import read, write
from partimento.generation.composer import Composer
from partimento.generation.wish import Wish
from partimento.score import Score

SEED = 2026


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
