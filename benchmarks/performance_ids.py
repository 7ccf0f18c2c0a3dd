"""S4: MIDI files to the ids of encoding `performance`, and ids back to notes, beside MidiTok on the same files.

Run: python benchmarks/performance_ids.py FOLDER [--files 200] [--runs 5]

Without a folder it prints what was measured last. Goal: at least 60 times MidiTok's MIDILike; ids back to a score at 8 million
notes a second. FOLDER is searched for .mid and .midi, in the order of their names; MAESTRO is what the figure is of. Everyone
is handed the names of the files and reads them; MidiTok's tokenizers are as they come. Ours checks every file for damage and
hears the sustain pedal in the note lengths; MidiTok does neither. One thread each, CPU seconds, so that what other programs take
of the machine is not counted; what is freed stays with the process, as in training.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import symusic
from measure import interleaved, publish, show

from partimento.encoding.performance.performance import Performance
from partimento.files.midi import read_midi
from partimento.training.memory import keep_freed_memory

FIGURE = "S4_performance_ids"
PEERS = ("MIDILike", "REMI", "TSD")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    settings = parser.parse_args()
    if settings.folder is None:
        show(FIGURE)
        return
    files = sorted(file for file in settings.folder.rglob("*") if file.suffix.lower() in (".mid", ".midi"))[: settings.files]
    if not files:
        raise SystemExit(f"{settings.folder}: no .mid or .midi in it")
    keep_freed_memory()
    encoding = Performance()
    said = [encoding.encode(read_midi(file.read_bytes(), file.name)) for file in files]
    notes = sum(encoding.voice_tokens(ids) for ids in said)
    works = {
        "ours": over(files, lambda file: encoding.encode(read_midi(file.read_bytes(), file.name))),
        "ours_read": over(files, lambda file: read_midi(file.read_bytes(), file.name)),
        "symusic_load": over(files, symusic.Score),
        **{f"miditok_{name}": over(files, tokenizer(name)) for name in PEERS},
        "ours_decode": over(said, encoding.decode),
    }
    seconds = interleaved(works, runs=settings.runs, clock=time.process_time)
    rows = {
        "definition": f"median of {settings.runs} runs in turn over all files, one thread, CPU seconds, file names in and ids out",
        "files": len(files),
        "notes": notes,
        "ids_per_note": round(sum(map(len, said)) / notes, 2),
        **{f"{name}_million_notes_per_second": round(notes / value / 1e6, 3) for name, value in seconds.items()},
        **{f"ratio_to_miditok_{name}": round(seconds[f"miditok_{name}"] / seconds["ours"], 1) for name in PEERS},
    }
    publish(FIGURE, rows)


def over(values: Sequence[Any], work: Callable[[Any], object]) -> Callable[[], None]:
    """All of `values` worked through, nothing kept."""

    def run() -> None:
        for value in values:
            work(value)

    return run


def tokenizer(name: str) -> Callable[[Path], object]:
    """MidiTok's way of that name, as it comes, from a file's name to its tokens."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own use of others
        import miditok  # noqa: PLC0415

        encode: Callable[[Path], object] = getattr(miditok, name)().encode
    return encode


if __name__ == "__main__":
    main()
