"""One page on which people compare sounds without knowing what made them: clips and questions inside, nothing fetched from anywhere.

Which source is which stands in the page packed, so that who looks at it does not read it by chance, and is in the answers it saves
(`files.listening`). It keeps them in the browser, so that a reload loses nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from html import escape

from partimento.audio.waveform import Waveform
from partimento.errors import WriteError
from partimento.files.listening import KIND, SCALE, Comparison
from partimento.files.listening_script import BODY, SCRIPT, STYLE
from partimento.files.page_parts import document
from partimento.files.sound import MEDIA_TYPES, sound_bytes

QUESTION = "Which sounds more like a recording of somebody playing a real piano?"
"""After Hawthorne et al. 2019, whose listeners said which clip they thought sounds more like such a recording."""

Clips = Mapping[tuple[str, float, str], Waveform]
"""Piece, second and source -> what is heard."""


def listening_page(
    comparisons: Sequence[Comparison], clips: Clips, *, title: str, question: str = QUESTION, suffix: str = ".flac", seed: int = 0
) -> bytes:
    """Return one HTML page, complete in itself.

    Args:
        comparisons: What is asked, in this order, at least one.
        clips: A clip of every source at every place that is asked for, of one loudness, length and rate (`audio.clip`).
        title: Its heading; it should not say which source is which.
        question: What is asked of every pair.
        suffix: What the clips become, see `files.sound`; a browser plays .wav, .flac and .mp3.
        seed: The number that the order was drawn from, told in the answers.

    Raises:
        WriteError: When there is nothing to compare, a clip is missing, or they differ in rate or length.
    """
    wanted = list(dict.fromkeys((each.piece, each.start_seconds, source) for each in comparisons for source in (each.a, each.b)))
    if not wanted:
        raise WriteError("listening page: no comparisons, expected at least one. Give two sources and a piece.")
    for place in wanted:
        if place not in clips:
            raise WriteError(
                f"listening page: no clip of '{place[2]}' at second {place[1]:g} of '{place[0]}'. Give one of every source asked for."
            )
    forms = sorted({(clips[place].sample_rate, clips[place].channels, clips[place].frames) for place in wanted})
    if len(forms) > 1:
        told = " and ".join(f"{frames / rate:g} s at {rate} Hz, {channels} channels" for rate, channels, frames in forms[:2])
        raise WriteError(f"listening page: clips of {told}; that would tell sources apart. Bring all to one form.")
    files = [base64.b64encode(sound_bytes(clips[place], suffix)).decode("ascii") for place in wanted]
    asked = json.dumps([_asked(each, wanted) for each in comparisons]).encode()
    ident = hashlib.sha256(asked + "".join(files).encode()).hexdigest()[:16]
    test = {
        "kind": KIND,
        "id": ident,
        "title": title,
        "question": question,
        "scale": SCALE,
        "seed": seed,
        "seconds": clips[wanted[0]].seconds,
        "media_type": MEDIA_TYPES[suffix],
        "asked": base64.b64encode(asked).decode("ascii"),
        "clips": files,
    }
    head = f"<header><h1>{escape(title)}</h1><noscript><p>This page needs JavaScript, which is switched off.</p></noscript></header>"
    return document(title, f"{head}\n{BODY}", style=STYLE, script=SCRIPT, facts=test, media="blob:")


def _asked(comparison: Comparison, clips: Sequence[tuple[str, float, str]]) -> dict[str, object]:
    """A comparison, with the numbers of its clips."""
    piece, start = comparison.piece, comparison.start_seconds
    numbers = {f"clip_{side}": clips.index((piece, start, source)) for side, source in (("a", comparison.a), ("b", comparison.b))}
    return {"piece": piece, "start_seconds": start, "a": comparison.a, "b": comparison.b, **numbers}
