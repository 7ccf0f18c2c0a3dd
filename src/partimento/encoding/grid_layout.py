"""What encodings of bars on a 16th grid share: the ids at the head of a piece, and how a score comes onto the grid.

    start metre pickup key ...

*pickup* says how many 16ths stand before the first full bar. So whoever counts steps from here on knows every bar
line. A change of metre is said by its id where the new bar begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from partimento.encoding.vocabulary import Vocabulary
from partimento.errors import EncodingError
from partimento.score import KeySignature, Score, Tempo, TimeSignature, Track
from partimento.score.harmony import key_of
from partimento.score.meter import signatures
from partimento.score.pitch import key_name
from partimento.score.score import MODES
from partimento.score.transform import quantize

GRID, STEPS_PER_QUARTER, TICKS_PER_STEP = 16, 4, 120
_VELOCITY = 80

BAR_STEPS = {
    **{"4/4": 16, "3/4": 12, "2/4": 8, "3/2": 24, "6/8": 12, "9/8": 18, "12/8": 24},
    **{"3/8": 6, "5/4": 20, "5/8": 10, "7/8": 14},
}
"""Metre -> 16th steps in a bar."""

_ALIKE = {"2/2": "4/4", "4/8": "2/4", "6/4": "3/2"}
"""Metres that are said as another of the same length."""

KEYS = tuple(key_name(KeySignature(0, fifths, mode)) for mode in MODES for fifths in range(-7, 8))

HEAD_GROUPS = {
    "frame": ("start", "end"),
    "metre": tuple(BAR_STEPS),
    "pickup": tuple(f"pickup{steps}" for steps in range(max(BAR_STEPS.values()))),
    "key": KEYS,
}
"""The first groups of a vocabulary; its ids have the same numbers in each."""

HEAD = Vocabulary(HEAD_GROUPS)
START, END = HEAD.ids["start"], HEAD.ids["end"]
HEAD_IDS = 4


class Metre(NamedTuple):
    """A metre and the step at which it begins, a bar line or the start of the piece."""

    name: str
    step: int


class Head(NamedTuple):
    """What the ids at the head of a piece say, and the changes of metre in it.

    Attributes:
        metres: In order, the first at step 0.
        pickup: Steps before the first full bar.
        key: Key of the piece.
        steps: Steps of the piece, up to the bar line after its last note, or to where the last bar and the pickup make one bar.
    """

    metres: tuple[Metre, ...]
    pickup: int
    key: KeySignature | None
    steps: int

    def ids(self) -> list[int]:
        """Return the ids at the head of the piece, start included."""
        assert self.key is not None
        return [START, HEAD.ids[self.metres[0].name], HEAD.first["pickup"] + self.pickup, key_id(self.key)]


def key_id(key: KeySignature) -> int:
    """Return the id of a key, church modes included."""
    return HEAD.first["key"] + 15 * MODES.index(key.mode) + key.fifths + 7


def key_signature(number: int) -> KeySignature:
    """Return the key signature that a key id says."""
    mode, place = divmod(number - HEAD.first["key"], 15)
    return KeySignature(0, place - 7, MODES[mode])


def on_grid(score: Score, name: str) -> Score:
    """Return `score` with a step of the grid as its tick, every note moved to the nearest.

    Raises:
        EncodingError: When it has no notes but drums; `name` is the encoding that asks.
    """
    pitched = tuple(track for track in score.tracks if len(track) and not track.is_drum)
    if not pitched:
        raise EncodingError(f"encoding '{name}': no notes (drums not counted), expected at least one. Leave the piece out.")
    moved = quantize(replace(score, tracks=pitched, marks=()), GRID)
    step = moved.ticks_per_quarter // STEPS_PER_QUARTER

    def coarse(track: Track) -> Track:
        return Track(track.start // step, track.duration // step, track.pitch, track.velocity, name=track.name, program=track.program)

    return Score(
        STEPS_PER_QUARTER,
        tuple(coarse(track) for track in moved.tracks),
        time_signatures=tuple(TimeSignature(s.tick // step, s.numerator, s.denominator) for s in moved.time_signatures),
        key_signatures=moved.key_signatures[:1],
        pickup=moved.pickup // step,
    )


def head_of(score: Score, end: int, name: str) -> Head:
    """Return what is to be said at the head of a piece.

    Args:
        score: What `on_grid` made.
        end: Step at which the last note that is said ends.
        name: The encoding that asks.

    Raises:
        EncodingError: When the score has a metre not in `BAR_STEPS`.
    """
    pickup = score.pickup
    metres: list[Metre] = []
    for signature in signatures(score):
        written = f"{signature.numerator}/{signature.denominator}"
        metre = _ALIKE.get(written, written)
        if metre not in BAR_STEPS:
            raise EncodingError(f"encoding '{name}': metre {metre}, expected one of {', '.join(BAR_STEPS)}. Leave the piece out.")
        if signature.tick >= end:
            break  # after the last note
        from_line = signature.tick - max(pickup, metres[-1].step) if metres else 0
        if not metres or metres[-1].name != metre or from_line % BAR_STEPS[metre]:
            metres.append(Metre(metre, signature.tick))
    first, last = BAR_STEPS[metres[0].name], BAR_STEPS[metres[-1].name]
    line = max(metres[-1].step, pickup)
    pickup %= first
    full = line + -(-max(end - line, 1) // last) * last
    short = full - pickup if len(metres) == 1 else full
    return Head(tuple(metres), pickup, key_of(score), short if short >= end else full)


def read_head(ids: list[int]) -> tuple[Head, list[int]]:
    """Return what the head of `ids` says, and the ids that say music, each change of metre at its place.

    What a head cut short does not say is 4/4, no pickup and no key; `steps` is 0, for it is not known here.
    """
    first_pickup, first_key, after = HEAD.first["pickup"], HEAD.first["key"], len(HEAD)
    metre, pickup, key, body = "4/4", 0, None, []
    for place, number in enumerate(ids):
        if number >= after or (place >= HEAD_IDS and HEAD.first["metre"] <= number < first_pickup):
            body.append(number)
        elif first_key <= number:
            key = key_signature(number)
        elif first_pickup <= number:
            pickup = number - first_pickup
        elif number > END:
            metre = HEAD.symbols[number]
    return Head((Metre(metre, 0),), pickup, key, 0), body


def grid_score(head: Head, notes: list[tuple[int, int, int]], *, tempo: float, name: str) -> Score:
    """Return a score of one track, 480 ticks per quarter.

    Args:
        head: Its metres, pickup and key.
        notes: Start, length and MIDI key of each, in steps.
        tempo: Quarter notes per minute.
        name: Of the track.
    """
    start, length, pitch = np.array(notes, np.int64).reshape(-1, 3).T
    velocity = np.full(len(notes), _VELOCITY, np.int32)
    track = Track(start * TICKS_PER_STEP, length * TICKS_PER_STEP, pitch.astype(np.int32), velocity, name=name)
    written = tuple(TimeSignature(metre.step * TICKS_PER_STEP, *map(int, metre.name.split("/"))) for metre in head.metres)
    keys = () if head.key is None else (head.key,)
    return Score(480, (track,), (Tempo.of_bpm(0, tempo),), written, keys, (), head.pickup * TICKS_PER_STEP)
