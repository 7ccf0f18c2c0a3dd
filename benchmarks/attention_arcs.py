"""Where Transformers look back to while they read a performance: a piano roll, and arcs from a note to the events its heads attend to.

Run: python benchmarks/attention_arcs.py BUNDLE [BUNDLE ...] --piece FILE.mid --at SECONDS --out FILE.png
     [--before 16] [--layers last] [--heads 1,2,3] [--most 12] [--least 0.01]
Each bundle is a trained `transformer`, `music_transformer` or `modern_transformer` of encoding `performance`; they stand below one
another. The note that looks back is the highest of those struck first from SECONDS on, and it has been read: the weights are those with
which the network goes on from it. The piece is read from its beginning, by the weights as trained, in float32; composing counts in
bytes, which moves weights a little. `--before` is how many seconds of the past are drawn; `--layers` is ``all``, ``last``, or numbers
such as ``1,6``, and `--heads` is ``all`` or numbers; of each head the `--most` strongest arcs are drawn that have a share of `--least`.
FILE may also end in ``.svg``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from partimento.bundle import WEIGHTS, Bundle, load_bundle
from partimento.encoding.performance.layout import Kind
from partimento.encoding.performance.moments import Moments
from partimento.encoding.performance.performance import Performance
from partimento.errors import ConfigError
from partimento.files import read
from partimento.files.attention_picture import MOST_HEADS, Events, Panel, draw_attention
from partimento.files.png import drawing_png
from partimento.files.tensors import read_tensors
from partimento.files.whole import write_whole
from partimento.models.layers.attention_weights import looked_at
from partimento.score import Score
from partimento.score.pitch import pitch_name
from partimento.training.networks import build_network

NETWORKS = ("transformer", "music_transformer", "modern_transformer")
WIDTH_PIXELS = 2400
AFTER = 0.08
"""Share of the stretch before the note that is drawn behind it."""

LANES = {
    "time passes": Kind.SHIFT,
    "loudness": Kind.VELOCITY,
    "pedal": Kind.PEDAL,
    "told": Kind.CONTROL,
    "melody": Kind.MELODY,
    "start, end": Kind.FRAME,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, nargs="*", metavar="BUNDLE")
    parser.add_argument("--piece", type=Path)
    parser.add_argument("--at", type=float, metavar="SECONDS")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--before", type=float, default=16.0, metavar="SECONDS")
    parser.add_argument("--layers", default="last")
    parser.add_argument("--heads", default="all")
    parser.add_argument("--most", type=int, default=12, metavar="ARCS")
    parser.add_argument("--least", type=float, default=0.01, metavar="SHARE")
    options = parser.parse_args()
    if not options.bundles:
        parser.print_usage()  # `make bench` calls every script without arguments
        return
    if options.piece is None or options.at is None or options.out is None:
        parser.error("bundles alone make no picture. Give --piece, --at and --out as well.")
    score, panels = read(options.piece), []
    for folder in options.bundles:
        panels += panels_of(load_bundle(folder), score, options.at, layers=options.layers, heads=options.heads)
    events, place = panels[0].events, panels[0].place
    now = float(events.seconds[place])
    name = score.metadata.get("title") or options.piece.stem
    drawing = draw_attention(
        panels,
        span=(max(0.0, now - options.before), now + AFTER * options.before),
        most=options.most,
        least=options.least,
        title="Where it looks back to",
        words=f"{name}: from {pitch_name(int(events.key[place])).replace('#', '♯')} at {now:.2f} s, just read",
    )
    data = drawing.encode() if options.out.suffix == ".svg" else drawing_png(drawing, width=WIDTH_PIXELS)
    print(write_whole(options.out, data))


def panels_of(bundle: Bundle, score: Score, at: float, *, layers: str = "last", heads: str = "all") -> list[Panel]:
    """Return a panel for each of the chosen layers of a bundle's network that looks back from the note struck at or after a second."""
    encoding = bundle.encoding()
    if bundle.card.model["name"] not in NETWORKS or not isinstance(encoding, Performance):
        raise ConfigError(
            f"{bundle.folder}: a {bundle.card.model['name']} of '{encoding.name}', expected one of {', '.join(NETWORKS)} of 'performance'."
        )
    ids = encoding.encode(score)
    moments = encoding.moments(ids)
    place = struck(moments, at)
    weights = looked_at(network_of(bundle), torch.from_numpy(ids[: place + 1].astype(np.int64)), place).double().numpy()
    shown = {1 + layer: weights[layer] for layer in numbered(layers, len(weights), "--layers")}
    found, piece = [], encoding.decode(ids)
    for layer, own in shown.items():
        chosen = numbered(heads, len(own), "--heads")
        if len(chosen) > MOST_HEADS:
            raise ConfigError(f"--heads: {len(chosen)} heads, expected {MOST_HEADS} at most. Give some, such as 1,2,3.")
        title = f"{bundle.card.name}: {bundle.card.model['name']}, layer {layer} of {len(weights)}"
        found.append(Panel(title, piece, events_of(moments, place), {f"head {1 + head}": own[head] for head in chosen}))
    return found


def network_of(bundle: Bundle) -> nn.Module:
    """The network of a bundle as it was trained, in float32."""
    facts: dict[str, Any] = {
        name: value for name, value in bundle.card.model.items() if name not in ("name", "preset", "size", "vocabulary")
    }
    network = build_network(bundle.card.model["name"], bundle.card.model["vocabulary"], facts, {})
    weights = {name: torch.from_numpy(value.astype(np.float32)) for name, value in read_tensors(bundle.files[WEIGHTS], WEIGHTS).items()}
    network.load_state_dict(weights)
    return network.eval()


def struck(moments: Moments, at: float) -> int:
    """Place of the highest of the notes that are struck together, the first from second `at` on."""
    on = np.flatnonzero((moments.kind == Kind.ON) & (moments.seconds >= at))
    if not on.size:
        raise ConfigError(
            f"--at {at:g}: no note is struck from there on, the piece has {moments.seconds[-1]:.1f} s. Give an earlier second."
        )
    together = on[moments.seconds[on] == moments.seconds[on[0]]]
    return int(together[-1])  # told from low to high


def events_of(moments: Moments, place: int) -> Events:
    """Events up to a place, the kinds without a key in lanes of their own, as far as there are some."""
    kinds = moments.kind[: place + 1]
    lane, names = np.zeros(len(kinds), np.int64), []
    for name, kind in LANES.items():
        if (kinds == kind).any():
            names.append(name)
            lane[kinds == kind] = len(names)
    return Events(moments.seconds[: place + 1], moments.key[: place + 1], lane, tuple(names))


def numbered(words: str, count: int, option: str) -> Sequence[int]:
    """Which of so many are meant, counted from 0."""
    if words in ("all", "last"):
        return range(count) if words == "all" else [count - 1]
    parts = words.split(",")
    numbers = [int(part) - 1 if part.strip().isdecimal() else -1 for part in parts]
    for part, number in zip(parts, numbers, strict=True):
        if not 0 <= number < count:
            raise ConfigError(f"{option}: '{part}', expected all, last, or numbers from 1 to {count} such as 1,{count}.")
    return numbers


if __name__ == "__main__":
    main()
