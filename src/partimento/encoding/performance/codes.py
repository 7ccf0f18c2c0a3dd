"""Notes in steps to performance ids and back, in whole arrays: seven million notes of piano in seconds.

Within a step keys are let go first, then the pedal moves, then keys are struck, each from low to high; time passes in as
few ids as it can, the long ones first. So a performance has one sequence of ids.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from partimento.encoding.encoding import Ids
from partimento.encoding.performance.layout import COUNT_BITS, END, FIRST_ON, LONGEST_SHIFT, START, VELOCITIES, Kind, Layout

Column = NDArray[np.signedinteger[Any]]
"""Whole numbers, shape (length,)."""

_OFF, _PEDAL, _ON, _MELODY = 0, 1, 2, 3
"""Order of what happens in one step."""

_VELOCITY_BITS, _WHAT_BITS, _STEP_BITS = 5, 12, 14
"""Bits below the key, the kind and the step in an event that is packed into one number."""

_KIND_BITS, _EVENT_BITS = 3 << _WHAT_BITS, (1 << _STEP_BITS) - 1

UNSAID_VELOCITY = 15
"""Bin of a note that is struck before any loudness was said."""


class Played(NamedTuple):
    """A performance as columns.

    Attributes:
        start: Step of each onset, shape (notes,).
        end: Step of each end, shape (notes,), later than its start.
        key: MIDI key, shape (notes,).
        velocity: Bin of loudness, 0 to 31, shape (notes,).
        pedal: Steps at which the pedal moves and 1 for down or 0 for up, shape (changes, 2).
        melody: Step and MIDI key of each note of the melody, shape (notes of it, 2); nothing where none is told.
    """

    start: Column
    end: Column
    key: Column
    velocity: Column
    pedal: Column
    melody: Column = np.zeros((0, 2), np.int64)


def ids_of(played: Played, layout: Layout, *, whole: bool) -> Ids:
    """Return a performance as ids, shape (length,), in any order of its notes.

    Args:
        played: Keys within the layout's.
        layout: Which number means what.
        whole: Whether the end is said; otherwise what happens in the last step, where keys are let go, is not said either.
    """
    events = _events(played, layout)
    if not whole:
        events = events[events >> _STEP_BITS < events[-1] >> _STEP_BITS]
    step = events >> _STEP_BITS
    passed = step.copy()  # steps before each event
    passed[1:] -= step[:-1]
    longest = np.maximum(passed, 1)
    longest -= 1
    longest //= LONGEST_SHIFT
    struck = np.flatnonzero(events & _KIND_BITS == _ON << _WHAT_BITS)
    loud = (events.take(struck) & (VELOCITIES - 1)).astype(np.int32)
    louder = np.zeros(events.size, np.intp)  # 1 for each event that needs a word on loudness
    louder[struck[:1]] = 1
    louder[struck[1:]] = loud[1:] != loud[:-1]
    words = (longest + np.minimum(passed, 1)).astype(np.intp)
    words += louder
    words += 1
    place = np.cumsum(words)  # of each event among the ids, the start counted
    rest = (passed - longest * LONGEST_SHIFT).astype(np.int32)
    ids = np.full((int(place[-1]) if place.size else 0) + 1 + whole, layout.first_shift + LONGEST_SHIFT - 1, np.int32)
    # Written for every event, needed or not: what is not needed falls on the id before, which is written after it.
    ids[place.take(struck) - 1] = loud + layout.first_velocity
    ids[place - louder - 1] = rest + (layout.first_shift - 1)
    ids[place] = layout.said.take((events & _EVENT_BITS) >> _VELOCITY_BITS)
    ids[0] = START
    if whole:
        ids[-1] = END
    return ids


def _events(played: Played, layout: Layout) -> NDArray[Any]:
    """What happens, each as one number, sorted by step, kind, key and loudness: of 32 bits where the steps leave room."""
    pedal = played.pedal if layout.pedal else played.pedal[:0]
    lead = layout.lead
    last = lead + max((int(column.max()) for column in (played.end, pedal[:, 0]) if column.size), default=0)
    number: np.dtype[Any] = np.dtype(np.uint32 if last < 1 << 32 - _STEP_BITS else np.int64)
    key = (played.key - layout.lowest).astype(number) << _VELOCITY_BITS
    parts = [
        (played.end + lead).astype(number) << _STEP_BITS | key,
        (played.start + lead).astype(number) << _STEP_BITS | key | played.velocity.astype(number) | (_ON << _WHAT_BITS),
    ]
    if pedal.size:
        step, down = (pedal[:, 0] + lead).astype(number), pedal[:, 1].astype(number)
        parts.append((step << _STEP_BITS) | (down << _VELOCITY_BITS) | (_PEDAL << _WHAT_BITS))
    if layout.melody:
        step, told = played.melody[:, 0].astype(number), (played.melody[:, 1] - layout.lowest).astype(number)
        parts.append((step << _STEP_BITS) | (told << _VELOCITY_BITS) | (_MELODY << _WHAT_BITS))
    events = np.concatenate(parts)
    events.sort()
    return events


def played_of(ids: Ids, layout: Layout) -> Played:
    """Return the performance that `ids` say, sorted by start and key.

    Equal keys that overlap end in the order in which they began; an end of what does not sound is passed over; what is
    never ended ends with the performance, and lasts a step at least.
    """
    codes = np.asarray(ids)
    kinds = layout.kinds.take(codes)
    gone = np.cumsum(layout.counts.take(codes))  # steps and words on loudness so far, in one number
    told = gone >> COUNT_BITS  # a melody is told as much before the music as the music begins late
    now = np.maximum(told - layout.lead, 0) if layout.lead else told
    on, off, loud, pedal = (np.flatnonzero(kinds == kind) for kind in (Kind.ON, Kind.OFF, Kind.VELOCITY, Kind.PEDAL))
    key, freed = codes.take(on) - FIRST_ON, codes.take(off) - layout.first_off
    by_key = np.argsort(key.astype(np.uint8), kind="stable")
    said = np.append(UNSAID_VELOCITY, codes.take(loud) - layout.first_velocity)
    velocity = said.take(gone.take(on) & ((1 << COUNT_BITS) - 1))
    start, end = now.take(on), np.empty(on.size, np.int64)
    end[by_key] = _ends(on.take(by_key), key.take(by_key), off, freed, now)
    end = np.maximum(end, start + 1)
    place = start * 128 + key
    if np.any(place[1:] < place[:-1]):
        order = np.argsort(place, kind="stable")
        start, end, key, velocity = start[order], end[order], key[order], velocity[order]
    moves = np.stack([now[pedal], codes[pedal] - layout.pedal_up], axis=1)
    tells = np.flatnonzero(kinds == Kind.MELODY)
    melody = np.stack([told[tells], codes[tells] - layout.first_melody + layout.lowest], axis=1)
    return Played(start, end, key + layout.lowest, velocity, moves, melody)


def _ends(on: Column, key: Column, off: Column, freed: Column, now: Column) -> Column:
    """The step at which each note ends.

    Args:
        on: Places of the onsets among the ids, by key and then by place.
        key: Their keys.
        off: Places of the ends, in order.
        freed: Their keys.
        now: Step at each place.
    """
    by_key = np.argsort(freed.astype(np.uint8), kind="stable")
    off, freed = off.take(by_key), freed.take(by_key)
    if on.size == off.size and np.array_equal(key, freed) and np.all(on < off):
        return now.take(off)  # each onset has its end: first in, first out
    valid = _sounding(on, key, off, freed)
    off, freed = off[valid], freed[valid]
    turn = np.arange(on.size) - np.searchsorted(key, key)  # how many of this key began before
    place = np.searchsorted(freed, key) + turn
    ended = place < np.searchsorted(freed, key, side="right")
    end = np.full(on.size, now[-1] if now.size else 0)
    end[ended] = now[off[place[ended]]]
    return end


def _sounding(on: Column, key: Column, off: Column, freed: Column) -> NDArray[np.bool_]:
    """Which ends, sorted by key and place, end something that sounds: as many onsets of the key came before as valid ends, and one more."""
    events = np.concatenate([on, off])
    kind = np.concatenate([np.ones(on.size, np.int64), np.full(off.size, -1)])
    keys = np.concatenate([key, freed])
    order = np.lexsort((events, keys))
    balance = np.cumsum(kind[order])
    first = np.searchsorted(keys[order], keys[order])  # where the key's events begin
    balance -= np.append(0, balance)[first]
    span = 2 * events.size + 2
    low = np.minimum.accumulate(np.minimum(balance, 0) - keys[order] * span) + keys[order] * span  # lowest so far within the key
    before = np.where(np.arange(order.size) == first, 0, np.append(0, low[:-1]))
    wasted = (kind[order] < 0) & (balance < before)
    valid = np.empty(order.size, np.bool_)
    valid[order] = ~wasted
    return valid[on.size :]
