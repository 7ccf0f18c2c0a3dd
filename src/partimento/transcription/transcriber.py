"""A trained ear that writes down what it hears."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.audio.spectrum import SAMPLE_RATE, Spectra
from partimento.bundle import STEP, Bundle, bundle_folder, load_bundle
from partimento.errors import BundleError, ConfigError
from partimento.files.recording import Recording, open_recording
from partimento.models.ear_heads import KEYS
from partimento.score import Score, Track
from partimento.score.note import SUSTAIN
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.certainty import Piano, piano_in
from partimento.transcription.ear import Ear, Heard
from partimento.transcription.note_decoding import Thresholds, notes_of, spans_of
from partimento.transcription.piano_judge import Judge, shipped_judge

TICKS_PER_SECOND = 1_000
"""A transcription counts milliseconds: 500 ticks a quarter at 120 quarters a minute."""

MODELS = ("key_net", "onsets_frames")
"""Networks that hear."""

DEFAULT = "piano-ears"

BLOCK_SECONDS = 10
"""How much is read at a time."""

_KEYS_AT_ONCE = 11


class Transcriber:
    """An ear's bundle at work.

    Args:
        bundle: Of an ear.
        judge: Tells other instruments from pianos, beside the ear; asked only where it hears the spectra that the ear hears.

    Attributes:
        ear: What listens.
        thresholds: From where on it is believed.

    Raises:
        BundleError: When it is no ear's, or damaged.
    """

    sample_rate = SAMPLE_RATE
    """Hz at which it listens."""

    def __init__(self, bundle: Bundle, *, judge: Judge | None = None) -> None:
        kind = bundle.card.model.get("name")
        if kind not in MODELS or STEP not in bundle.files:
            raise BundleError(f"model '{bundle.card.name}': is a {kind} and hears nothing. Train an ear: partimento train --model ears.")
        try:
            self.ear = Ear(bundle.files[STEP])
            self.thresholds = Thresholds(**bundle.card.sampling)
        except (ValueError, TypeError, ConfigError) as error:
            raise BundleError(f"{bundle.folder}: {str(error).rstrip('.')}. Fetch or train it again.") from error
        self._judge = judge if judge is not None and judge.spectrum == self.ear.spectrum.name else None

    def transcribe(self, blocks: Iterable[NDArray[np.float32]]) -> Score:
        """Return the notes of a sound: one track, a tick a millisecond, and the pedal as it moved.

        They are as long as their keys are held, or, by an ear that does not tell keys from the pedal, as long as they sound.

        What sounds like no piano is left out, and `warnings` says so, or that all of it hardly sounds like one.

        Args:
            blocks: Mono samples at `sample_rate`, each of shape (frames,).
        """
        piano = self._piano_in(blocks)
        return self.score_of(piano.heard).with_warnings(*([piano.words] if piano.words else []))

    def hear(self, blocks: Iterable[NDArray[np.float32]]) -> Heard:
        """Return what is heard of a sound, before anything is decided; see `transcribe`."""
        return self.ear.hear(blocks)

    def listen(
        self,
        recording: Recording,
        *,
        watch: Callable[[Spectra], None] | None = None,
        sound: Callable[[NDArray[np.float32]], None] | None = None,
    ) -> Score:
        """Return the notes of a recording at `sample_rate`; `warnings` says what was odd about it.

        Args:
            recording: Not read yet.
            watch: Is given the spectra on their way, stretch after stretch, for a picture of them.
            sound: Is given the sound on its way, block after block.

        Raises:
            ReadError: When it turns out to hold no sound.
        """
        blocks = recording.blocks(self.sample_rate * BLOCK_SECONDS)
        piano = self._piano_in(blocks if sound is None else _shown(blocks, sound), watch=watch)
        score = self.score_of(piano.heard)
        odd = [piano.words] if piano.words else []
        if not score.note_count:
            odd = ["no notes of a piano were heard" + ("; it sounds like speech, singing or noise." if piano.left_out_seconds else ".")]
        return score.with_warnings(*recording.warnings, *(f"{recording.name}: {words}" for words in odd))

    def _piano_in(self, blocks: Iterable[NDArray[np.float32]], *, watch: Callable[[Spectra], None] | None = None) -> Piano:
        """What of a sound is a piano, by the ear itself and by the judge."""
        judging = None if self._judge is None else self._judge.judging()

        def watched(spectra: Spectra) -> None:
            for each in (watch, None if judging is None else judging.push):
                if each is not None:
                    each(spectra)

        heard = self.ear.hear(blocks, watch=watched)
        piano = piano_in(heard, self.ear.spectrum.rate, hears_on=self.ear.hears_on)
        return piano if judging is None or not judging.finish() else replace(piano, doubtful=True)

    def score_of(self, heard: Heard) -> Score:
        """Return the notes of what was heard."""
        return score_of_notes(self.notes_of(heard), self.pedal_of(heard))

    def pedal_of(self, heard: Heard) -> NDArray[np.float64]:
        """Return when the pedal is down, in seconds, shape (spans, 2)."""
        return spans_of(heard.pedal, threshold=self.thresholds.pedal, rate=self.ear.spectrum.rate)

    def notes_of(self, heard: Heard) -> TimedNotes:
        """Return the notes of what was heard, in seconds."""
        parts = []  # some keys after others: as numbers of 4 bytes, what was heard in two hours is half a gigabyte
        for first in range(0, KEYS, _KEYS_AT_ONCE):
            keys = slice(first, first + _KEYS_AT_ONCE)
            curves = heard.curves(held=self.thresholds.held, pedal=self.thresholds.pedal, keys=keys)
            part = notes_of(*curves, thresholds=self.thresholds, rate=self.ear.spectrum.rate)
            parts.append(replace(part, key=part.key + first))
        start, end, key, velocity = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end", "key", "velocity")
        )
        order = np.lexsort((key, start))
        return TimedNotes(start[order], end[order], key[order], velocity[order])


def _shown(blocks: Iterable[NDArray[np.float32]], sound: Callable[[NDArray[np.float32]], None]) -> Iterator[NDArray[np.float32]]:
    """The same blocks, shown to somebody on their way."""
    for block in blocks:
        sound(block)
        yield block


def score_of_notes(notes: TimedNotes, pedal: NDArray[np.float64]) -> Score:
    """Return notes and pedal as a performance: one track, a tick a millisecond.

    Args:
        notes: As they were heard.
        pedal: When it goes down and up, seconds, shape (spans, 2).
    """
    start, end = (np.rint(edge * TICKS_PER_SECOND).astype(np.int64) for edge in (notes.start, notes.end))
    moves = np.rint(pedal * TICKS_PER_SECOND).astype(np.int64).ravel()
    controls = np.stack([moves, np.full(len(moves), SUSTAIN), np.tile([127, 0], len(moves) // 2)], axis=1)
    return Score(
        500, (Track(start, np.maximum(end - start, 1), notes.key.astype(np.int32), notes.velocity.astype(np.int32), controls=controls),)
    )


def load_transcriber(name: str | os.PathLike[str] = DEFAULT) -> Transcriber:
    """Return the transcriber of a bundle's folder, or of a shipped one's name.

    Raises:
        BundleError: When there is no such bundle, it is damaged, or it is no ear.
    """
    return Transcriber(load_bundle(bundle_folder(name)), judge=shipped_judge())


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
