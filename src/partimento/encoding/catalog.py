"""Name -> encoding: add one here and in one file of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from partimento.encoding.abc_tokens import AbcTokens
from partimento.encoding.characters import Characters
from partimento.encoding.chorale import Chorale
from partimento.encoding.chords import Chords
from partimento.encoding.encoding import Encoding
from partimento.encoding.keys import Keys
from partimento.encoding.lead import Lead
from partimento.encoding.melody import Melody
from partimento.encoding.performance import Performance
from partimento.encoding.pianoroll import PianoRoll
from partimento.encoding.polyphony import Polyphony
from partimento.errors import EncodingError, nearest

ENCODINGS: dict[str, Callable[..., Encoding]] = {
    "characters": Characters,
    "chorale": Chorale,
    "abc_tokens": AbcTokens,
    "chords": Chords,
    "chords-joined": partial(Chords, joined=True),
    "chords-normal": partial(Chords, chords="normal"),
    "chords-velocity": partial(Chords, velocities=True),
    "keys": Keys,
    "lead": Lead,
    "melody": Melody,
    "performance": Performance,
    "pianoroll": PianoRoll,
    "polyphony": Polyphony,
}
"""Name on the command line and in cards -> what makes it."""


def build_encoding(name: str, options: Mapping[str, object] | None = None) -> Encoding:
    """Return an encoding.

    Args:
        name: One of `ENCODINGS`.
        options: What its `options` method returned; its defaults where None.

    Raises:
        EncodingError: When the name or an option is unknown.
    """
    if name not in ENCODINGS:
        raise EncodingError(f"encoding '{name}'{nearest(name, ENCODINGS)}")
    try:
        return ENCODINGS[name](**(options or {}))
    except TypeError as error:
        raise EncodingError(
            f"encoding '{name}': options {dict(options or {})} do not fit ({error}). Is the bundle from another version?"
        ) from error
