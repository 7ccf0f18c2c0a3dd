"""Notes while they are played: sound in blocks of any size in, what happened since out.

An ear that hears on (`Ear.stream`) is given every moment once. Others hear in both directions, more than a second ahead. Live they are
given less: every `STEP_SECONDS` they hear the last few seconds anew, as if the sound ended there, and what is said of moments that have at
least `look_ahead_seconds` behind them is believed, once.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from partimento.audio.colour import SettlingColour
from partimento.audio.level import SettlingLevel
from partimento.audio.spectrum import SAMPLE_RATE, Spectra, SpectraStream
from partimento.errors import ConfigError
from partimento.score import Score
from partimento.transcription.ear import BEFORE, Ear, Heard
from partimento.transcription.note_decoding import Thresholds, spans_of
from partimento.transcription.note_stream import Event, NoteStream
from partimento.transcription.transcriber import score_of_notes

STEP_SECONDS = 0.12
"""From one hearing to the next, rounded to moments that the ear hears at once."""

ON_SECONDS = 0.24
"""The same for ears that hear on, which look less far ahead: the longer the step, the less work."""

APART_SECONDS = 0.08
"""Between two strikes of a key at least: who hears little ahead changes its mind, and would tell a note twice."""

LOOK_AHEAD_SECONDS = 0.3
"""Usual for ears that do not hear on: see `docs/models.md` for what more and less of it do."""

MOST_AHEAD_SECONDS = 10.0


class LiveTranscriber:
    """An ear that hears music as it is played.

    The same sound gives the same events, whatever the blocks it comes in. Level and colour are brought to the ear's by what was heard.

    Args:
        ear: What listens.
        thresholds: From which chance on something is believed.
        look_ahead_seconds: How much sound behind a moment is waited for before it is judged, 0 to `MOST_AHEAD_SECONDS`; rounded to
            moments that the ear hears at once. More than the ear hears ahead, ``ear.ahead`` moments, is of no use. None is
            `LOOK_AHEAD_SECONDS`, or for an ear that hears on what it hears ahead: it can do nothing else.
        watch: Is given the spectra on their way, stretch after stretch, for a picture of them.

    Raises:
        ConfigError: When `look_ahead_seconds` is out of range, or asked of an ear that hears on.
    """

    sample_rate = SAMPLE_RATE
    """Hz at which it listens."""

    def __init__(
        self,
        ear: Ear,
        thresholds: Thresholds,
        *,
        look_ahead_seconds: float | None = None,
        watch: Callable[[Spectra], None] | None = None,
    ) -> None:
        if look_ahead_seconds is not None and ear.hears_on:
            raise ConfigError(
                f"look-ahead of {look_ahead_seconds} seconds: this ear always hears {(ear.ahead + 1) / ear.spectrum.rate:.2f} s ahead. "
                "Leave the look-ahead out, or take another ear."
            )
        wanted = LOOK_AHEAD_SECONDS if look_ahead_seconds is None else look_ahead_seconds
        if not 0 <= wanted <= MOST_AHEAD_SECONDS:
            raise ConfigError(
                f"look-ahead of {look_ahead_seconds} seconds, expected 0 to {MOST_AHEAD_SECONDS:g}. Usual is {LOOK_AHEAD_SECONDS}."
            )
        self._ear, self._thresholds, self._watch = ear, thresholds, watch
        self._rate, self._together = ear.spectrum.rate, ear.together
        self._hearing = ear.stream() if ear.hears_on else None
        step = ON_SECONDS if ear.hears_on else STEP_SECONDS
        self._step_moments = max(1, round(step * self._rate / ear.together)) * ear.together
        self._ahead = ear.ahead if ear.hears_on else min(round(wanted * self._rate / ear.together) * ear.together, ear.ahead)
        self._level = SettlingLevel(SAMPLE_RATE)
        self._waiting = np.zeros(0, np.float32)  # samples that make no step yet
        self._coming = SpectraStream(ear.spectrum)
        self._colour = None if ear.colour is None else SettlingColour(ear.colour, ear.spectrum.rate)
        self._spectra: Spectra = np.zeros((0, len(ear.spectrum.windows), ear.spectrum.bins), np.float32)
        self._first = self._judged = 0  # the first moment of `_spectra`, and the first that is not judged
        self._stream = NoteStream(thresholds, rate=self._rate, apart=max(1, round(APART_SECONDS * self._rate)))
        self._pedal = [np.zeros(0, np.uint8)]
        self._heard_frames = 0
        self._untold = self._unseen = BEFORE  # moments of the silence before all
        self._hear(self._coming.push(np.zeros(BEFORE * ear.spectrum.hop, np.float32)))

    @property
    def note_count(self) -> int:
        """Notes so far."""
        return len(self._stream)

    @property
    def latency_seconds(self) -> float:
        """How long after a note is struck it is known at the latest, but for the time that the machine needs."""
        return self.look_ahead_seconds + self.window_seconds + self.step_seconds

    @property
    def look_ahead_seconds(self) -> float:
        """How much sound is waited for behind a moment, the next moment included: only it tells a top."""
        return (self._ahead + 1) / self._rate

    @property
    def reach_seconds(self) -> float:
        """How far ahead the ear can use sound, the next moment included."""
        return (self._ear.ahead + 1) / self._rate

    @property
    def window_seconds(self) -> float:
        """Half the longest window."""
        return self._ear.spectrum.side / SAMPLE_RATE

    @property
    def step_seconds(self) -> float:
        """From one hearing to the next."""
        return self._step_moments / self._rate

    @property
    def seconds(self) -> float:
        """How much has been heard."""
        return self._heard_frames / SAMPLE_RATE

    def push(self, samples: NDArray[np.float32]) -> list[Event]:
        """Hear more; return what is now known to have happened, in the order of its moments.

        Args:
            samples: Mono at `sample_rate`, shape (frames,), any number of them; what is no number is silence.
        """
        usable = samples if np.isfinite(samples).all() else np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        self._heard_frames += len(usable)
        self._waiting = np.concatenate([self._waiting, usable])
        events: list[Event] = []
        size = self._step_moments * self._ear.spectrum.hop
        while len(self._waiting) >= size:
            block, self._waiting = self._waiting[:size], self._waiting[size:]
            events += self._step(block)
        return events

    def finish(self) -> list[Event]:
        """Return what is left when the sound is over; the last call."""
        self._level.push(self._waiting)
        rest = [self._coming.push(self._waiting, gain=self._level.gain), self._coming.finish(gain=self._level.gain)]
        self._waiting = self._waiting[:0]
        spectra = np.concatenate(rest)
        self._watched(spectra)
        spectra = self._coloured(spectra)
        if self._hearing:
            return self._told(self._hearing.finish(spectra)) + self._stream.finish()
        self._spectra = np.concatenate([self._spectra, spectra])
        return self._judge(ahead=0) + self._stream.finish()

    def score(self) -> Score:
        """Return the notes so far: one track, a tick a millisecond, and the pedal as it moved."""
        pedal = spans_of(np.concatenate(self._pedal), threshold=self._thresholds.pedal, rate=self._rate)
        return score_of_notes(self._stream.notes(), pedal)

    def _step(self, block: NDArray[np.float32]) -> list[Event]:
        """Hear a block of as many moments as a step has."""
        self._level.push(block)
        return self._hear(self._coming.push(block, gain=self._level.gain))

    def _hear(self, spectra: Spectra) -> list[Event]:
        """Hear some moments more."""
        self._watched(spectra)
        spectra = self._coloured(spectra)
        if self._hearing:
            return self._told(self._hearing.push(spectra))
        self._spectra = np.concatenate([self._spectra, spectra])
        return self._judge(ahead=self._ahead)

    def _coloured(self, spectra: Spectra) -> Spectra:
        """Spectra in the ear's colour, as far as the recording's is known."""
        return spectra if self._colour is None else self._colour.push(spectra)

    def _watched(self, spectra: Spectra) -> None:
        """Show spectra to who wants to see them."""
        seen, self._unseen = spectra[self._unseen :], max(self._unseen - len(spectra), 0)
        if len(seen) and self._watch is not None:
            self._watch(seen)

    def _judge(self, *, ahead: int) -> list[Event]:
        """Hear the last seconds, and believe what has so many moments behind it."""
        before, end = self._judged - self._first, len(self._spectra) - ahead
        if end <= before:
            return []
        odd = -len(self._spectra) % self._together
        heard = self._ear.hear_spectra(np.pad(self._spectra, ((0, odd), (0, 0), (0, 0))))
        self._judged += end - before
        gone = max(self._judged - self._ear.reach - self._first, 0)
        self._spectra, self._first = self._spectra[gone:], self._first + gone
        return self._told(Heard(heard.heads[:, before:end], heard.pedal[before:end]))

    def _told(self, heard: Heard) -> list[Event]:
        """What happens in moments that are heard for good."""
        silent = min(self._untold, len(heard.pedal))
        self._untold -= silent
        heard = Heard(heard.heads[:, silent:], heard.pedal[silent:])
        self._pedal.append(heard.pedal)
        return self._stream.push(np.stack(heard.curves(held=self._thresholds.held, pedal=self._thresholds.pedal)))
