"""Make the bundle of the printed waltz game: nothing is learnt, the table is the model.

Usage: python tools/minuet.py WORDS.json OUT
WORDS.json holds ``summary``, ``limits``, ``data`` and ``permission``.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from partimento.bundle import WEIGHTS, Bundle, Card, save_bundle
from partimento.encoding.minuet import Minuet
from partimento.evaluation.likelihood import likelihood
from partimento.files.tensors import tensor_bytes
from partimento.generation.composer import Composer
from partimento.generation.wish import Wish
from partimento.training.minuet_game import minuet_dice
from partimento.version import __version__

NAME, MEASURED, SEED = "minuet-dice", 200, 1


def figures(bundle: Bundle) -> dict[str, Any]:
    """Likelihood of pieces that the game itself throws."""
    composer = Composer(bundle)
    scores, pieces = [], []
    for number in range(MEASURED):
        scores.append(composer.write(Wish(), seed=SEED, number=number))
        pieces.append(composer.ids)
    found = likelihood(composer.model, pieces)
    throws = sum(Minuet().voice_tokens(ids) for ids in pieces)
    return {
        "definition": f"negative log-likelihood of {MEASURED} pieces of its own, seed {SEED}, pooled; a unit is a throw",
        "test": {
            "pieces": MEASURED,
            "nats_per_token": round(found.nats_per_id, 5),
            "nats_per_unit": round(found.nats / throws, 5),
            "bits_per_note": round(found.nats / math.log(2) / sum(score.note_count for score in scores), 4),
        },
    }


def main(words: str, out: str) -> None:
    """Make the bundle."""
    said = json.loads(Path(words).read_text(encoding="utf-8"))
    weights = tensor_bytes(minuet_dice().tensors())
    card = Card(
        name=NAME,
        summary=said["summary"],
        version=__version__,
        model={"name": "dice", "preset": "dice", "size": "base"},
        encoding={"name": "minuet"},
        data={**said["data"], "checksum": hashlib.sha256(weights).hexdigest()},
        training={"steps": 0, "tokens": 0, "ended": "nothing to learn", "command": f"python tools/minuet.py {words} {out}"},
        figures={},
        limits=(Minuet.losses, *said["limits"]),
        sampling={"temperature": 1.0},
        permission=said["permission"],
    )
    files = {WEIGHTS: weights}
    measured = figures(Bundle(Path(out), card, files))
    print(save_bundle(out, replace(card, figures=measured), files))


if __name__ == "__main__":
    main(*sys.argv[1:])
