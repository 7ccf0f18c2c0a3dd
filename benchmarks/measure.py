"""What every benchmark here does alike: interleaved runs, medians, one JSON file a figure."""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def interleaved(
    works: Mapping[str, Callable[[], object]], *, runs: int = 7, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Return the median seconds of each piece of work, the works run in turn so that a slow moment hits all.

    Args:
        works: Name -> what is timed; one warm-up run of each is not counted.
        runs: Counted runs of each, 5 or more.
        clock: What seconds are read from; `time.process_time`, those of all its threads, where the machine is shared.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 1):
        for name, work in works.items():
            began = clock()
            work()
            if turn:
                times[name].append(clock() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def machine() -> dict[str, Any]:
    """Return what the machine says of itself."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return {"processor": model, "python": platform.python_version(), "system": platform.system()}


def publish(figure: str, rows: Mapping[str, Any]) -> None:
    """Print `rows` and keep them as ``results/figure.json``."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"figure": figure, **rows, "machine": machine()}, indent=2)
    (RESULTS / f"{figure}.json").write_text(text + "\n")
    print(text)


def measured(figure: str) -> dict[str, Any]:
    """Return what was measured last, empty where nothing was."""
    file = RESULTS / f"{figure}.json"
    rows: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return rows


def show(figure: str) -> None:
    """Print what was measured last, for figures that take files or hours to measure."""
    file = RESULTS / f"{figure}.json"
    print(file.read_text() if file.exists() else f"{figure}: not measured in this checkout")


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells as text whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
