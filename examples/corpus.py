"""Corpus: many pieces at once, split fairly, each file that cannot be used named with its reason.

Run: python examples/corpus.py [FOLDER]
"""

import sys
from pathlib import Path

from partimento.corpus.open import open_corpus
from partimento.encoding.characters import Characters

TUNE = "X:{number}\nM:2/4\nL:1/8\nK:G\n{body}|]\n"
BODIES = ("GABc|d2d2|edcB|A2A2|GABc|d2B2|cBAG|G4", "dBGB|dBGB|c2A2|FAD2|dBGB|d2g2|fdef|g4", "GGDD|EDE2|cBAG|FED2|GGBB|d2B2|AGAF|G4")


def main(folder: str = "") -> None:
    if not folder:
        folder = "three-tunes"
        Path(folder).mkdir(exist_ok=True)
        for number, body in enumerate(BODIES, 1):
            Path(folder, f"{number}.abc").write_text(TUNE.format(number=number, body=body), encoding="utf-8")
        Path(folder, "broken.mid").write_bytes(b"this is no MIDI file")
    corpus = open_corpus([folder])
    encoding = Characters()
    for piece in corpus.pieces:
        ids = encoding.encode(piece.read())
        print(f"{piece.split:5} {piece.id}: {len(ids)} ids, the first of them {encoding.vocabulary.words(ids[:12])!r}")
    for source, reason in corpus.skipped.items():
        print(f"left out: {reason}  ({source})")


if __name__ == "__main__":
    main(*sys.argv[1:])
