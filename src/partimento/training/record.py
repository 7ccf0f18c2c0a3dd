"""What a run tells: JSON lines always, TensorBoard where installed, a progress bar on a terminal."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from partimento.files.whole import write_whole

if TYPE_CHECKING:
    from partimento.training.loop import Progress as RunProgress

LOG = "log.jsonl"


class Record:
    """The log of one run, from step `step` on; what an interrupted run logged after that step is dropped.

    No clock is in it: a resumed run leaves the very log of an unbroken one.

    Args:
        folder: Where ``log.jsonl`` and ``tensorboard/`` stand.
        step: Steps made so far.
        steps: Steps the run is to have.
    """

    def __init__(self, folder: Path, step: int, steps: int) -> None:
        self._path = folder / LOG
        kept = [line for line, at in _lines(self._path) if at <= step] if step else []
        write_whole(self._path, "".join(line + "\n" for line in kept).encode())
        self._board = _board(folder / "tensorboard")
        self._started = time.monotonic()
        self._first_step = step
        self._bar = _bar()
        self._task: TaskID = self._bar.add_task("", total=steps, completed=step, loss="")
        self._valid = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
        if self._board is not None:
            self._board.close()

    def step(self, step: int, loss: float, rate: float) -> None:
        """Take one step's training loss and learning rate."""
        self._bar.update(self._task, completed=step, loss=f"train {loss:.3f}{self._valid}")
        if self._board is not None:
            self._board.add_scalar("train/nats_per_token", loss, step)
            self._board.add_scalar("train/learning_rate", rate, step)

    def look(self, progress: RunProgress, epoch: int, steps: int) -> None:
        """Take a look at the validation pieces."""
        self._valid = f"  valid {progress.valid:.3f}  best {progress.best:.3f} at {progress.best_step}"
        self._bar.update(self._task, total=steps)
        line = {
            "step": progress.step,
            "epoch": epoch,
            "train_nats_per_token": None if math.isnan(progress.train) else round(progress.train, 5),
            "valid_nats_per_token": round(progress.valid, 5),
            "best_step": progress.best_step,
            "ended": progress.ended,
        }
        with self._path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        if self._board is not None:
            seconds = time.monotonic() - self._started
            self._board.add_scalar("valid/nats_per_token", progress.valid, progress.step)
            self._board.add_scalar("speed/steps_per_second", (progress.step - self._first_step) / max(seconds, 1e-9), progress.step)
        if progress.ended and sys.stderr.isatty():
            self._bar.console.print(progress.ended)


class Silence:
    """The record of a process that does not lead its team: it writes nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Do nothing."""

    def step(self, step: int, loss: float, rate: float) -> None:
        """Do nothing."""

    def look(self, progress: RunProgress, epoch: int, steps: int) -> None:
        """Do nothing."""


def _lines(path: Path) -> list[tuple[str, int]]:
    """The whole lines of a log, each with its step; one that was cut off by a kill, or damaged, is dropped."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else ():
        try:
            found.append((line, int(json.loads(line)["step"])))
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found


def _bar() -> Progress:
    """A progress bar that shows itself on a terminal only."""
    columns = TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[loss]}")
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())


def _board(folder: Path) -> Any:
    """A TensorBoard writer, or None where TensorBoard is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  # optional, slow to import
    except ImportError:
        return None
    return SummaryWriter(str(folder))
