"""S8: how long until something happens: `partimento --help`, and a first piece of 16 bars from a cold process.

Run: python benchmarks/start.py
Goal: help in less than 0.3 s; the first finished piece in less than 4 s, of which our own code less than 1 s.
The peer is the same help text through typer, where it is installed.
"""

from __future__ import annotations

import importlib.util
import io
import pstats
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import interleaved, publish

TYPER = "import typer\napp = typer.Typer()\n" + "".join(
    f"@app.command()\ndef {verb}(name: str = ''):\n    'Does {verb}.'\n"
    for verb in ("compose", "train", "convert", "render", "models", "corpus")
)


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    command = [sys.executable, "-m", "partimento.cli"]
    compose = [*command, "compose", "--bars", "16", "--seed", "7", "--out", str(folder)]
    works = {
        "help": lambda: run([*command, "--help"]),
        "compose_16_bars_all_formats": lambda: run(compose),
        "compose_16_bars_midi_only": lambda: run([*compose, "--formats", "mid"]),
    }
    if importlib.util.find_spec("typer"):
        works["typer_help"] = lambda: run([sys.executable, "-c", TYPER + "app(['--help'])"])
    seconds = interleaved(works, runs=5)
    rows = {f"{name}_seconds": round(value, 3) for name, value in seconds.items()}
    rows["own_code_seconds"] = round(own_code(compose[3:]), 3)
    publish("S8_start", {"definition": "median of 5 cold processes; own code: time inside partimento's functions under cProfile", **rows})


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def own_code(arguments: list[str]) -> float:
    """Seconds inside partimento's own functions, what they call elsewhere not counted, in a cold process."""
    script = f'import cProfile, sys\nfrom partimento.cli.main import main\ncProfile.run("main({arguments!r})", sys.argv[1])'
    with tempfile.NamedTemporaryFile(suffix=".profile") as file:
        subprocess.run([sys.executable, "-c", script, file.name], check=True, stdout=subprocess.DEVNULL)
        stats = pstats.Stats(file.name, stream=io.StringIO()).stats  # type: ignore[attr-defined]
    return sum(row[2] for (place, _, _), row in stats.items() if "partimento" in place)


if __name__ == "__main__":
    main()
