"""Name -> encoding: add one here and in one file of its own."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from partimento.encoding.encoding import Encoding
from partimento.errors import EncodingError, nearest


class Entry(NamedTuple):
    """Where an encoding stands, imported when it is asked for: its module, its class, and settings that its name implies."""

    module: str
    made_by: str
    settings: Mapping[str, Any] = {}  # never changed


ENCODINGS: dict[str, Entry] = {
    "characters": Entry("characters", "Characters"),
    "chorale": Entry("chorale", "Chorale"),
    "abc_tokens": Entry("abc_tokens", "AbcTokens"),
    "chords": Entry("chords", "Chords"),
    "chords-joined": Entry("chords", "Chords", {"joined": True}),
    "chords-normal": Entry("chords", "Chords", {"chords": "normal"}),
    "chords-velocity": Entry("chords", "Chords", {"velocities": True}),
    "keys": Entry("keys", "Keys"),
    "lead": Entry("lead", "Lead"),
    "melody": Entry("melody", "Melody"),
    "minuet": Entry("minuet", "Minuet"),
    "performance": Entry("performance.performance", "Performance"),
    "pianoroll": Entry("pianoroll", "PianoRoll"),
    "polyphony": Entry("polyphony", "Polyphony"),
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
    entry = ENCODINGS[name]
    make = getattr(importlib.import_module(f"partimento.encoding.{entry.module}"), entry.made_by)
    try:
        return cast(Encoding, make(**{**entry.settings, **(options or {})}))
    except TypeError as error:
        raise EncodingError(
            f"encoding '{name}': options {dict(options or {})} do not fit ({error}). Is the bundle from another version?"
        ) from error
