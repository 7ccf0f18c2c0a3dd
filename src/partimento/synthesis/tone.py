"""One key of one instrument: recording, pitch, envelopes, filter, place between left and right.

Source: SoundFont Technical Specification 2.04, sections 8 and 9 (the generators and the synthesis model).
Differs: the filter moves in steps of 23 ms that are blended; the modulation LFO moves pitch only; chorus and
reverb sends are left out; attenuation counts 0.4 of what is written, as on the EMU8000 for which most banks
were made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from partimento.synthesis.bank import ATTENUATION, Sample, SoundBank, Zone

Frames = NDArray[np.float32]

SILENT_DB = 96.0
"""Attenuation at which a tone is over: below the last bit of 16."""

SHORTEST_RELEASE_SECONDS = 0.03
"""A tone cut off faster clicks."""

OPEN_FILTER_CENTS = 13_500
"""A low-pass whose corner lies here or above lets everything through."""

_HOP_FRAMES = 1024  # a moving filter is set anew this often
_RINGING_FRAMES = 2048  # what a filter needs to fall silent

LOOP_CONTINUES, LOOP_UNTIL_RELEASE = 1, 3


@dataclass(frozen=True, eq=False)
class Tone:
    """The sound of a key held down, and how fast it fades once let go.

    Attributes:
        samples: Mono, shape (frames,), at full velocity.
        left: Gain to the left, 0 to 1.
        right: Gain to the right.
        release_seconds: Time in which it fades by `SILENT_DB` once let go.
    """

    samples: Frames
    left: float
    right: float
    release_seconds: float


def tone(bank: SoundBank, zone: Zone, key: int, *, sample_rate: int, seconds: float) -> Tone:
    """Return the sound of one zone of an instrument, its key held for `seconds`.

    Args:
        bank: Where the recording is.
        zone: Which recording, and how it is played; modulators already applied.
        key: MIDI key, 0 to 127.
        sample_rate: Frames per second of the result (Hz).
        seconds: How long at most; a tone that has died away is shorter.
    """
    angle = (float(np.clip(zone[17], -500, 500)) / 1000 + 0.5) * math.pi / 2  # equal power from left (0) to right
    samples = _zone_sound(zone, bank.sample(zone.sample), key, sample_rate=sample_rate, frames=math.ceil(seconds * sample_rate))
    return Tone(samples, math.cos(angle), math.sin(angle), release_seconds(zone))


def release_seconds(zone: Zone) -> float:
    """Return the time in which a zone's sound fades by `SILENT_DB` once its key is let go."""
    return max(_seconds(zone[38]) * SILENT_DB / 100, SHORTEST_RELEASE_SECONDS)


def _zone_sound(zone: Zone, sample: Sample, key: int, *, sample_rate: int, frames: int) -> Frames:
    """One recording sounding at a key, with everything but velocity, place and release."""
    gain = _volume_envelope(zone, key, sample_rate, frames)
    if not gain.size:
        return np.zeros(0, np.float32)
    time = np.arange(gain.size) / sample_rate
    modulation = _modulation_envelope(zone, key, time) if zone[7] or zone[11] else np.zeros(gain.size)
    position = _positions(zone, sample, key, time=time, modulation=modulation, sample_rate=sample_rate)
    sound = _read(zone, sample, position)
    sound = _filtered(zone, sound, modulation[: sound.size], sample_rate)
    return sound * gain[: sound.size]


def _seconds(timecents: float) -> float:
    """Timecents (1200 to a doubling, 0 is a second) as seconds; at most a minute and a half."""
    return 0.0 if timecents <= -12000 else float(2.0 ** (min(timecents, 8000) / 1200))


def _volume_envelope(zone: Zone, key: int, sample_rate: int, frames: int) -> Frames:
    """Gain at each frame while the key is held, up to the frame at which the tone is over."""
    delay, attack = _seconds(zone[33]), _seconds(zone[34])
    hold, decay = _seconds(zone[35] + zone[39] * (60 - key)), _seconds(zone[36] + zone[40] * (60 - key))
    sustain_db = float(np.clip(zone[37] / 10, 0, 100))
    level_db = max(zone[ATTENUATION], 0) * 0.4 / 10
    rise = delay + attack
    fall = rise + hold
    if sustain_db >= SILENT_DB:
        frames = min(frames, math.ceil((fall + decay * SILENT_DB / 100) * sample_rate) + 1)
    level_from = max(fall + max(decay, 1e-4) * sustain_db / 100, delay + max(attack, 1e-3))
    moving = min(frames, math.ceil(level_from * sample_rate) + 1)
    time = np.arange(moving) / sample_rate
    attenuation = np.clip((time - fall) / max(decay, 1e-4) * 100, 0, sustain_db) + level_db
    rising = np.clip((time[: math.ceil((delay + max(attack, 1e-3)) * sample_rate) + 1] - delay) / max(attack, 1e-3), 1e-6, 1)
    attenuation[: rising.size] -= 20 * np.log10(rising)
    gain = np.full(frames, 10 ** ((sustain_db + level_db) / -20), np.float32)
    gain[:moving] = np.power(10, attenuation / -20)
    return gain


def _modulation_envelope(zone: Zone, key: int, time: NDArray[np.float64]) -> NDArray[np.float64]:
    """The envelope that moves pitch and filter, 0 to 1 at each frame."""
    delay, attack = _seconds(zone[25]), _seconds(zone[26])
    hold, decay = _seconds(zone[27] + zone[31] * (60 - key)), _seconds(zone[28] + zone[32] * (60 - key))
    sustain = 1 - np.clip(zone[29] / 1000, 0, 1)
    falling = 1 - (time - delay - attack - hold) / max(decay, 1e-3)
    return np.asarray(np.minimum(np.clip((time - delay) / max(attack, 1e-3), 0, 1), np.clip(falling, sustain, 1)))


def _positions(
    zone: Zone, sample: Sample, key: int, *, time: NDArray[np.float64], modulation: NDArray[np.float64], sample_rate: int
) -> NDArray[np.float64]:
    """Where in the recording each frame is read, in its own frames, the loop not yet applied."""
    root = zone[58] if zone[58] >= 0 else sample.key
    played = zone[46] if zone[46] >= 0 else key
    cents = (played - root) * zone[56] + zone[51] * 100 + zone[52] + sample.cents
    step = sample.rate / sample_rate * 2.0 ** (np.clip(cents, -12000, 12000) / 1200)
    moving = zone[7] * modulation if zone[7] else 0.0
    for depth, delay, frequency in ((zone[5], zone[21], zone[22]), (zone[6], zone[23], zone[24])):
        if depth:
            cycles = np.maximum(time - _seconds(delay), 0) * 8.176 * 2.0 ** (frequency / 1200)
            moving = moving + depth * (1 - 4 * np.abs((cycles + 0.25) % 1 - 0.5))
    start = zone[0] + 32768 * zone[4]
    if isinstance(moving, float):
        return np.asarray(start + np.arange(time.size) * step)
    steps = step * 2.0 ** (np.clip(moving, -12000, 12000) / 1200)
    return np.asarray(start + np.concatenate([[0.0], np.cumsum(steps[:-1])]))


def _read(zone: Zone, sample: Sample, position: NDArray[np.float64]) -> Frames:
    """The recording at fractional positions, by cubic (Catmull-Rom) interpolation, looped where the zone says so."""
    values = sample.values
    begin = sample.loop[0] + int(zone[2] + 32768 * zone[45])
    stop = sample.loop[1] + int(zone[3] + 32768 * zone[50])
    end = min(values.size + int(zone[1] + 32768 * zone[12]), values.size)
    looped = int(zone[54]) & 3 in (LOOP_CONTINUES, LOOP_UNTIL_RELEASE) and 0 <= begin < stop - 1 and stop <= values.size
    position = np.maximum(position, 0)
    if not looped:
        position = position[: int(np.searchsorted(position, end - 1))]
        if not position.size or end < 2:
            return np.zeros(0, np.float32)
    whole = position.astype(np.int64)
    part = (position - whole).astype(np.float32)
    if looped:  # one more round of the loop, and on from it: every frame then has its neighbours beside it
        played = np.concatenate([values[:stop], values[begin:stop], values[begin : begin + 2]])
        after = whole >= stop
        whole[after] = stop + (whole[after] - stop) % (stop - begin)
    else:
        played = np.concatenate([values, values[-1:], values[-1:]])
    here, linear, square, cube = (row.take(whole, mode="clip") for row in _cubics(played))  # within, but clipping is faster
    return np.asarray(((cube * part + square) * part + linear) * part + here)


def _cubics(values: Frames) -> tuple[Frames, ...]:
    """Coefficients of the Catmull-Rom cubic that leads from each frame to the next, constant first, each (frames - 2,)."""
    here, after, beyond = values[:-2], values[1:-1], values[2:]
    before = np.concatenate([values[:1], values[:-3]])
    linear = (after - before) * np.float32(0.5)
    square = before - np.float32(2.5) * here + np.float32(2) * after - np.float32(0.5) * beyond
    return here, linear, square, np.float32(0.5) * (beyond - before) + np.float32(1.5) * (here - after)


def _filtered(zone: Zone, sound: Frames, modulation: NDArray[np.float64], sample_rate: int) -> Frames:
    """The sound through the zone's resonant low-pass, whose corner follows the modulation envelope."""
    resonance_db = float(np.clip(zone[9], 0, 960)) / 10
    corners = np.clip(zone[8] + zone[11] * modulation, 1500, OPEN_FILTER_CENTS)
    if not sound.size or (corners.min() >= OPEN_FILTER_CENTS and resonance_db <= 0):
        return sound
    if zone[11] == 0 or corners.max() - corners.min() < 1:
        size = _fast_size(sound.size + _RINGING_FRAMES)
        response = _still_low_pass(float(corners[0]), resonance_db, size, sample_rate)
        return np.fft.irfft(np.fft.rfft(sound, size) * response, size)[: sound.size].astype(np.float32)
    # A moving filter: windows that overlap by half and add up to one, each through the filter of its middle.
    count = -(-sound.size // _HOP_FRAMES) + 1
    padded = np.zeros((count + 1) * _HOP_FRAMES, np.float32)
    padded[_HOP_FRAMES : _HOP_FRAMES + sound.size] = sound
    window = np.sin(np.pi * (np.arange(2 * _HOP_FRAMES) + 0.5) / (2 * _HOP_FRAMES)) ** 2
    blocks = np.lib.stride_tricks.sliding_window_view(padded, 2 * _HOP_FRAMES)[::_HOP_FRAMES] * window.astype(np.float32)
    size = 2 * _HOP_FRAMES + _RINGING_FRAMES
    middles = corners[np.minimum(np.arange(count) * _HOP_FRAMES, corners.size - 1)]
    wet = np.fft.irfft(np.fft.rfft(blocks, size) * _low_pass(middles, resonance_db, size, sample_rate), size)
    out = np.zeros((count + size // _HOP_FRAMES) * _HOP_FRAMES)
    for part in range(size // _HOP_FRAMES):
        piece = wet[:, part * _HOP_FRAMES : (part + 1) * _HOP_FRAMES]
        out[part * _HOP_FRAMES : (part + count) * _HOP_FRAMES] += piece.reshape(-1)
    return out[_HOP_FRAMES : _HOP_FRAMES + sound.size].astype(np.float32)


def _fast_size(least: int) -> int:
    """The next size of which a Fourier transform is fast: a power of two times 1, 3, 5, 9 or 15."""
    return min(odd << max((-(-least // odd) - 1).bit_length(), 0) for odd in (1, 3, 5, 9, 15))


@lru_cache(maxsize=16)
def _one_frame_later(size: int) -> NDArray[np.complex64]:
    """The response of a delay by one frame."""
    return np.asarray(np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size), np.complex64)


@lru_cache(maxsize=16)
def _still_low_pass(corner_cents: float, resonance_db: float, size: int, sample_rate: int) -> NDArray[np.complex64]:
    """The response of a low-pass that does not move: notes of one instrument share it."""
    return np.asarray(_low_pass(np.array([corner_cents]), resonance_db, size, sample_rate)[0])


def _low_pass(corner_cents: NDArray[np.float64], resonance_db: float, size: int, sample_rate: int) -> NDArray[np.complex64]:
    """The response of a two-pole low-pass (bilinear transform), shape (corners, frequencies of a real FFT of `size`)."""
    delayed = _one_frame_later(size)
    frequency = np.minimum(8.176 * 2.0 ** (corner_cents / 1200), 0.45 * sample_rate)[:, None]
    omega = 2 * math.pi * frequency / sample_rate
    quality = 10 ** ((resonance_db - 3.01) / 20)  # 0 dB of resonance is the flattest filter, Q = 0.707
    alpha = (np.sin(omega) / (2 * quality)).astype(np.float32)
    cosine = np.cos(omega).astype(np.float32)
    gain = 1 / math.sqrt(10 ** (resonance_db / 20))  # as loud as without the resonance
    numerator = (1 - cosine) * np.float32(gain / 2) * (1 + delayed) ** 2
    denominator = (1 + alpha) - 2 * cosine * delayed + (1 - alpha) * delayed**2
    return np.asarray(numerator / denominator)
