"""`train --from`: a model that has learnt goes on, with what its bundle says in place of what a user may choose."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from partimento.bundle import TABLES, Bundle, Card, bundle_folder, load_bundle
from partimento.errors import ConfigError
from partimento.training.ear_presets import EARS
from partimento.training.presets import PRESETS

if TYPE_CHECKING:
    from partimento.cli.train import Network

_SET = ("model", "size", "encoding", "cell")
"""What the bundle says."""


def gone_on(network: Network) -> tuple[Network, Bundle | None]:
    """Return what is trained, and the bundle it goes on from, if it does.

    Args:
        network: What was asked for.

    Raises:
        BundleError: When there is no such bundle, or it is damaged.
        ConfigError: When it cannot go on, or something else was asked for besides.
    """
    if network.begun is None:
        return network, None
    bundle = load_bundle(bundle_folder(network.begun))
    said = bundle.card.model
    model = str(said.get("preset", said.get("name")))
    if model in TABLES or model not in {**PRESETS, **EARS}:
        what = "holds tables that were counted" if model in TABLES else "is a voice"
        raise ConfigError(f"--from {bundle.card.name}: {what}, and goes on from nothing. Train it anew, on all that it is to know.")
    own = {"model": model, "size": said.get("size", "small"), "encoding": bundle.card.encoding.get("name"), "cell": said.get("cell")}
    usual = {entry.name: entry.default for entry in fields(network)}
    for name in _SET:
        asked = getattr(network, name)
        if asked not in (usual[name], own[name]):
            kept = own[name] or "none"
            raise ConfigError(f"--{name} {asked}: --from {bundle.card.name} has {kept}, and keeps it. Leave one of them out.")
    return replace(network, model=model, size=own["size"], encoding=None, cell=None), bundle


def gone_on_card(card: Card, begun: Bundle) -> Card:
    """Return a card that also says what its model knew before.

    Args:
        card: What is to be said of what it learnt now.
        begun: What it went on from.
    """
    before = begun.card
    origin = {"name": before.name, "fingerprint": begun.fingerprint, "data": dict(before.data), "command": before.training.get("command")}
    origin |= {"from": before.training["from"]} if "from" in before.training else {}
    unseen = card.encoding and begun.fingerprints is None
    return replace(
        card,
        summary=f"{card.summary} It went on from {before.name}, trained on {before.data.get('corpus')}.".lstrip(),
        training={**card.training, "from": origin},
        limits=card.limits + ((f"Copies of what {before.name} learnt from cannot be told: it has no fingerprints.",) if unseen else ()),
        permission=f"{card.permission} What {before.name} asks for holds as well: {before.permission}",
    )
