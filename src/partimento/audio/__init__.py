"""Sound as values.

A `Waveform` is what every sound reader and synthesizer makes and every transcriber and sound writer takes:
float32 samples, shape (channels, frames), within -1 to 1, and a sample rate in hertz. A frame is one instant
of all channels. Levels are in decibels relative to full scale (dBFS): 0 is the loudest that can be written.

A `Spectrum` turns sound into what a network hears of it: energy in bands, on the keys of a piano (`thirds`) or not (`mel`).

Read `waveform`, then `resample`, which brings sound to another sample rate, whole or block by block, `level`, `clip` (short stretches,
equally loud to people), `spectrum`, and its two kinds.
"""

from partimento.audio.resample import resampled
from partimento.audio.waveform import Waveform

__all__ = ["Waveform", "resampled"]
