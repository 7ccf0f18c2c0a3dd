"""The figures of a card: how surprised the model that will compose is by pieces of each part of its corpus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from partimento.bundle import TABLES, Bundle
from partimento.corpus.corpus import Part
from partimento.encoding.encoding import Encoding, Ids
from partimento.evaluation.floor import best_chain
from partimento.evaluation.likelihood import Likelihood, likelihood
from partimento.training import counted
from partimento.training.prepare import Prepared, View

TRAINING_SAMPLE = 30
"""Pieces learnt from that are measured at most, for what was learnt beside what holds of other pieces."""

MOST_MEASURED = 2**19
"""Ids of a part above which pieces from all over it stand for it."""

MOST_READ = 2**25
"""Ids above which the Markov chain that is compared with reads pieces in their own key alone."""


def measured(bundle: Bundle, prepared: Prepared) -> dict[str, Any]:
    """Return the figures of some pieces learnt from, of those to choose by and of those to measure on.

    Beside a network stands, under ``markov``, the Markov chain that has read the same ids and finds the pieces to choose by likeliest.

    Args:
        bundle: The model.
        prepared: The corpus in its encoding.
    """
    model, encoding = bundle.model(), prepared.encoding
    figures: dict[str, Any] = {
        "definition": "negative log-likelihood of whole pieces, by the model that composes, pooled; bits per note over the notes as read; "
        "accuracy: share of ids that were the likeliest"
    }
    parts: tuple[tuple[Part, Sequence[Ids], int], ...] = (
        ("train", View(_Written(prepared.train), range(len(prepared.train))), TRAINING_SAMPLE),
        ("valid", prepared.valid, len(prepared.valid)),
        ("test", prepared.test, len(prepared.test)),
    )
    for part, pieces, most in parts:
        if not pieces:
            continue
        chosen = _spread(pieces, most)
        read = [pieces[number] for number in chosen]
        found = likelihood(model, read)
        figures[part] = {
            "pieces": len(read),
            "nats_per_token": round(found.nats_per_id, 5),
            "nats_per_unit": round(found.nats / sum(encoding.voice_tokens(ids) for ids in read), 5),
            "bits_per_note": bits_per_note(found.nats, sum(prepared.note_counts[part][number] for number in chosen)),
            "accuracy": {name: round(share, 4) for name, share in _accuracies(encoding, found) if not math.isnan(share)},
        }
    if bundle.card.model["name"] in TABLES:
        return figures
    floor = best_chain(counted.read(prepared, most=MOST_READ), prepared.valid, len(encoding.vocabulary))
    return figures | {
        "markov": {
            "best_order": floor.order,
            "nats_per_token": round(floor.nats / max(floor.ids, 1), 5),
            "bits_per_note": bits_per_note(floor.nats, prepared.notes("valid")),
        }
    }


@dataclass(frozen=True)
class _Written:
    """Piece learnt from -> its ids as written."""

    pieces: Sequence[Sequence[Ids]]

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, number: int) -> Ids:
        return self.pieces[number][0]


def _spread(pieces: Sequence[Ids], most: int) -> Sequence[int]:
    """Numbers of pieces from all over a part: `most` of them, or as many as have `MOST_MEASURED` ids."""
    ids = sum(map(len, pieces))
    most = min(most, max(1, len(pieces) * MOST_MEASURED // max(ids, 1)))
    return range(0, len(pieces), max(1, -(-len(pieces) // most)))


def bits_per_note(nats: float, notes: int) -> float:
    """Return the bits of whole pieces, over their notes as they were read."""
    return round(nats / math.log(2) / max(notes, 1), 4)


def _accuracies(encoding: Encoding, found: Likelihood) -> Iterator[tuple[str, float]]:
    """Each group of ids, and how often the likeliest id was the right one where one of the group was due."""
    vocabulary = encoding.vocabulary
    for name, symbols in vocabulary.groups.items():
        yield name, found.accuracy(vocabulary.first[name], len(symbols))
