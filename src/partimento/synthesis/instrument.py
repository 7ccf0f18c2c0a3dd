"""Which recordings of an instrument sound when a key is struck, and how loud."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from partimento.synthesis.bank import ATTENUATION, DEFAULTS, Zone
from partimento.synthesis.modulation import layer, struck, velocity_gain

_READING = (0, 4, 1, 12, 2, 45, 3, 50, 54, 58, 46, 56, 51, 52, 5, 21, 22, 6, 23, 24, 7)
"""Generators that say where a recording starts, ends and loops, its pitch, and what sways that."""

_MOVING = (25, 26, 27, 28, 29, 31, 32)
"""Those of the envelope that moves pitch and filter."""

_SHAPING = (8, 9, 11, 33, 34, 35, 36, 37, 38, 39, 40, ATTENUATION)
"""Those of filter and loudness, release included."""

_UNWRITTEN = {**dict.fromkeys(_READING + _MOVING + _SHAPING, 0), **DEFAULTS}
_reading, _shape = itemgetter(*_READING), itemgetter(*_SHAPING, *_MOVING)


@dataclass(frozen=True, eq=False)
class Voice:
    """Zones that sound together and are shaped alike: most often the left and the right of one recording.

    Attributes:
        key: MIDI key, 0 to 127.
        zones: With their settings as the key and the colour of the velocity make them.
        read: What tells its recordings, as they are at this key's pitch, from others'.
    """

    key: int
    zones: tuple[Zone, ...]
    read: tuple[float, ...]


class Sounding(NamedTuple):
    """A voice, and the gain of each of its zones to the left and to the right."""

    voice: Voice
    left: tuple[float, ...]
    right: tuple[float, ...]


class Instrument:
    """The zones of one instrument by key and velocity; what was asked for is remembered.

    Args:
        zones: As `SoundBank.zones` has them.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones
        self._of_key: dict[int, list[int]] = {}
        self._voices: dict[tuple[int, int, tuple[int, ...]], list[tuple[Voice, tuple[int, ...]]]] = {}
        self._distinct: dict[tuple[object, ...], Voice] = {}
        self._sounding: dict[tuple[int, int], tuple[Sounding, ...]] = {}

    def strike(self, key: int, velocity: int) -> tuple[Sounding, ...]:
        """Return what sounds for a key (0 to 127) struck at a velocity (1 to 127)."""
        if (key, velocity) not in self._sounding:
            if key not in self._of_key:
                self._of_key[key] = [at for at, zone in enumerate(self._zones) if zone.keys[0] <= key <= zone.keys[1]]
            playing = tuple(at for at in self._of_key[key] if self._zones[at].plays(key, velocity))
            gains = {at: velocity_gain(self._zones[at], key, velocity) for at in playing}
            found = []
            for voice, members in self._alike(key, velocity, playing):
                places = [_place(zone) for zone in voice.zones]
                left, right = (tuple(gains[at] * place[side] for at, place in zip(members, places, strict=True)) for side in (0, 1))
                found.append(Sounding(voice, left, right))
            self._sounding[key, velocity] = tuple(found)
        return self._sounding[key, velocity]

    def _alike(self, key: int, velocity: int, playing: tuple[int, ...]) -> list[tuple[Voice, tuple[int, ...]]]:
        """The voices that some zones make at the colour of a velocity, each with its zones' numbers."""
        ident = (key, layer(velocity), playing)
        if ident not in self._voices:
            groups: dict[tuple[float, ...], list[int]] = {}
            zones = {at: struck(self._zones[at], key, velocity) for at in playing}
            for at, zone in zones.items():
                groups.setdefault(_shape({**_UNWRITTEN, **zone.settings}), []).append(at)
            voices = []
            for shape, members in groups.items():
                alike = tuple(zones[at] for at in members)
                read = tuple(value for zone in alike for value in (zone.sample, *_reading({**_UNWRITTEN, **zone.settings})))
                read += shape * any(zone[7] for zone in alike)
                voice = self._distinct.setdefault((key, *members, read, shape), Voice(key, alike, read))
                voices.append((voice, tuple(members)))
            self._voices[ident] = voices
        return self._voices[ident]


def _place(zone: Zone) -> tuple[float, float]:
    """A zone's gain to the left and to the right, of equal power wherever it is."""
    angle = (float(np.clip(zone[17], -500, 500)) / 1000 + 0.5) * math.pi / 2
    return math.cos(angle), math.sin(angle)
