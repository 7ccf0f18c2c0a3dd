"""One MusicXML measure of one part -> `WrittenNote`s and what it says of its `WrittenBar`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

from partimento.files.musicxml_harmony import chord_symbol
from partimento.files.musicxml_numbers import LONGEST_QUARTERS, QUARTERS, metre_of, number, units, value_of, velocity_of, whole
from partimento.files.musicxml_player import Player
from partimento.files.musicxml_tree import Node
from partimento.files.notation import UNIT, Findings, WrittenBar, WrittenNote
from partimento.score.pitch import NATURAL_SEMITONES, pitch_of
from partimento.score.score import MODES

DYNAMICS = {"pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 124, "ffff": 127}
"""Velocity of each sign; sforzati are left to the player."""

MOST_TEMPOS = 100
"""Tempos of one measure at most: a slackening that is written for players has one for each note."""

_DRUM_BY_PLACE = {
    ("F", 4): 36,
    ("C", 5): 38,
    ("E", 4): 44,
    ("A", 4): 41,
    ("D", 5): 47,
    ("E", 5): 48,
    ("F", 5): 51,
    ("G", 5): 42,
    ("A", 5): 49,
}
"""General MIDI drum of a place on a percussion staff where the file names no instrument; others are the snare."""

_MODES = {"aeolian": "minor", "ionian": "major", "none": "major", "": "major"}


class MeasureReader:
    """Reads one measure of one part.

    Args:
        player: The part; its divisions, transposition and loudness go on from measure to measure.
        bar: The bar that all parts share.
        findings: Where repairs are noted.
        where: The place for messages, such as ``part P1, measure 3``.
    """

    def __init__(self, player: Player, bar: WrittenBar, findings: Findings, where: str) -> None:
        self.player = player
        self.bar = bar
        self.findings = findings
        self.where = where
        self.notes: list[WrittenNote] = []
        self.at = self.onset = self.reached = 0
        self.graces: dict[str, list[int]] = {}

    def warn(self, node: Node, message: str) -> None:
        """Note a repair at the line of `node`."""
        self.findings.add(f"{self.where}, line {node.line}: {message}.")

    def read(self, node: Node) -> list[WrittenNote]:
        """Return the measure's notes; the bar takes the rest."""
        self.bar.endings |= self.player.ending
        for kid in node.kids:
            if kid.tag in _READ:
                _READ[kid.tag](self, kid)
        self.bar.length = max(self.bar.length, self.reached)
        left = sum(len(pitches) for pitches in self.graces.values())
        if left:
            self.findings.add(f"{self.where}: {left} grace notes before no note of their voice; they were left out.")
        return self.notes

    def _number(self, node: Node, text: str, what: str) -> Fraction | None:
        """A decimal number; None, with a warning, where `text` is none."""
        value = number(text.strip())
        if value is None:
            self.warn(node, f"{what} '{text.strip()[:20]}' is no number; it was left out")
        return value

    def _length(self, node: Node, text: str) -> int | None:
        """A note's or gap's length in units, by its duration, or by its note value where that is missing or wrong."""
        known = self.player.lengths.get(text)
        if known is not None:
            return known
        divisions = self.player.divisions
        duration = number(text)
        if duration is not None and divisions is not None:
            length = units(duration / divisions)
            if length is not None:
                self.player.lengths[text] = length
                return length
        by_type = units(value_of(node))
        if by_type is None and duration is not None and divisions is None:
            by_type = units(duration)
        if divisions is not None or by_type is None:
            how = "it was left out" if by_type is None else "its note value was taken"
            self.warn(node, f"duration '{text[:20]}' is no length of music; {how}")
        elif not self.player.by_value:
            self.player.by_value = True
            self.warn(node, "divisions are missing; note values are taken instead")
        return by_type

    def _note(self, node: Node) -> None:
        fields = {kid.tag: kid for kid in node.kids}
        if "grace" in fields:
            self._grace(node, fields)
            return
        duration = fields.get("duration")
        length = self._length(node, duration.text.strip() if duration else "")
        if length is None:
            return
        is_chord = "chord" in fields
        if is_chord and not self.notes and self.at == 0:
            self.warn(node, "a chord note without a first note; it was read as a note of its own")
            is_chord = False
        rest = fields.get("rest")
        if rest is not None and rest.attributes.get("measure") == "yes" and self.at == 0 and self.bar.full:
            length = min(length, self.bar.full)
        at = self.onset if is_chord else self.at
        if not is_chord:
            self.onset = self.at
            self.at += length
        self.reached = max(self.reached, at + length)
        if "notations" in fields and any(notation.first("fermata") for notation in node.every("notations")):
            self.bar.marks.append((at, "fermata", ""))
        if rest is not None or "cue" in fields:
            return
        if not length:
            self.warn(node, "a note without length; it was left out")
            return
        key = self._key(node, fields)
        if key is None:
            return
        if "lyric" in fields:
            self._lyric(node, at)
        self.notes.append(self._sounding(node, fields, at=at, length=length, key=key))

    def _sounding(self, node: Node, fields: dict[str, Node], *, at: int, length: int, key: tuple[int, bool]) -> WrittenNote:
        """A note with its tie, voice and loudness."""
        ties: set[str] = set()
        if "tie" in fields:
            ties = {tie.attributes.get("type", "") for tie in node.every("tie")}
        elif "notations" in fields:
            ties = {tie.attributes.get("type", "") for notation in node.every("notations") for tie in notation.every("tied")}
        voice = _voice(fields)
        staff = whole(fields["staff"].text.strip(), 1, 99) or 1 if "staff" in fields else 1
        loudness = self._number(node, node.attributes["dynamics"], "a loudness of") if "dynamics" in node.attributes else None
        velocity = self.player.velocity if loudness is None else velocity_of(loudness)
        graces = tuple(self.graces.pop(voice))[:32] if voice in self.graces and "chord" not in fields else ()
        return WrittenNote(at, length, key[0], velocity, (staff, voice), "stop" in ties, "start" in ties, key[1], graces)

    def _grace(self, node: Node, fields: dict[str, Node]) -> None:
        key = self._key(node, fields)
        if key is not None and "rest" not in fields and "cue" not in fields:
            self.graces.setdefault(_voice(fields), []).append(key[0])

    def _key(self, node: Node, fields: dict[str, Node]) -> tuple[int, bool] | None:
        """The MIDI key of a note as it sounds, and whether it is a drum."""
        if "unpitched" in fields or (self.player.is_percussion and "pitch" in fields):
            drum = self._drum(fields)
            if drum is not None:
                return drum, True
        if "pitch" not in fields:
            if "rest" not in fields:
                self.warn(node, "a note without a pitch; it was read as a rest")
            return None
        words = {kid.tag: kid.text.strip() for kid in fields["pitch"].kids}
        step, alter, octave = words.get("step", ""), words.get("alter") or "0", words.get("octave", "")
        known = self.player.keys.get((step, alter, octave))
        if known is not None:
            return known, self.player.is_percussion
        semitones, height = number(alter), whole(octave, -2, 10)  # key 0 is B sharp of octave -2
        if step not in NATURAL_SEMITONES or semitones is None or abs(semitones) > 4 or height is None:
            self.warn(node, f"pitch '{step[:8]}{'' if alter == '0' else ' ' + alter[:8]} {octave[:8]}' is none; it was read as a rest")
            return None
        key = pitch_of(step, 0, height) + round(semitones) + self.player.semitones  # quarter tones go to the nearest key
        if not 0 <= key <= 127:
            self.warn(node, f"pitch {step}{octave} sounds outside MIDI keys 0 to 127; it was read as a rest")
            return None
        self.player.keys[step, alter, octave] = key
        return key, self.player.is_percussion

    def _drum(self, fields: dict[str, Node]) -> int | None:
        """The drum that a percussion note names or stands for; None for a pitched note that names none."""
        drums = self.player.drums
        instrument = fields.get("instrument")
        drum = drums.get(instrument.attributes.get("id", "")) if instrument else None
        if drum is None and len(drums) == 1:
            drum = next(iter(drums.values()))
        if drum is None and "unpitched" in fields:
            unpitched = fields["unpitched"]
            place = (unpitched.words("display-step"), whole(unpitched.words("display-octave"), 0, 9) or 0)
            return _DRUM_BY_PLACE.get(place, 38)
        return drum

    def _lyric(self, node: Node, at: int) -> None:
        for lyric in node.every("lyric")[:1]:
            text = " ".join("".join(kid.text for kid in lyric.kids if kid.tag in ("text", "elision")).split())
            hyphen = "-" if lyric.words("syllabic") in ("begin", "middle") else ""
            if text:
                self.bar.marks.append((at, "lyric", text[:80] + hyphen))

    def _backup(self, node: Node) -> None:
        length = self._length(node, node.words("duration"))
        if length is None:
            return
        if length > self.at:
            self.warn(node, "a backup to before the start of the measure; it goes to its start")
        self.at = max(self.at - length, 0)

    def _forward(self, node: Node) -> None:
        length = self._length(node, node.words("duration"))
        if length is not None:
            self.at += length
            self.reached = max(self.reached, self.at)

    def _attributes(self, node: Node) -> None:
        for kid in node.every("divisions"):
            divisions = number(kid.text.strip())
            if divisions is None or not 0 < divisions <= 10**7:
                self.warn(kid, f"divisions '{kid.text.strip()[:20]}' are none; note values are taken instead")
                divisions, self.player.by_value = None, True
            self.player.divisions = divisions
            self.player.lengths.clear()
        for kid in node.every("transpose"):
            semitones = number(kid.words("chromatic") or "0")
            octaves = whole(kid.words("octave-change") or "0", -4, 4)
            if semitones is None or octaves is None or abs(semitones) > 48:
                self.warn(kid, "a transposition that no instrument has; it was left out")
            else:
                self.player.semitones = round(semitones) + 12 * octaves
                self.player.keys.clear()
        for kid in node.every("key")[:1]:
            self._key_signature(kid)
        for kid in node.every("time")[:1]:
            self._time(kid)
        staves = node.first("staves")
        if staves is not None:
            count = whole(staves.text.strip(), 1, 99)
            if count is None:
                self.warn(staves, f"'{staves.text.strip()[:20]}' staves, expected 1 to 99; it was left out")
        for style in node.every("measure-style"):
            rests = style.first("multiple-rest")
            if rests is not None and whole(rests.text.strip(), 1, 9999) is None:
                self.warn(rests, f"a rest of '{rests.text.strip()[:20]}' measures; only the measures that are written out are read")

    def _key_signature(self, node: Node) -> None:
        """Take the key, as it sounds, of the first part that has one."""
        if not self.player.says_keys:
            return
        fifths = whole(node.words("fifths"), -7, 7)
        if fifths is None:
            if node.first("fifths") is not None:
                self.warn(node, f"a key of '{node.words('fifths')[:20]}' fifths, expected -7 to 7; it was left out")
            return
        if self.player.semitones % 12:
            fifths = (fifths + 7 * self.player.semitones + 5) % 12 - 5
        mode = node.words("mode").lower()
        mode = _MODES.get(mode, mode)
        if mode not in MODES:
            self.warn(node, f"a key of mode '{mode[:20]}'; it was read as major")
            mode = "major"
        self.bar.keys.append((self.at, fifths, mode))

    def _time(self, node: Node) -> None:
        if node.first("senza-misura") is not None:
            self.bar.metre, self.bar.renewed = None, True
            return
        metre = metre_of([kid.text for kid in node.every("beats")], [kid.text for kid in node.every("beat-type")])
        if metre is None:
            written = f"{node.words('beats')[:12]}/{node.words('beat-type')[:12]}"
            self.warn(node, f"time signature {written} is none; the one before goes on")
        elif self.at and self.bar.metre != metre:
            self.warn(node, f"time signature {metre[0]}/{metre[1]} within a measure; it was taken for the whole measure")
            self.bar.metre = metre
        else:
            self.bar.metre, self.bar.renewed = metre, True

    def _direction(self, node: Node) -> None:
        shift = self._offset(node)
        sound = node.first("sound")
        said = sound is not None and self._sound(sound, shift)
        for kid in (kid for kind in node.every("direction-type") for kid in kind.kids):
            if kid.tag == "metronome" and not said:
                self._metronome(kid, shift)
            elif kid.tag == "dynamics" and not (sound is not None and "dynamics" in sound.attributes):
                for sign in kid.kids:
                    self.player.velocity = DYNAMICS.get(sign.tag, self.player.velocity)
            elif kid.tag in ("words", "rehearsal"):
                text = " ".join(kid.text.split())[:200]
                if text:
                    self.bar.marks.append((max(self.at + shift, 0), "section" if kid.tag == "rehearsal" else "text", text))
            elif kid.tag in ("segno", "coda"):
                self.bar.signs.add(kid.tag)

    def _offset(self, node: Node) -> int:
        """How far from the current place a direction or chord symbol stands, in units."""
        value = self._number(node, node.words("offset"), "an offset of") if node.first("offset") is not None else None
        if value is None or self.player.divisions is None or abs(value / self.player.divisions) > LONGEST_QUARTERS:
            return 0
        return math.floor(value / self.player.divisions * UNIT + Fraction(1, 2))

    def _metronome(self, node: Node, shift: int) -> None:
        unit, speed = node.words("beat-unit"), node.first("per-minute")
        if speed is None or len(node.every("beat-unit")) != 1:
            return
        per_minute = self._number(node, speed.text, "a metronome mark of")
        if per_minute is not None and unit not in QUARTERS:
            self.warn(node, f"a metronome mark for '{unit[:20]}', which is no note value; it was left out")
        elif per_minute is not None:
            quarters = QUARTERS[unit] * (2 - Fraction(1, 2 ** len(node.every("beat-unit-dot")[:4])))
            self._tempo(node, per_minute * quarters, shift)

    def _tempo(self, node: Node, bpm: Fraction | None, shift: int) -> None:
        quarter = round(60_000_000 / bpm) if bpm is not None and bpm > 0 else 0
        if not 1 <= quarter <= 0xFFFFFF:
            self.warn(node, "a tempo that cannot be played; it was left out")
            return
        change = (max(self.at + shift, 0), quarter)
        if change in self.bar.tempos:
            return
        if len(self.bar.tempos) < MOST_TEMPOS:
            self.bar.tempos.append(change)
        else:
            self.findings.add(f"{self.where}: more than {MOST_TEMPOS} tempos; the others were left out.")

    def _sound(self, node: Node, shift: int = 0) -> bool:
        """Take what a ``sound`` element says; whether it says a tempo."""
        says = node.attributes
        if "tempo" in says:
            self._tempo(node, number(says["tempo"]), shift)
        if "dynamics" in says:
            loudness = self._number(node, says["dynamics"], "a loudness of")
            if loudness is not None:
                self.player.velocity = velocity_of(loudness)
        for sign in ("segno", "coda", "tocoda", "fine", "dacapo", "dalsegno"):
            if says.get(sign, "no") != "no":
                self.bar.signs.add(sign)
        return "tempo" in says

    def _harmony(self, node: Node) -> None:
        symbol = chord_symbol(node)
        if not symbol:
            self.warn(node, "a chord symbol without a root; it was left out")
        else:
            self.bar.marks.append((max(self.at + self._offset(node), 0), "chord", symbol))

    def _barline(self, node: Node) -> None:
        for ending in node.every("ending"):
            if ending.attributes.get("type") == "start":
                passes = [whole(text.strip(), 1, 99) for text in re.split(r"[, ]+", ending.attributes.get("number", "")[:40].strip())]
                self.player.ending = frozenset(number for number in passes if number)
                if None in passes and ending.attributes.get("number", "").strip():
                    self.warn(ending, f"an ending of number '{ending.attributes['number'][:20]}'; what is no number was left out")
                self.bar.endings |= self.player.ending
            else:
                self.player.ending = frozenset()
        for repeat in node.every("repeat"):
            if repeat.attributes.get("direction") == "forward":
                self.bar.forward = True
            elif repeat.attributes.get("direction") == "backward":
                times = whole(repeat.attributes.get("times", "2"), 1, 10**9)
                if times is None:
                    self.warn(repeat, f"a repeat of '{repeat.attributes['times'][:20]}' times; it is played twice")
                self.bar.backward = max(self.bar.backward, times or 2)
            else:
                self.warn(repeat, f"a repeat of direction '{repeat.attributes.get('direction', '')[:20]}'; it was left out")


_READ: dict[str, Callable[[MeasureReader, Node], object]] = {
    "note": MeasureReader._note,
    "backup": MeasureReader._backup,
    "forward": MeasureReader._forward,
    "attributes": MeasureReader._attributes,
    "direction": MeasureReader._direction,
    "sound": MeasureReader._sound,
    "harmony": MeasureReader._harmony,
    "barline": MeasureReader._barline,
}


def _voice(fields: dict[str, Node]) -> str:
    """The voice that a note says."""
    return fields["voice"].text.strip()[:20] if "voice" in fields else "1"
