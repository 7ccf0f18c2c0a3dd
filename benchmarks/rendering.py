"""S10: how fast scores become sound, beside FluidSynth and symusic on the same pieces and bank, and notes mixed to feed training.

Run: python benchmarks/rendering.py NAME=FILE[@PROGRAMS] ... [--banks FILE ...] [--runs 5]

Without pieces it prints what was measured last. A piece is any score; with @56,60 its tracks are played on these General MIDI programs by
turns. All hear the same notes and pedals from the same MIDI file, at 44.1 kHz in stereo. Seconds of sound a second of processor time of
the whole process (one thread each), reading the score not counted, medians of runs in turn:

- ours, first: a new player reads the bank, decodes what the piece needs of it, and plays with a room; again: the same player once more.
- ours, dry: the second time without a room, as symusic plays.
- FluidSynth with its reverb and without its chorus, told to load only the instruments that it needs; what that takes is measured by
  a file of the first note of each track, and counted only under with loading. It is left out where there is no `fluidsynth`.
- symusic: its own synthesizer, which has no room; first and again as ours.
- notes mixed: `NoteBank.play` at 16 kHz, one channel, as ears learn from, its notes rendered before.

Goal: 100 times real time with pedal, 1,000 times when feeding training.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when numpy is first loaded

import argparse
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import symusic
from measure import aligned, measured, publish

from partimento.files.dispatch import read, write
from partimento.score import Score, Track
from partimento.score.tempo import duration_seconds
from partimento.score.timed_notes import Performance
from partimento.synthesis import SoundfontSynthesizer
from partimento.synthesis.bank import find_bank
from partimento.synthesis.note_bank import NoteBank

FIGURE = "S10_rendering"
RATE, TRAINING_RATE = 44_100, 16_000
FLUIDSYNTH = ["fluidsynth", "-ni", "-q", "-R", "1", "-C", "0", "-o", "synth.dynamic-sample-loading=1", "-r", str(RATE)]
NOWHERE = ["-T", "raw", "-O", "float", "-F", os.devnull]
COLUMNS = {
    "ours_first": "ours, first",
    "ours_again": "ours, again",
    "ours_dry": "ours, dry",
    "fluidsynth": "FluidSynth",
    "fluidsynth_with_loading": "with loading",
    "symusic_first": "symusic, first",
    "symusic_again": "symusic, again",
    "notes_mixed": "notes mixed",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pieces", nargs="*", metavar="NAME=FILE[@PROGRAMS]")
    parser.add_argument("--banks", nargs="+", type=Path, default=[find_bank()])
    parser.add_argument("--runs", type=int, default=5)
    asked = parser.parse_args()
    if not asked.pieces:
        show(measured(FIGURE))
        return
    pieces = {name: piece(place) for name, _, place in (entry.partition("=") for entry in asked.pieces)}
    values: dict[str, Any] = {
        "definition": "seconds of sound a second of processor time, one thread, 44.1 kHz stereo, pedals heard",
        "pieces": {name: told(score) for name, score in pieces.items()},
        "fluidsynth_version": fluidsynth_version(),
        "symusic_version": symusic.__version__,
        "times_real_time": {bank.stem: times(bank, pieces, asked.runs) for bank in asked.banks},
    }
    publish(FIGURE, values)
    show(values)


def piece(place: str) -> Score:
    """A score from FILE or FILE@PROGRAMS."""
    file, _, programs = place.partition("@")
    score = read(file)
    if not programs:
        return score
    turns = [int(program) for program in programs.split(",")]
    return replace(score, tracks=tuple(replace(track, program=turns[at % len(turns)]) for at, track in enumerate(score.tracks)))


def told(score: Score) -> dict[str, Any]:
    """What there is to play."""
    seconds = duration_seconds(score)
    return {"seconds": round(seconds), "notes": score.note_count, "tracks": sum(len(track) > 0 for track in score.tracks)}


def fluidsynth_version() -> str:
    """Its version, or that there is none."""
    if not shutil.which("fluidsynth"):
        return "not installed"
    said = subprocess.run(["fluidsynth", "--version"], capture_output=True, text=True, check=True).stdout
    return next((line.rsplit(" ", 1)[-1] for line in said.splitlines() if "version" in line), "unknown")


def times(bank: Path, pieces: dict[str, Score], runs: int) -> dict[str, dict[str, float]]:
    """Times real time of each piece by everyone."""
    training = NoteBank.of_soundfont(bank, TRAINING_RATE)
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, score in pieces.items():
            file = write(score, Path(folder) / "piece.mid")
            seconds = took(bank, score, file, training=training, runs=runs)
            if shutil.which("fluidsynth"):
                begun = write(beginnings(score), Path(folder) / "begun.mid")
                loading = statistics.median(fluidsynth(bank, begun) for _ in range(runs))
                seconds["fluidsynth_with_loading"] = statistics.median(fluidsynth(bank, file) for _ in range(runs))
                seconds["fluidsynth"] = seconds["fluidsynth_with_loading"] - loading
            length = duration_seconds(score)
            rows[name] = {column: float(f"{length / seconds[column]:.3g}") for column in COLUMNS if column in seconds}
    return rows


def beginnings(score: Score) -> Score:
    """The first note of each track, short and at once: all instruments, and next to nothing to play."""
    sounding = (track for track in score.tracks if len(track))
    return Score(
        480,
        tuple(Track([0], [48], track.pitch[:1], track.velocity[:1], program=track.program, is_drum=track.is_drum) for track in sounding),
    )


def took(bank: Path, score: Score, file: Path, *, training: NoteBank, runs: int) -> dict[str, float]:
    """Processor seconds of each, the median of runs in turn."""
    player, dry = SoundfontSynthesizer(bank), SoundfontSynthesizer(bank, room=0)
    theirs = symusic.Score(str(file))
    peer = symusic.Synthesizer(str(bank), RATE)
    performance = Performance.of(score)
    works: dict[str, Callable[[], object]] = {
        "ours_first": lambda: SoundfontSynthesizer(bank).render(score),
        "ours_again": lambda: player.render(score),
        "ours_dry": lambda: dry.render(score),
        "symusic_first": lambda: symusic.Synthesizer(str(bank), RATE).render(theirs, True),
        "symusic_again": lambda: peer.render(theirs, True),
        "notes_mixed": lambda: training.play(performance.notes, performance.seconds),
    }
    found: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(runs + 1):
        for name, work in works.items():
            began = time.process_time()
            work()
            found[name].append(time.process_time() - began)
        if not turn:
            found = {name: [] for name in found}  # warm now
    return {name: statistics.median(values) for name, values in found.items()}


def fluidsynth(bank: Path, file: Path) -> float:
    """Processor seconds that FluidSynth takes for a file, loading the bank included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*FLUIDSYNTH, *NOWHERE, str(bank), str(file)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def show(values: dict[str, Any]) -> None:
    """Print what was measured as a table for each bank."""
    if not values:
        print(f"{FIGURE}: not measured in this checkout")
        return
    for bank, rows in values["times_real_time"].items():
        print(f"\n{bank}, times real time")
        head = ["piece", "seconds", "notes", *COLUMNS.values()]
        lines = []
        for name, row in rows.items():
            what = values["pieces"][name]
            lines.append([name, str(what["seconds"]), str(what["notes"]), *(str(row.get(column, "-")) for column in COLUMNS)])
        print(aligned([head, *lines]))


if __name__ == "__main__":
    main()
