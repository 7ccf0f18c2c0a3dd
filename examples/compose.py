"""Compose: a new piece from nothing, then one that goes on from a beginning of your own.

Run: python examples/compose.py [MODEL]
"""

import sys

import partimento
from partimento.score.transform import cut_bars


def main(model: str = "bach-chorales") -> None:
    composer = partimento.load(model)

    score = composer.compose(bars=8, seed=7)
    partimento.write(score, "new.mid")
    partimento.write(score, "new.musicxml")
    print(f"new.mid: {score.note_count} notes")
    print(score.metadata["provenance"])  # every file says how it came about

    beginning = cut_bars(score, 0, 3)  # any score of the kind the model learned from will do
    longer = composer.compose(beginning, bars=12, seed=8)
    partimento.write(longer, "continued.mid")
    print(f"continued.mid: {longer.note_count} notes, the first {beginning.note_count} of them given")


if __name__ == "__main__":
    main(*sys.argv[1:])
