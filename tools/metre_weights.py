"""How the weights of `transcription/metre_weights.py` were found.

Run: PYTHONPATH=benchmarks python -P tools/metre_weights.py FOLDER [FOLDER ...]
Each FOLDER holds scores: those of Mozart's, Haydn's and Scarlatti's sonatas, Joplin's rags (**kern), the Goldberg variations and the
cello suites (MIDI), and Bach's chorales (**kern) were given, in this order. Of their works that half is taken of which
`benchmarks/beat_positions.py` says that it is no held-out half; every piece is played with rubato several times and its beats are
tracked. Then two softmaxes are fitted (L2):

- where the bar lines stand in a passage of about ten seconds that is barred as it is written, where the tracked grid can say so;
- how a whole piece is barred, along the likeliest bar lines of each way to bar it: each is worth the share of notes that it puts
  in their place.

It takes about a quarter of an hour and writes the file anew (lay it out with `make fmt`); the weights of `beats._STRESS`, fitted to the
same pieces, are printed.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from beat_positions import CLOSE_QUARTERS, is_held_out, pieces
from numpy.typing import NDArray
from rubato import Played, played

from partimento.score import Score
from partimento.score.meter import signatures
from partimento.transcription import barlines, metre_weights
from partimento.transcription.accents import KINDS, accents, chords_of
from partimento.transcription.barlines import barred_as, passages_of
from partimento.transcription.beats import tracked
from partimento.transcription.metre import LEVELS, METRES, Heard, barrings, evidence, heard

PERFORMANCES, FEWEST_RIGHT = 4, 0.8
BAR_LINE_PENALTY, METRE_PENALTY = 1e-2, 2e-3
SAME = {(2, 2): (4, 4), (6, 4): (12, 8), (12, 16): (6, 8), (4, 8): (2, 4), (6, 16): (3, 8)}

HEAD = '''"""How much each kind of evidence says about bar lines and metre. Written by tools/metre_weights.py; change that, not this.

They are statistics of scores of Mozart, Haydn, Scarlatti, Joplin and Bach: **kern encodings (CC BY-NC-SA 4.0), Mutopia's Goldberg
variations (CC BY-SA) and cello suites in MIDI (GPL-3.0); no note of any of them can be had from them.
"""
'''
MEANING = {
    "ACCENTS": "For each level of a place in the bar (see `metre.LEVELS`), what each kind of accent there says.",
    "RATES": "For bars of two or four, of three, and of beats of three parts: what the share of places with an onset says, level by level.",
    "METRES": "For each of `metre.METRES`, what it says by itself, and with a faster quarter note.",
    "TEMPO_AND_DENSITY": "Distance of the quarter from 110 a minute, squared; onsets a quarter, and squared.",
    "AGAIN": "For half a bar, a bar and two bars: what it says that notes come again so much later, and with the same pitch classes.",
}


class Example(NamedTuple):
    """A choice: the evidence of each answer, shape (answers, kinds), and what each is worth, from 0 to 1, shape (answers,)."""

    rows: NDArray[np.float32]
    worth: NDArray[np.float64]


class Performance(NamedTuple):
    """What is heard of a piece, and for each chord its notes, where it was written in its bar and from the beginning, in quarters."""

    what: Heard
    metre: tuple[int, int]
    notes: NDArray[np.int64]
    in_bar: NDArray[np.float64]
    quarter: NDArray[np.float64]


def main(folders: list[str]) -> None:
    """Fit and write."""
    performances: list[Performance] = []
    for folder in folders:
        for name, score, seed in pieces(Path(folder), 120):
            if not is_held_out(name):
                performances += [performance_of(score, played(score, seed + 1000 * time)) for time in range(PERFORMANCES)]
        print(folder, len(performances), "performances so far", flush=True)
    print("beats._STRESS:", stress(performances).round(2).tolist(), flush=True)
    bar_line = fitted([example for each in performances for example in bar_line_examples(each)], BAR_LINE_PENALTY)
    barlines.BAR_LINE_WEIGHTS = bar_line
    metre = fitted([metre_example(each) for each in performances if barrings(each.what.unit_seconds)], METRE_PENALTY)
    Path(metre_weights.__file__).write_text(source(bar_line, metre), encoding="utf-8")


def performance_of(score: Score, truth: Played) -> Performance:
    """A played piece, its beats tracked."""
    track = truth.performance.tracks[0]
    onsets, pitch = track.start / 1000, track.pitch.astype(np.int64)
    chord = chords_of(onsets)
    first = np.flatnonzero(np.diff(chord, prepend=-1))
    seconds = np.bincount(chord, weights=onsets) / np.bincount(chord)
    columns = accents(chord, seconds, pitch=pitch, velocity=track.velocity.astype(np.int64), held=track.duration / 1000)
    what = heard(tracked(seconds, columns), columns, chord, pitch)
    spans = np.diff([*(signature.tick for signature in signatures(score)), score.end_tick])
    signature = signatures(score)[int(np.argmax(spans))]
    metre = (signature.numerator, signature.denominator)
    return Performance(what, SAME.get(metre, metre), np.bincount(chord), truth.in_bar[first], truth.quarter[first])


def bar_line_examples(heard_as: Performance) -> list[Example]:
    """Where bar lines may stand in each passage whose true bars the tracked grid can say."""
    what, metre, _, in_bar, quarter = heard_as
    possible = [each for each in barrings(what.unit_seconds) if each.metre == metre]
    agree = [np.mean(np.abs(np.diff(what.place) / each.quarter - np.diff(quarter)) < 0.02) for each in possible]
    examples: list[Example] = []
    if not possible or max(agree) <= 0.7:
        return examples
    right = possible[int(np.argmax(agree))]
    for low, high in passages_of(what.place):
        origins = np.rint(what.place[low:high] - in_bar[low:high] * right.quarter).astype(int) % right.bar
        shares = np.bincount(origins, minlength=right.bar)[right.origins] / (high - low)
        if shares.max() >= FEWEST_RIGHT:
            part = replace(what, place=what.place[low:high], accents=what.accents[low:high], pitches=what.pitches[low:high])
            examples.append(Example(evidence(part, right).astype(np.float32), (shares == shares.max()).astype(float)))
    return examples


def metre_example(heard_as: Performance) -> Example:
    """Ways to bar a piece, along the likeliest bar lines of each."""
    what, _, notes, in_bar, _ = heard_as
    ways = [barred_as(what, barring) for barring in barrings(what.unit_seconds)]
    places = [way.place % way.barring.bar / way.barring.quarter for way in ways]
    shares = np.array([(notes * (np.abs(place - in_bar) < CLOSE_QUARTERS)).sum() / notes.sum() for place in places])
    return Example(np.array([way.evidence for way in ways], np.float32), shares)


def fitted(examples: list[Example], penalty: float) -> NDArray[np.float64]:
    """The weights whose softmax is worth most, as the mean of its logarithm, shape (kinds,)."""
    sizes = [len(each.rows) for each in examples]
    columns = torch.tensor(np.concatenate([each.rows for each in examples]))
    owner = torch.tensor(np.repeat(np.arange(len(sizes)), sizes))
    worth = torch.tensor(np.log(np.concatenate([each.worth for each in examples]) + 1e-3), dtype=torch.float32)
    spread = columns.std(0)
    spread[spread < 1e-3] = 1e9
    columns = (columns - columns.mean(0)) / spread
    weights = torch.zeros(columns.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=150, line_search_fn="strong_wolfe")

    def total(scores: torch.Tensor) -> torch.Tensor:
        """Logarithm of the sum of each example's exponentials."""
        most = torch.full((len(sizes),), -1e9).scatter_reduce(0, owner, scores.detach(), "amax")
        return most + torch.log(torch.zeros(len(sizes)).index_add(0, owner, torch.exp(scores - most[owner])))

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = columns @ weights
        loss = (total(scores) - total(scores + worth)).mean() + penalty * (weights**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    print("loss", float(closure().detach()), "of", len(sizes), "examples", flush=True)
    return (weights.detach() / spread).double().numpy()


def source(bar_line: NDArray[np.float64], metre: NDArray[np.float64]) -> str:
    """The file of the weights, in tables; what is the same wherever a bar line stands has no weight there."""
    widths = (KINDS, LEVELS, 2, 3, 2)
    ends = np.cumsum([LEVELS * KINDS, 3 * LEVELS, 2 * len(METRES), 3])
    lines = [HEAD, "import numpy as np", ""]
    for of, weights, count in (("BAR_LINE", bar_line, 2), ("METRE", metre, 5)):
        tables = list(zip(MEANING.items(), widths, np.split(weights, ends), strict=True))[:count]
        for (name, meaning), width, part in tables:
            rows = "".join(f"    ({', '.join(f'{value:.3f}' for value in row)}),\n" for row in part.reshape(-1, width))
            lines += [f"{of}_{name} = (\n{rows})", f'"""{meaning}"""', ""]
        ravelled = [f"np.ravel({of}_{name})" for (name, _), *_ in tables]
        rest = [] if count == len(MEANING) else [f"np.zeros({weights.size - ends[count - 1]})"]
        lines += [f"{of}_WEIGHTS = np.concatenate([{', '.join(ravelled + rest)}])"]
        lines += ['"""All of them, in the order of `metre.evidence`, shape (kinds,)."""', ""]
    return "\n".join(lines)


def stress(performances: list[Performance]) -> NDArray[np.float64]:
    """What each accent says for a place within the beat, its middle, and the beat, the first as 0, shape (3, kinds)."""
    beats = [0.5 if metre == (3, 8) else 1.5 if metre[1] == 8 else 1.0 for _, metre, *_ in performances]
    phase = np.concatenate([np.rint(each.in_bar / beat % 1 * 24) % 24 for each, beat in zip(performances, beats, strict=True)])
    rows = torch.tensor(np.concatenate([each.what.accents for each in performances]), dtype=torch.float32)
    true = torch.tensor(np.where(phase == 0, 2, np.where(phase == 12, 1, 0)))
    weights = torch.zeros(3, KINDS, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=100)

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
