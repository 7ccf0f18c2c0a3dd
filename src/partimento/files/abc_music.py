"""The signs of a line of music, one after another, given to the voice that is being written.

Source: ABC standard 2.1 (2011), section 4, and for chords as ``+CEG+`` ABC 1.6 (1996). Differs: accidentals hold within their octave unless
``propagate-accidentals`` says otherwise, as in print; old line breaks ``!``, blanks before a broken rhythm and
other habits of old files are understood. Jumps (D.C., D.S.) are not followed, with a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from partimento.files.abc_book import plain_text, strip_comment
from partimento.files.abc_voice import Damage, VoiceBuilder, length_factor

MOST_REST_BARS = 1000
"""Bars that one ``Z`` may rest."""

LONGEST_BRACKET = 400
"""Characters between brackets."""

_JUMP = re.compile(r"\s*(?:D\.? ?[CS]\b\.?.*|da ?capo.*|dal ?segno.*|dacoda)", re.IGNORECASE)
_TUPLET_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_LENGTH = r"\d*(?:/\d+|/*)"
_SIGN = r"(?:\^\^?|__?|=)(?:\d{0,2}/\d{0,2})?"
_NOTE = rf"(?P<accidental>{_SIGN})?(?P<letter>[A-Ga-g])(?P<octave>[,']*)(?P<length>{_LENGTH})"
_IN_CHORD = re.compile(_NOTE + r"(?P<tie>-?)")
_BESIDE_NOTES = re.compile(r"\"([^\"]*)\"|!([^!\]]*)!|\s+|[.~H-Wh-w()]")
_OPEN_CHORD = re.compile(rf"(?:(?:{_SIGN})?[A-Ga-g][,']*{_LENGTH}-?){{2,12}}")
_OUTER_LENGTH = re.compile(_LENGTH)
_INLINE_FIELD = re.compile(r"([A-Za-z]):")
_WORD = re.compile(r"\S*")
_TOKEN = re.compile(
    rf"""(?P<note>{_NOTE})
    |(?P<space>[\s`]+)
    |(?P<bar>\.?(?:\[\|\]?|\|\]?)(?:\[\|\]?|\|\]?|:)*|:(?:\[\|\]?|\|\]?|:)+)
    |(?P<rest>[zx](?P<rest_length>{_LENGTH}))
    |(?P<tuplet>\((?P<p>\d+)(?::(?P<q>\d*))?(?::(?P<r>\d*))?)
    |(?P<text>"[^"]*")
    |(?P<broken>[<>]+)
    |(?P<tie>\.?-)
    |(?P<ending>\[\s*(?P<numbers>\d{{1,3}}(?:[,.-]\d{{1,3}})*)[.,]?)
    |(?P<open>\[)
    |(?P<grace>\{{[^}}|{{]*\}})
    |(?P<slur>\.?\((?!\d)|\))
    |(?P<decoration>!(?P<name>[^!|\s"\[\]]{{1,30}})!)
    |(?P<old_chord>\+(?!f+\+)(?P<old_notes>(?:(?:{_SIGN})?[A-Ga-g][,']*{_LENGTH}){{2,12}})\+)
    |(?P<old_decoration>\+(?P<old_name>[^+|\s"\[\]]{{1,30}})\+)
    |(?P<bare_field>[KLMQ]:(?![|:])[^\s|\]]*)
    |(?P<symbol>[.~H-Wh-w](?!:))
    |(?P<rest_bars>[ZX](?P<bars>\d*))
    |(?P<spacer>y{_LENGTH})
    |(?P<overlay>&)
    |(?P<line_break>[!$])
    |(?P<late_ending>[1-9](?=[\s"(\[|A-Ga-gz~.uv]))
    |(?P<unclosed>["{{])
    |(?P<unknown>.)""",
    re.VERBOSE | re.DOTALL,
)
_SILENT = frozenset(("space", "slur", "spacer", "line_break"))
_ENDING = re.compile(r"(?P<numbers>\d{1,3}(?:[,.-]\d{1,3})*)[.,]?")
_INVISIBLE_BEFORE_REPEAT = re.compile(r"\[\|\](?=:+[\[|])")
_ACCIDENTALS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
_NOTES_ONLY = re.compile(r"[A-Ga-gz\d/,'^_=<>()-]+")
_NOT_NOTES = frozenset(("f", "ff", "fff", "p", "<(", "<)", ">(", ">)", ">", "0", "1", "2", "3", "4", "5"))
_LONGEST_CHORD_SYMBOL = 24
_QUALITY = r"(?:maj|min|dim|aug|sus|add|omit|no|mi|ma|alt|[mMdao+°ø^Δb#-]|\d{1,2}|\([#b\d+-]*\))*"
_CHORD_SYMBOL = re.compile(rf"(?:\(?[A-G][#b♯♭]?{_QUALITY}(?:/(?:[nb#]?[A-Ga-g][#b♯♭+=-]?|dim|[#b]?\d+))?\)?\s*)+|N\.?C\.?")


class Tune(Protocol):
    """What the signs need of the tune they stand in."""

    symbols: dict[str, str]
    unknown: dict[str, int]
    voice: VoiceBuilder

    def warn(self, message: str) -> None:
        """Note something for the score's warnings, with its place."""

    def body_field(self, name: str, value: str, *, own_line: bool) -> None:
        """Take a field of the body."""


class MusicReader:
    """Reads lines of music; `line` is its one entry."""

    def __init__(self, tune: Tune) -> None:
        self.tune = tune
        self.warn = tune.warn
        self.signs: dict[str, Callable[[re.Match[str], str], int | None]] = {
            "note": self._note,
            "bar": self._bar,
            "rest": self._rest,
            "tuplet": self._tuplet,
            "text": lambda match, line: self._text(match[0][1:-1]),
            "broken": self._broken,
            "tie": lambda match, line: self.tune.voice.tie(),
            "ending": lambda match, line: self._ending(match["numbers"]),
            "open": self._bracket,
            "grace": self._grace,
            "decoration": self._decoration,
            "old_chord": self._old_chord,
            "old_decoration": lambda match, line: self._decorate(match["old_name"]),
            "bare_field": self._bare_field,
            "symbol": self._symbol,
            "rest_bars": self._rest_bars,
            "overlay": lambda match, line: self.tune.voice.overlay(),
            "late_ending": self._late_ending,
            "unclosed": self._unclosed,
            "unknown": lambda match, line: self._stray(match[0]),
        }

    def line(self, line: str) -> None:
        """Take a line (or a piece of one) of music code.

        Raises:
            Damage: When it holds what no tune can.
        """
        at, end = 0, len(line)
        while at < end:
            match = _TOKEN.match(line, at)
            assert match is not None and match.lastgroup is not None  # the last alternative takes any sign
            at = match.end()
            if match.lastgroup not in _SILENT:
                at = self.signs[match.lastgroup](match, line) or at

    # ---- notes

    def _accidental(self, text: str | None) -> int | None:
        """Return the semitones of an accidental; quarter tones go to the nearest semitone, with a warning."""
        if not text:
            return None
        if text in _ACCIDENTALS:
            return _ACCIDENTALS[text]
        sign = text.rstrip("0123456789/")
        above, _, below = text[len(sign) :].partition("/")
        exact = _ACCIDENTALS[sign] * int(above or 1) / (int(below or 2) or 2)
        self.warn(f"microtone '{text}' was moved to the nearest semitone")
        return max(-2, min(2, int(exact + 0.5) if exact > 0 else -int(-exact + 0.5)))

    def _note(self, match: re.Match[str], line: str) -> None:
        """Take a single note."""
        voice = self.tune.voice
        factor = length_factor(match["length"])
        pitch, place, implied = voice.pitch(self._accidental(match["accidental"]), match["letter"], match["octave"])
        voice.add([(pitch, place, implied, factor, False)], factor)

    def _rest(self, match: re.Match[str], line: str) -> None:
        """Take a rest."""
        self.tune.voice.add([], length_factor(match["rest_length"]))

    def _rest_bars(self, match: re.Match[str], line: str) -> None:
        """Take a rest of whole bars."""
        digits = match["bars"]
        if len(digits) > 6 or not 1 <= int(digits or 1) <= MOST_REST_BARS:
            raise Damage(f"a rest of {digits[:20]} bars, expected 1 to {MOST_REST_BARS}")
        self.tune.voice.rest_bars(int(digits or 1))

    def _broken(self, match: re.Match[str], line: str) -> None:
        """Take ``>``, ``>>``, ``<`` ..."""
        signs = match[0]
        if len(signs) > 3 or len(set(signs)) > 1:
            self.warn(f"broken rhythm '{signs[:20]}' was left out, expected up to three > or <")
        else:
            self.tune.voice.lengthen(signs)

    def _tuplet(self, match: re.Match[str], line: str) -> None:
        """Take ``(p``, ``(p:q`` or ``(p:q:r``."""
        voice = self.tune.voice
        numbers = [int(match[group] or 0) if len(match[group] or "") <= 3 else 999 for group in "pqr"]
        p, q, r = numbers
        q = q or _TUPLET_TIME.get(p, 3 if voice.metre.compound else 2)
        r = r or p
        if not 2 <= p <= 64 or q > 64 or r > 128:
            self.warn(f"tuplet '{match[0][:30]}' was left out, expected one such as (3 or (5:4:5")
        else:
            voice.tuplet = (r, q, p)

    def _grace(self, match: re.Match[str], line: str) -> None:
        """Take grace notes; they sound in the time of the next note."""
        voice = self.tune.voice
        pitches = []
        for note in _IN_CHORD.finditer(match[0]):
            pitch, _, _ = voice.pitch(self._accidental(note["accidental"]), note["letter"], note["octave"])
            if 0 <= pitch <= 127:
                pitches.append(pitch)
        voice.grace = (voice.grace + tuple(pitches))[:32]

    # ---- bars

    def _bar(self, match: re.Match[str], line: str) -> int:
        """Take a bar line, and the number of an ending behind it."""
        core = _INVISIBLE_BEFORE_REPEAT.sub("", match[0].lstrip("."))
        if set(core) == {":"}:
            closes = opens = (len(core) + 1) // 2
        else:
            closes, opens = len(core) - len(core.lstrip(":")), len(core) - len(core.rstrip(":"))
        heavy = core != "[|]" and (len(core.strip(":")) > 1 or bool(closes or opens))
        self.tune.voice.bar_line(closes, opens, heavy)
        ending = _ENDING.match(line, match.end())
        if ending is None:
            return match.end()
        self._ending(ending["numbers"])
        return ending.end()

    def _ending(self, text: str) -> None:
        """Start an ending, such as ``1``, ``1,3`` or ``1-3``."""
        numbers: set[int] = set()
        for piece in re.split(r"[,.]", text):
            low, _, high = piece.partition("-")
            last = int(high.partition("-")[0] or low)
            numbers.update(range(int(low), min(last, int(low) + 64) + 1))
        voice = self.tune.voice
        voice.split()
        voice.bar.endings = tuple(sorted(numbers))

    def _late_ending(self, match: re.Match[str], line: str) -> None:
        """Take the number of an ending that a blank or the end of a line parts from its bar line."""
        voice = self.tune.voice
        known = match[0] == "1" or (voice.bars and (voice.bars[-1].closes or any(bar.endings for bar in voice.bars[-32:])))
        if voice.bars and not voice.touched and known and line[match.end() : match.end() + 1] not in tuple("ABCDEFGabcdefgz"):
            self._ending(match[0])
        else:
            self._stray(match[0])

    # ---- brackets

    def _bracket(self, match: re.Match[str], line: str) -> int:
        """Take an inline field or a chord."""
        at = match.end()
        field = _INLINE_FIELD.match(line, at)
        close = line.find("]", at, at + LONGEST_BRACKET)
        if field:
            if close < 0:
                lost = _WORD.match(line, at)
                assert lost is not None  # it may be empty
                self.warn(f"the field '[{lost[0][:20]}' was never closed and was left out")
                return lost.end()
            self.tune.body_field(field[1], strip_comment(line[field.end() : close]).strip(), own_line=False)
            return close + 1
        inside = line[at:close] if close >= 0 else ""
        bare = re.sub(r"\"[^\"]*\"", "", inside)
        if close < 0 or "[" in bare or "|" in bare or '"' in bare:
            notes = _OPEN_CHORD.match(line, at)
            if notes is None:
                self.warn("a bracket was never closed on its line and was left out")
                return at
            self.warn(f"the chord '[{notes[0][:20]}' was never closed; it was taken to end there")
            inside, close = notes[0], notes.end() - 1
        after = _OUTER_LENGTH.match(line, close + 1)
        assert after is not None  # it may be empty
        self._chord(inside, length_factor(after[0]))
        return after.end()

    def _old_chord(self, match: re.Match[str], line: str) -> int:
        """Take a chord between plus signs, as ABC 1.6 has it."""
        after = _OUTER_LENGTH.match(line, match.end())
        assert after is not None  # it may be empty
        self._chord(match["old_notes"], length_factor(after[0]))
        return after.end()

    def _bare_field(self, match: re.Match[str], line: str) -> None:
        """Take a field that stands among notes without brackets, as in old files."""
        self.warn(f"the field '{match[0][:20]}' stands among notes without brackets; it was followed")
        self.tune.body_field(match[0][0], match[0][2:], own_line=False)

    def _chord(self, inside: str, outer: Fraction) -> None:
        """Take a chord's notes; its length is that of the first, times the one behind the bracket."""
        voice = self.tune.voice
        notes: list[tuple[int, int, bool, Fraction, bool]] = []
        at = 0
        while at < len(inside):
            match = _IN_CHORD.match(inside, at)
            if match:
                pitch, place, implied = voice.pitch(self._accidental(match["accidental"]), match["letter"], match["octave"])
                notes.append((pitch, place, implied, length_factor(match["length"]) * outer, bool(match["tie"])))
                at = match.end()
                continue
            other = _BESIDE_NOTES.match(inside, at)
            if other is None:
                self._stray(inside[at])
                at += 1
                continue
            if other[1] is not None:
                self._text(other[1])
            elif other[2] is not None or self.tune.symbols.get(other[0]) == "fermata":
                self._decorate(other[2] or "fermata")
            at = other.end()
        if notes:
            factor = notes[0][3]
            voice.add([(p, s, i, factor if length == factor else length, t) for p, s, i, length, t in notes], factor)
        else:
            self.warn("an empty chord was left out")

    # ---- words and ornaments

    def _text(self, text: str) -> None:
        """Take a chord symbol, an annotation (it starts with one of ``^ _ < > @``) or other words."""
        voice = self.tune.voice
        words = plain_text(text)
        if words[:1] in ("^", "_", "<", ">", "@"):
            words = re.sub(r"^(?:@\s*-?[\d.]+\s*,\s*-?[\d.]+|.)\s*", "", words)
        elif len(words) <= _LONGEST_CHORD_SYMBOL and _CHORD_SYMBOL.fullmatch(words):
            voice.mark("chord", words)
            return
        if words:
            voice.mark("text", words)
            self._jump(words)

    def _jump(self, words: str) -> None:
        """Tell of words that send the player elsewhere."""
        if _JUMP.fullmatch(words):
            self.warn(f"the jump '{words[:40]}' is not followed; the tune is played straight through")

    def _decoration(self, match: re.Match[str], line: str) -> int:
        """Take ``!name!``; what stands between two old line breaks may be notes."""
        name = match["name"]
        if name in self.tune.symbols.values() or name in _NOT_NOTES or not _NOTES_ONLY.fullmatch(name):
            self._decorate(name)
            return match.end()
        return match.start() + 1

    def _symbol(self, match: re.Match[str], line: str) -> None:
        """Take a decoration of one sign."""
        name = self.tune.symbols.get(match[0])
        if name is None:
            self._stray(match[0])
        else:
            self._decorate(name)

    def _decorate(self, name: str) -> None:
        """Take a decoration: a fermata is kept, a jump is told, the others change no note."""
        if name in ("fermata", "invertedfermata"):
            self.tune.voice.fermata = True
        else:
            self._jump(name)

    def _unclosed(self, match: re.Match[str], line: str) -> int:
        """Leave out a text or grace notes that never end."""
        sign = match[0]
        end = match.end()
        if sign == '"':
            while end < len(line) and line[end] not in ' |"':
                end += 1
        self.warn(f"{sign} was never closed on its line; '{line[match.start() : min(end, match.start() + 30)]}' was left out")
        return end

    def _stray(self, sign: str) -> None:
        """Count a sign that is no music."""
        self.tune.unknown[sign] = self.tune.unknown.get(sign, 0) + 1
