"""Names and folders to composers."""

from __future__ import annotations

import os

from partimento.bundle import bundle_folder, load_bundle
from partimento.generation.composer import Composer
from partimento.generation.filters import Sampling

DEFAULT = "bach-chorales"


def load(name: str | os.PathLike[str] = DEFAULT, *, sampling: Sampling | None = None) -> Composer:
    """Return the composer of a shipped bundle or of a folder.

    Args:
        name: A name that `partimento models list` shows, or a bundle's folder.
        sampling: How it chooses; the bundle's own defaults where None.

    Raises:
        BundleError: When there is no such bundle, or it is damaged.
    """
    return Composer(load_bundle(bundle_folder(name)), sampling)
