"""Convert: every kind of score file into every other, by the name's ending.

Run: python examples/convert.py [SCORE]
"""

import sys
from pathlib import Path

import partimento
from partimento.score.meter import bar_count
from partimento.score.tempo import duration_seconds
from partimento.score.transform import transpose

TUNE = """X:1
T:A small tune
M:3/4
L:1/8
K:D
A2 | d2 f2 a2 | g2 e2 c2 | d2 f2 e2 | d4 A2 | B2 d2 g2 | f2 d2 A2 | G2 e2 c2 | d4 |]
"""


def main(name: str = "") -> None:
    if not name:
        name = "small.abc"
        Path(name).write_text(TUNE, encoding="utf-8")
    score = partimento.read(name)
    print(f"{name}: {score.note_count} notes, {bar_count(score)} bars, {duration_seconds(score):.1f} s")
    for warning in score.warnings:  # what had to be repaired or left out
        print(f"  note: {warning}")
    for ending in (".mid", ".csv", ".musicxml", ".abc"):
        print(partimento.write(transpose(score, 2), f"a-tone-higher{ending}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
