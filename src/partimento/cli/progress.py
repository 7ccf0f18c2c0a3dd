"""How far a sound is that is being made, on a terminal: a bar, seconds of music, the time left. Elsewhere nothing is shown."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class MusicBar:
    """Told how many seconds of how many are made, it shows that.

    Attributes:
        kept: Seconds that were there when it was first told, None before.
        done: Seconds that are made.
        seconds: Seconds that are to be made.
    """

    def __init__(self) -> None:
        columns = (TextColumn("making"), BarColumn(), TextColumn("{task.completed:.1f} of {task.total:.1f} s of music"))
        self._bar = Progress(
            *columns, TimeRemainingColumn(), TextColumn("left"), console=Console(stderr=True), disable=not sys.stderr.isatty()
        )
        self._task: TaskID | None = None
        self.kept: float | None = None
        self.done = self.seconds = 0.0

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, done: float, seconds: float) -> None:
        """Show that `done` of `seconds` are made."""
        self.done, self.seconds = done, seconds
        if self._task is None:
            self.kept = done
            # given here, what was there before says nothing of the speed; the type is narrower than what rich takes
            self._task = self._bar.add_task("", total=seconds, completed=done)  # type: ignore[arg-type]
        else:
            self._bar.update(self._task, completed=done, total=seconds)
