"""Little pieces, and a pianist who plays them with rubato: what is written and what is heard."""

import numpy as np

from partimento.score import Score, Track

Rows = list[tuple[float, float, int]]
"""Notes: start and length in quarters, key."""


def march(bars: int = 16) -> Rows:
    """4/4: a melody in eighths and quarters over a bass on the first beat and chords on the others."""
    rows: Rows = []
    roots = (48, 53, 55, 48)
    for bar in range(bars):
        at, root = 4.0 * bar, roots[bar % 4]
        rows.append((at, 1.0, root - 12))
        rows += [(at + beat, 0.9, root + tone) for beat in (1, 2, 3) for tone in (0, 4, 7)]
        tones = [root + 24 + step for step in ((0, 4, 7, 12), (12, 7, 4, 7))[bar % 2]]
        rows += [
            (at, 1.0, tones[0]),
            (at + 1, 0.5, tones[1]),
            (at + 1.5, 0.5, tones[2]),
            (at + 2, 1.5, tones[3]),
            (at + 3.5, 0.5, tones[2]),
        ]
    return rows


def waltz(bars: int = 24) -> Rows:
    """3/4: bass, chord, chord, under a melody that is long on the first beat."""
    rows: Rows = []
    roots = (48, 48, 55, 48)
    for bar in range(bars):
        at, root = 3.0 * bar, roots[bar % 4]
        rows.append((at, 1.0, root - 12))
        rows += [(at + beat, 0.8, root + tone) for beat in (1, 2) for tone in (4, 7)]
        rows += [(at, 2.0, root + 24), (at + 2, 0.5, root + 26), (at + 2.5, 0.5, root + 28)]
    return rows


def performed(rows: Rows, *, bpm: float = 96.0, rubato: float = 0.15, seed: int = 1, first: float = 0.7) -> Score:
    """What is heard when someone plays `rows`: waves of tempo, uneven onsets, chords that are not together, shortened notes."""
    random = np.random.default_rng(seed)
    start, length, pitch = np.array(rows).T
    at = np.arange(0, float((start + length).max()) + 1, 1 / 16)
    beat = 60 / bpm * np.exp(rubato * np.sin(2 * np.pi * at / 23) * np.cos(2 * np.pi * at / 57))
    clock = np.append(0, np.cumsum(beat / 16)[:-1])
    onset = np.interp(start, at, clock)
    moments, which = np.unique(start, return_inverse=True)
    early = random.normal(0, 0.012, moments.size)[which] + random.uniform(0, 0.015, start.size)
    seconds = 0.85 * (np.interp(start + length, at, clock) - onset)
    loud = np.where(start % 1 == 0, 70, 62) + random.integers(-5, 6, start.size)
    columns = np.rint(1000 * np.array([onset + early + first, np.maximum(seconds, 0.04)])).astype(int)
    return Score(500, (Track(*columns, pitch.astype(int), loud),))


def share_in_place(score: Score, rows: Rows, bar: float) -> float:
    """The share of notes of a notated score that stand where they are written in a bar of so many quarters, key by key."""
    start = np.concatenate([track.start for track in score.tracks])
    keys = np.concatenate([track.pitch for track in score.tracks])
    length = score.time_signatures[0].numerator * 4 / score.time_signatures[0].denominator
    place = (start - score.pickup) / score.ticks_per_quarter % length
    right = 0
    for key in sorted({pitch for _, _, pitch in rows}):
        wanted = [at % bar for at, _, pitch in sorted(rows) if pitch == key]
        found = place[keys == key][np.argsort(start[keys == key], kind="stable")].tolist()
        right += sum(abs(one - other) < 1 / 48 for one, other in zip(wanted, found, strict=False))
    return right / len(rows)
