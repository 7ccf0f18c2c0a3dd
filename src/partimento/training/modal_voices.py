"""From single notes of a piano to a modal piano that sounds like it: all of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from partimento.bundle import STEP
from partimento.errors import ConfigError
from partimento.models.modal_piano import ModalPiano, ModalPianoConfig
from partimento.models.modal_piano_graph import modal_piano_graph
from partimento.models.wavenet_shape import SAMPLES_PER_FRAME
from partimento.synthesis.note_bank import NoteBank
from partimento.training.loop import Loop
from partimento.training.memory import keep_freed_memory
from partimento.training.sounding import Sounding
from partimento.training.struck_notes import NoteStream, strings_of
from partimento.training.voice_presets import VOICES
from partimento.training.voices import VALIDATION_BATCHES, FittedVoice, VoicePlan, settings_of

PRESET = "modal"


def fit_modal_voice(piano: NoteBank, *, plan: VoicePlan, folder: Path, resume: bool = False) -> FittedVoice:
    """Return the modal piano that `plan` asks for.

    Args:
        piano: What it is to sound like.
        plan: What and how; products are in fp32 whatever it says, for phases need it.
        folder: Where checkpoint and log stand.
        resume: Go on with the run in `folder`, or begin it.

    Raises:
        ConfigError: When there is no such size.
        TrainingError: See `loop.Loop.run`.
    """
    preset = VOICES[PRESET]
    if plan.size not in preset.sizes:
        raise ConfigError(f"voice: size '{plan.size}', expected one of {', '.join(preset.sizes)}.")
    keep_freed_memory()
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    module = ModalPiano(ModalPianoConfig(**preset.sizes[plan.size]), torch.from_numpy(strings_of(piano))).to(plan.device)
    samples, rows = preset.frames[plan.size] * SAMPLES_PER_FRAME, plan.rows or preset.rows
    looks = NoteStream(piano, rows=rows, samples=samples, seed=plan.seed + 1)
    config: dict[str, Any] = json.loads(json.dumps(asdict(module.config)))
    loop = Loop(
        Sounding(module, piano.sample_rate),
        NoteStream(piano, rows=rows, samples=samples, seed=plan.seed),
        [looks.next() for _ in range(VALIDATION_BATCHES)],
        settings=settings_of(plan, sum(weight.numel() for weight in module.parameters())),
        folder=folder,
        facts={"rows": rows, "network": config},
    )
    progress = loop.run(resume=resume)
    weights = {name: tensor.detach().float().cpu().numpy().copy() for name, tensor in loop.best.items()}
    kept = asdict(loop.settings) | {"steps": progress.step, "rows": rows, "threads": plan.threads, "device": plan.device}
    kept["seconds"] = samples / piano.sample_rate
    figures = {"distance": round(progress.best, 5)}
    return FittedVoice(weights, {STEP: modal_piano_graph(weights)}, config, progress, kept, figures)
