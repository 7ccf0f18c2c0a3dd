"""What training an ear and training a voice have in common: performances, pianos, and what is said of a bundle."""

from __future__ import annotations

import importlib.util
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.bundle import Card, is_plain_name
from partimento.corpus.corpus import Corpus, Part
from partimento.errors import ConfigError, MissingExtra
from partimento.files.whole import make_folder, sweep
from partimento.score import Score
from partimento.synthesis.note_bank import NoteBank
from partimento.version import __version__

if TYPE_CHECKING:
    from partimento.cli.train import Course

RUN = "run"

Played = TypeVar("Played")


def check(name: str, what: str) -> None:
    """Refuse a name that is none, and a machine without torch.

    Args:
        name: The model's.
        what: Is trained, such as an ear.

    Raises:
        ConfigError: When the name cannot be a file's.
        MissingExtra: When torch is not installed.
    """
    if not is_plain_name(name):
        raise ConfigError(f"--name '{name}': expected a plain file name. Give another.")
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra(f"training {what} needs torch, which is not installed. Run: pip install 'partimento[train]'.")


def run_folder(out: Path) -> Path:
    """Return the folder of a run's checkpoint and log, made and swept."""
    make_folder(out / RUN)
    sweep(out)
    sweep(out / RUN)
    return out / RUN


def options_of(course: Course) -> dict[str, Any]:
    """Return what a plan takes of how long and how; what was not asked for is left to it."""
    from partimento.training.fit import device_of, precision_of  # noqa: PLC0415  # loads torch

    device = device_of(course.device)
    asked = {"learning_rate": course.learning_rate, "rows": course.rows, "steps": course.steps, "minutes": course.minutes}
    given = {option: value for option, value in asked.items() if value is not None}
    precision = precision_of(course.precision, device)
    return {"device": device, "precision": precision, "threads": course.threads, "seed": course.seed, **given}


def piano(path: Path) -> NoteBank:
    """Return the piano of a SoundFont, of an SFZ file, or of a folder of recorded notes."""
    if path.suffix.lower() == ".sfz":
        return NoteBank.of_sfz(path, SAMPLE_RATE)
    return NoteBank.of_recordings(path, SAMPLE_RATE) if path.is_dir() else NoteBank.of_soundfont(path, SAMPLE_RATE)


def performances(corpus: Corpus, part: Part, of: Callable[[Score], Played]) -> list[Played]:
    """Return the performances of one part of a corpus, as `of` makes them of scores.

    Raises:
        ConfigError: When there are none.
    """
    scores = (piece.read() for piece in corpus.part(part))
    found = [of(score) for score in scores if score.note_count]
    if not found:
        raise ConfigError(f"{corpus.name}: no performances in its part '{part}'. Some are needed to learn from, and some to check on.")
    return found


def card(  # all of it is said
    corpus: Corpus,
    parts: Mapping[str, Sequence[object]],
    *,
    name: str,
    model: Mapping[str, Any],
    training: Mapping[str, Any],
    figures: Mapping[str, Any],
    sampling: Mapping[str, Any],
) -> Card:
    """Return what is to be said of a model that learnt from performances on pianos.

    Args:
        corpus: Where they come from.
        parts: They themselves, by part.
        name: Of the model.
        model: See `bundle.Card`.
        training: Likewise; its ``command`` is told without places.
        figures: Likewise.
        sampling: Likewise.
    """
    data = {
        "corpus": corpus.name,
        "licence": corpus.licence,
        "citation": corpus.citation,
        "checksum": corpus.checksum,
        "pieces": {part: len(found) for part, found in parts.items()},
        "skipped": len(corpus.skipped),
    }
    told = {**training, "command": without_places(str(training["command"]))}
    return Card(name, "", __version__, model, {}, data, told, figures, (), sampling, corpus.weights)


def without_places(command: str) -> str:
    """Return a command whose files and folders are called by their names alone: where a user keeps them is nobody's business."""
    words = shlex.split(command)
    return shlex.join(Path(word).name if Path(word).is_absolute() else word for word in words)
