"""Write the tables of the documentation from the models' cards, the benchmarks' results and the vocabularies.

usage: tables.py [--check]

A table stands between two comments, `<!-- table NAME -->` and `<!-- end of table -->`, and is never edited by hand: what
was not measured has no row. With --check nothing is written, and the status is 1 where a table is not what it should be.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from partimento.bundle import Card, load_bundle
from partimento.encoding.catalog import build_encoding
from partimento.generation.load import bundle_folder, shipped

TOP = Path(__file__).parent.parent
PAGES = ("README.md", "docs/encodings.md", "docs/models.md")
MARK = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end of table -->)", re.S)
NOTHING = "Nothing to show in this checkout yet.\n"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, or a sentence where it has no rows."""
    if not rows:
        return NOTHING
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def models() -> str:
    """What comes with the package, and what one may do with it."""
    rows = []
    for name in shipped():
        folder = bundle_folder(name)
        card = load_bundle(folder).card
        size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file()) / 1e6
        rows.append([f"`{name}`", card.summary, f"{size:.1f} MB", card.permission])
    return table(["name", "what it writes", "size", "what you may do with it"], rows)


def cards() -> str:
    """Each shipped model's own figures, from its card."""
    rows = []
    for name in shipped():
        card: Card = load_bundle(bundle_folder(name)).card
        rows += [[f"`{name}`", what, value] for what, value in _leaves(dict(card.figures))]
    return table(["model", "figure", "value"], rows)


def results() -> str:
    """What the benchmarks measured."""
    parts = []
    for file in sorted((TOP / "benchmarks" / "results").glob("*.json")):
        values = json.loads(file.read_text(encoding="utf-8"))
        machine = values.pop("machine", {})
        definition, figure = values.pop("definition", ""), values.pop("figure", file.stem)
        where = f" Measured on: {machine['processor']}, Python {machine['python']}." if machine else ""
        parts.append(
            f"### {figure}\n\n{definition}.{where}\n\n" + table(["what", "value"], [[what, value] for what, value in _leaves(values)])
        )
    return "\n".join(parts) or NOTHING


def vocabulary(name: str) -> str:
    """An encoding's vocabulary as it prints itself, and what the encoding drops."""
    encoding = build_encoding(name)
    return f"{encoding.losses}\n\n```\n{encoding.vocabulary}\n```\n"


def _leaves(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The numbers and words of nested values, each with its name."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name.replace('_', ' ')}: ")
        else:
            words = f"{value:.4g}" if isinstance(value, float) else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield before + name.replace("_", " "), words


TABLES: dict[str, Callable[[], str]] = {
    "models": models,
    "cards": cards,
    "results": results,
    "chorale": lambda: vocabulary("chorale"),
    "characters": lambda: vocabulary("characters"),
    "abc_tokens": lambda: vocabulary("abc_tokens"),
    "lead": lambda: vocabulary("lead"),
}


def filled(text: str) -> str:
    """Return a page with its tables made anew."""
    return MARK.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}", text)


def main(check: bool) -> int:
    """Write the tables, or see whether they are as they should be."""
    stale = []
    for name in PAGES:
        page = TOP / name
        old = page.read_text(encoding="utf-8")
        if filled(old) != old:
            stale.append(name)
            if not check:
                page.write_text(filled(old), encoding="utf-8")
    print(f"{'stale' if check else 'written'}: {', '.join(stale) or 'none'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
