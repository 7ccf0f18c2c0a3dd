"""Q5, S9: how many notes of real recordings ears find, how fast, beside others' ears, and of the same recordings made worse.

Run: python benchmarks/transcription.py FOLDER [NAME=BUNDLE ...] [--peers NAMES] [--seconds N] [--kept FOLDER] [--every N] [--worse N]
FOLDER holds recordings (flac/*.flac) and what was played in each (tsv/*.tsv: onset, offset, note, velocity; offsets with the pedal), as
MAPS's ENSTDkCl does, of which no ear may have learnt. Without bundles the ear is `piano-ears`. The peers are basic-pitch and Transkun, each
as it comes, in an environment of their own (`peer_ears.py`; make .venv-peers/made): all, those named (by commas) or `none`.
F1 in percent, mean of the pieces, as mir_eval counts: notes by their onsets within 50 ms, with offsets, with velocities, with both
(`evaluation.note_matching`); precision and recall of notes by their onsets; frames of 10 ms (`evaluation.frame_matching`). A note lasts as
long as it sounds: an ear that tells keys and pedal apart has its pedal heard, and as NAME-keys not. With --seconds every recording is cut
there, and so is what was played: what begins before counts, and ends there. Speed: seconds of sound a second of one thread's time, reading
the file included and loading the model not. Ears measured before keep their rows; what peers heard stays in --kept, and is not heard again.
With --worse, every Nth piece again as by a telephone (300 to 3,400 Hz), with pink noise 20 dB below it, and in a hall (1.2 s, as loud as
what comes straight): F1 of notes by their onsets, of our ears. Without arguments: what was measured last.
Goal: 93 / 60 / 40 (onsets, with offsets, with both), aiming past 94.1 / 66.6 / 44.9; 80 times real time; made worse, 8 less at most.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from measure import aligned, measured, publish
from numpy.typing import NDArray

from partimento.evaluation.frame_matching import frame_share
from partimento.evaluation.note_matching import Agreement, agreement, mean_f1
from partimento.files.recording import open_recording
from partimento.score.timed_notes import TimedNotes, sustained
from partimento.transcription.transcriber import BLOCK_SECONDS, DEFAULT, Transcriber, load_transcriber

FIGURE = "Q5_transcription"
WHOLE = "whole pieces"
WARM_UP_SECONDS = 5
KEYS_ALONE = "-keys"
"""How a peer's name ends whose pedal is not heard."""
PEER_EARS = Path(__file__).parent / "peer_ears.py"
PYTHON = PEER_EARS.parent.parent / ".venv-peers" / "bin" / "python"
PEERS = {
    "basic-pitch": "basic-pitch 0.4.0 as it comes: notes of 128 ms and more",
    "basic-pitch-short": "basic-pitch 0.4.0, notes of 58 ms and more",
    "transkun": "Transkun 2.0.1 as it comes, its pedal heard",
    "transkun-keys": "the same without its pedal: notes end where keys are let go",
}
COLUMNS = {
    "pieces": "pieces",
    "onset": "notes",
    "offset": "with offsets",
    "velocity": "with velocities",
    "all": "with both",
    "precision": "precision",
    "recall": "recall",
    "frame": "frames",
    "real_time_factor": "times real time",
}
PUBLISHED = {
    "Onsets and Frames 2018": {
        **{"frame": 78.30, "onset": 82.29, "offset": 50.22, "all": 35.39},
        "condition": "both of MAPS's Disklavier sets; learnt from the rest of MAPS (Hawthorne et al. 2018, as quoted in 2019)",
    },
    "Onsets and Frames 2019": {
        **{"frame": 84.24, "onset": 86.08, "offset": 64.03, "all": 48.97},
        "condition": "both of MAPS's Disklavier sets; learnt from MAESTRO (Hawthorne et al. 2019, submitted text, table 4)",
    },
    "Edwards et al. 2024": {"onset": 88.4, "condition": "MAPS; learnt from MAESTRO, as recorded and played again (their abstract)"},
    "Transkun V2, augmented": {
        **{"frame": 88.43, "onset": 92.19, "offset": 69.75, "all": 54.95},
        "condition": "MAPS, its times aligned anew; learnt from MAESTRO with pedals (its authors' card); not the model of the package",
    },
    "Transkun V2": {"onset": 94.1, "offset": 66.6, "all": 44.9, "condition": "ten of these pieces, whole; seen elsewhere, not published"},
}
"""F1 that was published or seen elsewhere, and was not measured here."""

Sound = NDArray[np.float32]
"""Mono, shape (frames,)."""


@dataclass(frozen=True)
class Piece:
    """A recording and what was played in it."""

    sound: Path
    played: TimedNotes


@dataclass(frozen=True)
class Hearing:
    """What an ear heard of a piece, how long the piece is, and how long that took it; seconds.

    Its pedal is of shape (spans, 2), empty where the notes last as long as they sound.
    """

    notes: TimedNotes
    pedal: NDArray[np.float64]
    sound_seconds: float
    took_seconds: float


def main() -> None:
    options = asked()
    if options.folder is None:
        show_tables(measured(FIGURE))
        return
    values = measured(FIGURE)
    tables, worse = values.get("tables", {}), values.get("made_worse", {})
    stretch = WHOLE if options.seconds is None else f"first {options.seconds:g} s"
    rows = tables.setdefault(stretch, {})
    with tempfile.TemporaryDirectory() as scratch:
        kept = (options.kept or Path(scratch)) / stretch.replace(" ", "-")
        files = sorted((options.folder / "flac").glob("*.flac"))[:: options.every]
        pieces = [piece_of(file, options.seconds, kept / "sound") for file in files]
        for entry in options.bundles:
            name, _, bundle = entry.partition("=")
            ear = load_transcriber(bundle or name)
            hearings = list(ours(ear, pieces))
            rows[name] = row(pieces, hearings)
            if ear.ear.says_held:
                rows[name + KEYS_ALONE] = row(pieces, hearings, pedal=False)
            if options.worse:
                worse[name] = made_worse(ear, pieces[:: options.worse])
        for peer in options.peers:
            hearings = theirs(peer.removesuffix(KEYS_ALONE), pieces, kept=kept, python=options.python)
            rows[peer] = {**row(pieces, hearings, pedal=not peer.endswith(KEYS_ALONE)), "what": PEERS[peer]}
    values = {
        "definition": __doc__.split("\n")[0].rstrip("."),
        "columns": COLUMNS,
        "tables": tables,
        "made_worse": worse,
        "published": PUBLISHED,
    }
    publish(FIGURE, values)
    show_tables(values)


def asked() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("bundles", nargs="*", metavar="NAME=BUNDLE", default=[DEFAULT])
    parser.add_argument("--peers", default=",".join(PEERS), help=f"some of {', '.join(PEERS)}, separated by commas, or none")
    parser.add_argument("--python", type=Path, default=PYTHON, help="of the environment in which the peers are installed")
    parser.add_argument("--seconds", type=float, help="only so much of every piece, from its beginning; all of it where left out")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="where what peers heard stays; nowhere where left out")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth piece")
    parser.add_argument("--worse", type=int, default=0, help="every so manieth piece made worse, too")
    options = parser.parse_args()
    options.peers = [] if options.peers == "none" else options.peers.split(",")
    unknown = [peer for peer in options.peers if peer not in PEERS]
    if unknown:
        parser.error(f"--peers: {', '.join(unknown)}, expected some of {', '.join(PEERS)}, or none")
    if options.folder is not None and options.peers and not options.python.exists():
        parser.error(f"{options.python} is not there. make .venv-peers/made installs the peers; --peers none leaves them out.")
    return options


def piece_of(file: Path, seconds: float | None, folder: Path) -> Piece:
    """A piece or, where `seconds` is given, its beginning, the sound of which is written into `folder`."""
    whole = played(file)
    if seconds is None:
        return Piece(file, whole)
    beginning = folder / file.name
    if not beginning.exists():
        folder.mkdir(parents=True, exist_ok=True)
        rate = soundfile.info(file).samplerate
        sound, _ = soundfile.read(file, frames=round(seconds * rate), dtype="int16")
        soundfile.write(beginning, sound, rate, subtype="PCM_16")
    return Piece(beginning, cut(whole, seconds))


def cut(notes: TimedNotes, seconds: float) -> TimedNotes:
    """The notes that begin before so many seconds, which end then at the latest."""
    kept = np.flatnonzero(notes.start < seconds)
    return TimedNotes(notes.start[kept], np.minimum(notes.end[kept], seconds), notes.key[kept], notes.velocity[kept])


def row(pieces: list[Piece], hearings: Iterable[Hearing], *, pedal: bool = True) -> dict[str, Any]:
    """What an ear finds, its pedal heard or not, and how fast."""
    found: list[Agreement] = []
    frames: list[float] = []
    sound_seconds, took_seconds = 0.0, 0.0
    for piece, heard in zip(pieces, hearings, strict=True):
        notes = cut(sustained(heard.notes, heard.pedal) if pedal else heard.notes, heard.sound_seconds)
        found.append(agreement(piece.played, notes))
        frames.append(frame_share(piece.played, notes).f1)
        sound_seconds, took_seconds = sound_seconds + heard.sound_seconds, took_seconds + heard.took_seconds
    shares = {part: percent([getattr(each.onset, part) for each in found]) for part in ("precision", "recall")}
    speed = round(sound_seconds / took_seconds, 2 if sound_seconds < 10 * took_seconds else 1)
    return {"pieces": len(pieces), **mean_f1(found), **shares, "frame": percent(frames), "real_time_factor": speed}


def percent(shares: list[float]) -> float:
    """The mean of shares."""
    return round(100 * float(np.mean(shares)), 2)


def ours(ear: Transcriber, pieces: list[Piece]) -> Iterator[Hearing]:
    """What one of our ears hears."""
    with open_recording(pieces[0].sound, sample_rate=ear.sample_rate) as recording:
        ear.hear([next(recording.blocks(ear.sample_rate * WARM_UP_SECONDS))])
    for piece in pieces:
        began = time.process_time()
        with open_recording(piece.sound, sample_rate=ear.sample_rate) as recording:
            heard = ear.hear(recording.blocks(ear.sample_rate * BLOCK_SECONDS))
            notes, pedal = ear.notes_of(heard), ear.pedal_of(heard) if ear.ear.says_held else np.zeros((0, 2))
            yield Hearing(notes, pedal, recording.seconds, time.process_time() - began)


def theirs(program: str, pieces: list[Piece], *, kept: Path, python: Path) -> Iterator[Hearing]:
    """What a peer hears, or has heard before and `kept`."""
    subprocess.run([python, PEER_EARS, program, kept / program, *(piece.sound for piece in pieces)], check=True, stdout=subprocess.DEVNULL)
    for piece in pieces:
        with np.load(kept / program / f"{piece.sound.stem}.npz") as heard:
            notes = TimedNotes(heard["start"], heard["end"], heard["key"].astype(np.int64), heard["velocity"].astype(np.int64))
            yield Hearing(notes, heard["pedal"], float(heard["seconds"]), float(heard["took_seconds"]))


def made_worse(ear: Transcriber, pieces: list[Piece]) -> dict[str, float]:
    """F1 of notes by their onsets in recordings as they are and made worse."""
    found: dict[str, list[Agreement]] = {name: [] for name in ("as_they_are", *WORSE)}
    for piece in pieces:
        with open_recording(piece.sound, sample_rate=ear.sample_rate) as recording:
            sound = np.concatenate(list(recording.blocks(ear.sample_rate * BLOCK_SECONDS)))
        for name, agreements in found.items():
            changed = WORSE[name](sound, ear.sample_rate) if name in WORSE else sound
            agreements.append(agreement(piece.played, ear.notes_of(ear.hear([changed]))))
    return {"pieces": len(pieces), **{name: mean_f1(agreements)["onset"] for name, agreements in found.items()}}


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


def show_tables(values: dict[str, Any]) -> None:
    """Print what was measured, a line an ear."""
    if not values:
        print(f"{FIGURE}: not measured in this checkout")
    sections = {**values.get("tables", {}), "made worse": values.get("made_worse"), "published": values.get("published")}
    for title, rows in sections.items():
        if rows:
            parts = list(dict.fromkeys(part for found in rows.values() for part in found))
            head = ["ear", *(COLUMNS.get(part, part.replace("_", " ")) for part in parts)]
            lines = [[name, *(str(found.get(part, "-")) for part in parts)] for name, found in rows.items()]
            print(f"\n{title}\n{aligned([head, *lines])}")


if __name__ == "__main__":
    main()
