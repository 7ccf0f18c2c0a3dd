"""Q6: is what performers play their own? 100 pieces of each, out of nothing at temperature 1, held against all they learnt from.

Run: python benchmarks/performers_copying.py MAESTRO NAME=BUNDLE [NAME=BUNDLE ...] [--out DIR]
Several checkpoints of one training are several bundles. A run is copied when 8 or more notes of the highest line stand in a
performance of the training part, in any key and tempo (`evaluation/copying`). Beside them: as many seconds of the performances of
the test part, of works that are not in the training part, which is what pianists share by chance. With --out pieces are kept as
MIDI, and those that lie there already are not composed again. Models measured before keep their rows. Without arguments: what was
measured last.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from kept_pieces import asked, written
from measure import measured, publish, show

from partimento.corpus.open import open_corpus
from partimento.evaluation.copying import mean_interval, originality
from partimento.evaluation.fingerprints import Fingerprints
from partimento.generation.composer import Composer
from partimento.generation.filters import Sampling
from partimento.generation.load import load
from partimento.generation.wish import Wish
from partimento.score import Score
from partimento.score.tempo import ticks_at
from partimento.score.transform import cut

FIGURE = "Q6_performers_copying"
PIECES, SECONDS = 100, 60.0


def main() -> None:
    options = asked(__doc__, PIECES)
    if not options.bundles:
        show(FIGURE)
        return
    corpus = open_corpus([f"maestro={options.maestro}"])
    prints = Fingerprints.of((piece.id, piece.read()) for piece in corpus.part("train"))
    test = corpus.part("test")
    chosen = [test[place].read() for place in np.linspace(0, len(test) - 1, min(options.count, len(test))).round().astype(int)]
    rows = {"players": row([cut(score, 0, int(ticks_at(score, SECONDS))) for score in chosen], prints)}
    for entry in options.bundles:
        name, _, folder = entry.partition("=")
        composer = load(folder)
        steps = {"steps": composer.bundle.card.training["steps"]}
        rows[name] = steps | row(composed(composer, options.count, options.out and options.out / name), prints)
    definition = f"{options.count} pieces of {SECONDS:g} s; mean and its 95 % interval; notes in runs of 8 and more"
    kept = {name: value for name, value in measured(FIGURE).items() if isinstance(value, dict) and "copied_share" in value}
    if kept.get("players", rows["players"])["pieces"] > len(chosen):
        del rows["players"]  # those of more pieces say more
    publish(FIGURE, {"definition": definition, **kept, **rows})


def composed(composer: Composer, count: int, kept: Path | None) -> list[Score]:
    """Pieces out of nothing."""
    composer.sampling = Sampling()
    return list(written(composer, (Wish(seconds=SECONDS) for _ in range(count)), kept))


def row(scores: Sequence[Score], prints: Fingerprints) -> dict[str, Any]:
    """What of some pieces stands in the training part."""
    found = [originality(score, prints) for score in scores]
    longest = np.array([each.longest_copy_notes for each in found])
    worst = found[int(longest.argmax())]
    return {
        "pieces": len(found),
        "copied_share": [round(value, 4) for value in mean_interval(np.array([each.copied_share for each in found]))],
        "longest_run_notes": [round(value, 2) for value in mean_interval(longest)],
        "pieces_with_a_run": int((longest > 0).sum()),
        "longest_run_of_all_notes": int(longest.max()),
        "where": worst.source and f"{worst.source.piece}, bar {worst.source.bar}",
    }


if __name__ == "__main__":
    main()
