"""What `wavenet`, its graphs and who plays with it have to know: what a note roll holds, and how a sample is said."""

from __future__ import annotations

from partimento.models.ear_heads import KEYS

ROLL = 2 * KEYS + 1
"""Of a frame: the velocity over 127 of every key that is struck in it, then of every key that sounds, then whether the pedal is down."""

CONTEXT, STEP = "context.onnx", "step.onnx"
"""A bundle's files with the graphs: of what the layers are told, and of a sample."""

STRINGS = "strings"
"""Among the weights of a WaveNet that is given sketches: the frequencies of their partials (Hz), a row a key."""

SAMPLE_RATE = 16_000
SAMPLES_PER_FRAME = 64
"""The roll has 250 frames a second."""

LOUD = 32.0
"""A piano's samples are a few hundredths; so many times as much is what the network hears, and what it says of them."""

MIXTURES = 10
LEAST_LOG_SCALE = -9.0

MU_LAW = 255
"""The highest code."""


def dilations_of(stacks: int, layers: int) -> tuple[int, ...]:
    """Return the dilations of all layers: 1, 2, 4, ..., of every stack anew."""
    return tuple(2**number for number in range(layers)) * stacks


def outputs_of(output: str) -> int:
    """Return how many numbers say a sample: the weights, middles and logarithms of scales of the mixture, or a logit a code."""
    return 3 * MIXTURES if output == "logistics" else MU_LAW + 1


def choices_of(output: str) -> int:
    """Return how many of them one is drawn from: logistics of the mixture, or codes."""
    return MIXTURES if output == "logistics" else MU_LAW + 1
