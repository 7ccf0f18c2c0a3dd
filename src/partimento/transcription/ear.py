"""An ear that listens: sound in blocks of any size in, what it hears of every key out, the same whatever the blocks.

Memory does not grow with the sound but for what is heard: 441 bytes a moment, 80 MB an hour.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partimento.audio.colour import Curve, recoloured
from partimento.audio.level import levelled
from partimento.audio.mel import MEL
from partimento.audio.spectrum import SAMPLE_RATE, Spectra, SpectraStream, Spectrum
from partimento.audio.thirds import THIRDS
from partimento.models.ear_heads import HEADS, HELD, KEYS
from partimento.models.onnx_session import opened

SPECTRA = {spectrum.name: spectrum for spectrum in (THIRDS, MEL)}
"""What ears hear of a sound."""

CHUNK = 1000
"""Moments that are heard together, 20 s of our own ear: of fewer too many would be heard twice, where they join."""

BEFORE = 24
"""Moments of silence that are heard before a sound, so that what begins with its first sample is heard to begin; `together` divides it."""

STEPS = 255
"""Chances are kept in bytes."""

COLOUR = "colour"
"""What a graph calls the colour in which its ear hears best (see `audio.colour`), JSON numbers."""


@dataclass(frozen=True)
class Heard:
    """What an ear said, in 255ths: chances that keys are struck, sound and are let go, velocities over 128, and of the pedal.

    Attributes:
        heads: Shape (heads, moments, keys), as `models.ear_heads.HEADS` names them, and perhaps `HELD` behind them.
        pedal: Shape (moments,).
    """

    heads: NDArray[np.uint8]
    pedal: NDArray[np.uint8]

    def curve(self, name: str, keys: slice = slice(None)) -> NDArray[np.float32]:
        """Return one head as chances, shape (moments, keys), of all keys or some."""
        return np.asarray(self.heads[(*HEADS, HELD).index(name), :, keys] / np.float32(STEPS))

    def curves(self, *, held: float, pedal: float, keys: slice = slice(None)) -> list[NDArray[np.float32]]:
        """Return the heads of `HEADS` as chances, each of shape (moments, keys); what only a pedal holds counts as over.

        Args:
            held: The chance that a key is down below which it is up.
            pedal: The chance from which on the pedal is down.
            keys: Which keys.
        """
        found = [self.curve(name, keys) for name in HEADS]
        if len(self.heads) > len(HEADS):
            down = self.pedal >= pedal * STEPS
            found[HEADS.index("frame")][(self.curve(HELD, keys) < held) & down[:, None]] = 0
        return found


class Ear:
    """A graph of `models.key_net_graph`, `models.key_net_live_graph` or `models.onsets_frames_graph` that is given sound.

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
        self.hears_on = {"past", "ahead"} <= set(facts)
        """Whether it can go on where it stopped, see `stream`."""
        self.ahead = int(facts["ahead"]) if self.hears_on else self.reach
        """Moments ahead that an answer hangs on at most, a multiple of `together`."""
        self._past = _beginning(self._session, facts["past"]) if self.hears_on else {}
        outputs = {output.name: output.shape for output in self._session.get_outputs()}
        self.says_held = outputs["heads"][1] == len(HEADS) + 1
        """Whether it tells keys from the pedal: its notes end when keys come up, where others' end when strings are still."""
        self.colour = _colour(facts.get(COLOUR), self.spectrum.bins)
        """The colour in which it hears best, where it says so; `hear_spectra` and `stream` take spectra in it."""
        self.says_pedal = "pedal.chance" in outputs
        """Whether it says when the pedal is down; one that does not says that it is up."""

    def hear(self, blocks: Iterable[NDArray[np.float32]], *, watch: Callable[[Spectra], None] | None = None) -> Heard:
        """Return what is heard of a sound.

        Args:
            blocks: Mono samples at `audio.spectrum.SAMPLE_RATE`, each of shape (frames,).
            watch: Is given the spectra on their way, stretch after stretch.
        """
        silence = np.zeros(BEFORE * self.spectrum.hop, np.float32)
        pieces = self._spectra(chain([silence], levelled(blocks, SAMPLE_RATE)))
        pieces = pieces if watch is None else _watched(pieces, watch)
        heard = _joined(self._heard(pieces if self.colour is None else recoloured(pieces, self.colour, self.spectrum.rate)))
        return Heard(heard.heads[:, BEFORE:], heard.pedal[BEFORE:])

    def stream(self) -> EarStream:
        """Return a new hearing of spectra that come one after another; only where it `hears_on`."""
        return EarStream(self._session, self._past, together=self.together, ahead=self.ahead)

    def _heard(self, pieces: Iterable[Spectra]) -> Iterator[Heard]:
        """What is heard of spectra, stretch after stretch."""
        if self.hears_on:
            stream, last = self.stream(), None
            for piece in pieces:
                if last is not None:
                    yield stream.push(last)
                last = piece
            if last is not None:
                yield stream.finish(last)
            return
        for spectra, before, count in self._chunks(pieces):
            heard = self.hear_spectra(spectra)
            yield Heard(heard.heads[:, before : before + count], heard.pedal[before : before + count])

    def hear_spectra(self, spectra: Spectra) -> Heard:
        """Return what is heard of spectra that lie before it as a whole.

        Args:
            spectra: Of a sound at one loudness, shape (moments, windows, bins), moments a multiple of `together`.
        """
        if self.hears_on:
            return self.stream().finish(spectra)
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


class EarStream:
    """An ear that hears spectra one after another, each once; see `Ear.stream`.

    Args:
        session: Of a graph of `models.key_net_live_graph`.
        past: What it takes to be kept in the beginning, by name.
        together: Moments that it hears at once.
        ahead: Moments that it hears ahead.
    """

    def __init__(self, session: Any, past: Mapping[str, NDArray[np.generic]], *, together: int, ahead: int) -> None:
        self._session, self._past, self._together, self._least = session, past, together, ahead + together
        self._coming: Spectra | None = None  # what is not heard yet
        self._promised = 0  # moments that were given, but not told
        self._outputs = ["heads", "pedal.chance", *(f"next.{name.removeprefix('past.')}" for name in past)]

    def push(self, spectra: Spectra) -> Heard:
        """Return what is heard of the moments that are now known, often of none.

        Args:
            spectra: Shape (moments, windows, bins), any number of them.
        """
        coming = self._with(spectra)
        size = len(coming) // self._together * self._together
        if size < self._least:
            self._coming = coming
            return _NOTHING
        self._least = self._together  # from now on there is a past
        self._coming = coming[size:]
        return self._run(coming[:size], end=False)

    def finish(self, spectra: Spectra) -> Heard:
        """Return the rest when no more comes; the last call.

        Args:
            spectra: The last ones, one moment or more, unless there never were any.
        """
        coming = self._with(spectra)
        if not len(coming):
            return _NOTHING
        return self._run(np.pad(coming, ((0, -len(coming) % self._together), (0, 0), (0, 0))), end=True)

    def _with(self, spectra: Spectra) -> Spectra:
        """What is not heard yet, with more."""
        self._promised += len(spectra)
        return spectra if self._coming is None or not len(self._coming) else np.concatenate([self._coming, spectra])

    def _run(self, spectra: Spectra, *, end: bool) -> Heard:
        """Hear so many moments more, not too many at once."""
        last = (len(spectra) - 1) // CHUNK
        parts = [spectra[number * CHUNK : (number + 1) * CHUNK] for number in range(last + 1)]
        return _joined(self._part(part, end=end and number == last) for number, part in enumerate(parts))

    def _part(self, spectra: Spectra, *, end: bool) -> Heard:
        """Hear so many moments more at once."""
        feeds = {"spectra": spectra[None], "end": np.array([int(end)]), **self._past}
        heads, pedal, *kept = self._session.run(self._outputs, feeds)
        self._past = dict(zip(self._past, kept, strict=True))
        known = min(heads.shape[2], self._promised)
        self._promised -= known
        return Heard(_bytes(heads[0, :, :known]), _bytes(pedal[0, :known]))


def _colour(words: str | None, bins: int) -> Curve | None:
    """The colour that a graph says, if any."""
    if words is None:
        return None
    curve = np.array(json.loads(words), np.float32)
    if curve.shape != (bins,) or not np.isfinite(curve).all():
        raise ValueError(f"the graph says a colour of shape {curve.shape}, expected {bins} numbers")
    return curve


def _beginning(session: Any, words: str) -> dict[str, NDArray[np.generic]]:
    """What is taken to be kept in the beginning, by name, as the graph says it: of each how many steps, and filled with what."""
    inputs = [value for value in session.get_inputs() if value.name.startswith("past.")]
    begins = json.loads(words)
    if len(inputs) != len(begins):
        raise ValueError(f"the graph says how {len(begins)} of the {len(inputs)} values begin that it keeps, expected all")
    past: dict[str, NDArray[np.generic]] = {}
    for value, (steps, fill) in zip(inputs, begins, strict=True):
        shape = [steps if isinstance(size, str) else size for size in value.shape]
        past[value.name] = np.full(shape, fill, np.uint8 if "uint8" in value.type else np.float32)
    return past


_NOTHING = Heard(np.zeros((len(HEADS), 0, KEYS), np.uint8), np.zeros(0, np.uint8))


def _joined(pieces: Iterable[Heard]) -> Heard:
    """What was heard, piece after piece."""
    found = list(pieces) or [_NOTHING]
    if len(found) == 1:
        return found[0]
    return Heard(np.concatenate([each.heads for each in found], axis=1), np.concatenate([each.pedal for each in found]))


def _watched(pieces: Iterable[Spectra], watch: Callable[[Spectra], None]) -> Iterator[Spectra]:
    """The same pieces, shown to somebody on their way but for the silence before them."""
    silent = BEFORE
    for piece in pieces:
        watch(piece[silent:])
        silent = max(silent - len(piece), 0)
        yield piece


def _bytes(chances: NDArray[np.float32] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Chances in 255ths, if they are not already."""
    return np.asarray(chances if chances.dtype == np.uint8 else np.rint(chances * STEPS), np.uint8)
