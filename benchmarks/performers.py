"""Q3: how surprised performers are by the test part of MAESTRO, in nats per event, per note and per second, and by place in the piece.

Run: python benchmarks/performers.py MAESTRO BUNDLE [BUNDLE ...]
MAESTRO is the archive or a folder it was unpacked to. Without arguments it prints what was measured last. Every id of all 177
performances but the given first one is counted, by the model that composes, its quantisation included, reading each piece
from its beginning. Goal: below 1.85 nats an event for `base`, below 2.10 for `small`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from measure import publish, show
from numpy.typing import NDArray

from partimento.bundle import load_bundle
from partimento.corpus.open import open_corpus
from partimento.encoding.encoding import Encoding
from partimento.evaluation.likelihood import CHUNK
from partimento.models.model import Reading, SequenceModel
from partimento.score import Score
from partimento.score.tempo import duration_seconds

FIGURE = "Q3_performers"

PLACES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Ends of the stretches of a piece that are told apart, in windows of a Transformer, or in thousands of ids."""

WINDOW = 1000

PUBLISHED = {
    "music_transformer_maestro_v1_validation": {"nats_per_event": 1.84, "confidence": "A: read in the paper"},
    "pytorch_music_transformer_maestro_v2": {"nats_per_event": 1.92, "confidence": "A: read in its README"},
    "perceiver_ar_maestro_v1_test": {"nats_per_event": 1.82, "confidence": "B: from a source that quotes it"},
    "perceiver_ar_maestro_v3_test": {"nats_per_event": 1.91, "confidence": "C: not verified"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro", type=Path, nargs="?")
    parser.add_argument("bundles", type=Path, nargs="*")
    parser.add_argument("--pieces", type=int, help="only so many, from all over the part")
    options = parser.parse_args()
    if not options.bundles:
        show(FIGURE)
        return
    test = [piece.read() for piece in open_corpus([f"maestro={options.maestro}"]).part("test")]
    if options.pieces:
        test = test[:: -(-len(test) // options.pieces)]
    rows = {bundle.name: row(bundle, test) for bundle in options.bundles}
    publish(FIGURE, {"definition": __doc__.split("\n")[0], "pieces": len(test), **rows, "published_not_measured_here": PUBLISHED})


def row(folder: Path, pieces: list[Score]) -> dict[str, Any]:
    """What one model makes of the pieces."""
    bundle = load_bundle(folder)
    model, encoding = bundle.model(), bundle.encoding()
    found = [nats_of(model, encoding, piece) for piece in pieces]
    total = sum(float(nats.sum()) for nats in found)
    window = int(bundle.card.model.get("window", WINDOW))
    ends = [round(share * window) for share in PLACES]
    return {
        "encoding": {"name": encoding.name, **encoding.options()},
        "parameters_and_training": {name: bundle.card.training.get(name) for name in ("tokens", "steps", "best_step")},
        "nats_per_event": round(total / sum(map(len, found)), 4),
        "nats_per_note": round(total / sum(piece.note_count for piece in pieces), 4),
        "nats_per_second": round(total / sum(map(duration_seconds, pieces)), 3),
        "nats_per_event_at": {
            f"{begin}-{end}": round(float(np.concatenate([nats[begin:end] for nats in found]).mean()), 4)
            for begin, end in zip([0, *ends], ends, strict=False)
            if any(len(nats) > begin for nats in found)
        },
    }


def nats_of(model: SequenceModel, encoding: Encoding, piece: Score) -> NDArray[np.float64]:
    """Nats of each id of a piece but the first, shape (length - 1,)."""
    ids = encoding.encode(piece)
    state, found = model.start(1), []
    step = CHUNK if isinstance(model, Reading) else 1
    for begin in range(0, len(ids) - 1, step):
        following = ids[begin + 1 : begin + step + 1]
        given = ids[begin : begin + len(following)]
        if isinstance(model, Reading):
            said, state = model.read_many(given[None], state)
            logits = said[0].astype(np.float64)
        else:
            said, state = model.step(given, state)
            logits = said.astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        found.append(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(following)), following])
    return np.concatenate(found)


if __name__ == "__main__":
    main()
