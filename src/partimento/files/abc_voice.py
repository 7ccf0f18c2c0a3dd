"""One voice of a tune as written: bars of events with exact lengths, before any repeat is played.

Times are whole numbers of grains, `WHOLE` of them to a whole note, from the start of the bar: enough for 65536ths and
for tuplets of 3, 5, 7, 9, 11, 13 and 15 in them. A bar is what stands between two bar lines, so a bar of the
metre may be cut in two by a repeat sign. Pitches are final but for one thing: a note that a tie
leads to over a bar line takes the accidental of the note it is tied to, which is known only when repeats have
been played.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Protocol

from partimento.files.abc_fields import Key, Metre
from partimento.score.pitch import LETTERS, NATURAL_SEMITONES

WHOLE = 2**16 * 3**3 * 5**3 * 7 * 11 * 13
"""Grains in a whole note."""

LONGEST = 64 * WHOLE
"""Longest note or rest; the longest of early music (a maxima) is 8 whole notes."""

SHORTEST = WHOLE // 2**15
"""Shortest note."""


class Damage(Exception):
    """A tune that cannot be read on; the parser turns it into a ReadError that names the place."""


@dataclass(slots=True)
class Note:
    """One pitch of an event; `place` counts staff places (C4 is 28), `implied` tells that no accidental of this bar made it."""

    pitch: int
    place: int
    implied: bool
    length: int
    tie: bool = False


@dataclass(slots=True)
class Event:
    """A note, a chord or (without notes) a rest."""

    at: int
    length: int
    notes: list[Note]
    grace: tuple[int, ...] = ()
    layer: int = 0


@dataclass(slots=True)
class Bar:
    """What stands between two bar lines.

    Attributes:
        line: Line of the file on which it starts.
        key, metre, tempo: In force at its start; `tempo` in quarter notes a minute, None where none was given.
        opens: Colons of the repeat sign at its left.
        closes: Colons of the repeat sign at its right.
        heavy: Whether a double or thick bar line ends it.
        endings: Numbers of the ending that starts with it.
        part: Name of the part that starts with it.
        renewed: Whether a metre field at its start says the metre that held before.
        changes: Key or tempo changes inside it: time, value.
        marks: Chord symbols and the like: time, kind, text.
        lyrics: Time, verse from 0, syllable.
    """

    line: int
    key: Key
    metre: Metre
    tempo: float | None
    opens: int = 0
    closes: int = 0
    heavy: bool = False
    endings: tuple[int, ...] = ()
    part: str = ""
    renewed: bool = False
    length: int = 0
    events: list[Event] = field(default_factory=list)
    changes: list[tuple[int, Key | float]] = field(default_factory=list)
    marks: list[tuple[int, str, str]] = field(default_factory=list)
    lyrics: list[tuple[int, int, str]] = field(default_factory=list)


def full_bar(bar: Bar) -> int:
    """Return the grains that the metre wants in a bar; 0 in free metre."""
    return WHOLE * bar.metre.numerator // bar.metre.denominator


@lru_cache(maxsize=4096)
def length_factor(text: str) -> Fraction:
    """Return what an ABC length such as ``3/2``, ``/``, ``//`` or nothing multiplies the unit with.

    Raises:
        Damage: When it is no length that music has.
    """
    above, slash, below = text.partition("/")
    if len(above) > 6 or len(below) > 8:
        raise Damage(f"a note length of {len(text)} signs, expected one such as 2, /2 or 3/2")
    numerator = int(above or 1)
    denominator = 1
    if slash:
        denominator = int(below) if below.isdigit() else 2 ** (1 + len(below))
    if not numerator or not denominator:
        raise Damage(f"a note length of '{text}', expected more than nothing and no division by 0")
    return Fraction(numerator, denominator)


class Tune(Protocol):
    """What a voice needs of the tune it belongs to."""

    def warn(self, message: str) -> None:
        """Note something for the score's warnings, with its place."""

    def spend(self) -> None:
        """Count one event more; raises Damage where they are too many."""


class VoiceBuilder:
    """Takes a voice's signs in order and makes its bars."""

    def __init__(self, name: str, key: Key, metre: Metre, unit: Fraction, tempo: float | None, tune: Tune) -> None:
        self.name = name
        self.key, self.metre, self.tempo = key, metre, tempo
        self.unit = unit
        """Unit note length in whole notes."""
        self.warn = tune.warn
        self.spend = tune.spend
        self.semitones = 0
        self.program = 0
        self.is_drum = False
        self.propagate = "octave"
        self.bars: list[Bar] = []
        self.bar = Bar(0, key, metre, tempo)
        self.line = 0
        self.at = 0
        self.layer = 0
        self.next_key = key
        self.touched = False
        self.accidentals: dict[int, int] = {}
        self.tuplet: tuple[int, int, int] = (0, 1, 1)
        """Notes left, and what their lengths are multiplied with and divided by."""
        self.broken: tuple[int, int] = (1, 1)
        """What the next note's length is multiplied with and divided by."""
        self.last: Event | None = None
        self.grace: tuple[int, ...] = ()
        self.fermata = False
        self.sung: list[tuple[Bar, Event]] = []
        self.inexact = 0

    # ---- pitches

    def pitch(self, accidental: int | None, letter: str, octave_marks: str) -> tuple[int, int, bool]:
        """Return MIDI key (perhaps out of range), staff place and whether the accidental is only implied."""
        name = letter.upper()
        octave = (5 if letter.islower() else 4) + octave_marks.count("'") - octave_marks.count(",")
        place = LETTERS.index(name) + 7 * octave
        slot = place if self.propagate == "octave" else LETTERS.index(name)
        implied = False
        if accidental is not None:
            alter = accidental
            if self.propagate != "not":
                self.accidentals[slot] = alter
        elif slot in self.accidentals:
            alter = self.accidentals[slot]
        else:
            alter = dict(self.key.alterations).get(name, 0) if self.key.alterations else 0
            implied = True
        return 12 * (octave + 1) + NATURAL_SEMITONES[name] + alter + self.semitones, place, implied

    # ---- events

    def add(self, notes: list[tuple[int, int, bool, Fraction, bool]], factor: Fraction) -> None:
        """Add a note or a chord (or a rest, where `notes` is empty).

        Args:
            notes: Of each note: MIDI key, staff place, implied, factor of its length, tied.
            factor: What the length of the event is, in units.
        """
        above, below = self.broken
        above, below = above * WHOLE * self.unit.numerator, below * self.unit.denominator
        left, q, p = self.tuplet
        if left:
            above, below = above * q, below * p
            self.tuplet = (left - 1, q, p)
        self.broken = (1, 1)
        length = self._grains(factor, above, below)
        made = []
        for pitch, place, implied, each, tie in notes:
            if not 0 <= pitch <= 127:
                self.warn("a note out of the range of MIDI was left out")
                continue
            made.append(Note(pitch, place, implied, length if each is factor else self._grains(each, above, below), tie))
        event = Event(self.at, length, made, self.grace if made else (), self.layer)
        if made:
            self.grace = ()
        self._place(event)

    def _grains(self, factor: Fraction, above: int, below: int) -> int:
        """Return `factor` times `above` / `below`, a length in grains; the nearest, where none is exact."""
        length, rest = divmod(factor.numerator * above, factor.denominator * below)
        self.inexact += bool(rest)
        if not SHORTEST <= length <= LONGEST:
            raise Damage(f"a note or rest of {length / WHOLE:.6g} whole notes, expected 1/32768 to 64")
        return length

    def _place(self, event: Event) -> None:
        """Put an event at the cursor and move on."""
        self.spend()
        if not self.touched:
            self.bar.line = self.line
            self.touched = True
        if self.fermata:
            self.bar.marks.append((self.at, "fermata", ""))
            self.fermata = False
        self.bar.events.append(event)
        self.at = self.at + event.length
        self.last = event
        if event.notes:
            self.sung.append((self.bar, event))

    def rest_bars(self, count: int) -> None:
        """Rest for `count` whole bars."""
        for index in range(count):
            if index:
                self.bar_line(0, 0, False)
            self._place(Event(self.at, WHOLE * self.metre.numerator // self.metre.denominator or WHOLE, [], (), self.layer))

    def lengthen(self, signs: str) -> None:
        """Take ``>`` or ``<`` (up to three): move length between the last note and the next."""
        if self.last is None:
            self.warn(f"'{signs}' stands behind no note and was left out")
            return
        whole = 1 << len(signs)  # > is 3/2 and 1/2, >> is 7/4 and 1/4
        mine, other = (2 * whole - 1, 1) if signs[0] == ">" else (1, 2 * whole - 1)
        before = self.last.length
        self.last.length = before * mine // whole
        for note in self.last.notes:
            note.length = note.length * mine // whole
        self.at = self.at + self.last.length - before
        self.broken = (other, whole)
        self.last = None

    def tie(self) -> None:
        """Tie the last event's notes to what follows."""
        events = self.bar.events or (self.bars[-1].events if self.bars else [])
        if not events or not events[-1].notes:
            self.warn("a tie stands behind no note and was left out")
            return
        for note in events[-1].notes:
            note.tie = True

    def mark(self, kind: str, text: str) -> None:
        """Write a mark at the cursor."""
        self.bar.marks.append((self.at, kind, text))

    # ---- bars

    def bar_line(self, closes: int, opens: int, heavy: bool) -> None:
        """End the bar; bar lines with nothing between them are one."""
        if self.touched:
            self._close()
        self.accidentals = {}
        if self.bars:
            before = self.bars[-1]
            before.closes = max(before.closes, closes)
            before.heavy = before.heavy or heavy or bool(closes)
        elif closes and not self.bars:
            self.warn("a repeat ends before the first note")
        self.bar.opens = max(self.bar.opens, opens)

    def split(self) -> None:
        """Start a new bar here, without a bar line, where the bar has begun."""
        if self.touched:
            accidentals = self.accidentals
            self._close()
            self.accidentals = accidentals

    def _close(self) -> None:
        """File the bar and start the next; what stands at the bar line goes to the note before it, a chord symbol to the next."""
        done = self.bar
        done.length = max(done.length, self.at)
        self.bars.append(done)
        if self.layer:
            self.key = self.next_key
        self.bar = Bar(self.line, self.key, self.metre, self.tempo)
        if self.fermata and done.events:
            done.marks.append((done.events[-1].at, "fermata", ""))
            self.fermata = False
        late = [mark for mark in done.marks if mark[0] >= done.length]
        if late and done.events:
            done.marks = [mark for mark in done.marks if mark[0] < done.length]
            for _, kind, text in late:
                if kind == "chord":
                    self.bar.marks.append((0, kind, text))
                else:
                    done.marks.append((done.events[-1].at, kind, text))
        self.at, self.layer, self.touched = 0, 0, False
        self.accidentals = {}
        self.last = None

    def overlay(self) -> None:
        """Go back to the start of the bar, in another layer."""
        self.bar.length = max(self.bar.length, self.at)
        if not self.layer:
            self.next_key = self.key
        self.key = self.bar.key
        self.at, self.layer, self.last = 0, self.layer + 1, None
        self.accidentals = {}

    def set_key(self, key: Key) -> None:
        """Change the key here."""
        self.key = key
        self.accidentals = {}
        if self.layer:
            return  # the first layer has said it
        if self.at == 0:
            self.bar.key = key
        else:
            self.bar.changes.append((self.at, key))

    def set_metre(self, metre: Metre) -> None:
        """Change the metre; a bar starts here. The metre that holds already says that the bar before is over, full or not."""
        self.split()
        self.bar.renewed = metre == self.metre and bool(self.bars)
        self.metre = metre
        self.bar.metre = metre

    def set_tempo(self, tempo: float) -> None:
        """Change the tempo here (quarter notes a minute)."""
        self.tempo = tempo
        if self.at == 0 and not self.layer:
            self.bar.tempo = tempo
        else:
            self.bar.changes.append((self.at, tempo))

    def finish(self) -> list[Bar]:
        """Return all bars, at least one."""
        if self.grace:
            self.warn(f"{len(self.grace)} grace notes before no note were left out")
        if self.inexact:
            self.warn(f"{self.inexact} lengths are too fine and were shortened by less than a {WHOLE}th of a whole note")
        if self.touched:
            self._close()
        if not self.bars:
            self._close()
        elif self.bar.marks:
            last = self.bars[-1]
            last.marks.extend((last.events[-1].at, kind, text) for _, kind, text in self.bar.marks)
        return self.bars
