"""The figures of a card: how surprised the model that will compose is by pieces of each part of its corpus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from partimento.bundle import TABLES, Bundle
from partimento.corpus.corpus import Part
from partimento.encoding.encoding import Encoding, Ids
from partimento.evaluation.floor import best_chain
from partimento.evaluation.likelihood import Likelihood, likelihood
from partimento.training import counted
from partimento.training.prepare import Prepared

TRAINING_SAMPLE = 30
"""Pieces learnt from that are measured at most, for what was learnt beside what holds of other pieces."""

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
    known = range(0, len(prepared.train), max(1, -(-len(prepared.train) // TRAINING_SAMPLE)))  # all over the corpus
    notes = {part: prepared.notes(part) for part in prepared.scores}
    notes["train"] = sum(prepared.note_counts["train"][piece] for piece in known)
    read = [prepared.train[piece][0] for piece in known]
    parts: tuple[tuple[Part, Sequence[Ids]], ...] = (("train", read), ("valid", prepared.valid), ("test", prepared.test))
    for part, pieces in parts:
        if not pieces:
            continue
        found = likelihood(model, pieces)
        figures[part] = {
            "pieces": len(pieces),
            "nats_per_token": round(found.nats_per_id, 5),
            "nats_per_unit": round(found.nats / sum(encoding.voice_tokens(ids) for ids in pieces), 5),
            "bits_per_note": bits_per_note(found.nats, notes[part]),
            "accuracy": {name: round(share, 4) for name, share in _accuracies(encoding, found) if not math.isnan(share)},
        }
    if bundle.card.model["name"] in TABLES:
        return figures
    floor = best_chain(counted.read(prepared, most=MOST_READ), prepared.valid, len(encoding.vocabulary))
    return figures | {
        "markov": {
            "best_order": floor.order,
            "nats_per_token": round(floor.nats / max(floor.ids, 1), 5),
            "bits_per_note": bits_per_note(floor.nats, notes["valid"]),
        }
    }


def bits_per_note(nats: float, notes: int) -> float:
    """Return the bits of whole pieces, over their notes as they were read."""
    return round(nats / math.log(2) / max(notes, 1), 4)


def _accuracies(encoding: Encoding, found: Likelihood) -> Iterator[tuple[str, float]]:
    """Each group of ids, and how often the likeliest id was the right one where one of the group was due."""
    vocabulary = encoding.vocabulary
    for name, symbols in vocabulary.groups.items():
        yield name, found.accuracy(vocabulary.first[name], len(symbols))
