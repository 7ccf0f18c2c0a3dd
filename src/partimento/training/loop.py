"""The loop: losses, backward, clip, step, schedule. Everything done once in a while stands below it.

The loop knows no notes and no model: a `Trainable` turns a batch into named losses, the loop adds them up. A run
that is killed at any moment and resumed gives, on the same CPU and thread count, the very weights of a run that
was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from partimento.errors import ConfigError, TrainingError
from partimento.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint, set_aside
from partimento.training.muon import Muon, inner_matrices
from partimento.training.record import Record, Silence
from partimento.training.schedule import Decay, Schedule
from partimento.training.team import ALONE

MEMORISING = "it is starting to memorise"
TURNED = "fewer than planned, for validation had stopped improving and the learning rate fell early"


Optimizer = Literal["adamw", "muon"]
OPTIMIZERS = ("adamw", "muon")

BETAS = (0.9, 0.99)
"""How slowly AdamW forgets the mean gradient, and its square."""


class Trainable(Protocol):
    """What the loop trains."""

    module: nn.Module

    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Return named losses to be added up, each a scalar."""

    def validate(self, batches: Any) -> float:
        """Return the figure that is to become small."""

    def state(self) -> Mapping[str, Tensor]:
        """Return what is carried from batch to batch."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Carry on from `state`."""


class Stream(Protocol):
    """Endless batches that can say where they stand."""

    @property
    def epoch(self) -> int:
        """How often everything has been read, the present time counted."""

    def next(self) -> Any:
        """Return the next batch."""

    def state(self) -> Mapping[str, object]:
        """Return where the stream stands, as JSON values."""

    def restore(self, state: Mapping[str, object]) -> None:
        """Go to where `state` says."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        steps: Optimiser steps.
        learning_rate: Its highest value, above 0.
        weight_decay: AdamW's, 0 or more.
        clip: Largest norm of all gradients together, above 0.
        precision: ``fp32`` or ``bf16`` (products in bf16, weights and sums in fp32).
        validate_every: Steps between two looks at the validation pieces, each followed by a checkpoint.
        patience: Looks without improvement after which the learning rate begins to fall, and then the run ends.
        seed: Sets weights, order and dropout.
        accumulate: Batches whose gradients are averaged before each step.
        decay: How the learning rate falls, see `schedule.Schedule`.
        optimizer: ``adamw`` for all weights, or ``muon`` for the matrices between embedding and output (see `training.muon`).
    """

    steps: int
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    clip: float = 1.0
    precision: str = "fp32"
    validate_every: int = 200
    patience: int = 6
    seed: int = 0
    accumulate: int = 1
    decay: Decay = "line"
    optimizer: Optimizer = "adamw"

    def __post_init__(self) -> None:
        if self.precision not in ("fp32", "bf16"):
            raise ConfigError(f"precision '{self.precision}': expected fp32 or bf16.")
        if min(self.validate_every, self.patience, self.accumulate) < 1 or self.clip <= 0 or self.weight_decay < 0:
            raise ConfigError(f"settings {asdict(self)}: expected validate_every, patience, accumulate and clip above 0.")
        if self.optimizer not in OPTIMIZERS:
            raise ConfigError(f"optimizer '{self.optimizer}': expected adamw or muon.")


@dataclass(frozen=True)
class Progress:
    """How far a run is, and what it has reached.

    Attributes:
        step: Steps made.
        train: Mean training loss since the last look.
        best: Lowest validation figure, and the step it was seen at.
        waiting: Looks since then.
        ended: Why the run is over; empty while it goes on.
    """

    step: int = 0
    train: float = math.nan
    valid: float = math.nan
    best: float = math.inf
    best_step: int = 0
    waiting: int = 0
    ended: str = ""


class Loop:
    """One training run in one folder; `run` makes it, or goes on with it.

    Args:
        trainable: What to train; its module's weights are overwritten when the run is resumed.
        stream: Batches to learn from.
        validation: Handed to `trainable.validate`.
        settings: How.
        folder: Where the checkpoint and the log stand.
        facts: JSON values that must be the same when the run is resumed: data, encoding, model.
    """

    def __init__(
        self,
        trainable: Trainable,
        stream: Stream,
        validation: Any,
        *,
        settings: Settings,
        folder: Path,
        facts: Mapping[str, Any],
    ) -> None:
        self.trainable, self.stream, self.validation = trainable, stream, validation
        self.settings, self.folder, self.facts = settings, folder, dict(facts)
        self.after_step: Callable[[Progress], None] = lambda progress: None
        """Called after each step, its checkpoint written; must leave weights and random states alone."""
        self.team = ALONE
        """Who trains together, with the trainable's module spread over them; to be said before `run`."""
        self.has_learnt = False
        """Whether its weights are worth keeping as they are, if none become better."""
        self.schedule = Schedule.of_steps(settings.steps, settings.learning_rate, settings.decay)
        self.progress = Progress()
        self.first_step = 0
        """Steps that had been made when `run` began."""
        self.best: dict[str, Tensor] = {}
        self._optimizer = _optimizer(trainable.module, settings)
        self._device = next(trainable.module.parameters()).device.type
        self._losses: list[float] = []

    def run(self, *, resume: bool = False) -> Progress:
        """Train until the schedule ends or validation has turned; leave the best weights in the module.

        Raises:
            TrainingError: When the loss is no number any more, or the run to be resumed was another one.
        """
        if resume:
            self._resume()
        elif self.team.leads:
            set_aside(self.folder)
        self.first_step = self.progress.step
        with Record(self.folder, self.progress.step, self.schedule.steps) if self.team.leads else Silence() as record:
            if self.has_learnt and not self.progress.step:
                self._look()
                record.look(self.progress, self.stream.epoch, self.schedule.steps)
            while not self.progress.ended:
                loss = self._step()
                self._losses.append(loss)
                record.step(self.progress.step, loss, self.schedule.rate(self.progress.step - 1))
                if self.progress.step % self.settings.validate_every == 0 or self.progress.step >= self.schedule.steps:
                    self._look()
                    record.look(self.progress, self.stream.epoch, self.schedule.steps)
                    self._save()
                self.after_step(self.progress)
        self.team.set_weights(self.trainable.module, self.best)
        return self.progress

    def _step(self) -> float:
        """One step of the optimiser; returns the loss before it."""
        step = self.progress.step
        for group in self._optimizer.param_groups:
            group["lr"] = self.schedule.rate(step)
        self._optimizer.zero_grad(set_to_none=True)
        mean = 0.0
        for _ in range(self.settings.accumulate):
            with self._precision():
                losses = self.trainable.losses(self.stream.next())
                loss = torch.stack(list(losses.values())).sum() / self.settings.accumulate
            mean += self.team.mean(loss.detach())
            if not math.isfinite(mean):
                raise self._no_number(f"step {step + 1}: the loss")
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(self.trainable.module.parameters(), self.settings.clip)
        self._optimizer.step()
        self.progress = replace(self.progress, step=step + 1)
        return mean

    def _no_number(self, what: str) -> TrainingError:
        """The error for a figure that is NaN or infinite."""
        best = self.progress.best_step
        kept = f"the best weights so far (step {best}) are kept in {self.folder}" if best else "no weights were kept yet"
        rate = self.schedule.rate(self.progress.step)
        return TrainingError(f"{what} is no number any more; {kept}. Lower the learning rate (now {rate:.2g}) or use --precision fp32.")

    def _precision(self) -> AbstractContextManager[object]:
        """Products in bf16, or everything in fp32."""
        return torch.autocast(self._device, dtype=torch.bfloat16) if self.settings.precision == "bf16" else nullcontext()

    def _look(self) -> None:
        """Look at the validation pieces; keep the best weights; decide whether to go on."""
        with self._precision():
            valid = self.trainable.validate(self.validation)
        if not math.isfinite(valid):
            raise self._no_number(f"step {self.progress.step}: the validation figure")
        step, better = self.progress.step, valid < self.progress.best
        if better:
            weights = self.team.weights(self.trainable.module)
            self.best = {name: tensor.detach().clone() for name, tensor in weights.items()}
        self.progress = replace(
            self.progress,
            train=sum(self._losses) / len(self._losses) if self._losses else math.nan,
            valid=valid,
            best=valid if better else self.progress.best,
            best_step=step if better else self.progress.best_step,
            waiting=0 if better else self.progress.waiting + 1,
        )
        self._losses = []
        if self.schedule.falling(step) and not self.schedule.falling(step - self.settings.validate_every):
            self.progress = replace(self.progress, waiting=0)  # the fall has just begun, and mostly helps
        turned = self.progress.waiting >= self.settings.patience
        if turned and not self.schedule.falling(step):
            self.schedule = self.schedule.fall_from(step)
            self.progress = replace(self.progress, waiting=0)
        elif turned:
            self.progress = replace(self.progress, ended=f"validation has not improved since step {self.progress.best_step}: {MEMORISING}")
        if step >= self.schedule.steps:
            why = f": {TURNED}" if self.schedule.steps < self.settings.steps else ""
            self.progress = replace(self.progress, ended=self.progress.ended or f"all {step} steps made{why}")

    def _save(self) -> None:
        """Write all that is needed to go on."""
        groups = {
            "model": self.team.weights(self.trainable.module),
            "best": self.best,
            "optimizer": self.team.optimizer(self.trainable.module, self._optimizer),
            "carry": self.trainable.state(),
        }
        random = self._random()
        if not self.team.leads:
            return
        tensors = {f"{group}.{name}": tensor for group, values in groups.items() for name, tensor in values.items()}
        facts = {
            "facts": self._identity(),
            "progress": asdict(self.progress),
            "schedule": asdict(self.schedule),
            "stream": dict(self.stream.state()),
        }
        save_checkpoint(self.folder, Checkpoint({**tensors, **random}, facts))

    def _random(self) -> dict[str, Tensor]:
        """The random states of all processes, the leader's without a number."""
        states = {"random": torch.get_rng_state()} | ({"random_cuda": torch.cuda.get_rng_state()} if self._device == "cuda" else {})
        found = {name: self.team.gathered(state) for name, state in states.items()}
        return {f"{name}{rank or ''}": state for name, each in found.items() for rank, state in enumerate(each)}

    def _identity(self) -> dict[str, Any]:
        """What must not change between the parts of one run; its length may."""
        return {"settings": _lasting(asdict(self.settings)), "threads": torch.get_num_threads(), **self.facts}

    def _resume(self) -> None:
        """Go back to the checkpoint, where there is one."""
        checkpoint = self.team.told(load_checkpoint(self.folder) if self.team.leads else None)
        if checkpoint is None:
            return
        before, now = checkpoint.facts["facts"], self._identity()
        before = {**before, "settings": _lasting(before["settings"])}
        for name, was, is_now in _differences(before, now):
            raise TrainingError(f"{self.folder}: was trained with {name} {was}, now {is_now}. Give the same, or another --out.")
        self.team.set_weights(self.trainable.module, checkpoint.group("model"))
        self.best = checkpoint.group("best")
        self.team.set_optimizer(self.trainable.module, self._optimizer, checkpoint.group("optimizer"))
        self.trainable.restore(checkpoint.group("carry"))
        own = self.team.rank or ""
        if f"random{own}" in checkpoint.tensors:
            torch.set_rng_state(checkpoint.tensors[f"random{own}"])
        if self._device == "cuda" and f"random_cuda{own}" in checkpoint.tensors:
            torch.cuda.set_rng_state(checkpoint.tensors[f"random_cuda{own}"])
        self.stream.restore(checkpoint.facts["stream"])
        self.progress = Progress(**checkpoint.facts["progress"])
        written = Schedule(**checkpoint.facts["schedule"])
        if self.schedule.steps != written.steps and not written.falling(self.progress.step):
            self.schedule = self.schedule.from_here(self.progress.step)
            self.progress = replace(self.progress, ended="")
        else:
            self.schedule = written


def _optimizer(module: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    """What makes the steps."""
    matrices = inner_matrices(module) if settings.optimizer == "muon" else []
    inner = {id(weight) for weight in matrices}
    others = [weight for weight in module.parameters() if id(weight) not in inner]
    rate, decay = settings.learning_rate, settings.weight_decay
    if not matrices:
        return torch.optim.AdamW(others, lr=rate, betas=BETAS, weight_decay=decay)
    return Muon(matrices, others, learning_rate=rate, betas=BETAS, weight_decay=decay)


def _lasting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those settings that must not change between the parts of a run; its length may, and what follows from that."""
    return {name: value for name, value in settings.items() if name not in ("steps", "patience", "validate_every")}


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each entry, however deep, that differs: its name, what it was and what it is."""
    for name in {**before, **now}:
        was, is_now = before.get(name), now.get(name)
        if isinstance(was, Mapping) and isinstance(is_now, Mapping):
            yield from _differences(was, is_now)
        elif was != is_now:
            yield name, was, is_now
