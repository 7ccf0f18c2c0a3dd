"""Compare: which composer finds new pieces of a collection least surprising, and what each writes itself.

Run: python examples/compare.py [FOLDER]

Without a folder it makes one of little tunes and lets Markov chains of two encodings meet; with torch installed
(`pip install 'partimento[train]'`) add ``char_rnn`` and others of `partimento models presets`, and give them minutes.
"""

import sys
from pathlib import Path

from train import little_tunes

from partimento.cli.compare import compare


def main(folder: str = "") -> None:
    compare(folder or little_tunes("little-tunes"), models="markov,markov:characters", bars=8, count=2, out=Path("compared"))


if __name__ == "__main__":
    main(*sys.argv[1:])
