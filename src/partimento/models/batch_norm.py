"""Batch normalisation whose statistics are weights like any other: when it composes, it is one factor and one sum a channel.

Paper: Ioffe and Szegedy 2015. Differs from torch's own module in that it counts no batches: a count is no weight, and a
bundle keeps weights in half precision. Places that only fill up a chunk count into the statistics; there are few.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

EPSILON = 1e-3
"""Added to the variance, as in Keras."""

MOMENTUM = 0.1
"""Share of the newest batch in the running statistics."""


class BatchNorm(nn.Module):
    """Normalises each channel of (rows, channels, ...) over everything else.

    Args:
        channels: Number of channels.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, values: Tensor) -> Tensor:
        """Return `values`, shape (rows, channels, ...), normalised."""
        return batch_norm(values, self.mean, self.variance, self.weight, self.bias, self.training, MOMENTUM, EPSILON)
