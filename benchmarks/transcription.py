"""Q5, S9: how many notes of real recordings ears find, and how fast.

Run: python benchmarks/transcription.py FOLDER NAME=BUNDLE [NAME=BUNDLE ...] [--every N]
FOLDER holds recordings (flac/*.flac) and what was played in each (tsv/*.tsv: onset, offset, note, velocity; offsets with the pedal), as
MAPS's ENSTDkCl does, of which no ear may have learnt. F1 in percent, mean of the pieces, as mir_eval counts (`evaluation.note_matching`):
notes by their onsets within 50 ms, with offsets, with velocities, with both. Speed: seconds of sound a second, one thread. Ears
measured before keep their rows. Without arguments: what was measured last.
Goal: 93 / 60 / 40 (onsets, with offsets, with both), aiming past 94.1 / 66.6 / 44.9; 80 times real time.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from measure import measured, publish, show

from partimento.audio.log_spectrum import SPECTRA_PER_SECOND
from partimento.evaluation.note_matching import Agreement, agreement, mean_f1
from partimento.files.recording import open_recording
from partimento.models.key_net_shape import HEADS
from partimento.transcription.note_decoding import HeardNotes, notes_of
from partimento.transcription.transcriber import BLOCK_SECONDS, Transcriber, load_transcriber

FIGURE = "Q5_transcription"

SEEN = {
    "basic_pitch": {"onset": 69.9, "condition": "all pieces; 71.7 with short notes"},
    "onsets_and_frames": {"onset": 86.1, "condition": "published, on all of MAPS"},
    "transkun_v2": {"onset": 94.1, "offset": 66.6, "all": 44.9, "condition": "ten of these pieces; 0.85 times real time"},
}
"""F1 of others, seen elsewhere and not in this run."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("bundles", nargs="*", metavar="NAME=BUNDLE")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth piece")
    options = parser.parse_args()
    if not options.bundles:
        show(FIGURE)
        return
    files = sorted((options.folder / "flac").glob("*.flac"))[:: options.every]
    rows = measured(FIGURE).get("rows", {})
    for entry in options.bundles:
        name, _, bundle = entry.partition("=")
        rows[name] = row(load_transcriber(bundle), files)
    publish(FIGURE, {"definition": __doc__.split("\n")[0], "rows": rows, "seen_elsewhere": SEEN})


def row(ear: Transcriber, files: list[Path]) -> dict[str, Any]:
    """What an ear finds, and how fast."""
    found: list[Agreement] = []
    heard_seconds, took = 0.0, 0.0
    for file in files:
        began = time.perf_counter()
        with open_recording(file, sample_rate=ear.sample_rate) as recording:
            heard = ear.hear(recording.blocks(ear.sample_rate * BLOCK_SECONDS))
            heard_seconds += recording.seconds
        notes = notes_of(*(heard.curve(head) for head in HEADS), thresholds=ear.thresholds, rate=SPECTRA_PER_SECOND)
        took += time.perf_counter() - began
        found.append(agreement(played(file), notes))
    shares = {part: round(100 * float(np.mean([getattr(each.onset, part) for each in found])), 2) for part in ("precision", "recall")}
    return {"pieces": len(files), **mean_f1(found), **shares, "real_time_factor": round(heard_seconds / took, 1)}


def played(file: Path) -> HeardNotes:
    """What was played in a recording."""
    table = np.loadtxt(file.parent.parent / "tsv" / f"{file.stem}.tsv", skiprows=1)
    start, end, key, velocity = table.T
    return HeardNotes(start, np.maximum(end, start + 0.01), np.rint(key).astype(int), np.rint(velocity).astype(int))


if __name__ == "__main__":
    main()
