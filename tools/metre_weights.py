"""How the weights of `transcription/metre_weights.py` were found.

Run: PYTHONPATH=benchmarks python tools/metre_weights.py FOLDER [FOLDER ...]
Each FOLDER holds scores: those of Mozart's, Haydn's and Scarlatti's sonatas, Joplin's rags, Bach's chorales (all **kern) and the
Goldberg variations were given. Of their works that half is taken of which `benchmarks/beat_positions.py` says that it is no
held-out half; every piece is played with rubato and its beats are tracked. In passages of about ten seconds whose true bars
the tracked grid can say, a softmax over all barrings and bar lines is fitted to the true one (logistic loss, L2). It takes
a few minutes and writes the file anew (lay it out with `make fmt`); the weights of `beats._STRESS`, fitted to the same pieces, are printed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from beat_positions import is_held_out, pieces
from numpy.typing import NDArray
from rubato import Played, played

from partimento.score import Score
from partimento.score.meter import signatures
from partimento.transcription import metre_weights
from partimento.transcription.accents import KINDS, accents, chords_of
from partimento.transcription.barlines import passages_of
from partimento.transcription.beats import tracked
from partimento.transcription.metre import LEVELS, METRES, Barring, Heard, barrings, evidence, heard

PASSAGES_A_PIECE, FEWEST_RIGHT, PENALTY = 20, 0.8, 5e-4
SAME = {(2, 2): (4, 4), (6, 4): (12, 8), (12, 16): (6, 8), (4, 8): (2, 4), (6, 16): (3, 8)}

HEAD = '''"""How much each kind of evidence says about the metre. Written by tools/metre_weights.py; change that, not this.

They are 93 statistics of scores of Mozart, Haydn, Scarlatti, Joplin and Bach: **kern encodings (CC BY-NC-SA 4.0) and Mutopia's Goldberg
variations (CC BY-SA); no note of any of them can be had from them.
"""
'''
MEANING = {
    "ACCENTS": "For each level of a place in the bar (see `metre.LEVELS`), what each kind of accent there says.",
    "RATES": "For bars of two or four, of three, and of beats of three parts: what the share of places with an onset says, level by level.",
    "METRES": "For each of `metre.METRES`, what it says by itself, and with a faster quarter note.",
    "TEMPO_AND_DENSITY": "Distance of the quarter from 110 a minute, squared; onsets a quarter, and squared.",
    "AGAIN": "For half a bar, a bar and two bars: what it says that notes come again so much later, and with the same pitch classes.",
}

Example = tuple[NDArray[np.float32], int]
"""Evidence of every barring and bar line of a passage, and the row that is true."""


def main(folders: list[str]) -> None:
    """Fit and write."""
    random = np.random.default_rng(2026)
    examples: list[Example] = []
    strong: list[NDArray[np.float64]] = []
    level: list[NDArray[np.int64]] = []
    for folder in folders:
        before = len(examples)
        for name, score, seed in pieces(Path(folder), 120):
            if not is_held_out(name):
                found, (columns, levels) = examples_of(score, played(score, seed), random)
                examples += found
                strong.append(columns)
                level.append(levels)
        print(folder, len(examples) - before, "passages", flush=True)
    print("beats._STRESS:", stress(np.concatenate(strong), np.concatenate(level)).round(2).tolist())
    Path(metre_weights.__file__).write_text(source(fitted(examples)), encoding="utf-8")


def examples_of(
    score: Score, truth: Played, random: np.random.Generator
) -> tuple[list[Example], tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """The passages of a played piece, and its accents with the level that each stands on: 0 within a beat, 1 its middle, 2 the beat."""
    track = truth.performance.tracks[0]
    onsets, pitch = track.start / 1000, track.pitch.astype(np.int64)
    chord = chords_of(onsets)
    first = np.flatnonzero(np.diff(chord, prepend=-1))
    seconds = np.bincount(chord, weights=onsets) / np.bincount(chord)
    columns = accents(chord, seconds, pitch=pitch, velocity=track.velocity.astype(np.int64), held=track.duration / 1000)
    what = heard(tracked(seconds, columns), columns, chord, pitch)
    spans = np.diff([*(signature.tick for signature in signatures(score)), score.end_tick])
    signature = signatures(score)[int(np.argmax(spans))]
    in_bar, quarter = truth.in_bar[first], truth.quarter[first]
    metre = SAME.get((signature.numerator, signature.denominator), (signature.numerator, signature.denominator))
    beat = 1.0 if signature.denominator < 8 else 0.5 if signature.numerator < 6 else 1.5
    phase = np.rint(in_bar / beat % 1 * 24) % 24
    levels = np.where(phase == 0, 2, np.where(phase == 12, 1, 0))
    possible = [each for each in barrings(what.unit_seconds) if each.metre == metre]
    agree = [np.mean(np.abs(np.diff(what.place) / each.quarter - np.diff(quarter)) < 0.02) for each in possible]
    examples: list[Example] = []
    if possible and max(agree) > 0.7:
        right = possible[int(np.argmax(agree))]
        passages = passages_of(what.place)
        for at in random.permutation(len(passages))[:PASSAGES_A_PIECE].tolist():
            low, high = passages[at]
            origins = np.rint(what.place[low:high] - in_bar[low:high] * right.quarter).astype(int) % right.bar
            values, counts = np.unique(origins, return_counts=True)
            origin = values[np.argmax(counts)]
            if counts.max() >= FEWEST_RIGHT * (high - low) and origin in right.origins:
                part = replace(what, place=what.place[low:high], accents=columns[low:high], pitches=what.pitches[low:high])
                examples.append(example(part, right, int(origin)))
    return examples, (columns, levels)


def example(part: Heard, right: Barring, origin: int) -> Example:
    """All that may be said of a passage, and which of it is true."""
    rows: list[NDArray[np.float32]] = []
    true = -1
    for barring in barrings(part.unit_seconds):
        if barring == right:
            true = sum(map(len, rows)) + int(np.flatnonzero(barring.origins == origin)[0])
        rows.append(evidence(part, barring).astype(np.float32))
    return np.concatenate(rows), true


def fitted(examples: list[Example]) -> NDArray[np.float64]:
    """The weights that make the true rows likeliest, shape (kinds,)."""
    sizes = [len(rows) for rows, _ in examples]
    columns = torch.tensor(np.concatenate([rows for rows, _ in examples]))
    owner = torch.tensor(np.repeat(np.arange(len(sizes)), sizes))
    true = torch.tensor(np.cumsum([0, *sizes[:-1]]) + [at for _, at in examples])
    spread = columns.std(0)
    spread[spread < 1e-3] = 1e9
    columns = (columns - columns.mean(0)) / spread
    weights = torch.zeros(columns.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=150, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = columns @ weights
        most = torch.full((len(sizes),), -1e9).scatter_reduce(0, owner, scores.detach(), "amax")
        total = torch.zeros(len(sizes)).index_add(0, owner, torch.exp(scores - most[owner]))
        loss = (torch.log(total) + most - scores[true]).mean() + PENALTY * (weights**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    print("loss", float(closure().detach()), "of", len(sizes), "passages")
    return (weights.detach() / spread).double().numpy()


def source(weights: NDArray[np.float64]) -> str:
    """The file of the weights, in tables."""
    parts = np.split(weights, np.cumsum([LEVELS * KINDS, 3 * LEVELS, 2 * len(METRES), 3]))
    names = ("ACCENTS", "RATES", "METRES", "TEMPO_AND_DENSITY", "AGAIN")
    widths = (KINDS, LEVELS, 2, 3, 2)
    lines = [HEAD, "import numpy as np", ""]
    for name, width, part in zip(names, widths, parts, strict=True):
        rows = "".join(f"    ({', '.join(f'{value:.3f}' for value in row)}),\n" for row in part.reshape(-1, width))
        lines += [f"{name} = (\n{rows})", f'"""{MEANING[name]}"""', ""]
    lines += ["WEIGHTS = np.concatenate([np.ravel(part) for part in (ACCENTS, RATES, METRES, TEMPO_AND_DENSITY, AGAIN)])"]
    return "\n".join([*lines, '"""All of them, in the order of `metre.evidence`, shape (kinds,)."""', ""])


def stress(columns: NDArray[np.float64], level: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each accent says for each level, the first as 0, shape (3, kinds)."""
    weights = torch.zeros(3, KINDS, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100)
    rows, true = torch.tensor(columns, dtype=torch.float32), torch.tensor(level)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(rows @ weights.T, true) + 1e-4 * (weights**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    found = weights.detach().double().numpy()
    return np.asarray(found - found[0])


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:])
