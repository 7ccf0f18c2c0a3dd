"""Is it a piano at all? A judge that has heard other instruments too says so of stretches of 4 s.

An ear has only ever heard pianos, and is as sure of a guitar, a trumpet or a flute as it is of them (see `certainty`). The judge hears
the very spectra that the ear hears, and learnt to tell pianos from other instruments that play the same notes
(`models.piano_judge`). One stretch proves little; what it says of many of them, in the mean, is believed: of all in the first half
minute, and of one in four thereafter.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from partimento.audio.spectrum import Spectra
from partimento.bundle import STEP, bundle_folder, load_bundle, shipped
from partimento.errors import BundleError
from partimento.models.onnx_session import opened
from partimento.models.piano_judge_shape import STRETCH_MOMENTS

JUDGE = "piano-judge"
"""The bundle."""

LEAST = "least"
"""What a graph calls the mean logit below which a sound is hardly a piano, a number in words."""

SOUNDS = 0.3
"""Mean of the spectra of a stretch from which on it sounds.

Pianos at the level at which ears hear them have 0.8 at least, noise 34 dB below that 0.4, silence 0.
"""

FEWEST_MOMENTS = 50
"""A sound that is shorter than a stretch is judged as a whole, unless it is shorter than this: 1 s."""

TOGETHER, SELDOM = 8, 4
"""Stretches that are judged at once; and one of how many is judged, once so many were."""


class Judge:
    """A graph of `models.piano_judge_graph`.

    Args:
        graph: The model's bytes.
        threads: Threads of onnxruntime.

    Attributes:
        spectrum: Name of what it hears of a sound.
        least: The mean logit below which a sound is hardly a piano.

    Raises:
        ValueError: When it is no such graph.
    """

    def __init__(self, graph: bytes, *, threads: int = 1) -> None:
        self._session = opened(graph, threads=threads)
        facts = self._session.get_modelmeta().custom_metadata_map
        inputs, outputs = ([each.name for each in sides] for sides in (self._session.get_inputs(), self._session.get_outputs()))
        if not {"spectrum", LEAST} <= set(facts) or (inputs, outputs) != (["spectra"], ["logit"]):
            raise ValueError("the graph does not say what it hears and from where on it is a piano, expected one of a judge")
        self.spectrum, self.least = facts["spectrum"], float(facts[LEAST])
        if not math.isfinite(self.least):
            raise ValueError(f"the graph says {facts[LEAST]} of where a piano begins, expected a number")

    def logits(self, stretches: Spectra) -> NDArray[np.float32]:
        """Return how much each stretch is a piano, shape (stretches,).

        Args:
            stretches: Of sound at one loudness, shape (stretches, moments, windows, bins).
        """
        return np.asarray(self._session.run(["logit"], {"spectra": stretches})[0])

    def judging(self) -> Judging:
        """Return a new judging of one sound."""
        return Judging(self)


class Judging:
    """A judge that hears a sound's spectra one after another; in hours of it, no more than a minute is kept.

    Args:
        judge: Who judges.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._coming: list[Spectra] = []  # what is not judged yet
        self._moments = 0  # of it
        self._stretches = self._sounding = 0
        self._sum = 0.0  # of the logits of stretches that sound

    def push(self, spectra: Spectra) -> None:
        """Hear more.

        Args:
            spectra: Of a sound at one loudness, in its own colour, shape (moments, windows, bins), any number of them.
        """
        if not len(spectra):
            return
        self._coming.append(spectra)
        self._moments += len(spectra)
        size = TOGETHER * STRETCH_MOMENTS
        if self._moments < size:
            return
        coming = np.concatenate(self._coming)
        whole = len(coming) // size * size
        for first in range(0, whole, size):
            self._hear(coming[first : first + size], TOGETHER)
        self._coming, self._moments = [coming[whole:].copy()], len(coming) - whole

    def finish(self) -> bool:
        """Return whether the sound hardly is a piano when no more comes; the last call. Silence is not judged."""
        if self._moments:
            coming = np.concatenate(self._coming)
            count = len(coming) // STRETCH_MOMENTS
            if count:
                self._hear(coming[: count * STRETCH_MOMENTS], count)
            elif not self._stretches and len(coming) >= FEWEST_MOMENTS:
                self._hear(coming, 1)
        return self._sounding > 0 and self._sum < self._judge.least * self._sounding

    def _hear(self, spectra: Spectra, count: int) -> None:
        """Judge so many stretches, one behind the other."""
        stretches = spectra.reshape(count, -1, *spectra.shape[1:])
        stretches = stretches[:: SELDOM if self._stretches else 1]
        self._stretches += count
        stretches = stretches[stretches.mean(axis=(1, 2, 3)) >= SOUNDS]
        if len(stretches):
            self._sounding += len(stretches)
            self._sum += float(self._judge.logits(stretches).sum(dtype=np.float64))


def shipped_judge() -> Judge | None:
    """Return the judge that comes with the package, None where there is none.

    Raises:
        BundleError: When it is damaged.
    """
    if JUDGE not in shipped():
        return None
    bundle = load_bundle(bundle_folder(JUDGE))
    try:
        return Judge(bundle.files[STEP])
    except (KeyError, ValueError) as error:
        raise BundleError(f"{bundle.folder}: {str(error).rstrip('.')}. Fetch it again.") from error
