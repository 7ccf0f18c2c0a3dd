"""What `partimento train --model ears` does: performances rendered on pianos, an ear that learns from them, a bundle."""

from __future__ import annotations

import importlib.util
import os
import shlex
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.bundle import STEP, WEIGHTS, Card, is_plain_name, save_bundle
from partimento.corpus.corpus import Corpus, Part
from partimento.errors import ConfigError, MissingExtra
from partimento.files.tensors import tensor_bytes
from partimento.files.whole import make_folder, sweep
from partimento.synthesis.note_bank import NoteBank
from partimento.version import __version__

if TYPE_CHECKING:
    from partimento.cli.train import Course, Network
    from partimento.training.ears import FittedEar
    from partimento.training.piano_stream import Performance

RUN = "run"

MOST_WORKERS = 14
"""Processes that render for a GPU, which alone would wait for them."""


def train_ear(corpus: Corpus, network: Network, course: Course, *, out: Path, name: str, command: str) -> dict[str, Any]:
    """Train an ear and pack it; return the fields of the JSON object.

    Args:
        corpus: Performances with touch and pedal.
        network: Its size and pianos.
        course: How long and how.
        out: The bundle's folder.
        name: The model's name.
        command: What the user typed, for the card.

    Raises:
        ConfigError: When there are fewer than two pianos, or no performances.
        MissingExtra: When torch is not installed.
    """
    if not is_plain_name(name):
        raise ConfigError(f"--name '{name}': expected a plain file name. Give another.")
    if len(network.piano) < 2:
        raise ConfigError(
            f"--piano: {len(network.piano)} given, expected two or more: SoundFonts, SFZs, or folders of single notes such as Ds4v10.ogg. "
            "An ear learns from all but the last, and is checked on that one."
        )
    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("training an ear needs torch, which is not installed. Run: pip install 'partimento[train]'.")
    from partimento.training.ears import EarPlan, Lessons, fit_ear  # noqa: PLC0415  # loads torch
    from partimento.training.fit import device_of, precision_of  # noqa: PLC0415

    began = time.monotonic()
    parts = {"train": performances(corpus, "train"), "valid": performances(corpus, "valid")}
    *pianos, held_out = (piano(path) for path in network.piano)
    make_folder(out / RUN)
    sweep(out)
    sweep(out / RUN)
    device = device_of(course.device)
    asked: dict[str, Any] = {"learning_rate": course.learning_rate, "rows": course.rows, "steps": course.steps, "minutes": course.minutes}
    plan = EarPlan(
        network.model,
        network.size,
        device=device,
        precision=precision_of(course.precision, device),
        threads=course.threads,
        seed=course.seed,
        workers=max(0, min((os.cpu_count() or 1) - 2, MOST_WORKERS)) if device == "cuda" else 0,
        **{option: value for option, value in asked.items() if value is not None},
    )
    ear = fit_ear(Lessons(parts["train"], parts["valid"], pianos, held_out), plan=plan, folder=out / RUN, resume=course.resume)
    seconds = time.monotonic() - began
    card = _card(corpus, ear, parts, name=name, network=network, command=command)
    halves = {weight: value.astype(np.float16) for weight, value in ear.weights.items()}
    save_bundle(out, card, {WEIGHTS: tensor_bytes(halves), STEP: ear.graph})
    return {
        "bundle": str(out),
        "steps": ear.progress.step,
        "valid": ear.progress.best,
        "f1": dict(ear.figures),
        "skipped_files": len(corpus.skipped),
        "seconds": round(seconds, 1),
        "ended": ear.progress.ended,
    }


def piano(path: Path) -> NoteBank:
    """Return the piano of a SoundFont, of an SFZ file, or of a folder of recorded notes."""
    if path.suffix.lower() == ".sfz":
        return NoteBank.of_sfz(path, SAMPLE_RATE)
    return NoteBank.of_recordings(path, SAMPLE_RATE) if path.is_dir() else NoteBank.of_soundfont(path, SAMPLE_RATE)


def performances(corpus: Corpus, part: Part) -> list[Performance]:
    """Return the performances of one part of a corpus.

    Raises:
        ConfigError: When there are none.
    """
    from partimento.training.piano_stream import Performance  # noqa: PLC0415

    scores = (piece.read() for piece in corpus.part(part))
    found = [Performance.of(score) for score in scores if score.note_count]
    if not found:
        raise ConfigError(f"{corpus.name}: no performances in its part '{part}'. An ear needs some to learn from and some to check on.")
    return found


def _card(corpus: Corpus, ear: FittedEar, parts: dict[str, list[Performance]], *, name: str, network: Network, command: str) -> Card:
    """What is said of it."""
    training = {**ear.settings, "best_step": ear.progress.best_step, "ended": ear.progress.ended, "command": _without_places(command)}
    training["parameters"] = sum(value.size for value in ear.weights.values())
    definition = (
        "F1 in percent, mean of stretches of 30 s of validation pieces rendered on a piano that was not learnt from, as mir_eval counts: "
        "notes by onsets, with offsets, with velocities, with both; and of moments with the pedal down; clean, and as recorded in a room"
    )
    return Card(
        name,
        "",
        __version__,
        {"name": ear.model, "preset": network.model, "size": network.size, **ear.config},
        {},
        {
            "corpus": corpus.name,
            "licence": corpus.licence,
            "citation": corpus.citation,
            "checksum": corpus.checksum,
            "pieces": {part: len(found) for part, found in parts.items()},
            "skipped": len(corpus.skipped),
        },
        training,
        {"definition": definition, "valid": dict(ear.figures)},
        (),
        asdict(ear.thresholds),
        corpus.weights,
    )


def _without_places(command: str) -> str:
    """A command whose files and folders are called by their names alone: where a user keeps them is nobody's business."""
    words = shlex.split(command)
    return shlex.join(Path(word).name if Path(word).is_absolute() else word for word in words)
