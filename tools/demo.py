"""What `make demo` shows: one new piece, where it lies, and how to hear it.

usage: demo.py [MODEL]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path("composed")

USES = {
    "html": "open this first, in any browser: staves, piano roll and a play button",
    "wav": "the sound, for any music player",
    "png": "a picture of the score",
    "mid": "for a keyboard, a sequencer or a game",
    "musicxml": "for MuseScore, Sibelius, Dorico: edit it, print it, sing it",
    "abc": "the same as text",
}


def main(model: list[str]) -> int:
    """Compose one piece and tell about it."""
    command = [sys.executable, "-m", "partimento.cli", "compose", "--json", "--out", str(FOLDER)]
    result = subprocess.run([*command, *(["--model", *model] if model else [])], stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        return result.returncode
    told = json.loads(result.stdout)
    piece = told["pieces"][0]
    print(f"\nHere is a new piece: {piece['bars']} bars in {piece['key']}, {piece['seconds']:.0f} seconds, {piece['notes']} notes.")
    print(f"It was written just now by the model {told['model']} from the number {told['seed']}; the same number gives the same piece.")
    own = piece["originality"]
    if own is not None and own["longest_copy_notes"]:
        print(f"The longest run of notes it shares with a piece the model learned from: {own['longest_copy_notes']}, in {own['source']}.")
    elif own is not None:
        print("It shares no run of 8 notes with any piece the model learned from.")
    files = {kind: piece["files"][kind] for kind in USES if kind in piece["files"]}
    width = max(map(len, files.values()))
    print("\nIts files:")
    for kind, path in files.items():
        print(f"  {path.ljust(width)}  {USES[kind]}")
    page = Path(files["html"])
    verb = os.path.join(os.path.relpath(Path(sys.executable).parent), "partimento")
    print(f"\nTo hear it, double-click {page}, or paste this into a browser's address line:\n  {page.resolve().as_uri()}")
    print(f'\nAnother one: make demo\nYour own wishes: {verb} compose --bars 16 --key "D minor" --tempo 80 --seed 7')
    print(f"Everything it can do: {verb} --help\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
