"""A modal piano that plays scores: each note is a sum of damped sines, as `models.modal_piano` says them, and a product of matrices.

The powers of a mode z at all samples are those at the first of each block, times those within a block: so a note is two small tables,
multiplied. Modes that have died away are left out of the later spans.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.audio.waveform import PEAK_DB, Samples, Waveform
from partimento.bundle import STEP, Bundle
from partimento.errors import BundleError
from partimento.models.ear_heads import FIRST_KEY
from partimento.models.modal_piano_shape import OUTPUTS, phases
from partimento.models.onnx_session import opened
from partimento.models.wavenet_shape import SAMPLE_RATE
from partimento.score import Score
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.note_bank import FIRST_UNDAMPED, Dampers, damped
from partimento.synthesis.playable import begun_between, left_out, playable
from partimento.synthesis.synthesizer import TAIL_SECONDS

MODEL = "modal"

LONGEST_SECONDS, WINDOW_SECONDS = 20.0, 60.0
"""Of a note at most, and of what is played at a time."""

INAUDIBLE = 3e-6
"""Amplitude below which a mode is left out: 110 dB below full scale."""

_BLOCK = 256
_SPANS = (0, 8, 32, 128, 512)  # blocks from which on modes are chosen anew
_AT_ONCE = 256  # notes whose modes are asked for at once


class _Modes(NamedTuple):
    """What the modes of a note begin with, how they turn and die away in a sample, each (modes,); in how many seconds they rise."""

    begun: NDArray[np.complex128]
    turns: NDArray[np.complex128]
    rise: float


class ModalVoice:
    """A modal piano's bundle at work (a `Streaming` synthesizer).

    Args:
        bundle: Of a modal piano.

    Raises:
        BundleError: When it is none's, or damaged.
    """

    sample_rate = SAMPLE_RATE
    peak_db = PEAK_DB

    def __init__(self, bundle: Bundle) -> None:
        kind = bundle.card.model.get("name")
        if kind != MODEL or STEP not in bundle.files:
            remedy = "Train a voice: partimento train --model modal."
            raise BundleError(f"model '{bundle.card.name}': is a {kind} and no modal piano. {remedy}")
        self._session = opened(bundle.files[STEP], threads=1)
        if [output.name for output in self._session.get_outputs()] != list(OUTPUTS):
            raise BundleError(f"{bundle.folder}: its graph does not say modes. Fetch or train it again.")
        self._phases = np.exp(2j * np.pi * phases())

    def render(self, score: Score) -> Waveform:
        """Return the sound of a score's notes on the piano that the voice learnt, one channel at 16 kHz, peak at -1 dBFS.

        Raises:
            AudioError: See `blocks`.
        """
        return Waveform.levelled(np.concatenate(list(self.blocks(score)), axis=1), SAMPLE_RATE)

    def blocks(self, score: Score) -> Iterator[Samples]:
        """Yield the same, `WINDOW_SECONDS` after `WINDOW_SECONDS`, as loud as it was learnt.

        Raises:
            AudioError: When the score has no notes that a piano could play, or lasts too long, see `playable`.
        """
        notes = playable(score).notes
        whole, window = round((float(notes.end.max()) + TAIL_SECONDS) * SAMPLE_RATE), round(WINDOW_SECONDS * SAMPLE_RATE)
        mix = np.zeros(window + round(LONGEST_SECONDS * SAMPLE_RATE), np.float32)
        for first in range(0, whole, window):
            self._play(mix, begun_between(notes, first / SAMPLE_RATE, (first + window) / SAMPLE_RATE), first)
            yield mix[None, : min(window, whole - first)].copy()
            mix[:-window] = mix[window:].copy()
            mix[-window:] = 0

    def left_out(self, score: Score) -> list[str]:
        """Return what of a score a piano cannot play, in words; nothing where it can play all."""
        return left_out(score)

    def _play(self, mix: NDArray[np.float32], notes: TimedNotes, first: int) -> None:
        """Add notes to a mix that begins at sample `first`."""
        start = np.maximum(np.rint(notes.start * SAMPLE_RATE).astype(np.int64) - first, 0)
        held = np.maximum(np.rint((notes.end - notes.start) * SAMPLE_RATE).astype(np.int64), 1)
        kinds: dict[tuple[int, int], list[int]] = {}
        for place, kind in enumerate(zip((notes.key - FIRST_KEY).tolist(), notes.velocity.tolist(), strict=True)):
            kinds.setdefault(kind, []).append(place)
        struck = sorted(kinds)
        for begin in range(0, len(struck), _AT_ONCE):
            group = struck[begin : begin + _AT_ONCE]
            for kind, modes in zip(group, self._said(group), strict=True):
                places = kinds[kind]
                _add(mix, modes, kind[0] + FIRST_KEY, start[places].tolist(), held[places].tolist())

    def _said(self, struck: list[tuple[int, int]]) -> Iterator[_Modes]:
        """The modes of each kind of note, of its key from 0 and its velocity."""
        key, velocity = (np.array(column) for column in zip(*struck, strict=True))
        given = {"key": key.astype(np.int64), "velocity": (velocity / 127).astype(np.float32)[:, None]}
        amplitude, decay, hertz, rise = (np.asarray(said, np.float64) for said in self._session.run(list(OUTPUTS), given))
        turns = (-decay + 2j * np.pi * hertz) / SAMPLE_RATE
        yield from map(_Modes, amplitude * self._phases, turns, rise[:, 0].tolist())


def _add(mix: NDArray[np.float32], modes: _Modes, key: int, starts: list[int], held: list[int]) -> None:
    """Add all strikes of one key that are as loud, each held for so many samples."""
    fade = damped(key, SAMPLE_RATE, Dampers())
    rings = [len(mix) if key >= FIRST_UNDAMPED else long + len(fade) for long in held]
    wanted = [min(ring, len(mix) - start) for ring, start in zip(rings, starts, strict=True)]
    sound = _sound(modes, min(max(wanted), round(LONGEST_SECONDS * SAMPLE_RATE)))
    for start, long, ring in zip(starts, held, wanted, strict=True):
        length = min(ring, len(sound))
        kept = length if key >= FIRST_UNDAMPED else min(long, length)
        into = mix[start : start + length]
        into[:kept] += sound[:kept]
        into[kept:] += sound[kept:length] * fade[: length - kept]


def _sound(modes: _Modes, samples: int) -> NDArray[np.float32]:
    """A note held for so many samples, or until it is silent; shape (samples,)."""
    blocks = -(-samples // _BLOCK)
    sound = np.zeros((blocks, _BLOCK), np.float32)
    for first, last in zip(_SPANS, (*_SPANS[1:], blocks), strict=True):
        end = min(last, blocks)
        now = modes.begun * np.exp(modes.turns * (first * _BLOCK))
        heard = np.abs(now) > INAUDIBLE
        if end <= first or not heard.any():
            break
        turns = modes.turns[heard]
        far = now[heard] * np.exp(np.arange(end - first)[:, None] * (turns * _BLOCK))  # (blocks, modes)
        near = np.exp(turns[:, None] * np.arange(_BLOCK))  # (modes, _BLOCK)
        left, right = np.concatenate([far.real, -far.imag], axis=1), np.concatenate([near.real, near.imag])
        sound[first:end] = left.astype(np.float32) @ right.astype(np.float32)
    flat = sound.reshape(-1)[:samples]
    rising = min(samples, round(12 * modes.rise * SAMPLE_RATE) + 1)
    flat[:rising] *= -np.expm1(-np.arange(rising) / (modes.rise * SAMPLE_RATE))
    return flat
