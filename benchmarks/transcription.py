"""Q5, S9: how many notes of real recordings ears find, how fast, and of the same recordings made worse.

Run: python benchmarks/transcription.py FOLDER NAME=BUNDLE [NAME=BUNDLE ...] [--every N] [--worse N]
FOLDER holds recordings (flac/*.flac) and what was played in each (tsv/*.tsv: onset, offset, note, velocity; offsets with the pedal), as
MAPS's ENSTDkCl does, of which no ear may have learnt. F1 in percent, mean of the pieces, as mir_eval counts (`evaluation.note_matching`):
notes by their onsets within 50 ms, with offsets, with velocities, with both. Speed: seconds of sound a second, one thread. Ears
measured before keep their rows. With --worse, every Nth piece again as by a telephone (300 to 3,400 Hz), with pink noise 20 dB below
it, and in a hall (1.2 s, as loud as what comes straight): F1 of notes by their onsets. Without arguments: what was measured last.
Goal: 93 / 60 / 40 (onsets, with offsets, with both), aiming past 94.1 / 66.6 / 44.9; 80 times real time; made worse, 8 less at most.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import measured, publish, show
from numpy.typing import NDArray

from partimento.evaluation.note_matching import Agreement, agreement, mean_f1
from partimento.files.recording import open_recording
from partimento.score.timed_notes import TimedNotes
from partimento.transcription.transcriber import BLOCK_SECONDS, Transcriber, load_transcriber

FIGURE = "Q5_transcription"

Sound = NDArray[np.float32]
"""Mono, shape (frames,)."""

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
    parser.add_argument("--worse", type=int, default=0, help="every so manieth piece made worse, too")
    options = parser.parse_args()
    if not options.bundles:
        show(FIGURE)
        return
    files = sorted((options.folder / "flac").glob("*.flac"))[:: options.every]
    rows = measured(FIGURE).get("rows", {})
    for entry in options.bundles:
        name, _, bundle = entry.partition("=")
        ear = load_transcriber(bundle)
        rows[name] = row(ear, files)
        if options.worse:
            rows[name]["made_worse"] = made_worse(ear, files[:: options.worse])
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
        notes = ear.notes_of(heard)
        took += time.perf_counter() - began
        found.append(agreement(played(file), notes))
    shares = {part: round(100 * float(np.mean([getattr(each.onset, part) for each in found])), 2) for part in ("precision", "recall")}
    return {"pieces": len(files), **mean_f1(found), **shares, "real_time_factor": round(heard_seconds / took, 1)}


def made_worse(ear: Transcriber, files: list[Path]) -> dict[str, float]:
    """F1 of notes by their onsets in recordings as they are and made worse."""
    found: dict[str, list[Agreement]] = {name: [] for name in ("as_they_are", *WORSE)}
    for file in files:
        with open_recording(file, sample_rate=ear.sample_rate) as recording:
            sound = np.concatenate(list(recording.blocks(ear.sample_rate * BLOCK_SECONDS)))
        for name, agreements in found.items():
            heard = ear.hear([WORSE[name](sound, ear.sample_rate) if name in WORSE else sound])
            notes = ear.notes_of(heard)
            agreements.append(agreement(played(file), notes))
    return {"pieces": len(files), **{name: mean_f1(agreements)["onset"] for name, agreements in found.items()}}


def by_telephone(sound: Sound, rate: int) -> Sound:
    """The band of a telephone."""
    hz = np.fft.rfftfreq(len(sound), 1 / rate)
    gain = 1 / np.sqrt((1 + (300 / np.maximum(hz, 1)) ** 14) * (1 + (hz / 3400) ** 14))
    return np.asarray(np.fft.irfft(np.fft.rfft(sound) * gain, len(sound)), np.float32)


def in_noise(sound: Sound, rate: int) -> Sound:
    """Pink noise whose root mean square lies 20 dB below that of the recording."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(len(sound)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.fft.rfftfreq(len(sound), 1 / rate), 20)), len(sound))
    return np.asarray(sound + noise * (0.1 * np.linalg.norm(sound) / np.linalg.norm(noise)), np.float32)


def in_a_hall(sound: Sound, rate: int) -> Sound:
    """Noise that dies away by 60 dB in 1.2 s, as loud as what comes straight."""
    count = round(1.2 * rate)
    tail = np.random.default_rng(1).standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    size = len(sound) + count
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return np.asarray(sound + wet * (np.linalg.norm(sound) / np.linalg.norm(wet)), np.float32)


WORSE: dict[str, Callable[[Sound, int], Sound]] = {"by_telephone": by_telephone, "in_noise": in_noise, "in_a_hall": in_a_hall}


def played(file: Path) -> TimedNotes:
    """What was played in a recording."""
    table = np.loadtxt(file.parent.parent / "tsv" / f"{file.stem}.tsv", skiprows=1)
    start, end, key, velocity = table.T
    return TimedNotes(start, np.maximum(end, start + 0.01), np.rint(key).astype(int), np.rint(velocity).astype(int))


if __name__ == "__main__":
    main()
