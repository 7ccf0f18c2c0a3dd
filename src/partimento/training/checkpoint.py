"""One file that holds a whole run, replaced in one step: a run killed at any moment goes on from the last one.

Weights, best weights, optimiser, carried state and torch's random state are tensors; everything else is JSON in
the same file's header. There is no second file that could disagree, and no pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from partimento.errors import TrainingError
from partimento.files.whole import write_whole

FILE = "checkpoint.safetensors"
FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A run at one moment.

    Attributes:
        tensors: ``model.*``, ``best.*``, ``optimizer.*``, ``carry.*`` and ``random``.
        facts: JSON values: step, settings, stream, schedule, best.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def group(self, name: str) -> dict[str, Tensor]:
        """Return the tensors below ``name.``, without it."""
        return {key[len(name) + 1 :]: tensor for key, tensor in self.tensors.items() if key.startswith(name + ".")}


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` into `folder`, whole or not at all.

    Raises:
        WriteError: When the disk is full or the folder read-only; the checkpoint before it stays.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    write_whole(folder / FILE, save(tensors, {"facts": json.dumps({"format": FORMAT, **checkpoint.facts})}))


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in `folder`, or None where there is none.

    Raises:
        TrainingError: When it is damaged or of another format.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
    except (SafetensorError, OSError, ValueError) as error:
        raise TrainingError(f"{path}: is damaged ({error}). Remove it and train again without --resume.") from error
    if facts.get("format") != FORMAT:
        raise TrainingError(
            f"{path}: format {facts.get('format')}, expected {FORMAT}. Train again without --resume, or use the version that wrote it."
        )
    return Checkpoint(tensors, facts)


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimiser's state as named tensors: ``number.name``."""
    state = optimizer.state_dict()["state"]
    return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give the optimiser the state that `optimizer_tensors` took."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split(".", 1)
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
