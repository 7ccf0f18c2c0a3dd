"""Scores played with a SoundFont."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from partimento.audio import Waveform
from partimento.audio.waveform import PEAK_DB
from partimento.errors import AudioError
from partimento.score import Score, Track
from partimento.score.note import SOFT
from partimento.score.pedal import DOWN, fold_pedal
from partimento.score.tempo import seconds_at
from partimento.synthesis.bank import BETTER, INSTALLED, SoundBank, Zone, find_bank, recordings
from partimento.synthesis.envelope import SILENT_DB, falling
from partimento.synthesis.instrument import Instrument, Sounding, Voice
from partimento.synthesis.mixing import MixingDesk, Strike
from partimento.synthesis.pitched_recordings import PitchedRecordings
from partimento.synthesis.room import DECAY_SECONDS, reverberated
from partimento.synthesis.synthesizer import TAIL_SECONDS
from partimento.synthesis.tone import Tone, release_seconds, tone
from partimento.words import counted

Frames = NDArray[np.float32]

MOST_HOURS = 12
"""Longer scores are mistakes: of a tempo, or of a note that was never let go."""

WINDOW_SECONDS = 300
"""Notes that begin within such a time are played together; memory holds little more."""

LONGEST_NOTE_SECONDS = 60.0
"""A note held longer fades out there."""

SOFT_PEDAL_GAIN = 0.7
"""What the soft pedal leaves of a note's amplitude: 3 dB less."""

MOST_KEPT_BYTES = 256 * 2**20
"""Recordings at the pitches of keys that a player keeps for the notes to come."""

VOLUME, EXPRESSION, PAN = 7, 11, 10
"""Controller numbers."""

_LARGE_BYTES = 2**24  # made and dropped first: from then on the C library reuses memory of arrays up to this size, and asks for none anew
_FULL_VOLUME = 100  # where General MIDI starts controller 7


class SoundfontSynthesizer:
    """Plays scores with the recorded instruments of a SoundFont.

    Sustain and sostenuto pedal become note lengths; a note struck with the soft pedal down is 3 dB softer.
    Velocity, volume (7), expression (11) and pan (10) set a note's level and place when it is struck; later
    changes reach the next note. The peak of the whole lies at -1 dBFS.

    Args:
        soundfont: An .sf2 or .sf3 file; where None an installed one, else the small one of pretty_midi's wheel.
        program: General MIDI program for every track but drums, 0 to 127; where None each track's own.
        sample_rate: Frames per second (Hz), 8,000 to 192,000.
        room: How much of a small hall is heard, 0 (none) to 1.

    Raises:
        AudioError: When the bank is missing or damaged, or a setting is out of range.
    """

    peak_db = PEAK_DB

    def __init__(
        self, soundfont: str | os.PathLike[str] | None = None, *, program: int | None = None, sample_rate: int = 44_100, room: float = 0.3
    ) -> None:
        if program is not None and not 0 <= program <= 127:
            raise AudioError(f"program {program}: expected 0 to 127. 0 is the grand piano, 19 the church organ.")
        if not 8_000 <= sample_rate <= 192_000:
            raise AudioError(f"sample rate {sample_rate} Hz: expected 8000 to 192000. Usual is 44100.")
        if not 0 <= room <= 1:
            raise AudioError(f"room {room}: expected 0 to 1. Usual is 0.3.")
        self.path = find_bank(soundfont)
        self.advice = "" if soundfont is not None or str(self.path) in INSTALLED else BETTER
        """How a better bank can be had, one sentence, where none was given and none is installed."""
        self.sample_rate = int(sample_rate)
        self.program = program
        self.room = room
        self._bank = SoundBank.read(self.path)
        self._recordings = PitchedRecordings(self._bank, self.sample_rate, MOST_KEPT_BYTES)
        self._instruments: dict[tuple[int, bool], Instrument] = {}
        self._longest = math.ceil(LONGEST_NOTE_SECONDS * self.sample_rate)
        self._desk = MixingDesk()

    def render(self, score: Score) -> Waveform:
        """Return the sound of a score: stereo, peak at -1 dBFS, with two seconds of tail.

        Raises:
            AudioError: See `blocks`.
        """
        return Waveform.levelled(self.mixed(score), self.sample_rate)

    def mixed(self, score: Score) -> Frames:
        """Return the same at the level of the bank, shape (2, frames): what is struck more softly is softer.

        Raises:
            AudioError: See `render`.
        """
        blocks = list(self.blocks(score))
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)

    def blocks(self, score: Score) -> Iterator[NDArray[np.float32]]:
        """Yield what `mixed` returns, `WINDOW_SECONDS` after the other.

        Raises:
            AudioError: When the score has no notes that the bank can play, lasts longer than `MOST_HOURS`, or the bank is damaged.
        """
        if not score.note_count:
            raise AudioError("score: holds no notes, expected at least one. There is nothing to hear.")
        if self._silent_notes(score) == score.note_count:
            raise AudioError(f"score: {'; '.join(self.left_out(score))}. Choose another --program or --soundfont.")
        played = fold_pedal(score)
        seconds = float(seconds_at(played, played.end_tick))
        if seconds > MOST_HOURS * 3600:
            raise AudioError(f"score: lasts {seconds / 3600:.1f} hours, expected at most {MOST_HOURS}. Cut it, or check its tempo.")
        np.empty(_LARGE_BYTES, np.uint8)
        frames, size = math.ceil((seconds + TAIL_SECONDS) * self.sample_rate), WINDOW_SECONDS * self.sample_rate
        beyond = math.ceil((LONGEST_NOTE_SECONDS + TAIL_SECONDS + DECAY_SECONDS) * self.sample_rate)
        tracks = [(track, self._strikes(played, track, original)) for track, original in zip(played.tracks, score.tracks, strict=True)]
        fade = min(frames, self.sample_rate // 5)
        ending = np.linspace(1, 0, fade, dtype=np.float32)
        over = np.zeros((2, 0), np.float32)  # what sounds on from the windows before
        for first in range(0, frames, size):
            mix = np.zeros((2, min(size + beyond, frames - first)), np.float32)
            struck = [self._play(mix, track, strikes, first=first, last=first + size) for track, strikes in tracks]
            if self.room and any(struck):
                reverberated(mix, self.sample_rate, self.room)
            mix[:, : over.shape[1]] += over
            window, over = mix[:, :size], mix[:, size:].copy()
            begun = max(frames - fade - first, 0)  # of the window, frames before the end fades
            window[:, begun:] *= ending[max(first - frames + fade, 0) :][: window[:, begun:].shape[1]]
            yield window

    def left_out(self, score: Score) -> list[str]:
        """Return how many notes the bank has no recording for, in words; nothing where it has all."""
        silent = self._silent_notes(score)
        all_of_them, bank = f"of {score.note_count} notes", f"no recording in {self.path.name} and"
        return [counted(silent, f"{all_of_them} has {bank} is left out", f"{all_of_them} have {bank} are left out")] if silent else []

    def _silent_notes(self, score: Score) -> int:
        """How many notes the bank has no recording for."""
        silent = 0
        for track in score.tracks:
            if len(track):
                silent += int(np.count_nonzero(recordings(self._zones(track))[track.pitch, track.velocity] == 0))
        return silent

    def _zones(self, track: Track) -> tuple[Zone, ...]:
        """What plays a track."""
        return self._bank.zones(self.program if self.program is not None and not track.is_drum else track.program, track.is_drum)

    def _instrument(self, track: Track) -> Instrument:
        """The same, as it answers to keys."""
        program = self.program if self.program is not None and not track.is_drum else track.program
        if (program, track.is_drum) not in self._instruments:
            self._instruments[program, track.is_drum] = Instrument(self._zones(track))
        return self._instruments[program, track.is_drum]

    def _play(self, mix: Frames, track: Track, strikes: list[Strike], *, first: int, last: int) -> bool:
        """Add a track's notes from frame `first` on and before `last` to the mix, key by key; return whether there are any."""
        instrument = self._instrument(track)
        keys: dict[int, dict[tuple[Voice, ...], list[tuple[Strike, tuple[Sounding, ...]]]]] = {}
        for key, velocity, strike in sorted(zip(track.pitch.tolist(), track.velocity.tolist(), strikes, strict=True)):
            if first <= strike.start < last:
                sounding = instrument.strike(key, velocity)
                moved = strike._replace(start=strike.start - first)
                keys.setdefault(key, {}).setdefault(tuple(each.voice for each in sounding), []).append((moved, sounding))
        for chords in keys.values():
            self._play_key(mix, chords)
        return bool(keys)

    def _play_key(self, mix: Frames, chords: dict[tuple[Voice, ...], list[tuple[Strike, tuple[Sounding, ...]]]]) -> None:
        """Add all strikes of a key to the mix, those of one colour after the other; each tone is made once, for its longest."""
        frames: dict[Voice, int] = {}
        for voices, strikes in chords.items():
            for voice in voices:
                tail = self._release(voice).size
                needed = (strike.held + tail for strike, _ in strikes)
                frames[voice] = min(max(frames.get(voice, 0), *needed), mix.shape[1])
        for voice in sorted(frames, key=lambda voice: -frames[voice]):
            self._recordings.read(voice, frames[voice])  # once, as long as it is needed
        tones: dict[Voice, Tone] = {}
        for voices, strikes in chords.items():
            tones = {voice: tones.get(voice) or self._tone(voice, frames[voice]) for voice in voices}
            fades = [self._release(voice) for voice in voices]
            for fade in {id(fade): fade for fade in fades}.values():
                together = [place for place, other in enumerate(fades) if other is fade]
                for strike, sounding in strikes:
                    self._desk.add(mix, strike, [(tones[voices[at]], sounding[at]) for at in together], fade)

    def _tone(self, voice: Voice, frames: int) -> Tone:
        """The sound of a voice, its key held for so long."""
        return tone(self._recordings, voice, sample_rate=self.sample_rate, frames=frames)

    def _release(self, voice: Voice) -> Frames:
        """How a voice fades once its key is let go."""
        return _release(release_seconds(voice.zones[0]), self.sample_rate)

    def _strikes(self, score: Score, track: Track, original: Track) -> list[Strike]:
        """When each note of a track sounds, and what its controllers make of its loudness and place."""
        start = np.rint(seconds_at(score, track.start) * self.sample_rate).astype(np.int64)
        end = np.rint(seconds_at(score, track.end) * self.sample_rate).astype(np.int64)
        gain = (_control(original, VOLUME, _FULL_VOLUME) / _FULL_VOLUME) ** 2 * (_control(original, EXPRESSION, 127) / 127) ** 2
        gain = np.where(_control(original, SOFT, 0) >= DOWN, gain * SOFT_PEDAL_GAIN, gain)
        angle = np.clip((_control(original, PAN, 64) - 64) / 63, -1, 1) * (math.pi / 4)
        left, right = np.minimum(1, np.cos(angle) - np.sin(angle)), np.minimum(1, np.cos(angle) + np.sin(angle))
        columns = (start.tolist(), np.clip(end - start, 1, self._longest).tolist(), (gain * left).tolist(), (gain * right).tolist())
        return [Strike(*values) for values in zip(*columns, strict=True)]


def _control(track: Track, number: int, default: int) -> NDArray[np.float64]:
    """A controller's value at the start of each note, shape (notes,)."""
    changes = track.controls[track.controls[:, 1] == number]
    values = np.concatenate([[default], changes[:, 2]])
    return np.asarray(values[np.searchsorted(changes[:, 0], track.start, side="right")], np.float64)


@lru_cache(maxsize=256)
def _release(seconds: float, sample_rate: int) -> Frames:
    """What is left at each frame after the key is let go of a tone that fades in `seconds`: a straight line in dB."""
    frames = max(int(min(seconds, TAIL_SECONDS) * sample_rate), 1)
    fade = falling(frames, 1.0, SILENT_DB / (seconds * sample_rate))
    ending = min(frames, sample_rate // 50)
    fade[frames - ending :] *= np.linspace(1, 0, ending)
    return fade
