"""One tune's lines to voices as written: header, fields in the body, lyrics; lines of music go to `abc_music`.

Source: ABC standard 2.1 (2011), sections 3, 5 and 7. Differs: ``Y:`` with part names is a part order (the
Nottingham collection has it so); notes behind the value of an ``M:`` or ``K:`` field are music.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.errors import ReadError
from partimento.files import abc_fields
from partimento.files.abc_book import MOST_TUNE_CHARACTERS, TuneText, looks_like_music, plain_text, strip_comment
from partimento.files.abc_fields import C_MAJOR, FREE, NO_KEY, Key, Metre, VoiceWords
from partimento.files.abc_music import MusicReader
from partimento.files.abc_shorthand import Shorthand
from partimento.files.abc_voice import Bar, Damage, VoiceBuilder

MOST_VOICES, MOST_EVENTS = 512, 50_000
"""Voices of a tune, and notes and rests that it may write."""

MOST_WARNINGS = 20  # of one tune, told in full
INFORMATION = {"T": "title", "C": "composer", "O": "origin", "A": "area", "R": "rhythm", "B": "book", "S": "source", "D": "discography"}
INFORMATION |= {"H": "history", "Z": "transcription", "G": "group", "F": "file", "N": "notes", "W": "words", "X": "reference"}
"""Fields of words, and where they go in a score's metadata."""

PROVENANCE = "Provenance: "  # how an ``N:`` field starts that says who or what made the music

_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)", re.DOTALL)
_BODY_FIELDS = frozenset("ABCDFGHIKLMNOPQRSTUVWXYZwsrm+")
_SYLLABLE = re.compile(r"(?:\\-|[^\s\-_*|])+-?|[-_*|]")


@dataclass
class WrittenVoice:
    """A voice's bars; name and how it sounds."""

    name: str
    program: int
    is_drum: bool
    bars: list[Bar]


@dataclass
class WrittenTune:
    """A tune as written.

    Attributes:
        voices: Those that have notes or rests; the first where none has.
        parts: Order in which the parts are played, where the header gives one.
        metadata: Words of the header.
        warnings: What was repaired or left out.
    """

    voices: list[WrittenVoice]
    parts: list[str]
    metadata: dict[str, str]
    warnings: list[str]


@dataclass
class _Header:
    """What holds before the first note."""

    metre: Metre | None = None
    unit: Fraction | None = None
    tempo_text: str = ""
    key: Key = C_MAJOR
    semitones: int = 0
    parts: list[str] = field(default_factory=list)
    voices: dict[str, VoiceWords] = field(default_factory=dict)
    propagate: str = "octave"


class TuneParser:
    """Reads one tune; `parse` is its one entry."""

    def __init__(self, tune: TuneText, name: str) -> None:
        self.text = tune
        self.where = f"{name}, {tune.label}"
        self.line = tune.first_line
        self.header = _Header()
        self.metadata: dict[str, list[str]] = {}
        self.warnings: list[str] = [f"{self.where}, {warning}." for warning in tune.warnings]
        self.unsaid = 0
        self.events = 0
        self.shorthand = Shorthand(self.warn)
        self.symbols = self.shorthand.symbols
        self.unknown: dict[str, int] = {}
        self.voices: dict[str, VoiceBuilder] = {}
        self.voice = VoiceBuilder("", NO_KEY, FREE, FREE.default_unit, None, self)  # replaced where the body starts
        self.music = MusicReader(self)
        self.skip_until = ""
        self.verse = 0
        self.continued = False
        self.last_field = ""

    def warn(self, message: str) -> None:
        """Note something for the score's warnings, with its place."""
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(f"{self.where}, line {self.line}: {message}.")
        else:
            self.unsaid += 1

    def spend(self) -> None:
        """Count one event more.

        Raises:
            Damage: Where they are too many.
        """
        self.events += 1
        if self.events > MOST_EVENTS:
            raise Damage(f"more than {MOST_EVENTS} notes and rests, expected one tune")

    def parse(self) -> WrittenTune:
        """Return the tune as written.

        Raises:
            ReadError: When it cannot be read, naming tune, line, reason and remedy.
        """
        if sum(map(len, self.text.lines)) > MOST_TUNE_CHARACTERS:
            raise ReadError(f"{self.where}: more than {MOST_TUNE_CHARACTERS} characters, expected one tune. Cut it into several.")
        try:
            in_body = False
            for offset, line in enumerate(self.text.lines):
                self.line = self.text.first_line + offset
                in_body = self._body_line(line) if in_body else self._header_line(line)
            if not in_body:
                raise Damage("no K: field and no notes")
            voices = [WrittenVoice(v.name, v.program, v.is_drum, v.finish()) for v in self.voices.values()]
        except Damage as damage:
            raise ReadError(f"{self.where}, line {self.line}: {damage}. Correct the line or remove the tune.") from damage
        if self.skip_until:
            self.warn(f"a block that ends with '%%{self.skip_until}' was never closed; the lines in it were left out")
        if self.unknown:
            signs = ", ".join(f"'{sign}' ({count})" for sign, count in sorted(self.unknown.items())[:10])
            self.warnings.append(f"{self.where}: signs that are no music were left out: {signs}.")
        if self.unsaid:
            self.warnings.append(f"{self.where}: {self.unsaid} more findings of this kind.")
        metadata = {key: ("; " if key == "title" else "\n").join(values) for key, values in self.metadata.items()}
        voices = [voice for voice in voices if any(bar.length for bar in voice.bars)] or voices[:1]
        return WrittenTune(voices, self.header.parts, metadata, self.warnings)

    # ---- lines

    def _directive(self, line: str) -> bool:
        """Whether `line` is a comment, a directive or inside a block of text to be set."""
        if self.skip_until:
            if line.startswith("%%" + self.skip_until):
                self.skip_until = ""
            return True
        if not line.startswith("%"):
            return False
        begin = re.match(r"%%begin(\w{1,20})", line)
        if begin:
            self.skip_until = "end" + begin[1]
        self._instruction(line[2:])
        sound = re.match(r"%%MIDI\s+(program|channel)\s+(?:\d+\s+)?(\d{1,3})\s*$", line)
        if sound and self.voices and sound[1] == "program" and int(sound[2]) <= 127:
            self.voice.program = int(sound[2])
        elif sound and self.voices and sound[1] == "channel":
            self.voice.is_drum = sound[2] == "10"
        return True

    def _instruction(self, text: str) -> None:
        """Take an ``I:`` field or a directive: how far accidentals reach."""
        spread = re.match(r"\s*propagate-accidentals\s+(not|octave|pitch)", text)
        if spread:
            self.header.propagate = spread[1]
            for voice in self.voices.values():
                voice.propagate = spread[1]

    def _header_line(self, line: str) -> bool:
        """Take a line of the header; returns whether the body begins behind it."""
        if self._directive(line):
            return False
        match = _FIELD.match(strip_comment(line.lstrip()))
        if match is None:
            if looks_like_music(line):
                self.warn("notes before any K: field; read in C major")
                self._start()
                return self._body_line(line)
            self.warn(f"'{plain_text(line)[:40]}' is no header field and was left out")
            return False
        name, value = match[1], match[2].strip()
        if name != "K":
            self._header_field(name, value)
            return False
        parsed = abc_fields.parse_key(value)
        if parsed is None:
            self.warn(f"key '{value[:40]}' was not understood; read as C major")
        key, words = parsed or (C_MAJOR, "")
        self.header.key = key or NO_KEY
        self.header.semitones = abc_fields.parse_words(words).semitones
        self._start()
        if "|" in words:
            self.warn("notes on the line of the K: field; read as music")
            self.music.line(words)
        return True

    def _header_field(self, name: str, value: str) -> None:
        """Take one field of the header but the key."""
        header = self.header
        if name in INFORMATION:
            self._words(name, value)
        elif name == "+" and INFORMATION.get(self.last_field) in self.metadata:
            self.metadata[INFORMATION[self.last_field]][-1] += " " + plain_text(value)
            return
        elif name == "M":
            metre = abc_fields.parse_metre(value)
            header.metre = metre[0] if metre else FREE
            if metre is None:
                self.warn(f"metre '{value[:40]}' was not understood; read as free metre")
        elif name == "L":
            header.unit = abc_fields.parse_unit(value)
            if header.unit is None:
                self.warn(f"unit note length '{value[:40]}' was not understood; the usual one of the metre was taken")
        elif name == "Q":
            header.tempo_text = value
        elif name == "P" or (name == "Y" and not header.parts and re.fullmatch(r"[A-Z ]+", value)):
            order = abc_fields.parse_parts(value)
            header.parts = order or []
            if order is None and value:
                self.warn(f"part order '{value[:40]}' was not understood; parts are played as they stand")
        elif name == "V":
            identity, _, words = value.partition(" ")
            if identity:
                header.voices[identity] = abc_fields.parse_words(words)
        elif name in ("U", "m"):
            self.shorthand.take(name, value)
        elif name == "I":
            self._instruction(value)
        self.last_field = name

    def _words(self, name: str, value: str) -> None:
        """Take a field of words."""
        text = plain_text(value)
        if name == "X" and not re.fullmatch(r"\d+", text):
            self.warn(f"'X:{text[:40]}', expected a number")
        if name == "N" and text.startswith(PROVENANCE):
            self.metadata.setdefault("provenance", []).append(text.removeprefix(PROVENANCE))
        elif text:
            self.metadata.setdefault(INFORMATION[name], []).append(text)

    def _start(self) -> None:
        """Make the first voice from the header."""
        header = self.header
        header.metre = header.metre or FREE
        header.unit = header.unit or header.metre.default_unit
        names = list(header.voices)[:MOST_VOICES] or ["1"]
        for identity in (*names, names[0]):
            self._switch(identity, "")
        if header.tempo_text:
            self._tempo(header.tempo_text)

    def _switch(self, identity: str, words: str) -> None:
        """Make `identity` the voice that is being written."""
        header = self.header
        voice = self.voices.get(identity)
        if voice is None:
            if len(self.voices) >= MOST_VOICES:
                raise Damage(f"more than {MOST_VOICES} voices, expected a score for people")
            known = header.voices.get(identity, VoiceWords())
            first = next(iter(self.voices.values()), None)
            tempo = None if first is None else first.bars[0].tempo if first.bars else first.bar.tempo
            metre = header.metre or FREE
            voice = VoiceBuilder(known.name or "", header.key, metre, header.unit or metre.default_unit, tempo, self)
            voice.semitones = header.semitones + known.semitones
            voice.propagate = header.propagate
            if known.name is None and (header.voices or self.voices):
                voice.name = plain_text(identity)
            self.voices[identity] = voice
        if words:
            said = abc_fields.parse_words(words)
            if said.name is not None:
                voice.name = said.name
            if said.semitones:
                voice.semitones = header.semitones + said.semitones
        voice.line = self.line
        self.voice = voice

    def _body_line(self, line: str) -> bool:
        """Take a line of the body; always returns True."""
        if self._directive(line):
            return True
        line = strip_comment(line).rstrip()
        match = _FIELD.match(line)
        if match and match[1] in _BODY_FIELDS:
            self.body_field(match[1], match[2].strip(), own_line=True)
            return True
        if not self.continued:
            self.voice.sung = []
        self.continued = line.endswith("\\")
        self.verse = 0
        self.voice.line = self.line
        self.music.line(self.shorthand.expand(line.removesuffix("\\")))
        return True

    # ---- fields in the body

    def body_field(self, name: str, value: str, *, own_line: bool) -> None:
        """Take a field of the body, on a line of its own or in brackets."""
        voice = self.voice
        rest = ""
        if name == "K":
            rest = self._key(value)
        elif name == "M":
            metre = abc_fields.parse_metre(value)
            if metre is None:
                self.warn(f"metre '{value[:40]}' was not understood; the one before holds")
            else:
                voice.set_metre(metre[0])
                rest = metre[1]
        elif name == "L":
            unit = abc_fields.parse_unit(value)
            if unit is None:
                self.warn(f"unit note length '{value[:40]}' was not understood; the one before holds")
            else:
                voice.unit = unit
        elif name == "Q":
            self._tempo(value)
        elif name == "P":
            voice.split()
            voice.bar.part = plain_text(value)[:60]
        elif name == "V":
            identity, _, words = value.partition(" ")
            self._switch(identity or "1", words)
        elif name == "w":
            self._lyrics(value)
        elif name == "W":
            self._words("W", value)
        elif name == "T" and value:
            voice.mark("text", plain_text(value))
        elif name in ("U", "m"):
            self.shorthand.take(name, value)
        elif name == "I":
            self._instruction(value)
        if own_line and "|" in rest:
            self.warn(f"notes on the line of the {name}: field; read as music")
            self.music.line(rest)

    def _key(self, value: str) -> str:
        """Take a key change; returns what stands behind it."""
        parsed = abc_fields.parse_key(value)
        if parsed is None:
            self.warn(f"key '{value[:40]}' was not understood; the one before holds")
            return ""
        key, rest = parsed
        if key is not None:
            self.voice.set_key(key)
        semitones = abc_fields.parse_words(rest).semitones
        if semitones:
            self.voice.semitones = semitones
        return rest

    def _tempo(self, value: str) -> None:
        """Take a tempo."""
        tempo = abc_fields.parse_tempo(value, self.voice.unit)
        if tempo is None:
            self.warn(f"tempo '{value[:40]}' was not understood and was left out")
            return
        if tempo[0] is not None:
            self.voice.set_tempo(tempo[0])
        if tempo[1]:
            self.voice.mark("text", plain_text(tempo[1]))

    def _lyrics(self, value: str) -> None:
        """Put the syllables of a ``w:`` line under the notes of the last line of music."""
        notes = self.voice.sung
        at = 0
        for syllable in _SYLLABLE.findall(value):
            if at >= len(notes):
                self.warn("more syllables than notes; those at the end were left out")
                break
            if syllable == "|":
                bar = notes[at - 1][0] if at else None
                while at < len(notes) and notes[at][0] is bar:
                    at += 1
                continue
            if syllable not in ("-", "_", "*"):
                bar, event = notes[at]
                bar.lyrics.append((event.at, self.verse, plain_text(syllable.replace("\\-", "\u2011").replace("~", " "))))
            at += 1
        self.verse += 1


def parse_tune(tune: TuneText, name: str) -> WrittenTune:
    """Return one tune as written.

    Raises:
        ReadError: When it cannot be read.
    """
    return TuneParser(tune, name).parse()
