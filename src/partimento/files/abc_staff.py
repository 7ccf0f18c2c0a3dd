"""One bar of one track to ABC text: layers, ties, tuplets, accidentals, grace notes, beams.

The text of a bar depends on nothing outside it but the key, the metre and the unit length, so two bars that
sound alike read alike; the writer folds repeats by comparing texts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from partimento.files.abc_play import grace_ticks
from partimento.files.abc_rhythm import Piece, Rhythm, Sound, rests_cut, rhythms
from partimento.score import KeySignature, TimeSignature, Track
from partimento.score.pitch import LINE_OF_FIFTHS, MODE_FIFTHS, NATURAL_SEMITONES, alteration, spell

_MODE_SUFFIX = {"major": "", "minor": "m", "dorian": "dor", "phrygian": "phr", "lydian": "lyd", "mixolydian": "mix", "locrian": "loc"}
_SIGNS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}


_Note = tuple[int, int, int]
"""Start, end, pitch."""


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
            self._layer(
                cell, _pieces(cell, sounds[index] if sounds else [], signs, self.scale), signs if not index else changes, lyrics=not index
            )
            self._doubt |= {letter for letter, _ in self._state}
            texts.append("".join(self._out))
        return "&".join(texts)

    def _layer(self, cell: Cell, pieces: list[Piece], signs: dict[int, Signs], *, lyrics: bool) -> None:
        """Write one layer of a cell."""
        keys = {key.tick: key for key in cell.keys}
        durations = tuple(piece.end - piece.start for piece in pieces)
        metre = (cell.metre.numerator, cell.metre.denominator)
        for piece, rhythm in zip(pieces, rhythms(durations, cell.offset, metre, self.scale), strict=True):
            sign = signs.get(piece.start, _NO_SIGNS)
            self._out.append(rhythm.gap + sign.fields + rhythm.opening)
            if piece.start in keys and piece.start > cell.start:
                self._doubt |= {letter for letter, _ in self._state}
                self._state, self._key = {}, keys[piece.start]
            self._piece(piece, rhythm, sign.symbols)
            if piece.sound is not None:
                self.onsets.append(piece.start - cell.start if piece.fresh and lyrics else -1)
                self.onsets.extend([-1] * (len(rhythm.lengths) - 1))

    def _piece(self, piece: Piece, rhythm: Rhythm, symbols: str) -> None:
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


def _pieces(cell: Cell, sounds: Sequence[Sound], signs: dict[int, Signs], scale: tuple[int, int]) -> list[Piece]:
    """Return a layer's sounds inside a cell, rests between them, cut where signs and key changes stand, and tuplets end."""
    whole: list[Piece] = []
    now = cell.start
    for sound in sounds:
        start, end = max(sound.start, cell.start), min(sound.end, cell.end)
        if start > now:
            whole.append(Piece(now, start, None))
        whole.append(Piece(start, end, sound, sound.end > end, sound.start == start))
        now = end
    if now < cell.end:
        whole.append(Piece(now, cell.end, None))
    if any(piece.sound is None for piece in whole):
        whole = rests_cut(whole, cell.start - cell.offset, Fraction(4 * scale[1], scale[0]))
    cuts = sorted(tick for tick in {*signs, *(key.tick for key in cell.keys)} if cell.start < tick < cell.end)
    if not cuts:
        return whole
    pieces = []
    for piece in whole:
        borders = [piece.start, *(tick for tick in cuts if piece.start < tick < piece.end), piece.end]
        for start, end in pairwise(borders):
            tied = piece.sound is not None and (piece.tied or end != piece.end)
            pieces.append(Piece(start, end, piece.sound, tied, piece.fresh and start == piece.start))
    return pieces
