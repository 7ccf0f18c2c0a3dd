"""Every error of partimento, one tree.

    PartimentoError
    ├── ReadError       a file's bytes cannot become music            (ValueError)
    ├── WriteError      music cannot become a file                    (OSError)
    ├── ScoreError      a musical value breaks an invariant           (ValueError)
    ├── EncodingError   music that an encoding cannot say             (ValueError)
    ├── AudioError      sound that cannot be used                     (ValueError)
    ├── ConfigError     a setting that is unknown or out of range     (ValueError)
    ├── CorpusError     a folder or data set that cannot be used      (ValueError)
    ├── BundleError     a trained model that cannot be trusted        (ValueError)
    ├── TrainingError   a run that cannot start, go on or be resumed  (RuntimeError)
    └── MissingExtra    an optional part that is not installed        (ImportError)

A message is one line and says where, what was found, what was expected and what to do:
``nocturne.mid, track 2, byte 1841: note-off for key 67 that was never started. Pass repair=True to drop it.``
File names may hold line breaks or invalid bytes, so every message is made printable here, once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LONGEST_MESSAGE = 1500
"""Characters of a message; what a broken file puts into it knows no bounds."""


def printable(text: str) -> str:
    """Return `text` on one line: control characters and lone surrogates become visible escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str) -> str:
    """Return `text` with its middle left out where it is longer than `LONGEST_MESSAGE`."""
    if len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[: LONGEST_MESSAGE * 2 // 3]} ... {text[-LONGEST_MESSAGE // 3 :]}"


class PartimentoError(Exception):
    """Root of every error of ours; its message is always one printable line, however much of a broken file it quotes."""

    def __init__(self, message: str) -> None:
        super().__init__(shortened(printable(message)))


class ReadError(PartimentoError, ValueError):
    """A file's bytes cannot become music."""


class WriteError(PartimentoError, OSError):
    """Music cannot become a file."""


class ScoreError(PartimentoError, ValueError):
    """A musical value breaks an invariant."""


class EncodingError(PartimentoError, ValueError):
    """Music that an encoding cannot say."""


class AudioError(PartimentoError, ValueError):
    """Sound that cannot be used."""


class ConfigError(PartimentoError, ValueError):
    """A setting that is unknown or out of range."""


class CorpusError(PartimentoError, ValueError):
    """A folder or a data set that cannot be used."""


class BundleError(PartimentoError, ValueError):
    """A trained model that cannot be trusted."""


class TrainingError(PartimentoError, RuntimeError):
    """A training run that cannot start, go on or be resumed."""


class MissingExtra(PartimentoError, ImportError):
    """An optional part that is not installed."""


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``'; did you mean X?'`` for the valid name closest to `name`, else the list of valid names."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; valid are {', '.join(names)}"
