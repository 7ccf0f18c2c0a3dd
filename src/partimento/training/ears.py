"""From performances and pianos to an ear: all of it, and the thresholds that it decides by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from partimento.audio.colour import corrected
from partimento.audio.spectrum import SAMPLE_RATE, Spectra
from partimento.errors import ConfigError
from partimento.evaluation.note_matching import agreement, mean_f1
from partimento.models.ear_heads import HEADS, KEYS
from partimento.models.onnx_graph import with_facts
from partimento.score.timed_notes import sustained
from partimento.synthesis.half_pedal import half_pedalled
from partimento.synthesis.note_bank import NoteBank
from partimento.training.colours import ColouredPiano, colour_of_piano
from partimento.training.ear_networks import EAR_NETWORKS
from partimento.training.ear_presets import EARS, EarPreset
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.hearing import Hearing
from partimento.training.loop import Loop, Progress, Settings
from partimento.training.memory import keep_freed_memory
from partimento.training.microphone import recorded
from partimento.training.piano_stream import PianoStream, Stretches
from partimento.training.played_stretch import Mechanics, middle
from partimento.training.schedule import steps_of_minutes
from partimento.training.start import GENTLER, Start
from partimento.transcription.ear import COLOUR, Ear, Heard
from partimento.transcription.note_decoding import Thresholds, notes_of, spans_of

ROWS = 8
"""Stretches of a batch."""

CANDIDATES = (
    {"onset": (0.2, 0.3, 0.4, 0.5, 0.6, 0.7), "frame": (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)},
    {"offset": (0.2, 0.35, 0.5, 0.65, 0.8, 0.9)},
    {"held": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)},
)
"""Thresholds that are tried, each with each, one row of them after the other."""

VALIDATION_BATCHES, LIMITS_BATCHES, TRIED, TRIED_SECONDS = 6, 2, 12, 30.0
"""Batches of a look, and of them those by which bytes get their limits; performances, and their length, on which thresholds are chosen."""


@dataclass(frozen=True)
class EarPlan:
    """What is trained and how long.

    Attributes:
        preset: One of `ear_presets.EARS`.
        size: One of its sizes.
        steps: Of the optimiser; the size's own where None.
        minutes: Length instead of steps (see `schedule.steps_of_minutes`).
        device: cpu or cuda.
        precision: fp32 or bf16.
        learning_rate: Its highest value; the preset's own where None.
        threads: Of torch.
        seed: Sets weights, stretches and dropout.
        rows: Stretches of a batch.
        workers: Processes that render ahead.
        start: A trained ear whose settings, and weights to begin with, are taken.
    """

    preset: str = "ears"
    size: str = "base"
    steps: int | None = None
    minutes: float | None = None
    device: str = "cpu"
    precision: str = "bf16"
    learning_rate: float | None = None
    threads: int = 1
    seed: int = 0
    rows: int = ROWS
    workers: int = 0
    start: Start | None = None


@dataclass(frozen=True)
class FittedEar:
    """What came of it.

    Attributes:
        model: The network's name.
        weights: The best weights, float32.
        graph: The network with them.
        config: Its settings, JSON values.
        progress: How the run went.
        settings: How it was trained, JSON values.
        thresholds: By which it decides.
        figures: Mean F1 in percent on the piano that was held out, clean and as recorded.
    """

    model: str
    weights: Mapping[str, NDArray[np.float32]]
    graph: bytes
    config: Mapping[str, Any]
    progress: Progress
    settings: Mapping[str, Any]
    thresholds: Thresholds
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Lessons:
    """What an ear learns from.

    Attributes:
        train: Performances to learn from.
        valid: Performances to look at.
        pianos: What the first are played on.
        held_out: What the others are played on; it is not learnt from.
    """

    train: Sequence[HandsAndFoot]
    valid: Sequence[HandsAndFoot]
    pianos: Sequence[NoteBank]
    held_out: NoteBank


def fit_ear(lessons: Lessons, *, plan: EarPlan, folder: Path, resume: bool = False) -> FittedEar:
    """Return the ear that `plan` asks for.

    Args:
        lessons: What it learns from.
        plan: What and how.
        folder: Where checkpoint and log stand.
        resume: Go on with the run in `folder`, or begin it.

    Raises:
        ConfigError: When there is no such size, or nothing to learn from.
        TrainingError: See `loop.Loop.run`.
    """
    train, valid, pianos = lessons.train, lessons.valid, lessons.pianos
    preset = EARS[plan.preset]
    network = EAR_NETWORKS[preset.network]
    if plan.size not in preset.sizes or not (train and valid and pianos):
        counts = f"{len(train)} and {len(valid)} performances, {len(pianos)} pianos"
        raise ConfigError(f"ear: size '{plan.size}', {counts}; expected some of each, and a size of {', '.join(preset.sizes)}.")
    keep_freed_memory()
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    module = network.build(plan.start.settings if plan.start else preset.sizes[plan.size])
    if plan.start:
        plan.start.give(module)
    module = module.to(plan.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    config: dict[str, Any] = json.loads(json.dumps(asdict(module.config)))
    *colours, own = (colour_of_piano(piano, train, preset.listening.spectrum) for piano in (*pianos, lessons.held_out))
    reference = np.asarray(np.mean(colours, axis=0).round(3), np.float32)
    coloured = [ColouredPiano(piano, reference - colour) for piano, colour in zip(pianos, colours, strict=True)]
    held_out = ColouredPiano(lessons.held_out, reference - own)
    looks = PianoStream(valid, [held_out], preset.listening, rows=plan.rows, seed=plan.seed + 1)
    seen = [looks.next() for _ in range(VALIDATION_BATCHES)]
    loop = Loop(
        Hearing(module, preset.listening.spectrum),
        PianoStream(train, coloured, preset.listening, rows=plan.rows, seed=plan.seed, workers=plan.workers),
        seen,
        settings=_settings(plan, preset, sum(weight.numel() for weight in module.parameters())),
        folder=folder,
        facts={"performances": len(train), "pianos": len(pianos), "rows": plan.rows, "network": config}
        | ({"from": plan.start.fingerprint} if plan.start else {}),
    )
    loop.has_learnt = plan.start is not None
    progress = loop.run(resume=resume)
    weights = {name: tensor.detach().float().cpu().numpy().copy() for name, tensor in loop.best.items() if tensor.dim()}
    graph = with_facts(
        network.graph(weights, config, _heard(seen[:LIMITS_BATCHES], preset)),
        {COLOUR: json.dumps([round(float(value), 3) for value in reference])},
    )
    thresholds, figures = measured(Ear(graph), valid, lessons.held_out)
    kept = asdict(loop.settings) | {
        "steps": progress.step,
        "rows": plan.rows,
        "seconds": preset.listening.seconds,
        "threads": plan.threads,
        "device": plan.device,
    }
    return FittedEar(preset.network, weights, graph, config, progress, kept, thresholds, figures)


def _heard(batches: Sequence[Stretches], preset: EarPreset) -> list[Spectra]:
    """What an ear hears of some batches, stretch by stretch."""
    pairs = [pair for batch in batches for pair in zip(batch.sound.numpy(), batch.colour.numpy(), strict=True)]
    return [corrected(preset.listening.spectrum.of(sound), colour) for sound, colour in pairs]


def _settings(plan: EarPlan, preset: EarPreset, parameters: int) -> Settings:
    """How the loop trains: half a cosine to the end, for rendered pieces never run out."""
    steps = preset.steps[plan.size] if plan.steps is None else plan.steps
    if plan.minutes is not None and plan.steps is None:
        heard = round(plan.rows * preset.listening.seconds * preset.listening.spectrum.rate) * KEYS
        steps = steps_of_minutes(plan.minutes, parameters=parameters, tokens_per_step=heard)
    return Settings(
        steps,
        plan.learning_rate or preset.learning_rate * (GENTLER if plan.start else 1),
        clip=3.0,
        precision=plan.precision,
        validate_every=max(1, min(500, steps // 5)),
        patience=steps,
        seed=plan.seed,
        decay="cosine",
    )


def measured(ear: Ear, valid: Sequence[HandsAndFoot], piano: NoteBank) -> tuple[Thresholds, dict[str, Any]]:
    """Return the thresholds that are best on stretches of some performances, clean and as recorded, and what is found with them.

    The figures are mean F1 in percent: of notes by their onsets, with offsets, with velocities, with all; of an ear that tells keys from
    the pedal also with the ends of what sounds, its pedal heard; of one that says when the pedal is down, of the moments in which it is.

    Args:
        ear: Which.
        valid: The performances.
        piano: What they are played on.
    """
    random = np.random.default_rng(0)
    tried = [valid[place] for place in np.linspace(0, len(valid) - 1, min(TRIED, len(valid))).round().astype(int)]
    stretches = [middle(performance, TRIED_SECONDS) for performance in tried]
    heard: dict[str, list[tuple[HandsAndFoot, Heard]]] = {"clean": [], "as_recorded": []}
    for played in stretches:
        heard["clean"].append((played, ear.hear([piano.play(played.sounding(), TRIED_SECONDS)])))
        how = Mechanics.drawn(random)
        foot = how.foot(played, TRIED_SECONDS)
        ringing = half_pedalled(piano, played.strikes, foot, TRIED_SECONDS, dampers=how.dampers, kept=how.kept)
        heard["as_recorded"].append((played, ear.hear([recorded(ringing, random, SAMPLE_RATE)])))
    everything = [pair for pairs in heard.values() for pair in pairs]
    best = Thresholds()
    for values in CANDIDATES:
        tries = [replace(best, **dict(zip(values, each, strict=True))) for each in product(*values.values())]
        best = max(tries, key=lambda thresholds: sum(_found(everything, thresholds, ear.spectrum.rate).values()))
    figures: dict[str, Any] = {name: _found(pairs, best, ear.spectrum.rate) for name, pairs in heard.items()}
    if ear.says_pedal:
        for name, pairs in heard.items():
            figures[name]["pedal"] = _pedal_f1(pairs, best.pedal, ear.spectrum.rate)
    return best, figures


def _found(pairs: Sequence[tuple[HandsAndFoot, Heard]], thresholds: Thresholds, rate: float) -> dict[str, float]:
    """How well what was heard agrees with what was played, with some thresholds; see `measured`."""
    found, sounding = [], []
    for played, heard in pairs:
        keys = len(heard.heads) > len(HEADS)
        notes = notes_of(*heard.curves(held=thresholds.held, pedal=thresholds.pedal), thresholds=thresholds, rate=rate)
        found.append(agreement(played.held() if keys else played.sounding(), notes))
        if keys:
            pedal = spans_of(heard.pedal, threshold=thresholds.pedal, rate=rate)
            sounding.append(agreement(played.sounding(), sustained(notes, pedal)))
    return mean_f1(found) | ({"sounding": mean_f1(sounding)["offset"]} if sounding else {})


def _pedal_f1(pairs: Sequence[tuple[HandsAndFoot, Heard]], threshold: float, rate: float) -> float:
    """F1 in percent of the moments in which the pedal is down, all stretches together."""
    right = told = there = 0
    for played, heard in pairs:
        at = np.arange(len(heard.pedal)) / rate
        wanted = np.searchsorted(played.pedal, at, side="right") % 2 == 1
        found = np.searchsorted(spans_of(heard.pedal, threshold=threshold, rate=rate).ravel(), at, side="right") % 2 == 1
        right, told, there = right + int((wanted & found).sum()), told + int(found.sum()), there + int(wanted.sum())
    return round(200 * right / max(told + there, 1), 2)
