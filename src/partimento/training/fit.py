"""One network fitted to a prepared corpus: everything between ids and trained weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from partimento.errors import ConfigError
from partimento.training.loop import Loop, Optimizer, Progress, Settings
from partimento.training.memory import keep_freed_memory
from partimento.training.networks import NETWORKS, build_network
from partimento.training.prepare import Prepared
from partimento.training.schedule import Decay, steps_of_minutes
from partimento.training.start import Start
from partimento.training.team import Spread, Team
from partimento.training.windows import same_windows

MINUTES = 10.0
"""Length of a run for which neither steps nor minutes were given."""


HEARD = 12
"""Windows of the pieces to choose by that a network reads while what goes through it is measured, where its graph counts in bytes."""


@dataclass(frozen=True)
class Plan:
    """What to fit and how (see `cli.train` for the words); where `start` is given, its settings, and weights to begin with, are taken."""

    vocabulary: int
    network: str = "char_rnn"
    settings: Mapping[str, Any] = field(default_factory=dict)
    hints: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None
    minutes: float | None = None
    device: str = "auto"
    precision: str = "auto"
    learning_rate: float = 2e-3
    threads: int = 2
    seed: int = 0
    rows: int = 32
    time: int = 160
    encoding: Mapping[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.01
    decay: Decay = "line"
    accumulate: int = 1
    spread: Spread = "ddp"
    optimizer: Optimizer = "adamw"
    start: Start | None = None

    def __post_init__(self) -> None:
        if self.steps is not None and self.minutes is not None:
            raise ConfigError("--steps and --minutes: give one of them, the other follows.")
        if not 1 <= self.threads <= 256:
            raise ConfigError(f"--threads {self.threads}: expected 1 to 256.")
        if not 1 <= self.rows <= 4096:
            raise ConfigError(f"--rows {self.rows}: expected 1 to 4096.")


@dataclass(frozen=True)
class Fitted:
    """What came of it.

    Attributes:
        weights: The best weights, float32; of a larger team only its leader gets them, and the graph.
        graph: One step of the network with them, for `models.onnx_session`.
        config: The network's settings, JSON values.
        progress: How the run went.
        settings: How it was trained, JSON values.
        tokens: Ids read.
        tokens_now: Those of them that were read since the run was last resumed.
    """

    weights: Mapping[str, NDArray[np.float32]]
    graph: bytes
    config: Mapping[str, Any]
    progress: Progress
    settings: Mapping[str, Any]
    tokens: int
    tokens_now: int


def fit(
    prepared: Prepared,
    plan: Plan,
    folder: Path,
    *,
    resume: bool = False,
    after_step: Callable[[Progress, Callable[[], bytes]], None] = lambda progress, graph: None,
) -> Fitted:
    """Return the network that `plan` asks for, fitted to `prepared`, by all processes together that torchrun started.

    Args:
        prepared: The corpus as ids.
        plan: What and how.
        folder: Where checkpoint and log stand.
        resume: Go on with the run in `folder`, or begin it.
        after_step: Called after each step, with what makes the graph of the network as it is then; not in a larger team.

    Raises:
        ConfigError: When a setting cannot be had here.
        TrainingError: See `loop.Loop.run`.
    """
    device = device_of(plan.device)
    team = Team.joined(device)
    keep_freed_memory()
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    module = _module(plan).to(device)
    settings, network = _settings(plan, module, device), _config_of(module)
    lessons = NETWORKS[plan.network].lessons(module, prepared, plan.rows, plan.time, plan.seed, team)
    if team.size > 1:
        lessons.trainable.module = team.spread(module, plan.spread)
        torch.manual_seed(plan.seed + team.rank)  # each drops other activations
    loop = Loop(
        *lessons,
        settings=settings,
        folder=folder,
        facts=_facts(plan, prepared, network),
    )
    loop.team, loop.has_learnt = team, plan.start is not None
    heard = same_windows(prepared.valid, rows=HEARD, time=plan.time, most=HEARD)[0].ids.astype(np.int32)

    def graph(weights: Mapping[str, torch.Tensor]) -> bytes:
        return NETWORKS[plan.network].graph(_arrays(weights), network, heard)

    if team.size == 1:
        loop.after_step = lambda progress: after_step(progress, lambda: graph(module.state_dict()))
    progress = loop.run(resume=resume)
    team.leave()
    batch = plan.rows * plan.time * settings.accumulate
    return Fitted(
        _arrays(loop.best),
        graph(loop.best) if team.leads else b"",
        network,
        progress,
        asdict(settings)
        | {"steps": progress.step, "rows": plan.rows, "time": plan.time, "threads": plan.threads, "device": device, "processes": team.size},
        progress.step * batch,
        (progress.step - loop.first_step) * batch,
    )


def _module(plan: Plan) -> torch.nn.Module:
    """The network as it begins."""
    module = build_network(plan.network, plan.vocabulary, plan.settings, plan.hints)
    if plan.start:
        plan.start.give(module)
    return module


def _facts(plan: Plan, prepared: Prepared, network: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same when the run is resumed."""
    facts = {"data": prepared.checksum, "rows": plan.rows, "encoding": dict(plan.encoding), "network": {"name": plan.network, **network}}
    return facts | ({"from": plan.start.fingerprint} if plan.start else {})


def _settings(plan: Plan, module: torch.nn.Module, device: str) -> Settings:
    """How long and how the loop trains."""
    steps = plan.steps
    if steps is None:
        multiplied = sum(p.numel() for name, p in module.named_parameters() if "embed" not in name and "lagged" not in name)
        minutes = MINUTES if plan.minutes is None else plan.minutes
        multiplied = round(multiplied * NETWORKS[plan.network].work)
        steps = steps_of_minutes(minutes, parameters=multiplied, tokens_per_step=plan.rows * plan.time * plan.accumulate)
    precision, every = precision_of(plan.precision, device), max(1, min(max(100, steps // 100), steps // 10))
    return Settings(
        steps,
        plan.learning_rate,
        plan.weight_decay,
        precision=precision,
        validate_every=every,
        patience=10,
        seed=plan.seed,
        accumulate=plan.accumulate,
        decay=plan.decay,
        optimizer=plan.optimizer,
    )


def _arrays(weights: Mapping[str, torch.Tensor]) -> dict[str, NDArray[np.float32]]:
    """Weights as arrays."""
    return {name: tensor.detach().float().cpu().numpy().copy() for name, tensor in weights.items()}


def _config_of(module: torch.nn.Module) -> dict[str, Any]:
    """A network's settings as the JSON values that a card holds."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(module.config)))  # type: ignore[call-overload]  # nn.Module hides its own attributes' types
    return values


def device_of(wish: str) -> str:
    """The device asked for, or the best there is."""
    there = torch.cuda.is_available()
    if wish == "cuda" and not there:
        raise ConfigError("--device cuda: torch finds no GPU here. Use --device cpu, or install torch for your GPU.")
    return wish if wish != "auto" else "cuda" if there else "cpu"


def precision_of(wish: str, device: str) -> str:
    """The precision asked for; bf16 where the processor multiplies it faster than fp32."""
    if wish != "auto":
        return wish
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    flags = Path("/proc/cpuinfo")
    fast = flags.exists() and any(word in flags.read_text(encoding="ascii", errors="replace") for word in ("avx512_bf16", "amx_bf16"))
    return "bf16" if fast else "fp32"
