"""Is it well formed: full bars, a proper ending; and how much it repeats, varies and moves.

`bars_full` and `ends_well` are tests a finished piece passes or fails; `structure` gives numbers that mean little
for one piece and are to be laid beside the same numbers of a corpus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from partimento.score.harmony import ends_on_tonic, key_of
from partimento.score.meter import bar_of, bar_starts, bar_ticks, signatures, tick_of
from partimento.score.note import Track
from partimento.score.score import KeySignature, Score

GROOVE_POSITIONS = 64
"""Onset positions in a bar of the grooving similarity, as its authors have it."""


@dataclass(frozen=True)
class Structure:
    """Numbers of one score; drums count in bars, notes and rhythm, not in pitch. Not a number where nothing is there to measure.

    Attributes:
        bars: Bars begun before the last note ends, a pickup not counted.
        notes: Notes of all tracks.
        lowest: Lowest MIDI key; None without a pitched note.
        highest: Highest MIDI key; None without a pitched note.
        notes_per_quarter: Onsets of all tracks in a quarter note, from the first tick to the end of the last note.
        repeated_bars: Share of the full bars with notes that repeat an earlier one exactly: in every track the same
            onsets, lengths and keys. Transposed or varied repeats do not count.
        pitch_class_entropy: Of the notes' pitch classes over the whole piece, in bits, 0 to 3.585.
            Source: MusPy (Dong et al. 2020), `pitch_class_entropy`.
        pitch_class_entropy_1: The same within single bars, mean over the bars that hold notes.
        pitch_class_entropy_4: The same within every four neighbouring bars (all bars where there are fewer).
            Source: H1 and H4 of MusDr (Wu, Yang, "The Jazz Transformer on the front line", ISMIR 2020).
        grooving_similarity: 1 less the share of the 64 positions of a bar at which just one of two bars has an
            onset, mean over all pairs of bars, 0 to 1. Source: GS of MusDr. Differs: all pairs, not 1,000 drawn;
            bars of any metre are divided in 64; a pickup and bars cut short are left out.
    """

    bars: int
    notes: int
    lowest: int | None
    highest: int | None
    notes_per_quarter: float
    repeated_bars: float
    pitch_class_entropy: float
    pitch_class_entropy_1: float
    pitch_class_entropy_4: float
    grooving_similarity: float


def bars_full(score: Score, *, voices: Sequence[int] | None = None) -> list[str]:
    """Return what keeps the bars from being full, one line each; an empty list is what a finished piece gives.

    Looked for are: a bar that holds less than its metre says (a change of metre within it), other than a pickup
    and a last bar that a pickup completes; an end of the piece that is no bar line (where there is a pickup, the
    last bar may be shorter by it); and, of the voices that claim to sound without pause, a whole bar of silence
    before the end, and an end before that of the piece.

    Args:
        score: Any score.
        voices: Tracks that claim to sound in every bar, by index; None for all pitched tracks that have notes.
    """
    if not score.note_count:
        return ["no notes"]
    end = score.end_tick
    starts = bar_starts(score)
    problems = _short_bars(score, starts) + _open_end(score, starts)
    chosen = range(len(score.tracks)) if voices is None else voices
    for index in chosen:
        track = score.tracks[index]
        name = track.name or f"track {index}"
        if voices is None and (track.is_drum or not len(track)):
            continue
        problems += [
            f"{name}: silent from bar {_printed(score, a)} to {_printed(score, b)}"
            for a, b in _silences(track, starts, pickup=score.pickup > 0)
        ]
        last = int(track.end.max(initial=0))
        if last < end and last > starts[-1]:
            problems.append(f"{name}: ends {_quarters(score, end - last)} before the piece")
    return problems


def _printed(score: Score, bar: int) -> int:
    """A bar's number in print."""
    return bar + (0 if score.pickup else 1)


def _quarters(score: Score, ticks: int) -> str:
    """A length in words."""
    quarters = ticks / score.ticks_per_quarter
    return f"{quarters:g} quarter{'' if quarters == 1 else 's'}"


def _full_lengths(score: Score, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """What each bar would hold under its metre, in ticks, shape (bars,)."""
    changes = signatures(score)
    in_force = np.searchsorted([change.tick for change in changes], starts, side="right") - 1
    lengths = np.array([bar_ticks(change, score.ticks_per_quarter) for change in changes], np.int64)
    return np.asarray(lengths[in_force])


def _short_bars(score: Score, starts: NDArray[np.int64]) -> list[str]:
    """Bars before the last that a change of metre cuts short."""
    held = np.diff(starts)
    full = _full_lengths(score, starts)[:-1]
    short = [bar for bar in np.flatnonzero(held < full).tolist() if not (bar == 0 and score.pickup)]
    return [f"bar {_printed(score, bar)}: holds {_quarters(score, int(held[bar]))} of {_quarters(score, int(full[bar]))}" for bar in short]


def _open_end(score: Score, starts: NDArray[np.int64]) -> list[str]:
    """Says where the piece ends when that is neither a bar line nor short of one by the pickup."""
    held = score.end_tick - int(starts[-1])
    full = int(tick_of(score, starts.size)) - int(starts[-1])
    if held == full or (score.pickup and held == full - score.pickup):
        return []
    return [f"bar {_printed(score, starts.size - 1)}: the piece ends {_quarters(score, held)} into a bar of {_quarters(score, full)}"]


def _silences(track: Track, starts: NDArray[np.int64], *, pickup: bool) -> list[tuple[int, int]]:
    """Runs of whole bars in which a track does not sound: first and last bar of each; a pickup is no whole bar."""
    sounding = np.zeros(starts.size + 1, np.int64)
    first = np.searchsorted(starts, track.start, side="right") - 1
    last = np.searchsorted(starts, track.end - 1, side="right") - 1
    np.add.at(sounding, first, 1)
    np.add.at(sounding, last + 1, -1)
    silent = np.concatenate([[False], np.cumsum(sounding[:-1]) == 0, [False]])
    silent[1] &= not pickup
    begins = np.flatnonzero(silent[1:] & ~silent[:-1])
    ends = np.flatnonzero(~silent[1:] & silent[:-1]) - 1
    return [(int(a), int(b)) for a, b in zip(begins, ends, strict=True)]


def ends_well(score: Score, key: KeySignature | None = None) -> bool:
    """Return whether the piece ends on the tonic (`harmony.ends_on_tonic`) and on a bar line.

    A last bar that is shorter by the pickup counts as one that ends on a bar line.

    Args:
        score: Any score.
        key: The key to end in; None asks `harmony.key_of`, which leans to where the piece ends.
    """
    pitched = any(len(track) and not track.is_drum for track in score.tracks)
    return pitched and not _open_end(score, bar_starts(score)) and ends_on_tonic(score, key or key_of(score))


def structure(score: Score) -> Structure:
    """Return the numbers that `Structure` defines."""
    pitched = [track for track in score.tracks if len(track) and not track.is_drum]
    pitches = np.concatenate([np.zeros(0, np.int32), *(track.pitch for track in pitched)])
    starts = np.concatenate([np.zeros(0, np.int64), *(track.start for track in pitched)])
    bar = bar_of(score, starts)[0]
    begins = bar_starts(score)
    first = int(bool(score.pickup))
    counts = np.zeros((max(begins.size - first, 0), 12))
    inside = bar >= first
    np.add.at(counts, (bar[inside] - first, pitches[inside] % 12), 1)
    window = min(4, len(counts))
    fours = [counts[i : i + window].sum(0) for i in range(len(counts) - window + 1)] if window else []
    quarters = score.end_tick / score.ticks_per_quarter
    return Structure(
        bars=len(counts),
        notes=score.note_count,
        lowest=int(pitches.min()) if pitches.size else None,
        highest=int(pitches.max()) if pitches.size else None,
        notes_per_quarter=score.note_count / quarters if quarters else float("nan"),
        repeated_bars=_repeated_bars(score),
        pitch_class_entropy=_entropy(np.bincount(pitches % 12, minlength=12)),
        pitch_class_entropy_1=_mean([_entropy(row) for row in counts if row.any()]),
        pitch_class_entropy_4=_mean([_entropy(row) for row in fours if row.any()]),
        grooving_similarity=_grooving_similarity(score),
    )


def _mean(values: Sequence[float]) -> float:
    """The mean, or not a number for none."""
    return float(np.mean(values)) if len(values) else float("nan")


def _entropy(counts: NDArray[np.int64] | NDArray[np.float64]) -> float:
    """Shannon's entropy of a histogram in bits, or not a number for an empty one."""
    present = counts[counts > 0]
    if not present.size:
        return float("nan")
    share = present / present.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0  # no -0.0


def _full_bars(score: Score) -> NDArray[np.bool_]:
    """Which bars are full ones: no pickup, not cut short by a change of metre, shape (bars,)."""
    starts = bar_starts(score)
    held = np.diff(np.append(starts, tick_of(score, starts.size)))
    full = held >= _full_lengths(score, starts)
    if score.pickup:
        full[:1] = False
    return np.asarray(full)


def _repeated_bars(score: Score) -> float:
    """Share of the full bars with notes that repeat an earlier one exactly."""
    content: dict[int, list[tuple[int, int, int, int]]] = {}
    for index, track in enumerate(score.tracks):
        bars, offsets = bar_of(score, track.start)
        for bar, *note in zip(bars.tolist(), offsets.tolist(), track.duration.tolist(), track.pitch.tolist(), strict=True):
            content.setdefault(bar, []).append((index, *note))
    full = _full_bars(score)
    bars_with_notes = [tuple(sorted(notes)) for bar, notes in content.items() if full[bar]]
    repeated = len(bars_with_notes) - len(set(bars_with_notes))
    return repeated / len(bars_with_notes) if bars_with_notes else float("nan")


def _grooving_similarity(score: Score) -> float:
    """GS over all pairs of full bars, in one step: at each position, pairs that differ are those of one with and one without."""
    full = _full_bars(score)
    if full.sum() < 2:
        return float("nan")
    starts = np.concatenate([np.zeros(0, np.int64), *(track.start for track in score.tracks)])
    bars, offsets = bar_of(score, starts)
    grid = np.zeros((full.size, GROOVE_POSITIONS), bool)
    lengths = _full_lengths(score, bar_starts(score))
    grid[bars, np.minimum(offsets * GROOVE_POSITIONS // lengths[bars], GROOVE_POSITIONS - 1)] = True
    grid = grid[full]
    with_onset = grid.sum(0)
    pairs = len(grid) * (len(grid) - 1) / 2
    return float(1 - (with_onset * (len(grid) - with_onset)).sum() / (pairs * GROOVE_POSITIONS))
