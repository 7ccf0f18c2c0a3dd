"""The two envelopes of a note whose key is held: of its loudness, and of what moves pitch and filter.

Source: SoundFont Technical Specification 2.04, sections 8.1.2 (generators 25 to 40) and 9. Differs: attenuation counts 0.4 of what is
written, as on the EMU8000 for which most banks were made.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from partimento.synthesis.bank import ATTENUATION, Zone

Frames = NDArray[np.float32]
Numbers = NDArray[np.float64]

SILENT_DB = 80.0
"""What lies further below the loudest moment of a note is not heard."""

SHORTEST_ATTACK_SECONDS, SHORTEST_DECAY_SECONDS = 1e-3, 1e-4
"""What is faster is heard as a click; pitch and filter are where they should be at once."""

_FRAMES_A_ROW = 512


def seconds_of(timecents: float) -> float:
    """Return timecents (1200 to a doubling, 0 is a second) as seconds, at most a minute and a half."""
    return 0.0 if timecents <= -12000 else float(2.0 ** (min(timecents, 8000) / 1200))


def loudness(zone: Zone, key: int, *, sample_rate: int, frames: int) -> Frames:
    """Return the gain at each frame, shape (frames,), or fewer where the note falls silent before."""
    delay, attack = seconds_of(zone[33]), max(seconds_of(zone[34]), SHORTEST_ATTACK_SECONDS)
    hold, decay = seconds_of(zone[35] + zone[39] * (60 - key)), max(seconds_of(zone[36] + zone[40] * (60 - key)), SHORTEST_DECAY_SECONDS)
    sustain_db = float(np.clip(zone[37] / 10, 0, 100))
    level = 10 ** (max(zone[ATTENUATION], 0) * 0.4 / 10 / -20)
    fall = (delay + seconds_of(zone[34]) + hold) * sample_rate  # frame at which the decay begins
    db_per_frame = 100 / (decay * sample_rate)
    if sustain_db >= SILENT_DB:
        frames = min(frames, math.ceil(fall + SILENT_DB / db_per_frame) + 1)
    gain = np.full(frames, level, np.float32)
    first, last = (min(math.ceil(at), frames) for at in (fall, fall + sustain_db / db_per_frame))
    gain[first:last] = falling(last - first, level * 10 ** (db_per_frame * (fall - math.ceil(fall)) / 20), db_per_frame)
    gain[last:] = level * 10 ** (sustain_db / -20)
    rise = min(math.ceil((delay + attack) * sample_rate) + 1, frames)
    gain[:rise] *= np.clip((np.arange(rise) / sample_rate - delay) / attack, 1e-6, 1)
    return gain


def falling(frames: int, level: float, db_per_frame: float) -> Frames:
    """Return an amplitude that falls from `level` in a straight line of dB, shape (frames,)."""
    rows = np.arange(-(-frames // _FRAMES_A_ROW)) * _FRAMES_A_ROW
    starts, fall = (10 ** (at * (db_per_frame / -20)) for at in (rows, np.arange(_FRAMES_A_ROW)))
    return np.outer((level * starts).astype(np.float32), fall.astype(np.float32)).reshape(-1)[:frames]


def modulation(zone: Zone, key: int, time: Numbers) -> Numbers:
    """Return the envelope that moves pitch and filter, 0 to 1, at each of `time` (seconds, any shape)."""
    delay, attack = seconds_of(zone[25]), seconds_of(zone[26])
    hold, decay = seconds_of(zone[27] + zone[31] * (60 - key)), max(seconds_of(zone[28] + zone[32] * (60 - key)), 1e-3)
    rising = np.clip((time - delay) / attack, 0, 1) if attack > SHORTEST_ATTACK_SECONDS else (time >= delay).astype(float)
    falling = np.clip(1 - (time - delay - attack - hold) / decay, 1 - np.clip(zone[29] / 1000, 0, 1), 1)
    return np.asarray(np.minimum(rising, falling))
