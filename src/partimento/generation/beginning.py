"""A beginning in words: the text of `compose --start` as ids, each asked of the grammar."""

from __future__ import annotations

import numpy as np

from partimento.encoding.encoding import Encoding, Grammar, Typed
from partimento.errors import EncodingError

MOST_SHOWN = 12
"""What could stand instead is listed up to so many."""


def start_ids(encoding: Encoding, text: str, grammar: Grammar | None) -> list[int]:
    """Return the ids, start included, of a piece that begins with `text`.

    Args:
        encoding: What the model speaks.
        text: What a person typed.
        grammar: At the very start of a piece; None where no rules are to hold.

    Raises:
        EncodingError: When the encoding is no text, has no id for something, or the grammar does not let it stand; one
            line says what, at which place, and what could stand there.
    """
    if not isinstance(encoding, Typed):
        raise EncodingError(f"--start: a model of '{encoding.name}' reads no text. Give the beginning as a score, with --primer.")
    ids = [encoding.start_id]
    if grammar is not None:
        grammar.push(encoding.start_id)
    for number, place in encoding.text_ids(text):
        if grammar is not None and not (may := grammar.allowed())[number]:
            symbols = encoding.vocabulary.symbols
            could = [repr(symbols[int(other)]) for other in np.flatnonzero(may)]
            more = f" and {len(could) - MOST_SHOWN} more" if len(could) > MOST_SHOWN else ""
            before = f"after {text[:place][-20:]!r}" if place else "there"
            raise EncodingError(
                f"--start: {symbols[number]!r} at character {place + 1} cannot stand {before}; "
                f"there could stand {', '.join(could[:MOST_SHOWN])}{more}."
            )
        if grammar is not None:
            grammar.push(number)
        ids.append(number)
    return ids
