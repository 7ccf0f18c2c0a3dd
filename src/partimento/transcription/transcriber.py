"""A trained ear that writes down what it hears."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.audio.log_spectrum import SAMPLE_RATE, SPECTRA_PER_SECOND, Spectra
from partimento.bundle import STEP, Bundle, bundle_folder, load_bundle
from partimento.errors import BundleError, ConfigError
from partimento.files.recording import Recording, open_recording
from partimento.models.key_net_shape import HEADS, KEYS
from partimento.score import Score, Track
from partimento.score.note import SUSTAIN
from partimento.transcription.ear import STEPS, Ear, Heard
from partimento.transcription.note_decoding import HeardNotes, Thresholds, notes_of, spans_of

TICKS_PER_SECOND = 1_000
"""A transcription counts milliseconds: 500 ticks a quarter at 120 quarters a minute."""

MODEL = "key_net"
DEFAULT = "piano-ears"

BLOCK_SECONDS = 10
"""How much is read at a time."""

_KEYS_AT_ONCE = 11


class Transcriber:
    """An ear's bundle at work.

    Args:
        bundle: Of an ear.

    Attributes:
        ear: What listens.
        thresholds: From where on it is believed.

    Raises:
        BundleError: When it is no ear's, or damaged.
    """

    sample_rate = SAMPLE_RATE
    """Hz at which it listens."""

    def __init__(self, bundle: Bundle) -> None:
        kind = bundle.card.model.get("name")
        if kind != MODEL or STEP not in bundle.files:
            raise BundleError(f"model '{bundle.card.name}': is a {kind} and hears nothing. Train an ear: partimento train --model ears.")
        try:
            self.ear = Ear(bundle.files[STEP])
            self.thresholds = Thresholds(**bundle.card.sampling)
        except (ValueError, TypeError, ConfigError) as error:
            raise BundleError(f"{bundle.folder}: {str(error).rstrip('.')}. Fetch or train it again.") from error

    def transcribe(self, blocks: Iterable[NDArray[np.float32]]) -> Score:
        """Return the notes of a sound: one track, a tick a millisecond, as long as their strings sound, and the pedal as it moved.

        Args:
            blocks: Mono samples at `sample_rate`, each of shape (frames,).
        """
        return self.score_of(self.hear(blocks))

    def hear(self, blocks: Iterable[NDArray[np.float32]]) -> Heard:
        """Return what is heard of a sound, before anything is decided; see `transcribe`."""
        return self.ear.hear(blocks)

    def listen(self, recording: Recording, *, watch: Callable[[Spectra], None] | None = None) -> Score:
        """Return the notes of a recording at `sample_rate`; `warnings` says what was odd about it.

        Args:
            recording: Not read yet.
            watch: Is given the spectra on their way, stretch after stretch, for a picture of them.

        Raises:
            ReadError: When it turns out to hold no sound.
        """
        score = self.score_of(self.ear.hear(recording.blocks(self.sample_rate * BLOCK_SECONDS), watch=watch))
        nothing = () if score.note_count else (f"{recording.name}: no notes of a piano were heard.",)
        return score.with_warnings(*recording.warnings, *nothing)

    def score_of(self, heard: Heard) -> Score:
        """Return the notes of what was heard."""
        return score_of_notes(self._notes_of(heard), pedal=heard.pedal, threshold=self.thresholds.pedal)

    def _notes_of(self, heard: Heard) -> HeardNotes:
        """The notes, some keys after others: as numbers of 4 bytes, what was heard in two hours is half a gigabyte."""
        parts = []
        for first in range(0, KEYS, _KEYS_AT_ONCE):
            keys = slice(first, first + _KEYS_AT_ONCE)
            curves = (heard.curve(name, keys) for name in HEADS)
            part = notes_of(*curves, thresholds=self.thresholds, rate=SPECTRA_PER_SECOND)
            parts.append(replace(part, key=part.key + first))
        start, end, key, velocity = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end", "key", "velocity")
        )
        order = np.lexsort((key, start))
        return HeardNotes(start[order], end[order], key[order], velocity[order])


def score_of_notes(notes: HeardNotes, *, pedal: NDArray[np.uint8], threshold: float) -> Score:
    """Return notes and pedal as a performance: one track, a tick a millisecond.

    Args:
        notes: As they were heard.
        pedal: How likely it is down in each moment, in 255ths, shape (moments,).
        threshold: From which chance on it is down.
    """
    start, end = (np.rint(edge * TICKS_PER_SECOND).astype(np.int64) for edge in (notes.start, notes.end))
    down = spans_of(np.asarray(pedal / np.float32(STEPS), np.float32), threshold=threshold, rate=SPECTRA_PER_SECOND)
    moves = np.rint(down * TICKS_PER_SECOND).astype(np.int64).ravel()
    controls = np.stack([moves, np.full(len(moves), SUSTAIN), np.tile([127, 0], len(moves) // 2)], axis=1)
    return Score(
        500, (Track(start, np.maximum(end - start, 1), notes.key.astype(np.int32), notes.velocity.astype(np.int32), controls=controls),)
    )


def load_transcriber(name: str | os.PathLike[str] = DEFAULT) -> Transcriber:
    """Return the transcriber of a bundle's folder, or of a shipped one's name.

    Raises:
        BundleError: When there is no such bundle, it is damaged, or it is no ear.
    """
    return Transcriber(load_bundle(bundle_folder(name)))


def transcribe(path: str | os.PathLike[str], *, model: str | os.PathLike[str] = DEFAULT) -> Score:
    """Return the notes of a recording of a piano, in milliseconds; `warnings` says what was odd about it.

    Args:
        path: A sound file of any length, rate and number of channels.
        model: A shipped ear's name or a bundle's folder.

    Raises:
        ReadError: When the file is no sound that can be read.
        BundleError: When there is no such ear.
    """
    ear = load_transcriber(model)
    with open_recording(path, sample_rate=ear.sample_rate) as recording:
        return ear.listen(recording)
