"""Humdrum **kern: `read_kern`.

A file becomes music as it sounds: where it lists its sections (``*>[A,A,B]``) they are played in that order,
otherwise repeat signs are; ties are joined, grace notes given a 32nd of the note behind them. Each **kern spine is a
track, top staff first; the staves of one ``*part`` are one track, the two of a keyboard its two hands. Dynamics of a
**dynam spine set the loudness of all that follows; other spines are passed over.

Source: D. Huron, The Humdrum Toolkit: Reference Manual (1994), chapters on **kern and spine paths.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from partimento.errors import ReadError
from partimento.files.kern_token import KernNote, notes_of
from partimento.files.notation import UNIT, Findings, WrittenBar, WrittenNote, WrittenPart, score_of
from partimento.score import Score
from partimento.score.pitch import LINE_OF_FIFTHS, MODE_FIFTHS

MOST_SPINES = 400
MOST_LINES, MOST_TOKENS, MOST_CELLS = 300_000, 1_000_000, 2_000_000  # a cell is one bar of one spine: a small file may claim many
VELOCITY = 64
DYNAMICS = {"ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 124}

_KEYBOARDS = {"piano": "Piano", "cemba": "Harpsichord", "forte": "Fortepiano", "organ": "Organ", "clavi": "Clavichord", "klav": "Keyboard"}
_PROGRAMS = {"cemba": 6, "organ": 19, "clavi": 7, "violn": 40, "viola": 41, "cello": 42, "cbass": 43, "flt": 73, "oboe": 68, "fagot": 70}
_PROGRAMS |= {"clars": 71, "corno": 60, "tromp": 56, "guitr": 24, "liuto": 24, "arpa": 46, "soprn": 52, "alto": 52, "tenor": 52, "bass": 52}
_METRE = re.compile(r"\*M(\d{1,3}(?:\+\d{1,3}){0,8})/(\d{1,3})$")
_SIGNATURE = re.compile(r"\*k\[((?:[a-g][#-])*)\]$")
_KEY = re.compile(r"\*([A-Ga-g])([#-]?):(dor|phr|lyd|mix|loc|aeo|ion)?$")
_TEMPO = re.compile(r"\*MM(\d{1,4}(?:\.\d{1,4})?)$")
_BAR = re.compile(r"=+(\d{0,6}[a-z]?)(.*)$")
_REFERENCES = {"OTL": "title", "COM": "composer", "LYR": "lyricist", "SCT": "catalogue", "OMD": "movement"}


@dataclass
class _Spine:
    """A column of the file from its exclusive interpretation on, with all it splits into."""

    kind: str
    number: int
    name: str = ""
    instrument: str = ""
    part: str = ""
    bars: list[list[WrittenNote]] = field(default_factory=list)


@dataclass
class _Column:
    """One column now: its spine and when its last note or rest ends, in units."""

    spine: _Spine
    end: int = 0
    voice: str = "0"
    graces: list[int] = field(default_factory=list)


def read_kern(data: bytes, name: str, *, unfold: bool = True) -> Score:
    """Read a Humdrum file with **kern spines.

    Args:
        data: The file's bytes, UTF-8 or Latin-1.
        name: The file's name, for messages.
        unfold: Whether sections and repeats are played; otherwise each bar stands once, and marks of kind ``repeat``
            say where repeats are.

    Returns:
        The score; `warnings` names the place of everything that was repaired or left out.

    Raises:
        ReadError: When it holds no **kern spine, or no bar that can be read.
    """
    findings = Findings(name)
    if b"\0" in data[:4096] or b"**kern" not in data:
        raise ReadError(f"{name}: holds no **kern spine, expected Humdrum text. Give a .krn file.")
    if data.count(b"\n") + data.count(b"\r") > 2 * MOST_LINES or data.count(b"\t") > 4 * MOST_TOKENS:
        raise ReadError(f"{name}: more than {MOST_LINES} lines or {4 * MOST_TOKENS} fields, expected one piece. Cut it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return _Reader(findings).read(text.splitlines(), unfold=unfold)


class _Reader:
    """Walks down a file line by line."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.columns: list[_Column] = []
        self.spines: list[_Spine] = []
        self.bars: list[WrittenBar] = [WrittenBar()]
        self.bar_start = self.now = 0
        self.velocity = VELOCITY
        self.metadata: dict[str, str] = {}
        self.sections: dict[str, list[int]] = {}
        self.section = ""
        self.expansion: list[str] = []
        self.line = self.tokens = 0

    def warn(self, message: str) -> None:
        """Note a repair at the current line."""
        self.findings.add(f"line {self.line}: {message}.")

    def _refusal(self, message: str) -> ReadError:
        """Return what is raised at the current line."""
        return ReadError(f"{self.findings.name}, line {self.line}: {message}. Cut the piece.")

    def _check_size(self) -> None:
        """Refuse more bars in more spines than a piece has."""
        if len(self.spines) * len(self.bars) > MOST_CELLS:
            raise self._refusal(f"{len(self.spines)} spines of {len(self.bars)} bars, expected one piece")

    def read(self, lines: Sequence[str], *, unfold: bool) -> Score:
        """Return the score of a file's lines."""
        for self.line, line in enumerate(lines, 1):
            if line.startswith("!!"):
                self._reference(line)
            elif line and not line.startswith("!"):
                self._tokens(line.split("\t"))
        if self.columns and any(column.spine.kind == "**kern" for column in self.columns):
            self.warn("a spine is not ended by '*-'; the file may be cut")
        self._close_bar()
        if not any(note for spine in self.spines for bar in spine.bars for note in bar) and len(self.bars) < 2:
            raise ReadError(f"{self.findings.name}: holds no note and no bar, expected **kern data. Check the file.")
        if not self.bars[-1].length and len(self.bars) > 1:
            self.bars.pop()
        order = self._order() if unfold else None
        return score_of(self.bars, self._parts(), self.findings, unfold=unfold, metadata=self.metadata, order=order)

    def _reference(self, line: str) -> None:
        match = re.match(r"!!!([A-Z]{3})(?:@{1,2}[A-Za-z]{2,3})?:\s*(.{1,300})", line)
        if match and match[1] in _REFERENCES and match[2].strip():
            self.metadata.setdefault(_REFERENCES[match[1]], " ".join(match[2].split()))

    def _tokens(self, tokens: list[str]) -> None:
        if not self.columns and not any(token.startswith("**") for token in tokens):
            if not self.spines:
                self.warn("data before any exclusive interpretation; it was left out")
            return
        if self.columns and len(tokens) != len(self.columns):
            lost = "line" if len(tokens) < len(self.columns) else "rest of the line"
            self.warn(f"{len(tokens)} fields, expected {len(self.columns)}; the {lost} was left out")
            if len(tokens) < len(self.columns):
                return
            tokens = tokens[: len(self.columns)]
        first = tokens[0]
        if first.startswith("*") or not self.columns:
            self._interpretations(tokens)
        elif first.startswith("="):
            self._bar_line(first)
        else:
            self._data(tokens)

    def _interpretations(self, tokens: Sequence[str]) -> None:
        if any(token.startswith("**") for token in tokens):
            self._exclusive(tokens)
            return
        if any(token in ("*^", "*v", "*-", "*+", "*x") for token in tokens):
            self._paths(tokens)
            return
        for column, token in zip(self.columns, tokens, strict=False):
            if column.spine.kind == "**kern" and token != "*":
                self._interpretation(column, token)
        self._section_label(tokens[0])

    def _exclusive(self, tokens: Sequence[str]) -> None:
        """Spines begin."""
        if len(tokens) > MOST_SPINES:
            raise self._refusal(f"{len(tokens)} spines, expected at most {MOST_SPINES}")
        columns = []
        for index, token in enumerate(tokens):
            if token.startswith("**") or index >= len(self.columns):
                if not token.startswith("**"):
                    self.warn(f"'{token[:20]}' among exclusive interpretations, expected one such as '**kern'; its spine was left out")
                spine = _Spine(token, len(self.spines))
                self.spines.append(spine)
                columns.append(_Column(spine, self._time()))
            else:
                columns.append(self.columns[index])
        self._check_size()
        self._set(columns)

    def _paths(self, tokens: Sequence[str]) -> None:
        """Spines split, join, change places, begin or end."""
        swap = [index for index, token in enumerate(tokens) if token == "*x"]
        pairs = list(zip(self.columns, tokens, strict=True))
        if len(swap) == 2:
            pairs[swap[0]], pairs[swap[1]] = pairs[swap[1]], pairs[swap[0]]
        columns: list[_Column] = []
        for is_joining, run in itertools.groupby(pairs, key=lambda pair: pair[1] == "*v"):
            if is_joining:
                columns += _joined([column for column, _ in run])
                continue
            for column, token in run:
                columns += [column] if token != "*-" else []
                if token == "*^":
                    columns.append(_Column(column.spine, column.end))
                elif token == "*+":
                    columns.append(_Column(_Spine("**", len(self.spines)), column.end))
        if len(columns) > MOST_SPINES:
            raise self._refusal(f"{len(columns)} spines, expected at most {MOST_SPINES}")
        self.now = self._time()
        self._set(columns)

    def _set(self, columns: list[_Column]) -> None:
        """Take new columns and count the voices of each spine from the left."""
        voices = Counter[int]()
        for column in columns:
            column.voice = str(voices[column.spine.number])
            voices[column.spine.number] += 1
        self.columns = columns

    def _interpretation(self, column: _Column, token: str) -> None:
        spine = column.spine
        if token.startswith('*I"'):
            spine.name = spine.name or token[3:103].strip()
        elif token.startswith("*part"):
            spine.part = token[:12]
        elif token.startswith("*I") and token[2:] in _KEYBOARDS.keys() | _PROGRAMS.keys():
            spine.instrument = token[2:]
        elif token.startswith("*ICklav"):
            spine.instrument = spine.instrument or "klav"
        elif match := _METRE.match(token):
            self._metre(sum(int(part) for part in match[1].split("+")), int(match[2]))
        elif match := _SIGNATURE.match(token):
            self._key_signature(match[1])
        elif match := _KEY.match(token):
            self._key(match[1], match[2], match[3] or "")
        elif match := _TEMPO.match(token):
            bpm = float(match[1])
            change = (self._time() - self.bar_start, round(60_000_000 / bpm) if bpm else 0)
            if 4 <= bpm <= 10_000 and change not in self.bars[-1].tempos:
                self.bars[-1].tempos.append(change)
            elif not 4 <= bpm <= 10_000:
                self.warn(f"tempo '{token[:20]}' cannot be played; it was left out")

    def _metre(self, beats: int, unit: int) -> None:
        if not 1 <= beats <= 255 or unit & (unit - 1) or not 1 <= unit <= 256:
            self.warn(f"metre {beats}/{unit} is none; the one before goes on")
            return
        if self.bars[-1].metre != (beats, unit) or not self.bars[-1].renewed:
            if self._time() > self.bar_start:
                self._close_bar()
            self.bars[-1].metre, self.bars[-1].renewed = (beats, unit), True

    def _key_signature(self, accidentals: str) -> None:
        fifths = accidentals.count("#") - accidentals.count("-")
        if not -7 <= fifths <= 7:
            self.warn(f"key signature of {fifths} fifths, expected -7 to 7; it was left out")
            return
        place = self._time() - self.bar_start
        keys = self.bars[-1].keys
        if not any(key[:2] == (place, fifths) for key in keys):
            keys.append((place, fifths, "major"))

    def _key(self, letter: str, sign: str, mode: str) -> None:
        """A key's name says the mode of the signature that stands at the same place; elsewhere it is analysis."""
        keys = self.bars[-1].keys
        place = self._time() - self.bar_start
        if not keys or keys[-1][0] != place:
            return
        tonic = LINE_OF_FIFTHS.index(letter.upper()) - 1 + 7 * ((sign == "#") - (sign == "-"))
        distance = keys[-1][1] - tonic
        found = next(
            (name for name, fifths in MODE_FIFTHS.items() if fifths == distance), "minor" if letter.islower() or mode == "aeo" else "major"
        )
        keys[-1] = (place, keys[-1][1], found)

    def _section_label(self, token: str) -> None:
        if not token.startswith("*>"):
            return
        label = token[2:62]
        if label.startswith("["):
            self.expansion = self.expansion or [part.strip() for part in token[3:2000].rstrip("]").split(",")]
        elif "[" not in label:
            if self._time() > self.bar_start:
                self._close_bar()
            self.section = label
            self.sections[label] = [len(self.bars) - 1]

    def _time(self) -> int:
        """The time that all columns have reached, in units."""
        return max([self.now, *(column.end for column in self.columns if column.spine.kind == "**kern")])

    def _bar_line(self, token: str) -> None:
        match = _BAR.match(token)
        signs = (match[2] if match else "").strip(";.yj- '")
        number = match[1] if match else ""
        if self._time() > self.bar_start:
            if signs.startswith(":"):
                self.bars[-1].backward = 2
            self._close_bar()
        elif signs.startswith(":") and len(self.bars) > 1:
            self.bars[-2].backward = 2
        if signs.endswith(":"):
            self.bars[-1].forward = True
        if number:
            self.bars[-1].number = number

    def _close_bar(self) -> None:
        """End the bar at the time that is reached; another begins."""
        at = self._time()
        bar = self.bars[-1]
        bar.length = at - self.bar_start
        if not bar.length:
            return
        if self.section:
            self.sections[self.section].append(len(self.bars) - 1)
        self.bars.append(WrittenBar(bar.number, metre=bar.metre))
        self._check_size()
        self.bar_start = self.now = at
        if bar.metre and bar.length > bar.full:
            beats = bar.length * bar.metre[1] / (4 * UNIT)
            self.warn(f"measure {bar.number or '0'} holds {beats:g} beats in {bar.metre[0]}/{bar.metre[1]}; it was kept as long as it is")

    def _data(self, tokens: Sequence[str]) -> None:
        """One moment: what begins in each column."""
        for column, token in zip(self.columns, tokens, strict=True):
            if column.spine.kind == "**dynam":
                self.velocity = DYNAMICS.get(token.strip("<>[]() "), self.velocity)
        begun = [
            (column, notes)
            for column, token in zip(self.columns, tokens, strict=True)
            if column.spine.kind == "**kern" and token not in (".", "")
            for notes in [notes_of(token, self.warn)]
            if notes
        ]
        if not begun:
            return
        now = max(column.end for column, _ in begun)
        if any(column.end < now for column, _ in begun if column.end) and any(notes[0].length for _, notes in begun):
            self.warn("notes of one line begin at different times, as lengths before it do not add up; the earlier waited")
        for column, notes in begun:
            self._sound(column, notes, max(now, self.bar_start))

    def _sound(self, column: _Column, notes: Sequence[KernNote], now: int) -> None:
        """Begin a note, chord, rest or grace note in one column."""
        if not notes[0].length:
            column.graces += [note.key for note in notes if note.key is not None][: 32 - len(column.graces)]
            return
        spine = column.spine
        self.tokens += 1
        if self.tokens > MOST_TOKENS:
            raise self._refusal(f"more than {MOST_TOKENS} notes and rests, expected one piece")
        line = (-spine.number, column.voice)  # the highest staff is the last spine
        column.end = now + notes[0].length
        spine.bars.extend([] for _ in range(len(self.bars) - len(spine.bars)))
        at = now - self.bar_start
        if any(note.has_fermata for note in notes):
            self.bars[-1].marks.append((at, "fermata", ""))
        graces = tuple(column.graces)
        for note in notes:
            if note.key is not None:
                length = note.length or notes[0].length
                spine.bars[-1].append(WrittenNote(at, length, note.key, self.velocity, line, note.from_tie, note.to_tie, graces=graces))
                graces = ()
        column.graces = []

    def _order(self) -> list[int] | None:
        """The bars in the order that the file's own list of sections says; None where there is none that fits."""
        if not self.expansion:
            return None
        missing = [label for label in self.expansion if label not in self.sections]
        if missing:
            self.findings.add(f"the list of sections names '{missing[0][:20]}', which is not there; repeat signs were followed.")
            return None
        return [bar for label in self.expansion for bar in dict.fromkeys(self.sections[label]) if bar < len(self.bars)]

    def _parts(self) -> list[WrittenPart]:
        """The tracks: spines from right to left, the staves of one instrument together."""
        parts: dict[tuple[str, str], WrittenPart] = {}
        for spine in reversed([spine for spine in self.spines if spine.kind == "**kern"]):
            is_keyboard = spine.instrument in _KEYBOARDS
            shared = spine.instrument if is_keyboard else spine.part
            own = ("", str(spine.number))
            name = spine.name or _KEYBOARDS.get(spine.instrument, "")
            part = parts.setdefault(
                (shared, spine.part) if shared else own, WrittenPart(name, _PROGRAMS.get(spine.instrument, 0), splits=False)
            )
            part.bars.extend([] for _ in range(len(spine.bars) - len(part.bars)))
            for into, notes in zip(part.bars, spine.bars, strict=False):
                into.extend(notes)
        return list(parts.values())


def _joined(columns: Sequence[_Column]) -> list[_Column]:
    """Neighbours that join: one column, or one for each spine where every spine has two or more of them."""
    groups = [list(group) for _, group in itertools.groupby(columns, key=lambda column: column.spine.number)]
    if any(len(group) < 2 for group in groups):
        groups = [list(columns)]
    for group in groups:
        group[0].end = max(column.end for column in group)
    return [group[0] for group in groups]
