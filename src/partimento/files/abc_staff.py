"""One bar of one track to ABC text: layers, ties, tuplets, accidentals, grace notes, beams.

The text of a bar depends on nothing outside it but the key, the metre and the unit length, so two bars that
sound alike read alike; the writer folds repeats by comparing texts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from partimento.files.abc_play import grace_ticks
from partimento.score import KeySignature, TimeSignature, Track
from partimento.score.pitch import LINE_OF_FIFTHS, MODE_FIFTHS, NATURAL_SEMITONES, alteration, spell

LONGEST_HEAD, LONGEST_UNDOTTED = 24, 16
"""Longest written lengths in units; longer ones are tied."""

FINEST = 1024
"""Finest binary division of the unit that is written; others are tuplets or bare fractions."""

LARGEST_TUPLET = 15
_MODE_SUFFIX = {"major": "", "minor": "m", "dorian": "dor", "phrygian": "phr", "lydian": "lyd", "mixolydian": "mix", "locrian": "loc"}
_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


_Note = tuple[int, int, int]
"""Start, end, pitch."""


@dataclass(slots=True)
class Sound:
    """Notes of one layer that start and end together, in ticks, and the grace notes that take `each` ticks from their start."""

    start: int
    end: int
    pitches: list[int]
    grace: tuple[int, ...] = ()
    each: int = 0


@dataclass(slots=True)
class Cell:
    """What stands between two written bar lines.

    Attributes:
        start, end: Ticks.
        offset: Ticks from the start of the bar of the metre to `start`.
        metre: In force; in free metre what its bars are laid in.
        key: In force at the start; None where there is none.
        keys: Changes of key inside.
        free: Whether the metre is free.
    """

    start: int
    end: int
    offset: int
    metre: TimeSignature
    key: KeySignature | None
    keys: list[KeySignature] = field(default_factory=list)
    free: bool = False

    @property
    def metre_text(self) -> str:
        """What an ``M:`` field says of the metre."""
        return "none" if self.free else f"{self.metre.numerator}/{self.metre.denominator}"


@dataclass(slots=True)
class Signs:
    """What stands at a tick before the note: fields (key, tempo) and symbols (chord symbols, words, fermata)."""

    fields: str = ""
    symbols: str = ""


def key_text(key: KeySignature | None) -> str:
    """Return a ``K:`` value, such as ``G``, ``Am``, ``Ddor``, ``none``."""
    if key is None:
        return "none"
    place = key.fifths - MODE_FIFTHS[key.mode]
    letter, alter = LINE_OF_FIFTHS[(place + 1) % 7], (place + 1) // 7
    return f"{letter}{'#' * alter if alter > 0 else 'b' * -alter}{_MODE_SUFFIX[key.mode]}"


@lru_cache(maxsize=4096)
def spelling(pitch: int, fifths: int, *, minor: bool) -> tuple[str, int, int]:
    """Return letter, alteration and octave of a MIDI key as one would write it in a key.

    Notes of the signature take its letters, the leading note of minor that of its degree, other white keys their
    own; other black keys are spelled as near to the signature on the line of fifths as can be.
    """
    leading = fifths + 8 if minor else None  # on the line of fifths, C is 0
    octave, pitch_class = divmod(pitch, 12)
    for letter in "CDEFGAB":
        alter = alteration(letter, fifths)
        if (NATURAL_SEMITONES[letter] + alter - pitch_class) % 12 == 0:
            return letter, alter, (pitch - NATURAL_SEMITONES[letter] - alter) // 12 - 1
    if leading is not None and leading * 7 % 12 == pitch_class:
        letter, alter = LINE_OF_FIFTHS[(leading + 1) % 7], (leading + 1) // 7
        return letter, alter, (pitch - NATURAL_SEMITONES[letter] - alter) // 12 - 1
    for letter, semitones in NATURAL_SEMITONES.items():
        if semitones == pitch_class:
            return letter, 0, octave - 1
    return spell(pitch, fifths, minor)


_NO_SIGNS = Signs()


def layers(track: Track, graces: Iterable[tuple[int, int]], longest_grace: int) -> list[list[Sound]]:
    """Return a track's notes as layers that overlap nowhere: notes that start and end together are one chord.

    Args:
        track: Any track.
        graces: Ticks at which grace notes start, and how many they are.
        longest_grace: Ticks that one of them lasts at most.
    """
    notes = list(zip(track.start.tolist(), track.end.tolist(), track.pitch.tolist(), strict=True))
    decorated = _take_graces(notes, graces, longest_grace)
    chords: dict[tuple[int, int], list[int]] = {}
    for start, end, pitch in notes:
        chords.setdefault((start, end), []).append(pitch)
    made: list[list[Sound]] = []
    for (start, end), pitches in sorted(chords.items(), key=lambda item: (item[0][0], -max(item[1]), item[0][1])):
        grace, each = decorated.pop((start, end), ((), 0))
        home = next((layer for layer in made if layer[-1].end <= start), None)
        if home is None:
            home = []
            made.append(home)
        home.append(Sound(start, end, sorted(pitches), grace, each))
    return made


def _take_graces(notes: list[_Note], graces: Iterable[tuple[int, int]], longest: int) -> dict[tuple[int, int], tuple[tuple[int, ...], int]]:
    """Take grace notes out of `notes`, give their time back; returns them by start and end of the chord they decorate."""
    found: dict[tuple[int, int], tuple[tuple[int, ...], int]] = {}
    by_start: dict[int, list[_Note]] = {}
    gone: Counter[_Note] = Counter()
    marks = list(graces)
    for note in notes if marks else ():
        by_start.setdefault(note[0], []).append(note)
    for tick, count in marks:
        at = tick
        taken: list[_Note] = []
        each = min((note[1] - note[0] for note in by_start.get(tick, ())), default=0)
        for _ in range(count):
            taken.extend([note for note in by_start.get(at, ()) if note[1] - note[0] == each][:1])
            at += each
        main = by_start.get(at, [])
        ends = {note[1] for note in main}
        if len(taken) < count or len(ends) != 1 or each > longest:
            continue
        gone.update((*taken, *main))
        notes.extend((tick, end, pitch) for _, end, pitch in main)
        found[(tick, ends.pop())] = (tuple(note[2] for note in taken), each)
    if found:
        notes[:] = (Counter(notes) - gone).elements()
    return found


def beat_units(metre: TimeSignature, unit: Fraction) -> Fraction:
    """Return the length in units of what is beamed together."""
    if metre.denominator >= 8 and metre.numerator % 3 == 0:
        whole = Fraction(3, metre.denominator)
    elif metre.denominator >= 8:
        whole = Fraction(metre.numerator, metre.denominator)
    elif metre.numerator % 2 == 0 and metre.denominator == 4 and metre.numerator > 2:
        whole = Fraction(1, 2)
    else:
        whole = Fraction(1, metre.denominator)
    return whole / unit


def length_text(units: Fraction) -> str:
    """Return a length in units as ABC writes it: nothing, ``2``, ``/2``, ``3/2``."""
    above = "" if units.numerator == 1 else str(units.numerator)
    return above if units.denominator == 1 else f"{above}/{units.denominator}"


def _binary(value: Fraction) -> bool:
    """Whether the denominator is a power of two that is written."""
    return value.denominator & (value.denominator - 1) == 0 and value.denominator <= FINEST


def _odd(value: Fraction) -> int:
    """Return the numerator without its factors of two."""
    return value.numerator // (value.numerator & -value.numerator)


def heads(value: Fraction, place: Fraction, beat: Fraction) -> list[Fraction]:
    """Cut a binary length at `place` in its bar into lengths that one note head, perhaps dotted, has: at beats where it can be."""
    if not _binary(place):
        place = Fraction(0)  # inside a tuplet
    made: list[Fraction] = []
    while value > LONGEST_HEAD:
        made.append(Fraction(LONGEST_UNDOTTED))
        value, place = value - LONGEST_UNDOTTED, place + LONGEST_UNDOTTED
    if _odd(value) in (1, 3):
        return [*made, value]
    base = beat if _odd(beat) in (1, 3) else Fraction(1 << (int(beat).bit_length() - 1))  # 7/8: count in fours
    while True:
        cut = (math.ceil((place + value) / base) - 1) * base - place
        if 0 < cut < value:
            return [*made, *heads(cut, place, beat), *heads(value - cut, place + cut, beat)]
        base = base / 3 if base.numerator % 3 == 0 else base / 2


@dataclass(slots=True)
class _Piece:
    """A part of a sound (or a rest) inside a cell; `tied` on to the next, `fresh` where the sound starts with it."""

    start: int
    end: int
    sound: Sound | None
    tied: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """How a piece is written: the blank before it, the tuplet that it opens, its lengths, and ticks of the first of them."""

    gap: str
    opening: str
    lengths: tuple[str, ...]
    first: int


@lru_cache(maxsize=20_000)
def _rhythms(durations: tuple[int, ...], offset: int, metre: tuple[int, int], scale: tuple[int, int]) -> tuple[_Rhythm, ...]:
    """Return how pieces of these lengths are written one after another: bars of a tune share few rhythms.

    Args:
        durations: In ticks.
        offset: Where in its bar the first starts, in ticks.
        metre: Numerator and denominator.
        scale: Units to a whole note, ticks to a quarter.
    """
    unit = Fraction(1, scale[0])
    ticks_per_unit = 4 * scale[1] * unit
    beat = beat_units(TimeSignature(0, *metre), unit)
    place = offset / ticks_per_unit
    begin = place
    units = [duration / ticks_per_unit for duration in durations]
    made: list[_Rhythm] = []
    group = -1
    index = 0
    while index < len(units):
        count, factor, scaled = _tuplet(units[index : index + 64], place - begin)
        parts = [heads(length, place, beat) if _binary(length) else [length] for length in scaled]
        p, q, r = factor.numerator, factor.denominator, sum(map(len, parts))
        opening = "" if factor == 1 else "(3" if (p, q, r) == (3, 2, 3) else f"({p}:{q}:{r}"
        for step in range(count):
            now = math.floor(place / beat)
            first = int(parts[step][0] / factor * ticks_per_unit)
            made.append(_Rhythm(" " if now != group and group >= 0 else "", opening, tuple(map(length_text, parts[step])), first))
            opening, group = "", now
            place += units[index + step]
        index += count
    return tuple(made)


class StaffWriter:
    """Writes cells of one track; `cell` is its one entry.

    Attributes:
        bad_graces: Ticks of grace notes that would not read back to the same ticks; write them as notes.
        onsets: Of the cell written last, for each note head: ticks from the start of the cell; -1 where no note starts.
    """

    def __init__(self, unit: Fraction, ticks_per_quarter: int) -> None:
        self.ticks_per_quarter = ticks_per_quarter
        self.scale = (unit.denominator, ticks_per_quarter)
        self.bad_graces: set[int] = set()
        self.onsets: list[int] = []
        self._state: dict[tuple[str, int], int] = {}
        self._doubt: set[str] = set()
        self._key: KeySignature | None = None
        self._out: list[str] = []

    def cell(self, cell: Cell, sounds: Sequence[Sequence[Sound]], signs: dict[int, Signs]) -> str:
        """Return a cell's text.

        Args:
            cell: Where, in which metre and key.
            sounds: Of each layer, those that touch the cell.
            signs: What stands before the note, by tick, in the first layer.
        """
        self._doubt = set()
        self.onsets = []
        texts = []
        changes = {key.tick: Signs(f"[K:{key_text(key)}]") for key in cell.keys}
        last = max((index for index, layer in enumerate(sounds) if layer), default=0)
        for index in range(last + 1):
            self._state, self._key, self._out = {}, cell.key, []
            self._layer(cell, _pieces(cell, sounds[index] if sounds else [], signs), signs if not index else changes, lyrics=not index)
            self._doubt |= {letter for letter, _ in self._state}
            texts.append("".join(self._out))
        return "&".join(texts)

    def _layer(self, cell: Cell, pieces: list[_Piece], signs: dict[int, Signs], *, lyrics: bool) -> None:
        """Write one layer of a cell."""
        keys = {key.tick: key for key in cell.keys}
        durations = tuple(piece.end - piece.start for piece in pieces)
        metre = (cell.metre.numerator, cell.metre.denominator)
        for piece, rhythm in zip(pieces, _rhythms(durations, cell.offset, metre, self.scale), strict=True):
            sign = signs.get(piece.start, _NO_SIGNS)
            self._out.append(rhythm.gap + sign.fields + rhythm.opening)
            if piece.start in keys and piece.start > cell.start:
                self._doubt |= {letter for letter, _ in self._state}
                self._state, self._key = {}, keys[piece.start]
            self._piece(piece, rhythm, sign.symbols)
            if piece.sound is not None:
                self.onsets.append(piece.start - cell.start if piece.fresh and lyrics else -1)
                self.onsets.extend([-1] * (len(rhythm.lengths) - 1))

    def _piece(self, piece: _Piece, rhythm: _Rhythm, symbols: str) -> None:
        """Write one note, chord or rest in as many note heads as it needs."""
        sound = piece.sound
        if sound is None:
            self._out.append(symbols + "".join("z" + length for length in rhythm.lengths))
            return
        if sound.grace and piece.fresh:
            self._out.append("{" + "".join(map(self._name, sound.grace)) + "}")
            if grace_ticks(len(sound.grace), rhythm.first, self.ticks_per_quarter) != sound.each:
                self.bad_graces.add(sound.start)
        self._out.append(symbols)
        last = len(rhythm.lengths) - 1
        for index, length in enumerate(rhythm.lengths):
            names = "".join(map(self._name, sound.pitches))
            body = names if len(sound.pitches) == 1 else f"[{names}]"
            self._out.append(body + length + ("-" if piece.tied or index < last else ""))

    def _name(self, pitch: int) -> str:
        """Return a pitch with the accidental it needs here, also for readers to whom accidentals hold in every octave."""
        fifths, minor = (self._key.fifths, self._key.mode == "minor") if self._key else (0, False)
        letter, alter, octave = spelling(pitch, fifths, minor=minor)
        here = self._state.get((letter, octave))
        sign = ""
        if here != alter and (here is not None or letter in self._doubt or alteration(letter, fifths) != alter):
            sign = _SIGNS[alter]
            self._state[(letter, octave)] = alter
            self._doubt.add(letter)
        if octave >= 5:
            return sign + letter.lower() + "'" * (octave - 5)
        return sign + letter + "," * (4 - octave)


def _pieces(cell: Cell, sounds: Sequence[Sound], signs: dict[int, Signs]) -> list[_Piece]:
    """Return a layer's sounds inside a cell, rests between them, cut where signs and key changes stand."""
    whole: list[_Piece] = []
    now = cell.start
    for sound in sounds:
        start, end = max(sound.start, cell.start), min(sound.end, cell.end)
        if start > now:
            whole.append(_Piece(now, start, None))
        whole.append(_Piece(start, end, sound, sound.end > end, sound.start == start))
        now = end
    if now < cell.end:
        whole.append(_Piece(now, cell.end, None))
    cuts = sorted(tick for tick in {*signs, *(key.tick for key in cell.keys)} if cell.start < tick < cell.end)
    if not cuts:
        return whole
    pieces = []
    for piece in whole:
        borders = [piece.start, *(tick for tick in cuts if piece.start < tick < piece.end), piece.end]
        for start, end in pairwise(borders):
            tied = piece.sound is not None and (piece.tied or end != piece.end)
            pieces.append(_Piece(start, end, piece.sound, tied, piece.fresh and start == piece.start))
    return pieces


def _tuplet(units: list[Fraction], place: Fraction) -> tuple[int, Fraction, list[Fraction]]:
    """Return how many pieces belong together, what their written lengths are longer by, and those lengths.

    A tuplet is the shortest run that starts with a length no binary fraction says and ends where one does.
    """
    if _binary(units[0]):
        return 1, Fraction(1), [units[0]]
    end = place
    for count, length in enumerate(units, start=1):
        end += length
        if not _binary(end):
            continue
        odd = 1
        for value in units[:count]:
            odd = math.lcm(odd, value.denominator // (value.denominator & -value.denominator))
        factor = Fraction(odd, 1 << (odd.bit_length() - 1))
        scaled = [value * factor for value in units[:count]]
        if 1 < odd <= LARGEST_TUPLET and all(_binary(value) for value in scaled):
            return count, factor, scaled
        break
    return 1, Fraction(1), [units[0]]
