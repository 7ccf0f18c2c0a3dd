"""`partimento compare`: which composer composes best, on the same pieces, in one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from partimento.cli.output import command_typed, show
from partimento.cli.output import table as aligned
from partimento.cli.train import Course, Network

if TYPE_CHECKING:
    from partimento.cli.comparison import Comparison

TABLES = (".html", ".json", ".md")
_COURSE = Course()


def compare(  # noqa: PLR0913  # one parameter an option
    *corpus: str,
    models: str = "markov,char_rnn",
    size: Literal["tiny", "small", "base"] = "small",
    course: Course = _COURSE,
    out: Path = Path("compared"),
    table: Path | None = None,
    bars: int = 16,
    count: int = 3,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> None:
    """Train or load several composers on the same pieces and split; one table says which composes best.

    Args:
        corpus: Folders, files, or sets of `partimento corpus list` (also as set=folder).
        models: Composers, separated by commas: presets, preset:encoding, shipped models or bundles' folders.
        size: Of those that are trained: tiny, small or base, which is as published.
        course: How long each is trained.
        out: Folder of the bundles, their pieces and the page.
        table: Where the table is written too: .html (a page with a player and a piano roll a row), .json or .md.
        bars: Bars of the pieces each composes.
        count: Pieces each composes.
        as_json: Print one JSON object.
    """
    from partimento.cli.comparison import Comparison  # noqa: PLC0415  # --help must not load numpy
    from partimento.corpus.open import open_corpus  # noqa: PLC0415
    from partimento.errors import ConfigError  # noqa: PLC0415

    words = [word.strip() for word in models.split(",") if word.strip()]
    if not words:
        raise ConfigError("--models: names none, expected some such as markov,char_rnn.")
    if count < 1:
        raise ConfigError(f"--count {count}: expected 1 or more.")
    if table is not None and table.suffix not in TABLES:
        raise ConfigError(f"--table {table}: expected a name ending in {', '.join(TABLES)}.")
    say = (lambda line: print(line, file=sys.stderr)) if sys.stderr.isatty() else (lambda line: None)
    comparison = Comparison(open_corpus(corpus), course, out=out, bars=bars, count=count, say=say)
    fields = {"command": command_typed(corpus), **comparison.run(words, Network(size=size))}
    page = _write(fields, comparison, out / "index.html")
    if table is not None:
        _write(fields, comparison, table)
    show({**fields, "page": str(page)}, f"{_for_people(fields)}\nSee and hear them: {page}", as_json=as_json)


COLUMNS = ("model", "encoding", "bits/note", "keeps", "parameters", "train s", "notes/s", "longest copy", "copied", "repeated bars")


def _cells(row: dict[str, Any]) -> list[str]:
    """One row in words."""
    if "error" in row:
        return [row["model"], row["encoding"], row["error"]]
    own, form = row["originality"], row["structure"]
    return [
        row["model"],
        row["encoding"],
        f"{row['bits_per_note']:.2f}",
        f"{100 * row['keeps']:.0f} %",
        f"{row['parameters']:,}",
        "-" if row["seconds_to_train"] is None else f"{row['seconds_to_train']:.0f}",
        f"{row['notes_per_second']:.0f}",
        *_pieces_cells(own, form),
    ]


def _pieces_cells(own: dict[str, Any] | None, form: dict[str, Any] | None) -> list[str]:
    """What was composed, in words."""
    repeated = None if form is None else form["repeated_bars"]
    return [
        "-" if own is None else str(own["longest_copy_notes"]),
        "-" if own is None else f"{100 * own['copied_share']:.0f} %",
        "-" if repeated is None else f"{100 * repeated:.0f} %",
    ]


def _rows(fields: dict[str, Any]) -> list[list[str]]:
    """Every row in words, the lowest bits first, and the corpus itself last."""
    measured = sorted((row for row in fields["rows"] if "error" not in row), key=lambda row: row["bits_per_note"])
    rows = [_cells(row) for row in measured]
    if fields["baseline"]:
        corpus = fields["baseline"]
        rows.append(["the corpus", *[""] * 6, *_pieces_cells(corpus["originality"], corpus["structure"])])
    return rows


def _for_people(fields: dict[str, Any]) -> str:
    """The table for a terminal, and below it what could not be measured."""
    known = [
        f"{row['model']} has learnt from about {row['learnt_before']} of the held-out pieces before, so its bits say little."
        for row in fields["rows"]
        if row.get("learnt_before")
    ]
    failed = [f"{row['model']} ({row['encoding']}): {row['error']}" for row in fields["rows"] if "error" in row]
    scored = f"{fields['corpus']}: {fields['scored_pieces']} held-out pieces that every encoding can say."
    return "\n".join([aligned([list(COLUMNS), *_rows(fields)]), *failed, scored, *known])


def _write(fields: dict[str, Any], comparison: Comparison, target: Path) -> Path:
    """Write the table in the form its name says."""
    import json  # noqa: PLC0415

    from partimento.files.comparison_page import Entry, comparison_page  # noqa: PLC0415
    from partimento.files.whole import make_folder, write_whole  # noqa: PLC0415
    from partimento.synthesis.soundfont import SoundfontSynthesizer  # noqa: PLC0415

    make_folder(target.parent)
    if target.suffix == ".json":
        return write_whole(target, (json.dumps(fields, indent=1, allow_nan=False) + "\n").encode())
    if target.suffix == ".md":
        lines = [list(COLUMNS), ["---"] * len(COLUMNS), *_rows(fields)]
        return write_whole(target, "".join(f"| {' | '.join(line)} |\n" for line in lines).encode())
    player = SoundfontSynthesizer()
    entries = []
    for row in sorted(fields["rows"], key=lambda row: row.get("bits_per_note", 1e9)):
        score = comparison.heard.get(row["model"])
        loses = row.get("loses", "") or row.get("error", "")
        entries.append(Entry(_cells(row), loses, score, None if score is None else player.render(score)))
    corpus = _rows(fields)[-1] if fields["baseline"] else []
    return write_whole(target, comparison_page(f"Composers on {fields['corpus']}", COLUMNS, entries, corpus, fields["definition"]))
