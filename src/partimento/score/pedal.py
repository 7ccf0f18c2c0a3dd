"""Pedals told as note lengths: what a synthesizer, a transcriber or a piano roll without pedals must hear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from partimento.score.note import LAST_TICK, SOSTENUTO, SUSTAIN, Track
from partimento.score.score import Score

DOWN = 64
"""A pedal's controller value from which on it is down."""


def fold_pedal(score: Score) -> Score:
    """Return the score with sustain and sostenuto pedal told by note lengths, and those pedals taken out.

    A note whose key is let go while the sustain pedal is down sounds on until the pedal goes up or the key is
    struck again, whichever is first; at the pedal's last moment where it never goes up, which is the end of
    the last note of the piece. A note already held when the sostenuto pedal goes down is held by it in the
    same way. The soft pedal (67) changes loudness and colour, not length: its controls stay. Drums have no
    pedal. A pedal that goes up at the very tick at which a key is let go does not hold it.
    """
    end = score.end_tick
    return replace(score, tracks=tuple(_folded(track, end) for track in score.tracks))


def pedal_spans(track: Track, number: int, end_tick: int) -> NDArray[np.int64]:
    """Return when a pedal is down, shape (spans, 2): the tick it goes down and the tick it goes up.

    Args:
        track: Any track.
        number: Controller number: 64 sustain, 66 sostenuto, 67 soft.
        end_tick: Where a pedal that is never let go is taken to go up.
    """
    return _spans(track.controls, track.controls[:, 1] == number, end_tick)


def _spans(controls: NDArray[np.int64], chosen: NDArray[np.bool_], end_tick: int) -> NDArray[np.int64]:
    """When the pedal that the `chosen` controls move is down (see `pedal_spans`)."""
    rows = np.flatnonzero(chosen)
    if not rows.size:
        return np.zeros((0, 2), np.int64)
    down = controls[:, 2].take(rows) >= DOWN
    edge = np.flatnonzero(down[1:] != down[:-1]) + 1
    if down[0]:
        edge = np.append(0, edge)
    ticks = controls[:, 0].take(rows.take(edge))
    if edge.size % 2:
        ticks = np.append(ticks, max(end_tick, int(ticks[-1])))
    spans = ticks.reshape(-1, 2)
    return np.asarray(spans[spans[:, 0] < spans[:, 1]])


def sounding_end(track: Track, end_tick: int) -> NDArray[np.int64]:
    """Return the tick at which each note ends when sustain and sostenuto pedal are heard (see `fold_pedal`), shape (notes,).

    Args:
        track: Any track but drums.
        end_tick: Where a pedal that is never let go is taken to go up: the end of the piece's last note.
    """
    end, numbers = track.end, track.controls[:, 1].astype(np.uint8)
    for number in (SOSTENUTO, SUSTAIN):  # what the sostenuto lets go the sustain may still catch
        spans = _spans(track.controls, numbers == number, end_tick)
        if not spans.size:
            continue
        span = np.searchsorted(spans[:, 0], end)  # one more than the last one that begins before the key is let go
        reach = np.append(0, spans[:, 1]).take(span)
        if number == SOSTENUTO:
            reach[track.start > np.append(0, spans[:, 0]).take(span)] = 0
        # Two notes of one key that overlap, or start together, are two voices: neither may be cut shorter than written.
        end = np.maximum(end, np.minimum(reach, _next_strike(track)))
    return np.asarray(np.minimum(end, LAST_TICK))


def _folded(track: Track, end_tick: int) -> Track:
    """One track with its pedals told by note lengths."""
    pedals = np.isin(track.controls[:, 1], (SUSTAIN, SOSTENUTO))
    controls = track.controls[~pedals]
    if track.is_drum or not len(track) or not pedals.any():
        return replace(track, controls=controls)
    return replace(track, duration=sounding_end(track, end_tick) - track.start, controls=controls)


def _next_strike(track: Track) -> NDArray[np.int64]:
    """For each note the tick at which its key is struck again, by the next note of the key."""
    order = np.argsort(track.pitch.astype(np.uint8), kind="stable")  # by key, and within a key by start, as the columns are
    key, start = track.pitch.take(order), track.start.take(order)
    again = np.append(start[1:], LAST_TICK)
    again[:-1][key[1:] != key[:-1]] = LAST_TICK
    strike = np.empty_like(again)
    strike[order] = again
    return strike
