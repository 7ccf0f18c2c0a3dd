"""Put a trained bundle into the package: with the words people need, and the figures that were measured.

Usage: python tools/ship.py BUNDLE WORDS.json
WORDS.json holds ``summary``, ``limits``, ``permission`` and, where the bundle's own is not right, ``sampling``; the figures are taken from
those results in benchmarks/results that name the model. Run it once before the benchmarks, so that they find the model, and once after.
Of a bundle of more than 6 MB, unless WORDS.json says ``"large": true``, the card alone is kept, as runs/NAME.card.json, and
the words are written into the bundle where it stands. Where it says ``"weights": false`` the package gets the graph, which has the weights
in bytes, and not the weights as trained; where it says ``"fingerprints": false``, another shipped bundle has them (see
`Bundle.fingerprints`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from partimento.bundle import FINGERPRINTS, WEIGHTS, ZOO, load_bundle, save_bundle

TOP = Path(__file__).parent.parent
RESULTS, RUNS = TOP / "benchmarks" / "results", TOP / "runs"
MOST_BYTES = 6_000_000


def main(source: str, words: str) -> None:
    """Ship one bundle."""
    bundle = load_bundle(source)
    said = json.loads(Path(words).read_text(encoding="utf-8"))
    name = bundle.card.name
    measured = {}
    for file in sorted(RESULTS.glob("*.json")):
        result = json.loads(file.read_text(encoding="utf-8"))
        if file.stem.startswith(name.replace("-", "_")):
            measured[file.stem] = {key: value for key, value in result.items() if key not in ("figure", "machine")}
        elif name in result:
            measured[file.stem] = {"definition": result["definition"], **result[name]}
    card = replace(
        bundle.card,
        summary=said["summary"],
        limits=(*((bundle.encoding().losses,) if bundle.card.encoding else ()), *said["limits"]),
        sampling=said.get("sampling", bundle.card.sampling),
        permission=said["permission"],
        figures={**bundle.card.figures, **measured},
    )
    left_out = {file for file, word in ((WEIGHTS, "weights"), (FINGERPRINTS, "fingerprints")) if not said.get(word, True)}
    files = {file: data for file, data in bundle.files.items() if file not in left_out}
    if sum(map(len, files.values())) <= MOST_BYTES or said.get("large"):
        print(save_bundle(ZOO / name, card, files))
        return
    save_bundle(bundle.folder, card, bundle.files)
    kept = RUNS / f"{name}.card.json"
    kept.write_bytes((bundle.folder / "card.json").read_bytes())
    print(kept)


if __name__ == "__main__":
    main(*sys.argv[1:])
