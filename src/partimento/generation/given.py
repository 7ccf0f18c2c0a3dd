"""Grammars of pieces of which something is given: a voice that others are put below, or all but a passage."""

from __future__ import annotations

from partimento.encoding.encoding import Encoding, Grammar, Harmonising, Inpainting
from partimento.errors import EncodingError
from partimento.score import Score


def below(encoding: Encoding, melody: Score) -> Grammar:
    """Return what may be written below a melody, which is kept as it is.

    Raises:
        EncodingError: When the encoding puts no voices below one, or cannot say this one.
    """
    if not isinstance(encoding, Harmonising):
        raise EncodingError(
            f"--melody: a model of encoding '{encoding.name}' puts no voices below a melody. Take one of 'chorale', such as bach-chorales "
            "or a coconet, a polyphony-rnn or a modern-melody, or give the melody as --primer."
        )
    return encoding.below(melody)


def around(encoding: Encoding, piece: Score, passage: tuple[int, int]) -> Grammar:
    """Return what may be written into a passage of a piece, the rest of which is kept.

    Args:
        encoding: What the model speaks.
        piece: The piece.
        passage: First and last bar, from 1.

    Raises:
        EncodingError: When the encoding leaves no passage open, cannot say this piece, or it has no such bars.
    """
    if not isinstance(encoding, Inpainting):
        raise EncodingError(f"--rewrite: encoding '{encoding.name}' leaves no passage open. Take a coconet, which speaks 'chorale'.")
    return encoding.around(piece, passage)


def given_beforehand(encoding: Encoding, melody: Score | None, piece: Score | None, passage: tuple[int, int] | None) -> Grammar | None:
    """Return what may be written below `melody`, or into `passage` of `piece`; None where neither is given.

    Raises:
        EncodingError: See `below` and `around`.
    """
    if melody is not None:
        return below(encoding, melody)
    return None if piece is None or passage is None else around(encoding, piece, passage)
