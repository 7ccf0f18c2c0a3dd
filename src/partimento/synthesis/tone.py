"""One key of one instrument, held down: its recordings, filter and loudness.

Source: SoundFont Technical Specification 2.04, sections 8 and 9 (the generators and the synthesis model).
Differs: the modulation LFO moves pitch only; chorus and reverb sends are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.synthesis.bank import Zone
from partimento.synthesis.envelope import SILENT_DB, loudness, modulation, seconds_of
from partimento.synthesis.instrument import Voice
from partimento.synthesis.low_pass import BLOCK_FRAMES, STRETCH_FRAMES, low_passed
from partimento.synthesis.pitched_recordings import PitchedRecordings

Frames = NDArray[np.float32]

SHORTEST_RELEASE_SECONDS = 0.03
"""A tone cut off faster clicks."""

OPEN_FILTER_CENTS = 13_500
"""A low-pass whose corner lies here or above lets everything through."""


@dataclass(frozen=True, eq=False)
class Tone:
    """The sound of a key held down.

    Attributes:
        samples: Shape (zones, frames), at full velocity.
        peaks: The loudest of each `STRETCH_FRAMES` frames in any zone, shape (stretches,).
    """

    samples: Frames
    peaks: Frames


def tone(recordings: PitchedRecordings, voice: Voice, *, sample_rate: int, frames: int) -> Tone:
    """Return the sound of a voice, its key held for `frames`.

    Args:
        recordings: Where the recordings are.
        voice: Which, and how they are played.
        sample_rate: Frames per second of the result (Hz).
        frames: How long at least; a tone that has died away is shorter.

    Raises:
        AudioError: When a recording lies outside the bank or cannot be decoded.
    """
    shape, key = voice.zones[0], voice.key
    sound = recordings.read(voice, frames)
    frames = min(-(-frames // STRETCH_FRAMES) * STRETCH_FRAMES, sound.shape[1])
    gain = loudness(shape, key, sample_rate=sample_rate, frames=frames)
    stretches = -(-gain.size // STRETCH_FRAMES)
    dry = sound[:, : stretches * STRETCH_FRAMES]
    wet = _filtered(shape, dry, key, sample_rate)
    sound = np.multiply(wet[:, : gain.size], gain, out=None if wet is dry else wet[:, : gain.size])
    edges = np.arange(stretches) * STRETCH_FRAMES
    peaks = np.maximum(np.maximum.reduceat(sound, edges, axis=1), -np.minimum.reduceat(sound, edges, axis=1)).max(axis=0)
    return Tone(sound, peaks)


def release_seconds(zone: Zone) -> float:
    """Return the time in which a zone's sound fades by `SILENT_DB` once its key is let go."""
    return max(seconds_of(zone[38]) * SILENT_DB / 100, SHORTEST_RELEASE_SECONDS)


def _filtered(zone: Zone, sound: Frames, key: int, sample_rate: int) -> Frames:
    """The sound through the zone's resonant low-pass, whose corner follows the modulation envelope."""
    resonance_db = float(np.clip(zone[9], 0, 960)) / 10
    lowest = min(max(zone[8] + min(zone[11], 0), 1500), OPEN_FILTER_CENTS)
    if not sound.size or (lowest >= OPEN_FILTER_CENTS and resonance_db <= 0):
        return sound
    time = np.asarray((np.arange(sound.shape[1] // BLOCK_FRAMES) + 0.5) * (BLOCK_FRAMES / sample_rate), np.float64)
    moved = zone[11] * modulation(zone, key, time) if zone[11] else np.zeros(time.size)
    corners = np.asarray(np.clip(zone[8] + moved, 1500, OPEN_FILTER_CENTS), np.float64)
    return low_passed(sound, corners, resonance_db=resonance_db, lowest_cents=lowest, sample_rate=sample_rate)
