"""A piano as a bank of notes that were rendered once: thousands of times faster than it plays, to feed training.

Every key has some layers of loudness; a strike takes the nearest layer and brings it to its own loudness, which lies on a smooth
curve through those of the layers. A key that is let go dies away by its damper; the highest have none. While the pedal is down all
strings sound along.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from partimento.audio.resample import resampled
from partimento.errors import AudioError, ReadError
from partimento.files.sfz import read_sfz
from partimento.files.sound import read_sound
from partimento.score import Score, Track
from partimento.score.timed_notes import TimedNotes
from partimento.synthesis.soundfont import SoundfontSynthesizer

Seconds = TypeVar("Seconds", NDArray[np.float32], NDArray[np.float64])

LOWEST, KEYS = 21, 88
LONGEST_SECONDS = 12.0
"""A note is heard for so long at most."""

FIRST_UNDAMPED = 89
"""MIDI key from which on strings have no dampers: F6."""

_NAME = re.compile(r"(?P<step>[A-G])(?P<sharp>s?)(?P<octave>-?\d)v(?P<layer>\d+)\.(ogg|wav|flac)")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_LOUDNESS_SECONDS = 0.5

STILL = 0.005
"""Share of its amplitude at which a string is still."""

MIDDLE_KEY, MIDDLE_VELOCITY, MIDDLE_DB = 60, 64, -30.0
"""How loud this strike of this key is, in the mean of its first half second, in dB of full scale."""

ALONG_SECONDS = 2
"""How long strings sound along."""


@dataclass(frozen=True)
class Dampers:
    """How a piano's dampers work.

    Attributes:
        speed: How fast they still a string; 1 is usual, 2 twice as fast.
        delay: How long after its key a damper falls, seconds.
        leak: Share of a string's amplitude that they hardly reach.
        tail: Seconds in which that falls to 1/e.
    """

    speed: float = 1.0
    delay: float = 0.0
    leak: float = 0.0
    tail: float = 0.3


class NoteBank:
    """All keys of one piano, as loud as a performance at `audio.level.REFERENCE_DB`, more or less.

    Args:
        layers: For each key from 21 on its layers from soft to loud: the velocity it was recorded at, and samples of shape (frames,).
        sample_rate: Hz.
    """

    def __init__(self, layers: Sequence[Sequence[tuple[float, NDArray[np.float32]]]], sample_rate: int) -> None:
        if len(layers) != KEYS or not all(layers):
            raise AudioError(f"piano: notes for {sum(map(bool, layers))} of {KEYS} keys. Give a bank that has the whole keyboard.")
        self.sample_rate = sample_rate
        self._sounds = [[sound for _, sound in key] for key in layers]
        self._velocities = [np.array([velocity for velocity, _ in key]) for key in layers]
        self._decibels = [np.array([_loudness_db(sound, sample_rate) for _, sound in key]) for key in layers]
        usual = np.interp(MIDDLE_VELOCITY, self._velocities[MIDDLE_KEY - LOWEST], self._decibels[MIDDLE_KEY - LOWEST])
        self._gain = float(MIDDLE_DB - usual)
        self._strings: dict[int, NDArray[np.complex64]] = {}

    def play(self, strikes: TimedNotes, seconds: float, *, dampers: Dampers = Dampers()) -> NDArray[np.float32]:  # frozen
        """Return what is heard, shape (frames,).

        Args:
            strikes: The notes.
            seconds: Length of the stretch.
            dampers: How they work.
        """
        rate = self.sample_rate
        mix = np.zeros(round(seconds * rate), np.float32)
        for start, end, key, velocity in zip(strikes.start, strikes.end, strikes.key.tolist(), strikes.velocity.tolist(), strict=True):
            sound, gain = self.struck(key, velocity)
            begin, skip = round(start * rate), 0
            if begin < 0:
                begin, skip = 0, -begin
            length = min(len(sound) - skip, len(mix) - begin)
            if length <= 0:
                continue
            held = length if key >= FIRST_UNDAMPED else min(max(round((end + dampers.delay) * rate) - begin, 0), length)
            into = mix[begin : begin + length]
            into[:held] += sound[skip : skip + held] * gain
            if held < length:
                fade = damped(key, rate, dampers)
                rest = min(length - held, len(fade))
                into[held : held + rest] += sound[skip + held : skip + held + rest] * (fade[:rest] * gain)
        return mix

    def along(self, sound: NDArray[np.float32], pedal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what all strings sound along while the pedal is down, as loud as what moves them; shape (frames,).

        Args:
            sound: What they hear, shape (frames,).
            pedal: How far it is down, 0 to 1, same shape.
        """
        size = 1 << int(np.ceil(np.log2(len(sound) + ALONG_SECONDS * self.sample_rate)))
        mover = sound * pedal
        moved = np.fft.irfft(np.fft.rfft(mover, size) * self._all_strings(size), size)[: len(sound)] * pedal
        return np.asarray(moved * (np.linalg.norm(mover) / (np.linalg.norm(moved) + 1e-9)), np.float32)

    def _all_strings(self, size: int) -> NDArray[np.complex64]:
        """The spectrum of all strings that were struck softly at once."""
        if size not in self._strings:
            count = round(ALONG_SECONDS * self.sample_rate)
            together = np.zeros(count, np.float32)
            for key in self._sounds:
                soft = key[0][self.sample_rate // 50 :][:count]  # behind the hammer's knock
                together[: len(soft)] += soft / (np.sqrt(np.sum(np.square(soft))) + np.float32(1e-9))
            together *= np.hanning(2 * count)[count:].astype(np.float32)
            self._strings[size] = np.asarray(np.fft.rfft(together, size), np.complex64)
        return self._strings[size]

    def struck(self, key: int, velocity: float) -> tuple[NDArray[np.float32], np.float32]:
        """Return the recording of a strike, shape (frames,), and the gain that brings it to its loudness.

        Args:
            key: MIDI, 21 to 108.
            velocity: 1 to 127.
        """
        place = key - LOWEST
        velocities, decibels = self._velocities[place], self._decibels[place]
        layer = int(np.abs(velocities - velocity).argmin())
        wanted = np.interp(velocity, velocities, decibels)
        if velocity < velocities[0]:
            wanted -= (velocities[0] - velocity) * 0.35
        return self._sounds[place][layer], np.float32(10 ** ((wanted - decibels[layer] + self._gain) / 20))

    @classmethod
    def of_recordings(cls, folder: str | os.PathLike[str], sample_rate: int) -> NoteBank:
        """Return a piano from single notes named by pitch and layer of sixteen, such as ``Ds4v10.ogg`` (the Salamander Grand Piano's).

        Keys between recorded ones are those one or two semitones off, played faster or slower.
        """
        recorded: dict[int, list[tuple[float, NDArray[np.float32]]]] = {}
        for file in sorted(Path(folder).iterdir()):
            if match := _NAME.fullmatch(file.name):
                key = 12 * (int(match["octave"]) + 1) + _STEPS[match["step"]] + bool(match["sharp"])
                sound = read_sound(file.read_bytes(), file.name).to_mono()
                if sound.sample_rate != sample_rate:
                    raise AudioError(f"{file.name}: {sound.sample_rate} Hz, expected {sample_rate}. Convert the recordings first.")
                samples = _begun(sound.samples[0], sample_rate)
                recorded.setdefault(key, []).append((int(match["layer"]) * 8 - 4, samples[: round(LONGEST_SECONDS * sample_rate * 1.2)]))
        if not recorded:
            raise AudioError(f"{folder}: no recordings of single notes, expected names such as Ds4v10.ogg.")
        layers = []
        for key in range(LOWEST, LOWEST + KEYS):
            nearest = min(recorded, key=lambda other: (abs(other - key), other))
            ratio = 2 ** ((key - nearest) / 12)
            layers.append([(velocity, _faster(sound, ratio)) for velocity, sound in sorted(recorded[nearest], key=lambda pair: pair[0])])
        return cls(layers, sample_rate)

    @classmethod
    def of_sfz(cls, path: str | os.PathLike[str], sample_rate: int) -> NoteBank:
        """Return the piano of an SFZ file (see `files.sfz`), its recordings mixed to one channel and brought to `sample_rate`.

        Raises:
            ReadError: When the file or one of its recordings cannot be read.
            AudioError: When some key has no recording.
        """
        regions = read_sfz(Path(path))
        recorded = {
            file: resampled(read_sound(_bytes_of(file, path), file.name).to_mono(), sample_rate).samples[0]
            for file in sorted({region.sample for region in regions if region.high >= LOWEST and region.low < LOWEST + KEYS})
        }
        layers: list[list[tuple[float, NDArray[np.float32]]]] = []
        for key in range(LOWEST, LOWEST + KEYS):
            found = []
            for region in regions:
                if region.low <= key <= region.high:
                    sound = _begun(recorded[region.sample], sample_rate)[: round(LONGEST_SECONDS * sample_rate * 1.2)]
                    faster = _faster(sound, 2 ** ((key - region.centre + region.cents / 100) / 12))
                    found.append(((region.soft + region.loud) / 2, faster * np.float32(10 ** (region.decibels / 20))))
            layers.append(sorted(found, key=lambda layer: layer[0]))
        return cls(layers, sample_rate)

    @classmethod
    def of_soundfont(
        cls, path: str | os.PathLike[str], sample_rate: int, *, velocities: Sequence[int] = (20, 40, 58, 74, 90, 108, 124)
    ) -> NoteBank:
        """Return the grand piano of a SoundFont, each key rendered at some velocities."""
        player = SoundfontSynthesizer(path, program=0, sample_rate=sample_rate, room=0)
        layers = []
        for key in range(LOWEST, LOWEST + KEYS):
            rendered = []
            for velocity in velocities:
                ticks = round(LONGEST_SECONDS * 1000)
                score = Score(500, (Track(np.array([0]), np.array([ticks]), np.array([key]), np.array([velocity])),))
                mix = player.mixed(score)
                rendered.append((float(velocity), _begun(mix.mean(axis=0).astype(np.float32), sample_rate)))
            layers.append(rendered)
        return cls(layers, sample_rate)


def _bytes_of(file: Path, path: str | os.PathLike[str]) -> bytes:
    """What a recording's file holds."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ReadError(
            f"{Path(path).name}: its sample {file.name} could not be opened ({error.strerror}). Fetch the piano again."
        ) from error


def _loudness_db(sound: NDArray[np.float32], rate: int) -> float:
    """Level of the first half second."""
    begun = sound[: round(_LOUDNESS_SECONDS * rate)]
    return float(10 * np.log10(np.mean(np.square(begun, dtype=np.float64)) + 1e-12))


def _begun(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The sound from 2 ms before it reaches a tenth of its early peak, so that a strike is heard when it is played."""
    early = np.abs(sound[: rate // 2])
    if not early.size or early.max() == 0:
        return sound
    first = int((early > 0.1 * early.max()).argmax())
    return sound[max(first - rate // 500, 0) :]


def _faster(sound: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """The sound played `ratio` times as fast."""
    if ratio == 1:
        return sound
    places = np.arange(0, len(sound) - 1, ratio)
    return np.asarray(np.interp(places, np.arange(len(sound)), sound), np.float32)


def damped(key: int, rate: int, dampers: Dampers) -> NDArray[np.float32]:
    """Return what a damper leaves, sample by sample, shape (frames,).

    Args:
        key: MIDI.
        rate: Samples a second.
        dampers: How they work.
    """
    seconds = 6 * _constant(key, dampers)
    if dampers.leak > STILL:
        seconds = max(seconds, dampers.tail * math.log(dampers.leak / STILL))
    return share_left(key, np.arange(round(seconds * rate), dtype=np.float32) / np.float32(rate), dampers)


def share_left(key: int, contact: Seconds, dampers: Dampers) -> Seconds:
    """Return the share of its amplitude that a string has after some seconds under its damper.

    Low strings take longer, and some of what they sound it hardly reaches.

    Args:
        key: MIDI.
        contact: Seconds, of any shape.
        dampers: How they work.
    """
    fade: Seconds = (1 - dampers.leak) * np.exp(-contact / contact.dtype.type(_constant(key, dampers)))
    if dampers.leak:
        fade += dampers.leak * np.exp(-contact / contact.dtype.type(dampers.tail))
    return fade


def _constant(key: int, dampers: Dampers) -> float:
    """Seconds in which a damper brings a string to 1/e."""
    return (0.16 - 0.11 * min(max((key - LOWEST) / 60, 0.0), 1.0)) / dampers.speed
