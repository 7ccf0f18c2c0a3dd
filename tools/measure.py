"""Measure a bundle again on its corpus, as `partimento train` does at its end, and write the figures into its card.

Usage: python tools/measure.py BUNDLE CORPUS [CORPUS ...]
CORPUS as `partimento train` takes it. For bundles that were trained before a figure was thought of.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from partimento.bundle import load_bundle, save_bundle
from partimento.cli.measured import measured
from partimento.corpus.open import open_corpus
from partimento.errors import ConfigError
from partimento.training.prepare import prepare


def main(folder: str, *corpus: str) -> None:
    """Measure one bundle."""
    bundle = load_bundle(folder)
    found = open_corpus(corpus)
    if found.checksum != bundle.card.data["checksum"]:
        raise ConfigError(f"{folder}: was trained on another {bundle.card.data['corpus']}; its split would not be the same.")
    figures = measured(bundle, prepare(found, bundle.encoding(), fit=False))
    print(save_bundle(bundle.folder, replace(bundle.card, figures={**bundle.card.figures, **figures}), bundle.files))


if __name__ == "__main__":
    main(*sys.argv[1:])
