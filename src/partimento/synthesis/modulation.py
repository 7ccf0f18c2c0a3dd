"""What a key and a velocity do to an instrument's settings.

Source: SoundFont Technical Specification 2.04, sections 8.2 to 8.4 and 9.5. Differs: controllers stand at the
values they have when nobody moves them, so a modulator is worked out once, when the key is struck.
"""

from __future__ import annotations

import math
from dataclasses import replace

from partimento.synthesis.bank import ATTENUATION, Modulator, Zone

VELOCITY_STEP = 16
"""Velocities that share one tone colour; loudness follows every velocity."""

_NO_SOURCE, _VELOCITY, _KEY = 0, 2, 3
_RESTING = {7: 100, 8: 64, 10: 64, 11: 127}  # controllers that rest at another value than 0


def layer(velocity: int) -> int:
    """Return which tone colour a velocity (1 to 127) has, 0 the softest."""
    return velocity // VELOCITY_STEP


def struck(zone: Zone, key: int, velocity: int) -> Zone:
    """Return the zone with its settings as a key (0 to 127) struck at a velocity (1 to 127) makes them, loudness apart."""
    middle = layer(velocity) * VELOCITY_STEP + VELOCITY_STEP // 2
    settings = dict(zone.settings)
    for modulator in zone.modulators:
        if modulator.generator != ATTENUATION and modulator.amount:
            settings[modulator.generator] = settings.get(modulator.generator, zone[modulator.generator]) + _change(modulator, key, middle)
    return replace(zone, settings=settings, modulators=())


def velocity_gain(zone: Zone, key: int, velocity: int) -> float:
    """Return the amplitude that a key (0 to 127) struck at a velocity (1 to 127) has, 1 being the loudest."""
    told = (modulator for modulator in zone.modulators if modulator.generator == ATTENUATION and modulator.amount)
    centibels = sum(_change(modulator, key, velocity) for modulator in told)
    return float(10 ** (min(max(centibels, 0.0), 1440.0) / -200))


def _change(modulator: Modulator, key: int, velocity: int) -> float:
    """What a modulator adds to its generator."""
    amount = modulator.amount * _value(modulator.source, key, velocity)
    if modulator.scale:
        amount *= _value(modulator.scale, key, velocity)
    return abs(amount) if modulator.transform == 2 else amount


def _value(source: int, key: int, velocity: int) -> float:
    """A source's value, mapped as its curve, direction and polarity say: 0 to 1, or -1 to 1."""
    index = source & 0x7F
    if source & 0x80:
        raw = _RESTING.get(index, 0)
    elif index == _NO_SOURCE:
        return 1.0
    else:
        raw = velocity if index == _VELOCITY else key if index == _KEY else 64 if index == 14 else 0
    falling, bipolar, curve = bool(source & 0x100), bool(source & 0x200), source >> 10
    if curve == 3:  # a switch
        on = (raw >= 64) != falling
        return float(on) if not bipolar else 2.0 * on - 1
    if curve == 0:
        place = (128 - raw if falling else raw) / 128
        return 2 * place - 1 if bipolar else place
    place = (127 - raw if falling else raw) / 127
    if not bipolar:
        return _bent(place, curve)
    place = 2 * place - 1
    return math.copysign(_bent(abs(place), curve), place)


def _bent(place: float, curve: int) -> float:
    """A concave (1) or convex (2) curve from 0 to 1: 40 dB a decade, of 96 dB in all."""
    distance = 1 - place if curve == 1 else place
    rise = min(-400 / 960 * math.log10(distance), 1.0) if distance > 0 else 1.0
    return rise if curve == 1 else 1 - rise
