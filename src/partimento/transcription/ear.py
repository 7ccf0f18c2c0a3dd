"""An ear that listens: sound in blocks of any size in, what it hears of every key out, the same whatever the blocks.

Memory does not grow with the sound but for what is heard: 353 bytes a moment, at most 64 MB an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.audio.level import levelled
from partimento.audio.mel import MEL
from partimento.audio.spectrum import SAMPLE_RATE, Spectra, SpectraStream, Spectrum
from partimento.audio.thirds import THIRDS
from partimento.models.ear_heads import HEADS, KEYS
from partimento.models.onnx_session import opened

SPECTRA = {spectrum.name: spectrum for spectrum in (THIRDS, MEL)}
"""What ears hear of a sound."""

CHUNK = 1000
"""Moments that are heard together, 20 s of our own ear: of fewer too many would be heard twice, where they join."""

STEPS = 255
"""Chances are kept in bytes."""


@dataclass(frozen=True)
class Heard:
    """What an ear said, in 255ths: chances that keys are struck, sound and are let go, velocities over 128, and of the pedal.

    Attributes:
        heads: Shape (heads, moments, keys), as `models.ear_heads.HEADS` names them.
        pedal: Shape (moments,).
    """

    heads: NDArray[np.uint8]
    pedal: NDArray[np.uint8]

    def curve(self, name: str, keys: slice = slice(None)) -> NDArray[np.float32]:
        """Return one head as chances, shape (moments, keys), of all keys or some."""
        return np.asarray(self.heads[HEADS.index(name), :, keys] / np.float32(STEPS))


class Ear:
    """A graph of `models.key_net_graph` or `models.onsets_frames_graph` that is given sound.

    Args:
        graph: The model's bytes.
        threads: Threads of onnxruntime.

    Raises:
        ValueError: When it is no such graph.
    """

    def __init__(self, graph: bytes, *, threads: int = 1) -> None:
        self._session = opened(graph, threads=threads)
        facts = self._session.get_modelmeta().custom_metadata_map
        if not {"spectrum", "reach", "together"} <= set(facts) or facts["spectrum"] not in SPECTRA:
            raise ValueError("the graph does not say what it hears and how far, expected one of an ear")
        self.spectrum: Spectrum = SPECTRA[facts["spectrum"]]
        """What it hears of a sound."""
        self.together = int(facts["together"])
        """Moments that it hears at once: their number must be a multiple of it."""
        self.reach = -(-int(facts["reach"]) // self.together) * self.together
        """Moments to either side that an answer hangs on, a multiple of `together`."""
        self.says_pedal = "pedal.chance" in {output.name for output in self._session.get_outputs()}
        """Whether it says when the pedal is down; one that does not says that it is up."""

    def hear(self, blocks: Iterable[NDArray[np.float32]], *, watch: Callable[[Spectra], None] | None = None) -> Heard:
        """Return what is heard of a sound.

        Args:
            blocks: Mono samples at `audio.spectrum.SAMPLE_RATE`, each of shape (frames,).
            watch: Is given the spectra on their way, stretch after stretch.
        """
        pieces = self._spectra(levelled(blocks, SAMPLE_RATE))
        heads, pedals = [np.zeros((len(HEADS), 0, KEYS), np.uint8)], [np.zeros(0, np.uint8)]
        for spectra, before, count in self._chunks(pieces if watch is None else _watched(pieces, watch)):
            heard = self.hear_spectra(spectra)
            heads.append(heard.heads[:, before : before + count])
            pedals.append(heard.pedal[before : before + count])
        return Heard(np.concatenate(heads, axis=1), np.concatenate(pedals))

    def hear_spectra(self, spectra: Spectra) -> Heard:
        """Return what is heard of spectra that lie before it as a whole.

        Args:
            spectra: Of a sound at one loudness, shape (moments, windows, bins), moments a multiple of `together`.
        """
        said = self._session.run(["heads", "pedal.chance"] if self.says_pedal else ["heads"], {"spectra": spectra[None]})
        return Heard(_bytes(said[0][0]), _bytes(said[1][0]) if self.says_pedal else np.zeros(len(spectra), np.uint8))

    def _spectra(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Spectra]:
        """The spectra of a sound in blocks."""
        stream = SpectraStream(self.spectrum)
        for block in blocks:
            yield stream.push(block)
        yield stream.finish()

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
            yield np.pad(kept, ((0, -len(kept) % self.together), (0, 0), (0, 0))), before, len(kept) - before


def _watched(pieces: Iterable[Spectra], watch: Callable[[Spectra], None]) -> Iterator[Spectra]:
    """The same pieces, shown to somebody on their way."""
    for piece in pieces:
        watch(piece)
        yield piece


def _bytes(chances: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Chances in 255ths."""
    return np.rint(chances * STEPS).astype(np.uint8)
