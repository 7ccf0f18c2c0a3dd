"""partimento finishes the music: it composes from nothing, from a beginning, or after a folder of scores.

    >>> import partimento
    >>> score = partimento.load("bach-chorales").compose(bars=8, seed=7)
    >>> partimento.write(score, "chorale.mid")

Public names are listed in `__all__` and imported on first use, so that `import partimento` is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from partimento.errors import PartimentoError
from partimento.version import __version__

if TYPE_CHECKING:
    from partimento.audio.waveform import Waveform
    from partimento.files.dispatch import read, write
    from partimento.generation.load import load
    from partimento.score import Score
    from partimento.synthesis.render import render
    from partimento.transcription.transcriber import transcribe

_PLACES = {
    "Score": "partimento.score",
    "Waveform": "partimento.audio.waveform",
    "load": "partimento.generation.load",
    "read": "partimento.files.dispatch",
    "render": "partimento.synthesis.render",
    "transcribe": "partimento.transcription.transcriber",
    "write": "partimento.files.dispatch",
}

__all__ = ["PartimentoError", "Score", "Waveform", "__version__", "load", "read", "render", "transcribe", "write"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module 'partimento' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
