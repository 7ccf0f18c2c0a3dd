"""Names and folders to composers."""

from __future__ import annotations

import os
from pathlib import Path

from partimento.bundle import HASHES, load_bundle
from partimento.errors import BundleError, nearest
from partimento.generation.composer import Composer
from partimento.generation.filters import Sampling

DEFAULT = "bach-chorales"
ZOO = Path(__file__).parent.parent / "zoo"


def shipped() -> tuple[str, ...]:
    """Return the names of the bundles that come with the package."""
    return tuple(sorted(folder.name for folder in ZOO.iterdir() if (folder / HASHES).is_file())) if ZOO.is_dir() else ()


def bundle_folder(name: str | os.PathLike[str]) -> Path:
    """Return the folder of a shipped bundle's name, or of a folder.

    Raises:
        BundleError: When it is neither; names the nearest.
    """
    text = os.fspath(name)
    if text in shipped():
        return ZOO / text
    if Path(text).is_dir():
        return Path(text)
    raise BundleError(f"model '{text}': neither a folder nor a shipped model{nearest(text, shipped())}")


def load(name: str | os.PathLike[str] = DEFAULT, *, sampling: Sampling | None = None) -> Composer:
    """Return the composer of a shipped bundle or of a folder.

    Args:
        name: A name that `partimento models list` shows, or a bundle's folder.
        sampling: How it chooses; the bundle's own defaults where None.

    Raises:
        BundleError: When there is no such bundle, or it is damaged.
    """
    bundle = load_bundle(bundle_folder(name))
    if not bundle.card.encoding:
        raise BundleError(f"model '{name}': is an ear and writes no music. Take a composer: partimento models list shows them.")
    return Composer(bundle, sampling)
