"""A performance as a score that can be read: bars, two hands, note values, and a tempo map that plays it as it was played."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.errors import ScoreError
from partimento.score import Score, TimeSignature, Track
from partimento.score.hands import HANDS, is_right
from partimento.score.harmony import key_of
from partimento.score.tempo import seconds_at, ticks_at
from partimento.transcription.accents import accents, chords_of
from partimento.transcription.barlines import Bars, barred
from partimento.transcription.beats import Beats, tracked
from partimento.transcription.lengths import QUARTER, readable
from partimento.transcription.metre import heard
from partimento.transcription.tempo_marks import tempo_marks

LONGEST_PAUSE_SECONDS = 20.0
"""Longer silences are shortened to this."""


def notated(performance: Score) -> Score:
    """Return a piano performance as a score in bars, on two staves.

    Beats are tracked through changes of tempo, one metre and one key are found for the whole piece, notes are put on a
    grid of 32nds or triplets, divided between two hands and given lengths that can be read: a note that is held for
    most of the time to the next one in its hand lasts until then, and only a highest note of the right hand or a
    lowest one of the left is held over others. Sustain pedals stay; they do not lengthen notes. Drums are left out.

    Args:
        performance: Notes at their times, such as a recorded MIDI file or a transcription; its own bars, tempos and
            keys, if it has any, are not looked at.

    Returns:
        The score: 480 ticks a quarter note, two tracks named as `HANDS`, the first note at tick 0 or, where the piece
        begins within a bar, in a pickup. Its tempos give every chord its time of the performance, counted from the
        first note, to about 0.05 s; a silence of more than 20 s is shortened to that, with a warning.

    Raises:
        ScoreError: When the performance has no pitched notes.
    """
    notes = _notes(performance)
    if not notes.size:
        raise ScoreError("performance: holds no pitched notes, expected at least one. There is nothing to write down.")
    clock = _shorter_pauses(notes)
    notes[:, :2] = np.interp(notes[:, :2], *clock)
    start, end, pitch, velocity = notes[:, 0], notes[:, 1], notes[:, 2].astype(np.int64), notes[:, 3].astype(np.int64)
    chord = chords_of(start)
    seconds = np.bincount(chord, weights=start) / np.bincount(chord)
    stress = accents(chord, seconds, pitch=pitch, velocity=velocity, held=end - start)
    beats = tracked(seconds, stress)
    bars = barred(heard(beats, stress, chord, pitch))
    ticks = _on_grid(bars)
    pickup = -ticks[0] % _bar_ticks(bars)
    ticks = ticks - ticks[0]
    held = np.interp(end, *_clock(ticks, beats)) - ticks[chord]
    right = is_right(start, end, pitch, chord)
    columns = np.column_stack([ticks[chord], np.maximum(held, 1), pitch, velocity]).astype(np.int64)
    numerator, denominator = bars.barring.metre
    beat = QUARTER * 3 // 2 if denominator == 8 else QUARTER
    written = Score(
        QUARTER,
        tuple(_hand(columns[mine], name) for mine, name in zip((right, ~right), HANDS, strict=True)),
        tempo_marks(ticks, seconds, beat=beat, quarter=QUARTER),
        (TimeSignature(0, numerator, denominator),),
        pickup=int(pickup),
        metadata=performance.metadata,
        warnings=performance.warnings,
    )
    if clock[0][-1] > clock[1][-1]:
        written = written.with_warnings(f"silences longer than {LONGEST_PAUSE_SECONDS:g} s were shortened to that.")
    return replace(_with_pedals(written, performance, clock, float(seconds[0])), key_signatures=(key_of(written),))


def _notes(performance: Score) -> NDArray[np.float64]:
    """Onset and end in seconds, key and velocity of every pitched note, by onset, then key, shape (notes, 4)."""
    rows = [
        np.column_stack([seconds_at(performance, track.start), seconds_at(performance, track.end), track.pitch, track.velocity])
        for track in performance.tracks
        if not track.is_drum
    ]
    notes = np.concatenate(rows) if rows else np.zeros((0, 4))
    return np.asarray(notes[np.lexsort((notes[:, 2], notes[:, 0]))])


def _shorter_pauses(notes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds as performed, and as they are where no silence is too long, between which all times are read."""
    start, reach = notes[:, 0], np.maximum.accumulate(notes[:, 1])
    excess = np.maximum(start[1:] - reach[:-1] - LONGEST_PAUSE_SECONDS, 0)
    gaps = np.flatnonzero(excess)
    lost = np.cumsum(excess[gaps])
    edges = np.column_stack([reach[gaps], start[gaps + 1]]).ravel()
    performed = np.concatenate([[0.0], edges, [reach[-1] + 1e6]])
    without = np.concatenate([[0.0], np.column_stack([lost - excess[gaps], lost]).ravel(), lost[-1:] if lost.size else [0.0]])
    return performed, performed - without


def _bar_ticks(bars: Bars) -> int:
    """Ticks of a bar."""
    return bars.barring.bar * QUARTER // bars.barring.quarter


def _on_grid(bars: Bars) -> NDArray[np.int64]:
    """The tick of each chord: in each quarter note the nearer of two grids, of eighth parts or of sixths."""
    exact = bars.place * QUARTER / bars.barring.quarter
    quarter = (exact // QUARTER).astype(np.int64)
    grids = [np.rint(exact * parts / QUARTER) * (QUARTER // parts) for parts in (8, 6)]
    known, which = np.unique(quarter, return_inverse=True)
    binary, triple = (np.bincount(which, weights=np.abs(grid - exact), minlength=known.size) for grid in grids)
    ticks = np.where((triple < binary)[which], grids[1], grids[0]).astype(np.int64)
    fell = np.flatnonzero((np.diff(ticks) == 0) & (np.diff(bars.place) > 0)) + 1  # finer than the grid: notes of a line, no chord
    for index in fell.tolist():
        if index + 1 == ticks.size or ticks[index + 1] >= ticks[index] + QUARTER // 4:
            ticks[index] += QUARTER // 8
    return ticks


def _clock(ticks: NDArray[np.int64], beats: Beats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds and ticks between which times are read, and a beat of eight quarters behind the end."""
    rate = QUARTER / beats.beat_seconds[-1]
    return np.append(beats.seconds, beats.seconds[-1] + 8 / rate * QUARTER), np.append(ticks, ticks[-1] + 8.0 * QUARTER)


def _hand(columns: NDArray[np.int64], name: str) -> Track:
    """One hand's track, of rows of tick, ticks held, key and velocity; notes of one key that begin together are one."""
    order = np.lexsort((-columns[:, 1], columns[:, 2], columns[:, 0]))
    columns = columns[order]
    same = np.all(columns[1:, [0, 2]] == columns[:-1, [0, 2]], axis=1)
    columns = columns[np.append(True, ~same)[: len(columns)]]
    if not len(columns):
        return Track(name=name)
    start, held, pitch, velocity = columns.T
    return Track(start, readable(start, held, pitch, is_right=name == HANDS[0]), pitch, velocity, name=name)


def _with_pedals(score: Score, performance: Score, clock: tuple[NDArray[np.float64], NDArray[np.float64]], first_seconds: float) -> Score:
    """The score with the pedals of the performance at their times, in both hands."""
    rows = [
        np.column_stack([np.interp(seconds_at(performance, track.controls[:, 0]), *clock), track.controls[:, 1:]])
        for track in performance.tracks
        if not track.is_drum and track.controls.size
    ]
    if not rows:
        return score
    changes = np.concatenate(rows)
    ticks = ticks_at(score, np.maximum(changes[:, 0] - first_seconds, 0))
    controls = np.column_stack([ticks, changes[:, 1:].astype(np.int64)])
    return replace(score, tracks=tuple(replace(track, controls=controls) for track in score.tracks))
