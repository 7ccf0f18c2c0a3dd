"""The colour of a recording: which bands are louder in it, or softer, than in what an ear has learnt from, taken off before it is heard.

Microphone, room, instrument and tape all colour. An ear that hears every recording in the colour that it knows finds more, and hears
touch better: how loud a key is beside its neighbours says how hard it was struck. As of level (`level`), the first two minutes decide;
of what was heard for seconds only, little is taken off, for a few notes are no colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from partimento.audio.level import LOOKED_AT_SECONDS
from partimento.audio.spectrum import Spectra

Curve = NDArray[np.float32]
"""A value for each bin, shape (bins,), where 1 stands for 20 dB."""

SMOOTH = 12
"""Bins to either side over which a colour is smoothed: of `thirds` four keys. Of 6, 12, 25 and 50 the best on pianos not learnt from."""

MOST = 0.5
"""Most that is added or taken off, 10 dB."""

_ANEW = 1.15  # how much more has to be heard before a sound that is still played is looked at again

EXPECTED_SECONDS = 10.0
"""So much sound in the ear's own colour is thought to have gone before a recording."""


def colour_of(spectra: Spectra) -> Curve:
    """Return a sound's colour: the mean of its louder half, smoothed.

    Args:
        spectra: Shape (moments, windows, bins), some of them not silent.
    """
    level = spectra.mean(axis=(1, 2))
    loud = level >= np.median(level[level > 0])
    return smoothed(spectra[loud].mean(axis=(0, 1), dtype=np.float64))


def smoothed(values: NDArray[np.float64]) -> Curve:
    """Return a value for each bin, smoothed over `SMOOTH` to either side."""
    window = np.hanning(2 * SMOOTH + 1)
    return np.asarray(np.convolve(np.pad(values, SMOOTH, mode="edge"), window / window.sum(), "valid"), np.float32)


def centred(curve: Curve) -> Curve:
    """Return a difference of colours that leaves the level as it is: its median, high and low bins aside, is 0."""
    fifth = len(curve) // 5
    return curve - np.median(curve[fifth:-fifth])


def correction(spectra: Spectra, reference: Curve, rate: float) -> Curve:
    """Return what has to be added to spectra so that they have the colour of `reference`; their level stays.

    Args:
        spectra: Of a sound so far, shape (moments, windows, bins).
        reference: The colour an ear knows.
        rate: Moments a second.
    """
    seconds = float(np.count_nonzero(spectra.any(axis=(1, 2)))) / rate
    if not seconds:
        return np.zeros_like(reference)
    apart = centred(reference - colour_of(spectra))
    return np.asarray(np.clip(apart, -MOST, MOST) * (seconds / (seconds + EXPECTED_SECONDS)), np.float32)


def corrected(spectra: Spectra, curve: Curve) -> Spectra:
    """Return spectra with a correction; silence stays silent."""
    return np.where(spectra > 0, np.maximum(spectra + curve, 0), np.float32(0))


def recoloured(pieces: Iterable[Spectra], reference: Curve, rate: float) -> Iterator[Spectra]:
    """Yield the spectra of a recording in the colour of `reference`, by one correction, which its first `LOOKED_AT_SECONDS` say.

    Args:
        pieces: Stretch after stretch, shape (moments, windows, bins) each.
        reference: The colour an ear knows.
        rate: Moments a second.
    """
    waiting: list[Spectra] = []
    moments = 0
    curve: Curve | None = None
    for piece in pieces:
        if curve is None:
            waiting.append(piece)
            moments += len(piece)
            if moments < LOOKED_AT_SECONDS * rate:
                continue
            curve = correction(_first(waiting, rate), reference, rate)
            yield from (corrected(each, curve) for each in waiting)
            continue
        yield corrected(piece, curve)
    if curve is None and moments:
        curve = correction(_first(waiting, rate), reference, rate)
        yield from (corrected(each, curve) for each in waiting)


def _first(pieces: list[Spectra], rate: float) -> Spectra:
    """The moments that decide."""
    return np.concatenate(pieces)[: round(LOOKED_AT_SECONDS * rate)]


class SettlingColour:
    """The correction of a sound that is still being played: none at first, then more and more what was heard asks for.

    After `LOOKED_AT_SECONDS` it stays as it is, which is what `recoloured` finds.

    Args:
        reference: The colour an ear knows.
        rate: Moments a second.
    """

    def __init__(self, reference: Curve, rate: float) -> None:
        self._reference, self._rate = reference, rate
        self._heard: list[Spectra] = []
        self._moments = self._looked = 0
        self._curve = np.zeros_like(reference)

    def push(self, spectra: Spectra) -> Spectra:
        """Hear more; return it in the colour of the reference as far as that is known: looked at each second, then ever more rarely."""
        if self._looked < LOOKED_AT_SECONDS * self._rate:
            self._heard.append(spectra)
            self._moments += len(spectra)
            if self._moments >= min(self._looked * _ANEW + self._rate, LOOKED_AT_SECONDS * self._rate):
                self._looked = self._moments
                self._curve = correction(_first(self._heard, self._rate), self._reference, self._rate)
        else:
            self._heard.clear()
        return corrected(spectra, self._curve)
