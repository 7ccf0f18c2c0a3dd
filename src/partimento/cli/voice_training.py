"""What `partimento train --model wavenet` and `--model modal` do: a piano, a voice that learns to sound like it, a bundle."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.bundle import WEIGHTS, Card, save_bundle
from partimento.cli.piano_training import card, check, options_of, performances, piano, run_folder, without_places
from partimento.corpus.corpus import Corpus
from partimento.errors import ConfigError
from partimento.files.tensors import tensor_bytes
from partimento.models.wavenet_shape import STRINGS
from partimento.score.timed_notes import Performance
from partimento.version import __version__

if TYPE_CHECKING:
    from partimento.cli.train import Course, Network

MODAL_DEFINITION = "distance of spectra of single held notes, each at any velocity and from any moment on (Yamamoto et al. 2020), in nats"
DEFINITION = "nats a sample, validation pieces rendered on the same piano: with their own notes, and with those of other stretches"


def train_voice(corpus: Corpus, network: Network, course: Course, *, out: Path, name: str, command: str) -> dict[str, Any]:
    """Train a voice and pack it; return the fields of the JSON object.

    Args:
        corpus: Performances with touch and pedal.
        network: Its size and piano.
        course: How long and how.
        out: The bundle's folder.
        name: The model's name.
        command: What the user typed, for the card.

    Raises:
        ConfigError: When there is not one piano, or no performances.
        MissingExtra: When torch is not installed.
    """
    _check(network, name)
    from partimento.training.voices import VoicePlan, fit_voice  # noqa: PLC0415  # loads torch

    began = time.monotonic()
    parts = {"train": performances(corpus, "train", Performance.of), "valid": performances(corpus, "valid", Performance.of)}
    plan = VoicePlan(network.model, network.size, network.output, **options_of(course))
    voice = fit_voice(parts["train"], parts["valid"], piano(network.piano[0]), plan=plan, folder=run_folder(out), resume=course.resume)
    training = {**voice.settings, "best_step": voice.progress.best_step, "ended": voice.progress.ended, "command": command}
    said = card(
        corpus,
        parts,
        name=name,
        model={"name": network.model, "preset": network.model, "size": network.size, **voice.config},
        training={**training, "parameters": sum(value.size for value in voice.weights.values())},
        figures={"definition": DEFINITION, "valid": dict(voice.figures)},
        sampling={},
    )
    halves = {weight: value if weight == STRINGS else value.astype(np.float16) for weight, value in voice.weights.items()}
    save_bundle(out, said, {WEIGHTS: tensor_bytes(halves), **voice.graphs})
    return {
        "bundle": str(out),
        "steps": voice.progress.step,
        "valid": voice.progress.best,
        **voice.figures,
        "skipped_files": len(corpus.skipped),
        "seconds": round(time.monotonic() - began, 1),
        "ended": voice.progress.ended,
    }


def train_modal_voice(network: Network, course: Course, *, out: Path, name: str, command: str) -> dict[str, Any]:
    """Train a modal piano and pack it; return the fields of the JSON object.

    Args:
        network: Its size and piano, whose single notes are all that it learns from.
        course: How long and how.
        out: The bundle's folder.
        name: The model's name.
        command: What the user typed, for the card.

    Raises:
        ConfigError: When there is not one piano.
        MissingExtra: When torch is not installed.
    """
    _check(network, name)
    from partimento.training.modal_voices import fit_modal_voice  # noqa: PLC0415  # loads torch
    from partimento.training.voices import VoicePlan  # noqa: PLC0415

    began, place = time.monotonic(), network.piano[0]
    plan = VoicePlan(network.model, network.size, **options_of(course))
    voice = fit_modal_voice(piano(place), plan=plan, folder=run_folder(out), resume=course.resume)
    training = {**voice.settings, "best_step": voice.progress.best_step, "ended": voice.progress.ended, "command": without_places(command)}
    said = Card(
        name,
        f"A modal piano that learnt from {place.name}.",
        __version__,
        {"name": network.model, "preset": network.model, "size": network.size, **voice.config},
        {},
        {"corpus": f"single notes of {place.name}", "licence": "that of the recordings", "citation": "", "checksum": _checksum(place)},
        training | {"parameters": sum(value.size for value in voice.weights.values())},
        {"definition": MODAL_DEFINITION, "valid": dict(voice.figures)},
        (),
        {},
        "The recordings' licence may ask that their makers be named. What it plays is yours.",
    )
    save_bundle(out, said, {WEIGHTS: tensor_bytes(voice.weights), **voice.graphs})
    return {
        "bundle": str(out),
        "steps": voice.progress.step,
        "valid": voice.progress.best,
        **voice.figures,
        "seconds": round(time.monotonic() - began, 1),
        "ended": voice.progress.ended,
    }


def _check(network: Network, name: str) -> None:
    """Refuse what cannot be trained here."""
    if len(network.piano) != 1:
        raise ConfigError(
            f"--piano: {len(network.piano)} given, expected one: a SoundFont, an SFZ, or a folder of single notes such as Ds4v10.ogg. "
            "A voice learns to sound like it."
        )
    check(name, "a voice")


def _checksum(piano: Path) -> str:
    """SHA-256 of a piano's file, or of the names and bytes of all files of its folder."""
    digest = hashlib.sha256()
    for file in sorted(piano.iterdir()) if piano.is_dir() else [piano]:
        if file.is_file():
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
