"""Music as values.

A `Score` is what every reader makes, every encoding says and every writer takes: tracks of notes in columns,
tempo, metre, key, pedals and marks. It is frozen; a transformation returns a new one. It holds whole ticks
only, `ticks_per_quarter` of them to a quarter note; seconds are asked of `tempo`, bars of `meter`.
Pitches are MIDI keys (60 is middle C), velocities 1 to 127. A transcription, which has no beat, is written at
120 bpm and 500 ticks per quarter, so that one tick is one millisecond.

Read in this order: `note` (a track's columns), `score` (the whole), `tempo` and `meter` (seconds and bars),
`pitch` (names and spelling), `harmony` (key and chords), `chords` (half bar by half bar), `melody` (told from its
accompaniment), `transform` (transpose, cut, join, quantise), `notation` (what was played, as it can be written), `pedal`
(pedals as note lengths), `steps` (one keyboard in steps of 50 ms).
"""

from partimento.score.note import Track
from partimento.score.score import KeySignature, Mark, Score, Tempo, TimeSignature

__all__ = ["KeySignature", "Mark", "Score", "Tempo", "TimeSignature", "Track"]
