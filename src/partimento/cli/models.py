"""`partimento models`: what the shipped and local bundles are, and what can be trained."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from partimento.cli.output import show, table

if TYPE_CHECKING:
    from partimento.bundle import Bundle, Card

models = App(name="models", help="List the shipped and local models or the presets to train, or show one's card.")

DRAWN = 40
"""Ids that a picture of transitions shows."""

AsJson = Annotated[bool, Parameter(name="--json", negative="")]


@models.command(name="list")
def list_models(*, as_json: AsJson = False) -> None:
    """List the shipped models, and the bundles in this folder, with what one may do with them.

    Args:
        as_json: Print one JSON object.
    """
    cards, damaged = _cards()
    rows = [["name", "writes", "you may"]]
    rows += [[name, card.summary, card.permission] for name, card in cards.items()]
    rows += [[name, "nothing: it cannot be loaded", why] for name, why in damaged.items()]
    fields = {
        "models": [{"name": name, "summary": card.summary, "permission": card.permission, **_short(card)} for name, card in cards.items()],
        "damaged": damaged,
    }
    show(fields, table(rows), as_json=as_json)


@models.command(name="show")
def show_model(name: str, /, *, picture: Path | None = None, as_json: AsJson = False) -> None:
    """Show a model's card: data, licence, training, figures, limits, sampling.

    Args:
        name: A shipped model's name or a bundle's folder.
        picture: Draw what follows what in a markov (of dice: in the chain beside them) into this PNG file.
        as_json: Print one JSON object.
    """
    from partimento.bundle import bundle_folder, load_bundle  # noqa: PLC0415  # --help must not load numpy

    bundle = load_bundle(bundle_folder(name))
    words = [f"{bundle.card.name}: {bundle.card.summary}", bundle.card.permission, "", *_lines(asdict(bundle.card))]
    if bundle.card.encoding:
        words += ["", f"Encoding '{bundle.encoding().name}': {bundle.encoding().vocabulary}"]
    fields = asdict(bundle.card)
    if picture is not None:
        _draw(bundle, picture)
        fields["picture"] = str(picture)
        words += ["", f"{picture}: what follows what."]
    show(fields, "\n".join(words), as_json=as_json)


def _draw(bundle: Bundle, path: Path) -> None:
    """Write the picture of a chain's transitions."""
    from partimento.errors import ConfigError  # noqa: PLC0415
    from partimento.files.matrix import draw_matrix  # noqa: PLC0415
    from partimento.files.png import drawing_png  # noqa: PLC0415
    from partimento.files.whole import make_folder, write_whole  # noqa: PLC0415
    from partimento.models.dice import Dice  # noqa: PLC0415
    from partimento.models.markov import Markov  # noqa: PLC0415

    model = bundle.model()
    chain = model.chain if isinstance(model, Dice) else model
    if not isinstance(chain, Markov):
        kind = bundle.card.model.get("name")
        raise ConfigError(
            f"--picture: '{bundle.card.name}' is a {kind}, expected a markov or dice: what they know can be drawn as a table."
        )
    common, shares = chain.transitions(DRAWN)
    symbols = bundle.encoding().vocabulary.symbols
    labels = [{" ": "blank", "\n": "new line"}.get(symbols[number], symbols[number]) for number in common.tolist()]
    drawing, width = draw_matrix(
        shares,
        labels,
        title=f"{bundle.card.name}: what follows what",
        words=f"Rows: what stood there. Columns: what came next, in hundredths. The {len(labels)} commonest ids, the commonest first.",
    )
    make_folder(path.parent)
    write_whole(path, drawing_png(drawing, width=2 * width))


@models.command(name="presets")
def list_presets(*, as_json: AsJson = False) -> None:
    """List the composers that `train --model` and `compare --models` take: where each comes from, what is mended.

    Args:
        as_json: Print one JSON object.
    """
    from partimento.training.ear_presets import EARS  # noqa: PLC0415  # --help must not load numpy
    from partimento.training.presets import PRESETS  # noqa: PLC0415
    from partimento.training.voice_presets import VOICES  # noqa: PLC0415

    rows = [["name", "speaks", "after"]]
    rows += [[name, entry.encoding or "any encoding", entry.source] for name, entry in PRESETS.items()]
    rows += [[name, "hears a piano", entry.source] for name, entry in EARS.items()]
    rows += [[name, "sounds like one", entry.source] for name, entry in VOICES.items()]
    fields = {name: asdict(entry) for name, entry in PRESETS.items()}
    fields |= {name: {**vars(entry), "listening": entry.listening.spectrum.name} for name, entry in EARS.items()}
    fields |= {name: vars(entry) for name, entry in VOICES.items()}
    show({"presets": fields}, table(rows), as_json=as_json)


def _cards() -> tuple[dict[str, Card], dict[str, str]]:
    """Name or folder -> card, the shipped bundles, then those below this folder; and those that are damaged -> why."""
    from partimento.bundle import HASHES, bundle_folder, load_bundle, shipped  # noqa: PLC0415
    from partimento.errors import BundleError  # noqa: PLC0415

    local = [str(folder) for folder in sorted(Path().iterdir()) if folder.is_dir() and (folder / HASHES).is_file()]
    cards: dict[str, Card] = {}
    damaged: dict[str, str] = {}
    for name in [*shipped(), *local]:
        try:
            cards[name] = load_bundle(bundle_folder(name)).card
        except BundleError as error:
            damaged[name] = str(error)
    return cards, damaged


def _short(card: Card) -> dict[str, Any]:
    """The parts of a card that a list shows."""
    return {
        "model": card.model.get("name"),
        "encoding": card.encoding.get("name"),
        "licence": card.data.get("licence"),
        "figures": card.figures,
    }


def _lines(values: Any, indent: str = "  ") -> list[str]:
    """Nested values as indented lines."""
    if not isinstance(values, dict):
        return [f"{indent}{values}"]
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        elif isinstance(value, (list, tuple)):
            lines += [f"{indent}{name}:", *(f"{indent}  - {entry}" for entry in value)]
        else:
            lines.append(f"{indent}{name}: {value}")
    return lines
