"""What shapes a decoder may have: the checks that all Transformers here make of their settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from partimento.errors import ConfigError


class DecoderShape(Protocol):
    """The settings that all of them have."""

    @property
    def vocabulary(self) -> int:
        """Number of ids, at least 2."""

    @property
    def layers(self) -> int:
        """1 to 48."""

    @property
    def units(self) -> int:
        """Width, 8 to 4,096, a multiple of twice `heads`."""

    @property
    def heads(self) -> int:
        """Heads of attention in each layer, 1 to 64."""

    @property
    def window(self) -> int:
        """Places that a layer looks back, the own one included; 1 to 65,536."""

    @property
    def dropout(self) -> float:
        """Share of activations dropped in training, 0 to below 1."""


def check_shape(name: str, shape: DecoderShape, further: Mapping[str, tuple[int, int]] | None = None) -> None:
    """Refuse settings that are out of range.

    Args:
        name: Of the network.
        shape: Its settings.
        further: Other settings of it, with their least and their greatest value.

    Raises:
        ConfigError: Naming the first that is.
    """
    bounds = {"vocabulary": (2, 65536), "layers": (1, 48), "units": (8, 4096), "heads": (1, 64), "window": (1, 65536), **(further or {})}
    for setting, (low, high) in bounds.items():
        if not low <= getattr(shape, setting) <= high:
            raise ConfigError(f"{name}: {setting} is {getattr(shape, setting)}, expected {low} to {high}.")
    if shape.units % (2 * shape.heads):
        raise ConfigError(f"{name}: units is {shape.units}, expected a multiple of twice its {shape.heads} heads.")
    if not 0 <= shape.dropout < 1:
        raise ConfigError(f"{name}: dropout is {shape.dropout}, expected 0 to below 1; 0.1 is usual.")
