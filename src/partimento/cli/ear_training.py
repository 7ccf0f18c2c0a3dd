"""What `partimento train --model ears` does: performances rendered on pianos, an ear that learns from them, a bundle."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.bundle import STEP, WEIGHTS, Bundle, save_bundle
from partimento.cli.goes_on import gone_on_card
from partimento.cli.piano_training import card, check, options_of, performances, piano, run_folder
from partimento.corpus.corpus import Corpus
from partimento.errors import ConfigError
from partimento.files.tensors import tensor_bytes
from partimento.synthesis.strings import string_bank
from partimento.training.hands_and_foot import HandsAndFoot

if TYPE_CHECKING:
    from partimento.cli.train import Course, Network
    from partimento.training.ears import EarPlan

DEFINITION = (
    "F1 in percent, mean of stretches of 30 s of validation pieces rendered on a piano that was not learnt from, as mir_eval counts: "
    "notes by onsets, with offsets, with velocities, with both (they end where keys come up, or where strings are still if the ear does "
    "not tell keys from the pedal); with the ends of what sounds, the pedal heard; and of moments with the pedal down; clean, and as "
    "recorded in a room"
)

MOST_STRINGS = 100

MOST_WORKERS = 14
"""Processes that render for a GPU, which alone would wait for them."""


def train_ear(
    corpus: Corpus, network: Network, course: Course, *, out: Path, name: str, command: str, begun: Bundle | None = None
) -> dict[str, Any]:
    """Train an ear and pack it; return the fields of the JSON object.

    Args:
        corpus: Performances with touch and pedal.
        network: Its size and pianos.
        course: How long and how.
        out: The bundle's folder.
        name: The model's name.
        command: What the user typed, for the card.
        begun: The ear that it goes on from, if any.

    Raises:
        ConfigError: When there are fewer than two pianos, or no performances.
        MissingExtra: When torch is not installed.
    """
    if len(network.piano) < 2:
        raise ConfigError(
            f"--piano: {len(network.piano)} given, expected two or more: SoundFonts, SFZs, or folders of single notes such as Ds4v10.ogg. "
            "An ear learns from all but the last, and is checked on that one."
        )
    if not 0 <= network.strings <= MOST_STRINGS:
        raise ConfigError(f"--strings {network.strings}: expected 0 to {MOST_STRINGS}.")
    check(name, "an ear")
    from partimento.training.ears import Lessons, fit_ear  # noqa: PLC0415  # loads torch

    began = time.monotonic()
    parts = {"train": performances(corpus, "train", HandsAndFoot.of), "valid": performances(corpus, "valid", HandsAndFoot.of)}
    *pianos, held_out = (piano(path) for path in network.piano)
    pianos += [string_bank(np.random.default_rng([course.seed, number]), SAMPLE_RATE) for number in range(network.strings)]
    plan = _plan(network, course, begun)
    ear = fit_ear(Lessons(parts["train"], parts["valid"], pianos, held_out), plan=plan, folder=run_folder(out), resume=course.resume)
    seconds = time.monotonic() - began
    training = {**ear.settings, "best_step": ear.progress.best_step, "ended": ear.progress.ended, "command": command}
    said = card(
        corpus,
        parts,
        name=name,
        model={"name": ear.model, "preset": network.model, "size": network.size, **ear.config},
        training={**training, "parameters": sum(value.size for value in ear.weights.values())},
        figures={"definition": DEFINITION, "valid": dict(ear.figures)},
        sampling=asdict(ear.thresholds),
    )
    halves = {weight: value.astype(np.float16) for weight, value in ear.weights.items()}
    save_bundle(out, gone_on_card(said, begun) if begun else said, {WEIGHTS: tensor_bytes(halves), STEP: ear.graph})
    return {
        "bundle": str(out),
        "steps": ear.progress.step,
        "valid": ear.progress.best,
        "f1": dict(ear.figures),
        "skipped_files": len(corpus.skipped),
        "seconds": round(seconds, 1),
        "ended": ear.progress.ended,
    }


def _plan(network: Network, course: Course, begun: Bundle | None) -> EarPlan:
    """What is trained and how long."""
    from partimento.training.ears import EarPlan  # noqa: PLC0415  # loads torch
    from partimento.training.start import Start  # noqa: PLC0415  # loads torch

    options = options_of(course)
    workers = max(0, min((os.cpu_count() or 1) - 2, MOST_WORKERS)) if options["device"] == "cuda" else 0
    return EarPlan(network.model, network.size, workers=workers, start=Start.of(begun) if begun else None, **options)
