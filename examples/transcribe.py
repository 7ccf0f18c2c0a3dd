"""Transcribe: a recording of a piano into its notes.

Run: python examples/transcribe.py [RECORDING]
"""

import sys

import partimento
from partimento.files.sound import sound_bytes
from partimento.files.whole import write_whole
from partimento.score.pitch import pitch_name


def main(name: str = "") -> None:
    if not name:  # something to listen to
        piece = partimento.load("piano-performer").compose(seconds=10, seed=1)
        name = str(write_whole("played.wav", sound_bytes(partimento.render(piece), ".wav")))
    heard = partimento.transcribe(name)
    track = heard.tracks[0]
    for start, key, velocity in zip(track.start[:8].tolist(), track.pitch[:8].tolist(), track.velocity[:8].tolist(), strict=True):
        print(f"{start / 1000:6.2f} s  {pitch_name(key):<4} velocity {velocity}")
    print(f"{heard.note_count} notes in heard.mid", *heard.warnings, sep="\n")
    partimento.write(heard, "heard.mid")


if __name__ == "__main__":
    main(*sys.argv[1:])
