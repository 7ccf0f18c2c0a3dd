"""Render: a score into sound, with the instruments of a SoundFont.

Run: python examples/render.py [SCORE]
"""

import sys

import numpy as np

import partimento
from partimento.files.sound import sound_bytes
from partimento.files.whole import write_whole
from partimento.score import Score, Tempo, Track


def arpeggio() -> Score:
    """Return a broken chord, made note by note: 480 ticks are a quarter, 60 is middle C."""
    pitch = np.array([48, 55, 60, 64, 67, 72])
    start = 240 * np.arange(pitch.size)
    track = Track(start=start, duration=np.full(pitch.size, 960), pitch=pitch, velocity=np.full(pitch.size, 80), program=46)  # a harp
    return Score(480, (track,), (Tempo.of_bpm(0, 90),))


def main(name: str = "") -> None:
    score = partimento.read(name) if name else arpeggio()
    sound = partimento.render(score)
    print(f"{sound.seconds:.1f} s, {sound.samples.shape[0]} channels, {sound.sample_rate} Hz, loudest sample {sound.peak:.2f}")
    print(write_whole("sound.wav", sound_bytes(sound, ".wav")))


if __name__ == "__main__":
    main(*sys.argv[1:])
