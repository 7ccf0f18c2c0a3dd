"""Small pieces and small trained models for the tests: the same ones every time, made here and in no other place."""

import atexit
import contextlib
import functools
import io
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from partimento.cli.main import main
from partimento.encoding.encoding import Grammar
from partimento.files.dispatch import write
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track

LETTERS = "CDEFGABcdefgab"
KEYS = {"C": 0, "G": 4, "D": 1, "Am": 5, "Em": 2, "F": 3}
"""Key -> place of its tonic in `LETTERS`."""

BARS = {"4/4": ([2, 2, 2, 2], [1, 1, 2, 2, 2], [4, 2, 2], [3, 1, 2, 2]), "6/8": ([2, 1, 2, 1], [1, 1, 1, 2, 1], [3, 3])}
"""Metre -> rhythms of a bar, in eighths."""


def tune_text(number: int) -> str:
    """A tune of eight bars in ABC; tune `number` is like no other."""
    random = np.random.default_rng([1, number])
    key = list(KEYS)[number % len(KEYS)]
    metre = list(BARS)[number // 2 % 2]
    place = KEYS[key]
    bars = []
    for _ in range(7):
        bar = ""
        for units in BARS[metre][int(random.integers(len(BARS[metre])))]:
            place = int(np.clip(place + random.integers(-3, 4), 0, len(LETTERS) - 1))
            bar += LETTERS[place] + (str(units) if units > 1 else "")
        bars.append(bar)
    last = LETTERS[KEYS[key]] + ("8" if metre == "4/4" else "6")
    chord = f'"{key}"' if number % 3 == 0 else ""
    music = f"{chord}{'|'.join(bars)}|{last}"
    body = f"|:{music}:|" if number % 4 == 1 else f"{music}|]"
    return f"X:{number + 1}\nT:Tune {number + 1}\nM:{metre}\nL:1/8\nK:{key}\n{body}\n"


def tune_folder(folder: Path, count: int = 24) -> Path:
    """A folder of `count` tunes, one a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"tune{number:03d}.abc").write_text(tune_text(number), encoding="utf-8")
    return folder


ROOTS = {"I": 0, "ii": 2, "IV": 5, "V": 7, "vi": 9}


def chorale(number: int = 0, *, bars: int = 4, shift: int = 0, pickup: bool = False) -> Score:
    """Four voices in 4/4, a chord a quarter, a fermata at the end of every second bar; number and shift (semitones) set the notes."""
    random = np.random.default_rng([2, number])
    quarters = bars * 4
    names = [list(ROOTS)[int(random.integers(5))] for _ in range(quarters - 2)] + ["V", "I"]
    rows: list[list[tuple[int, int, int]]] = [[], [], [], []]
    for at, name in enumerate(names):
        third = 3 if name in ("ii", "vi") else 4
        root = ROOTS[name]
        centres = (72, 65, 60, 48)
        tones = [[root, root + third, root + 7], [root + 7, root], [root + third, root + 7], [root]]
        for voice, centre in enumerate(centres):
            wanted = tones[voice][int(random.integers(len(tones[voice])))] if at < quarters - 1 else tones[voice][0]
            pitch = centre + (wanted - centre + 6) % 12 - 6 + shift
            if voice == 1 and random.random() < 0.3 and at < quarters - 1:
                rows[voice] += [(at * 480, 240, pitch), (at * 480 + 240, 240, pitch + 2)]
            else:
                rows[voice].append((at * 480, 480, pitch))
    delay = 480 if pickup else 0
    tracks = []
    for name, notes in zip(("soprano", "alto", "tenor", "bass"), rows, strict=True):
        start, length, pitch = np.array(notes).T
        if pickup:
            start, length, pitch = np.append(0, start + delay), np.append(480, length), np.append(pitch[0], pitch)
        keep = start < (quarters * 480 if pickup else quarters * 480 + 1)
        tracks.append(Track(start[keep], length[keep], pitch[keep].astype(int), np.full(int(keep.sum()), 80), name=name, program=52))
    marks = tuple(Mark(delay + bar * 1920 + 1440, "fermata") for bar in range(1, bars - 1, 2))
    fifths = (shift * 7 + 5) % 12 - 5
    return Score(480, tuple(tracks), (Tempo(0, 800_000),), (TimeSignature(0, 4, 4),), (KeySignature(0, fifths),), marks, delay)


def chorale_folder(folder: Path, count: int = 12) -> Path:
    """A folder of `count` chorales, one a file, in different keys."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write(chorale(number, bars=4 + number % 3, shift=number % 5 - 2), folder / f"chorale{number:02d}.mid")
    return folder


def words(score: Score) -> list[list[tuple[int, ...]]]:
    """Every track's notes as plain values: start, duration, pitch."""
    return [list(zip(t.start.tolist(), t.duration.tolist(), t.pitch.tolist(), strict=True)) for t in score.tracks]


def outside(score: Score, begin: int, end: int) -> list[list[tuple[int, int, int]]]:
    """Every track's notes without what sounds from tick `begin` to `end`: start, end, pitch; ties over the two lines are cut."""
    return [
        [(max(start, end), start + length, pitch) for start, length, pitch in track if start + length > end]
        + [(start, min(start + length, begin), pitch) for start, length, pitch in track if start < begin]
        for track in words(score)
    ]


def wander(grammar: Grammar, random: np.random.Generator, beginning: list[int] | tuple[int, ...] = (), most: int = 30_000) -> list[int]:
    """Ids of a piece that a model without any taste writes: each id that may come is as likely as any other."""
    ids = [int(number) for number in beginning]
    for number in ids:
        grammar.push(number)
    while not grammar.finished:
        choice = np.flatnonzero(grammar.allowed())
        assert choice.size, f"nothing may follow after {len(ids)} ids"
        assert len(ids) < most, "no end"
        ids.append(int(random.choice(choice)))
        grammar.push(ids[-1])
    return ids


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """What the command line does, in this process: status, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    return status, out.getvalue(), err.getvalue()


@functools.cache
def _room() -> Path:
    """A folder that lives as long as the tests do."""
    room = tempfile.mkdtemp(prefix="little-music.")
    atexit.register(shutil.rmtree, room, ignore_errors=True)
    return Path(room)


@functools.cache
def trained(kind: str) -> Path:
    """The bundle of a small model, trained once: ``tunes`` and ``chorales`` (LSTM), ``markov`` (on tunes)."""
    out = _room() / kind
    if kind == "chorales":
        corpus, options = chorale_folder(_room() / "corpus-chorales"), ["--encoding", "chorale", "--steps", "12"]
    else:
        corpus, options = tune_folder(_room() / "corpus-tunes"), ["--encoding", "characters", "--steps", "20"]
    if kind == "markov":
        options = ["--model", "markov", "--order", "4"]
    status, text, error = run(
        "train", corpus, *options, "--size", "tiny", "--threads", "1", "--precision", "fp32", "--device", "cpu", "--out", out, "--json"
    )
    assert status == 0, error
    assert json.loads(text)["bundle"] == str(out)
    return out
