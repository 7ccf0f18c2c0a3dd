"""Draw the README's pictures again: one piece by the default model, as staves and as a piano roll.

usage: picture.py [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import partimento
from partimento.files.png import png_bytes
from partimento.files.whole import write_whole

FOLDER = Path(__file__).parent.parent / "docs" / "img"
SEED, BARS = 7, 8


def main(model: list[str]) -> None:
    """Compose the piece and draw it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    score = partimento.load(*model or ["bach-chorales"]).compose(bars=BARS, seed=SEED)
    for kind in ("score", "roll"):
        print(write_whole(FOLDER / f"chorale-{kind}.png", png_bytes(score, kind=kind, width=1400)))


if __name__ == "__main__":
    main(sys.argv[1:])
