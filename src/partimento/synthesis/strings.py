"""Pianos that nobody built: strings, hammers and soundboards drawn by chance, lest an ear learn the few pianos there are by heart.

Not for listening. Each key is a sum of partials. Sources: inharmonicity and its growth along the keyboard, Fletcher and Rossing 1998
(The Physics of Musical Instruments, 12.3); two rates of decay where two or three strings of a key are a little out of tune with each
other, Weinreich 1977; partials that the hammer strikes near their nodes are weak; harder hammers are brighter. What a soundboard does
is a smooth curve at random over frequency, and a level at random for every partial.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from partimento.synthesis.note_bank import KEYS, LOWEST, NoteBank

VELOCITIES = (20, 50, 80, 110)
MOST_PARTIALS, MOST_SECONDS = 40, 8.0

_STILL, _SLOWER = 0.003, 5.0  # amplitude of a string that is still; how much slower the second rate of decay is
_HIGHEST_SHARE = 0.47  # of the sample rate
_OCTAVES = (-4.2, 4.4)  # from A4, of the soundboard


def string_bank(random: np.random.Generator, sample_rate: int) -> NoteBank:
    """Return a piano drawn by chance; it takes about half a minute.

    Args:
        random: Where chance comes from.
        sample_rate: Hz.
    """
    piano = _Piano(random)
    return NoteBank([piano.key(LOWEST + place, sample_rate) for place in range(KEYS)], sample_rate)


class _Piano:
    """What its keys have in common."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._stiff = 10 ** random.uniform(-3.9, -3.3)  # inharmonicity at A4
        self._stretch = random.uniform(0.0, 1.2)  # cents an octave by which octaves are wide
        self._struck = 1 / random.uniform(7.0, 9.5)  # of a string's length
        self._ring = 2 ** random.uniform(-0.8, 0.8)  # how long it rings
        self._slow = 10 ** random.uniform(-1.3, -0.4)  # share of what decays slowly
        self._unison = random.uniform(0.2, 1.2)  # cents between strings
        self._soft, self._hard = random.uniform(-16, -11), random.uniform(-8, -4)  # dB an octave, by touch
        self._range = random.uniform(28, 42)  # dB from the softest to the loudest
        self._treble, self._bass = random.uniform(0.15, 0.45), random.uniform(0.0, 0.2)  # dB a semitone, away from the middle
        self._knock = random.uniform(-38, -18)  # dB below the note
        self._board = random.normal(0, random.uniform(2, 5), 24)  # dB over frequency
        self._uneven = random.uniform(1, 4)  # dB from partial to partial

    def key(self, key: int, rate: int) -> list[tuple[float, NDArray[np.float32]]]:
        """Return a key's layers: velocity, and sound of shape (frames,)."""
        hz = 440 * 2 ** ((key - 69) / 12 + self._stretch * (key - 69) / 12 / 1200)
        partials, decay = self._partials(hz, key, rate)
        ringing = self._ringing(partials, decay, rate)
        levels = np.stack([self._levels(hz, partials, velocity) for velocity in VELOCITIES])
        sounds = levels.astype(np.float32) @ ringing
        knock = self._thump(key, rate)
        layers = []
        for velocity, sound in zip(VELOCITIES, sounds, strict=True):
            begun = sound[: rate // 2]
            loud = float(np.sqrt(np.mean(np.square(begun)))) + 1e-9
            sound[: len(knock)] += knock[: len(sound)] * np.float32(loud * 10 ** ((self._knock + velocity / 16) / 20))
            attack = max(2, round(rate * (0.006 - 0.00004 * velocity)))
            sound[:attack] *= np.linspace(0, 1, attack, dtype=np.float32)
            softer = self._treble * max(key - 60, 0) + self._bass * max(60 - key, 0)
            wanted = 10 ** ((self._range * ((velocity / 127) ** 0.8 - 1) - softer) / 20)
            layers.append((float(velocity), np.asarray(sound * np.float32(wanted / loud), np.float32)))
        return layers

    def _partials(self, hz: float, key: int, rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Frequencies of the partials, and how fast each dies away at first, in nepers a second."""
        stiff = self._stiff * (2 ** ((key - 69) / 8) if key > 45 else 2 ** ((45 - 69) / 8 + (45 - key) / 16))
        number = np.arange(1, MOST_PARTIALS + 1)
        partials = hz * number * np.sqrt(1 + stiff * number**2) / np.sqrt(1 + stiff)
        partials = partials[partials < _HIGHEST_SHARE * rate]
        decay = (0.35 + 2.2 * (hz / 440) ** 0.8 * 0.6 + 1.1e-3 * partials) / self._ring
        return partials, decay * 2 ** self._random.normal(0, 0.3, partials.size)

    def _ringing(self, partials: NDArray[np.float64], decay: NDArray[np.float64], rate: int) -> NDArray[np.float32]:
        """Every partial as it rings, of amplitude 1 at first, until all are still, shape (partials, frames)."""
        slow = np.clip(self._slow * 2 ** self._random.normal(0, 0.5, partials.size), 0.01, 0.8)
        still = np.maximum(np.log(1 / _STILL) / decay, np.log(np.maximum(slow / _STILL, 1)) * _SLOWER / decay)
        frames = round(min(MOST_SECONDS, float(still.max())) * rate)
        time = np.arange(frames, dtype=np.float32) / np.float32(rate)
        found = np.empty((partials.size, frames), np.float32)
        detuned = 2 ** (self._unison * self._random.normal(0, 1, partials.size) / 1200)
        phase = self._random.uniform(0, 2 * np.pi, (2, partials.size))
        for row, (hz, fast) in enumerate(zip(partials, decay, strict=True)):
            one, other = (
                np.sin(_turns(hz * ratio, frames, rate) + np.float32(start))
                for ratio, start in ((1.0, phase[0, row]), (detuned[row], phase[1, row]))
            )
            first, second = (np.exp(-np.float32(rate_of) * time) for rate_of in (fast, fast / _SLOWER))
            found[row] = (1 - slow[row]) * first * one + slow[row] * second * other
        end = min(frames, rate // 2)  # of those that ring longer
        found[:, frames - end :] *= np.linspace(1, 0, end, dtype=np.float32)
        return found

    def _levels(self, hz: float, partials: NDArray[np.float64], velocity: float) -> NDArray[np.float64]:
        """Amplitude of each partial."""
        slope = self._soft + (self._hard - self._soft) * velocity / 127
        decibels = slope * np.log2(partials / hz)
        decibels += np.interp(np.log2(partials / 440), np.linspace(*_OCTAVES, self._board.size), self._board)
        decibels += np.random.default_rng(round(hz * 100)).normal(0, self._uneven, partials.size)
        if hz < 110:  # a soundboard is too small for the lowest partials
            decibels -= 12 * np.maximum(0, np.log2(90 / partials))
        node = np.abs(np.sin(np.pi * np.arange(1, partials.size + 1) * self._struck))
        return np.asarray(10 ** (decibels / 20) * np.maximum(node, 0.05))

    def _thump(self, key: int, rate: int) -> NDArray[np.float32]:
        """The knock of the hammer and the key, about 40 ms, root mean square 1 over its first half."""
        frames = rate // 20
        noise = np.fft.rfft(self._random.normal(size=frames))
        hz = np.fft.rfftfreq(frames, 1 / rate)
        middle = 300 * 2 ** ((key - 60) / 40)
        shaped = np.fft.irfft(noise / (1 + (hz / middle) ** 2), frames) * np.exp(-np.arange(frames) / (0.012 * rate))
        return np.asarray(shaped / (np.sqrt(np.mean(np.square(shaped[: frames // 2]))) + 1e-9), np.float32)


def _turns(hz: float, frames: int, rate: int) -> NDArray[np.float32]:
    """The phase of an oscillator, in radians within one turn, so that float32 keeps it."""
    cycles = np.arange(frames) * (hz / rate)
    return np.asarray((cycles - np.floor(cycles)) * (2 * np.pi), np.float32)
