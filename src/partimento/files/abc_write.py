"""A Score to canonical ABC text: the same music always gives the same text, and the text reads back to it.

A bar a cell, four bars a line, one voice behind the other. Repeats are folded where marks of kind ``repeat`` say
that the source had them and the passes read alike, sign for sign; else they are written out. A field of key, metre
or tempo stands where the bar written before had another.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from fractions import Fraction

from partimento.files.abc_layout import Layout, Section, Written, fold, sections_of
from partimento.files.abc_parse import INFORMATION, PROVENANCE
from partimento.files.abc_play import longest_grace
from partimento.files.abc_rhythm import Sound
from partimento.files.abc_staff import Cell, Signs, StaffWriter, key_text, layers
from partimento.score import KeySignature, Score, Tempo, TimeSignature
from partimento.score.hands import HANDS, is_low

_State = tuple[KeySignature | None, str, Tempo | None]


@dataclass(frozen=True, slots=True)
class _Lead:
    """Fields before a bar: part and tempo, which the first voice alone says, then metre and key."""

    first_voice: str
    metre: str
    key: str


def tempo_text(tempo: Tempo, metre: TimeSignature) -> str:
    """Return a ``Q:`` value that reads back to the same tempo, in dotted beats where the metre has such."""
    beats = [Fraction(1, 4)]
    if metre.denominator >= 8 and metre.numerator % 3 == 0 and metre.numerator > 3:
        beats.insert(0, Fraction(3, metre.denominator))
    for digits in range(9):
        for beat in beats:
            count = round(tempo.bpm / float(beat * 4), digits)
            if count >= 1 and Tempo.of_bpm(tempo.tick, count * float(beat) * 4).quarter_microseconds == tempo.quarter_microseconds:
                return f"{beat.numerator}/{beat.denominator}={count:.{digits}f}"
    return f"1/4={tempo.bpm:.9f}"


def _safe(text: str) -> str:
    """Return words that may stand in a field."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("&", "\\&").strip()


def _quoted(text: str) -> str:
    """Return words that may stand in quotes."""
    return _safe(text).replace('"', "&quot;")


def _syllable(text: str) -> str:
    """Return a syllable as a ``w:`` line says it."""
    breaks = text.endswith("-")
    bare = "".join(c for c in _safe(text.removesuffix("-")) if c not in "*_|")
    return bare.replace("-", "\\-").replace("\u2011", "\\-").replace(" ", "~") + ("-" if breaks else "") or "*"


@dataclass
class TuneWriter:
    """Writes one score; `text` and `body` are its entries.

    Attributes:
        score: What is written.
        line_bars: Bars to a line; None for one line.
        words: Whether parts, lyrics, words, tempo and programs are written too, or only what sounds, chord symbols and fermatas.
        texts: Of each cell, of each track.
        onsets: Of each cell, where the note heads of the first track stand, in ticks; -1 where no note starts.
    """

    score: Score
    line_bars: int | None = 4
    words: bool = True
    unit: Fraction = Fraction(1, 8)
    texts: list[list[str]] = field(default_factory=list)
    onsets: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        score = self.score
        self.layout = Layout(score)
        if self.layout.metres and self.layout.metres[0].denominator >= 16:
            self.unit = Fraction(1, 16)
        tempos = {tempo.tick: tempo for tempo in score.tempos} if self.words else {}
        self.tempos = [tempos[tick] for tick in sorted(tempos)]
        parts = {mark.tick: _safe(mark.text).replace("]", ")") for mark in score.marks_of("section")} if self.words else {}
        self.parts = {tick: name for tick, name in parts.items() if tick < score.end_tick}
        self.sung = {mark.tick: _syllable(mark.text) for mark in reversed(score.marks_of("lyric"))} if self.words else {}
        self._find_layers(frozenset())

    def _find_layers(self, bad_graces: frozenset[tuple[int, int]]) -> None:
        """Lay every track's notes in layers; grace notes at `bad_graces` (track, tick) are notes like others."""
        marks = [(m.tick, int(m.text)) for m in self.score.marks_of("grace") if m.text.isdecimal() and 0 < int(m.text[:3]) <= 32]
        longest = longest_grace(self.score.ticks_per_quarter)
        self.layers = [
            layers(track, [mark for mark in marks if (index, mark[0]) not in bad_graces], longest)
            for index, track in enumerate(self.score.tracks)
        ] or [[]]
        self.layer_starts = [[[sound.start for sound in layer] for layer in track] for track in self.layers]

    # ---- bars

    def _signs(self) -> dict[int, Signs]:
        """Return what is written before the notes, by tick."""
        signs: dict[int, Signs] = {}
        for mark in dict.fromkeys(self.score.marks):
            text = ""
            if mark.kind == "chord":
                text = _quoted(mark.text).lstrip("^_<>@ ")
                text = f'"{text}"' if text else ""
            elif mark.kind == "fermata":
                text = "!fermata!"
            elif mark.kind == "text" and self.words:
                text = f'"^{_quoted(mark.text)}"'
            if text:
                signs.setdefault(mark.tick, Signs()).symbols += text
        for tempo in self.tempos:
            signs.setdefault(tempo.tick, Signs()).fields += f"[Q:{tempo_text(tempo, self.layout.metre_at(tempo.tick))}]"
        return signs

    def _render(self, signs: dict[int, Signs]) -> None:
        """Write every cell of every track."""
        ticks = sorted(signs)
        keys = {key.tick: f"[K:{key_text(key)}]" for key in self.layout.keys}
        bad: frozenset[tuple[int, int]] = frozenset()
        while True:
            staves = [StaffWriter(self.unit, self.score.ticks_per_quarter) for _ in self.layers]
            self.texts, self.onsets = [], []
            for cell in self.layout.cells:
                inside = ticks[bisect.bisect_left(ticks, cell.start) : bisect.bisect_left(ticks, cell.end)]
                changes = {key.tick: Signs(keys[key.tick]) for key in cell.keys}
                first = dict(changes)
                for tick in inside:
                    lead = "" if tick == cell.start else signs[tick].fields
                    first[tick] = Signs((changes[tick].fields if tick in changes else "") + lead, signs[tick].symbols)
                row = []
                for track, staff in enumerate(staves):
                    row.append(staff.cell(cell, self._sounds(track, cell), changes if track else first))
                    if not track:
                        self.onsets.append([cell.start + onset if onset >= 0 else -1 for onset in staff.onsets])
                self.texts.append(row)
            found = {(track, tick) for track, staff in enumerate(staves) for tick in staff.bad_graces}
            if found <= bad:
                return
            bad = bad | found
            self._find_layers(bad)

    def _sounds(self, track: int, cell: Cell) -> list[list[Sound]]:
        """Return the sounds of each layer of a track that touch a cell."""
        found = []
        for layer, starts in zip(self.layers[track], self.layer_starts[track], strict=True):
            low = max(bisect.bisect_right(starts, cell.start) - 1, 0)
            high = bisect.bisect_left(starts, cell.end)
            found.append([sound for sound in layer[low:high] if sound.end > cell.start])
        return found

    def _alike(self, a: int, b: int) -> bool:
        """Whether two cells read alike but for beams, in the same part, key, metre and tempo."""
        cells, renewed = self.layout.cells, self.layout.renewed
        if any(x.replace(" ", "") != y.replace(" ", "") for x, y in zip(self.texts[a], self.texts[b], strict=True)):
            return False
        return renewed[a] == renewed[b] and self._says(cells[a]) == self._says(cells[b])

    def _says(self, cell: Cell) -> tuple[object, ...]:
        """Return what holds at the start of a cell, and its length (which its text does not show where it is all rests)."""
        tempo = self._tempo_at(cell.start)
        key = (cell.key.fifths, cell.key.mode) if cell.key else None
        return (key, cell.metre_text, tempo.quarter_microseconds if tempo else None, self.parts.get(cell.start), cell.end - cell.start)

    def _tempo_at(self, tick: int) -> Tempo | None:
        """Return the tempo in force at `tick`, if one was given."""
        index = bisect.bisect_right(self.tempos, tick, key=lambda tempo: tempo.tick) - 1
        return self.tempos[index] if index >= 0 else None

    def _written(self) -> list[Written]:
        """Return the bars of the text: cells, folded where they can be."""
        sections = sections_of(self.score)
        signs = self._signs()
        parts = set(self.parts)
        while True:
            cuts = parts.union(*(section.ticks() for section in sections))
            if not self.layout.lay(cuts, sorted(signs)) and cuts:
                parts, sections = set(), sections if parts else []
                continue
            self._render(signs)
            at = {cell.start: index for index, cell in enumerate(self.layout.cells)}
            at[self.layout.cells[-1].end] = len(self.layout.cells)
            folds = [fold(section, at, self._alike) for section in sections]
            if None not in folds:
                return self._join(sections, folds, at)
            sections = [section for section, folded in zip(sections, folds, strict=True) if folded is not None]

    def _join(self, sections: list[Section], folds: list[list[Written] | None], at: dict[int, int]) -> list[Written]:
        """Return all bars: those of folded sections and those between them."""
        written: list[Written] = []
        now = 0
        for section, folded in zip(sections, folds, strict=True):
            written.extend(Written([cell]) for cell in range(now, at[section.passes[0].start]))
            if written:
                written[-1].breaks = True
            written.extend(folded or [])
            now = at[section.end]
        written.extend(Written([cell]) for cell in range(now, len(self.layout.cells)))
        last = written[-1]
        last.breaks = True
        last.right = "|]" if last.right in ("|", "||") else last.right
        return written

    # ---- text

    def body(self) -> str:
        """Return the music code, voice by voice."""
        written = self._written()
        several = len(self.layers) > 1
        state: _State = (self.layout.cells[0].key, self.layout.cells[0].metre_text, self._tempo_at(0))
        leads: list[_Lead] = []
        for bar in written:
            lead, state = self._lead(bar, state)
            leads.append(lead)
        rows = self._rows(written, leads)
        lines: list[str] = []
        for voice in range(len(self.layers)):
            lines.extend([self._voice_field(voice)] * several + self._sound(voice))
            for row in rows:
                lines.extend(self._row([(written[index], leads[index]) for index in row], voice))
                lines.extend(self._lyrics([written[index] for index in row]) if not voice and self.sung else [])
        if self.line_bars is None and not several and not self.sung:
            return " ".join(lines) + "\n"
        return "\n".join(lines) + "\n"

    def _rows(self, written: list[Written], leads: list[_Lead]) -> list[list[int]]:
        """Return the indices of the bars on each line of text."""
        rows: list[list[int]] = [[]]
        bars = 0
        for index, bar in enumerate(written):
            rows[-1].append(index)
            cell = self.layout.cells[bar.cells[0]]
            starts = index == 0 or written[index - 1].breaks
            bars += not (starts and cell.end - cell.start < self.layout.full(cell.metre))  # a pickup is not counted
            full = self.line_bars is not None and bars >= self.line_bars
            follows = index + 1 < len(written) and not written[index + 1].ending
            if follows and (bar.breaks or full or (self.line_bars is not None and leads[index + 1].key)):
                rows.append([])
                bars = 0
        return rows

    def _voice_field(self, voice: int) -> str:
        """Return the line that says whose music follows, and in which clef it is read."""
        if not self.words:
            return f"V:{voice + 1}"
        track = self.score.tracks[voice]
        low = track.name == HANDS[1] or (track.name != HANDS[0] and not track.is_drum and is_low(track))
        return f"V:{voice + 1}" + " clef=bass" * low + f' name="{_quoted(track.name)}"'

    def _staves(self) -> list[str]:
        """Return the line that braces a pianist's two hands, where there are any."""
        names = [track.name for track in self.score.tracks]
        pair = next((place for place in range(len(names)) if tuple(names[place : place + 2]) == HANDS), None)
        if pair is None:
            return []
        voices = [str(number) for number in range(1, len(names) + 1)]
        return [" ".join(["%%score", *voices[:pair], f"{{{pair + 1} {pair + 2}}}", *voices[pair + 2 :]])]

    def _sound(self, voice: int) -> list[str]:
        """Return the lines that say what a voice is played on."""
        if not self.words or not self.score.tracks:
            return []
        track = self.score.tracks[voice]
        return [f"%%MIDI program {track.program}"] * bool(track.program) + ["%%MIDI channel 10"] * track.is_drum

    def _row(self, row: list[tuple[Written, _Lead]], voice: int) -> list[str]:
        """Return one voice of a line of text, and before it the key on a line of its own: some readers know it only so."""
        field = row[0][1].key if self.line_bars is not None and not row[0][0].ending else ""
        out = []
        for index, (bar, lead) in enumerate(row):
            fields = lead.first_voice * (not voice) + lead.metre + f"[{lead.key}]" * bool(lead.key and (index or not field))
            out.append(f"{bar.left}{bar.ending}{' ' if bar.ending else ''}{fields}{self.texts[bar.cells[0]][voice]}{bar.right}")
        return [field] * bool(field) + ["".join(out)]

    def _lead(self, bar: Written, state: _State) -> tuple[_Lead, _State]:
        """Return the fields before a bar, and what holds behind it."""
        cell = self.layout.cells[bar.cells[0]]
        key, metre, tempo = state
        metre_field = f"[M:{cell.metre_text}]" * ((metre != cell.metre_text) + self.layout.renewed[bar.cells[0]])
        changes = cell.key is not None and (key is None or (key.fifths, key.mode) != (cell.key.fifths, cell.key.mode))
        own = f"[P:{self.parts[cell.start]}]" if cell.start in self.parts else ""
        now = self._tempo_at(cell.start)
        if now is not None and (tempo is None or tempo.quarter_microseconds != now.quarter_microseconds):
            own += f"[Q:{tempo_text(now, cell.metre)}]"
        lead = _Lead(own, metre_field, f"K:{key_text(cell.key)}" if changes else "")
        return lead, (cell.keys[-1] if cell.keys else cell.key, cell.metre_text, self._tempo_at(cell.end - 1))

    def _lyrics(self, row: list[Written]) -> list[str]:
        """Return the ``w:`` lines of a line of text, one a pass where passes have words of their own."""
        verses: list[list[str]] = []
        for verse in range(max(len(bar.cells) for bar in row)):
            words: list[str] = []
            for bar in row:
                sung = [[self.sung.get(onset, "*") if onset >= 0 else "*" for onset in self.onsets[cell]] for cell in bar.cells]
                own = verse < len(sung) and (not verse or sung[verse] != sung[0])
                words.extend(sung[verse] if own else ["*"] * len(sung[0]))
            verses.append(words)
        while verses and set(verses[-1]) <= {"*"}:
            verses.pop()
        return ["w:" + " ".join(words) for words in verses]

    def fields(self) -> list[str]:
        """Return the fields without which the body cannot be read: ``M:``, ``L:`` and ``K:``."""
        metres, keys = self.layout.metres, self.layout.keys
        metre = f"{metres[0].numerator}/{metres[0].denominator}" if metres and not metres[0].tick else "none"
        return [f"M:{metre}", f"L:1/{self.unit.denominator}", f"K:{key_text(keys[0] if keys and not keys[0].tick else None)}"]

    def text(self) -> str:
        """Return the whole tune with its header."""
        metadata = self.score.metadata
        lines = ["X:1", *([] if metadata.get("title") else ["T:"])]
        for letter, name in INFORMATION.items():
            if letter not in "XW":
                lines.extend(f"{letter}:{_safe(line)}" for line in metadata.get(name, "").split("\n") if line)
        lines.extend(f"N:{PROVENANCE}{_safe(line)}" for line in metadata.get("provenance", "").split("\n") if line)
        metre, unit, key = self.fields()
        lines += [*self._staves(), metre, unit]
        first = self._tempo_at(0)
        if first is not None:
            lines.append(f"Q:{tempo_text(first, self.layout.metre_at(0))}")
        tracks = self.score.tracks
        if len(tracks) == 1 and tracks[0].name:
            lines.append(self._voice_field(0))
        lines.append(key)
        words = [f"W:{_safe(line)}" for line in metadata.get("words", "").split("\n") if line]
        return "\n".join(lines) + "\n" + self.body() + "".join(line + "\n" for line in words)
