"""Train the judge that tells pianos from other instruments, and pack it; its words are those of runs/piano-judge.json.

Run: python tools/piano_judge.py CORPUS --piano A --piano B --held-out C --font F --font G --held-out-font H --stretches N --steps N
--out FOLDER
CORPUS holds performances with touch and pedal, such as maestro=FOLDER. Pianos are SoundFonts, SFZs or folders of single notes such as
Ds4v10.ogg; fonts are SoundFonts of General MIDI. What is held out is not learnt from, and the judge is checked on it with the
performances of the corpus's validation part.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from partimento.audio.spectrum import SAMPLE_RATE
from partimento.bundle import STEP, Card, save_bundle
from partimento.cli.piano_training import card, performances, piano
from partimento.corpus.open import open_corpus
from partimento.synthesis.soundfont import SoundfontSynthesizer
from partimento.synthesis.strings import string_bank
from partimento.training.hands_and_foot import HandsAndFoot
from partimento.training.memory import keep_freed_memory
from partimento.training.piano_judging import Band, JudgePlan, Progress, fit_judge, rendered
from partimento.transcription.piano_judge import JUDGE, LEAST

WORDS = Path(__file__).parent.parent / "runs" / f"{JUDGE}.json"

REAL = 3
"""A piano is heard so many times as often as one that is drawn by chance."""

CHECKED = 0.2
"""So many stretches are checked on, as a share of those learnt from, and `MOST_CHECKED` at most."""

MOST_CHECKED = 500

DEFINITION = (
    "percent of stretches of 4 s heard aright, of a piano and of a SoundFont's instruments that were not learnt from, the same notes of "
    "validation pieces on both, as recorded; accuracy is the mean of both; and of the instruments by families"
)


def main(words: list[str]) -> None:
    """Render, train and pack."""
    told = arguments(words)
    began = time.monotonic()
    keep_freed_memory()
    random = np.random.default_rng(told.seed)
    corpus = open_corpus([told.corpus])
    parts = {"train": performances(corpus, "train", HandsAndFoot.of), "valid": performances(corpus, "valid", HandsAndFoot.of)}
    pianos = REAL * [piano(path) for path in told.piano] + [string_bank(random, SAMPLE_RATE) for _ in range(told.strings)]
    say("read", began)
    train = rendered(Band(parts["train"], pianos, fonts(told.font)), told.stretches, random, progress=progress("stretches", began))
    count = max(1, min(round(CHECKED * told.stretches), MOST_CHECKED))
    others = Band(parts["valid"], [piano(told.held_out)], fonts([told.held_out_font]))
    held_out = rendered(others, count, random, progress=progress("stretches to check on", began))
    plan = JudgePlan(steps=told.steps, seed=told.seed, threads=told.threads, least=told.least)
    fitted = fit_judge(train, held_out, plan=plan, progress=progress("steps", began))
    settings = {
        **fitted.settings,
        "stretches": {"train": len(train.programs), "valid": len(held_out.programs)},
        "strings": told.strings,
        "parameters": sum(value.size for value in fitted.weights.values()),
        "command": " ".join(["python tools/piano_judge.py", *(Path(word.split("=/")[0]).name for word in words)]),
    }
    said = card(
        corpus,
        parts,
        name=JUDGE,
        model={"name": "piano_judge", **fitted.config},
        training=settings,
        figures={"definition": DEFINITION, "valid": fitted.figures},
        sampling={LEAST: told.least},
    )
    print(json.dumps(fitted.figures, indent=2))
    print(save_bundle(told.out, with_words(said), {STEP: fitted.graph}))


def arguments(words: list[str]) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus")
    parser.add_argument("--piano", type=Path, action="append", required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--font", type=Path, action="append", required=True)
    parser.add_argument("--held-out-font", type=Path, required=True)
    parser.add_argument("--strings", type=int, default=8, help="pianos drawn by chance besides")
    parser.add_argument("--stretches", type=int, default=1300, help="of pianos, and as many of other instruments")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--least", type=float, default=0.0, help="mean logit below which a sound is hardly a piano")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args(words)


def fonts(paths: list[Path]) -> list[SoundfontSynthesizer]:
    """SoundFonts that play each track's own instrument, without a room."""
    return [SoundfontSynthesizer(path, sample_rate=SAMPLE_RATE, room=0) for path in paths]


def progress(what: str, began: float) -> Progress:
    """Say every hundredth of something."""
    return lambda count: say(f"{count} {what}", began) if count % 100 == 0 else None


def say(what: str, began: float) -> None:
    """Print what is done, and how long it took."""
    print(f"{time.monotonic() - began:6.0f} s  {what}", flush=True)


def with_words(said: Card) -> Card:
    """The card with the words that people need."""
    words = json.loads(WORDS.read_text(encoding="utf-8"))
    return replace(said, summary=words["summary"], limits=tuple(words["limits"]), permission=words["permission"])


if __name__ == "__main__":
    main(sys.argv[1:])
