"""A Score as MusicXML 3.1: `musicxml_bytes` and `mxl_bytes`.

Every track is a part, on two staves where its range asks for them; tracks named as a pianist's two hands are one staff
each, under one brace. Of tempos that follow one another as closely as someone played them only the first is seen. Every
measure is full, a pickup is measure 0, notes are cut into values with ties where bar lines, beats and tuplets ask for it.
Times are kept exactly, except where a few are no usual division of a quarter note and no tuplet says them: these go to the
nearest 128th. Where more than one in twenty is none, that is a performance, and all is written on a grid of 32nds or
sextuplets, with at most two voices a staff. The same score gives the same bytes.
"""

from __future__ import annotations

import contextlib
import io
import math
import zipfile
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from partimento.errors import ScoreError
from partimento.files.musicxml_layout import Chord, Columns, Fit, fitted, staves
from partimento.files.musicxml_notes import Accidentals, NoteStyle, Spelling, note_lines
from partimento.files.musicxml_rhythm import FINEST, Metre, Unwritable, Value, values
from partimento.files.musicxml_text import (
    BRACE,
    BRACE_END,
    clef_element,
    element,
    header,
    key_element,
    lyric_elements,
    mark_lines,
    score_part,
    tempo_lines,
    time_element,
)
from partimento.score import KeySignature, Mark, Score, Track
from partimento.score.hands import HANDS
from partimento.score.meter import bar_starts, bar_ticks, signatures
from partimento.score.notation import is_played

MOST_MEASURES = 20_000

_BARS_A_TEMPO = 2
"""Where tempos follow one another more closely, they are how someone played: the first one is seen, the others only heard."""


def musicxml_bytes(score: Score) -> bytes:
    """Return a score as a MusicXML document, UTF-8.

    Raises:
        ScoreError: When it has more than 20,000 measures.
    """
    return "\n".join(_document(score)).encode("utf-8", errors="replace") + b"\n"


def mxl_bytes(score: Score) -> bytes:
    """Return a score as a compressed MusicXML file (see `musicxml_bytes`)."""
    container = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<container>\n <rootfiles>\n'
        '  <rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>\n </rootfiles>\n</container>\n'
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        entries = (("META-INF/container.xml", container.encode()), ("score.musicxml", musicxml_bytes(score)))
        for name, data in entries:
            entry = zipfile.ZipInfo(name)  # dated 1980-01-01: the bytes depend on the score alone
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, data)
    return file.getvalue()


def _document(score: Score) -> list[str]:
    """The lines of a score's document."""
    tracks = score.tracks or (Track(name="Music"),)
    fits: tuple[Fit, ...] = ("played",) if is_played(tracks, score.ticks_per_quarter) else ("exact", "mended", "played")
    for fit in fits[:-1]:
        with contextlib.suppress(Unwritable):  # a rhythm that no tuplet says: the next one moves more notes
            return _Writer(replace(score, tracks=tracks), fit=fit).document()
    return _Writer(replace(score, tracks=tracks), fit=fits[-1]).document()


@dataclass(frozen=True)
class _Measure:
    """A measure: start and end in parts, its metre, whether it is written here and seen, the keys that begin in it."""

    number: int
    start: int
    end: int
    metre: tuple[int, int]
    says_metre: bool
    hides_metre: bool
    keys: tuple[KeySignature, ...]


@dataclass(frozen=True)
class _Line:
    """A voice within a measure: staff and voice number, its values and the chord of each (None is a rest)."""

    staff: int
    voice: int
    content: tuple[tuple[Value, Chord | None], ...]


class _Writer:
    """Writes one score. Times inside are parts, `scale` of them to a tick."""

    def __init__(self, score: Score, *, fit: Fit) -> None:
        self.quarter = math.lcm(score.ticks_per_quarter, 3 * FINEST)
        self.scale = self.quarter // score.ticks_per_quarter
        self.score = score
        self.loose = fit == "played"
        self.tracks = [fitted(Columns.of(track, self.scale), self.quarter, fit) for track in score.tracks]
        self.measures = self._measures()
        self.layout = [staves(track, self.quarter, played=fit == "played") for track in self.tracks]
        self.marks: dict[str, dict[int, list[Mark]]] = defaultdict(lambda: defaultdict(list))
        for mark in score.marks:
            self.marks[mark.kind][mark.tick * self.scale].append(mark)
        self.spelling = Spelling(score.key_signatures, self.scale)
        onsets = {at for track in self.tracks for at in track.start.tolist()}
        self.word_is_open = False
        self.cuts = sorted(at for at in self.marks["fermata"] if at not in onsets)
        self.lyric_track = {
            at: n for n in reversed(range(len(self.tracks))) for at in self.tracks[n].start.tolist() if at in self.marks["lyric"]
        }
        self.body = [[list(self._lines(index, measure)) for measure in self.measures] for index in range(len(self.tracks))]
        self.unit = self._unit()
        self.items = self._all_items()

    def _measures(self) -> list[_Measure]:
        """The measures up to the end of the music, at least one."""
        score = self.score
        last = max((int(track.end.max()) for track in self.tracks if track.start.size), default=0)
        end = max(-(-last // self.scale), 1)
        starts = bar_starts(score, end).tolist()
        if len(starts) > MOST_MEASURES:
            raise ScoreError(f"score: {len(starts)} measures, expected at most {MOST_MEASURES} in MusicXML. Cut it, or write MIDI.")
        metres = signatures(score)
        written = {signature.tick for signature in score.time_signatures} | {0}
        measures: list[_Measure] = []
        for index, start in enumerate(starts):
            metre = [signature for signature in metres if signature.tick <= start][-1]
            is_pickup = bool(score.pickup) and index == 0
            stop = score.pickup if is_pickup else start + bar_ticks(metre, score.ticks_per_quarter)
            stop = starts[index + 1] if index + 1 < len(starts) else stop
            if score.pickup and index and index + 1 == len(starts) and stop - end == score.pickup:
                stop = end  # the last measure and the pickup make one bar together
            beats = (metre.numerator, metre.denominator)
            says = start in written
            hides = bool(says and measures and measures[-1].metre == beats)
            keys = tuple(key for key in score.key_signatures if start <= key.tick < stop)
            number = index if score.pickup else index + 1
            measures.append(_Measure(number, start * self.scale, stop * self.scale, beats, says, hides, keys))
        return measures

    def _lines(self, index: int, measure: _Measure) -> Iterator[_Line]:
        """The voices of a track in one measure: the first of every staff, and others that sound."""
        voice = 0
        for staff, layout in enumerate(self.layout[index], 1):
            voice = 4 if staff == 2 and voice <= 4 else voice
            for number, chords in enumerate(layout.voices):
                voice += 1
                low = bisect_right(chords, measure.start, key=lambda chord: chord.end)
                inside = []
                while low < len(chords) and chords[low].start < measure.end:
                    inside.append(chords[low])
                    low += 1
                if inside or number == 0:
                    cuts = self.cuts if index == 0 and staff == 1 and number == 0 else []
                    yield _Line(staff, voice, tuple(self._values(measure, inside, cuts)))

    def _values(self, measure: _Measure, chords: Sequence[Chord], cuts: Sequence[int]) -> Iterator[tuple[Value, Chord | None]]:
        """The values of one voice in one measure, which they fill."""
        segments: list[tuple[int, int, Chord | None]] = []
        at = measure.start
        for chord in chords:
            if chord.start > at:
                segments.append((at, chord.start, None))
            segments.append((max(chord.start, measure.start), min(chord.end, measure.end), chord))
            at = segments[-1][1]
        if at < measure.end:
            segments.append((at, measure.end, None))
        for cut in cuts:
            segments = [
                piece
                for low, high, chord in segments
                for piece in ([(low, cut, chord), (cut, high, chord)] if low < cut < high else [(low, high, chord)])
            ]
        metre = Metre.of(*measure.metre, quarter=self.quarter, bar=measure.end - measure.start)
        for value in values(
            [(low - measure.start, high - measure.start, chord is None) for low, high, chord in segments], metre, loose=self.loose
        ):
            yield value, segments[value.segment][2]

    def _unit(self) -> int:
        """The greatest length that every written time is a multiple of."""
        unit = self.quarter
        for line in (line for part in self.body for lines in part for line in lines):
            unit = math.gcd(unit, *(value.length for value, _ in line.content))
        for at in (at for kind in ("chord", "text", "section") for at in self.marks[kind]):
            unit = math.gcd(unit, at)
        ticks = [tempo.tick for tempo in self.score.tempos] + [key.tick for key in self.score.key_signatures]
        return math.gcd(unit, *(tick * self.scale for tick in ticks))

    def document(self) -> list[str]:
        """The document's lines."""
        lines = header(self.score.metadata)
        lines.append("<part-list>")
        names = [track.name for track in self.score.tracks]
        for number, track in enumerate(self.score.tracks):
            lines += [BRACE] if names[number : number + 2] == list(HANDS) else []
            lines += score_part(number + 1, track)
            lines += [BRACE_END] if number and names[number - 1 : number + 1] == list(HANDS) else []
        lines.append("</part-list>")
        for index in range(len(self.tracks)):
            lines.append(f'<part id="P{index + 1}">')
            for measure, content in zip(self.measures, self.body[index], strict=True):
                lines += self._measure(index, measure, content)
            lines.append("</part>")
        return [*lines, "</score-partwise>"]

    def _measure(self, index: int, measure: _Measure, content: Sequence[_Line]) -> Iterator[str]:
        """One measure of one part."""
        implicit = ' implicit="yes"' if measure.number == 0 else ""
        yield f'<measure number="{measure.number}"{implicit}>'
        yield from self._attributes(index, measure)
        items = self._items(index, measure)
        accidentals = self.spelling.accidentals(measure.start, content)
        for place, line in enumerate(content):
            if place:
                yield f"<backup>{element('duration', (measure.end - measure.start) // self.unit)}</backup>"
            for value, chord in line.content:
                at = measure.start + value.at
                if place == 0 and at in items:
                    yield from items.pop(at)
                yield from self._note(index, line, value, chord, at=at, accidentals=accidentals)
        for at, lines in items.items():
            distance = element("duration", (measure.end - at) // self.unit)
            yield from (f"<backup>{distance}</backup>", *lines, f"<forward>{distance}</forward>") if at < measure.end else lines
        if measure is self.measures[-1]:
            yield '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
        yield "</measure>"

    def _attributes(self, index: int, measure: _Measure) -> Iterator[str]:
        """Divisions, key, metre and clefs, where they begin or change."""
        is_first = measure is self.measures[0]
        layout = self.layout[index]
        inner = [element("divisions", self.quarter // self.unit)] if is_first else []
        inner += [key_element(key) for key in measure.keys if key.tick * self.scale == measure.start][-1:]
        inner += [time_element(measure.metre, hidden=measure.hides_metre)] if measure.says_metre else []
        if is_first:
            inner += [element("staves", len(layout))] if len(layout) > 1 else []
            inner += [clef_element(staff.clef, number, len(layout)) for number, staff in enumerate(layout, 1)]
        if inner:
            yield f"<attributes>{''.join(inner)}</attributes>"

    def _all_items(self) -> list[tuple[int, list[str]]]:
        """Tempos, names, words and chord symbols with their places: they stand over the first part."""
        items: list[tuple[int, list[str]]] = []
        starts = [measure.start for measure in self.measures]
        is_rubato = len(self.score.tempos) > max(len(starts) / _BARS_A_TEMPO, 4)
        for index, tempo in enumerate(self.score.tempos):
            at = tempo.tick * self.scale
            metre = self.measures[max(bisect_right(starts, at) - 1, 0)].metre
            items.append((at, tempo_lines(tempo, metre, is_seen=not is_rubato or index == 0)))
        for kind in ("section", "text", "chord"):
            items += [(at, mark_lines(mark)) for at, marks in self.marks[kind].items() for mark in marks]
        return sorted(items, key=lambda item: item[0])

    def _items(self, index: int, measure: _Measure) -> dict[int, list[str]]:
        """What stands between the notes of a measure, by place."""
        found: dict[int, list[str]] = defaultdict(list)
        for key in measure.keys:
            if key.tick * self.scale > measure.start:
                found[key.tick * self.scale].append(f"<attributes>{key_element(key)}</attributes>")
        if index == 0:
            end = measure.end + (measure is self.measures[-1])
            low = bisect_left(self.items, measure.start, key=lambda item: item[0])
            while low < len(self.items) and self.items[low][0] < end:
                found[self.items[low][0]] += self.items[low][1]
                low += 1
        return dict(sorted(found.items()))

    def _note(self, index: int, line: _Line, value: Value, chord: Chord | None, *, at: int, accidentals: Accidentals) -> Iterator[str]:
        """A chord or rest with everything that hangs on it."""
        track = self.score.tracks[index]
        is_cut = index == 0 and at in self.cuts
        words = self.marks["lyric"].get(at, ()) if chord is not None and chord.start == at and self.lyric_track.get(at) == index else ()
        lyrics: list[str] = []
        if words:
            lyrics, self.word_is_open = lyric_elements(words, self.word_is_open)
            del self.lyric_track[at]
        style = NoteStyle(
            duration=value.length // self.unit,
            voice=line.voice,
            staff=line.staff if len(self.layout[index]) > 1 else 0,
            part=f"P{index + 1}" if track.is_drum else "",
            has_fermata=at in self.marks["fermata"] and (is_cut or (chord is not None and chord.start == at)),
            is_bar_rest=not value.name,
            lyrics=tuple(lyrics),
        )
        yield from note_lines(value, chord, style, at=at, accidentals=accidentals, spelling=self.spelling)
