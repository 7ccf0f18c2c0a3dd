"""Q3: how surprised performers are by the test part of MAESTRO, in nats per event, per note and per second, and by place in the piece.

Run: python benchmarks/performers.py MAESTRO NAME=BUNDLE [NAME=BUNDLE ...] [--pieces N] [--as-trained DEVICE]
MAESTRO is the archive or a folder it was unpacked to. Without arguments it prints what was measured last. Every id of all 177
performances, or of so many from all over them, but the given first one is counted, each piece read from its beginning by the model that
composes, which counts in bytes. With --as-trained it is the weights as they were trained, in bf16 on `cpu` or `cuda`; an absolute
Transformer's positions then run on beyond what it was trained on, where composing reads anew. Rows measured before stay.
Goal: below 1.85 nats an event for `base`, below 2.10 for `small`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import measured, publish, show
from numpy.typing import NDArray

from partimento.bundle import WEIGHTS, Bundle, load_bundle
from partimento.corpus.open import open_corpus
from partimento.evaluation.likelihood import Predictions, predictions
from partimento.files.tensors import read_tensors
from partimento.score import Score
from partimento.score.tempo import duration_seconds
from partimento.training.networks import build_network

FIGURE = "Q3_performers"

PLACES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Ends of the stretches of a piece that are told apart, in windows of a Transformer, or in thousands of ids."""

WINDOW, CHUNK, ROWS = 1000, 4096, 256

PUBLISHED = {
    "music_transformer_maestro_v1_validation": {"nats_per_event": 1.84, "confidence": "A: read in the paper"},
    "pytorch_music_transformer_maestro_v2": {"nats_per_event": 1.92, "confidence": "A: read in its README"},
    "perceiver_ar_maestro_v1_test": {"nats_per_event": 1.82, "confidence": "B: from a source that quotes it"},
    "perceiver_ar_maestro_v3_test": {"nats_per_event": 1.91, "confidence": "C: not verified"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro", type=Path, nargs="?")
    parser.add_argument("bundles", nargs="*", metavar="NAME=BUNDLE")
    parser.add_argument("--pieces", type=int, help="only so many, from all over the part")
    parser.add_argument("--as-trained", choices=("cpu", "cuda"))
    options = parser.parse_args()
    if not options.bundles:
        show(FIGURE)
        return
    test = [piece.read() for piece in open_corpus([f"maestro={options.maestro}"]).part("test")]
    chosen = np.linspace(0, len(test) - 1, min(options.pieces or len(test), len(test))).round().astype(int)
    rows = measured(FIGURE).get("rows", {})
    for entry in options.bundles:
        name, _, folder = entry.partition("=")
        kind = "as trained, bf16" if options.as_trained else "in bytes"
        found = row(load_bundle(Path(folder)), [test[place] for place in chosen], options.as_trained)
        rows[f"{name}, {kind}, {len(chosen)}"] = {"model": name, "weights": kind, "pieces": len(chosen), **found}
    publish(FIGURE, {"definition": __doc__.split("\n")[0], "rows": rows, "published_not_measured_here": PUBLISHED})


def row(bundle: Bundle, pieces: Sequence[Score], device: str | None) -> dict[str, Any]:
    """What one model makes of the pieces."""
    encoding = bundle.encoding()
    ids = [encoding.encode(piece) for piece in pieces]
    said = predictions(bundle.model(), ids, rows=ROWS) if device is None else as_trained(bundle, ids, device)
    window = int(bundle.card.model.get("window", WINDOW))
    return summed(nats_of(said, len(ids)), pieces, window) | {
        "encoding": {"name": encoding.name, **encoding.options()},
        "training": {name: bundle.card.training.get(name) for name in ("tokens", "steps", "best_step")},
    }


def summed(nats: Sequence[NDArray[np.float64]], pieces: Sequence[Score], window: int) -> dict[str, Any]:
    """The figures of nats of each id of each piece."""
    total = sum(float(each.sum()) for each in nats)
    ends = [round(share * window) for share in PLACES]
    return {
        "nats_per_event": round(total / sum(map(len, nats)), 4),
        "nats_per_note": round(total / sum(piece.note_count for piece in pieces), 4),
        "nats_per_second": round(total / sum(map(duration_seconds, pieces)), 3),
        "nats_per_event_at": {
            f"{begin}-{end}": round(float(np.concatenate([each[begin:end] for each in nats]).mean()), 4)
            for begin, end in zip([0, *ends], ends, strict=False)
            if any(len(each) > begin for each in nats)
        },
    }


def nats_of(said: Predictions, count: int) -> list[NDArray[np.float64]]:
    """Nats of each id of each of `count` pieces but the first, shape (length - 1,)."""
    pieces: list[NDArray[np.int64]] = []
    nats = []
    for predicting, logits, following in said:
        wide = logits.astype(np.float64)
        wide -= wide.max(axis=1, keepdims=True)
        pieces.append(np.asarray(predicting, np.int64))
        nats.append(np.log(np.exp(wide).sum(axis=1)) - wide[np.arange(len(wide)), following])
    piece, every = np.concatenate(pieces), np.concatenate(nats)
    return [every[piece == number] for number in range(count)]


@torch.no_grad()
def as_trained(bundle: Bundle, pieces: Sequence[NDArray[np.integer]], device: str) -> Predictions:
    """What the weights as they were trained say; a Transformer reads a piece at once, anything else chunk by chunk."""
    settings = {name: value for name, value in bundle.card.model.items() if name not in ("name", "preset", "size", "vocabulary")}
    module: Any = build_network(str(bundle.card.model["name"]), int(bundle.card.model["vocabulary"]), settings, {})
    weights = read_tensors(bundle.files[WEIGHTS], WEIGHTS)
    module.load_state_dict({name: torch.from_numpy(np.array(value, np.float32)) for name, value in weights.items()})
    module = module.to(device).eval()
    for number, ids in enumerate(pieces):
        state = module.start(1)
        for begin in range(0, len(ids) - 1, CHUNK if state else len(ids)):
            given = torch.from_numpy(np.asarray(ids[begin : begin + CHUNK if state else -1], np.int64)).to(device)
            following = ids[begin + 1 : begin + len(given) + 1]
            with torch.autocast(device, torch.bfloat16):
                logits, state = module(given[None, : len(following)], state)
            yield np.full(len(following), number), logits[0].float().cpu().numpy(), following


if __name__ == "__main__":
    main()
