"""One file that holds a whole run, replaced in one step: a run killed at any moment goes on from the last one.

Weights, best weights, optimiser, carried state and torch's random state are tensors; everything else is JSON in
the same file's header. There is no second file that could disagree, and no pickle.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from partimento.errors import TrainingError
from partimento.files.whole import write_error, write_whole

FILE = "checkpoint.safetensors"
BEFORE = "checkpoint.before.safetensors"
"""Where the checkpoint of an earlier run is put when a new one begins in its folder."""

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
    facts = json.dumps({"format": FORMAT, **checkpoint.facts})
    write_whole(folder / FILE, save(tensors, {"checkpoint": f"{_digest(tensors, facts)} {facts}"}))  # one word: several come in any order


def set_aside(folder: Path) -> None:
    """Give the checkpoint in `folder`, if there is one, the name `BEFORE`, so that a new run is never mixed up with it.

    Raises:
        WriteError: When the folder is read-only.
    """
    try:
        if (folder / FILE).exists():
            os.replace(folder / FILE, folder / BEFORE)
    except OSError as error:
        raise write_error(folder / FILE, error) from error


def _digest(tensors: Mapping[str, Tensor], facts: str) -> str:
    """SHA-256 over everything in a checkpoint."""
    digest = hashlib.sha256(facts.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


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
            words = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict
        digest, _, text = words.get("checkpoint", "").partition(" ")
        if digest != _digest(tensors, text):
            raise ValueError("its SHA-256 does not fit")
        facts = json.loads(text)
    except (SafetensorError, OSError, ValueError) as error:
        raise TrainingError(f"{path}: is damaged ({error}). Remove it and train again without --resume.") from error
    if facts.get("format") != FORMAT:
        raise TrainingError(
            f"{path}: format {facts.get('format')}, expected {FORMAT}. Train again without --resume, or use the version that wrote it."
        )
    return Checkpoint(tensors, facts)
