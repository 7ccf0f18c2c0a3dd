"""Is what the shipped models write always valid? 200 pieces of each, opened by the readers of others.

Run: python benchmarks/composed_pieces.py [--count 200]
Goal: all open in symusic, partitura and music21 (ABC also in abc2midi where it is installed), every bar is full, and at
least 90 % end on a long tonic chord or a tonic note.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import music21
import numpy as np
import partitura
import symusic
from measure import publish

from partimento.corpus.sources import music21_chorales
from partimento.evaluation.copying import originality, self_borrowing
from partimento.evaluation.fingerprints import Fingerprints
from partimento.evaluation.structure import bars_full, ends_well
from partimento.evaluation.voice_leading import VoiceLeading, voice_leading
from partimento.files import write
from partimento.generation.load import load
from partimento.generation.wish import Wish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    count = parser.parse_args().count
    names = ("bach-chorales", "folk-tunes")
    with ProcessPoolExecutor(len(names)) as pool:
        rows = dict(zip(names, pool.map(judge, names, [count] * len(names)), strict=True))
    publish(
        "composed_pieces",
        {"definition": f"of {count} pieces of seed 2026, default settings; a reader opens a piece when it finds all its notes", **rows},
    )


def judge(name: str, count: int) -> dict[str, object]:
    composer = load(name)
    prints = Fingerprints.from_bytes(composer.bundle.files["fingerprints.safetensors"], "fingerprints")
    found: Counter[str] = Counter()
    longest, shares, led = [], [], []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(count):
            score = composer.write(Wish(), seed=2026, number=number)
            found["all bars full"] += not bars_full(score)
            found["ends well"] += ends_well(score)
            own = originality(score, prints)
            longest.append(own.longest_copy_notes)
            shares.append(own.copied_share)
            if len(score.tracks) > 1:
                led.append(voice_leading(score))
            for word, opens in readers(Path(folder), score).items():
                found[word] += opens
    corpus = self_borrowing(prints)
    leading = {}
    if led:
        bach = [voice_leading(piece.read()) for piece in music21_chorales.corpus().part("test")]
        leading = {"per_1000_moves_of_voices": {"composed": per_thousand(led), "77_test_chorales_of_bach": per_thousand(bach)}}
    return {
        **found,
        **leading,
        "longest_copied_run_notes": max(longest),
        "median_copied_run_notes": sorted(longest)[count // 2],
        "mean_copied_share": round(sum(shares) / count, 4),
        "corpus_borrows_from_itself": {
            "median_copied_run_notes": int(np.median(corpus.longest)),
            "mean_copied_share": round(corpus.share.mean, 4),
            "interval_95_percent": [round(corpus.share.low, 4), round(corpus.share.high, 4)],
        },
    }


def per_thousand(led: list[VoiceLeading]) -> dict[str, float]:
    """What a teacher of harmony would count, per thousand times that voices moved."""
    moves = sum(found.moves for found in led)
    names = ("parallel_fifths", "parallel_octaves", "crossings", "leaps")
    return {name: round(1000 * sum(getattr(found, name) for found in led) / moves, 2) for name in names}


def readers(folder: Path, score: object) -> dict[str, bool]:
    """Which readers open one piece, and find all its notes."""
    files = {suffix: write(score, folder / f"piece.{suffix}") for suffix in ("mid", "abc", "musicxml")}
    notes = score.note_count
    tries = {
        "midi in symusic": lambda: symusic.Score(str(files["mid"])).note_num() == notes,
        "midi in partitura": lambda: len(partitura.load_performance_midi(str(files["mid"])).note_array()) == notes,
        "midi in music21": lambda: sounding(music21.converter.parse(files["mid"], forceSource=True)) == notes,
        "musicxml in music21": lambda: sounding(music21.converter.parse(files["musicxml"], forceSource=True)) == notes,
        "musicxml in partitura": lambda: len(partitura.load_musicxml(str(files["musicxml"])).note_array()) == notes,
        "abc in music21": lambda: sounding(music21.converter.parse(files["abc"], forceSource=True).expandRepeats()) == notes,
    }
    if shutil.which("abc2midi"):
        tries["abc in abc2midi"] = lambda: heard(files["abc"], folder / "back.mid") == notes
    return {word: attempt(opens) for word, opens in tries.items()}


def attempt(opens: object) -> bool:
    """Whether a reader opens a piece; any error of any reader counts as no."""
    try:
        return bool(opens())
    except Exception as error:
        print(f"refused: {error!r}"[:200])
        return False


def sounding(score: music21.stream.Score) -> int:
    """Notes that are struck."""
    return sum(len(note.pitches) for note in score.stripTies().flatten().notes if not isinstance(note, music21.harmony.ChordSymbol))


def heard(abc: Path, midi: Path) -> int:
    """Notes that abc2midi plays."""
    subprocess.run(["abc2midi", str(abc), "-o", str(midi), "-NGUI", "-quiet"], check=True, stdout=subprocess.DEVNULL)
    return symusic.Score(str(midi)).note_num()


if __name__ == "__main__":
    main()
