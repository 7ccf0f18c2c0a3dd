"""S11: which of several sources people think sounds more like a recording of somebody playing: a page to hear them blind, and its answers.

Run: python benchmarks/listening.py make NAME=FOLDER NAME=FOLDER [...] --out PAGE.html [--pairs N] [--each N] [--seed N] ...
     python benchmarks/listening.py read ANSWERS.json [...] [--publish]
Every FOLDER holds one sound file (.wav, .flac, .mp3 or .ogg) a piece, of the same name and the same notes in each. The page cuts clips
of 10 s at the same places of all, mono, at the lowest of their sample rates (or --rate), equally loud (ITU-R BS.1770) and faded at both
ends, and asks of pairs of them, in an order drawn from --seed, which sounds more like a recording, in five steps. It is one file that needs
no net. Other seeds are other orders and other places: give every few people another. Who has answered saves a JSON file and sends it.
`read` takes any number of them: how often each source was preferred to each other, whether sources differ at all (Kruskal and Wallis) and
which pairs do (Wilcoxon, Bonferroni; `evaluation.listening`). --publish keeps that. Without arguments: what was found last.
Hawthorne et al. 2019 (submitted text) had 384 ratings of 10 s clips: real recordings beat WaveNets, which were judged more real than a
real recording 66 times of 192.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from measure import aligned, publish, show

from partimento.audio.clip import clip, equally_loud
from partimento.audio.resample import resampled
from partimento.audio.waveform import Waveform
from partimento.evaluation.listening import ListeningResult, Place, listening_result, planned
from partimento.files.listening import read_answers
from partimento.files.listening_page import QUESTION, listening_page
from partimento.files.sound import MEDIA_TYPES, read_sound
from partimento.files.whole import write_whole

FIGURE = "S11_listening"
SUFFIXES = [suffix for suffix in MEDIA_TYPES if suffix != ".ogg"]
"""What every browser plays."""

Sources = dict[str, dict[str, Waveform]]
"""Source -> piece -> its sound."""


def main() -> None:
    options = asked()
    if options.what is None:
        show(FIGURE)
    elif options.what == "make":
        make(options)
    else:
        missing = [str(file) for file in options.answers if not file.is_file()]
        if missing:
            raise SystemExit(f"{', '.join(missing)}: no such file, expected answers that the page saved.")
        answers = [answer for file in options.answers for answer in read_answers(file.read_bytes(), file.name)]
        found = listening_result(answers)
        print(as_text(found))
        print(json.dumps(asdict(found), indent=2)) if not options.publish else publish(FIGURE, fields(found))


def asked() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="what")
    making = verbs.add_parser("make")
    making.add_argument("sources", nargs="+", metavar="NAME=FOLDER")
    making.add_argument("--out", type=Path, default=Path("listening.html"))
    making.add_argument("--pairs", type=int, help="how many are asked for; every two sources at every place where left out")
    making.add_argument("--each", type=int, default=1, help="places of each piece")
    making.add_argument("--seconds", type=float, default=10.0, help="of a clip")
    making.add_argument("--rate", type=int, help="Hz of all clips; the lowest of the sources' where left out")
    making.add_argument("--seed", type=int, default=0)
    making.add_argument("--title", default="Which sounds real?")
    making.add_argument("--question", default=QUESTION)
    making.add_argument(
        "--suffix", choices=SUFFIXES, default=".flac", help="what the clips are; .mp3 is a quarter as large and not as exact"
    )
    reading = verbs.add_parser("read")
    reading.add_argument("answers", nargs="+", type=Path)
    reading.add_argument("--publish", action="store_true", help="keep what they say as a figure")
    options = parser.parse_args()
    for entry in options.sources if options.what == "make" else []:
        name, _, folder = entry.partition("=")
        if not name or not Path(folder or ".nowhere").is_dir():
            parser.error(f"'{entry}': expected NAME=FOLDER, a folder of sound files")
    return options


def make(options: argparse.Namespace) -> None:
    """Write a page."""
    names = [entry.partition("=")[::2] for entry in options.sources]
    sources = {name: sounds(Path(folder)) for name, folder in names}
    pieces = sorted(set.intersection(*(set(each) for each in sources.values())))
    if not pieces:
        raise SystemExit("listening: no piece is in all folders. Give the files of one piece the same name in each.")
    left_out = sorted(set.union(*(set(each) for each in sources.values())) - set(pieces))
    rate = options.rate or min(sound.sample_rate for each in sources.values() for sound in each.values())
    sources = {name: {piece: resampled(each[piece], rate) for piece in pieces} for name, each in sources.items()}
    places = drawn(sources, each=options.each, seconds=options.seconds, seed=options.seed)
    wanted = planned(list(sources), places, count=options.pairs, seed=options.seed)
    keys = sorted({(each.piece, each.start_seconds, source) for each in wanted for source in (each.a, each.b)})
    clips = equally_loud([clip(sources[source][piece], start, options.seconds) for piece, start, source in keys])
    page = listening_page(
        wanted,
        dict(zip(keys, clips, strict=True)),
        title=options.title,
        question=options.question,
        suffix=options.suffix,
        seed=options.seed,
    )
    print(f"{write_whole(options.out, page)}: {len(wanted)} pairs of {len(keys)} clips at {rate} Hz, {len(page) / 1e6:.1f} MB")
    if left_out:
        print(f"not in all folders, left out: {', '.join(left_out)}")


def sounds(folder: Path) -> dict[str, Waveform]:
    """The sound files of a folder, mono, by the names of their pieces."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix.lower() in MEDIA_TYPES]
    return {file.stem: read_sound(file.read_bytes(), file.name).to_mono() for file in files}


def drawn(sources: Sources, *, each: int, seconds: float, seed: int) -> list[Place]:
    """So many places of each piece, each drawn from its own part of what all sources have of it."""
    random = np.random.default_rng(seed)
    places: list[Place] = []
    for piece in next(iter(sources.values())):
        room = max(min(sound[piece].seconds for sound in sources.values()) - seconds, 0.0)
        starts = [int(10 * room * (part + random.random()) / each) / 10 for part in range(each)]
        places += [(piece, start) for start in dict.fromkeys(starts)]
    return places


def as_text(found: ListeningResult) -> str:
    """What answers say, for people."""
    test = found.kruskal_wallis
    heard = [f"{found.listeners} listeners, {found.answers} answers" + (f" ({found.repeated} given twice)" if found.repeated else "")]
    sources = [[name, str(each.answers), str(each.wins), f"{each.rating:+.2f}"] for name, each in found.sources.items()]
    pairs = [
        [
            f"{each.first} : {each.second}",
            str(each.wins),
            str(each.equal),
            str(each.losses),
            f"{each.rating:+.2f}",
            chance(each.p),
            chance(each.p_corrected),
        ]
        for each in found.pairs
    ]
    return "\n".join(
        [
            *heard,
            "",
            aligned([["source", "heard", "preferred", "mean rating"], *sources]),
            f"Kruskal-Wallis H({test.degrees}) = {test.h:.2f}, p {chance(test.p)}",
            "",
            aligned([["pair", "first", "equal", "second", "mean rating", "Wilcoxon p", "times pairs"], *pairs]),
        ]
    )


def chance(p: float) -> str:
    """A chance with as many digits as tell something."""
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def fields(found: ListeningResult) -> dict[str, object]:
    """What is kept as a figure."""
    return {
        "definition": "which of two clips sounds more like a recording of somebody playing: answers in five steps, heard blind",
        **asdict(found),
    }


if __name__ == "__main__":
    main()
