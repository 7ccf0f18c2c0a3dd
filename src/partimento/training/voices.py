"""From performances and a piano to a voice that plays like it: all of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.models.wavenet import WaveNet, WaveNetConfig
from partimento.models.wavenet_graph import wavenet_graphs
from partimento.models.wavenet_shape import SAMPLE_RATE, SAMPLES_PER_FRAME
from partimento.score.timed_notes import Performance
from partimento.synthesis.note_bank import NoteBank
from partimento.synthesis.sketch import sketch_bank
from partimento.training.loop import Loop, Progress, Settings
from partimento.training.memory import keep_freed_memory
from partimento.training.playing import Playing
from partimento.training.schedule import steps_of_minutes
from partimento.training.struck_notes import strings_of
from partimento.training.voice_presets import VOICES
from partimento.training.voice_stream import VoiceStream, VoiceStretches, linear_prediction

VALIDATION_BATCHES = 4


@dataclass(frozen=True)
class VoicePlan:
    """What is trained and how long.

    Attributes:
        preset: One of `voice_presets.VOICES`.
        size: One of its sizes.
        output: What the network says of a sample, see `wavenet.WaveNetConfig`.
        steps: Of the optimiser; the size's own where None.
        minutes: Length instead of steps (see `schedule.steps_of_minutes`).
        device: cpu or cuda.
        precision: fp32 or bf16.
        learning_rate: Its highest value; the preset's own where None.
        threads: Of torch.
        seed: Sets weights and stretches.
        rows: Stretches of a batch; the preset's own where None.
        workers: Processes that render ahead.
    """

    preset: str = "wavenet"
    size: str = "small"
    output: str = "logistics"
    steps: int | None = None
    minutes: float | None = None
    device: str = "cpu"
    precision: str = "bf16"
    learning_rate: float | None = None
    threads: int = 1
    seed: int = 0
    rows: int | None = None
    workers: int = 0


@dataclass(frozen=True)
class FittedVoice:
    """What came of it.

    Attributes:
        weights: The best weights, float32.
        graphs: Both graphs with them, by file.
        config: Settings of the network, JSON values.
        progress: How the run went.
        settings: How it was trained, JSON values.
        figures: What it reached in validation: nats a sample with the pieces' own notes and with other ones, or the distance of spectra.
    """

    weights: Mapping[str, NDArray[np.float32]]
    graphs: Mapping[str, bytes]
    config: Mapping[str, Any]
    progress: Progress
    settings: Mapping[str, Any]
    figures: Mapping[str, Any]


def fit_voice(
    train: Sequence[Performance], valid: Sequence[Performance], piano: NoteBank, *, plan: VoicePlan, folder: Path, resume: bool = False
) -> FittedVoice:
    """Return the voice that `plan` asks for.

    Args:
        train: Performances to learn from.
        valid: Performances to look at.
        piano: What all of them are played on, at `SAMPLE_RATE`.
        plan: What and how.
        folder: Where checkpoint and log stand.
        resume: Go on with the run in `folder`, or begin it.

    Raises:
        ConfigError: When there is no such size, or nothing to learn from.
        TrainingError: See `loop.Loop.run`.
    """
    preset = VOICES[plan.preset]
    if plan.size not in preset.sizes or not train or not valid:
        counts = f"{len(train)} and {len(valid)} performances"
        raise ConfigError(f"voice: size '{plan.size}', {counts}; expected some of each, and a size of {', '.join(preset.sizes)}.")
    keep_freed_memory()
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    shape = WaveNetConfig(**preset.sizes[plan.size], output=plan.output)
    strings = strings_of(piano) if shape.sketched else None
    sketch = None if strings is None else sketch_bank(strings, SAMPLE_RATE)
    module = WaveNet(shape, None if strings is None else torch.from_numpy(strings)).to(plan.device)
    config: dict[str, Any] = json.loads(json.dumps(asdict(module.config)))
    frames, rows = preset.frames[plan.size], plan.rows or preset.rows
    looks = VoiceStream(valid, piano, size=(rows, frames), seed=plan.seed + 1, sketch=sketch)
    seen = [looks.next() for _ in range(VALIDATION_BATCHES)]
    if plan.output == "logistics":
        sounds = (sound for batch in seen for sound in batch.sound.numpy())
        module.linear.data = torch.from_numpy(linear_prediction(sounds, shape.linear)).to(plan.device)
    loop = Loop(
        Playing(module),
        VoiceStream(train, piano, size=(rows, frames), seed=plan.seed, workers=plan.workers, sketch=sketch),
        seen,
        settings=settings_of(plan, sum(weight.numel() for weight in module.parameters())),
        folder=folder,
        facts={"performances": len(train), "rows": rows, "network": config},
    )
    progress = loop.run(resume=resume)
    weights = {name: tensor.detach().float().cpu().numpy().copy() for name, tensor in loop.best.items()}
    module.load_state_dict(loop.best)
    kept = asdict(loop.settings) | {"steps": progress.step, "rows": rows, "threads": plan.threads, "device": plan.device}
    kept["seconds"] = frames * SAMPLES_PER_FRAME / SAMPLE_RATE
    return FittedVoice(weights, wavenet_graphs(weights, config), config, progress, kept, _figures(module, seen))


def settings_of(plan: VoicePlan, parameters: int) -> Settings:
    """Return how the loop trains: half a cosine to the end, for what is played never runs out.

    Args:
        plan: What and how.
        parameters: Of the network.
    """
    preset = VOICES[plan.preset]
    steps = preset.steps[plan.size] if plan.steps is None else plan.steps
    if plan.minutes is not None and plan.steps is None:
        heard = (plan.rows or preset.rows) * preset.frames[plan.size] * SAMPLES_PER_FRAME
        steps = steps_of_minutes(plan.minutes, parameters=parameters, tokens_per_step=heard)
    return Settings(
        steps,
        preset.learning_rate if plan.learning_rate is None else plan.learning_rate,
        precision=plan.precision,
        validate_every=max(1, min(500, steps // 5)),
        patience=steps,
        seed=plan.seed,
        decay="cosine",
    )


def _figures(module: WaveNet, batches: Sequence[VoiceStretches]) -> dict[str, Any]:
    """Does it hear what it is told? What sound costs with its own notes, and with those of other stretches."""
    playing, told = Playing(module), (*batches[1:], batches[0])
    others = [VoiceStretches(batch.sound, other.roll, other.sketch) for batch, other in zip(batches, told, strict=True)]
    return {"nats_per_sample": round(playing.validate(batches), 5), "with_other_notes": round(playing.validate(others), 5)}
