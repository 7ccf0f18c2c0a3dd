"""Written music, bar by bar, as a reader of notation finds it, and the `Score` it makes.

Bars are played in the order that repeats, endings and jumps ask for, or as they stand; ties are joined, grace
notes take a 32nd from the note behind them, less where all of them would take more than its half. Times in here
are whole numbers of `UNIT` to a quarter note, which every usual division goes into. A score has 480 ticks to a
quarter where that makes every time whole, else the least multiple of 480 that does, else the least number that
does; above 32,767 times are rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from partimento.errors import ReadError, printable
from partimento.files.abc_grid import lay
from partimento.files.notation_parts import apart
from partimento.files.notation_unfold import playing_order
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.note import LAST_TICK

UNIT = 2**14 * 3**4 * 5**3 * 7**2 * 11 * 13 * 17 * 19 * 23
"""Parts of a quarter note in which written times are counted."""

USUAL_RESOLUTION, ROUNDED_RESOLUTION, HIGHEST_RESOLUTION = 480, 30240, 32767

MOST_PLAYED = 2_000_000
"""Notes of a piece, and marks, tempos and keys, when repeats are played."""

MOST_PLAYED_BARS = 4_000_000
"""Bars of all parts when repeats are played."""

MOST_WARNINGS = 60

_Sign = tuple[Any, ...]
"""A place in units and what begins there."""


@dataclass(slots=True)
class WrittenNote:
    """A note as written.

    Attributes:
        at: Place within its bar in units, 0 or more.
        length: Length in units, above 0.
        pitch: MIDI key as it sounds, 0 to 127.
        velocity: 1 to 127.
        line: Staff and voice it stands in; higher staves have lower numbers.
        from_tie: Whether it goes on from the note before.
        to_tie: Whether it goes on in the next.
        is_drum: Whether `pitch` names an instrument of the drum set.
        graces: Keys of the grace notes before it.
    """

    at: int
    length: int
    pitch: int
    velocity: int
    line: tuple[int, str] = (1, "1")
    from_tie: bool = False
    to_tie: bool = False
    is_drum: bool = False
    graces: tuple[int, ...] = ()


@dataclass
class WrittenBar:
    """A bar as written, in all parts at once.

    Attributes:
        number: What the source calls it.
        length: What stands in it, in units; 0 where nothing does.
        metre: Beats and beat type in force; None in free metre.
        renewed: Whether the metre is written at its start.
        implicit: Whether the source says that it is no full bar.
        keys: Place in units, fifths, mode.
        tempos: Place in units, microseconds a quarter.
        marks: Place in units, kind, text.
        forward: Whether a repeat starts here.
        backward: How often the music up to here is played, 0 where no repeat ends here.
        endings: Passes for which this bar is an ending.
        signs: Of ``segno``, ``coda``, ``fine``, ``tocoda``, ``dacapo``, ``dalsegno`` those that stand here.
    """

    number: str = ""
    length: int = 0
    metre: tuple[int, int] | None = (4, 4)
    renewed: bool = False
    implicit: bool = False
    keys: list[tuple[int, int, str]] = field(default_factory=list)
    tempos: list[tuple[int, int]] = field(default_factory=list)
    marks: list[tuple[int, str, str]] = field(default_factory=list)
    forward: bool = False
    backward: int = 0
    endings: frozenset[int] = frozenset()
    signs: set[str] = field(default_factory=set)

    @property
    def full(self) -> int:
        """Length in units that the metre wants; 0 in free metre."""
        return 0 if self.metre is None else 4 * UNIT * self.metre[0] // self.metre[1]


@dataclass
class WrittenPart:
    """A part.

    Attributes:
        name: Its name.
        program: General MIDI program.
        bars: The notes of each bar.
        splits: Whether voices in it may be tracks of their own.
        hands: Whether a keyboard's two staves may.
    """

    name: str = ""
    program: int = 0
    bars: list[list[WrittenNote]] = field(default_factory=list)
    splits: bool = True
    hands: bool = True


@dataclass
class Findings:
    """Warnings of one file, each said once, and no more than a reader can take in."""

    name: str
    said: dict[str, None] = field(default_factory=dict)
    more: int = 0

    def add(self, message: str) -> None:
        """Note that something was repaired or left out; `message` begins with its place."""
        if message in self.said:
            return
        if len(self.said) < MOST_WARNINGS:
            self.said[message] = None
        else:
            self.more += 1

    def warnings(self) -> tuple[str, ...]:
        """Return what was found, each line with the file's name."""
        more = (printable(f"{self.name}: {self.more} more findings of these kinds."),) if self.more else ()
        return tuple(printable(f"{self.name}, {message}") for message in self.said) + more


def score_of(
    bars: Sequence[WrittenBar],
    parts: Sequence[WrittenPart],
    findings: Findings,
    *,
    unfold: bool = True,
    metadata: Mapping[str, str] | None = None,
    order: Sequence[int] | None = None,
) -> Score:
    """Return the score that written bars make.

    Args:
        bars: The bars in written order.
        parts: The parts, top to bottom; each may have fewer bars than `bars`.
        findings: Where warnings go; they become the score's.
        unfold: Whether repeats, endings and jumps are played; otherwise every bar stands once, and marks of kind
            ``repeat`` say where repeats and endings are.
        metadata: Title, composer and such.
        order: The bars in playing order, where the source lists them itself.

    Raises:
        ReadError: When the piece is too long when played.
    """
    if not unfold:
        bars = [_folded(bar) for bar in bars]
    if order is None:
        order = playing_order(bars, findings.add) if unfold else range(len(bars))
    if len(order) * len(parts) > MOST_PLAYED_BARS:
        raise ReadError(f"{findings.name}: {len(order)} bars of {len(parts)} parts when repeats are played. Cut the piece.")
    notes = sum(len(part.bars[index]) for part in parts for index in order if index < len(part.bars))
    signs = sum(len(bars[index].marks) + len(bars[index].tempos) + len(bars[index].keys) for index in order)
    for count, what in ((notes, "notes"), (signs, "signs")):
        if count > MOST_PLAYED:
            raise ReadError(f"{findings.name}: {count} {what} when repeats are played, expected at most {MOST_PLAYED}. Cut the piece.")
    lengths = [bars[index].length or bars[index].full or 4 * UNIT for index in order]
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    pickup, signatures = _metres([bars[index] for index in order], lengths, starts)
    lines = [track for part in apart(parts, bars) for track in _lines(part, order, starts)]
    clock = _Clock(lines, [pickup, *(at for at, _ in signatures), *starts[:1]], findings)
    if clock.ticks(starts[-1]) > LAST_TICK:
        raise ReadError(f"{findings.name}: {starts[-1] // UNIT} quarter notes long, too long for music. Cut the piece.")
    keys, tempos, marks = _signs(bars, order, starts)
    return Score(
        ticks_per_quarter=clock.per_quarter,
        tracks=tuple(line.track(clock) for line in lines),
        tempos=tuple(Tempo(clock.ticks(at), quarter) for at, quarter in tempos),
        time_signatures=tuple(TimeSignature(clock.ticks(at), *metre) for at, metre in signatures),
        key_signatures=tuple(KeySignature(clock.ticks(at), fifths, mode) for at, fifths, mode in keys),
        marks=tuple(dict.fromkeys(Mark(clock.ticks(at), kind, text) for at, kind, text in marks)),
        pickup=clock.ticks(pickup),
        metadata=metadata or {},
        warnings=findings.warnings(),
    )


def _folded(bar: WrittenBar) -> WrittenBar:
    """A bar with marks where its repeats and endings are."""
    marks = [(0, "repeat", "start")] if bar.forward else []
    marks += [(0, "repeat", str(number)) for number in sorted(bar.endings)]
    end = bar.length or bar.full
    return replace(bar, marks=[*marks, *bar.marks, *([(end, "repeat", "end")] if bar.backward else [])])


def _metres(played: Sequence[WrittenBar], lengths: Sequence[int], starts: Sequence[int]) -> tuple[int, list[tuple[int, tuple[int, int]]]]:
    """The pickup, and the metres with their places: changes, and restarts behind bars that are not full."""
    laid = []
    for index, (bar, length) in enumerate(zip(played, lengths, strict=True)):
        renewed = bar.renewed and (index == 0 or bar.metre != played[index - 1].metre)
        laid.append((length, bar.full, renewed))
    grid = lay(laid)
    fresh = set(grid.fresh)
    pickup = grid.pickup
    if len(laid) > 1 and played[0].implicit and lengths[0] < played[0].full and not pickup and starts[1] not in fresh:
        pickup = lengths[0]  # a second short bar fills it up, but the source calls it a pickup
        fresh |= {starts[index + 1] for index in grid.joined[:1]}
    signatures: list[tuple[int, tuple[int, int]]] = []
    last: tuple[int, int] | None = None
    for bar, at in zip(played, starts[:-1], strict=True):
        if bar.metre is not None and (bar.metre != last or at in fresh):
            signatures.append((at, bar.metre))
        last = bar.metre
    return pickup, signatures


def _signs(bars: Sequence[WrittenBar], order: Sequence[int], starts: Sequence[int]) -> tuple[list[_Sign], list[_Sign], list[_Sign]]:
    """Keys, tempos and marks with their places as played; a jump restores what held where it leads."""
    held_keys, held_tempos = _in_force([bar.keys for bar in bars]), _in_force([bar.tempos for bar in bars])
    keys: list[_Sign] = []
    tempos: list[_Sign] = []
    marks: list[_Sign] = []
    for index, start in zip(order, starts, strict=False):
        bar = bars[index]
        for place, fifths, mode in [*held_keys[index], *bar.keys]:
            if not keys or keys[-1][1:] != (fifths, mode):
                keys.append((start + place, fifths, mode))
        for place, quarter in [*held_tempos[index], *bar.tempos]:
            if not tempos or tempos[-1][1] != quarter:
                tempos.append((start + place, quarter))
        marks.extend((start + place, kind, text) for place, kind, text in bar.marks)
    return _last_at_each(keys), _last_at_each(tempos), marks


def _in_force(changes: Iterable[Sequence[_Sign]]) -> list[list[_Sign]]:
    """What holds at the start of each bar, as a change at place 0; nothing before the first change."""
    held: list[list[_Sign]] = []
    now: list[_Sign] = []
    for bar in changes:
        held.append(now)
        if bar:
            now = [(0, *bar[-1][1:])]
    return held


def _last_at_each(changes: Iterable[_Sign]) -> list[_Sign]:
    """Changes in order of place, the last one where several stand at one; none that changes nothing."""
    last = sorted({change[0]: change for change in changes}.values(), key=lambda change: change[0])
    return [change for index, change in enumerate(last) if not index or change[1:] != last[index - 1][1:]]


class _Clock:
    """Units to ticks."""

    def __init__(self, lines: Sequence[_Line], places: Iterable[int], findings: Findings) -> None:
        common = UNIT
        for place in places:
            common = math.gcd(common, place)
        for line in lines:
            common = math.gcd(common, *line.starts, *line.ends)
        needed = UNIT // common
        usual = math.lcm(needed, USUAL_RESOLUTION)
        self.exact = needed <= HIGHEST_RESOLUTION
        self.per_quarter = usual if usual <= HIGHEST_RESOLUTION else needed if self.exact else ROUNDED_RESOLUTION
        if not self.exact:
            # a division with a prime factor above 23 is not exact in units: what is off by less than 1/500 tick is no loss
            worst = max((abs(self._off(at)) for line in lines for at in (*line.starts, *line.ends)), default=0.0)
            if worst > 0.002:
                findings.add(f"times need more than {HIGHEST_RESOLUTION} ticks per quarter and were rounded to {self.per_quarter}.")

    def _off(self, units: int) -> float:
        """How far a time is from the nearest tick, in ticks."""
        return (units * self.per_quarter + UNIT // 2) % UNIT / UNIT - 0.5

    def ticks(self, units: int) -> int:
        """Return a time in ticks."""
        return (2 * units * self.per_quarter + UNIT) // (2 * UNIT)


@dataclass
class _Line:
    """A track while it is played: columns in units; `ties` holds notes that want to go on, by key and end, then by voice."""

    name: str
    program: int
    is_drum: bool
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    pitches: list[int] = field(default_factory=list)
    velocities: list[int] = field(default_factory=list)
    ties: dict[tuple[int, int], dict[tuple[int, str], list[int]]] = field(default_factory=dict)

    def sound(self, note: WrittenNote, start: int) -> None:
        """Add a note at `start`, or lengthen the one it is tied to."""
        each = min(UNIT // 8, note.length // (2 * len(note.graces))) if note.graces else 0
        for index, pitch in enumerate(note.graces):
            self._add(start + index * each, start + (index + 1) * each, pitch, note.velocity)
        taken = each * len(note.graces)
        index = self._tied(note, start) if note.from_tie and not taken else -1
        if index < 0:
            index = len(self.starts)
            self._add(start + taken, start + note.length, note.pitch, note.velocity)
        self.ends[index] = start + note.length
        if note.to_tie:
            self.ties.setdefault((note.pitch, start + note.length), {}).setdefault(note.line, []).append(index)

    def _add(self, start: int, end: int, pitch: int, velocity: int) -> None:
        self.starts.append(start)
        self.ends.append(end)
        self.pitches.append(pitch)
        self.velocities.append(velocity)

    def _tied(self, note: WrittenNote, start: int) -> int:
        """The index of the note that is tied to one at `start`, of the same voice where there is a choice; else -1."""
        waiting = self.ties.get((note.pitch, start))
        if not waiting:
            return -1
        line = note.line if note.line in waiting else next(iter(waiting))
        index = waiting[line].pop(0)
        if not waiting[line]:
            del waiting[line]
        return index

    def track(self, clock: _Clock) -> Track:
        """Return the track."""
        starts = np.array([clock.ticks(at) for at in self.starts], np.int64)
        ends = np.array([clock.ticks(at) for at in self.ends], np.int64)
        lengths = np.maximum(ends - starts, 1)
        return Track(
            starts, lengths, np.array(self.pitches, np.int32), np.array(self.velocities, np.int32), self.name, self.program, self.is_drum
        )


def _lines(part: WrittenPart, order: Sequence[int], starts: Sequence[int]) -> list[_Line]:
    """A part's tracks as played: its pitched notes, and its drums where there are any."""
    lines = {is_drum: _Line(part.name, part.program, is_drum) for is_drum in (False, True)}
    for index, start in zip(order, starts, strict=False):
        if index < len(part.bars):
            for note in sorted(part.bars[index], key=lambda note: note.at):
                lines[note.is_drum].sound(note, start + note.at)
    return [line for line in lines.values() if line.starts] or [lines[False]]
