"""What `piano_judge`, its graph and who asks it have to know."""

from __future__ import annotations

STRETCH_MOMENTS = 200
"""Spectra of a stretch that is judged at once: 4 s."""

LAYERS = ((1, (3, 7), (2, 3)), (2, (3, 5), (2, 2)), (2, (3, 3), (2, 2)), (3, (3, 3), (2, 2)))
"""Of each convolution: how many times the first one's channels it has, its kernel and its strides, along time and along bins."""

SPECTRUM = "thirds"
"""What it hears of a sound; see `audio.thirds`."""


def pads_of(kernel: tuple[int, int]) -> tuple[int, int]:
    """Return how much silence stands to either side of what a convolution hears, along time and along bins."""
    return kernel[0] // 2, kernel[1] // 2
