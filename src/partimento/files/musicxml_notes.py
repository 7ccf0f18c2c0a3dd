"""Notes as MusicXML: how a key is spelled, which accidentals are seen, and the lines of a chord or a rest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from partimento.files.musicxml_layout import Chord
from partimento.files.musicxml_rhythm import Value
from partimento.files.musicxml_text import element
from partimento.score import KeySignature
from partimento.score.pitch import alteration, spell

_SIGNS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_DRUM_PLACES = {35: "F4", 36: "F4", 38: "C5", 40: "C5", 41: "A4", 42: "G5", 43: "A4", 44: "D4", 45: "B4", 46: "G5", 47: "D5", 48: "E5"}
_DRUM_PLACES |= {49: "A5", 50: "E5", 51: "F5", 53: "F5", 57: "A5", 59: "F5"}

Accidentals = dict[tuple[int, int, int, int], str]
"""Place, staff, voice and MIDI key of a note -> the accidental seen before it."""

_Spelled = tuple[str, int, int]


class VoiceLine(Protocol):
    """A voice within a measure (see `musicxml_write`)."""

    @property
    def staff(self) -> int:
        """Its staff, 1 or 2."""

    @property
    def voice(self) -> int:
        """Its voice number."""

    @property
    def content(self) -> tuple[tuple[Value, Chord | None], ...]:
        """Its values, each with a chord, or None where it is a rest."""


class Spelling:
    """Spells keys by the signature in force.

    Args:
        keys: The score's key signatures.
        scale: Parts to a tick.
    """

    def __init__(self, keys: Sequence[KeySignature], scale: int) -> None:
        self.keys = keys
        self.ticks = [key.tick * scale for key in keys]

    def at(self, place: int) -> KeySignature:
        """Return the key in force at a place."""
        index = bisect_right(self.ticks, place) - 1
        return self.keys[index] if index >= 0 else KeySignature(0)

    def spelled(self, pitch: int, place: int) -> _Spelled:
        """Return letter, alteration and octave of a note that begins at `place`."""
        key = self.at(place)
        return spell(pitch, key.fifths, key.mode == "minor")

    def accidentals(self, start: int, lines: Sequence[VoiceLine]) -> Accidentals:
        """Return the accidentals that are seen in a measure that begins at `start`."""
        heads = [
            (start + value.at, line.staff, line.voice, pitch, chord)
            for line in lines
            for value, chord in line.content
            if chord is not None
            for pitch in chord.pitches
        ]
        heads.sort(key=lambda head: head[:4])
        seen: Accidentals = {}
        standing: dict[tuple[int, str, int], int] = {}
        for at, staff, voice, pitch, chord in heads:
            if chord.start < at:  # tied: what was seen before holds
                continue
            letter, alter, octave = self.spelled(pitch, chord.start)
            if standing.get((staff, letter, octave), alteration(letter, self.at(at).fifths)) != alter:
                seen[at, staff, voice, pitch] = _SIGNS[alter]
            standing[staff, letter, octave] = alter
        return seen


@dataclass(frozen=True)
class NoteStyle:
    """What hangs on a chord or rest.

    Attributes:
        duration: In divisions.
        voice: Voice number.
        staff: Staff number; 0 where the part has one staff.
        part: The part's id where it is a drum part, else empty.
        has_fermata: Whether a fermata stands over it.
        is_bar_rest: Whether it is a rest of the whole bar.
        lyrics: ``lyric`` elements.
    """

    duration: int
    voice: int
    staff: int
    part: str
    has_fermata: bool
    is_bar_rest: bool
    lyrics: tuple[str, ...]


def note_lines(
    value: Value, chord: Chord | None, style: NoteStyle, *, at: int, accidentals: Accidentals, spelling: Spelling
) -> Iterator[str]:
    """Yield the ``note`` elements of a chord, or of a rest where `chord` is None."""
    if chord is None:
        rest = '<rest measure="yes"/>' if style.is_bar_rest else "<rest/>"
        yield f"<note>{rest}{element('duration', style.duration)}{_value(value, style, '')}{_notations([], value, style)}</note>"
        return
    goes_on = at + value.length < chord.end
    for number, (pitch, velocity) in enumerate(zip(chord.pitches, chord.velocities, strict=True)):
        sound = f' dynamics="{velocity / 0.9:.2f}"' if velocity != 64 else ""
        ties = [kind for kind, is_there in (("stop", chord.start < at), ("start", goes_on)) if is_there]
        inner = ["<chord/>"] if number else []
        inner.append(_drum(pitch) if style.part else _pitch(*spelling.spelled(pitch, chord.start), is_tied=bool(ties)))
        inner.append(element("duration", style.duration))
        inner += [f'<tie type="{kind}"/>' for kind in ties]
        inner += [f'<instrument id="{style.part}-I{pitch}"/>'] if style.part else []
        sign = accidentals.get((at, max(style.staff, 1), style.voice, pitch), "") if not style.part else ""
        inner.append(_value(value, style, sign, is_chord=number > 0))
        inner.append(_notations(ties, value, style, is_chord=number > 0))
        inner += style.lyrics if not number else ()
        yield f"<note{sound}>{''.join(inner)}</note>"


def _pitch(letter: str, alter: int, octave: int, *, is_tied: bool) -> str:
    # a tied natural says so on each of its notes: music21 joins only where the first one's sign is met again
    altered = element("alter", alter) if alter or is_tied else ""
    return f"<pitch>{element('step', letter)}{altered}{element('octave', octave)}</pitch>"


def _drum(key: int) -> str:
    place = _DRUM_PLACES.get(key, "C5")
    return f"<unpitched>{element('display-step', place[0])}{element('display-octave', place[1])}</unpitched>"


def _value(value: Value, style: NoteStyle, accidental: str, *, is_chord: bool = False) -> str:
    """Voice, note value, accidental, tuplet, staff and beams."""
    inner = [element("voice", style.voice)]
    if value.name:
        inner += [element("type", value.name), "<dot/>" * value.dots]
    if accidental:
        inner.append(element("accidental", accidental))
    if value.tuplet:
        actual, normal = value.tuplet
        inner.append(f"<time-modification>{element('actual-notes', actual)}{element('normal-notes', normal)}</time-modification>")
    if style.staff:
        inner.append(element("staff", style.staff))
    if not is_chord:
        inner += [element("beam", what, number=level) for level, what in enumerate(value.beams, 1)]
    return "".join(inner)


def _notations(ties: Sequence[str], value: Value, style: NoteStyle, *, is_chord: bool = False) -> str:
    """Ties, tuplet brackets and fermatas as they are seen."""
    inner = [f'<tied type="{kind}"/>' for kind in ties]
    if not is_chord:
        inner += [f'<tuplet type="{edge}"/>' for edge in value.edges]
        inner += ['<fermata type="upright"/>'] if style.has_fermata else []
    return f"<notations>{''.join(inner)}</notations>" if inner else ""
