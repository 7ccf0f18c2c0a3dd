"""Scores become sound.

A `Synthesizer` takes a `Score` and returns a `Waveform`; what it needs besides (a bank of recorded
instruments, a trained model) it is given when it is made. `SoundfontSynthesizer` plays every score with
sampled instruments and needs nothing but numpy and a SoundFont file: its own code reads the bank and sounds
the notes, so a damaged bank is an error and never a crash, and the same score, bank and settings give the
same samples whatever the number of threads. Pedals are told as note lengths first (`score.pedal`).

`WaveNetVoice` plays piano scores with a network that has learnt one piano's sound; what it is told is a `note_roll`.
A `NoteBank` is one piano whose notes were rendered or recorded once: not for listening, but to feed an ear that learns.

Read in this order: `synthesizer` (the protocols), `soundfont` (the player), `bank` (the file), `recording`, `instrument` (what sounds
for a key), `tone` (one key held down) with `pitched_recordings`, `low_pass` and `envelope`, `mixing`, `room`; `note_bank`, `half_pedal`
(a bank under hands and a foot), `strings` (pianos drawn by chance); `playable` (what a piano can play), `modal_voice`; `note_roll`,
`sketch`, `stretches`, `wavenet_voice`; `likeness` (a score in the tuning and loudness of a recording).
"""

from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.synthesis.synthesizer import Synthesizer

__all__ = ["SoundfontSynthesizer", "Synthesizer"]
