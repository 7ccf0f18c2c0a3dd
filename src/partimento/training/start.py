"""What learning may go on from: a trained network, in place of one that knows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from partimento.bundle import STEP, WEIGHTS, Bundle
from partimento.errors import BundleError, ConfigError
from partimento.files.tensors import read_tensors
from partimento.models.transformer_weights import weights_of

GENTLER = 0.25
"""Share of a model's own learning rate at which one that has learnt goes on."""

_NAMES = ("name", "preset", "size")


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network.

    Attributes:
        name: Its bundle's.
        fingerprint: Which one exactly, see `bundle.Bundle`.
        settings: Of its config, JSON values.
        weights: Named as the module's `state_dict` names them.
    """

    name: str
    fingerprint: str
    settings: Mapping[str, Any]
    weights: Mapping[str, NDArray[Any]] = field(repr=False)

    @classmethod
    def of(cls, bundle: Bundle) -> Start:
        """Return the network of a bundle; of a Transformer that came without its weights those of its graph, to 8 bits.

        Raises:
            BundleError: When its weights are missing.
        """
        card = bundle.card
        settings = {name: value for name, value in card.model.items() if name not in _NAMES}
        if WEIGHTS in bundle.files:
            weights: Mapping[str, NDArray[Any]] = read_tensors(bundle.files[WEIGHTS], WEIGHTS)
        elif STEP in bundle.files:
            weights = weights_of(bundle.files[STEP], settings)
        else:
            raise BundleError(f"{bundle.folder}: has no {WEIGHTS}. Fetch or train it again.")
        return cls(card.name, bundle.fingerprint, settings, weights)

    def give(self, module: nn.Module) -> None:
        """Give `module` these weights.

        Raises:
            ConfigError: When they do not fit.
        """
        own = module.state_dict()
        there = {name: torch.from_numpy(np.array(value, np.float32)) for name, value in self.weights.items()}
        lacking = [name for name, value in own.items() if value.ndim and name not in there]  # counters of no shape are not kept
        wrong = [name for name, value in there.items() if name not in own or own[name].shape != value.shape]
        if lacking or wrong:
            raise ConfigError(f"--from {self.name}: {(lacking + wrong)[0]} does not fit this version's network. Train anew.")
        module.load_state_dict({**own, **there})
