"""Write the tables of the documentation from the models' cards, the benchmarks' results and the vocabularies.

usage: tables.py [--check]

A table stands between two comments, `<!-- table NAME -->` and `<!-- end of table -->`, and is never edited by hand: what
was not measured has no row. With --check nothing is written, and the status is 1 where a table is not what it should be.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from partimento.bundle import Card, bundle_folder, load_bundle, shipped
from partimento.encoding.catalog import ENCODINGS, build_encoding
from partimento.training.presets import PRESETS

TOP = Path(__file__).parent.parent
PAGES = ("README.md", "docs/encodings.md", "docs/figures.md", "docs/models.md", "docs/performers.md")
RESULTS, RUNS = TOP / "benchmarks" / "results", TOP / "runs"
COMPOSERS, FRAMES = "Q4_bits_per_note", "Q1_frames"
LIKELIHOOD, GOING_ON, RETURNS, COPYING = "Q3_performers", "Q7_continuations", "Q7_structureness", "Q6_performers_copying"
EARS = "Q5_transcription"
VOICES, LISTENING = "S11_voices", "S11_listening"
WITH_TABLES = (COMPOSERS, FRAMES, LIKELIHOOD, GOING_ON, RETURNS, COPYING, EARS, VOICES, LISTENING)
"""Results that have tables of their own."""

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
    for file in sorted(RESULTS.glob("*.json")):
        if file.stem in WITH_TABLES:
            continue
        values = json.loads(file.read_text(encoding="utf-8"))
        machine = values.pop("machine", {})
        definition, figure = values.pop("definition", ""), values.pop("figure", file.stem)
        where = f" Measured on: {machine['processor']}, Python {machine['python']}." if machine else ""
        parts.append(
            f"### {figure}\n\n{definition}.{where}\n\n" + table(["what", "value"], [[what, value] for what, value in _leaves(values)])
        )
    return "\n".join(parts) or NOTHING


def measured(figure: str) -> dict[str, Any]:
    """What was measured for a figure, nothing where it was not."""
    file = RESULTS / f"{figure}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def likelihood() -> str:
    """How surprised performers are, and how much what was published is."""
    values = measured(LIKELIHOOD)
    rows = [
        [
            f"`{name}`",
            f"{row['training']['tokens'] / 1e6:.1f} million",
            row["weights"],
            str(row["pieces"]),
            *(f"{row[f'nats_per_{unit}']:.3f}" for unit in ("event", "note", "second")),
        ]
        for name, row in _by_kind(values)
    ]
    published = values.get("published_not_measured_here", {})
    rows += [
        [name.replace("_", " "), "-", f"published ({row['confidence'][0]})", "-", f"{row['nats_per_event']:.2f}", "-", "-"]
        for name, row in published.items()
    ]
    return table(["model", "ids learnt from", "weights", "pieces", "nats an event", "nats a note", "nats a second"], rows)


def places() -> str:
    """Nats an event by place in the piece."""
    rows = [
        [f"`{name}`", row["weights"], str(row["pieces"]), *(f"{nats:.3f}" for nats in row["nats_per_event_at"].values())]
        for name, row in _by_kind(measured(LIKELIHOOD))
    ]
    return table(["model", "weights", "pieces", "first quarter of a window", "second", "second half", "to two windows", "to four"], rows)


def _by_kind(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of likelihood, those of one kind and count together: the model's name, and its figures."""
    rows = values.get("rows", {})
    yield from sorted(((row["model"], row) for row in rows.values()), key=lambda named: (-named[1]["pieces"], named[1]["weights"]))


def going_on() -> str:
    """How continuations are played beside what players went on with."""
    parts = {
        "pieces": "pieces",
        "silent_for_5_s": "silent for 5 s",
        "note_beyond_10_s": "a key held beyond 10 s",
        "both_usual": "speed and loudness usual",
        "notes_per_second": "notes a second",
        "mean_velocity": "mean velocity",
    }
    found = {name: row for name, row in measured(GOING_ON).items() if isinstance(row, dict) and "both_usual" in row}
    rows = [[f"`{name}`", *(str(row[part]) for part in parts)] for name, row in found.items()]
    return table(["who goes on", *parts.values()], rows)


def returns() -> str:
    """Structureness of equally long pieces."""
    rows = [
        [
            f"`{name}`",
            str(row["pieces"]),
            *("{mean:.3f}, {5_percent:.3f} to {95_percent:.3f}".format(**row[span]) for span in ("short", "mid", "long")),
        ]
        for name, row in measured(RETURNS).items()
        if isinstance(row, dict) and "short" in row
    ]
    return table(["what", "pieces", "3 to 8 s", "8 to 15 s", "15 s and more"], rows)


def copying() -> str:
    """What of composed pieces stands in what was learnt from."""
    rows = [
        [
            f"`{name}`",
            f"{row.get('steps', '-')}",
            str(row["pieces"]),
            "{:.1f} % ({:.1f} to {:.1f})".format(*(100 * share for share in row["copied_share"])),
            "{:.1f} ({:.1f} to {:.1f})".format(*row["longest_run_notes"]),
            f"{row['longest_run_of_all_notes']} notes",
        ]
        for name, row in measured(COPYING).items()
        if isinstance(row, dict) and "copied_share" in row
    ]
    return table(["who", "steps", "pieces", "notes in runs of 8 and more", "longest run of a piece", "of all pieces"], rows)


def composers() -> str:
    """Bits per note of each corpus under every composer."""
    parts = []
    for corpus, found in measured(COMPOSERS).get("corpora", {}).items():
        rows = [
            [
                f"`{name}`",
                f"`{row['encoding']}`",
                f"{row['bits_per_note']:.2f}",
                f"{100 * row['keeps']:.0f} %",
                f"{row['parameters']:,}",
                "before" if row["seconds_to_train"] is None else f"{row['seconds_to_train']:.0f} s",
                "-" if row["copied_share"] is None else f"{100 * row['copied_share']:.0f} %, {row['longest_copy_notes']} notes",
            ]
            for name, row in found["composers"].items()
        ]
        known = [
            f"`{name}` learnt {row['learnt_before']} of them before. " for name, row in found["composers"].items() if row["learnt_before"]
        ]
        refused = [f"`{name}`: {error} " for name, error in found["refused"].items()]
        parts.append(
            f"### {corpus}\n\n`{found['command']}`\n\n"
            + table(["composer", "encoding", "bits per note", "keeps", "parameters", "trained", "copied, longest run"], rows)
            + f"\n{found['scored_pieces']} held-out pieces. {''.join(known + refused)}\n"
        )
    return "\n".join(parts) or NOTHING


def frames() -> str:
    """Joint likelihood of binary frames beside what others have published."""
    values = measured(FRAMES)
    published = values.get("published_not_measured_here", {})
    sets = [name for name in ("JSB_Chorales", "Nottingham", "MuseData", "Piano_midi") if name in values]
    rows = []
    for model in dict.fromkeys(model for name in sets for model in values[name]):
        found = [values[name].get(model) for name in sets]
        kind = next(row for row in found if row).get("class", "keys each for itself, counted")
        rows.append([model.replace("_", " "), kind, *map(_pooled, found)])
    for model, row in published.items():
        cells = [f"{row[name]:.2f}" if name in row else "-" for name in sets]
        rows.append([f"published: {model.replace('_', ' ')}", f"{row['class']} ({row['confidence'][0]})", *cells])
    return table(["model", "class", *(name.replace("_", " ") for name in sets)], rows)


def _pooled(found: dict[str, float] | None) -> str:
    """Both means of a cell of the table of frames."""
    return "-" if not found else f"{found['nats_per_frame_pooled']:.2f} ({found['nats_per_frame_mean_of_sequences']:.2f})"


def ears() -> str:
    """What ears find of recordings, beside others' ears and what others have published."""
    values = measured(EARS)
    columns = values.get("columns", {})
    parts = [
        f"### {stretch[0].upper()}{stretch[1:]}\n\n"
        + table(["ear", *columns.values()], [_ear(f"`{name}`", row, columns) for name, row in rows.items()])
        for stretch, rows in values.get("tables", {}).items()
    ]
    worse = values.get("made_worse", {})
    if worse:
        kinds = {kind: kind.replace("_", " ") for kind in next(iter(worse.values()))}
        lines = [_ear(f"`{name}`", row, kinds) for name, row in worse.items()]
        parts.append("### Made worse\n\n" + table(["ear", *kinds.values()], lines))
    published = values.get("published", {})
    if published:
        shown = {**{part: columns[part] for part in ("onset", "offset", "all", "frame")}, "condition": "measured on, and learnt from"}
        lines = [_ear(name, row, shown) for name, row in published.items()]
        parts.append("### Published, or seen elsewhere\n\n" + table(["ear", *shown.values()], lines))
    machine = values.get("machine", {})
    where = [f"Measured on: {machine['processor']}, Python {machine['python']}.\n"] if machine else []
    return "\n".join([*parts, *where]) or NOTHING


def _ear(name: str, row: dict[str, Any], parts: Iterable[str]) -> list[str]:
    """A line of an ear, its numbers with as many digits as tell something."""
    cells = [row.get(part, "-") for part in parts]
    return [name, *(f"{cell:.{2 if cell < 10 else 1}f}" if isinstance(cell, float) else str(cell) for cell in cells)]


def voices() -> str:
    """How voices play, by an ear and by their spectra."""
    values = measured(VOICES)
    columns = values.get("columns", {})
    parts = [
        f"### {condition[0].upper()}{condition[1:]}\n\n"
        + table(["voice", *columns.values()], [_ear(f"`{name}`", row, columns) for name, row in rows.items()])
        for condition, rows in values.get("tables", {}).items()
    ]
    machine = values.get("machine", {})
    where = [f"Measured on: {machine['processor']}, Python {machine['python']}.\n"] if machine else []
    return "\n".join([*parts, *where]) or NOTHING


def listened() -> str:
    """What people say who heard voices blind."""
    values = measured(LISTENING)
    if not values:
        return "Nobody has listened yet.\n"
    rows = [
        [
            f"{pair['first']} : {pair['second']}",
            *(str(pair[part]) for part in ("wins", "equal", "losses")),
            f"{pair['rating']:+.2f}",
            f"{pair['p_corrected']:.3f}",
        ]
        for pair in values["pairs"]
    ]
    h, degrees, p = values["kruskal_wallis"]
    words = f"{values['listeners']} listeners, {values['answers']} answers; Kruskal-Wallis H({degrees}) = {h:.2f}, p = {p:.3g}.\n\n"
    return words + table(["pair", "first", "no difference", "second", "mean rating of the first", "p (Wilcoxon, Bonferroni)"], rows)


def trained() -> str:
    """Models trained in full size, with the figures of their cards."""
    rows = []
    for script in sorted(RUNS.glob("*.sh")):
        name = script.stem
        file = bundle_folder(name) / "card.json" if name in shipped() else RUNS / f"{name}.card.json"
        if not file.exists():
            continue
        card = json.loads(file.read_text(encoding="utf-8"))
        figures, training = card["figures"], card["training"]
        if "best_step" not in training or not card["encoding"]:
            continue  # counted and not trained, or an ear
        parts = [figures.get(part, {}) for part in ("train", "valid", "test")]
        bits = [f"{part['bits_per_note']:.2f}" if "bits_per_note" in part else "-" for part in parts]
        markov = figures.get("markov")
        rows.append(
            [
                f"`{name}`",
                f"{card['model'].get('preset', card['model']['name'])}, {card['data']['corpus']}",
                f"{training['best_step']:,} of {training['steps']:,}",
                *bits,
                f"{markov['bits_per_note']:.2f} (order {markov['best_order']})" if markov else "-",
                _accuracies(figures),
            ]
        )
    head = ["model", "preset, corpus", "best step", "train", "valid", "test", "Markov, valid", "accuracy, train and valid"]
    return table(head, rows)


def _accuracies(figures: dict[str, Any]) -> str:
    """How often the likeliest id was right, in training and validation, for each group of more than a few ids."""
    if "train" not in figures:
        return "-"
    known, unseen = (figures[part]["accuracy"] for part in ("train", "valid"))
    return "; ".join(
        f"{group} {known[group]:.2f} and {unseen[group]:.2f}" for group in known if group in unseen and group not in ("frame", "end")
    )


def presets() -> str:
    """The composers that can be trained, where they come from and what is mended."""
    rows = [
        [
            f"`{name}`",
            entry.source,
            f"`{entry.encoding}`" if entry.encoding else "any",
            entry.mended,
            f"`partimento train FOLDER --model {name}`",
        ]
        for name, entry in PRESETS.items()
    ]
    return table(["name", "after", "encoding", "mended", "command"], rows)


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
    "presets": presets,
    "composers": composers,
    "frames": frames,
    **{each.__name__: each for each in (likelihood, places, going_on, returns, copying, ears, voices, listened)},
    "trained": trained,
    "cards": cards,
    "results": results,
    **{name: partial(vocabulary, name) for name in ENCODINGS},
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
