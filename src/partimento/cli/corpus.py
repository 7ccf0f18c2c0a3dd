"""`partimento corpus`: the named data sets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from partimento.cli.output import show, table

corpus = App(name="corpus", help="List, show or download the named data sets.")

AsJson = Annotated[bool, Parameter(name="--json", negative="")]


@corpus.command(name="list")
def list_sets(*, as_json: AsJson = False) -> None:
    """List the named data sets.

    Args:
        as_json: Print one JSON object.
    """
    sets = _sets()
    rows = [["name", "what", "licence"], *([name, entry["summary"], entry["licence"]] for name, entry in sets.items())]
    show({"corpora": list(sets.values())}, table(rows), as_json=as_json)


@corpus.command(name="show")
def show_set(name: str, /, *, as_json: AsJson = False) -> None:
    """Show one data set: citation, licence, files, checksums.

    Args:
        name: A name of `partimento corpus list`.
        as_json: Print one JSON object.
    """
    entry = _one(name)
    lines = [f"{key}: {value}" for key, value in entry.items() if key != "files"]
    lines += [f"  {file}  {checksum}" for file, checksum in entry["files"].items()]
    show(entry, "\n".join(lines), as_json=as_json)


@corpus.command(name="download")
def download(name: str, /, *, to: Path | None = None, as_json: AsJson = False) -> None:
    """Fetch a data set from its home, each file checked; its licence is shown first.

    Args:
        name: A name of `partimento corpus list`.
        to: Folder; the user's own data folder where not given.
        as_json: Print one JSON object.
    """
    from partimento.corpus.dataset import data_home  # noqa: PLC0415  # --help must not load numpy
    from partimento.corpus.sources import DATA_SETS  # noqa: PLC0415

    entry = _one(name)
    print(f"{name}: {entry['licence']}\n{entry['citation']}\n{entry['weights']}", file=sys.stderr)
    if name not in DATA_SETS:
        show({"name": name, "files": []}, f"{name}: {entry['home']}", as_json=as_json)
        return
    folder = to or data_home() / name
    files = DATA_SETS[name].download(folder, lambda file: print(f"  {file}", file=sys.stderr))
    show(
        {"name": name, "folder": str(folder), "files": [str(file) for file in files]},
        f"{folder}: {len(files)} files, all as pinned",
        as_json=as_json,
    )


def _sets() -> dict[str, dict[str, Any]]:
    """Name -> all there is to say of it."""
    from partimento.corpus.sources import DATA_SETS, music21_chorales  # noqa: PLC0415

    found: dict[str, dict[str, Any]] = {
        music21_chorales.NAME: {
            "name": music21_chorales.NAME,
            "summary": music21_chorales.SUMMARY,
            "licence": music21_chorales.LICENCE,
            "citation": music21_chorales.CITATION,
            "weights": music21_chorales.WEIGHTS,
            "home": "comes with the Python package music21: pip install 'partimento[train]'",
            "files": {},
        }
    }
    for name, entry in DATA_SETS.items():
        found[name] = {
            "name": name,
            "summary": entry.summary,
            "licence": entry.licence,
            "citation": entry.citation,
            "weights": entry.weights,
            "home": entry.home,
            "files": dict(entry.files),
        }
    return found


def _one(name: str) -> dict[str, Any]:
    """One data set by name."""
    from partimento.corpus.corpus import known  # noqa: PLC0415

    sets = _sets()
    return sets[known(name, sets)]
