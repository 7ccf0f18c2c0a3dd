"""Reimagine: a recording of a piano is heard, gone on from, and played in its own tuning.

Run: python examples/reimagine.py [RECORDING]
"""

import sys

import partimento
from partimento.audio.resample import resampled
from partimento.files.sound import read_sound, sound_bytes
from partimento.files.whole import write_whole
from partimento.generation.reimagining import continued
from partimento.synthesis import SoundfontSynthesizer
from partimento.synthesis.likeness import Likeness


def main(name: str = "") -> None:
    if not name:  # something to listen to
        piece = partimento.load("piano-performer").compose(seconds=10, seed=1)
        name = str(write_whole("played.wav", sound_bytes(partimento.render(piece), ".wav")))
    heard = partimento.transcribe(name)
    made = continued(partimento.load("piano-performer"), heard, 10.0, seed=2)
    with open(name, "rb") as file:
        recording = resampled(read_sound(file.read(), name).to_mono(), 16_000)
    likeness = Likeness.of(recording.samples[0], recording.sample_rate)
    sound = likeness.rendered(made.whole, SoundfontSynthesizer())
    write_whole("reimagined.flac", sound_bytes(sound, ".flac"))
    print(f"{heard.note_count} notes heard, {made.new.note_count} new ones, {likeness.cents:+.0f} cents")


if __name__ == "__main__":
    main(*sys.argv[1:])
