"""An ear that listens: sound in blocks of any size in, what it hears of every key out, the same whatever the blocks.

Memory does not grow with the sound but for what is heard: 353 bytes a moment, 64 MB an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.audio.level import levelled
from partimento.audio.log_spectrum import HOP, SAMPLE_RATE, WINDOWS, Spectra, log_spectra
from partimento.models.key_net_shape import HEADS, KEYS, TOGETHER
from partimento.models.onnx_session import opened

CHUNK = 1000
"""Moments that are heard together, 20 s: of fewer too many would be heard twice, where they join."""

STEPS = 255
"""Chances are kept in bytes."""


@dataclass(frozen=True)
class Heard:
    """What an ear said, in 255ths: chances that keys are struck, sound and are let go, velocities over 128, and of the pedal.

    Attributes:
        heads: Shape (heads, moments, keys), as `models.key_net_shape.HEADS` names them.
        pedal: Shape (moments,).
    """

    heads: NDArray[np.uint8]
    pedal: NDArray[np.uint8]

    def curve(self, name: str, keys: slice = slice(None)) -> NDArray[np.float32]:
        """Return one head as chances, shape (moments, keys), of all keys or some."""
        return np.asarray(self.heads[HEADS.index(name), :, keys] / np.float32(STEPS))


class Ear:
    """A graph of `models.key_net_graph` that is given sound.

    Args:
        graph: The model's bytes.
        threads: Threads of onnxruntime.

    Raises:
        ValueError: When it is no such graph.
    """

    def __init__(self, graph: bytes, *, threads: int = 1) -> None:
        self._session = opened(graph, threads=threads)
        facts = self._session.get_modelmeta().custom_metadata_map
        if "reach" not in facts:
            raise ValueError("the graph does not say how far it hears, expected one of an ear")
        self.reach = int(facts["reach"])
        """Moments to either side that an answer hangs on."""

    def hear(self, blocks: Iterable[NDArray[np.float32]], *, watch: Callable[[Spectra], None] | None = None) -> Heard:
        """Return what is heard of a sound.

        Args:
            blocks: Mono samples at `audio.log_spectrum.SAMPLE_RATE`, each of shape (frames,).
            watch: Is given the spectra on their way, stretch after stretch.
        """
        pieces = spectra_of(levelled(blocks, SAMPLE_RATE))
        heads, pedals = [np.zeros((len(HEADS), 0, KEYS), np.uint8)], [np.zeros(0, np.uint8)]
        for spectra, before, count in self._chunks(pieces if watch is None else _watched(pieces, watch)):
            heard = self.hear_spectra(spectra)
            heads.append(heard.heads[:, before : before + count])
            pedals.append(heard.pedal[before : before + count])
        return Heard(np.concatenate(heads, axis=1), np.concatenate(pedals))

    def hear_spectra(self, spectra: Spectra) -> Heard:
        """Return what is heard of spectra that lie before it as a whole.

        Args:
            spectra: Of a sound at one loudness, shape (moments, windows, bins), moments a multiple of `TOGETHER`.
        """
        said, pedal = self._session.run(["heads", "pedal.chance"], {"spectra": spectra[None]})
        return Heard(_bytes(said[0]), _bytes(pedal[0]))

    def _chunks(self, pieces: Iterable[NDArray[np.float32]]) -> Iterator[tuple[NDArray[np.float32], int, int]]:
        """Stretches of spectra with what is needed to either side, moments before the first that is asked for, and how many are."""
        kept: NDArray[np.float32] | None = None
        before = 0
        for piece in pieces:
            kept = piece if kept is None else np.concatenate([kept, piece])
            while len(kept) >= before + CHUNK + self.reach:
                yield kept[: before + CHUNK + self.reach], before, CHUNK
                gone = max(before + CHUNK - self.reach, 0)
                kept, before = kept[gone:], before + CHUNK - gone
        if kept is not None and len(kept) > before:
            yield np.pad(kept, ((0, -len(kept) % TOGETHER), (0, 0), (0, 0))), before, len(kept) - before


def _watched(pieces: Iterable[Spectra], watch: Callable[[Spectra], None]) -> Iterator[Spectra]:
    """The same pieces, shown to somebody on their way."""
    for piece in pieces:
        watch(piece)
        yield piece


def spectra_of(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """Yield the spectra of a sound in blocks, each of shape (moments, windows, bins); together they are `log_spectra` of the whole."""
    side = max(WINDOWS) // 2  # samples to either side of a moment
    lead = -(-side // HOP) * HOP
    waiting, before = np.zeros(0, np.float32), 0  # samples in hand, and how many of them belong to moments that are over
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        ready = (len(waiting) - before - side) // HOP
        if ready > 0:
            yield log_spectra(waiting[: before + ready * HOP + side])[before // HOP : before // HOP + ready]
            gone = max(before + ready * HOP - lead, 0)
            waiting, before = waiting[gone:], before + ready * HOP - gone
    if len(waiting) > before:
        yield log_spectra(waiting)[before // HOP :]


def _bytes(chances: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Chances in 255ths."""
    return np.rint(chances * STEPS).astype(np.uint8)
