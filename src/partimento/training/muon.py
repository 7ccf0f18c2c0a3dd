"""Muon for the matrices between a network's embedding and its output, AdamW for everything else, as one optimiser.

Source: Jordan et al. 2024 ("Muon: An optimizer for hidden layers in neural networks"), with the step size of Liu et al. 2025 ("Muon
is scalable for LLM training"), so that one learning rate serves both; torch's own implementations of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Muon(torch.optim.Optimizer):
    """Both optimisers over one list of groups and one state, so that who keeps or spreads an optimiser sees but one.

    Args:
        matrices: Weights of two axes.
        others: All other weights.
        learning_rate: Of both.
        betas: AdamW's.
        weight_decay: Of both.
    """

    def __init__(
        self, matrices: Iterable[Tensor], others: Iterable[Tensor], *, learning_rate: float, betas: tuple[float, float], weight_decay: float
    ) -> None:
        self._parts = (
            torch.optim.Muon(matrices, learning_rate, weight_decay, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, learning_rate, betas, weight_decay=weight_decay),
        )
        super().__init__([group for part in self._parts for group in part.param_groups], {})

    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # torch's returns the closure's loss
        """Make one step of each."""
        del closure
        for part, group in zip(self._parts, self.param_groups, strict=True):
            part.state, part.param_groups = self.state, [group]  # both are made anew when a state is loaded
            part.step()


def inner_matrices(module: nn.Module) -> list[Tensor]:
    """Return the weights of two axes between a network's embedding and its output, in their order."""
    tables = {id(each.weight) for each in module.modules() if isinstance(each, nn.Embedding)}
    named = module.named_parameters()
    return [weight for name, weight in named if weight.ndim == 2 and id(weight) not in tables and "output" not in name.split(".")]
