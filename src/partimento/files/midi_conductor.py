"""What the meta events of a MIDI file say of the whole piece: tempo, metre, key, words.

Meta events may stand in any track of a file and hold for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from partimento.errors import printable
from partimento.files import midi_words as words
from partimento.score import KeySignature, Mark, Score, Tempo, TimeSignature, Track
from partimento.score.meter import bar_ticks
from partimento.score.note import LAST_TICK

MOST_FINDINGS = 100
"""Findings that are listed at most; the last one counts the others."""

_NO_TITLES = ("control track", "conductor track", "tempo track", "untitled")
"""What programs call a conducting track without a title."""


class Findings:
    """What was repaired or left out, in words, each naming the file and the place.

    Args:
        name: The file's name.
        unit: What places count: ``byte`` or ``line``.
    """

    def __init__(self, name: str, unit: str = "byte") -> None:
        self.name = name
        self.unit = unit
        self._lines: list[str] = []
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def add(self, what: str, track: int | None = None, place: int | None = None) -> None:
        """Note `what` was found in track number `track` (from 1) at `place`."""
        self._count += 1
        if len(self._lines) < MOST_FINDINGS:
            where = self.name + (f", track {track}" if track is not None else "")
            self._lines.append(printable(where + (f", {self.unit} {place}" if place is not None else "") + f": {what}"))

    def lines(self) -> tuple[str, ...]:
        """Return the findings, with one more that counts what was too many to list."""
        more = self._count - len(self._lines)
        return (*self._lines, *((printable(f"{self.name}: and {more} findings more."),) if more else ()))


class Meta(NamedTuple):
    """A meta event: tick, place in the file, type and content."""

    tick: int
    place: int
    kind: int
    data: bytes


@dataclass
class Conducting:
    """What the meta events of all tracks say of the whole piece."""

    tempos: dict[int, Tempo] = field(default_factory=dict)
    times: dict[int, TimeSignature] = field(default_factory=dict)
    keys: dict[int, KeySignature] = field(default_factory=dict)
    modes: dict[int, str] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    copyrights: dict[str, None] = field(default_factory=dict)
    pickup: int | None = None

    def take(self, metas: Iterable[Meta], findings: Findings, track: int, *, is_first: bool) -> None:
        """Take in the meta events of one track; a later tempo or signature at one tick replaces an earlier one."""
        for meta in metas:
            if 0 < meta.kind <= words.LAST_TEXT:
                self._take_text(meta, is_first)
                continue
            trouble = self._take_signature(meta)
            if trouble:
                findings.add(f"{trouble}; left out.", track, meta.place)

    def _take_text(self, meta: Meta, is_first: bool) -> None:
        text = words.decoded(meta.data)
        if meta.kind == words.COPYRIGHT:
            self.copyrights[text] = None
        if meta.kind not in (words.TEXT, words.LYRIC, words.MARKER, words.CUE):
            return
        entry = words.metadata_of(text) if meta.kind == words.TEXT and meta.tick == 0 and is_first else None
        setting = words.setting_of(text) if meta.kind == words.TEXT else None
        if entry:
            self.metadata[entry[0]] = entry[1]
        elif setting and setting[0] == "mode":
            self.modes[meta.tick] = setting[1]
        elif setting and setting[1].isdecimal() and len(setting[1]) < 11:
            self.pickup = min(int(setting[1]), LAST_TICK)
        else:
            mark = words.mark_of(meta.tick, meta.kind, text)
            if mark:
                self.marks.append(mark)

    def _take_signature(self, meta: Meta) -> str:
        """Take a tempo, time or key signature; return what is wrong with it, or nothing."""
        data, tick = meta.data, meta.tick
        if meta.kind == words.TEMPO:
            value = int.from_bytes(data[:3], "big")
            if len(data) != 3 or not value:
                return f"a tempo of {len(data)} bytes and {value} us a quarter, expected 3 bytes and more than 0"
            self.tempos[tick] = Tempo(tick, value)
        elif meta.kind == words.TIME_SIGNATURE:
            if len(data) != 4 or not data[0] or data[1] > 8:
                return f"a time signature of {len(data)} bytes {data[:4].hex(' ')}, expected 4 bytes and a denominator of at most 2^8"
            self.times[tick] = TimeSignature(tick, data[0], 1 << data[1])
        elif meta.kind == words.KEY_SIGNATURE:
            fifths = int.from_bytes(data[:1], "big", signed=True)
            if len(data) != 2 or abs(fifths) > 7 or data[1] > 1:
                return f"a key signature of {len(data)} bytes {data[:2].hex(' ')}, expected -7 to 7 and a mode of 0 or 1"
            self.keys[tick] = KeySignature(tick, fifths, "minor" if data[1] else "major")
        return ""

    def key_signatures(self) -> tuple[KeySignature, ...]:
        """Return the key signatures, with the modes that were written in words."""
        named = {"dorian", "phrygian", "lydian", "mixolydian", "locrian"}
        return tuple(
            KeySignature(tick, key.fifths, self.modes[tick]) if self.modes.get(tick) in named else key for tick, key in self.keys.items()
        )

    def measured(self, ticks_per_quarter: int) -> tuple[tuple[TimeSignature, ...], int]:
        """Return the time signatures and the pickup.

        A first signature that lasts one bar and is shorter than the second one's bar is how MIDI says a pickup:
        it is dropped, and the second one moves to tick 0.
        """
        times = sorted(self.times.values())
        if self.pickup is not None:
            return tuple(times), self.pickup
        if len(times) > 1 and times[0].tick == 0:
            short = bar_ticks(times[0], ticks_per_quarter)
            if times[1].tick == short < bar_ticks(times[1], ticks_per_quarter):
                return (TimeSignature(0, times[1].numerator, times[1].denominator), *times[2:]), short
        return tuple(times), 0

    def name_piece(self, metas: Iterable[Meta]) -> None:
        """Take the title from the name of the track that conducts."""
        name = next((meta.data for meta in metas if meta.kind == words.NAME), b"")
        title = words.decoded(name).strip("\0 ")
        if title and title.casefold() not in _NO_TITLES:
            self.metadata["title"] = title

    def score(self, ticks_per_quarter: int, tracks: Iterable[Track], findings: Findings, tempo: Tempo | None = None) -> Score:
        """Return the whole score; `tempo` stands for all that the file says of tempo where it is given."""
        times, pickup = self.measured(ticks_per_quarter)
        return Score(
            ticks_per_quarter=ticks_per_quarter,
            tracks=tuple(tracks),
            tempos=(tempo,) if tempo else tuple(self.tempos.values()),
            time_signatures=times,
            key_signatures=self.key_signatures(),
            marks=tuple(self.marks),
            pickup=pickup,
            metadata=self.metadata | ({"copyright": "; ".join(self.copyrights)} if self.copyrights else {}),
            warnings=findings.lines(),
        )


def track_name(metas: Iterable[Meta]) -> str:
    """Return what a track is called: its name, else its instrument's, else nothing."""
    named = [meta for meta in metas if meta.kind in (words.NAME, words.INSTRUMENT)]
    return words.decoded(min(named, key=lambda meta: meta.kind).data).strip("\0 ") if named else ""
